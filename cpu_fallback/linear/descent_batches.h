#pragma once

#include <cstdint>
#include <span>

#include "compute/descent_compute.h"
#include "linear/descent_data.h"

namespace forja::cpu {

/// The general descent: any batch, optimiser and penalty, over the outputs of a list, whose states it moves and whose
/// losses it adds to `losses`. Rows of a batch are shared out in chunks that do not depend on the threads.
template <class T>
void descend_by_batches(const DescentData<T>& data, const compute::DescentPlan<T>& plan, compute::DescentState& state,
                        std::span<const std::int64_t> list, const compute::DescentRun& steps, int threads,
                        double* losses);

}  // namespace forja::cpu
