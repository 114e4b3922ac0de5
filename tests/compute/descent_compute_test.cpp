// The contract of mini-batch descent at the seam, against the same steps taken weight by weight in double.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "support/devices.h"
#include "support/linear_reference.h"
#include "support/memory_limit.h"
#include "support/naive_descent.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using compute::DescentPlan;
using compute::DescentState;
using formulas::LossKind;
using formulas::OptimizerKind;

/// Rows whose columns have means of zero or so, with classes or numbers as targets.
template <class T>
LinearData<T> descent_data(LossKind kind, std::int64_t n, std::int64_t d, std::int64_t outputs, bool weighted) {
  LinearData<T> data = linear_data<T>(n, d, formulas::of_classes(kind) ? 1 : outputs, weighted);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < d; ++j) data.x(i, j) = static_cast<T>(2 * uniform(61, i * d + j) - 1);
    if (!formulas::of_classes(kind)) continue;
    const std::int64_t classes = std::max<std::int64_t>(outputs, 2);
    data.y(i, 0) = static_cast<T>(static_cast<std::int64_t>(uniform(62, i) * static_cast<double>(classes)));
  }
  return data;
}

template <class T>
std::unique_ptr<compute::DescentCompute<T>> on(const Device& device, const LinearData<T>& data,
                                               const DescentPlan<T>& plan) {
  return device.backend().families<T>().make_descent({device.index(), device.threads()}, Rows<T>(data.x), data.y.view(),
                                                     data.weight, plan);
}

void expect_near(const Matrix<double>& found, const Matrix<double>& expected, double slack, const char* what) {
  ASSERT_EQ(found.rows(), expected.rows()) << what;
  ASSERT_EQ(found.columns(), expected.columns()) << what;
  for (std::int64_t c = 0; c < found.rows(); ++c) {
    for (std::int64_t j = 0; j < found.columns(); ++j) {
      ASSERT_NEAR(found(c, j), expected(c, j), slack * (1 + std::fabs(expected(c, j)))) << what << c << ", " << j;
    }
  }
}

/// Two epochs on every device are what the naive descent makes of them.
template <class T>
void expect_descent(const LinearData<T>& data, const DescentPlan<T>& plan, std::vector<double> factors = {},
                    double rate = 0.05) {
  const std::int64_t n = data.x.rows();
  const std::int64_t steps = (n + plan.batch_size - 1) / plan.batch_size;
  factors.resize(static_cast<std::size_t>(plan.outputs), 1);
  std::vector<double> rates;
  for (std::int64_t s = 0; s < steps; ++s) rates.push_back(rate / (1 + 0.1 * static_cast<double>(s)));
  const DescentState start(plan.outputs, data.x.columns(), formulas::optimizer_states(plan.optimizer.kind));
  DescentState expected = start;
  std::vector<double> losses;
  for (std::int64_t epoch = 0; epoch < 2; ++epoch)
    losses = naive_descent(data, plan, {epoch, rates, factors}, expected);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto descent = on(device, data, plan);
    std::vector<double> found;
    for (std::int64_t epoch = 0; epoch < 2; ++epoch) found = descent->run({epoch, rates, factors});
    const DescentState state = descent->state();
    // Steps of size 0.05 at most, each rounded a few times; losses have kinks where a rounding decides.
    const double slack = 400 * static_cast<double>(std::numeric_limits<T>::epsilon());
    expect_near(state.weights, expected.weights, slack, "weights");
    expect_near(state.slots, expected.slots, 20 * slack, "slots");
    expect_near(state.sums, expected.sums, slack * static_cast<double>(2 * steps), "sums");
    expect_near(state.paid, expected.paid, slack, "paid");
    EXPECT_EQ(state.averaged, expected.averaged);
    EXPECT_EQ(state.steps, 2 * steps);
    for (std::size_t c = 0; c < losses.size(); ++c) EXPECT_NEAR(found[c], losses[c], slack * (1 + losses[c])) << c;
  }
}

template <class T>
class Descent : public ::testing::Test {};
TYPED_TEST_SUITE(Descent, StorageTypes, StorageName);

