#include "boosting/growth.h"

#include <algorithm>
#include <utility>

#include "boosting/block_tools.cuh"
#include "boosting/growing_buffer.h"
#include "runtime/check.h"

namespace forja::cuda {
namespace {

/// Nodes of a search at most: of a grid's 65,535 in y, and of memory for what warps find.
constexpr std::int64_t kMostTogether = 1024;

BinMask left_bins(const compute::BoostingSplit& split, const compute::BinTable& table) {
  BinMask mask{};
  if (table.categorical[static_cast<std::size_t>(split.feature)] != 0) {
    std::copy_n(split.left_bins.begin(), split.left_bins.size(), mask.words);
    return mask;
  }
  const auto put = [&mask](std::int64_t bin) { mask.words[bin / 64] |= std::uint64_t{1} << (bin % 64); };
  for (std::int64_t bin = 0; bin <= split.bin; ++bin) put(bin);
  if (split.missing_left) put(table.n_bins(split.feature));
  return mask;
}

}  // namespace

Growth::Growth(const Context& context, const CudaBinnedRows& x, const compute::BoostingPlan& plan, Gradients& gradients,
               NodeRows& node_rows)
    : context_(&context),
      x_(&x),
      gradients_(&gradients),
      node_rows_(&node_rows),
      histograms_(context, x.all_bins(), plan.exact),
      search_(context, plan.rules, plan.monotonic) {}

std::vector<compute::BoostingSplit> Growth::open(std::span<const std::int64_t> outputs,
                                                 std::span<const compute::NodeRule> rules) {
  for (GrownNode& node : nodes_) release_histogram(node);
  const std::int64_t rows = gradients_->taking_part_count();
  const std::int64_t trees = std::ssize(outputs);
  nodes_.assign(outputs.size(), {});
  outputs_.assign(outputs.begin(), outputs.end());
  wanted_.clear();
  grow(*context_, order_, trees * rows);
  grow(*context_, spare_, trees * rows);
  searched_.clear();
  search_.begin(trees);
  for (std::int64_t t = 0; t < trees; ++t) {
    at(t).tree = t;
    at(t).begin = t * rows;
    at(t).count = rows;
    if (rows > 0) {
      FORJA_CUDA_CHECK(cudaMemcpyAsync(order_.data() + t * rows, gradients_->taking_part(),
                                       static_cast<std::size_t>(rows) * sizeof(std::uint32_t), cudaMemcpyDeviceToDevice,
                                       context_->stream()));
    }
    insist([&] { return want_root(t, rules[static_cast<std::size_t>(t)]); });
  }
  search_wanted();
  return found_splits();
}

std::vector<compute::BoostingSplit> Growth::split(std::span<const compute::NodeToSplit> nodes) {
  move_rows(nodes);
  searched_.clear();
  search_.begin(2 * std::ssize(nodes));
  for (const compute::NodeToSplit& one : nodes) {
    if (one.search) {
      insist([&] { return want_children(one); });
    } else {
      release_histogram(at(one.node));
    }
  }
  search_wanted();
  return found_splits();
}

void Growth::move_rows(std::span<const compute::NodeToSplit> nodes) {
  std::vector<PartitionTask> tasks;
  std::int64_t pieces = 0;
  for (const compute::NodeToSplit& one : nodes) {
    add_children(one);
    const GrownNode& node = at(one.node);
    tasks.push_back({order_.data() + node.begin, spare_.data() + node.begin, node.count, at(one.left).count, pieces,
                     node.feature, node.left_bins});
    pieces += pieces_of(node.count);
  }
  node_rows_->split(x_->view(), tasks, pieces);
}

void Growth::add_children(const compute::NodeToSplit& one) {
  nodes_.resize(std::max(nodes_.size(), static_cast<std::size_t>(std::max(one.left, one.right)) + 1));
  GrownNode& node = at(one.node);
  node.left = one.left;
  node.right = one.right;
  node.feature = one.split.feature;
  node.left_bins = left_bins(one.split, x_->table());
  GrownNode& left = at(one.left);
  GrownNode& right = at(one.right);
  left.tree = right.tree = node.tree;
  left.begin = node.begin;
  left.count = static_cast<std::int64_t>(one.split.left.count);
  right.begin = node.begin + left.count;
  right.count = node.count - left.count;
}

bool Growth::give_histogram(GrownNode& node) {
  node.histogram = histograms_.acquire();
  if (node.histogram < 0) {
    std::int64_t least = -1;
    for (const std::int64_t holder : holders_) {
      if (holder >= 0 && !at(holder).busy && (least < 0 || at(holder).gain < at(least).gain)) least = holder;
    }
    if (least < 0) return false;
    node.histogram = std::exchange(at(least).histogram, -1);
  }
  const auto slot = static_cast<std::size_t>(node.histogram);
  if (holders_.size() <= slot) holders_.resize(slot + 1, -1);
  holders_[slot] = &node - nodes_.data();
  node.busy = true;
  return true;
}

void Growth::release_histogram(GrownNode& node) {
  node.busy = false;
  if (node.histogram < 0) return;
  holders_[static_cast<std::size_t>(node.histogram)] = -1;
  histograms_.release(std::exchange(node.histogram, -1));
}

bool Growth::want_root(std::int64_t node, const compute::NodeRule& rule) {
  if (!give_histogram(at(node))) return false;
  wanted_.push_back({node, -1, &rule});
  return true;
}

bool Growth::want_children(const compute::NodeToSplit& one) {
  GrownNode& node = at(one.node);
  const bool left_is_smaller = at(one.left).count <= at(one.right).count;
  GrownNode& smaller = at(left_is_smaller ? one.left : one.right);
  GrownNode& larger = at(left_is_smaller ? one.right : one.left);
  const bool known = node.histogram >= 0;
  node.busy = known;
  if (!give_histogram(smaller)) {
    node.busy = false;
    return false;
  }
  if (known) {
    larger.histogram = std::exchange(node.histogram, -1);
    larger.busy = true;
    node.busy = false;
    holders_[static_cast<std::size_t>(larger.histogram)] = &larger - nodes_.data();
  } else if (!give_histogram(larger)) {
    release_histogram(smaller);
    return false;
  }
  const std::int64_t sibling = known ? (left_is_smaller ? one.left : one.right) : -1;
  wanted_.push_back({one.left, left_is_smaller ? -1 : sibling, &one.left_rule});
  wanted_.push_back({one.right, left_is_smaller ? sibling : -1, &one.right_rule});
  return true;
}

template <class Want>
void Growth::insist(const Want& want) {
  if (std::ssize(wanted_) >= kMostTogether) search_wanted();
  if (want()) return;
  search_wanted();
  if (!want()) histograms_.throw_out_of_memory();
}

void Growth::search_wanted() {
  const BinsView bins = x_->view();
  const GradientsView gradients = gradients_->view();
  std::vector<HistogramTask> builds;
  std::vector<SearchTask> searches;
  std::vector<std::uint64_t> masks;
  for (const Wanted& one : wanted_) masks.insert(masks.end(), one.rule->features.begin(), one.rule->features.end());
  put(*context_, masks_, std::span<const std::uint64_t>(masks));
  const std::uint64_t* mask = masks_.data();
  for (const Wanted& one : wanted_) {
    GrownNode& node = at(one.node);
    const std::int64_t k = output(node.tree);
    BinSums* const sums = histograms_.sums(node.histogram);
    const BinSums* const sibling = one.sibling < 0 ? nullptr : histograms_.sums(at(one.sibling).histogram);
    if (sibling == nullptr) builds.push_back({rows(node), node.count, 0, gradients.word + k * bins.n, sums});
    const bool masked = !one.rule->features.empty();
    searches.push_back({sums, sibling, masked ? mask : nullptr, gradients.scales + k, one.rule->bounds});
    mask += one.rule->features.size();
    node.busy = false;
  }
  histograms_.build(bins, builds);
  search_.find(bins, searches, std::ssize(searched_));
  for (const Wanted& one : wanted_) searched_.push_back(one.node);
  wanted_.clear();
}

std::vector<compute::BoostingSplit> Growth::found_splits() {
  if (searched_.empty()) return {};
  std::vector<compute::BoostingSplit> splits = search_.results(x_->table(), std::ssize(searched_));
  for (std::size_t k = 0; k < splits.size(); ++k) {
    GrownNode& node = at(searched_[k]);
    node.gain = splits[k].gain;
    if (node.gain <= 0) release_histogram(node);
  }
  return splits;
}

}  // namespace forja::cuda
