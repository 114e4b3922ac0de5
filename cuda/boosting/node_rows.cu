#include "boosting/node_rows.h"

#include "boosting/growing_buffer.h"
#include "boosting/partition_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {

void NodeRows::make_room(std::int64_t pieces) {
  grow(*context_, bits_, pieces * kWordsPerPiece);
  grow(*context_, counts_, pieces);
}

void NodeRows::list_taking_part(const TargetsView& targets, std::uint64_t bag_key, double subsample,
                                std::uint32_t* rows, std::int64_t* count) {
  const std::int64_t pieces = pieces_of(targets.n);
  make_room(pieces);
  PartitionTask all;
  all.count = targets.n;
  put(*context_, tasks_, std::span<const PartitionTask>(&all, 1));
  launch(mark_taking_part, blocks(pieces), dim3(kBoostThreads), 0, context_->stream(), targets, bag_key, subsample,
         bits_.data(), counts_.data());
  launch(sum_pieces, dim3(1), dim3(kBoostThreads), 0, context_->stream(), tasks_.data(), counts_.data(), count);
  launch(list_rows, blocks(pieces), dim3(kBoostThreads), 0, context_->stream(), bits_.data(), counts_.data(), rows);
}

void NodeRows::split(const BinsView& bins, std::span<const PartitionTask> tasks, std::int64_t pieces) {
  make_room(pieces);
  put(*context_, tasks_, tasks);
  const std::int64_t count = std::ssize(tasks);
  launch(mark_left, blocks(pieces), dim3(kBoostThreads), 0, context_->stream(), bins, tasks_.data(), count,
         bits_.data(), counts_.data());
  launch(sum_pieces, blocks(count), dim3(kBoostThreads), 0, context_->stream(), tasks_.data(), counts_.data(), nullptr);
  launch(move_rows, blocks(pieces), dim3(kBoostThreads), 0, context_->stream(), tasks_.data(), count, bits_.data(),
         counts_.data());
  launch(copy_back, blocks(pieces), dim3(kBoostThreads), 0, context_->stream(), tasks_.data(), count);
}

}  // namespace forja::cuda
