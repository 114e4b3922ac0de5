#include "boosting/bin_table_fit.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "boosting/sort_values.h"
#include "estimator/host_threads.h"
#include "forja/error.h"
#include "formulas/counter_random.h"

namespace forja::core {
namespace {

constexpr std::uint64_t kSampleStream = std::uint64_t{1} << 48;

/// The rows that columns are judged by, ascending; nothing: all.
template <class T>
std::optional<std::vector<std::int64_t>> rows_of_sample(std::int64_t n, std::span<const T> sample_weight) {
  std::vector<std::int64_t> counted;
  const bool some_do_not_count = std::find(sample_weight.begin(), sample_weight.end(), T{0}) != sample_weight.end();
  if (some_do_not_count) {
    for (std::int64_t i = 0; i < n; ++i) {
      if (sample_weight[static_cast<std::size_t>(i)] != 0) counted.push_back(i);
    }
  }
  const std::int64_t available = some_do_not_count ? std::ssize(counted) : n;
  if (available <= kBinningRows) return some_do_not_count ? std::optional(counted) : std::nullopt;

  std::vector<std::int64_t> sample(static_cast<std::size_t>(kBinningRows));
  for (std::int64_t k = 0; k < kBinningRows; ++k) {
    // Of places k n / m .. (k + 1) n / m - 1, without a product beyond 64 bits.
    const std::int64_t whole = available / kBinningRows;
    const std::int64_t rest = available % kBinningRows;
    const std::int64_t first = k * whole + k * rest / kBinningRows;
    const std::int64_t end = (k + 1) * whole + (k + 1) * rest / kBinningRows;
    const std::int64_t place =
        first + formulas::random_below(0, kSampleStream, static_cast<std::uint64_t>(k), end - first);
    sample[static_cast<std::size_t>(k)] = some_do_not_count ? counted[static_cast<std::size_t>(place)] : place;
  }
  return sample;
}

/// Between two neighbours: lower <= bound < upper.
template <class T>
double bound_between(T lower, T upper) {
  const T middle = std::midpoint(lower, upper);
  return static_cast<double>(std::isfinite(middle) && middle < upper ? middle : lower);
}

/// keys: of all values that are not missing, sorted.
template <class T>
std::vector<double> bounds_of(std::span<const OrderedKey<T>> keys, std::int64_t max_bins) {
  std::vector<double> bounds;
  if (keys.empty()) return bounds;
  const auto bound_behind = [&](auto place) {
    const auto next = std::upper_bound(place, keys.end(), *place);
    if (next == keys.end()) return false;
    bounds.push_back(bound_between(value_of_key<T>(*place), value_of_key<T>(*next)));
    return true;
  };
  std::int64_t different = 1;
  for (std::size_t i = 1; i < keys.size() && different <= max_bins; ++i) different += keys[i] != keys[i - 1] ? 1 : 0;
  if (different <= max_bins) {
    for (std::size_t i = 1; i < keys.size(); ++i) {
      if (keys[i] != keys[i - 1])
        bounds.push_back(bound_between(value_of_key<T>(keys[i - 1]), value_of_key<T>(keys[i])));
    }
    return bounds;
  }
  // More values than bins: there are more of them than 2, so that each quantile is a place.
  auto last = keys.end();
  for (std::int64_t k = 1; k < max_bins; ++k) {
    const auto place = keys.begin() + (k * std::ssize(keys) + max_bins - 1) / max_bins - 1;
    if (last != keys.end() && *last == *place) continue;
    if (!bound_behind(place)) break;
    last = place;
  }
  return bounds;
}

/// The categories that have bins, ascending.
template <class T>
std::vector<double> categories_of(MatrixView<const T> x, std::int64_t column, std::int64_t max_bins,
                                  std::span<const T> sample_weight) {
  std::unordered_map<T, std::int64_t> counts;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const T value = x(i, column);
    if (!(value >= 0) || (!sample_weight.empty() && sample_weight[static_cast<std::size_t>(i)] == 0)) continue;
    ++counts[value + T{0}];
  }
  std::vector<std::pair<std::int64_t, double>> by_count;
  by_count.reserve(counts.size());
  for (const auto& [category, count] : counts) by_count.emplace_back(-count, static_cast<double>(category));
  std::sort(by_count.begin(), by_count.end());
  by_count.resize(std::min(by_count.size(), static_cast<std::size_t>(max_bins)));
  std::vector<double> categories;
  categories.reserve(by_count.size() + 1);
  for (const auto& [count, category] : by_count) categories.push_back(category);
  std::sort(categories.begin(), categories.end());
  // A bin there must be; no row has this one.
  if (categories.empty()) categories.push_back(0);
  return categories;
}

/// Columns first .. end - 1, read together: a row's neighbouring values lie in the same cache line.
template <class T>
class ColumnBlock {
 public:
  ColumnBlock(MatrixView<const T> x, const std::optional<std::vector<std::int64_t>>& sample, std::int64_t first,
              std::int64_t end)
      : columns_(static_cast<std::size_t>(end - first)) {
    const std::int64_t n = sample ? std::ssize(*sample) : x.rows();
    keys_.resize(columns_.size() * static_cast<std::size_t>(n));
    for (std::size_t j = 0; j < columns_.size(); ++j) columns_[j] = keys_.data() + j * static_cast<std::size_t>(n);
    std::vector<OrderedKey<T>*> next = columns_;
    for (std::int64_t i = 0; i < n; ++i) {
      const T* row = &x(sample ? (*sample)[static_cast<std::size_t>(i)] : i, first);
      for (std::size_t j = 0; j < next.size(); ++j) {
        *next[j] = ordered_key(row[j]);
        next[j] += std::isnan(row[j]) ? 0 : 1;
      }
    }
    for (std::size_t j = 0; j < next.size(); ++j) sizes_.push_back(static_cast<std::size_t>(next[j] - columns_[j]));
  }
  std::span<OrderedKey<T>> column(std::size_t j) { return {columns_[j], sizes_[j]}; }

