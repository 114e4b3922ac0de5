#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "boosting/boosting_view.h"
#include "compute/boosting_compute.h"
#include "runtime/context.h"
#include "runtime/device_buffer.h"

namespace forja::cuda {

/// The search for the best splits of nodes by their histograms.
class SplitSearch {
 public:
  /// monotonic: d or empty.
  SplitSearch(const Context& context, const formulas::SplitRules& rules, std::span<const std::int8_t> monotonic);

  /// Makes room for the results of `nodes` nodes.
  void begin(std::int64_t nodes);
  /// Enqueues the search; the results stand from place `first` on.
  void find(const BinsView& bins, std::span<const SearchTask> tasks, std::int64_t first);
  /// The results of `nodes` nodes. Synchronises.
  std::vector<compute::BoostingSplit> results(const compute::BinTable& table, std::int64_t nodes) const;

 private:
  const Context* context_;
  formulas::SplitRules rules_;
  DeviceBuffer<std::int8_t> monotonic_;
  DeviceBuffer<SearchTask> tasks_;
  DeviceBuffer<FoundSplit> found_;
  DeviceBuffer<FoundSplit> best_;
};

}  // namespace forja::cuda
