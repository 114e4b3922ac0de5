#include "svm/class_pairs.h"

#include <fmt/format.h>

#include "forja/error.h"

namespace forja::core {

template <class T>
ClassRows class_rows(std::string_view call, std::span<const std::int32_t> y, std::span<const T> sample_weight) {
  DenseLabels labels = dense_labels(y);
  if (labels.classes.size() < 2) {
    throw InvalidArgument(
        fmt::format("{}: y has 1 class, {}, but at least 2 are needed", call, labels.classes.front()));
  }
  ClassRows found;
  found.rows.resize(labels.classes.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    found.weight.push_back(sample_weight.empty() ? 1 : static_cast<double>(sample_weight[i]));
    if (found.weight.back() > 0) {
      found.rows[static_cast<std::size_t>(labels.place[i])].push_back(static_cast<std::int64_t>(i));
    }
  }
  for (std::size_t c = 0; c < found.rows.size(); ++c) {
    if (found.rows[c].empty()) {
      throw InvalidArgument(fmt::format("{}: the rows of class {} weigh 0", call, labels.classes[c]));
    }
  }
  found.classes = std::move(labels.classes);
  return found;
}

std::vector<std::pair<std::int64_t, std::int64_t>> class_pairs(std::int64_t classes) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (std::int64_t a = 0; a < classes; ++a) {
    for (std::int64_t b = a + 1; b < classes; ++b) pairs.emplace_back(a, b);
  }
  return pairs;
}

PairSupport pair_support(const ClassRows& rows, std::span<const compute::SvmProblem> problems,
                         std::span<const SvmEnd> ends) {
  const std::int64_t classes = std::ssize(rows.classes);
  std::vector<char> used(rows.weight.size());
  for (std::size_t p = 0; p < ends.size(); ++p) {
    for (std::size_t v = 0; v < ends[p].b.size(); ++v) {
      if (ends[p].b[v] != 0) used[static_cast<std::size_t>(problems[p].rows[v])] = 1;
    }
  }
  PairSupport found;
  std::vector<std::int64_t> place(rows.weight.size());
  std::vector<std::int64_t> class_of(rows.weight.size());
  for (std::size_t c = 0; c < rows.rows.size(); ++c) {
    const std::int64_t before = std::ssize(found.support);
    for (const std::int64_t row : rows.rows[c]) {
      class_of[static_cast<std::size_t>(row)] = static_cast<std::int64_t>(c);
      if (!used[static_cast<std::size_t>(row)]) continue;
      place[static_cast<std::size_t>(row)] = std::ssize(found.support);
      found.support.push_back(row);
    }
    found.n_support.push_back(std::ssize(found.support) - before);
  }
  const double sign = classes == 2 ? -1 : 1;
  found.dual_coef = Matrix<double>(classes - 1, std::ssize(found.support));
  const auto pairs = class_pairs(classes);
  for (std::size_t p = 0; p < ends.size(); ++p) {
    for (std::size_t v = 0; v < ends[p].b.size(); ++v) {
      const auto row = static_cast<std::size_t>(problems[p].rows[v]);
      if (ends[p].b[v] == 0) continue;
      const std::int64_t against = class_of[row] == pairs[p].first ? pairs[p].second - 1 : pairs[p].first;
      found.dual_coef(against, place[row]) = sign * ends[p].b[v];
    }
    found.intercept.push_back(-sign * ends[p].rho);
    found.objective.push_back(ends[p].objective);
  }
  return found;
}

template ClassRows class_rows(std::string_view, std::span<const std::int32_t>, std::span<const float>);
template ClassRows class_rows(std::string_view, std::span<const std::int32_t>, std::span<const double>);

}  // namespace forja::core
