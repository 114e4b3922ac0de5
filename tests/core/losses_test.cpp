// Losses against differences of themselves in more digits, conjugates against their definition, and margins of any
// size.

#include "formulas/losses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/storage_types.h"

namespace forja::testing {
namespace {

using Wide = long double;

/// Losses of one kind in T, and in more digits to check them by.
template <template <class> class Loss, bool kClasses, class T>
struct Checked {
  std::string name;
  Loss<T> loss;
  Loss<Wide> wide;

  std::vector<T> targets() const {
    return kClasses ? std::vector<T>{T(-1), T(1)} : std::vector<T>{T(-3), T(0), T(0.75)};
  }
};

/// Calls check(Checked) for each loss.
template <class T, class Check>
void for_each_loss(const Check& check) {
  using namespace formulas;
  check(Checked<SquaredError, false, T>{"squared_error", {}, {}});
  check(Checked<Huber, false, T>{"huber", {T(1.25)}, {1.25L}});
  check(Checked<EpsilonInsensitive, false, T>{"epsilon_insensitive", {T(0.5)}, {0.5L}});
  check(Checked<SquaredEpsilonInsensitive, false, T>{"squared_epsilon_insensitive", {T(0.5)}, {0.5L}});
  check(Checked<Hinge, true, T>{"hinge", {}, {}});
  check(Checked<SquaredHinge, true, T>{"squared_hinge", {}, {}});
  check(Checked<LogLoss, true, T>{"log_loss", {}, {}});
  check(Checked<ModifiedHuber, true, T>{"modified_huber", {}, {}});
  check(Checked<PerceptronLoss, true, T>{"perceptron", {}, {}});
}

/// Predictions on both sides of every kink and, being odd multiples of 1/64, on none.
template <class T>
std::vector<T> predictions() {
  std::vector<T> all;
  for (int i = -401; i <= 401; i += 14) all.push_back(static_cast<T>(i) / 64);
  return all;
}

template <class T>
class Losses : public ::testing::Test {
 protected:
  /// A few roundings of numbers of this size.
  static double tolerance(double size) { return 16 * static_cast<double>(std::numeric_limits<T>::epsilon()) * size; }
};
TYPED_TEST_SUITE(Losses, StorageTypes, StorageName);

TYPED_TEST(Losses, derivatives_are_those_of_the_values) {
  using T = TypeParam;
  constexpr Wide kStep = 1e-5L;  // the difference is off by its square and by 1e-19 / 1e-5
  for_each_loss<T>([&](const auto& checked) {
    SCOPED_TRACE(checked.name);
    for (const T y : checked.targets()) {
      for (const T p : predictions<T>()) {
        const Wide wide_p = p;
        const auto slope = static_cast<double>(
            (checked.wide.value(wide_p + kStep, y) - checked.wide.value(wide_p - kStep, y)) / (2 * kStep));
        EXPECT_NEAR(checked.loss.derivative(p, y), slope, this->tolerance(1 + std::fabs(slope)) + 1e-9)
            << p << " " << y;
        const auto value = static_cast<double>(checked.wide.value(wide_p, y));
        EXPECT_NEAR(checked.loss.value(p, y), value, this->tolerance(1 + value)) << p << " " << y;
      }
    }
  });
}

TYPED_TEST(Losses, second_derivatives_are_those_of_the_first) {
  using T = TypeParam;
  constexpr Wide kStep = 1e-5L;
  for_each_loss<T>([&](const auto& checked) {
    if constexpr (requires { checked.loss.second(T(), T()); }) {
      SCOPED_TRACE(checked.name);
      for (const T y : checked.targets()) {
        for (const T p : predictions<T>()) {
          const Wide wide_p = p;
          const auto slope = static_cast<double>(
              (checked.wide.derivative(wide_p + kStep, y) - checked.wide.derivative(wide_p - kStep, y)) / (2 * kStep));
          EXPECT_NEAR(checked.loss.second(p, y), slope, this->tolerance(1) + 1e-9) << p << " " << y;
        }
      }
    }
  });
}

TYPED_TEST(Losses, a_derivative_supports_the_loss_from_below_at_kinks_too) {
  using T = TypeParam;
  for_each_loss<T>([&](const auto& checked) {
    SCOPED_TRACE(checked.name);
    for (const T y : checked.targets()) {
      for (int at = -32; at <= 32; ++at) {
        const T p = static_cast<T>(at) / 8;  // kinks lie on eighths
        const T slope = checked.loss.derivative(p, y);
        for (const T q : predictions<T>()) {
          const double line = checked.loss.value(p, y) + slope * (q - p);
          EXPECT_GE(checked.loss.value(q, y), line - this->tolerance(100)) << p << " " << q << " " << y;
        }
      }
    }
  });
}

TYPED_TEST(Losses, conjugates_meet_their_definition) {
  using T = TypeParam;
  for_each_loss<T>([&](const auto& checked) {
    SCOPED_TRACE(checked.name);
    for (const T y : checked.targets()) {
      std::vector<T> slopes;
      for (const T p : predictions<T>()) {
        // At a derivative the supremum is reached.
        const T u = checked.loss.derivative(p, y);
        slopes.push_back(u);
        EXPECT_NEAR(checked.loss.conjugate(u, y), u * p - checked.loss.value(p, y), this->tolerance(200))
            << p << " " << y;
      }
      const auto [least, most] = std::minmax_element(slopes.begin(), slopes.end());
      for (int step = 0; step <= 32; ++step) {
        // Between derivatives nothing is above it.
        const T u = *least + (*most - *least) * static_cast<T>(step) / 32;
        for (const T p : predictions<T>()) {
          EXPECT_GE(checked.loss.conjugate(u, y), u * p - checked.loss.value(p, y) - this->tolerance(200));
        }
      }
    }
  });
}

TYPED_TEST(Losses, conjugates_are_infinite_beyond_the_steepest_slope) {
  using T = TypeParam;
  using namespace formulas;
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  for (const T sign : {T(-1), T(1)}) {
    EXPECT_EQ((Huber<T>{T(0.5)}.conjugate(sign * T(0.5625), T(2))), kInfinity);
    EXPECT_EQ((EpsilonInsensitive<T>{}.conjugate(sign * T(1.125), T(2))), kInfinity);
    for (const T a : {T(-1.125), T(0.125)}) {
      EXPECT_EQ(Hinge<T>{}.conjugate(sign * a, sign), kInfinity);
      EXPECT_EQ(LogLoss<T>{}.conjugate(sign * a, sign), kInfinity);
      EXPECT_EQ(PerceptronLoss<T>{}.conjugate(sign * a, sign), kInfinity);
    }
    EXPECT_EQ(SquaredHinge<T>{}.conjugate(sign * T(0.125), sign), kInfinity);
    EXPECT_EQ(ModifiedHuber<T>{}.conjugate(sign * T(0.125), sign), kInfinity);
    EXPECT_EQ(ModifiedHuber<T>{}.conjugate(sign * T(-4.125), sign), kInfinity);
  }
  EXPECT_EQ(LogLoss<T>{}.conjugate(T(0), T(1)), T(0));
  EXPECT_EQ(LogLoss<T>{}.conjugate(T(-1), T(1)), T(0));
}

TYPED_TEST(Losses, figures_by_hand) {
  using T = TypeParam;
  using namespace formulas;
  EXPECT_EQ(SquaredError<T>{}.value(T(5), T(2)), T(4.5));
  EXPECT_EQ((Huber<T>{T(1)}.value(T(5), T(2))), T(2.5));
  EXPECT_EQ((EpsilonInsensitive<T>{T(0.5)}.value(T(5), T(2))), T(2.5));
  EXPECT_EQ((SquaredEpsilonInsensitive<T>{T(0.5)}.value(T(5), T(2))), T(6.25));
  EXPECT_EQ(Hinge<T>{}.value(T(0.25), T(1)), T(0.75));
  EXPECT_EQ(SquaredHinge<T>{}.value(T(0.25), T(-1)), T(1.5625));
  EXPECT_EQ(ModifiedHuber<T>{}.value(T(-2), T(1)), T(8));
  EXPECT_EQ(PerceptronLoss<T>{}.value(T(-2), T(1)), T(2));
  EXPECT_EQ(PerceptronLoss<T>{}.derivative(T(0), T(1)), T(-1));
  EXPECT_NEAR(LogLoss<T>{}.value(T(0), T(1)), std::log(2.0), 1e-7);
}

TYPED_TEST(Losses, log_loss_takes_margins_of_any_size) {
  using T = TypeParam;
  const formulas::LogLoss<T> loss;
  const T tiny = std::numeric_limits<T>::denorm_min();
  for (const T y : {T(-1), T(1)}) {
    EXPECT_EQ(loss.value(y * T(1e4), y), T(0));
    EXPECT_EQ(loss.value(y * T(-1e4), y), T(1e4));
    EXPECT_EQ(loss.derivative(y * T(1e4), y), T(0));
    EXPECT_EQ(loss.derivative(y * T(-1e4), y), -y);
    EXPECT_EQ(loss.second(T(1e4), y), T(0));
    EXPECT_EQ(loss.second(T(-1e4), y), T(0));
    EXPECT_EQ(loss.derivative(tiny, y), -y / 2);
    EXPECT_EQ(loss.second(-tiny, y), T(0.25));
  }
  // A loss that is nearly none keeps its digits: 1 + exp(-z) would have lost them.
  for (const T z : {T(30), T(60), T(80)}) {
    const double expected = std::exp(-static_cast<double>(z));
    EXPECT_NEAR(loss.value(z, T(1)) / expected, 1, 1e-5);  // a rounding of z changes exp(-z) by z roundings
    EXPECT_NEAR(loss.derivative(z, T(1)) / expected, -1, 1e-5);
  }
}

TYPED_TEST(Losses, softmax_is_the_shares_of_exponentials) {
  using T = TypeParam;
  for (const int count : {1, 2, 3, 10, 100}) {
    std::vector<T> margins(static_cast<std::size_t>(count));
    for (int c = 0; c < count; ++c) margins[static_cast<std::size_t>(c)] = static_cast<T>((c * 7) % 11) - T(4.5);
    Wide sum = 0;
    for (const T margin : margins) sum += std::exp(static_cast<Wide>(margin));
    const auto log_sum = formulas::log_sum_exp(margins.data(), count);
    EXPECT_NEAR(log_sum.total(), static_cast<double>(std::log(sum)), this->tolerance(10));
    std::vector<T> shares = margins;
    formulas::softmax(shares.data(), count);
    double total = 0;
    for (int c = 0; c < count; ++c) {
      const auto place = static_cast<std::size_t>(c);
      const auto expected = static_cast<double>(std::exp(static_cast<Wide>(margins[place])) / sum);
      EXPECT_NEAR(shares[place], expected, this->tolerance(1));
      EXPECT_NEAR(log_sum.loss(margins[place]), -std::log(expected), this->tolerance(20));
      total += static_cast<double>(shares[place]);
    }
    EXPECT_NEAR(total, 1, this->tolerance(1));
  }
}

TYPED_TEST(Losses, softmax_takes_margins_of_any_size) {
  using T = TypeParam;
  std::vector<T> margins = {T(1e4), T(-1e4), T(1e4)};
  const auto sum = formulas::softmax(margins.data(), 3);
  EXPECT_EQ(margins, (std::vector<T>{T(0.5), T(0), T(0.5)}));
  EXPECT_NEAR(sum.loss(T(1e4)), std::log(2.0), 1e-7);
  EXPECT_EQ(sum.loss(T(-1e4)), T(2e4) + sum.excess);
  // What the others have left to say is kept: exp(-60) is no part of 1.
  const std::vector<T> sure = {T(60), T(0)};
  const double left = std::exp(-60.0);
  EXPECT_NEAR(formulas::log_sum_exp(sure.data(), 2).loss(T(60)) / left, 1, 1e-6);
  EXPECT_NEAR(formulas::log_sum_exp(sure.data(), 2).rest(T(60)) / left, 1, 1e-6);
  EXPECT_EQ(formulas::log_sum_exp(sure.data(), 2).rest(T(0)), T(1));
  std::vector<T> tiny(4, -std::numeric_limits<T>::denorm_min());
  formulas::softmax(tiny.data(), 4);
  for (const T share : tiny) EXPECT_NEAR(share, 0.25, this->tolerance(1));
}

TYPED_TEST(Losses, softmax_of_strided_margins_touches_only_them) {
  using T = TypeParam;
  std::vector<T> columns = {T(1), T(7), T(1), T(7), T(1), T(7)};
  const auto sum = formulas::softmax(columns.data(), 3, 2);
  EXPECT_NEAR(sum.total(), 1 + std::log(3.0), this->tolerance(3));
  for (std::size_t i = 0; i < 6; i += 2) {
    EXPECT_NEAR(columns[i], 1.0 / 3, this->tolerance(1));
    EXPECT_EQ(columns[i + 1], T(7));
  }
}

TYPED_TEST(Losses, two_classes_by_softmax_are_the_binary_log_loss) {
  using T = TypeParam;
  for (const T z : {T(-20), T(-1), T(0), T(0.5), T(15)}) {
    const std::vector<T> margins = {T(0), z};
    const auto sum = formulas::log_sum_exp(margins.data(), 2);
    EXPECT_NEAR(sum.loss(z), formulas::LogLoss<T>{}.value(z, T(1)), this->tolerance(20));
    EXPECT_NEAR(sum.loss(T(0)), formulas::LogLoss<T>{}.value(z, T(-1)), this->tolerance(20));
    EXPECT_NEAR(sum.share(z), formulas::sigmoid(z), this->tolerance(1));
  }
}

}  // namespace
}  // namespace forja::testing
