#pragma once

#include <cstdint>

#include "forja/matrix.h"

namespace forja::core {

/// Different corners of the unit hypercube, one a row: 0 or 1 in each dimension, drawn at random. `corners` is at most
/// 2^dimensions.
Matrix<double> hypercube_corners(std::int64_t corners, std::int64_t dimensions, std::uint64_t seed,
                                 std::uint64_t stream);

}  // namespace forja::core
