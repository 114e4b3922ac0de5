#include "boosting/boosting_compute.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "runtime/threads.h"

namespace forja::cpu {

CpuBoosting::CpuBoosting(std::shared_ptr<const CpuBinnedRows> x, const compute::BoostingPlan& plan, int threads)
    : x_(std::move(x)),
      plan_(plan),
      threads_(threads),
      layout_(x_->table(), threads),
      pool_(layout_.size()),
      gradients_(plan, x_->rows(), threads) {}

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

void CpuBoosting::fill(Node& node) {
  node.histogram = pool_.take(stays_packed(node.taking_part.count(), plan_.exact));
  const HistogramRows rows = histogram_rows(node);
  for_each_chunk(threads_, std::ssize(layout_.blocks), [&](std::int64_t block, int) {
    fill_block(layout_, layout_.blocks[static_cast<std::size_t>(block)], rows, *node.histogram);
  });
}

void CpuBoosting::subtract(const Histogram& parent, const Histogram& child, Histogram& out) const {
  for (const HistogramLayout::Block& block : layout_.blocks) subtract_block(layout_, block, parent, child, out);
}

SearchedFeature CpuBoosting::feature(const Histogram& histogram, std::int64_t f,
                                     std::span<formulas::IntegerSums> bins) const {
  const auto at = static_cast<std::size_t>(f);
  const std::int32_t begin = layout_.begin[at];
  const auto used = bins.first(static_cast<std::size_t>(layout_.begin[at + 1] - begin));
  histogram.read(begin, used);
  return {static_cast<std::int32_t>(f), x_->table().categorical[at] != 0,
          plan_.monotonic.empty() ? 0 : plan_.monotonic[at], used};
}

compute::BoostingSplit CpuBoosting::search_node(const Node& node) const {
  if (!may_split(node)) return {};
  std::array<formulas::IntegerSums, 256> bins;
  formulas::IntegerSums total;
  for (const formulas::IntegerSums& bin : feature(*node.histogram, 0, bins).bins) total = total + bin;
  const std::int64_t output = trees_[node.tree].output;
  const SearchedNode searched(total, gradients_.gradient_unit(output), gradients_.hessian_unit(output), plan_.rules,
                              node.rule.bounds);
  FoundSplit best;
  const std::vector<std::uint64_t>& allowed = node.rule.features;
  for (std::int64_t f = 0; f < x_->table().features(); ++f) {
    if (!allowed.empty() && (allowed[static_cast<std::size_t>(f / 64)] >> (f % 64) & 1) == 0) continue;
    search(searched, feature(*node.histogram, f, bins), best);
  }
  if (best.feature < 0) return {};
  return told(searched, feature(*node.histogram, best.feature, bins), best);
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
    fill(root);
    found[t] = search_node(root);
  }
  return found;
}

void CpuBoosting::partition(const compute::NodeToSplit& wanted) {
  const compute::BoostingSplit& split = wanted.split;
  const auto missing = static_cast<std::size_t>(x_->table().n_bins(split.feature));
  const bool categorical = x_->table().categorical[static_cast<std::size_t>(split.feature)] != 0;
  LeftTable left{};
  for (std::size_t bin = 0; bin < missing; ++bin) {
    left[bin] = categorical ? split.left_bins[bin / 64] >> (bin % 64) & 1 : static_cast<std::int32_t>(bin) <= split.bin;
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

void CpuBoosting::search_children(const compute::NodeToSplit& wanted, compute::BoostingSplit* found) {
  std::unique_ptr<Histogram> parent = std::move(node(wanted.node).histogram);
  Node* small = &node(wanted.left);
  Node* large = &node(wanted.right);
  if (small->taking_part.count() > large->taking_part.count()) std::swap(small, large);
  if (wanted.search && may_split(*large)) {
    fill(*small);
    const bool packs = stays_packed(large->taking_part.count(), plan_.exact);
    if (packs == parent->packed) {
      subtract(*parent, *small->histogram, *parent);
      large->histogram = std::move(parent);
    } else {
      large->histogram = pool_.take(packs);
      subtract(*parent, *small->histogram, *large->histogram);
    }
    found[0] = search_node(node(wanted.left));
    found[1] = search_node(node(wanted.right));
    if (!may_split(*small)) pool_.give_back(std::move(small->histogram));
  }
  pool_.give_back(std::move(parent));
}

std::vector<compute::BoostingSplit> CpuBoosting::split(std::span<const compute::NodeToSplit> nodes) {
  std::vector<compute::BoostingSplit> found;
  for (const compute::NodeToSplit& wanted : nodes) {
    partition(wanted);
    compute::BoostingSplit pair[2];
    search_children(wanted, pair);
    if (wanted.search) found.insert(found.end(), pair, pair + 2);
  }
  return found;
}

void CpuBoosting::collect_parts(std::int64_t number, std::vector<SegmentRows>& parts) {
  const Node& one = node(number);
  if (one.children[0] < 0) {
    parts.push_back(trees_[one.tree].taking_part.rows(one.taking_part));
    return;
  }
  for (const std::int64_t child : one.children) collect_parts(child, parts);
}

std::vector<formulas::NodeSums> CpuBoosting::leaf_sums(std::span<const std::int64_t> nodes) {
  std::vector<formulas::NodeSums> sums(nodes.size());
  for_each_chunk(threads_, std::ssize(nodes), [&](std::int64_t k, int) {
    std::vector<SegmentRows> parts;
    const std::int64_t number = nodes[static_cast<std::size_t>(k)];
    collect_parts(number, parts);
    sums[static_cast<std::size_t>(k)] = gradients_.sums(trees_[node(number).tree].output, parts);
  });
  return sums;
}

std::vector<double> CpuBoosting::leaf_quantiles(std::span<const std::int64_t> nodes, double q) {
  std::vector<double> quantiles(nodes.size());
  for_each_chunk(threads_, std::ssize(nodes), [&](std::int64_t k, int) {
    std::vector<SegmentRows> parts;
    collect_parts(nodes[static_cast<std::size_t>(k)], parts);
    quantiles[static_cast<std::size_t>(k)] = gradients_.quantile(parts, q);
  });
  return quantiles;
}

void CpuBoosting::add_to(std::int64_t number, double value) {
  const Node& one = node(number);
  if (one.children[0] >= 0) {
    for (const std::int64_t child : one.children) add_to(child, value);
    return;
  }
  const Tree& tree = trees_[one.tree];
  double* scores = gradients_.scores(tree.output);
  for (const SegmentRows& rows : {tree.taking_part.rows(one.taking_part), tree.left_out.rows(one.left_out)}) {
    for (std::int64_t j = 0; j < rows.count; ++j) scores[rows[j]] += value;
  }
}

void CpuBoosting::add(std::span<const compute::LeafValue> leaves) {
  for_each_chunk(threads_, std::ssize(leaves), [&](std::int64_t k, int) {
    const compute::LeafValue& leaf = leaves[static_cast<std::size_t>(k)];
    add_to(leaf.node, leaf.value);
  });
}

}  // namespace forja::cpu
