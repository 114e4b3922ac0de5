// Generators: the shapes, shares and figures that their options promise.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "forja/error.h"
#include "forja/generators.h"

namespace {

TEST(Matrix, a_size_beyond_64_bits_is_refused) {
  EXPECT_THROW(forja::Matrix<float>(std::int64_t{1} << 32, std::int64_t{1} << 32), forja::InvalidArgument);
  EXPECT_THROW(forja::make_blobs<float>({.n_samples = std::int64_t{1} << 32, .n_features = std::int64_t{1} << 32}),
               forja::InvalidArgument);
}

TEST(Blobs, rows_lie_around_their_centres_and_the_seed_is_the_only_chance) {
  const forja::BlobsOptions options{.n_samples = 6000, .n_features = 3, .centers = 4, .cluster_std = 0.5, .seed = 7};
  const auto blobs = forja::make_blobs<double>(options);
  std::vector<double> count(4, 0.0);
  double square = 0;
  for (std::int64_t i = 0; i < 6000; ++i) {
    const std::int32_t label = blobs.labels[static_cast<std::size_t>(i)];
    count[static_cast<std::size_t>(label)] += 1;
    for (std::int64_t j = 0; j < 3; ++j) square += std::pow(blobs.x(i, j) - blobs.centers(label, j), 2);
  }
  // A share of 1/4 of 6000 has a standard deviation of 34; the variance's is 0.25 sqrt(2 / 18000).
  for (const double rows : count) EXPECT_NEAR(rows, 1500, 5 * 34);
  EXPECT_NEAR(square / 18000, 0.25, 5 * 0.25 * std::sqrt(2.0 / 18000));
  EXPECT_EQ(forja::make_blobs<double>(options).x, blobs.x);
  EXPECT_NE(forja::make_blobs<double>({.n_samples = 6000, .n_features = 3, .centers = 4, .seed = 8}).x, blobs.x);
  EXPECT_THROW(forja::make_blobs<float>({.n_samples = 0}), forja::InvalidArgument);
  EXPECT_THROW(forja::make_blobs<float>({.cluster_std = -1}), forja::InvalidArgument);
}

}  // namespace
