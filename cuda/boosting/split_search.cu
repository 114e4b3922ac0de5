#include "boosting/split_search.h"

#include <algorithm>

#include "boosting/growing_buffer.h"
#include "boosting/split_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Blocks that share the features of a node at most.
constexpr std::int64_t kMostBlocks = 64;

compute::BoostingSplit split_of(const FoundSplit& found, const compute::BinTable& table) {
  compute::BoostingSplit split;
  if (found.feature < 0) return split;
  split.gain = found.gain;
  split.feature = found.feature;
  split.missing_left = found.missing_left != 0;
  split.left = found.left;
  split.right = found.right;
  if (table.categorical[static_cast<std::size_t>(found.feature)] != 0) {
    std::copy_n(found.left_bins.words, split.left_bins.size(), split.left_bins.begin());
  } else {
    split.bin = found.number / 2;
  }
  return split;
}

}  // namespace

SplitSearch::SplitSearch(const Context& context, const formulas::SplitRules& rules,
                         std::span<const std::int8_t> monotonic)
    : context_(&context), rules_(rules), monotonic_(context, std::ssize(monotonic)) {
  monotonic_.upload(monotonic);
}

void SplitSearch::begin(std::int64_t nodes) { grow(*context_, best_, nodes); }

void SplitSearch::find(const BinsView& bins, std::span<const SearchTask> tasks, std::int64_t first) {
  if (tasks.empty()) return;
  const std::int64_t in_row = std::min((bins.d + kSearchWarps - 1) / kSearchWarps, kMostBlocks);
  const std::int64_t nodes = std::ssize(tasks);
  put(*context_, tasks_, tasks);
  grow(*context_, found_, nodes * in_row * kSearchWarps);
  launch(find_splits, dim3(static_cast<unsigned>(in_row), static_cast<unsigned>(nodes)), dim3(kSearchThreads), 0,
         context_->stream(), bins, tasks_.data(), rules_, monotonic_.data(), found_.data());
  launch(choose_splits, blocks(nodes), dim3(kWarp), 0, context_->stream(), found_.data(), in_row * kSearchWarps,
         best_.data() + first);
}

std::vector<compute::BoostingSplit> SplitSearch::results(const compute::BinTable& table, std::int64_t nodes) const {
  std::vector<FoundSplit> found(static_cast<std::size_t>(nodes));
  best_.download(found);
  std::vector<compute::BoostingSplit> splits;
  splits.reserve(found.size());
  for (const FoundSplit& one : found) splits.push_back(split_of(one, table));
  return splits;
}

}  // namespace forja::cuda
