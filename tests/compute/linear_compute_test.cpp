// The contract of the seam of linear models, against sums in long double.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/memory_limit.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

template <class T>
std::unique_ptr<compute::LinearCompute<T>> make(const Device& device, const LinearData<T>& data) {
  return device.backend().families<T>().make_linear({device.index(), device.threads()}, Rows<T>(data.x), data.y.view(),
                                                    data.weight);
}

/// Some shifts and scales: off the means, powers of two.
template <class T>
struct Columns {
  std::vector<T> shift;
  std::vector<T> scale;

  explicit Columns(const LinearData<T>& data) {
    for (std::int64_t j = 0; j < data.x.columns() + data.y.columns(); ++j) {
      shift.push_back(static_cast<T>(3 * uniform(21, j) - 1.5));
      scale.push_back(std::array<T, 3>{T(0.25), T(1), T(2)}[static_cast<std::size_t>(j % 3)]);
    }
  }
};

template <class T>
class Linear : public ::testing::Test {
 protected:
  /// Runs body(device, data) on every device for rows of many shapes, with weights and without.
  template <class Body>
  void on_many_shapes(const Body& body) {
    const std::vector<std::array<std::int64_t, 3>> shapes{{1, 1, 1},   {2, 3, 1},   {31, 5, 2},    {33, 40, 1},
                                                          {160, 7, 3}, {161, 1, 1}, {1023, 33, 1}, {2500, 6, 2}};
    for (const Device& device : devices_under_test()) {
      for (const auto& [n, d, t] : shapes) {
        for (const bool weighted : {false, true}) {
          SCOPED_TRACE(device.name() + ": " + std::to_string(n) + " x " + std::to_string(d) + ", targets " +
                       std::to_string(t) + (weighted ? ", weights" : ""));
          body(device, linear_data<T>(n, d, t, weighted));
        }
      }
    }
  }
};
TYPED_TEST_SUITE(Linear, StorageTypes, StorageName);

TYPED_TEST(Linear, ranges_are_those_of_the_rows_that_were_asked_for) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const auto rows = make(device, data);
    EXPECT_EQ(rows->rows(), data.x.rows());
    EXPECT_EQ(rows->columns(), data.x.columns());
    EXPECT_EQ(rows->targets(), data.y.columns());
    for (const std::int64_t most : {data.x.rows(), std::int64_t{100}, std::int64_t{1}}) {
      const std::int64_t step = (data.x.rows() + most - 1) / most;
      const compute::ColumnRanges ranges = rows->column_ranges(most);
      ASSERT_EQ(std::ssize(ranges.mean), data.x.columns() + data.y.columns());
      for (std::int64_t j = 0; j < std::ssize(ranges.mean); ++j) {
        std::vector<double> column;
        for (std::int64_t i = 0; i < data.x.rows(); i += step) {
          column.push_back(static_cast<double>(j < data.x.columns() ? data.x(i, j) : data.y(i, j - data.x.columns())));
        }
        double sum = 0;
        for (const double value : column) sum += value;
        const auto place = static_cast<std::size_t>(j);
        EXPECT_EQ(ranges.lowest[place], *std::min_element(column.begin(), column.end()));
        EXPECT_EQ(ranges.highest[place], *std::max_element(column.begin(), column.end()));
        // At most 2500 numbers below 10, summed in double.
        EXPECT_NEAR(ranges.mean[place], sum / static_cast<double>(column.size()), 1e-12);
      }
    }
  });
}

TYPED_TEST(Linear, the_gram_matrix_is_as_exact_as_the_contract_says) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const auto rows = make(device, data);
    const Columns<T> columns(data);
    rows->set_columns(columns.shift, columns.scale);
    const Matrix<double> found = rows->gram();
    const Matrix<double> expected = reference_gram<T>(data, columns.shift, columns.scale);
    const Matrix<double> sizes = reference_gram<T>(data, columns.shift, columns.scale, true);
    ASSERT_EQ(found.rows(), expected.rows());
    // A thirtieth of the contract's bound, as roundings mix, and 1e-15 for sums of a few groups in double.
    const double slack = 34.3 * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2 + 1e-15;
    for (std::int64_t a = 0; a < found.rows(); ++a) {
      for (std::int64_t b = 0; b < found.rows(); ++b) {
        ASSERT_NEAR(found(a, b), expected(a, b), slack * sizes(a, b)) << a << ", " << b;
        ASSERT_EQ(found(a, b), found(b, a));
      }
    }
  });
}

