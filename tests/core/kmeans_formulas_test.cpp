#include "formulas/kmeans_formulas.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "formulas/counter_random.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

template <class T>
class KMeansBounds : public ::testing::Test {};
TYPED_TEST_SUITE(KMeansBounds, StorageTypes, StorageName);

TYPED_TEST(KMeansBounds, the_common_scale_is_a_normal_power_of_two_even_for_denormal_columns) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  EXPECT_EQ(formulas::common_scale<T>(0), T(1));
  for (const T size : {Limits::denorm_min(), T(3) * Limits::denorm_min(), Limits::min() / 2, Limits::min(), T(1e-30),
                       T(1e-5), T(1), T(1e5), T(1e30), Limits::max()}) {
    const T scale = formulas::common_scale<T>(static_cast<double>(size));
    EXPECT_TRUE(std::isnormal(scale)) << size;
    EXPECT_TRUE(std::isnormal(1 / scale)) << size;
    int exponent = 0;
    EXPECT_EQ(std::frexp(scale, &exponent), T(0.5)) << size;
    // A normal number lands near one; what is below all of those is still far from where squares vanish.
    EXPECT_LE(size * scale, T(0x1.0p20)) << size;
    EXPECT_GE(size * scale, std::isnormal(size) ? T(0x1.0p-21) : Limits::epsilon() / 4) << size;
  }
}

TEST(KMeansCentring, columns_a_few_denormal_numbers_wide_are_shifted_by_their_lowest) {
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(formulas::centring_shift<double>(3 * kLeast, kLeast, 11 * kLeast), kLeast);
}

double uniform(std::uint64_t stream, int i) {
  return 2 * formulas::random_uniform(7, stream, static_cast<std::uint64_t>(i)) - 1;
}

/// The distance in more digits than any device has.
template <class T>
long double true_distance(const std::vector<T>& x, const std::vector<T>& c) {
  long double sum = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const long double apart = static_cast<long double>(x[j]) - static_cast<long double>(c[j]);
    sum += apart * apart;
  }
  return std::sqrt(sum);
}

/// A row and a centre of size `reach`, `apart` from each other in each column.
template <class T>
struct Pair {
  Pair(int number, std::int64_t d, double reach, double apart) {
    for (int j = 0; j < d; ++j) {
      x.push_back(static_cast<T>(reach * uniform(1, number * 1000 + j)));
      c.push_back(static_cast<T>(static_cast<double>(x.back()) + apart * uniform(2, number * 1000 + j)));
    }
  }
  std::vector<T> x;
  std::vector<T> c;
};

template <class T>
void expect_bounds_of_score(const Pair<T>& pair) {
  const auto d = std::ssize(pair.x);
  double x_square = 0;
  double c_square = 0;
  T product = 0;
  for (std::size_t j = 0; j < pair.x.size(); ++j) {
    x_square += static_cast<double>(pair.x[j]) * static_cast<double>(pair.x[j]);
    c_square += static_cast<double>(pair.c[j]) * static_cast<double>(pair.c[j]);
    product += pair.x[j] * pair.c[j];
  }
  const T score = static_cast<T>(c_square) - 2 * product;
  const T x_norm = static_cast<T>(std::sqrt(x_square) * (1 + 0x1.0p-22));
  const T c_norm = static_cast<T>(std::sqrt(c_square) * (1 + 0x1.0p-21));
  const T error = formulas::score_error<T>(d, x_norm, c_norm);
  const long double distance = true_distance(pair.x, pair.c);
  const T above = formulas::distance_above(score, error, x_norm);
  const T below = formulas::distance_below(score, error, x_norm);
  EXPECT_GE(static_cast<long double>(above), distance);
  EXPECT_LE(static_cast<long double>(below), distance);
  // No looser than the error of the score and of the norm: both in units of the squares that cancel.
  const auto least = static_cast<long double>(formulas::least_length<T>());
  const long double slack =
      5 * static_cast<long double>(error) + 0x1.0p-19L * static_cast<long double>(x_square) + 4 * least;
  EXPECT_LE(static_cast<long double>(above) * static_cast<long double>(above), distance * distance * 1.00001L + slack);
  EXPECT_GE(static_cast<long double>(below) * static_cast<long double>(below), distance * distance * 0.99999L - slack);
}

