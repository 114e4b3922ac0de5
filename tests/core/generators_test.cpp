// Blobs, moons and regressions: the shapes, shares and figures that their options promise.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/generators.h"
#include "support/files.h"
#include "support/least_squares.h"

namespace {

using forja::Matrix;

template <class Call>
std::string refused(const Call& call) {
  return forja::testing::refusal<forja::InvalidArgument>(call);
}
std::string refused_blobs(const forja::BlobsOptions& options) {
  return refused([&] { forja::make_blobs<float>(options); });
}

std::vector<std::int64_t> counts(const std::vector<std::int32_t>& labels, std::size_t classes) {
  std::vector<std::int64_t> counts(classes);
  for (const std::int32_t label : labels) ++counts.at(static_cast<std::size_t>(label));
  return counts;
}

/// The same numbers, but for the rounding of T: float numbers of size up to `size`.
void expect_same_but_rounded(const Matrix<float>& single, const Matrix<double>& wide, double size) {
  ASSERT_EQ(single.rows(), wide.rows());
  ASSERT_EQ(single.columns(), wide.columns());
  for (std::size_t i = 0; i < wide.values().size(); ++i) {
    // A few roundings of half an ulp each.
    EXPECT_NEAR(single.values()[i], wide.values()[i], size * 2 * std::numeric_limits<float>::epsilon()) << i;
  }
}

TEST(Blobs, rows_lie_around_their_centres_and_the_seed_is_the_only_chance) {
  const forja::BlobsOptions options{.n_samples = 6000, .n_features = 3, .centers = 4, .cluster_std = 0.5, .seed = 7};
  const auto blobs = forja::make_blobs<double>(options);
  double square = 0;
  for (std::int64_t i = 0; i < 6000; ++i) {
    const std::int32_t label = blobs.labels[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < 3; ++j) square += std::pow(blobs.x(i, j) - blobs.centers(label, j), 2);
  }
  EXPECT_EQ(counts(blobs.labels, 4), (std::vector<std::int64_t>(4, 1500)));
  // The standard deviation of a mean of 18000 squares of variance 2 x 0.25^2.
  EXPECT_NEAR(square / 18000, 0.25, 5 * 0.25 * std::sqrt(2.0 / 18000));
  for (const double value : blobs.centers.values()) EXPECT_LE(std::fabs(value), 10);
  EXPECT_EQ(forja::make_blobs<double>(options).x, blobs.x);
  EXPECT_NE(forja::make_blobs<double>({.n_samples = 6000, .n_features = 3, .centers = 4, .seed = 8}).x, blobs.x);
  expect_same_but_rounded(forja::make_blobs<float>(options).x, blobs.x, 16);
}

TEST(Blobs, rows_are_mixed_unless_told_not_to) {
  const auto in_order = forja::make_blobs<float>({.n_samples = 8, .centers = 3, .shuffle = false}).labels;
  EXPECT_EQ(in_order, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 2, 2}));
  const auto mixed = forja::make_blobs<float>({.n_samples = 8, .centers = 3}).labels;
  EXPECT_NE(mixed, in_order);
  EXPECT_EQ(counts(mixed, 3), (std::vector<std::int64_t>{3, 3, 2}));
}

TEST(Blobs, rows_centres_and_spreads_may_be_given_for_each_blob) {
  const Matrix<double> centers(3, 2, {0, 0, 100, -100, 7, 7});
  const auto blobs = forja::make_blobs<double>(
      {.samples_per_center = {2000, 0, 1000}, .given_centers = centers, .std_per_center = {2, 1, 0}});
  EXPECT_EQ(counts(blobs.labels, 3), (std::vector<std::int64_t>{2000, 0, 1000}));
  EXPECT_EQ(blobs.centers, centers);
  double square = 0;
  for (std::int64_t i = 0; i < 3000; ++i) {
    if (blobs.labels[static_cast<std::size_t>(i)] == 2) {
      EXPECT_EQ(blobs.x(i, 0), 7);
      EXPECT_EQ(blobs.x(i, 1), 7);
    } else {
      square += blobs.x(i, 0) * blobs.x(i, 0) + blobs.x(i, 1) * blobs.x(i, 1);
    }
  }
  // The standard deviation of a mean of 4000 squares of variance 2 x 4^2.
  EXPECT_NEAR(square / 4000, 4, 5 * 4 * std::sqrt(2.0 / 4000));
  EXPECT_EQ(forja::make_blobs<float>({.n_features = 5, .samples_per_center = {1, 2}}).centers.columns(), 5);
}

