#pragma once

#include <cstdint>
#include <functional>

#include "compute/linear_compute.h"
#include "forja/matrix.h"

/// Orthogonal triangularisation of many rows, and what it says of them.
namespace forja::cpu {

/// R of the QR factorisation of n rows of m numbers, min(n, m) x m: chunk by chunk, then of the chunks' own (Demmel et
/// al. 2012), in double. fill(i, z) writes row i. The chunks do not depend on the threads.
Matrix<double> triangle(std::int64_t n, std::int64_t m, int threads,
                        const std::function<void(std::int64_t, double*)>& fill);

/// From R of rows sqrt(weight) (1, x', y'), x' of `columns` numbers.
compute::SingularSystem singular_system(const Matrix<double>& r, std::int64_t columns, bool centred);

}  // namespace forja::cpu
