#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>

#include "data/random_order.h"
#include "estimator/dense_labels.h"
#include "estimator/parameter_table.h"
#include "forja/error.h"
#include "forja/model_selection.h"
#include "model_selection/k_fold.h"

namespace forja {
namespace {

/// What chance is spent on; the streams of train_test_split are others.
enum FoldStream : std::uint64_t { kFoldOrder = 16, kStratifiedFoldOrder = 17 };

const core::ParameterTable<KFoldOptions>& table() {
  using Options = KFoldOptions;
  static const core::ParameterTable<Options> table = core::ParameterTable<Options>()
                                                         .integer("n_splits", &Options::n_splits, 2)
                                                         .boolean("shuffle", &Options::shuffle)
                                                         .seed("seed", &Options::seed);
  return table;
}

void check(std::string_view call, const KFoldOptions& options, std::int64_t rows) {
  table().check(call, options);
  if (rows < options.n_splits) {
    throw InvalidArgument(fmt::format("{}: n_splits = {} but there are {} rows", call, options.n_splits, rows));
  }
}

std::vector<std::int64_t> row_order(std::int64_t rows, const KFoldOptions& options, FoldStream stream) {
  if (options.shuffle) return core::random_order(rows, options.seed, stream);
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

/// Both parts of each fold, fold[i] being that of row i.
std::vector<SplitRows> parts(const std::vector<std::int64_t>& fold, std::int64_t n_splits) {
  std::vector<SplitRows> folds(static_cast<std::size_t>(n_splits));
  for (std::size_t row = 0; row < fold.size(); ++row) {
    for (std::int64_t f = 0; f < n_splits; ++f) {
      SplitRows& split = folds[static_cast<std::size_t>(f)];
      (f == fold[row] ? split.test : split.train).push_back(static_cast<std::int64_t>(row));
    }
  }
  return folds;
}

/// How many rows each label has.
std::vector<std::int64_t> row_counts(const core::DenseLabels& labels) {
  std::vector<std::int64_t> counts(labels.classes.size());
  for (const std::int32_t place : labels.place) ++counts[static_cast<std::size_t>(place)];
  return counts;
}

}  // namespace

std::vector<std::int64_t> core::deal_folds(const DenseLabels& labels, std::int64_t n_splits,
                                           std::span<const std::int64_t> order) {
  const std::vector<std::int64_t> counts = row_counts(labels);
  // Rows sorted by label are dealt out in turn: so many of each label go to each fold, and which is the order's choice.
  Matrix<std::int64_t> left(std::ssize(counts), n_splits);
  std::int64_t dealt = 0;
  for (std::int64_t c = 0; c < left.rows(); ++c) {
    for (std::int64_t i = 0; i < counts[static_cast<std::size_t>(c)]; ++i) ++left(c, dealt++ % n_splits);
  }
  std::vector<std::int64_t> fold(labels.place.size());
  std::vector<std::int64_t> next(counts.size());  // each label's fold that is being filled
  for (const std::int64_t row : order) {
    const std::int32_t label = labels.place[static_cast<std::size_t>(row)];
    std::int64_t& filling = next[static_cast<std::size_t>(label)];
    while (left(label, filling) == 0) ++filling;
    --left(label, filling);
    fold[static_cast<std::size_t>(row)] = filling;
  }
  return fold;
}

std::vector<SplitRows> KFold::split(std::int64_t n_rows) const {
  check("KFold::split", options_, n_rows);
  const std::vector<std::int64_t> order = row_order(n_rows, options_, kFoldOrder);
  std::vector<std::int64_t> fold(order.size());
  const std::int64_t least = n_rows / options_.n_splits;
  const std::int64_t greater = n_rows % options_.n_splits;  // so many folds have one row more
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const std::int64_t in_greater = greater * (least + 1);
    fold[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] =
        i < in_greater ? i / (least + 1) : greater + (i - in_greater) / least;
  }
  return parts(fold, options_.n_splits);
}

std::vector<SplitRows> StratifiedKFold::split(std::span<const std::int32_t> labels) const {
  constexpr std::string_view kCall = "StratifiedKFold::split";
  check(kCall, options_, std::ssize(labels));
  const core::DenseLabels dense = core::dense_labels(labels);
  const std::vector<std::int64_t> counts = row_counts(dense);
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] < options_.n_splits) {
      throw InvalidArgument(fmt::format("{}: n_splits = {} but label {} has {} rows", kCall, options_.n_splits,
                                        dense.classes[c], counts[c]));
    }
  }
  const std::vector<std::int64_t> order = row_order(std::ssize(labels), options_, kStratifiedFoldOrder);
  return parts(core::deal_folds(dense, options_.n_splits, order), options_.n_splits);
}

}  // namespace forja