TEST(Blobs, options_out_of_range_or_of_other_lengths_are_refused) {
  EXPECT_EQ(refused_blobs({.n_samples = 0}), "make_blobs: n_samples = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused_blobs({.n_features = 0}), "make_blobs: n_features = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused_blobs({.centers = 0}), "make_blobs: centers = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused_blobs({.cluster_std = -1}),
            "make_blobs: cluster_std = -1 but it must be a finite number of at least 0");
  EXPECT_EQ(refused_blobs({.center_box = INFINITY}),
            "make_blobs: center_box = inf but it must be a finite number of at least 0");
  EXPECT_EQ(refused_blobs({.samples_per_center = {3, -1}}),
            "make_blobs: samples_per_center[1] = -1 but it must be finite and at least 0");
  EXPECT_EQ(refused_blobs({.samples_per_center = {0, 0}}),
            "make_blobs: samples_per_center sums to 0 but it must be at least 1");
  EXPECT_EQ(refused_blobs({.samples_per_center = {INT64_MAX, 1}}),
            "make_blobs: samples_per_center sums to more than 2^63 rows");
  EXPECT_EQ(refused_blobs({.std_per_center = {1, 2}}), "make_blobs: std_per_center has 2 values but there are 3 blobs");
  EXPECT_EQ(refused_blobs({.centers = 1, .std_per_center = {std::nan("")}}),
            "make_blobs: std_per_center[0] = nan but it must be finite and at least 0");
  EXPECT_EQ(refused_blobs({.samples_per_center = {1, 2}, .given_centers = Matrix<double>(3, 1)}),
            "make_blobs: samples_per_center has 2 values but there are 3 blobs");
  EXPECT_EQ(refused_blobs({.given_centers = Matrix<double>(3, 1, INFINITY)}), "make_blobs: given_centers has inf");
  EXPECT_THROW(forja::make_blobs<float>({.n_samples = std::int64_t{1} << 32, .n_features = std::int64_t{1} << 32}),
               forja::InvalidArgument);
}

TEST(Moons, rows_lie_evenly_on_two_half_circles_as_in_scikit_learn) {
  const auto moons = forja::make_moons<double>({.n_samples = 7, .shuffle = false});
  EXPECT_EQ(moons.labels, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 1}));
  // make_moons(7, shuffle=False) of scikit-learn 1.9.
  const Matrix<double> expected(
      7, 2, {1, 0, 0, 1, -1, 0, 0, 0.5, 0.5, -0.3660254037844386, 1.5, -0.36602540378443865, 2, 0.5});
  for (std::size_t i = 0; i < 14; ++i) {
    // Sines and cosines of numbers up to pi are right to an ulp or two.
    EXPECT_NEAR(moons.x.values()[i], expected.values()[i], 1e-15) << i;
  }
  EXPECT_EQ(forja::make_moons<double>({.n_samples = 1}).labels, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(forja::make_moons<double>({.n_samples = 2, .shuffle = false}).x, Matrix<double>(2, 2, {1, 0, 0, 0.5}));
}

TEST(Moons, are_mixed_and_keep_to_their_circles) {
  const auto moons = forja::make_moons<float>({.n_samples = 501, .seed = 3});
  EXPECT_EQ(counts(moons.labels, 2), (std::vector<std::int64_t>{250, 251}));
  EXPECT_FALSE(std::is_sorted(moons.labels.begin(), moons.labels.end()));
  for (std::int64_t i = 0; i < 501; ++i) {
    const bool inner = moons.labels[static_cast<std::size_t>(i)] == 1;
    const double x = moons.x(i, 0) - (inner ? 1 : 0);
    const double y = inner ? 0.5 - moons.x(i, 1) : moons.x(i, 1);
    EXPECT_NEAR(x * x + y * y, 1, 4 * std::numeric_limits<float>::epsilon());
    EXPECT_GE(y, -std::numeric_limits<float>::epsilon());
  }
}

