#include "linear/centred_gram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "forja/error.h"

namespace forja::core {
namespace {

/// Rows that shifts and scales are guessed from.
constexpr std::int64_t kSample = 1024;
/// How many times what is left of a column's sum of squares its mean may have taken: two of a float's digits.
constexpr double kMostTaken = 100;

/// The power of two that brings numbers of this size below one, far enough from the ends of T's range.
template <class T>
double scale_for(double size) {
  constexpr int kMost = std::numeric_limits<T>::max_exponent - 8;
  if (!(size > 0)) return 1;
  int exponent = 0;
  (void)std::frexp(size, &exponent);
  return std::ldexp(1.0, std::clamp(-exponent, -kMost, kMost));
}

bool all_finite(const Matrix<double>& sums) {
  return std::all_of(sums.values().begin(), sums.values().end(), [](double value) { return std::isfinite(value); });
}

/// Means and centred products out of the sums z z'.
void take_sums(const Matrix<double>& sums, bool centred, CentredGram& gram) {
  const std::int64_t columns = sums.rows() - 1;
  gram.weight = sums(0, 0);
  gram.mean.assign(static_cast<std::size_t>(columns), 0);
  gram.products = Matrix<double>(columns, columns);
  for (std::int64_t i = 0; i < columns; ++i) {
    const double mean = centred ? sums(0, i + 1) / gram.weight : 0;
    gram.mean[static_cast<std::size_t>(i)] = mean;
    for (std::int64_t j = 0; j < columns; ++j) {
      gram.products(i, j) = sums(i + 1, j + 1) - mean * sums(0, j + 1);
    }
  }
}

/// Moves shifts that turned out to be far from their means; tells whether there were any.
template <class T>
bool recentre(CentredGram& gram) {
  bool moved = false;
  for (std::size_t j = 0; j < gram.mean.size(); ++j) {
    const auto place = static_cast<std::int64_t>(j);
    const double taken = gram.mean[j] * gram.mean[j] * gram.weight;
    if (!(taken > kMostTaken * std::max(0.0, gram.products(place, place)))) continue;
    const double shift = gram.use.shift[j] + gram.mean[j] / gram.use.scale[j];
    const auto rounded = static_cast<double>(static_cast<T>(shift));
    moved = moved || rounded != gram.use.shift[j];
    gram.use.shift[j] = rounded;
  }
  return moved;
}

}  // namespace

template <class T>
ColumnUse choose_columns(const compute::ColumnRanges& ranges, std::int64_t columns, bool centred, bool common) {
  ColumnUse use;
  std::vector<double> sizes;
  for (std::size_t j = 0; j < ranges.mean.size(); ++j) {
    const double shift = centred ? static_cast<double>(static_cast<T>(ranges.mean[j])) : 0.0;
    use.shift.push_back(shift);
    sizes.push_back(std::max(std::abs(ranges.highest[j] - shift), std::abs(ranges.lowest[j] - shift)));
  }
  if (common) {
    const auto end = sizes.begin() + columns;
    std::fill(sizes.begin(), end, *std::max_element(sizes.begin(), end));
  }
  for (const double size : sizes) use.scale.push_back(scale_for<T>(size));
  return use;
}

template <class T>
void use_columns(compute::LinearCompute<T>& rows, const ColumnUse& use) {
  const std::vector<T> shift(use.shift.begin(), use.shift.end());
  const std::vector<T> scale(use.scale.begin(), use.scale.end());
  rows.set_columns(shift, scale);
}

template <class T>
CentredGram centred_gram(std::string_view call, compute::LinearCompute<T>& rows, bool centred) {
  CentredGram gram;
  const auto take = [&] {
    use_columns(rows, gram.use);
    const Matrix<double> sums = rows.gram();
    if (!all_finite(sums)) return false;
    take_sums(sums, centred, gram);
    return true;
  };
  gram.use = choose_columns<T>(rows.column_ranges(kSample), rows.columns(), centred, false);
  bool finite = take();
  if (!finite) {
    gram.use = choose_columns<T>(rows.column_ranges(rows.rows()), rows.columns(), centred, false);
    finite = take();
  }
  if (finite && centred && recentre<T>(gram)) finite = take();
  if (!finite) throw InvalidArgument(fmt::format("{}: x, y and sample_weight are too large for their sums", call));
  return gram;
}

#define FORJA_INSTANTIATE(T)                                                                    \
  template ColumnUse choose_columns<T>(const compute::ColumnRanges&, std::int64_t, bool, bool); \
  template void use_columns(compute::LinearCompute<T>&, const ColumnUse&);                      \
  template CentredGram centred_gram(std::string_view, compute::LinearCompute<T>&, bool);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
