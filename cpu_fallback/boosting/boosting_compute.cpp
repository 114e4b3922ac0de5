#include "boosting/boosting_compute.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// A search of a bin costs about as much as adding so many rows to one.
constexpr std::int64_t kWorkOfBin = 8;
/// Fewer rows are not worth a histogram of their own.
constexpr std::int64_t kLeastRowsOfGroup = formulas::kRowsPerWord;
/// Adds that take a thread longer than it takes to wake another.
constexpr std::int64_t kWorkForThreads = 1 << 15;

bool allowed(const compute::NodeRule& rule, std::int64_t f) {
  return rule.features.empty() || (rule.features[static_cast<std::size_t>(f / 64)] >> (f % 64) & 1) != 0;
}

}  // namespace

CpuBoosting::CpuBoosting(std::shared_ptr<const CpuBinnedRows> x, const compute::BoostingPlan& plan, int threads)
    : x_(std::move(x)),
      plan_(plan),
      threads_(threads),
      layout_(*x_, threads),
      pool_(layout_.size()),
      gradients_(plan, x_->rows(), threads),
      rooms_(static_cast<std::size_t>(threads)) {}

CpuBoosting::Node& CpuBoosting::new_node(std::int64_t number) {
  if (std::ssize(nodes_) <= number) nodes_.resize(static_cast<std::size_t>(number) + 1);
  return node(number);
}

bool CpuBoosting::may_split(const Node& node) const {
  return node.taking_part.count() >= std::max<std::int64_t>(2, 2 * plan_.rules.min_samples);
}

HistogramRows CpuBoosting::histogram_rows(const Node& node) const {
  const Tree& tree = trees_[node.tree];
  return {x_.get(), tree.taking_part.rows(node.taking_part), tree.words.data(), plan_.exact};
}

SearchedNode CpuBoosting::searched(const Node& node, const formulas::IntegerSums& total) const {
  const std::int64_t output = trees_[node.tree].output;
  return {total, gradients_.gradient_unit(output), gradients_.hessian_unit(output), plan_.rules, node.rule.bounds};
}

SearchedFeature CpuBoosting::feature(const Node& node, std::int64_t f) const {
  const auto at = static_cast<std::size_t>(f);
  return {node.histogram.get(),
          layout_.first_bin(f),
          layout_.bins(f),
          static_cast<std::int32_t>(f),
          x_->table().categorical[at] != 0,
          plan_.monotonic.empty() ? 0 : plan_.monotonic[at]};
}

void CpuBoosting::search_block(const Family& family, const FeatureBlock& block, FoundSplit* found) const {
  Node* const members[2] = {family.filled, family.rest};
  const formulas::IntegerSums filled = total_of(layout_, block.first, *family.filled->histogram);
  const formulas::IntegerSums totals[2] = {filled, family.total - filled};
  std::optional<SearchedNode> nodes[2];
  for (int m = 0; m < 2; ++m) {
    if (members[m] != nullptr && may_split(*members[m])) nodes[m].emplace(searched(*members[m], totals[m]));
  }
  for (std::int64_t f = block.first; f < block.last; ++f) {
    if (family.rest != nullptr) {
      subtract_feature(layout_, f, *family.parent, *family.filled->histogram, *family.rest->histogram);
    }
    for (int m = 0; m < 2; ++m) {
      if (nodes[m] && allowed(members[m]->rule, f)) search(*nodes[m], feature(*members[m], f), found[m]);
    }
  }
}

