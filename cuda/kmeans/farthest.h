#pragma once

#include <cstdint>
#include <vector>

#include "compute/kmeans_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// The `count` rows of greatest distance, the farthest first, equal ones: lowest row; fewer when fewer have one. A row
/// whose distance is below zero has none. Synchronises, once.
///
/// Radix selection: the last row that is taken is found digit by digit, from the leading bits of its distance to the
/// last ones of its number, two launches each; what does not come after it is then collected in one more, and put in
/// order by the host. How many rows are asked for changes neither the launches nor what they read.
std::vector<compute::FarRow> farthest(const Context& context, const DeviceBuffer<double>& distances,
                                      std::int64_t count);

}  // namespace forja::cuda
