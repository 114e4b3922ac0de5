#include "boosting/forest_document.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "estimator/model_file.h"

namespace forja::core {
namespace {

using nlohmann::json;

constexpr std::size_t kWords = std::tuple_size_v<decltype(compute::BoostingSplit::left_bins)>;
constexpr std::int64_t kMostBinsOfFile = 255;

template <class Value, class From, class Get>
json column(const std::vector<From>& rows, const Get& get) {
  std::vector<Value> values;
  values.reserve(rows.size());
  for (const From& row : rows) values.push_back(get(row));
  return array_document<Value>(values);
}

/// Bounds as bits: the lowest of a column may be minus infinity.
json table_document(const compute::BinTable& table) {
  return {{"entries", column<std::int64_t>(table.entries, [](double v) { return std::bit_cast<std::int64_t>(v); })},
          {"first", array_document<std::int64_t>(table.first)},
          {"categorical", column<std::int32_t>(table.categorical, [](std::uint8_t flag) { return flag; })}};
}

/// Places in a list of `size`, from 0 to it, not descending.
void require_places(const std::vector<std::int64_t>& places, std::size_t size, std::string_view what) {
  require(!places.empty() && places.front() == 0 && places.back() == static_cast<std::int64_t>(size) &&
              std::is_sorted(places.begin(), places.end()),
          what);
}

template <class T>
compute::BinTable table_from(const json& state) {
  const json& document = member(state, "table");
  require(document.is_object(), "\"table\" is no object");
  compute::BinTable table;
  for (const std::int64_t bits : array_member<std::int64_t>(document, "entries")) {
    table.entries.push_back(std::bit_cast<double>(bits));
  }
  table.first = array_member<std::int64_t>(document, "first");
  for (const std::int32_t flag : array_member<std::int32_t>(document, "categorical")) {
    require(flag == 0 || flag == 1, "\"categorical\" is neither 0 nor 1");
    table.categorical.push_back(static_cast<std::uint8_t>(flag));
  }
  require(table.features() > 0 && std::ssize(table.first) == table.features() + 1, "\"table\" has no columns");
  require_places(table.first, table.entries.size(), "\"first\" of the table does not fit its entries");
  for (std::int64_t f = 0; f < table.features(); ++f) {
    const std::span<const double> values = table.values(f);
    const bool categorical = table.categorical[static_cast<std::size_t>(f)] != 0;
    require(table.n_bins(f) <= kMostBinsOfFile, "\"table\" has too many bins");
    require(std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end() &&
                std::all_of(values.begin(), values.end(),
                            [&](double value) {
                              return categorical ? value >= 0 && value == std::floor(value) && std::isfinite(value)
                                                 : static_cast<double>(static_cast<T>(value)) == value;
                            }),
            "\"entries\" are not numbers of the model's that ascend");
  }
  return table;
}

/// Columns of the nodes as the file has them.
struct NodeColumns {
  explicit NodeColumns(const json& state)
      : feature(array_member<std::int32_t>(state, "feature")),
        left(array_member<std::int32_t>(state, "left")),
        bin(array_member<std::int32_t>(state, "bin")),
        missing_left(array_member<std::int32_t>(state, "missing_left")),
        value(array_member<double>(state, "value")),
        gain(array_member<double>(state, "gain")),
        cover(array_member<double>(state, "cover")),
        count(array_member<std::int64_t>(state, "count")) {
    const std::size_t nodes = feature.size();
    for (const std::size_t size :
         {left.size(), bin.size(), missing_left.size(), value.size(), gain.size(), cover.size(), count.size()}) {
      require(size == nodes, "the nodes' columns are not of one length");
    }
  }

