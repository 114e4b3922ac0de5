// The contract of losses and their gradients at the seam of linear models, against sums in long double.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compute/backend.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/memory_limit.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using formulas::LossKind;

constexpr std::array<LossKind, 10> kKinds = {LossKind::squared_error,
                                             LossKind::huber,
                                             LossKind::epsilon_insensitive,
                                             LossKind::squared_epsilon_insensitive,
                                             LossKind::hinge,
                                             LossKind::squared_hinge,
                                             LossKind::log_loss,
                                             LossKind::modified_huber,
                                             LossKind::perceptron,
                                             LossKind::multinomial};

/// Rows, coefficients for `outputs` outputs, and how columns are used.
template <class T>
struct LossCase {
  LossKind kind;
  LinearData<T> data;
  Matrix<double> coef;
  std::vector<double> offset;
  std::vector<T> shift;
  std::vector<T> scale;

  LossCase(LossKind loss, std::int64_t n, std::int64_t d, std::int64_t outputs, bool weighted)
      : kind(loss),
        data(linear_data<T>(n, d, formulas::of_classes(loss) ? 1 : outputs, weighted)),
        coef(outputs, d),
        shift(static_cast<std::size_t>(d + data.y.columns()), T(0)),
        scale(shift.size(), T(1)) {
    for (std::int64_t j = 0; j < d; ++j) {
      shift[static_cast<std::size_t>(j)] = static_cast<T>(2 * uniform(51, j) - 1);
      scale[static_cast<std::size_t>(j)] = j % 3 == 0 ? T(0.5) : T(2);
      for (std::int64_t c = 0; c < outputs; ++c) {
        coef(c, j) = (2 * uniform(52, c * d + j) - 1) / std::sqrt(static_cast<double>(d));
      }
    }
    for (std::int64_t c = 0; c < outputs; ++c) offset.push_back(2 * uniform(53, c) - 1);
    if (!formulas::of_classes(loss)) return;
    const std::int64_t classes = std::max<std::int64_t>(outputs, 2);
    for (std::int64_t i = 0; i < n; ++i) {
      data.y(i, 0) = static_cast<T>(static_cast<std::int64_t>(uniform(54, i) * static_cast<double>(classes)));
    }
  }

  formulas::RowLoss<T> loss() const { return {kind, T(0.25)}; }
  std::unique_ptr<compute::LinearCompute<T>> on(const Device& device, const Rows<T>& rows) const {
    auto made = device.backend().families<T>().make_linear({device.index(), device.threads()}, rows, data.y.view(),
                                                           data.weight);
    made->set_columns(shift, scale);
    return made;
  }
};

/// Loss and gradient from margins in double; `size` has the sums of absolute values.
template <class T>
struct Expected {
  compute::LossGradient value;
  compute::LossGradient size;

  explicit Expected(const LossCase<T>& given) : value(nothing(given)), size(nothing(given)) {
    const std::int64_t d = given.data.x.columns();
    const std::int64_t outputs = given.coef.rows();
    for (std::int64_t i = 0; i < given.data.x.rows(); ++i) {
      const std::vector<long double> z = augmented<T>(given.data, given.shift, given.scale, i);
      std::vector<double> margins;
      for (std::int64_t c = 0; c < outputs; ++c) {
        long double sum = static_cast<long double>(given.offset[static_cast<std::size_t>(c)]);
        for (std::int64_t j = 0; j < d; ++j) {
          sum += z[static_cast<std::size_t>(1 + j)] * static_cast<long double>(given.coef(c, j));
        }
        margins.push_back(static_cast<double>(sum));
      }
      const formulas::RowLoss<double> loss{given.kind, 0.25};
      const double of_row =
          loss([&](std::int64_t t) { return static_cast<double>(z[static_cast<std::size_t>(1 + d + t)]); },
               given.data.weight_of(i), margins.data(), outputs);
      value.loss += of_row;
      size.loss += of_row;
      for (std::int64_t c = 0; c < outputs; ++c) {
        const double derivative = margins[static_cast<std::size_t>(c)];
        value.offset[static_cast<std::size_t>(c)] += derivative;
        size.offset[static_cast<std::size_t>(c)] += given.data.weight_of(i) + std::fabs(derivative);
        for (std::int64_t j = 0; j < d; ++j) {
          const double x = static_cast<double>(z[static_cast<std::size_t>(1 + j)]);
          value.gradient(c, j) += derivative * x;
          size.gradient(c, j) += (given.data.weight_of(i) + std::fabs(derivative)) * (1 + std::fabs(x));
        }
      }
    }
  }

  static compute::LossGradient nothing(const LossCase<T>& given) {
    return {0, Matrix<double>(given.coef.rows(), given.coef.columns()), std::vector<double>(given.offset.size())};
  }
};

