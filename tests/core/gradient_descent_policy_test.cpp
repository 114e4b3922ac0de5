// What decides between the epochs of a descent, without data: rates of all schedules, ends, the best weights.

#include "linear/gradient_descent_policy.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace forja::testing {
namespace {

using core::GradientDescentPolicy;
using core::HeldOutLoss;

const HeldOutLoss kNone;

/// Rates of the first steps under ten steps an epoch.
std::vector<double> first_rates(const GradientDescentOptions& options, std::int64_t count) {
  GradientDescentState state;
  return GradientDescentPolicy(options, 1, 10, kNone, state).rates(0, count);
}

TEST(GradientDescentPolicy, schedules_last_for_the_given_steps_or_for_all_epochs) {
  GradientDescentOptions options{.max_iter = 2, .eta0 = 0.5};
  EXPECT_EQ(first_rates(options, 2), (std::vector<double>{0.5, 0.5}));
  options.learning_rate = LearningSchedule::power;
  EXPECT_EQ(first_rates(options, 21)[20], 0.25);  // 20 steps in all
  options.schedule_steps = 5;
  EXPECT_EQ(first_rates(options, 6)[5], 0.25);
  options.learning_rate = LearningSchedule::exponential;
  EXPECT_DOUBLE_EQ(first_rates(options, 6)[5], 0.05);
  options.learning_rate = LearningSchedule::one_cycle;
  options.schedule_steps = 0;
  EXPECT_DOUBLE_EQ(first_rates(options, 10)[9], 0.5);  // half of 20 - 2
  options.learning_rate = LearningSchedule::invscaling;
  EXPECT_EQ(first_rates(options, 4)[3], 0.25);
  options.learning_rate = LearningSchedule::hyperbolic;
  EXPECT_EQ(first_rates(options, 1)[0], 0.1);
  options.learning_rate = LearningSchedule::piecewise_constant;
  options.boundaries = {1};
  options.rates = {0.25, 0.125};
  EXPECT_EQ(first_rates(options, 3), (std::vector<double>{0.25, 0.25, 0.125}));
}

TEST(GradientDescentPolicy, epochs_without_number_make_schedules_without_end) {
  GradientDescentOptions options{.max_iter = std::numeric_limits<std::int64_t>::max(), .eta0 = 0.5};
  options.learning_rate = LearningSchedule::power;
  EXPECT_NEAR(first_rates(options, 3)[2], 0.5, 1e-12);
}

/// A descent whose weights are w, of one output.
struct Scripted {
  SGDWeights weights = {
      .weights = Matrix<double>(1, 2), .sums = Matrix<double>(1, 2), .averaged = std::vector<std::int64_t>(1)};

  void epoch(GradientDescentPolicy& policy, double loss, double w = 0) {
    weights.weights(0, 0) = w;
    policy.after_epoch(std::vector<double>{loss}, [&]() -> const SGDWeights& { return weights; });
  }
};

TEST(GradientDescentPolicy, epochs_without_gain_end_it_and_going_on_has_all_patience_again) {
  const GradientDescentOptions options{.tol = 0.1, .n_iter_no_change = 2};
  GradientDescentState state;
  Scripted run;
  {
    GradientDescentPolicy policy(options, 3, 1, kNone, state);
    for (const double loss : {3.0, 2.95, 2.8, 2.75}) run.epoch(policy, loss);
    EXPECT_FALSE(policy.ended());
    run.epoch(policy, 2.7);
    EXPECT_TRUE(policy.ended());
  }
  EXPECT_EQ(state.least_loss, 2.7);
  GradientDescentPolicy again(options, 3, 1, kNone, state);
  run.epoch(again, 2.7);
  EXPECT_FALSE(again.ended());
  // Where a call ends in the midst of patience, the next one has what was left.
  GradientDescentPolicy next(options, 3, 1, kNone, state);
  run.epoch(next, 2.7);
  EXPECT_TRUE(next.ended());
}

TEST(GradientDescentPolicy, without_tol_nothing_ends_it) {
  const GradientDescentOptions options{.tol = std::nullopt, .n_iter_no_change = 1};
  GradientDescentState state;
  GradientDescentPolicy policy(options, 1, 1, kNone, state);
  Scripted run;
  for (int epoch = 0; epoch < 5; ++epoch) run.epoch(policy, 1);
  EXPECT_FALSE(policy.ended());
}

TEST(GradientDescentPolicy, the_best_weights_are_those_of_the_least_loss_on_rows_held_out) {
  const GradientDescentOptions options{.tol = 0.5, .n_iter_no_change = 3};
  GradientDescentState state;
  std::vector<double> losses{4, 2, 3, 1.9, std::numeric_limits<double>::quiet_NaN()};
  std::size_t at = 0;
  const HeldOutLoss judge = [&](const Matrix<double>&) { return losses[at++]; };
  GradientDescentPolicy policy(options, 1, 1, judge, state);
  Scripted run;
  for (int epoch = 0; epoch < 5; ++epoch) run.epoch(policy, 10, epoch);
  // 1.9 is less than 2, though by less than tol counts as a gain; what is not a number is neither.
  EXPECT_EQ(state.best(0, 0), 3);
  EXPECT_EQ(state.least_loss, 1.9);
  EXPECT_TRUE(policy.ended());
}

TEST(GradientDescentPolicy, performance_shrinks_rates_and_a_later_call_goes_on_from_there) {
  const GradientDescentOptions options{
      .tol = std::nullopt, .learning_rate = LearningSchedule::performance, .eta0 = 1, .plateau_patience = 2};
  GradientDescentState state;
  Scripted run;
  {
    GradientDescentPolicy policy(options, 1, 1, kNone, state);
    for (const double loss : {1.0, 1.0, 1.0, 1.0}) run.epoch(policy, loss);
    EXPECT_EQ(policy.rates(0, 1)[0], 0.5);
  }
  GradientDescentPolicy again(options, 1, 1, kNone, state);
  EXPECT_EQ(again.rates(0, 1)[0], 0.5);
  run.epoch(again, 1.0);
  EXPECT_EQ(again.rates(0, 1)[0], 0.25);
}

}  // namespace
}  // namespace forja::testing