TYPED_TEST(KMeansBounds, a_score_bounds_the_distance_from_both_sides) {
  using T = TypeParam;
  for (const int d : {1, 2, 17, 300}) {
    for (const double reach : {0.0, 1e-6, 1.0, 1e5}) {
      for (const double apart : {0.0, 1e-9, 1e-3, 1.0, 1e4}) {
        for (int number = 0; number < 20; ++number) {
          SCOPED_TRACE("d " + std::to_string(d) + ", reach " + std::to_string(reach) + ", apart " +
                       std::to_string(apart));
          expect_bounds_of_score(Pair<T>(number, d, reach, apart));
          if (::testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

TYPED_TEST(KMeansBounds, products_that_vanish_leave_a_score_open) {
  using T = TypeParam;
  const T tiny = std::numeric_limits<T>::min();
  EXPECT_GT(formulas::score_error<T>(3, tiny, tiny), T(0));
}

TYPED_TEST(KMeansBounds, no_centre_is_infinitely_far) {
  using T = TypeParam;
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  EXPECT_EQ(formulas::distance_below<T>(kInfinity, T(1), T(2)), kInfinity);
  EXPECT_EQ(formulas::shrunk<T>(kInfinity, T(5)), kInfinity);
  EXPECT_TRUE(formulas::surely_nearest<T>(3, T(5), kInfinity));
  EXPECT_FALSE(formulas::surely_nearest<T>(3, kInfinity, kInfinity));
}

TYPED_TEST(KMeansBounds, a_root_is_bounded_from_both_sides_for_every_size) {
  using T = TypeParam;
  for (const double size : {1e-300, 1e-60, 1e-40, 1e-12, 1.0, 1e20}) {
    for (int number = 0; number < 200; ++number) {
      const double square = size * (1 + uniform(3, number));
      const long double root = std::sqrt(static_cast<long double>(square));
      const T above = formulas::length_above<T>(square, 5);
      const T below = formulas::length_below<T>(square, 5);
      EXPECT_GE(static_cast<long double>(above), root);
      EXPECT_LE(static_cast<long double>(below), root);
      EXPECT_GE(below, T(0));
      const auto least = static_cast<long double>(2 * formulas::least_length<T>());
      const auto unit = static_cast<long double>(formulas::unit_roundoff<T>());
      EXPECT_LE(static_cast<long double>(above), root * (1 + 20 * unit) + least);
      EXPECT_GE(static_cast<long double>(below), root * (1 - 20 * unit) - least);
    }
  }
  EXPECT_GT(formulas::length_above<T>(0, 5), T(0));
  EXPECT_EQ(formulas::length_below<T>(0, 5), T(0));
}

TYPED_TEST(KMeansBounds, bounds_stay_true_over_many_small_shifts) {
  using T = TypeParam;
  T upper = formulas::length_above<T>(2, 1);
  T lower = formulas::length_below<T>(2, 1);
  long double above = std::sqrt(2.0L);
  long double below = above;
  for (int step = 0; step < 10000; ++step) {
    const T shift = static_cast<T>(1e-4 * (1 + uniform(4, step)));
    upper = formulas::grown(upper, shift);
    lower = formulas::shrunk(lower, shift);
    above += static_cast<long double>(shift);
    below -= static_cast<long double>(shift);
    ASSERT_GE(static_cast<long double>(upper), above);
    ASSERT_LE(static_cast<long double>(lower), below);
  }
  EXPECT_EQ(formulas::shrunk<T>(T(1), T(1)), T(0));
  EXPECT_EQ(formulas::shrunk<T>(T(1), T(2)), T(0));
}

TYPED_TEST(KMeansBounds, ties_and_near_ties_are_never_clear) {
  using T = TypeParam;
  const T distance = formulas::length_above<T>(3, 4);
  EXPECT_FALSE(formulas::surely_nearest<T>(4, distance, distance));
  EXPECT_FALSE(formulas::surely_nearest<T>(4, distance, std::nextafter(distance, T(100))));
  EXPECT_TRUE(formulas::surely_nearest<T>(4, distance, distance * (1 + 64 * std::numeric_limits<T>::epsilon())));
  // 10^9 columns added in double may be off by 10^9 roundings.
  EXPECT_FALSE(formulas::surely_nearest<T>(1'000'000'000, T(1), static_cast<T>(1 + 1e9 * 0x1.0p-52)));
  // What both bounds say of one and the same distance is no difference.
  for (int number = 0; number < 100; ++number) {
    const double square = 1 + uniform(5, number);
    EXPECT_FALSE(
        formulas::surely_nearest<T>(9, formulas::length_above<T>(square, 9), formulas::length_below<T>(square, 9)));
  }
}

}  // namespace
}  // namespace forja::testing
