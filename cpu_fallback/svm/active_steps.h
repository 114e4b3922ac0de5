#pragma once

#include <cstdint>
#include <span>

#include "compute/svm_compute.h"
#include "svm/smo.h"

namespace forja::cpu {

/// Kernel values of rows with themselves.
template <class T>
struct KernelSquare {
  const T* values = nullptr;
  std::int64_t stride = 0;
  bool whole_vectors = false;  ///< rows may be read up to the stride
};

/// sums[k] += the sum over some rows r of weights[r] x the row's value in columns[k].
template <class T>
void add_weighted_rows(const KernelSquare<T>& square, std::span<const std::int64_t> rows,
                       std::span<const double> weights, std::span<const std::int64_t> columns, std::span<double> sums);

/// Steps as Smo takes them over all variables. places: of the variables in the square.
template <class T>
compute::SvmState run_whole(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places,
                            double tol, std::int64_t most);

/// The same, but that steps go over the variables that could move: from time to time those that could form no pair are
/// left out, and brought back, with their gradients, before the end (Joachims 1999, shrinking; Chang and Lin 2011).
/// What is returned is the violation of all.
template <class T>
compute::SvmState run_active(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places,
                             double tol, std::int64_t most);

}  // namespace forja::cpu
