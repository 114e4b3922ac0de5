// Schedules against values by hand and against what the book and scikit-learn do with them.

#include "formulas/learning_rates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "forja/error.h"
#include "linear/rate_policies.h"
#include "support/refusal.h"

namespace forja::testing {
namespace {

using core::PiecewiseConstantRate;
using core::PlateauRate;

TEST(LearningRates, closed_forms_by_hand) {
  EXPECT_EQ((formulas::ConstantRate{0.25}.rate(1'000'000)), 0.25);
  EXPECT_EQ((formulas::InverseScalingRate{.eta0 = 0.5, .power = 0.5}.rate(0)), 0.5);
  EXPECT_EQ((formulas::InverseScalingRate{.eta0 = 0.5, .power = 0.5}.rate(15)), 0.125);
  EXPECT_EQ((formulas::PowerRate{.eta0 = 0.5, .steps = 10}.rate(0)), 0.5);
  EXPECT_EQ((formulas::PowerRate{.eta0 = 0.5, .steps = 10}.rate(10)), 0.25);
  EXPECT_EQ((formulas::PowerRate{.eta0 = 0.5, .steps = 10}.rate(30)), 0.125);
  EXPECT_EQ((formulas::PowerRate{.eta0 = 0.5, .steps = 10, .power = 2}.rate(10)), 0.125);
  EXPECT_DOUBLE_EQ((formulas::ExponentialRate{.eta0 = 0.5, .steps = 20}.rate(0)), 0.5);
  EXPECT_DOUBLE_EQ((formulas::ExponentialRate{.eta0 = 0.5, .steps = 20}.rate(20)), 0.05);
  EXPECT_DOUBLE_EQ((formulas::ExponentialRate{.eta0 = 0.5, .steps = 20}.rate(30)), 0.05 * std::sqrt(0.1));
  EXPECT_DOUBLE_EQ((formulas::HyperbolicRate{}.rate(0)), 0.1);
  EXPECT_DOUBLE_EQ((formulas::HyperbolicRate{}.rate(50)), 0.05);
}

TEST(LearningRates, optimal_begins_as_bottou_has_it) {
  // alpha = 1e-4: weights of about sqrt(1 / sqrt(1e-4)) = 10, so that the first step is 10 long.
  const auto optimal = formulas::OptimalRate::from(1e-4);
  EXPECT_DOUBLE_EQ(optimal.t0, 1000);
  EXPECT_DOUBLE_EQ(optimal.rate(0), 10);
  EXPECT_DOUBLE_EQ(optimal.rate(1000), 5);
  // A loss with slopes of 11 there begins with as much shorter steps.
  EXPECT_DOUBLE_EQ(formulas::OptimalRate::from(1e-4, 11).rate(0), 10.0 / 11);
  EXPECT_DOUBLE_EQ(formulas::OptimalRate::from(1e-4, 0.5).rate(0), 10);
}

TEST(LearningRates, one_cycle_rises_falls_and_fades) {
  const formulas::OneCycleRate cycle{.eta1 = 0.5, .steps = 100};
  EXPECT_DOUBLE_EQ(cycle.rate(0), 0.05);
  EXPECT_DOUBLE_EQ(cycle.rate(9), 0.05 + 0.45 * 9 / 45);
  EXPECT_DOUBLE_EQ(cycle.rate(45), 0.5);
  EXPECT_DOUBLE_EQ(cycle.rate(54), 0.5 - 0.45 * 9 / 45);
  EXPECT_DOUBLE_EQ(cycle.rate(90), 0.05);
  EXPECT_DOUBLE_EQ(cycle.rate(95), 0.05 - (0.05 - 0.00005) / 2);
  EXPECT_DOUBLE_EQ(cycle.rate(100), 0.00005);
  EXPECT_DOUBLE_EQ(cycle.rate(1'000'000), 0.00005);
  for (const std::int64_t steps : {1, 2, 3, 9, 10, 11}) {
    const formulas::OneCycleRate brief{.eta1 = 0.5, .steps = steps};
    for (std::int64_t t = 0; t <= steps; ++t) {
      EXPECT_GE(brief.rate(t), 0.00005) << steps << " " << t;
      EXPECT_LE(brief.rate(t), 0.5) << steps << " " << t;
    }
  }
}

TEST(LearningRates, rates_stay_above_nothing_after_any_number_of_steps) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() - 1;
  EXPECT_GT(formulas::InverseScalingRate{}.rate(kFar), 0);
  EXPECT_GT(formulas::OptimalRate{}.rate(kFar), 0);
  EXPECT_GT(formulas::PowerRate{}.rate(kFar), 0);
  EXPECT_EQ(formulas::ExponentialRate{}.rate(kFar), 0);  // below the least double
  EXPECT_GT(formulas::HyperbolicRate{}.rate(kFar), 0);
}

TEST(PiecewiseConstant, a_boundary_belongs_to_the_piece_before_it) {
  const PiecewiseConstantRate pieces({5, 15}, {0.01, 0.005, 0.001});  // the book's
  EXPECT_EQ(pieces.rate(0), 0.01);
  EXPECT_EQ(pieces.rate(5), 0.01);
  EXPECT_EQ(pieces.rate(6), 0.005);
  EXPECT_EQ(pieces.rate(15), 0.005);
  EXPECT_EQ(pieces.rate(16), 0.001);
  EXPECT_EQ(PiecewiseConstantRate({}, {0.5}).rate(7), 0.5);
}

TEST(PiecewiseConstant, pieces_that_do_not_fit_are_refused) {
  EXPECT_EQ(refusal<InvalidArgument>([] { PiecewiseConstantRate({5}, {0.5}); }),
            "piecewise constant rate: 1 rates for 1 boundaries: one more is needed");
  EXPECT_EQ(refusal<InvalidArgument>([] {
              PiecewiseConstantRate({5, 5}, {1, 2, 3});
            }),
            "piecewise constant rate: the boundaries do not ascend");
}

TEST(Plateau, the_rate_halves_after_five_epochs_without_progress) {
  PlateauRate plateau({.eta0 = 0.5});
  plateau.after_epoch(3);
  for (int epoch = 0; epoch < 4; ++epoch) plateau.after_epoch(3);
  EXPECT_EQ(plateau.rate(), 0.5);
  plateau.after_epoch(2);  // progress: counting begins anew
  for (int epoch = 0; epoch < 4; ++epoch) plateau.after_epoch(2.5);
  EXPECT_EQ(plateau.rate(), 0.5);
  plateau.after_epoch(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(plateau.rate(), 0.25);
  for (int epoch = 0; epoch < 5; ++epoch) plateau.after_epoch(2);
  EXPECT_EQ(plateau.rate(), 0.125);
  EXPECT_FALSE(plateau.ended());
}

TEST(Plateau, adaptive_divides_by_five_until_the_rate_is_too_small) {
  PlateauRate adaptive({.eta0 = 0.5, .factor = 0.2, .patience = 1, .tol = 1e-3, .least = 0.01});
  adaptive.after_epoch(1);
  adaptive.after_epoch(0.9995);  // less, but by less than tol
  EXPECT_EQ(adaptive.rate(), 0.1);
  adaptive.after_epoch(0.999);  // against the least loss so far
  EXPECT_EQ(adaptive.rate(), 0.1 * 0.2);
  EXPECT_FALSE(adaptive.ended());
  adaptive.after_epoch(0.999);
  EXPECT_TRUE(adaptive.ended());
}

}  // namespace
}  // namespace forja::testing
