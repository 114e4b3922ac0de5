#include "svm/svc_folds.h"

#include <algorithm>

#include "forja/metrics.h"
#include "svm/pair_votes.h"

namespace forja::core {

template <class T>
SvcFold svc_fold(std::string_view call, const SVCOptions& options, SplitRows rows, std::span<const std::int32_t> y,
                 std::span<const T> sample_weight) {
  const std::vector<std::int32_t> labels = take_rows(y, rows.train);
  const std::vector<T> weight = sample_weight.empty() ? std::vector<T>() : take_rows(sample_weight, rows.train);
  const ClassRows own = weighed_rows(call, options, labels, std::span<const T>(weight));
  SvcFold fold{std::move(rows), {own.classes, {}, std::vector<double>(y.size())}};
  for (std::size_t k = 0; k < labels.size(); ++k) {
    fold.classes.weight[static_cast<std::size_t>(fold.rows.train[k])] = own.weight[k];
  }
  for (std::size_t c = 0; c < own.classes.size(); ++c) {
    std::vector<std::int64_t> all;
    for (const std::int64_t k : own.rows[c]) all.push_back(fold.rows.train[static_cast<std::size_t>(k)]);
    for (const std::int64_t row : fold.rows.test) {
      if (y[static_cast<std::size_t>(row)] == own.classes[c]) all.push_back(row);
    }
    std::sort(all.begin(), all.end());
    fold.classes.rows.push_back(std::move(all));
  }
  return fold;
}

std::vector<compute::SvmProblem> fold_problems(const SvcFold& fold, double C) {
  std::vector<compute::SvmProblem> problems;
  for (const auto& [a, b] : class_pairs(std::ssize(fold.classes.classes))) {
    compute::SvmProblem problem = c_problem(fold.classes, a, b, C);
    const std::vector<std::int64_t> pair = problem.rows;  // ascending
    for (const std::int64_t row : fold.rows.test) {
      if (!std::binary_search(pair.begin(), pair.end(), row)) problem.rows.push_back(row);
    }
    for (std::vector<double>* of_variable : {&problem.linear, &problem.lower, &problem.upper}) {
      of_variable->resize(problem.rows.size());
    }
    problems.push_back(std::move(problem));
  }
  return problems;
}

void start_from(std::span<compute::SvmProblem> problems, std::span<const compute::SvmProblem> before,
                std::span<const SvmEnd> ends) {
  for (std::size_t p = 0; p < problems.size(); ++p) {
    compute::SvmProblem& own = problems[p];
    own.start.resize(own.rows.size());
    for (std::size_t v = 0; v < own.rows.size(); ++v) {
      const double b = ends[p].b[v];
      if (b == 0) continue;
      const bool up = b > 0;
      const double last = up ? before[p].upper[v] : before[p].lower[v];
      const double bound = up ? own.upper[v] : own.lower[v];
      own.start[v] = b == last ? bound : std::clamp(b * (bound / last), own.lower[v], own.upper[v]);
    }
  }
}

template <class T>
double fold_accuracy(const SvcFold& fold, std::span<const compute::SvmProblem> problems, std::span<const SvmEnd> ends,
                     std::span<const std::int32_t> y, bool break_ties) {
  const auto& held = fold.rows.test;
  const double sign = problems.size() == 1 ? -1 : 1;  // the one machine of two classes is positive for the second
  Matrix<T> decisions(std::ssize(held), std::ssize(problems));
  for (std::size_t p = 0; p < problems.size(); ++p) {
    const auto& rows = problems[p].rows;
    for (std::size_t v = 0; v < rows.size(); ++v) {
      const auto found = std::lower_bound(held.begin(), held.end(), rows[v]);
      if (found == held.end() || *found != rows[v]) continue;
      decisions(found - held.begin(), static_cast<std::int64_t>(p)) = static_cast<T>(sign * ends[p].decisions[v]);
    }
  }
  return accuracy_score(take_rows(y, held), voted_labels(decisions, fold.classes.classes, break_ties));
}

#define FORJA_INSTANTIATE(T)                                                                                      \
  template SvcFold svc_fold(std::string_view, const SVCOptions&, SplitRows, std::span<const std::int32_t>,        \
                            std::span<const T>);                                                                  \
  template double fold_accuracy<T>(const SvcFold&, std::span<const compute::SvmProblem>, std::span<const SvmEnd>, \
                                   std::span<const std::int32_t>, bool);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
