#include "inspection/dependence_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "forja/error.h"

namespace forja::core {
namespace {

constexpr const char* kCall = "partial_dependence";

void check_columns_named(std::string_view name, std::span<const std::int64_t> columns, std::int64_t d) {
  for (std::size_t k = 0; k < columns.size(); ++k) {
    if (columns[k] < 0 || columns[k] >= d) {
      throw InvalidArgument(fmt::format("{}: {}({}) = {} but x has {} columns", kCall, name, k, columns[k], d));
    }
  }
}

template <class T>
void check(MatrixView<const T> x, std::span<const std::int64_t> features, const PartialDependenceOptions& options) {
  if (x.empty()) throw InvalidArgument(fmt::format("{}: x is empty ({} x {})", kCall, x.rows(), x.columns()));
  if (features.empty() || features.size() > 2) {
    throw InvalidArgument(fmt::format("{}: features has {} entries but 1 or 2 are needed", kCall, features.size()));
  }
  check_columns_named("features", features, x.columns());
  check_columns_named("categorical_features", options.categorical_features, x.columns());
  if (features.size() == 2 && features[0] == features[1]) {
    throw InvalidArgument(fmt::format("{}: features has {} twice", kCall, features[0]));
  }
  if (options.grid_resolution < 2) {
    throw InvalidArgument(
        fmt::format("{}: grid_resolution = {} but it must be at least 2", kCall, options.grid_resolution));
  }
  const double lower = options.lower_percentile;
  const double upper = options.upper_percentile;
  if (!(lower >= 0 && lower < upper && upper <= 1)) {
    throw InvalidArgument(fmt::format(
        "{}: lower_percentile = {} and upper_percentile = {} but they must ascend from 0 to 1", kCall, lower, upper));
  }
  if (!options.grid.empty() && options.grid.size() != features.size()) {
    throw InvalidArgument(fmt::format("{}: grid has {} lists of values but features has {} entries", kCall,
                                      options.grid.size(), features.size()));
  }
  for (std::size_t k = 0; k < options.grid.size(); ++k) {
    if (options.grid[k].empty()) throw InvalidArgument(fmt::format("{}: grid({}) is empty", kCall, k));
  }
}

/// As scipy.stats.mstats.mquantiles has it (alpha = beta = 0.4), of sorted values.
double quantile(const std::vector<double>& values, double p) {
  const auto n = static_cast<double>(values.size());
  const double place = n * p + 0.4 + p * 0.2;
  const double before = std::floor(std::clamp(place, 1.0, std::max(1.0, n - 1)));
  const double rest = std::clamp(place - before, 0.0, 1.0);
  const auto k = static_cast<std::size_t>(before);
  const double next = values[std::min(k, values.size() - 1)];
  return (1 - rest) * values[k - 1] + rest * next;
}

template <class T>
std::vector<double> values_of(MatrixView<const T> x, std::int64_t feature, const PartialDependenceOptions& options) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    if (!std::isnan(x(i, feature))) values.push_back(static_cast<double>(x(i, feature)));
  }
  if (values.empty()) throw InvalidArgument(fmt::format("{}: feature {} has no values but NaN", kCall, feature));
  std::sort(values.begin(), values.end());
  std::vector<double> different;
  std::unique_copy(values.begin(), values.end(), std::back_inserter(different));
  const auto& categorical = options.categorical_features;
  const bool all = std::find(categorical.begin(), categorical.end(), feature) != categorical.end();
  if (all || std::ssize(different) < options.grid_resolution) return different;

  const double first = quantile(values, options.lower_percentile);
  const double last = quantile(values, options.upper_percentile);
  if (!(last > first) || !std::isfinite(last - first)) {
    throw InvalidArgument(fmt::format("{}: the percentiles {} and {} of feature {} are {} and {}: no grid between them",
                                      kCall, options.lower_percentile, options.upper_percentile, feature, first, last));
  }
  const auto steps = static_cast<double>(options.grid_resolution - 1);
  std::vector<double> grid;
  for (std::int64_t k = 0; k < options.grid_resolution; ++k) {
    const double share = static_cast<double>(k) / steps;
    grid.push_back(static_cast<double>(static_cast<T>(first + share * (last - first))));
  }
  return grid;
}

}  // namespace

template <class T>
std::vector<std::vector<double>> dependence_grid(MatrixView<const T> x, std::span<const std::int64_t> features,
                                                 const PartialDependenceOptions& options) {
  check(x, features, options);
  std::vector<std::vector<double>> grid = options.grid;
  for (auto& values : grid) {
    for (double& value : values) value = static_cast<double>(static_cast<T>(value));
  }
  if (grid.empty()) {
    for (const std::int64_t feature : features) grid.push_back(values_of(x, feature, options));
  }
  return grid;
}

Matrix<double> grid_points(const std::vector<std::vector<double>>& grid) {
  std::int64_t points = 1;
  for (const auto& values : grid) points *= std::ssize(values);
  Matrix<double> all(points, std::ssize(grid));
  for (std::int64_t point = 0; point < points; ++point) {
    std::int64_t rest = point;
    for (std::int64_t k = std::ssize(grid); k-- > 0;) {
      const auto& values = grid[static_cast<std::size_t>(k)];
      all(point, k) = values[static_cast<std::size_t>(rest % std::ssize(values))];
      rest /= std::ssize(values);
    }
  }
  return all;
}

template std::vector<std::vector<double>> dependence_grid(MatrixView<const float>, std::span<const std::int64_t>,
                                                          const PartialDependenceOptions&);
template std::vector<std::vector<double>> dependence_grid(MatrixView<const double>, std::span<const std::int64_t>,
                                                          const PartialDependenceOptions&);

}  // namespace forja::core