void CpuBoosting::search_family(const Family& family) {
  const HistogramRows rows = histogram_rows(*family.filled);
  const std::int64_t work = rows.rows.count * x_->table().features() + kWorkOfBin * layout_.size();
  const int threads = work < kWorkForThreads ? 1 : threads_;
  const std::int64_t blocks = std::ssize(layout_.blocks);
  // Where blocks are too few for the threads, groups of rows are added up apart.
  const std::int64_t most_groups =
      std::clamp<std::int64_t>(rows.rows.count / kLeastRowsOfGroup, 1, std::max<std::int64_t>(1, threads / blocks));
  const Chunks group_rows{rows.rows.count, (rows.rows.count + most_groups - 1) / most_groups};
  const std::int64_t groups = group_rows.number();
  std::vector<std::unique_ptr<Histogram>> parts(static_cast<std::size_t>(groups) - 1);
  for (auto& part : parts) part = pool_.take(family.filled->histogram->packed);
  const auto fill = [&](std::int64_t group, std::int64_t b, int thread) {
    HistogramRows of_group = rows;
    const std::int64_t first = group_rows.first(group);
    of_group.rows = rows.rows.middle(first, group_rows.last(group) - first);
    fill_block(layout_, layout_.blocks[static_cast<std::size_t>(b)], of_group, rooms_[static_cast<std::size_t>(thread)],
               group == 0 ? *family.filled->histogram : *parts[static_cast<std::size_t>(group) - 1]);
  };
  if (groups > 1) {
    for_each_chunk(threads, groups * blocks,
                   [&](std::int64_t task, int thread) { fill(task / blocks, task % blocks, thread); });
  }
  std::vector<std::array<FoundSplit, 2>> found(layout_.blocks.size());
  for_each_chunk(threads, blocks, [&](std::int64_t b, int thread) {
    const FeatureBlock& block = layout_.blocks[static_cast<std::size_t>(b)];
    if (groups == 1) fill(0, b, thread);
    for (const auto& part : parts) add_block(layout_, block, *part, *family.filled->histogram);
    search_block(family, block, found[static_cast<std::size_t>(b)].data());
  });
  for (auto& part : parts) pool_.give_back(std::move(part));
  family.filled->total = total_of(layout_, 0, *family.filled->histogram);
  if (family.rest != nullptr) family.rest->total = family.total - family.filled->total;
  Node* const members[2] = {family.filled, family.rest};
  for (std::size_t m = 0; m < 2; ++m) {
    FoundSplit best;
    for (const auto& of_block : found) {
      if (of_block[m].beats(best)) best = of_block[m];
    }
    if (best.feature < 0) continue;
    members[m]->split = told(searched(*members[m], members[m]->total), feature(*members[m], best.feature), best);
  }
}

std::vector<compute::BoostingSplit> CpuBoosting::open(std::span<const std::int64_t> outputs,
                                                      std::span<const compute::NodeRule> rules) {
  for (Node& node : nodes_) pool_.give_back(std::move(node.histogram));
  nodes_.clear();
  if (trees_.size() < outputs.size()) trees_.resize(outputs.size());
  std::vector<compute::BoostingSplit> found(outputs.size());
  for (std::size_t t = 0; t < outputs.size(); ++t) {
    Tree& tree = trees_[t];
    tree.output = outputs[t];
    gradients_.integers(tree.output, tree.words);
    Node& root = new_node(static_cast<std::int64_t>(t));
    root.tree = t;
    root.rule = rules[t];
    const bool all = gradients_.all_take_part();
    const auto taking_part = gradients_.taking_part();
    const auto left_out = gradients_.left_out();
    root.taking_part = tree.taking_part.start(taking_part, all ? x_->rows() : std::ssize(taking_part));
    root.left_out = tree.left_out.start(left_out, std::ssize(left_out));
    if (!may_split(root)) continue;
    root.histogram = pool_.take(stays_packed(root.taking_part.count(), plan_.exact));
    search_family({&root, nullptr, nullptr, {}});
    found[t] = root.split;
  }
  return found;
}