TYPED_TEST(Linear, the_gram_matrix_of_some_columns_is_a_part_of_the_whole) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const auto rows = make(device, data);
    const Columns<T> columns(data);
    rows->set_columns(columns.shift, columns.scale);
    const Matrix<double> whole = rows->gram();
    const std::int64_t d = data.x.columns();
    for (const std::vector<std::int64_t>& picked :
         {std::vector<std::int64_t>{}, std::vector<std::int64_t>{d - 1}, std::vector<std::int64_t>{0, d / 2}}) {
      const Matrix<double> part = rows->gram_of(picked);
      std::vector<std::int64_t> place{0};
      for (const std::int64_t j : picked) place.push_back(1 + j);
      for (std::int64_t k = 0; k < data.y.columns(); ++k) place.push_back(1 + d + k);
      ASSERT_EQ(part.rows(), std::ssize(place));
      for (std::int64_t a = 0; a < part.rows(); ++a) {
        for (std::int64_t b = 0; b < part.rows(); ++b) {
          const auto i = static_cast<std::size_t>(a);
          const auto j = static_cast<std::size_t>(b);
          const double size = std::sqrt(whole(place[i], place[i]) * whole(place[j], place[j]));
          // Both are within the contract's bound; sums may be taken in another order.
          ASSERT_NEAR(part(a, b), whole(place[i], place[j]), 35 * kRounding<T> * size + 1e-14 * size);
        }
      }
    }
  });
}

TYPED_TEST(Linear, gram_matrices_of_parts_are_those_of_their_rows_alone) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const std::int64_t n = data.x.rows();
    if (n < 3) return;
    const auto rows = make(device, data);
    const Columns<T> columns(data);
    rows->set_columns(columns.shift, columns.scale);
    const std::vector<std::int64_t> ends{1, n / 2, n / 2 + 1, n};
    if (ends[1] == ends[0]) return;
    const std::vector<Matrix<double>> parts = rows->grams(ends);
    ASSERT_EQ(parts.size(), ends.size());
    std::int64_t first = 0;
    for (std::size_t f = 0; f < ends.size(); ++f) {
      const std::int64_t count = ends[f] - first;
      LinearData<T> own{Matrix<T>(MatrixView<const T>(data.x.row(first).data(), count, data.x.columns())),
                        Matrix<T>(MatrixView<const T>(data.y.row(first).data(), count, data.y.columns())),
                        {}};
      if (!data.weight.empty()) own.weight.assign(data.weight.begin() + first, data.weight.begin() + ends[f]);
      const Matrix<double> expected = reference_gram<T>(own, columns.shift, columns.scale);
      const Matrix<double> sizes = reference_gram<T>(own, columns.shift, columns.scale, true);
      for (std::int64_t a = 0; a < expected.rows(); ++a) {
        for (std::int64_t b = 0; b < expected.rows(); ++b) {
          // As for the whole.
          ASSERT_NEAR(parts[f](a, b), expected(a, b),
                      (34.3 * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2 + 1e-15) * sizes(a, b));
          ASSERT_EQ(parts[f](a, b), parts[f](b, a));
        }
      }
      first = ends[f];
    }
  });
}

TYPED_TEST(Linear, residuals_are_exact_to_double) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const auto rows = make(device, data);
    const Columns<T> columns(data);
    rows->set_columns(columns.shift, columns.scale);
    Matrix<double> coef(data.y.columns(), data.x.columns());
    std::vector<double> offset;
    for (std::int64_t k = 0; k < data.y.columns(); ++k) {
      offset.push_back(uniform(31, k));
      for (std::int64_t j = 0; j < data.x.columns(); ++j) coef(k, j) = uniform(32 + static_cast<std::uint64_t>(k), j);
    }
    const compute::Residuals found = rows->residuals(coef, offset);
    const compute::Residuals expected = reference_residuals<T>(data, columns.shift, columns.scale, coef, offset);
    // Sums of at most 2500 x 40 products below 500, rounded in double at random.
    const double slack = 1e-9 * 1e-2 * static_cast<double>(data.x.rows());
    for (std::int64_t k = 0; k < data.y.columns(); ++k) {
      const auto target = static_cast<std::size_t>(k);
      EXPECT_NEAR(found.sum[target], expected.sum[target], slack);
      EXPECT_NEAR(found.sum_squares[target], expected.sum_squares[target], 100 * slack);
      for (std::int64_t j = 0; j < data.x.columns(); ++j) {
        EXPECT_NEAR(found.gradient(k, j), expected.gradient(k, j), 10 * slack);
      }
    }
  });
}