TYPED_TEST(Descent, every_loss_moves_the_weights_row_by_row_and_by_batches) {
  using T = TypeParam;
  for (int kind = 0; kind <= static_cast<int>(LossKind::multinomial); ++kind) {
    for (const std::int64_t batch : {1, 5}) {
      SCOPED_TRACE("loss " + std::to_string(kind) + ", batch " + std::to_string(batch));
      DescentPlan<T> plan;
      plan.loss = {static_cast<LossKind>(kind), T(0.25)};
      plan.outputs = 3;
      plan.batch_size = batch;
      plan.l2 = 0.01;
      plan.seed = 7;
      expect_descent(descent_data<T>(plan.loss.kind, 23, 5, 3, batch == 5), plan);
    }
  }
}

TYPED_TEST(Descent, every_optimiser_keeps_its_state) {
  using T = TypeParam;
  for (int kind = 0; kind <= static_cast<int>(OptimizerKind::adamw); ++kind) {
    SCOPED_TRACE("optimiser " + std::to_string(kind));
    DescentPlan<T> plan;
    plan.optimizer.kind = static_cast<OptimizerKind>(kind);
    plan.optimizer.epsilon = 1e-3;
    plan.batch_size = 8;
    plan.l2 = 0.1;
    expect_descent(descent_data<T>(LossKind::squared_error, 30, 4, 1, true), plan);
  }
}

TYPED_TEST(Descent, rows_columns_and_batches_may_be_of_any_number) {
  using T = TypeParam;
  struct Shape {
    std::int64_t n, d, batch;
  };
  for (const auto& [n, d, batch] :
       {Shape{1, 1, 1}, Shape{3, 33, 2}, Shape{40, 70, 1}, Shape{300, 3, 1000}, Shape{300, 2, 9}, Shape{600, 9, 512}}) {
    SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d) + ", batch " + std::to_string(batch));
    DescentPlan<T> plan;
    plan.loss = {LossKind::log_loss};
    plan.outputs = 1;
    plan.batch_size = batch;
    expect_descent(descent_data<T>(LossKind::log_loss, n, d, 1, false), plan, {}, 0.02);
  }
}

TYPED_TEST(Descent, penalties_averages_and_clipping_do_what_the_contract_says) {
  using T = TypeParam;
  const LinearData<T> data = descent_data<T>(LossKind::squared_error, 40, 6, 2, true);
  for (const std::int64_t batch : {1, 4}) {
    SCOPED_TRACE("batch " + std::to_string(batch));
    DescentPlan<T> plan;
    plan.outputs = 2;
    plan.batch_size = batch;
    DescentPlan<T> sparse = plan;
    sparse.l1 = 0.3;
    sparse.l2 = 0.1;
    expect_descent(data, sparse);
    DescentPlan<T> averaged = plan;
    averaged.average_from = 7;
    averaged.l2 = 0.05;
    averaged.shuffle = false;
    expect_descent(data, averaged);
    DescentPlan<T> late = plan;
    late.average_from = 1'000'000;
    expect_descent(data, late);
    DescentPlan<T> by_value = plan;
    by_value.clip_value = 0.5;
    by_value.intercept = false;
    expect_descent(data, by_value);
    DescentPlan<T> by_norm = plan;
    by_norm.clip_norm = 0.7;
    expect_descent(data, by_norm);
  }
}

TYPED_TEST(Descent, a_penalty_that_shrinks_weights_to_nothing_loses_no_digits) {
  using T = TypeParam;
  DescentPlan<T> plan;
  plan.average_from = 1;
  plan.l2 = 19.9;
  expect_descent(descent_data<T>(LossKind::squared_error, 40, 6, 1, false), plan);
  plan.l2 = 21;  // above 1 / rate
  expect_descent(descent_data<T>(LossKind::squared_error, 40, 6, 1, false), plan);
}

TYPED_TEST(Descent, outputs_that_rest_stay_as_they_are) {
  using T = TypeParam;
  DescentPlan<T> plan;
  plan.loss = {LossKind::hinge};
  plan.outputs = 5;
  plan.average_from = 1;
  expect_descent(descent_data<T>(LossKind::hinge, 40, 3, 5, false), plan, {1, 0, 0.5, 0, 1});
}

/// All numbers of a state.
std::vector<double> all_numbers(const DescentState& state) {
  std::vector<double> all(state.weights.values().begin(), state.weights.values().end());
  for (const Matrix<double>* part : {&state.slots, &state.sums, &state.paid}) {
    all.insert(all.end(), part->values().begin(), part->values().end());
  }
  all.insert(all.end(), state.due.begin(), state.due.end());
  return all;
}

