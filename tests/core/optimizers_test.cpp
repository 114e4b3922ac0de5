// Optimisers: each step against the book's equations written out, figures by hand, and a minimum that they all find.

#include "formulas/optimizers.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/storage_types.h"

namespace forja::testing {
namespace {

using formulas::AdamMoments;
using formulas::AdamOptions;

template <class T>
class Optimizers : public ::testing::Test {
 protected:
  /// A few roundings of numbers near one.
  static constexpr double kTolerance = 32 * static_cast<double>(std::numeric_limits<T>::epsilon());

  /// The moments of Adam's step t.
  static AdamMoments<T> moments(std::int64_t t) { return AdamMoments<T>(AdamOptions{}, t); }
};
TYPED_TEST_SUITE(Optimizers, StorageTypes, StorageName);

constexpr std::array<double, 5> kGradients = {0.5, -1.0, 0.25, 2.0, -0.125};

/// One parameter's way over kGradients from 1; step(t) is the optimiser of step t, from 1.
template <class T, class Step>
std::vector<double> way(const Step& step) {
  std::vector<double> weights;
  T w = 1;
  std::array<T, 2> state = {};
  std::int64_t t = 0;
  for (const double g : kGradients) {
    w = step(++t).next(w, static_cast<T>(g), state.data());
    weights.push_back(static_cast<double>(w));
  }
  return weights;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << "step " << i + 1;
}

TYPED_TEST(Optimizers, first_steps_by_hand) {
  using T = TypeParam;
  std::array<T, 2> state = {};
  EXPECT_EQ((formulas::Sgd<T>{T(0.5)}.next(T(1), T(0.5), nullptr)), T(0.75));
  EXPECT_EQ((formulas::Momentum<T>{T(0.5)}.next(T(1), T(0.5), state.data())), T(0.75));
  EXPECT_EQ(state[0], T(-0.25));
  state = {};
  EXPECT_NEAR((formulas::AdaGrad<T>{T(0.5)}.next(T(1), T(0.5), state.data())), 0.5, 1e-6);  // g / |g|
  state = {};
  // 0.1 x 0.25 under the root: 0.5 / sqrt(0.025) = 3.16227766.
  EXPECT_NEAR((formulas::RmsProp<T>{T(0.5)}.next(T(1), T(0.5), state.data())), 1 - 0.5 * 3.16227766, 1e-5);
  state = {};
  // Without bias the first step is the rate, but for epsilon = 1e-7 beside 0.25 under the root.
  EXPECT_NEAR((formulas::Adam<T>{T(0.5), this->moments(1)}.next(T(1), T(0.5), state.data())), 0.5, 1e-6);
  EXPECT_NEAR(state[0], -0.05, this->kTolerance);
  EXPECT_NEAR(state[1], 0.00025, this->kTolerance);
  state = {};
  EXPECT_NEAR((formulas::AdaMax<T>{T(0.5), this->moments(1)}.next(T(1), T(0.5), state.data())), 0.5, this->kTolerance);
  state = {};
  // (0.9 x 0.05 / 0.19 + 0.1 x 0.5 / 0.1) / 0.5 = 1.47368421.
  EXPECT_NEAR((formulas::Nadam<T>{T(0.5), this->moments(1)}.next(T(1), T(0.5), state.data())), 1 - 0.5 * 1.47368421,
              1e-6);
  state = {};
  EXPECT_NEAR((formulas::AdamW<T>{T(0.5), this->moments(1)}.next(T(1), T(0.5), state.data())), 0.995 - 0.5, 1e-6);
}

TYPED_TEST(Optimizers, momentum_follows_the_books_equations) {
  using T = TypeParam;
  double w = 1;
  double m = 0;
  std::vector<double> expected;
  for (const double g : kGradients) {
    m = 0.9 * m - 0.1 * g;
    w += m;
    expected.push_back(w);
  }
  expect_near(way<T>([](std::int64_t) { return formulas::Momentum<T>{T(0.1)}; }), expected, this->kTolerance);
}

TYPED_TEST(Optimizers, nesterov_measures_gradients_ahead) {
  using T = TypeParam;
  // The gradient of 3 w^2 / 2 - w, at w + beta m as the book has it, and at the kept point.
  const auto gradient = [](auto w) { return 3 * w - 1; };
  double w = 2;
  double m = 0;
  T ahead = 2;
  T state = 0;
  const formulas::Nesterov<T> nesterov{T(0.05)};
  for (int step = 0; step < 40; ++step) {
    m = 0.9 * m - 0.05 * gradient(w + 0.9 * m);
    w += m;
    ahead = nesterov.next(ahead, gradient(ahead), &state);
    EXPECT_NEAR(nesterov.settled(ahead, &state), w, 10 * this->kTolerance) << step;
    EXPECT_NEAR(ahead, w + 0.9 * m, 10 * this->kTolerance) << step;
  }
}

TYPED_TEST(Optimizers, rates_by_coordinate_follow_the_books_equations) {
  using T = TypeParam;
  double grad_w = 1;
  double prop_w = 1;
  double grad_s = 0;
  double prop_s = 0;
  std::vector<double> ada_grad;
  std::vector<double> rms_prop;
  for (const double g : kGradients) {
    grad_s += g * g;
    grad_w -= 0.1 * g / std::sqrt(grad_s + 1e-10);
    ada_grad.push_back(grad_w);
    prop_s = 0.9 * prop_s + 0.1 * g * g;
    prop_w -= 0.1 * g / std::sqrt(prop_s + 1e-7);
    rms_prop.push_back(prop_w);
  }
  expect_near(way<T>([](std::int64_t) { return formulas::AdaGrad<T>{T(0.1)}; }), ada_grad, this->kTolerance);
  expect_near(way<T>([](std::int64_t) { return formulas::RmsProp<T>{T(0.1)}; }), rms_prop, this->kTolerance);
}

/// Adam's kin over kGradients as the book and Dozat write them: `use` gives the step from m-hat, s-hat and the rest.
struct AdamStep {
  double m;
  double s;
  double g;
  std::int64_t t;
};
std::vector<double> adam_way(double decay, const std::function<double(const AdamStep&)>& use) {
  double w = 1;
  double m = 0;
  double s = 0;
  std::vector<double> weights;
  std::int64_t t = 0;
  for (const double g : kGradients) {
    m = 0.9 * m - 0.1 * g;
    s = 0.999 * s + 0.001 * g * g;
    w = w - 0.1 * decay * w + 0.1 * use({m, s, g, ++t});
    weights.push_back(w);
  }
  return weights;
}

double without_bias(double value, double beta, std::int64_t t) {
  return value / (1 - std::pow(beta, static_cast<double>(t)));
}

TYPED_TEST(Optimizers, adam_and_its_kin_follow_their_equations) {
  using T = TypeParam;
  const auto plain = [](const AdamStep& step) {
    return without_bias(step.m, 0.9, step.t) / std::sqrt(without_bias(step.s, 0.999, step.t) + 1e-7);
  };
  // 1 - 0.999^t has about three digits fewer than T.
  const double tolerance = 100 * this->kTolerance;
  expect_near(way<T>([&](std::int64_t t) {
                return formulas::Adam<T>{T(0.1), this->moments(t)};
              }),
              adam_way(0, plain), tolerance);
  expect_near(way<T>([&](std::int64_t t) {
                return formulas::AdamW<T>{T(0.1), this->moments(t), T(0.25)};
              }),
              adam_way(0.25, plain), tolerance);
  const auto ahead = [](const AdamStep& step) {
    return (0.9 * without_bias(step.m, 0.9, step.t + 1) - 0.1 * without_bias(step.g, 0.9, step.t)) /
           std::sqrt(without_bias(step.s, 0.999, step.t) + 1e-7);
  };
  expect_near(way<T>([&](std::int64_t t) {
                return formulas::Nadam<T>{T(0.1), this->moments(t)};
              }),
              adam_way(0, ahead), tolerance);
  double greatest = 0;
  const auto greatest_gradient = [&](const AdamStep& step) {
    greatest = std::max(0.999 * greatest, std::fabs(step.g));
    return without_bias(step.m, 0.9, step.t) / greatest;
  };
  expect_near(way<T>([&](std::int64_t t) {
                return formulas::AdaMax<T>{T(0.1), this->moments(t)};
              }),
              adam_way(0, greatest_gradient), tolerance);
}

TYPED_TEST(Optimizers, all_find_the_minimum_of_a_bowl) {
  using T = TypeParam;
  // (w - 3)^2 / 2 from 0, the rate falling to nothing so that what a fixed rate leaves does too.
  const auto end = [](const auto& step) {
    T w = 0;
    std::array<T, 2> state = {};
    for (std::int64_t t = 1; t <= 3000; ++t) {
      w = step(T(0.1) * (1 - static_cast<T>(t) / 3001), t).next(w, w - 3, state.data());
    }
    return static_cast<double>(w);
  };
  using namespace formulas;
  EXPECT_NEAR(end([](T rate, std::int64_t) { return Sgd<T>{rate}; }), 3, 1e-3);
  EXPECT_NEAR(end([](T rate, std::int64_t) { return Momentum<T>{rate}; }), 3, 1e-3);
  EXPECT_NEAR(end([](T rate, std::int64_t) { return Nesterov<T>{rate}; }), 3, 1e-3);
  EXPECT_NEAR(end([](T rate, std::int64_t) { return AdaGrad<T>{10 * rate}; }), 3, 1e-3);
  EXPECT_NEAR(end([](T rate, std::int64_t) { return RmsProp<T>{rate}; }), 3, 1e-3);
  EXPECT_NEAR(end([&](T rate, std::int64_t t) { return Adam<T>{rate, this->moments(t)}; }), 3, 1e-3);
  EXPECT_NEAR(end([&](T rate, std::int64_t t) { return AdaMax<T>{rate, this->moments(t)}; }), 3, 1e-3);
  EXPECT_NEAR(end([&](T rate, std::int64_t t) { return Nadam<T>{rate, this->moments(t)}; }), 3, 1e-3);
  EXPECT_NEAR(end([&](T rate, std::int64_t t) { return AdamW<T>{rate, this->moments(t), T(0)}; }), 3, 1e-3);
}

TYPED_TEST(Optimizers, a_gradient_of_nothing_moves_nothing) {
  using T = TypeParam;
  std::array<T, 2> state = {};
  using namespace formulas;
  EXPECT_EQ(AdaGrad<T>{T(0.1)}.next(T(2), T(0), state.data()), T(2));
  EXPECT_EQ(RmsProp<T>{T(0.1)}.next(T(2), T(0), state.data()), T(2));
  EXPECT_EQ((Adam<T>{T(0.1), this->moments(1)}.next(T(2), T(0), state.data())), T(2));
  EXPECT_EQ((AdaMax<T>{T(0.1), this->moments(1)}.next(T(2), T(0), state.data())), T(2));
  EXPECT_EQ((Nadam<T>{T(0.1), this->moments(1)}.next(T(2), T(0), state.data())), T(2));
  const T tiny = std::numeric_limits<T>::denorm_min();
  EXPECT_NEAR((Adam<T>{T(0.1), this->moments(1)}.next(T(2), tiny, state.data())), 2, 1e-6);
}

TYPED_TEST(Optimizers, clipping_by_value_bounds_entries_and_by_norm_keeps_the_direction) {
  using T = TypeParam;
  EXPECT_EQ(formulas::clipped(T(3), T(1)), T(1));
  EXPECT_EQ(formulas::clipped(T(-3), T(1)), T(-1));
  EXPECT_EQ(formulas::clipped(T(0.5), T(1)), T(0.5));
  // The book's example: (0.9, 100) clipped by value is (0.9, 1), by norm (0.00899964, 0.9999595).
  EXPECT_EQ(formulas::clipped(T(0.9), T(1)), T(0.9));
  EXPECT_EQ(formulas::clipped(T(100), T(1)), T(1));
  const double factor = formulas::norm_clip(std::hypot(0.9, 100.0), 1);
  EXPECT_NEAR(0.9 * factor, 0.00899964, 1e-8);
  EXPECT_NEAR(100 * factor, 0.9999595, 1e-7);
  EXPECT_EQ(formulas::norm_clip(0.5, 1), 1);
  EXPECT_EQ(formulas::norm_clip(0, 1), 1);
}

}  // namespace
}  // namespace forja::testing
