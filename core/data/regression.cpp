#include <algorithm>
#include <limits>
#include <numeric>

#include "data/low_rank.h"
#include "data/random_normal.h"
#include "data/random_order.h"
#include "estimator/parameter_table.h"
#include "forja/generators.h"
#include "formulas/counter_random.h"

namespace forja {
namespace {

enum RegressionStream : std::uint64_t {
  kRegressionRows = 1,
  kRegressionCoef = 2,
  kRegressionColumns = 3,
  kRegressionNoise = 4,
  kRegressionDirections = 5
};

const core::ParameterTable<RegressionOptions>& regression_params() {
  using Options = RegressionOptions;
  static const core::ParameterTable<Options> table =
      core::ParameterTable<Options>()
          .integer("n_samples", &Options::n_samples, 1)
          .integer("n_features", &Options::n_features, 1)
          .integer("n_informative", &Options::n_informative, 0)
          .integer("n_targets", &Options::n_targets, 1)
          .real("bias", &Options::bias, -core::kFinite, core::kFinite)
          .optional_integer("effective_rank", &Options::effective_rank, 1, "none")
          .real("tail_strength", &Options::tail_strength, 0, 1)
          .real("noise", &Options::noise, 0, core::kFinite)
          .boolean("shuffle", &Options::shuffle)
          .seed("seed", &Options::seed);
  return table;
}

}  // namespace

template <class T>
Regression<T> make_regression(const RegressionOptions& options) {
  regression_params().check("make_regression", options);
  const std::int64_t n = options.n_samples;
  const std::int64_t d = options.n_features;
  const std::int64_t targets = options.n_targets;
  Regression<T> made{Matrix<T>(n, d), Matrix<T>(n, targets), Matrix<T>(d, targets)};
  std::uint64_t counter = 0;
  if (options.effective_rank) {
    const std::vector<double> lengths =
        core::falling_singular_values(std::min(n, d), *options.effective_rank, options.tail_strength);
    made.x = core::rows_of_singular_values<T>(n, d, lengths, options.seed, kRegressionRows, kRegressionDirections);
  } else {
    for (T& value : made.x.values())
      value = static_cast<T>(core::random_normal(options.seed, kRegressionRows, counter++));
  }

  std::vector<std::int64_t> columns(static_cast<std::size_t>(d));
  std::iota(columns.begin(), columns.end(), std::int64_t{0});
  if (options.shuffle) columns = core::random_order(d, options.seed, kRegressionColumns);
  columns.resize(static_cast<std::size_t>(std::min(options.n_informative, d)));
  // In their order the inner loop below reads a row from front to back.
  std::sort(columns.begin(), columns.end());
  counter = 0;
  for (const std::int64_t column : columns) {
    for (T& value : made.coef.row(column)) {
      value = static_cast<T>(100 * formulas::random_uniform(options.seed, kRegressionCoef, counter++));
    }
  }
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t t = 0; t < targets; ++t) {
      const auto place = static_cast<std::uint64_t>(i * targets + t);
      double y = options.bias + options.noise * core::random_normal(options.seed, kRegressionNoise, place);
      for (const std::int64_t column : columns) {
        y += static_cast<double>(made.x(i, column)) * static_cast<double>(made.coef(column, t));
      }
      made.y(i, t) = static_cast<T>(y);
    }
  }
  return made;
}

template FORJA_API Regression<float> make_regression(const RegressionOptions&);
template FORJA_API Regression<double> make_regression(const RegressionOptions&);

}  // namespace forja
