#include <cmath>
#include <limits>
#include <numbers>

#include "estimator/parameter_table.h"
#include "forja/generators.h"
#include "formulas/counter_random.h"

namespace forja {
namespace {

enum Stream : std::uint64_t { kCenters = 1, kLabels = 2, kNoise = 3 };

/// Standard normal numbers (Box and Muller 1958): number `i` of the stream.
double normal(std::uint64_t seed, std::uint64_t i) {
  const double u = formulas::random_uniform(seed, kNoise, i & ~std::uint64_t{1});
  const double v = 2 * std::numbers::pi * formulas::random_uniform(seed, kNoise, i | 1);
  return std::sqrt(-2 * std::log1p(-u)) * ((i & 1) == 0 ? std::cos(v) : std::sin(v));
}

const core::ParameterTable<BlobsOptions>& blobs_params() {
  using Options = BlobsOptions;
  constexpr double kFinite = std::numeric_limits<double>::max();
  static const core::ParameterTable<Options> table = core::ParameterTable<Options>()
                                                         .integer("n_samples", &Options::n_samples, 1)
                                                         .integer("n_features", &Options::n_features, 1)
                                                         .integer("centers", &Options::centers, 1)
                                                         .real("cluster_std", &Options::cluster_std, 0, kFinite)
                                                         .real("center_box", &Options::center_box, 0, kFinite)
                                                         .seed("seed", &Options::seed);
  return table;
}

}  // namespace

template <class T>
Blobs<T> make_blobs(const BlobsOptions& options) {
  blobs_params().check("make_blobs", options);
  const std::int64_t d = options.n_features;
  Blobs<T> blobs{Matrix<T>(options.n_samples, d), {}, Matrix<T>(options.centers, d)};
  std::uint64_t counter = 0;
  for (T& value : blobs.centers.values()) {
    value = static_cast<T>(options.center_box * (2 * formulas::random_uniform(options.seed, kCenters, counter++) - 1));
  }
  blobs.labels.reserve(static_cast<std::size_t>(options.n_samples));
  for (std::int64_t i = 0; i < options.n_samples; ++i) {
    const std::int64_t center =
        formulas::random_below(options.seed, kLabels, static_cast<std::uint64_t>(i), options.centers);
    blobs.labels.push_back(static_cast<std::int32_t>(center));
    for (std::int64_t j = 0; j < d; ++j) {
      const double noise = options.cluster_std * normal(options.seed, static_cast<std::uint64_t>(i * d + j));
      blobs.x(i, j) = static_cast<T>(static_cast<double>(blobs.centers(center, j)) + noise);
    }
  }
  return blobs;
}

template FORJA_API Blobs<float> make_blobs(const BlobsOptions&);
template FORJA_API Blobs<double> make_blobs(const BlobsOptions&);

}  // namespace forja
