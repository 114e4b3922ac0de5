#pragma once

#include <cstdint>

#include "kmeans/views.h"
#include "runtime/context.h"

namespace forja::cuda {

/// Enqueues the sums of clusters that follow from a task's labels. kept: the rows' labels so far, -1: none; a slot
/// whose label is another moves its row from the old cluster's sums to the new one's, `kept` follows, and *changed
/// counts it. Null: every slot's row is added.
template <class T>
void add_to_clusters(const Context& context, const NearestTask<T>& task, const FixedPointView& fixed,
                     std::int32_t* kept, const SumsView& sums, unsigned long long* changed);

}  // namespace forja::cuda
