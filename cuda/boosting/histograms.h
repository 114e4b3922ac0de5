#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "boosting/boosting_view.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// Histograms of nodes, as many as are asked for and memory allows, and their building.
class Histograms {
 public:
  /// all_bins: of one histogram. exact: words are exact rows.
  Histograms(const Context& context, std::int64_t all_bins, bool exact);

  /// A histogram to write to, or -1 when there is no more memory to be had. Throws DeviceUnavailable.
  int acquire();
  void release(int slot) { free_.push_back(slot); }
  BinSums* sums(int slot) { return slots_[static_cast<std::size_t>(slot)].data(); }
  /// Says that not even what one split needs is to be had.
  [[noreturn]] void throw_out_of_memory() const;

  /// Enqueues the building of histograms; first_chunk is set here.
  void build(const BinsView& bins, std::span<HistogramTask> tasks);

 private:
  const Context* context_;
  std::int64_t all_bins_;
  std::int64_t most_;
  bool exact_;
  std::vector<DeviceBuffer<BinSums>> slots_;
  std::vector<int> free_;
  DeviceBuffer<HistogramTask> tasks_;
};

}  // namespace forja::cuda