template <class T>
void expect_loss(const Device& device, const LossCase<T>& given) {
  const compute::LossGradient found =
      given.on(device, Rows<T>(given.data.x))->loss_gradient(given.loss(), given.coef, given.offset);
  const Expected<T> expected(given);
  // Margins of size up to 10 are rounded sqrt(d) times at random, which moves derivatives as much.
  const double slack = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  EXPECT_NEAR(found.loss, expected.value.loss, slack * (1 + expected.size.loss));
  for (std::int64_t c = 0; c < given.coef.rows(); ++c) {
    const auto output = static_cast<std::size_t>(c);
    ASSERT_NEAR(found.offset[output], expected.value.offset[output], slack * expected.size.offset[output]) << c;
    for (std::int64_t j = 0; j < given.coef.columns(); ++j) {
      ASSERT_NEAR(found.gradient(c, j), expected.value.gradient(c, j), slack * expected.size.gradient(c, j))
          << c << ", " << j;
    }
  }
}

template <class T>
class LinearLoss : public ::testing::Test {};
TYPED_TEST_SUITE(LinearLoss, StorageTypes, StorageName);

TYPED_TEST(LinearLoss, every_loss_has_its_value_and_gradient) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    for (const LossKind kind : kKinds) {
      for (const std::int64_t outputs : {1, 3}) {
        if (kind == LossKind::multinomial && outputs == 1) continue;
        SCOPED_TRACE(device.name() + ", loss " + std::to_string(static_cast<int>(kind)) + ", outputs " +
                     std::to_string(outputs));
        expect_loss(device, LossCase<T>(kind, 37, 5, outputs, outputs == 3));
      }
    }
  }
}

TYPED_TEST(LinearLoss, rows_columns_and_outputs_may_be_of_any_number) {
  using T = TypeParam;
  const std::vector<std::array<std::int64_t, 3>> shapes{{1, 1, 2},     {31, 32, 2},   {33, 3, 9},   {1023, 17, 5},
                                                        {1025, 33, 3}, {2100, 70, 2}, {65, 130, 17}};
  for (const Device& device : devices_under_test()) {
    for (const auto& [n, d, outputs] : shapes) {
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(device.name() + ": " + std::to_string(n) + " x " + std::to_string(d) + ", outputs " +
                     std::to_string(outputs) + (weighted ? ", weights" : ""));
        expect_loss(device, LossCase<T>(LossKind::multinomial, n, d, outputs, weighted));
      }
    }
    SCOPED_TRACE(device.name() + ", one output");
    expect_loss(device, LossCase<T>(LossKind::log_loss, 1500, 100, 1, true));
  }
}

TYPED_TEST(LinearLoss, margins_may_be_far_apart_and_what_is_not_finite_shows) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LossCase<T> given(LossKind::multinomial, 37, 5, 4, true);
    given.offset = {0, 1e4, -1e4, 9.999e3};
    expect_loss(device, given);
    given.offset = {0, 0, 0, 0};
    for (double& value : given.coef.values()) value = 0;
    given.coef(2, 1) = std::numeric_limits<double>::max();  // beyond float, and times x beyond double
    for (T& value : given.data.x.values()) value *= 100;
    EXPECT_FALSE(
        std::isfinite(given.on(device, given.data.x)->loss_gradient(given.loss(), given.coef, given.offset).loss));
  }
}

TYPED_TEST(LinearLoss, great_and_small_weights_only_scale) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    LossCase<T> given(LossKind::log_loss, 50, 3, 1, true);
    const auto plain = given.on(device, Rows<T>(given.data.x))->loss_gradient(given.loss(), given.coef, given.offset);
    for (const double factor : {0x1.0p-100, 0x1.0p100}) {
      LossCase<T> scaled = given;
      for (T& weight : scaled.data.weight) weight *= static_cast<T>(factor);
      const auto found =
          scaled.on(device, Rows<T>(scaled.data.x))->loss_gradient(given.loss(), given.coef, given.offset);
      EXPECT_EQ(found.loss, factor * plain.loss) << device.name();
      EXPECT_EQ(found.gradient(0, 2), factor * plain.gradient(0, 2));
    }
  }
}

/// Loss, gradient and offsets in one list.
std::vector<double> all_numbers(const compute::LossGradient& found) {
  std::vector<double> seen{found.loss};
  seen.insert(seen.end(), found.gradient.values().begin(), found.gradient.values().end());
  seen.insert(seen.end(), found.offset.begin(), found.offset.end());
  return seen;
}

