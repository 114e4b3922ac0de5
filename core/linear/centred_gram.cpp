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
/// Shifts nearer and nearer to their means: each takes a few of T's digits of what the sample was off.
constexpr int kMostRecentrings = 3;

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

Matrix<double> total_of(const std::vector<Matrix<double>>& parts) {
  Matrix<double> total = parts.front();
  for (std::size_t part = 1; part < parts.size(); ++part) {
    for (std::size_t k = 0; k < total.values().size(); ++k) total.values()[k] += parts[part].values()[k];
  }
  return total;
}

/// Moves shifts that turned out to be far from their means; tells whether there were any.
template <class T>
bool recentre(CentredGram& gram) {
  bool moved = false;
  for (std::size_t j = 0; j < gram.mean.size(); ++j) {
    if (!far_from_mean(gram, j)) continue;
    const double shift = gram.use.shift[j] + gram.mean[j] / gram.use.scale[j];
    const auto rounded = static_cast<double>(static_cast<T>(shift));
    moved = moved || rounded != gram.use.shift[j];
    gram.use.shift[j] = rounded;
  }
  return moved;
}

/// What is still far from its mean has nothing but roundings about it, such as a column that is constant wherever
/// weights are positive.
void drop_constants(CentredGram& gram) {
  for (std::size_t j = 0; j < gram.mean.size(); ++j) {
    if (!far_from_mean(gram, j)) continue;
    const auto column = static_cast<std::int64_t>(j);
    for (std::int64_t i = 0; i < gram.products.rows(); ++i) gram.products(i, column) = gram.products(column, i) = 0;
  }
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

void to_units(const ColumnUse& use, Matrix<double>& coef, std::vector<double>& offset) {
  for (std::int64_t t = 0; t < coef.rows(); ++t) {
    const auto target = static_cast<std::size_t>(coef.columns() + t);
    double& intercept = offset[static_cast<std::size_t>(t)];
    intercept = use.shift[target] + intercept / use.scale[target];
    for (std::int64_t j = 0; j < coef.columns(); ++j) {
      const auto place = static_cast<std::size_t>(j);
      coef(t, j) *= use.scale[place] / use.scale[target];
      intercept -= use.shift[place] * coef(t, j);
    }
  }
}

CentredGram centred_sums(const ColumnUse& use, const Matrix<double>& sums, bool centred) {
  const std::int64_t columns = sums.rows() - 1;
  CentredGram gram{use, sums(0, 0), std::vector<double>(static_cast<std::size_t>(columns)),
                   Matrix<double>(columns, columns)};
  for (std::int64_t i = 0; i < columns; ++i) {
    const double mean = centred ? sums(0, i + 1) / gram.weight : 0;
    gram.mean[static_cast<std::size_t>(i)] = mean;
    for (std::int64_t j = 0; j < columns; ++j) {
      gram.products(i, j) = sums(i + 1, j + 1) - mean * sums(0, j + 1);
    }
  }
  return gram;
}

bool far_from_mean(const CentredGram& gram, std::size_t j) {
  const auto place = static_cast<std::int64_t>(j);
  const double taken = gram.mean[j] * gram.mean[j] * gram.weight;
  return taken > kMostTaken * std::max(0.0, gram.products(place, place));
}

template <class T>
PartedGram parted_gram(std::string_view call, compute::LinearCompute<T>& rows, bool centred,
                       std::span<const std::int64_t> ends, const std::function<void()>& check_values) {
  PartedGram gram;
  const auto take = [&](const ColumnUse& use) {
    use_columns(rows, use);
    gram.parts = rows.grams(ends);
    const Matrix<double> total = total_of(gram.parts);
    if (!all_finite(total)) return false;
    gram.all = centred_sums(use, total, centred);
    return true;
  };
  bool finite = take(choose_columns<T>(rows.column_ranges(kSample), rows.columns(), centred, false));
  if (!finite) {
    check_values();
    finite = take(choose_columns<T>(rows.column_ranges(rows.rows()), rows.columns(), centred, false));
  }
  for (int pass = 0; finite && centred && pass < kMostRecentrings && recentre<T>(gram.all); ++pass) {
    finite = take(ColumnUse(gram.all.use));
  }
  if (!finite) throw InvalidArgument(fmt::format("{}: x, y and sample_weight are too large for their sums", call));
  if (centred) drop_constants(gram.all);
  return gram;
}

template <class T>
CentredGram centred_gram(std::string_view call, compute::LinearCompute<T>& rows, bool centred,
                         const std::function<void()>& check_values) {
  const std::int64_t all = rows.rows();
  return parted_gram(call, rows, centred, {&all, 1}, check_values).all;
}

#define FORJA_INSTANTIATE(T)                                                                                           \
  template ColumnUse choose_columns<T>(const compute::ColumnRanges&, std::int64_t, bool, bool);                        \
  template void use_columns(compute::LinearCompute<T>&, const ColumnUse&);                                             \
  template CentredGram centred_gram(std::string_view, compute::LinearCompute<T>&, bool, const std::function<void()>&); \
  template PartedGram parted_gram(std::string_view, compute::LinearCompute<T>&, bool, std::span<const std::int64_t>,   \
                                  const std::function<void()>&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