 private:
  std::vector<OrderedKey<T>> keys_;
  std::vector<OrderedKey<T>*> columns_;
  std::vector<std::size_t> sizes_;
};

}  // namespace

template <class T>
compute::BinTable fit_bin_table(MatrixView<const T> x, std::span<const std::uint8_t> categorical, std::int64_t max_bins,
                                int threads, std::span<const T> sample_weight) {
  const std::int64_t d = x.columns();
  compute::BinTable table;
  table.categorical.assign(static_cast<std::size_t>(d), 0);
  std::copy(categorical.begin(), categorical.end(), table.categorical.begin());
  const std::optional<std::vector<std::int64_t>> sample = rows_of_sample(x.rows(), sample_weight);
  std::vector<std::vector<double>> values(static_cast<std::size_t>(d));
  const auto judge = [&](std::int64_t first, std::int64_t end) {
    ColumnBlock<T> block(x, sample, first, end);
    std::vector<OrderedKey<T>> scratch;
    for (std::int64_t f = first; f < end; ++f) {
      auto& of_column = values[static_cast<std::size_t>(f)];
      if (table.categorical[static_cast<std::size_t>(f)] != 0) {
        of_column = categories_of(x, f, max_bins, sample_weight);
        continue;
      }
      const std::span<OrderedKey<T>> keys = block.column(static_cast<std::size_t>(f - first));
      sort_keys(keys, scratch);
      of_column = bounds_of<T>(keys, max_bins);
    }
  };

  const int team = threads > 0 ? threads : omp_get_max_threads();
  constexpr std::int64_t kColumnsOfLine = 64 / sizeof(T);
  const std::int64_t width = std::clamp<std::int64_t>((d + team - 1) / team, 1, kColumnsOfLine);
  constexpr std::int64_t kFewValues = 20'000;
  const int used = x.rows() * d > kFewValues ? team : 1;
  for_each_part(used, (d + width - 1) / width,
                [&](std::int64_t part) { judge(part * width, std::min((part + 1) * width, d)); });

  for (const std::vector<double>& of_column : values) {
    table.entries.insert(table.entries.end(), of_column.begin(), of_column.end());
    table.first.push_back(std::ssize(table.entries));
  }
  return table;
}

template <class T>
void check_categories(std::string_view call, MatrixView<const T> x, std::span<const std::uint8_t> categorical) {
  std::vector<std::int64_t> columns;
  for (std::int64_t f = 0; f < std::ssize(categorical); ++f) {
    if (categorical[static_cast<std::size_t>(f)] != 0) columns.push_back(f);
  }
  if (columns.empty()) return;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (const std::int64_t f : columns) {
      const T value = x(i, f);
      if (std::isnan(value) || (std::isfinite(value) && value == std::floor(value))) continue;
      throw InvalidArgument(
          fmt::format("{}: x({}, {}) = {} but feature {} is categorical: whole numbers or NaN", call, i, f, value, f));
    }
  }
}

template compute::BinTable fit_bin_table(MatrixView<const float>, std::span<const std::uint8_t>, std::int64_t, int,
                                         std::span<const float>);
template compute::BinTable fit_bin_table(MatrixView<const double>, std::span<const std::uint8_t>, std::int64_t, int,
                                         std::span<const double>);
template void check_categories(std::string_view, MatrixView<const float>, std::span<const std::uint8_t>);
template void check_categories(std::string_view, MatrixView<const double>, std::span<const std::uint8_t>);

}  // namespace forja::core