void CpuBoosting::partition(const compute::NodeToSplit& wanted) {
  const compute::BoostingSplit& split = wanted.split;
  const auto missing = static_cast<std::size_t>(x_->table().n_bins(split.feature));
  const bool categorical = x_->table().categorical[static_cast<std::size_t>(split.feature)] != 0;
  LeftTable left{};
  for (std::size_t bin = 0; bin < missing; ++bin) {
    const bool is_left =
        categorical ? (split.left_bins[bin / 64] >> (bin % 64) & 1) != 0 : static_cast<std::int32_t>(bin) <= split.bin;
    left[bin] = is_left ? 1 : 0;
  }
  left[missing] = split.missing_left;
  new_node(std::max(wanted.left, wanted.right));
  Node& parent = node(wanted.node);
  parent.children[0] = wanted.left;
  parent.children[1] = wanted.right;
  Tree& tree = trees_[parent.tree];
  const std::uint8_t* column = x_->column(split.feature);
  Node* const sides[2] = {&node(wanted.left), &node(wanted.right)};
  std::tie(sides[0]->taking_part, sides[1]->taking_part) =
      tree.taking_part.split(parent.taking_part, column, left, threads_);
  std::tie(sides[0]->left_out, sides[1]->left_out) = tree.left_out.split(parent.left_out, column, left, threads_);
  for (Node* side : sides) side->tree = parent.tree;
  sides[0]->rule = wanted.left_rule;
  sides[1]->rule = wanted.right_rule;
}

void CpuBoosting::search_children(const compute::NodeToSplit& wanted) {
  Node& parent = node(wanted.node);
  std::unique_ptr<Histogram> histogram = std::move(parent.histogram);
  Node* small = &node(wanted.left);
  Node* large = &node(wanted.right);
  if (small->taking_part.count() > large->taking_part.count()) std::swap(small, large);
  if (!wanted.search || !may_split(*large)) return pool_.give_back(std::move(histogram));
  small->histogram = pool_.take(stays_packed(small->taking_part.count(), plan_.exact));
  const bool packs = stays_packed(large->taking_part.count(), plan_.exact);
  const Histogram* const of_parent = histogram.get();
  large->histogram = packs == histogram->packed ? std::move(histogram) : pool_.take(packs);
  search_family({small, large, of_parent, parent.total});
  pool_.give_back(std::move(histogram));
  if (!may_split(*small)) pool_.give_back(std::move(small->histogram));
}

std::vector<compute::BoostingSplit> CpuBoosting::split(std::span<const compute::NodeToSplit> nodes) {
  std::vector<compute::BoostingSplit> found;
  for (const compute::NodeToSplit& wanted : nodes) {
    partition(wanted);
    search_children(wanted);
    if (!wanted.search) continue;
    found.push_back(node(wanted.left).split);
    found.push_back(node(wanted.right).split);
  }
  return found;
}

void CpuBoosting::collect_parts(std::int64_t number, std::size_t place, bool all, std::vector<NodePart>& parts) {
  const Node& one = node(number);
  if (one.children[0] >= 0) {
    for (const std::int64_t child : one.children) collect_parts(child, place, all, parts);
    return;
  }
  const Tree& tree = trees_[one.tree];
  parts.push_back({place, tree.output, tree.taking_part.rows(one.taking_part)});
  if (all) parts.push_back({place, tree.output, tree.left_out.rows(one.left_out)});
}

std::vector<NodePart> CpuBoosting::parts_of(std::span<const std::int64_t> nodes) {
  std::vector<NodePart> parts;
  for (std::size_t k = 0; k < nodes.size(); ++k) collect_parts(nodes[k], k, false, parts);
  return parts;
}

std::vector<formulas::NodeSums> CpuBoosting::leaf_sums(std::span<const std::int64_t> nodes) {
  return gradients_.sums(parts_of(nodes), nodes.size());
}

std::vector<double> CpuBoosting::leaf_quantiles(std::span<const std::int64_t> nodes, double q) {
  return gradients_.quantiles(parts_of(nodes), nodes.size(), q);
}

void CpuBoosting::add(std::span<const compute::LeafValue> leaves) {
  std::vector<NodePart> parts;
  for (std::size_t k = 0; k < leaves.size(); ++k) collect_parts(leaves[k].node, k, true, parts);
  gradients_.add(parts, leaves);
}

}  // namespace forja::cpu