TYPED_TEST(Descent, going_on_from_a_state_changes_no_bit_and_neither_do_threads_nor_streams) {
  using T = TypeParam;
  const LinearData<T> data = descent_data<T>(LossKind::hinge, 1000, 12, 3, true);
  for (const auto& [kind, batch] : {std::pair{OptimizerKind::sgd, std::int64_t{64}}, {OptimizerKind::adam, 300}}) {
    DescentPlan<T> plan;
    plan.loss = {LossKind::hinge};
    plan.optimizer.kind = kind;
    plan.outputs = 3;
    plan.batch_size = batch;
    plan.l1 = 0.001;
    plan.average_from = 3;
    const std::vector<double> rates(static_cast<std::size_t>((1000 + batch - 1) / batch), 0.01);
    const std::vector<double> factors(3, 1.0);
    const auto seen = [&](compute::DescentCompute<T>& descent, std::int64_t epochs, std::int64_t first = 0) {
      for (std::int64_t epoch = first; epoch < epochs; ++epoch) descent.run({epoch, rates, factors});
      return descent.state();
    };
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const std::vector<double> expected = all_numbers(seen(*on(device, data, plan), 2));
      const DescentState half = seen(*on(device, data, plan), 1);
      const auto other = on(device, data, plan);
      other->set_state(half);
      EXPECT_EQ(all_numbers(seen(*other, 2, 1)), expected);
      if (device.is_cpu()) {
        for (const int threads : {1, 3})
          EXPECT_EQ(all_numbers(seen(*on(Device::cpu(threads), data, plan), 2)), expected);
        continue;
      }
      std::unique_ptr<compute::DescentCompute<T>> streamed;
      {
        // Room for the state and two blocks of 64 or 300 rows, not for all rows.
        const Limit limit(device, device.memory().in_use + 1000 * 12 * static_cast<std::int64_t>(sizeof(T)) + 75'000);
        streamed = on(device, data, plan);
      }
      EXPECT_EQ(all_numbers(seen(*streamed, 2)), expected);
    }
  }
}

TYPED_TEST(Descent, threads_change_no_bit_of_steps_row_by_row) {
  using T = TypeParam;
  const LinearData<T> data = descent_data<T>(LossKind::hinge, 500, 37, 7, true);
  DescentPlan<T> plan;
  plan.loss = {LossKind::hinge};
  plan.outputs = 7;
  plan.l2 = 0.1;
  plan.average_from = 100;
  const std::vector<double> rates(500, 0.1);
  const std::vector<double> factors(7, 1.0);
  std::vector<std::vector<double>> seen;
  for (const int threads : {1, 2, 3, 7}) {
    const auto descent = on(Device::cpu(threads), data, plan);
    descent->run({0, rates, factors});
    seen.push_back(all_numbers(descent->state()));
    EXPECT_EQ(seen.back(), seen.front()) << threads;
  }
}

TEST(RowOrder, every_row_has_one_place_in_each_epoch) {
  for (const std::int64_t n : {1, 2, 3, 5, 64, 1000}) {
    std::vector<std::int64_t> before;
    for (const std::uint64_t epoch : {0, 1}) {
      const formulas::RowOrder order(3, epoch, n);
      std::vector<std::int64_t> rows;
      for (std::int64_t place = 0; place < n; ++place) rows.push_back(order.row(place));
      EXPECT_EQ(std::set<std::int64_t>(rows.begin(), rows.end()).size(), static_cast<std::size_t>(n));
      EXPECT_TRUE(std::all_of(rows.begin(), rows.end(), [n](std::int64_t row) { return row >= 0 && row < n; }));
      if (n >= 64) {
        EXPECT_NE(rows, before);
      }
      before = rows;
    }
  }
  // A row is at any place about as often: of 2000 epochs each of 8 rows comes first 250 times, give or take 60.
  std::vector<int> first(8);
  for (std::uint64_t epoch = 0; epoch < 2000; ++epoch) {
    ++first[static_cast<std::size_t>(formulas::RowOrder(9, epoch, 8).row(0))];
  }
  for (const int times : first) EXPECT_NEAR(times, 250, 60);
}

}  // namespace
}  // namespace forja::testing
