// The contract of dual coordinate descent at the seam, against the same epochs in double.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/memory_limit.h"
#include "support/naive_dual.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using compute::DualPlan;
using compute::DualState;
using formulas::LossKind;

constexpr LossKind kLosses[] = {LossKind::hinge, LossKind::squared_hinge, LossKind::epsilon_insensitive,
                                LossKind::squared_epsilon_insensitive};

/// Columns about zero; targets that they foretell but for noise, as classes or as numbers.
template <class T>
LinearData<T> dual_data(LossKind kind, std::int64_t n, std::int64_t d, std::int64_t outputs, bool weighted = true) {
  LinearData<T> data = linear_data<T>(n, d, formulas::of_classes(kind) ? 1 : outputs, weighted);
  data.weight.resize(static_cast<std::size_t>(n), T(0.5));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) data.x(i, j) = static_cast<T>(2 * uniform(61, i * d + j) - 1);
    if (!formulas::of_classes(kind)) continue;
    const double score = 0.5 + 0.4 * static_cast<double>(data.x(i, 0)) + 0.2 * (uniform(62, i) - 0.5);
    const std::int64_t classes = std::max<std::int64_t>(outputs, 2);
    data.y(i, 0) = static_cast<T>(static_cast<std::int64_t>(score * static_cast<double>(classes)));
  }
  return data;
}

template <class T>
std::unique_ptr<compute::DualCompute<T>> on(const Device& device, const LinearData<T>& data, const DualPlan& plan) {
  return device.backend().families<T>().make_dual({device.index(), device.threads()}, Rows<T>(data.x), data.y.view(),
                                                  data.weight, plan);
}

std::vector<std::int64_t> all_of(std::int64_t outputs) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(outputs));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void expect_state(const DualState& found, const DualState& expected, double slack) {
  for (std::int64_t c = 0; c < expected.weights.rows(); ++c) {
    const auto output = static_cast<std::size_t>(c);
    for (std::int64_t j = 0; j < expected.weights.columns(); ++j) {
      ASSERT_NEAR(found.weights(c, j), expected.weights(c, j), slack) << c << ", " << j;
    }
    EXPECT_NEAR(found.losses[output], expected.losses[output], slack * (1 + expected.losses[output])) << c;
    EXPECT_NEAR(found.dual_values[output], expected.dual_values[output],
                slack * (1 + std::fabs(expected.dual_values[output])))
        << c;
  }
}

template <class T>
void expect_dual(const LinearData<T>& data, const DualPlan& plan, std::int64_t epochs) {
  NaiveDual<T> expected(data, plan);
  expected.run(0, epochs, all_of(plan.outputs));
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto dual = on(device, data, plan);
    dual->run(0, epochs, all_of(plan.outputs));
    // Some hundreds of steps of size 1 or so, each rounded a few times; later ones take back what earlier ones erred.
    expect_state(dual->measure(), expected.measure(), 1000 * static_cast<double>(std::numeric_limits<T>::epsilon()));
  }
}

template <class T>
class Dual : public ::testing::Test {};
TYPED_TEST_SUITE(Dual, StorageTypes, StorageName);

TYPED_TEST(Dual, every_loss_moves_the_weights_row_by_row) {
  using T = TypeParam;
  for (const LossKind kind : kLosses) {
    for (const std::int64_t outputs : {1, 3}) {
      for (const double bias : {0.0, 2.0}) {
        SCOPED_TRACE("loss " + std::to_string(static_cast<int>(kind)) + ", outputs " + std::to_string(outputs) +
                     ", bias " + std::to_string(bias));
        expect_dual(dual_data<T>(kind, 60, 4, outputs), {{kind, 0.1}, outputs, bias, 5}, 6);
      }
    }
  }
}

TYPED_TEST(Dual, rows_and_columns_may_be_of_any_number) {
  using T = TypeParam;
  struct Shape {
    std::int64_t n, d;
  };
  for (const auto& [n, d] : {Shape{1, 1}, Shape{2, 70}, Shape{30, 300}, Shape{1030, 2}}) {
    SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d));
    expect_dual(dual_data<T>(LossKind::squared_hinge, n, d, 1, false), {{LossKind::squared_hinge}, 1, 1, 5}, 2);
  }
}

