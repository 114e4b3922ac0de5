#pragma once

#include <cstdint>
#include <vector>

#include "kmeans/centers.h"

namespace forja::cpu {

/// The centres in an order in which every `group` of them that follow each other lie near each other, so that one bound
/// says much about all of them: halves split along the line between two far centres, and split again.
template <class T>
std::vector<std::int32_t> neighbours_together(const Centers<T>& centers, std::int64_t group);

}  // namespace forja::cpu
