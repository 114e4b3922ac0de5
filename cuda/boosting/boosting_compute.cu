#include "boosting/boosting_compute.h"

#include <algorithm>
#include <utility>

namespace forja::cuda {
namespace {

/// Enough for launches not to count.
constexpr std::int64_t kMostTrees = 16;
/// Enough to fill a device with nodes of some thousand rows; each is one that leaf-wise growth may not want.
constexpr std::int64_t kSplitsAtOnce = 32;
/// Of the free memory, orders of rows take one of so many parts at most.
constexpr std::int64_t kPart = 4;

}  // namespace

CudaBoosting::CudaBoosting(int device, std::shared_ptr<const CudaBinnedRows> x, const compute::BoostingPlan& plan)
    : context_(device),
      x_(std::move(x)),
      node_rows_(context_),
      gradients_(context_, plan, x_->rows()),
      growth_(context_, *x_, plan, gradients_, node_rows_),
      leaves_(context_, *x_, growth_, gradients_) {
  const std::int64_t tree_bytes = 2 * x_->rows() * static_cast<std::int64_t>(sizeof(std::uint32_t));
  trees_at_once_ = std::clamp<std::int64_t>(memory(device).free / kPart / tree_bytes, 1, kMostTrees);
  context_.synchronize();
}

std::int64_t CudaBoosting::splits_at_once() const { return kSplitsAtOnce; }

}  // namespace forja::cuda
