#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "compute/boosting_compute.h"
#include "forja/matrix.h"

namespace forja::core {

/// Columns of more rows than this are judged by as many, drawn one from each of as many stretches of equal length.
inline constexpr std::int64_t kBinningRows = 200'000;

/// How the values of x (n x d) become bins, at most max_bins (2 .. 255) of a column. Rows of weight 0 do not count;
/// NaN is missing; -0 is 0; infinite values are values.
///
/// Numeric: a bound between every two neighbouring values where there are at most max_bins different ones, else behind
/// the quantiles k / max_bins of the values. A bound is the midpoint of two neighbours a < b, rounded to T, with
/// a <= bound < b: a where the midpoint is not finite or rounds to b.
///
/// Categorical (flags of d or empty: none): of whole numbers at or above 0, see check_categories(), each has a bin;
/// where there are more than max_bins, the most frequent ones (ties: the lowest) do. Negative ones are missing. All
/// rows are counted.
///
/// A column with nothing but missing values has one bin. The same table for any number of threads (0: all).
template <class T>
compute::BinTable fit_bin_table(MatrixView<const T> x, std::span<const std::uint8_t> categorical, std::int64_t max_bins,
                                int threads, std::span<const T> sample_weight = {});

/// Throws InvalidArgument, by the name of `call`, where a categorical column has a value that is neither a whole number
/// nor NaN.
template <class T>
void check_categories(std::string_view call, MatrixView<const T> x, std::span<const std::uint8_t> categorical);

}  // namespace forja::core
