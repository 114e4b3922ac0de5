#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "compute/linear_compute.h"

namespace forja::core {

/// How columns are used, d of x before t of y: x' = (x - shift) * scale.
struct ColumnUse {
  std::vector<double> shift;
  std::vector<double> scale;  ///< powers of two
};

/// What a Gram matrix says of the rows, in terms of x' and y'.
struct CentredGram {
  ColumnUse use;
  double weight = 0;         ///< of all rows
  std::vector<double> mean;  ///< d + t weighted means; zero where not centred
  Matrix<double> products;   ///< (d + t)^2 sums of weight (z_i - mean_i) (z_j - mean_j)
};

/// Shifts near the means (none where not `centred`) and scales that bring each column near one; one scale for all of x
/// where `common`, so that lengths of coefficients compare.
template <class T>
ColumnUse choose_columns(const compute::ColumnRanges& ranges, std::int64_t columns, bool centred, bool common);

template <class T>
void use_columns(compute::LinearCompute<T>& rows, const ColumnUse& use);

/// Coefficients (t x d) and offsets of x' and y' into those of x and y.
void to_units(const ColumnUse& use, Matrix<double>& coef, std::vector<double>& offset);

/// In one pass over the rows, and a few more where a sample of them misled about means or sizes. Where sums are not
/// finite, check_values tells whether x is and throws if not. Throws InvalidArgument when sums leave T's range.
template <class T>
CentredGram centred_gram(std::string_view call, compute::LinearCompute<T>& rows, bool centred,
                         const std::function<void()>& check_values);

/// Sums z z' of parts of the rows, all with the same use of columns, and what their total comes to.
struct PartedGram {
  std::vector<Matrix<double>> parts;
  CentredGram all;
};

/// The same for parts as LinearCompute::grams() has them.
template <class T>
PartedGram parted_gram(std::string_view call, compute::LinearCompute<T>& rows, bool centred,
                       std::span<const std::int64_t> ends, const std::function<void()>& check_values);

/// Means and centred products out of sums z z' of columns that are used so.
CentredGram centred_sums(const ColumnUse& use, const Matrix<double>& sums, bool centred);

/// Whether the shift of column j is so far from the mean that centring takes digits from its products.
bool far_from_mean(const CentredGram& gram, std::size_t j);

}  // namespace forja::core