TYPED_TEST(LinearLoss, rows_that_stream_or_lie_on_the_device_give_the_same_bits) {
  using T = TypeParam;
  const LossCase<T> given(LossKind::multinomial, 2500, 12, 3, true);
  const auto seen = [&](compute::LinearCompute<T>& rows) {
    std::vector<double> numbers = all_numbers(rows.loss_gradient(given.loss(), given.coef, given.offset));
    const Matrix<double> bent = rows.curvature(given.loss(), given.coef, given.offset, 2, 0);
    numbers.insert(numbers.end(), bent.values().begin(), bent.values().end());
    return numbers;
  };
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const std::vector<double> expected = seen(*given.on(device, Rows<T>(given.data.x)));
    const DeviceMatrix<T> held(given.data.x.view(), device);
    EXPECT_EQ(seen(*given.on(device, Rows<T>(held))), expected);
    if (device.is_cpu()) {
      for (const int threads : {1, 3}) {
        EXPECT_EQ(seen(*given.on(Device::cpu(threads), Rows<T>(given.data.x))), expected);
      }
      continue;
    }
    std::unique_ptr<compute::LinearCompute<T>> streamed;
    {
      // Room for two blocks of 1024 rows with their targets and weights, not for all rows.
      const std::int64_t before = device.memory().in_use;
      const Limit limit(device, before + 2500 * 15 * static_cast<std::int64_t>(sizeof(T)));
      streamed = given.on(device, Rows<T>(given.data.x));
    }
    EXPECT_EQ(seen(*streamed), expected);
  }
}

/// Sum of weight x curvature x z z' in double, and of its parts' sizes.
template <class T>
std::pair<Matrix<double>, Matrix<double>> expected_curvature(const LossCase<T>& given, std::int64_t a, std::int64_t b) {
  const std::int64_t d = given.data.x.columns();
  Matrix<double> sums(d + 1, d + 1);
  Matrix<double> sizes(d + 1, d + 1);
  for (std::int64_t i = 0; i < given.data.x.rows(); ++i) {
    const std::vector<long double> z = augmented<T>(given.data, given.shift, given.scale, i);
    std::vector<double> shares;
    double total = given.coef.rows() == 1 ? 1 : 0;
    for (std::int64_t c = 0; c < given.coef.rows(); ++c) {
      auto margin = static_cast<long double>(given.offset[static_cast<std::size_t>(c)]);
      for (std::int64_t j = 0; j < d; ++j) {
        margin += z[static_cast<std::size_t>(1 + j)] * static_cast<long double>(given.coef(c, j));
      }
      shares.push_back(std::exp(static_cast<double>(margin)));
      total += shares.back();
    }
    const double own = shares[static_cast<std::size_t>(a)] / total;
    const double other = shares[static_cast<std::size_t>(b)] / total;
    const double bend = given.data.weight_of(i) * own * (a == b ? 1 - own : other);
    for (std::int64_t j = 0; j <= d; ++j) {
      for (std::int64_t k = 0; k <= d; ++k) {
        const auto product = static_cast<double>(z[static_cast<std::size_t>(j)] * z[static_cast<std::size_t>(k)]);
        sums(j, k) += bend * product;
        sizes(j, k) += bend * std::fabs(product);
      }
    }
  }
  return {sums, sizes};
}

TYPED_TEST(LinearLoss, curvature_weighs_the_products_of_columns) {
  using T = TypeParam;
  struct Shape {
    std::int64_t n, d, outputs;
    bool weighted;
  };
  for (const auto& [n, d, outputs, weighted] :
       {Shape{1, 1, 1, false}, Shape{1500, 3, 1, true}, Shape{70, 40, 1, false}, Shape{90, 5, 3, true}}) {
    const LossCase<T> given(outputs == 1 ? LossKind::log_loss : LossKind::multinomial, n, d, outputs, weighted);
    for (const Device& device : devices_under_test()) {
      const auto rows = given.on(device, Rows<T>(given.data.x));
      for (std::int64_t a = 0; a < outputs; ++a) {
        for (std::int64_t b = 0; b < outputs; ++b) {
          SCOPED_TRACE(device.name() + ", " + std::to_string(n) + " x " + std::to_string(d) + ", outputs " +
                       std::to_string(a) + " and " + std::to_string(b));
          const auto [sums, sizes] = expected_curvature(given, a, b);
          const Matrix<double> found = rows->curvature(given.loss(), given.coef.view(), given.offset, a, b);
          ASSERT_EQ(found.rows(), d + 1);
          for (std::int64_t j = 0; j <= d; ++j) {
            for (std::int64_t k = 0; k <= d; ++k) {
              // Entries, margins of up to ten and their exponentials are rounded to T, then products and short sums.
              const double slack = 200 * static_cast<double>(std::numeric_limits<T>::epsilon());
              EXPECT_NEAR(found(j, k), sums(j, k), slack * sizes(j, k)) << j << ", " << k;
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace forja::testing
