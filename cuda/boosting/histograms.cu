#include "boosting/histograms.h"

#include <algorithm>
#include <string>

#include "boosting/growing_buffer.h"
#include "boosting/histogram_kernels.cuh"
#include "forja/error.h"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Of the free memory, histograms take one of so many parts at most.
constexpr std::int64_t kPart = 2;
/// Blocks that a multiprocessor takes turns with, so that the last ones do not keep the others waiting.
constexpr std::int64_t kBlocksEach = 16;
/// Rows of a chunk at least: adding its histograms to the node's takes no longer than building them.
constexpr std::int64_t kLeastRows = 1024;

}  // namespace

Histograms::Histograms(const Context& context, std::int64_t all_bins, bool exact)
    : context_(&context), all_bins_(all_bins), exact_(exact) {
  const std::int64_t bytes = all_bins * static_cast<std::int64_t>(sizeof(BinSums));
  most_ = std::max<std::int64_t>(memory(context.device()).free / kPart / bytes, 2);
}

int Histograms::acquire() {
  if (free_.empty()) {
    if (std::ssize(slots_) >= most_) return -1;
    try {
      slots_.emplace_back(*context_, all_bins_);
    } catch (const OutOfMemory&) {
      return -1;
    }
    return static_cast<int>(slots_.size()) - 1;
  }
  const int slot = free_.back();
  free_.pop_back();
  return slot;
}

void Histograms::throw_out_of_memory() const {
  const std::int64_t bytes = all_bins_ * static_cast<std::int64_t>(sizeof(BinSums));
  const std::int64_t free = memory(context_->device()).free;
  throw OutOfMemory("cuda:" + std::to_string(context_->device()) + ": " + std::to_string(bytes) +
                        " bytes of device memory asked for by a histogram but " + std::to_string(free) + " are free",
                    bytes, free);
}

void Histograms::build(const BinsView& bins, std::span<HistogramTask> tasks) {
  if (tasks.empty()) return;
  const std::int64_t features = exact_ ? kGroupFeatures<true> : kGroupFeatures<false>;
  const std::int64_t groups = (bins.d + features - 1) / features;
  std::int64_t rows = 0;
  for (const HistogramTask& task : tasks) rows += task.count;
  const std::int64_t chunk_rows =
      std::clamp(rows * groups / (kBlocksEach * context_->multiprocessors()), kLeastRows, formulas::kRowsPerWord);
  std::int64_t chunks = 0;
  for (HistogramTask& task : tasks) {
    task.first_chunk = chunks;
    chunks += (task.count + chunk_rows - 1) / chunk_rows;
  }
  put(*context_, tasks_, std::span<const HistogramTask>(tasks));
  launch(clear_histograms, dim3(static_cast<unsigned>(boost_blocks(all_bins_)), static_cast<unsigned>(tasks.size())),
         dim3(kBoostThreads), 0, context_->stream(), tasks_.data(), all_bins_);
  launch(exact_ ? build_histograms<true> : build_histograms<false>, blocks(groups * chunks), dim3(kBoostThreads), 0,
         context_->stream(), bins, tasks_.data(), std::ssize(tasks), chunk_rows, groups);
}

}  // namespace forja::cuda