TYPED_TEST(Linear, singular_values_and_vectors_make_the_rows_products_again) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const auto rows = make(device, data);
    const Columns<T> columns(data);
    rows->set_columns(columns.shift, columns.scale);
    const Matrix<double> sums = reference_gram<T>(data, columns.shift, columns.scale);
    const std::int64_t d = data.x.columns();
    for (const bool centred : {false, true}) {
      const compute::SingularSystem system = rows->svd(centred);
      const auto count = static_cast<std::int64_t>(system.values.size());
      ASSERT_EQ(count, std::min(data.x.rows(), d));
      EXPECT_NEAR(system.weight, sums(0, 0), 1e-13 * sums(0, 0));
      EXPECT_TRUE(std::is_sorted(system.values.rbegin(), system.values.rend()));
      const auto centred_sum = [&](std::int64_t a, std::int64_t b) {
        return sums(a, b) - (centred ? sums(0, a) * sums(0, b) / sums(0, 0) : 0);
      };
      const double scale = sums(0, 0) * 500;
      for (std::int64_t i = 0; i < d + data.y.columns(); ++i) {
        const double mean = centred ? sums(0, i + 1) / sums(0, 0) : 0;
        EXPECT_NEAR(system.mean[static_cast<std::size_t>(i)], mean, 1e-12);
      }
      for (std::int64_t i = 0; i < d; ++i) {
        for (std::int64_t j = 0; j < d + data.y.columns(); ++j) {
          // X'X = V S^2 V', X'Y = V S U'Y.
          double sum = 0;
          for (std::int64_t k = 0; k < count; ++k) {
            const double s = system.values[static_cast<std::size_t>(k)];
            sum += system.vectors(k, i) * s * (j < d ? s * system.vectors(k, j) : system.projections(k, j - d));
          }
          EXPECT_NEAR(sum, centred_sum(i + 1, j + 1), 1e-13 * scale) << i << ", " << j;
        }
      }
      for (std::int64_t k = 0; k < count; ++k) {
        double square = 0;
        for (std::int64_t j = 0; j < d; ++j) square += system.vectors(k, j) * system.vectors(k, j);
        if (system.values[static_cast<std::size_t>(k)] > 1e-6) {
          EXPECT_NEAR(square, 1, 1e-12);
        }
      }
    }
  });
}

/// Every method's results in one list.
template <class T>
std::vector<double> everything(compute::LinearCompute<T>& rows, const LinearData<T>& data) {
  std::vector<double> seen;
  const auto see = [&](const auto& values) { seen.insert(seen.end(), values.begin(), values.end()); };
  const compute::ColumnRanges ranges = rows.column_ranges(50);
  see(ranges.mean);
  see(ranges.highest);
  const Columns<T> columns(data);
  rows.set_columns(columns.shift, columns.scale);
  see(rows.gram().values());
  see(rows.gram_of(std::vector<std::int64_t>{1, 4, 5}).values());
  for (const Matrix<double>& part : rows.grams(std::vector<std::int64_t>{700, 1500, rows.rows()})) see(part.values());
  const compute::Residuals residuals =
      rows.residuals(Matrix<double>(data.y.columns(), data.x.columns(), 0.25),
                     std::vector<double>(static_cast<std::size_t>(data.y.columns()), 0.5));
  see(residuals.gradient.values());
  see(residuals.sum);
  see(residuals.sum_squares);
  return seen;
}