  std::vector<std::int32_t> feature;
  std::vector<std::int32_t> left;
  std::vector<std::int32_t> bin;
  std::vector<std::int32_t> missing_left;
  std::vector<double> value;
  std::vector<double> gain;
  std::vector<double> cover;
  std::vector<std::int64_t> count;
};

void add_node(const NodeColumns& columns, std::size_t i, FittedForest& forest, std::int32_t& categorical_splits) {
  compute::ForestNode& node = forest.nodes.emplace_back();
  ForestNodeFacts& facts = forest.facts.emplace_back();
  node.feature = columns.feature[i];
  node.left = columns.left[i];
  node.value = columns.value[i];
  facts = {columns.gain[i], columns.cover[i], columns.count[i], columns.bin[i]};
  require(facts.gain >= 0 && facts.cover >= 0 && facts.count >= 0, "a node has less than nothing");
  require(columns.missing_left[i] == 0 || columns.missing_left[i] == 1, "\"missing_left\" is neither 0 nor 1");
  node.missing_left = columns.missing_left[i] == 1;
  require(node.feature >= -1 && node.feature < forest.table.features(), "\"feature\" names a column that is not there");
  if (node.feature < 0) return;
  require(node.value == 0, "a split has a value");
  if (forest.table.categorical[static_cast<std::size_t>(node.feature)] != 0) {
    node.categories = categorical_splits++;
    return;
  }
  require(facts.bin >= 0 && facts.bin < forest.table.n_bins(node.feature), "\"bin\" is not one of its feature");
  node.threshold = forest.threshold(node.feature, facts.bin);
}

/// Every node but the root is one node's child, and comes after it.
void require_tree(std::span<const compute::ForestNode> nodes) {
  require(!nodes.empty() && nodes.size() <= std::numeric_limits<std::int32_t>::max(), "a tree has no nodes");
  std::vector<bool> is_child(nodes.size());
  std::size_t children = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].feature < 0) continue;
    const auto left = static_cast<std::size_t>(nodes[i].left);
    require(nodes[i].left > 0 && left > i && left + 1 < nodes.size() && !is_child[left] && !is_child[left + 1],
            "\"left\" is no child");
    is_child[left] = is_child[left + 1] = true;
    children += 2;
  }
  require(children + 1 == nodes.size(), "a node is no node's child");
}

}  // namespace

json forest_document(const FittedForest& forest) {
  using compute::ForestNode;
  using Facts = ForestNodeFacts;
  std::vector<std::int64_t> words;
  for (const auto& bins : forest.left_bins) {
    for (const std::uint64_t word : bins) words.push_back(static_cast<std::int64_t>(word));
  }
  return {
      {"table", table_document(forest.table)},
      {"trees", array_document<std::int64_t>(forest.first)},
      {"feature", column<std::int32_t>(forest.nodes, [](const ForestNode& node) { return node.feature; })},
      {"left", column<std::int32_t>(forest.nodes, [](const ForestNode& node) { return node.left; })},
      {"bin", column<std::int32_t>(forest.facts, [](const Facts& facts) { return facts.bin; })},
      {"missing_left", column<std::int32_t>(forest.nodes, [](const ForestNode& node) { return node.missing_left; })},
      {"value", column<double>(forest.nodes, [](const ForestNode& node) { return node.value; })},
      {"gain", column<double>(forest.facts, [](const Facts& facts) { return facts.gain; })},
      {"cover", column<double>(forest.facts, [](const Facts& facts) { return facts.cover; })},
      {"count", column<std::int64_t>(forest.facts, [](const Facts& facts) { return facts.count; })},
      {"left_bins", array_document<std::int64_t>(words)},
      {"baseline", array_document<double>(forest.baseline)}};
}

template <class T>
FittedForest forest_from(const json& state, std::int64_t outputs) {
  FittedForest forest;
  forest.table = table_from<T>(state);
  forest.baseline = array_member<double>(state, "baseline");
  require(std::ssize(forest.baseline) == outputs, "\"baseline\" does not fit the classes");
  forest.first = array_member<std::int64_t>(state, "trees");
  const NodeColumns columns(state);
  require_places(forest.first, columns.feature.size(), "\"trees\" does not fit the nodes");
  require(forest.trees() > 0 && forest.trees() % outputs == 0, "\"trees\" are not as many for each output");
  std::int32_t categorical_splits = 0;
  for (std::size_t i = 0; i < columns.feature.size(); ++i) add_node(columns, i, forest, categorical_splits);
  const std::vector<std::int64_t> words = array_member<std::int64_t>(state, "left_bins");
  require(words.size() == kWords * static_cast<std::size_t>(categorical_splits),
          "\"left_bins\" does not fit the splits");
  for (std::size_t i = 0; i < words.size(); i += kWords) {
    auto& bins = forest.left_bins.emplace_back();
    for (std::size_t w = 0; w < kWords; ++w) bins[w] = static_cast<std::uint64_t>(words[i + w]);
  }
  const std::span<const compute::ForestNode> nodes = forest.nodes;
  for (std::int64_t t = 0; t < forest.trees(); ++t) {
    const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t)]);
    require_tree(nodes.subspan(first, static_cast<std::size_t>(forest.first[static_cast<std::size_t>(t) + 1]) - first));
  }
  return forest;
}

template FittedForest forest_from<float>(const json&, std::int64_t);
template FittedForest forest_from<double>(const json&, std::int64_t);

}  // namespace forja::core