TYPED_TEST(Dual, rows_of_zeros_and_rows_that_weigh_nothing_move_nothing_but_their_own_variable) {
  using T = TypeParam;
  for (const LossKind kind : kLosses) {
    LinearData<T> data = dual_data<T>(kind, 10, 3, 1);
    for (T& value : data.x.row(4)) value = 0;
    data.weight[7] = 0;
    expect_dual(data, {{kind, 0.1}, 1, 0, 5}, 4);
  }
}

TYPED_TEST(Dual, outputs_that_rest_stay_as_they_are) {
  using T = TypeParam;
  const LinearData<T> data = dual_data<T>(LossKind::hinge, 50, 3, 4);
  const DualPlan plan{{LossKind::hinge}, 4, 1, 5};
  NaiveDual<T> expected(data, plan);
  expected.run(0, 2, {0, 1, 2, 3});
  expected.run(2, 3, {1, 3});
  for (const Device& device : devices_under_test()) {
    const auto dual = on(device, data, plan);
    dual->run(0, 2, all_of(4));
    dual->run(2, 3, std::vector<std::int64_t>{1, 3});
    expect_state(dual->measure(), expected.measure(), 1000 * static_cast<double>(std::numeric_limits<T>::epsilon()));
  }
}

TYPED_TEST(Dual, weights_come_near_the_primal_minimum_by_their_gap) {
  using T = TypeParam;
  for (const LossKind kind : kLosses) {
    LinearData<T> data = dual_data<T>(kind, 80, 3, 1);
    for (T& weight : data.weight) weight *= T(0.05);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name() + ", loss " + std::to_string(static_cast<int>(kind)));
      const auto dual = on(device, data, {{kind, 0.05}, 1, 1, 5});
      double gap = 0;
      double objective = 0;
      for (int round = 0; round < 8; ++round) {
        dual->run(10 * round, 10, all_of(1));
        const DualState state = dual->measure();
        double square = 0;
        for (const double w : state.weights.row(0)) square += w * w;
        objective = 0.5 * square + state.losses[0];
        gap = square + state.losses[0] + state.dual_values[0];
        EXPECT_GE(gap, -1e-12 * objective);  // weak duality, to roundings in double
      }
      EXPECT_LE(gap, 1e-3 * objective);
    }
  }
}

std::vector<double> all_numbers(const DualState& state) {
  std::vector<double> all(state.weights.values().begin(), state.weights.values().end());
  all.insert(all.end(), state.losses.begin(), state.losses.end());
  all.insert(all.end(), state.dual_values.begin(), state.dual_values.end());
  return all;
}

TYPED_TEST(Dual, threads_and_streams_change_no_bit) {
  using T = TypeParam;
  const LinearData<T> data = dual_data<T>(LossKind::squared_hinge, 2500, 6, 3);
  const DualPlan plan{{LossKind::squared_hinge}, 3, 1, 5};
  const auto seen = [&](compute::DualCompute<T>& dual) {
    dual.run(0, 1, all_of(3));
    (void)dual.measure();
    dual.run(1, 1, all_of(3));
    return all_numbers(dual.measure());
  };
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const std::vector<double> expected = seen(*on(device, data, plan));
    if (device.is_cpu()) {
      for (const int threads : {1, 3}) EXPECT_EQ(seen(*on(Device::cpu(threads), data, plan)), expected);
      continue;
    }
    std::unique_ptr<compute::DualCompute<T>> streamed;
    {
      // Room for the variables and two blocks of 1024 rows, not for all rows.
      const Limit limit(device, device.memory().in_use + 2500 * 6 * static_cast<std::int64_t>(sizeof(T)) + 250'000);
      streamed = on(device, data, plan);
    }
    EXPECT_EQ(seen(*streamed), expected);
  }
}

}  // namespace
}  // namespace forja::testing
