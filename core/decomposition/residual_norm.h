#pragma once

#include <cstdint>

#include "compute/decomposition_compute.h"

namespace forja::core {

/// A bound on the spectral norm of X - X V'V for orthonormal rows V (k x d), which fails with a probability below 1e-6.
/// Three reads of X.
template <class T>
double residual_bound(compute::DecompositionCompute<T>& x, MatrixView<const double> v, std::uint64_t seed);

/// The largest ||X'X v - s^2 v|| relative to the largest s^2; 0 where that is 0. One read of X.
template <class T>
double triplet_residual(compute::DecompositionCompute<T>& x, const compute::LeadingSvd& found);

}  // namespace forja::core