TEST(Moons, noise_has_its_standard_deviation_and_the_seed_is_the_only_chance) {
  const forja::MoonsOptions options{.n_samples = 5000, .shuffle = false, .noise = 0.3, .seed = 1};
  const auto noisy = forja::make_moons<double>(options);
  const auto clean = forja::make_moons<double>({.n_samples = 5000, .shuffle = false});
  double square = 0;
  for (std::size_t i = 0; i < 10'000; ++i) square += std::pow(noisy.x.values()[i] - clean.x.values()[i], 2);
  // The standard deviation of a mean of 10000 squares of variance 2 x 0.09^2.
  EXPECT_NEAR(square / 10'000, 0.09, 5 * 0.09 * std::sqrt(2.0 / 10'000));
  EXPECT_EQ(forja::make_moons<double>(options).x, noisy.x);
  EXPECT_NE(forja::make_moons<double>({.n_samples = 5000, .shuffle = false, .noise = 0.3, .seed = 2}).x, noisy.x);
  expect_same_but_rounded(forja::make_moons<float>(options).x, noisy.x, 4);
}

TEST(Moons, options_out_of_range_are_refused) {
  EXPECT_EQ(refused([] { forja::make_moons<float>({.n_samples = 0}); }),
            "make_moons: n_samples = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused([] { forja::make_moons<float>({.noise = -0.1}); }),
            "make_moons: noise = -0.1 but it must be a finite number of at least 0");
}

template <class T>
class RegressionOf : public ::testing::Test {};
using StorageTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(RegressionOf, StorageTypes);

TYPED_TEST(RegressionOf, coefficients_are_what_least_squares_finds) {
  using T = TypeParam;
  const auto made = forja::make_regression<T>(
      {.n_samples = 200, .n_features = 6, .n_informative = 4, .n_targets = 2, .bias = 12.5, .seed = 4});
  ASSERT_EQ(made.y.rows(), 200);
  ASSERT_EQ(made.y.columns(), 2);
  const Matrix<double> found =
      forja::testing::least_squares(Matrix<double>(made.x.view()), Matrix<double>(made.y.view()));
  for (std::int64_t t = 0; t < 2; ++t) {
    // y is of size 1000 and rounded to T; 200 standard normal rows are well conditioned.
    const double tolerance = 1000 * 10 * std::numeric_limits<T>::epsilon();
    for (std::int64_t j = 0; j < 6; ++j) EXPECT_NEAR(found(j, t), made.coef(j, t), tolerance);
    EXPECT_NEAR(found(6, t), 12.5, tolerance);
  }
}

TEST(Regression, informative_columns_have_coefficients_up_to_100_and_the_others_none) {
  const auto made = forja::make_regression<double>({.n_samples = 3, .n_features = 50, .n_informative = 20});
  std::vector<std::int64_t> informative;
  for (std::int64_t j = 0; j < 50; ++j) {
    EXPECT_GE(made.coef(j, 0), 0);
    EXPECT_LT(made.coef(j, 0), 100);
    if (made.coef(j, 0) != 0) informative.push_back(j);
  }
  EXPECT_EQ(informative.size(), 20U);
  EXPECT_GT(informative.back(), 20);
  const auto in_order = forja::make_regression<double>({.n_features = 50, .n_informative = 20, .shuffle = false});
  for (std::int64_t j = 0; j < 50; ++j) EXPECT_EQ(in_order.coef(j, 0) != 0, j < 20) << j;
  const auto all = forja::make_regression<double>({.n_features = 3, .n_informative = 20});
  for (const double value : all.coef.values()) EXPECT_GT(value, 0);
}

