#include "boosting/leaves.h"

#include <bit>
#include <unordered_map>

#include "boosting/growing_buffer.h"
#include "boosting/leaf_kernels.cuh"
#include "runtime/launch.h"

namespace forja::cuda {
namespace {

/// Trees down to the leaves that are added, flattened.
struct Walk {
  std::vector<WalkNode> nodes;
  std::vector<WalkTree> trees;
};

void add_tree(const Growth& growth, std::int64_t tree, const std::unordered_map<std::int64_t, double>& values,
              Walk& walk) {
  const auto root = static_cast<std::int32_t>(walk.nodes.size());
  walk.trees.push_back({root, static_cast<std::int32_t>(growth.output(tree))});
  std::vector<std::int64_t> numbers{tree};
  walk.nodes.emplace_back();
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    WalkNode own{};
    if (const auto leaf = values.find(numbers[k]); leaf != values.end()) {
      own.feature = -1;
      own.value = leaf->second;
    } else {
      const GrownNode& node = growth.node(numbers[k]);
      own.left = node.left_bins;
      own.feature = node.feature;
      own.children = static_cast<std::int32_t>(walk.nodes.size());
      numbers.push_back(node.left);
      numbers.push_back(node.right);
      walk.nodes.resize(walk.nodes.size() + 2);
    }
    walk.nodes[static_cast<std::size_t>(root) + k] = own;
  }
}

}  // namespace

std::int64_t Leaves::put_tasks(std::span<const std::int64_t> nodes) {
  std::vector<LeafTask> tasks;
  std::int64_t pieces = 0;
  for (const std::int64_t number : nodes) {
    const GrownNode& node = growth_->node(number);
    tasks.push_back({growth_->rows(node), node.count, pieces, growth_->output(node.tree)});
    pieces += pieces_of(node.count);
  }
  put(*context_, tasks_, std::span<const LeafTask>(tasks));
  return pieces;
}

std::vector<formulas::NodeSums> Leaves::sums(std::span<const std::int64_t> nodes) {
  std::vector<formulas::NodeSums> found(nodes.size());
  const std::int64_t count = std::ssize(nodes);
  const std::int64_t pieces = put_tasks(nodes);
  grow(*context_, sums_, count);
  grow(*context_, found_, count);
  sums_.fill_bytes(0);
  launch(sum_leaves, blocks(pieces), dim3(kBoostThreads), 0, context_->stream(), tasks_.data(), count,
         gradients_->view(), x_->rows(), sums_.data());
  launch(finish_leaves, blocks((count + kWarp - 1) / kWarp), dim3(kWarp), 0, context_->stream(), tasks_.data(), count,
         gradients_->view().scales, sums_.data(), found_.data());
  found_.download(found);
  return found;
}

std::vector<double> Leaves::quantiles(std::span<const std::int64_t> nodes, double q) {
  std::vector<double> found(nodes.size());
  put_tasks(nodes);
  grow(*context_, quantiles_, std::ssize(nodes));
  launch(find_quantiles, blocks(std::ssize(nodes)), dim3(kBoostThreads), 0, context_->stream(), tasks_.data(),
         gradients_->targets(), gradients_->scores(), gradients_->weight_scale(), q, quantiles_.data());
  quantiles_.download(found);
  return found;
}

void Leaves::add(std::span<const compute::LeafValue> leaves) {
  std::unordered_map<std::int64_t, double> values;
  for (const compute::LeafValue& leaf : leaves) values[leaf.node] = leaf.value;
  Walk walk;
  std::vector<bool> there;
  for (const compute::LeafValue& leaf : leaves) {
    const std::int64_t tree = growth_->node(leaf.node).tree;
    there.resize(std::max(there.size(), static_cast<std::size_t>(tree) + 1));
    if (!there[static_cast<std::size_t>(tree)]) add_tree(*growth_, tree, values, walk);
    there[static_cast<std::size_t>(tree)] = true;
  }
  this->walk(walk.nodes, walk.trees);
}

void Leaves::add_trees(std::span<const compute::BinnedNode> nodes, std::span<const compute::BinnedTree> trees) {
  Walk walk;
  for (const compute::BinnedNode& node : nodes) {
    walk.nodes.push_back({std::bit_cast<BinMask>(node.left_bins), node.value, node.feature, node.left});
  }
  for (const compute::BinnedTree& tree : trees) walk.trees.push_back({tree.root, tree.output});
  this->walk(walk.nodes, walk.trees);
}

void Leaves::walk(std::span<const WalkNode> nodes, std::span<const WalkTree> trees) {
  put(*context_, walk_nodes_, nodes);
  put(*context_, walk_trees_, trees);
  const BinsView bins = x_->view();
  launch(add_leaves, blocks(boost_blocks(bins.n)), dim3(kBoostThreads), 0, context_->stream(), bins, walk_nodes_.data(),
         walk_trees_.data(), std::ssize(trees), gradients_->targets().outputs, gradients_->scores());
}

}  // namespace forja::cuda
