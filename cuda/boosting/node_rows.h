#pragma once

#include <cstdint>
#include <span>

#include "boosting/boosting_view.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// The order of rows by the nodes of trees: index alone is moved, 12 bytes a row and split, as a row's bins and word
/// are read by the smaller child only.
class NodeRows {
 public:
  explicit NodeRows(const Context& context) : context_(&context) {}

  /// Lists the rows that take part in a round; their number comes into `count` on the device.
  void list_taking_part(const TargetsView& targets, std::uint64_t bag_key, double subsample, std::uint32_t* rows,
                        std::int64_t* count);
  /// Splits the rows of nodes, in order of their first pieces; `pieces` in all.
  void split(const BinsView& bins, std::span<const PartitionTask> tasks, std::int64_t pieces);

 private:
  void make_room(std::int64_t pieces);

  const Context* context_;
  DeviceBuffer<std::uint32_t> bits_;
  DeviceBuffer<std::int64_t> counts_;
  DeviceBuffer<PartitionTask> tasks_;
};

}  // namespace forja::cuda
