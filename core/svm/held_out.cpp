#include "svm/held_out.h"

#include <algorithm>
#include <cmath>

#include "data/random_order.h"
#include "model_selection/k_fold.h"

namespace forja::core {
namespace {

constexpr std::int64_t kHeldOutFolds = 5;
/// What chance is spent on; the streams of splits are others.
constexpr std::uint64_t kHeldOutStream = 24;

bool weighs_something(const ClassRows& rows, std::int64_t c) {
  const auto& own = rows.rows[static_cast<std::size_t>(c)];
  return std::any_of(own.begin(), own.end(),
                     [&](std::int64_t row) { return rows.weight[static_cast<std::size_t>(row)] > 0; });
}

}  // namespace

HeldOut hold_out(const ClassRows& rows, std::uint64_t seed) {
  std::vector<std::int64_t> counted;
  HeldOut held;
  held.fold.resize(rows.weight.size(), -1);
  for (const auto& own : rows.rows) counted.insert(counted.end(), own.begin(), own.end());
  std::sort(counted.begin(), counted.end());
  std::vector<std::int32_t> label(rows.weight.size());
  for (std::size_t c = 0; c < rows.rows.size(); ++c) {
    for (const std::int64_t row : rows.rows[c]) label[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(c);
  }
  DenseLabels labels{rows.classes, {}};
  for (const std::int64_t row : counted) labels.place.push_back(label[static_cast<std::size_t>(row)]);
  const std::vector<std::int64_t> folds =
      deal_folds(labels, kHeldOutFolds, random_order(std::ssize(counted), seed, kHeldOutStream));
  held.left.assign(kHeldOutFolds, rows);
  for (std::size_t k = 0; k < counted.size(); ++k) {
    const auto row = static_cast<std::size_t>(counted[k]);
    held.fold[row] = folds[k];
    held.left[static_cast<std::size_t>(folds[k])].weight[row] = 0;
  }
  return held;
}

std::vector<Sigmoid> pair_sigmoids(const HeldOut& held, std::span<const compute::SvmProblem> problems,
                                   std::span<const SvmEnd> ends) {
  const auto pairs = class_pairs(std::ssize(held.left.front().classes));
  std::vector<Sigmoid> found;
  for (std::size_t pair = 0; pair < pairs.size(); ++pair) {
    std::vector<double> decisions;
    std::vector<bool> positive;
    for (std::size_t f = 0; f < held.left.size(); ++f) {
      const ClassRows& left = held.left[f];
      const auto& of_first = left.rows[static_cast<std::size_t>(pairs[pair].first)];
      const bool first = weighs_something(left, pairs[pair].first);
      const bool second = weighs_something(left, pairs[pair].second);
      const compute::SvmProblem& problem = problems[f * pairs.size() + pair];
      const SvmEnd& end = ends[f * pairs.size() + pair];
      for (std::size_t v = 0; v < problem.rows.size(); ++v) {
        if (held.fold[static_cast<std::size_t>(problem.rows[v])] != static_cast<std::int64_t>(f)) continue;
        // Of a class that is alone all rows are, as libsvm has it; where nothing was learned, no row is either's.
        const double alone = (first ? 1 : 0) - (second ? 1 : 0);
        const bool learned = first && second && std::isfinite(end.decisions[v]);
        decisions.push_back(learned ? end.decisions[v] : alone);
        positive.push_back(std::binary_search(of_first.begin(), of_first.end(), problem.rows[v]));
      }
    }
    found.push_back(fit_sigmoid(decisions, positive));
  }
  return found;
}

}  // namespace forja::core