TYPED_TEST(Linear, rows_that_stream_or_lie_on_the_device_give_the_same_bits) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    const LinearData<T> data = linear_data<T>(2500, 12, 2, true);
    const std::vector<double> expected = everything(*make(device, data), data);
    const DeviceMatrix<T> held(data.x.view(), device);
    const auto resident = device.backend().families<T>().make_linear({device.index(), device.threads()}, Rows<T>(held),
                                                                     data.y.view(), data.weight);
    EXPECT_EQ(everything(*resident, data), expected);
    if (device.is_cpu()) continue;
    // Room for two blocks of 1024 rows and their targets and weights, not for all rows.
    std::unique_ptr<compute::LinearCompute<T>> streamed;
    {
      const std::int64_t before = device.memory().in_use;
      const Limit limit(device, before + 2500 * 15 * static_cast<std::int64_t>(sizeof(T)));
      streamed = make(device, data);
    }
    EXPECT_EQ(everything(*streamed, data), expected);
    const compute::SingularSystem whole = resident->svd(true);
    const compute::SingularSystem by_blocks = streamed->svd(true);
    for (std::size_t k = 0; k < whole.values.size(); ++k) {
      EXPECT_NEAR(by_blocks.values[k], whole.values[k], 1e-13 * whole.values[0]);
    }
  }
}

TYPED_TEST(Linear, a_wide_problem_keeps_what_its_few_rows_have) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    const LinearData<T> data = linear_data<T>(20, 1100, 1, false);
    const auto rows = make(device, data);
    const Columns<T> columns(data);
    rows->set_columns(columns.shift, columns.scale);
    const Matrix<double> found = rows->gram();
    const Matrix<double> expected = reference_gram<T>(data, columns.shift, columns.scale);
    const Matrix<double> sizes = reference_gram<T>(data, columns.shift, columns.scale, true);
    for (std::int64_t a = 0; a < found.rows(); a += 37) {
      for (std::int64_t b = 0; b < found.rows(); ++b) {
        ASSERT_NEAR(found(a, b), expected(a, b),
                    12 * static_cast<double>(std::numeric_limits<T>::epsilon()) * sizes(a, b));
        ASSERT_EQ(found(a, b), found(b, a));
      }
    }
    // The squares of 20 singular values are the sum of all squares.
    const compute::SingularSystem system = rows->svd(false);
    ASSERT_EQ(system.values.size(), 20U);
    double sum = 0;
    double square = 0;
    for (const double value : system.values) square += value * value;
    for (std::int64_t a = 1; a <= 1100; ++a) sum += expected(a, a);
    EXPECT_NEAR(square, sum, 1e-12 * sum);
  }
}

TYPED_TEST(Linear, predictions_are_rounded_once) {
  using T = TypeParam;
  this->on_many_shapes([](const Device& device, const LinearData<T>& data) {
    const std::int64_t t = data.y.columns();
    Matrix<double> coef(t, data.x.columns());
    std::vector<double> intercept;
    for (std::int64_t k = 0; k < t; ++k) {
      intercept.push_back(uniform(41, k));
      for (std::int64_t j = 0; j < data.x.columns(); ++j) coef(k, j) = uniform(42, k * 50 + j) - 0.5;
    }
    const auto model = device.backend().families<T>().make_linear_predictor({device.index(), device.threads()},
                                                                            coef.view(), intercept);
    Matrix<T> padded(data.x.rows(), t + 2, T(-9));
    model->predict(Rows<T>(data.x), MatrixView<T>(padded.data(), data.x.rows(), t, t + 2));
    for (std::int64_t i = 0; i < data.x.rows(); ++i) {
      for (std::int64_t k = 0; k < t; ++k) {
        long double sum = intercept[static_cast<std::size_t>(k)];
        for (std::int64_t j = 0; j < data.x.columns(); ++j) {
          sum += static_cast<long double>(data.x(i, j)) * static_cast<long double>(coef(k, j));
        }
        // A rounding to T, after sums in double that are far better where T is float.
        ASSERT_NEAR(static_cast<double>(padded(i, k)), static_cast<double>(sum),
                    (sizeof(T) == 4 ? 0.51 : 60) * static_cast<double>(std::numeric_limits<T>::epsilon()) *
                        (1 + std::fabs(static_cast<double>(sum))));
      }
      ASSERT_EQ(padded(i, t), T(-9)) << "wrote beyond the row";
    }
  });
}

}  // namespace
}  // namespace forja::testing