/// The sum of (singular value)^(2 power) of x.
double power_sum(const Matrix<double>& x, int power) {
  Matrix<double> gram(x.columns(), x.columns());
  for (std::int64_t i = 0; i < x.columns(); ++i) {
    for (std::int64_t j = 0; j < x.columns(); ++j) {
      for (std::int64_t r = 0; r < x.rows(); ++r) gram(i, j) += x(r, i) * x(r, j);
    }
  }
  Matrix<double> product = gram;
  for (int factor = 1; factor < power; ++factor) {
    Matrix<double> next(gram.rows(), gram.columns());
    for (std::int64_t i = 0; i < gram.rows(); ++i) {
      for (std::int64_t k = 0; k < gram.rows(); ++k) {
        for (std::int64_t j = 0; j < gram.rows(); ++j) next(i, j) += product(i, k) * gram(k, j);
      }
    }
    product = next;
  }
  double trace = 0;
  for (std::int64_t i = 0; i < product.rows(); ++i) trace += product(i, i);
  return trace;
}

TYPED_TEST(RegressionOf, rows_of_an_effective_rank_have_the_singular_values_that_scikit_learn_names) {
  using T = TypeParam;
  for (const double tail : {0.0, 0.3, 1.0}) {
    for (const auto& [n, d] : {std::pair<std::int64_t, std::int64_t>{40, 12}, {9, 20}, {1, 5}}) {
      const auto made = forja::make_regression<T>(
          {.n_samples = n, .n_features = d, .effective_rank = 3, .tail_strength = tail, .seed = 8});
      const Matrix<double> x(made.x.view());
      for (const int power : {1, 2, 5}) {
        double expected = 0;
        for (std::int64_t i = 0; i < std::min(n, d); ++i) {
          const double place = static_cast<double>(i) / 3;
          expected += std::pow((1 - tail) * std::exp(-place * place) + tail * std::exp(-0.1 * place), 2 * power);
        }
        // Entries below 1 are rounded to T.
        EXPECT_NEAR(power_sum(x, power), expected, 100 * std::numeric_limits<T>::epsilon() * expected)
            << n << " x " << d << ", power " << power;
      }
    }
  }
}

TEST(Regression, noise_has_its_standard_deviation_and_the_seed_is_the_only_chance) {
  const forja::RegressionOptions options{.n_samples = 5000, .n_features = 3, .noise = 2, .seed = 6};
  const auto made = forja::make_regression<double>(options);
  double square = 0;
  double rows = 0;
  for (std::int64_t i = 0; i < 5000; ++i) {
    double residual = made.y(i, 0);
    for (std::int64_t j = 0; j < 3; ++j) residual -= made.x(i, j) * made.coef(j, 0);
    square += residual * residual;
    rows += made.x(i, 0) * made.x(i, 0);
  }
  // The standard deviation of a mean of 5000 squares of variance 2 x 4^2, and 2.
  EXPECT_NEAR(square / 5000, 4, 5 * 4 * std::sqrt(2.0 / 5000));
  EXPECT_NEAR(rows / 5000, 1, 5 * std::sqrt(2.0 / 5000));
  EXPECT_EQ(forja::make_regression<double>(options).y, made.y);
  EXPECT_NE(forja::make_regression<double>({.n_samples = 5000, .n_features = 3, .noise = 2, .seed = 7}).y, made.y);
}

TEST(Regression, options_out_of_range_are_refused) {
  const auto refused_regression = [](const forja::RegressionOptions& options) {
    return refused([&] { forja::make_regression<float>(options); });
  };
  EXPECT_EQ(refused_regression({.n_samples = 0}),
            "make_regression: n_samples = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused_regression({.n_features = -1}),
            "make_regression: n_features = -1 but it must be an integer of at least 1");
  EXPECT_EQ(refused_regression({.n_informative = -1}),
            "make_regression: n_informative = -1 but it must be an integer of at least 0");
  EXPECT_EQ(refused_regression({.n_targets = 0}),
            "make_regression: n_targets = 0 but it must be an integer of at least 1");
  EXPECT_EQ(refused_regression({.effective_rank = 0}),
            "make_regression: effective_rank = 0 but it must be an integer of at least 1 or \"none\"");
  EXPECT_EQ(refused_regression({.tail_strength = 1.5}),
            "make_regression: tail_strength = 1.5 but it must be a number from 0 to 1");
  EXPECT_EQ(refused_regression({.bias = INFINITY}), "make_regression: bias = inf but it must be a finite number");
  EXPECT_EQ(refused_regression({.noise = -1}),
            "make_regression: noise = -1 but it must be a finite number of at least 0");
}

}  // namespace
