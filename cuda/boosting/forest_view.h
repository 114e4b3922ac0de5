#pragma once

#include <cstdint>

#include "boosting/bin_table_view.h"
#include "boosting/boosting_view.h"
#include "compute/boosting_compute.h"

namespace forja::cuda {

/// A forest on the device; see compute::Forest.
struct ForestView {
  const compute::ForestNode* nodes = nullptr;
  const std::int64_t* first = nullptr;
  const BinMask* left_bins = nullptr;
  const double* baseline = nullptr;
  BinTableView table;
  std::int64_t outputs = 1;
};

}  // namespace forja::cuda
