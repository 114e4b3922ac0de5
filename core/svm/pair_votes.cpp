#include "svm/pair_votes.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace forja::core {
namespace {

/// Calls take(a, b, pair) for each pair of classes.
template <class Take>
void for_each_pair(std::int64_t classes, const Take& take) {
  std::int64_t pair = 0;
  for (std::int64_t a = 0; a < classes; ++a) {
    for (std::int64_t b = a + 1; b < classes; ++b) take(a, b, pair++);
  }
}

template <class T>
Matrix<T> votes_of(const Matrix<T>& pairs, std::int64_t classes) {
  Matrix<T> votes(pairs.rows(), classes);
  for (std::int64_t i = 0; i < pairs.rows(); ++i) {
    for_each_pair(
        classes, [&](std::int64_t a, std::int64_t b, std::int64_t pair) { votes(i, pairs(i, pair) > 0 ? a : b) += 1; });
  }
  return votes;
}

}  // namespace

template <class T>
Matrix<T> one_against_rest(const Matrix<T>& pairs, std::int64_t classes) {
  Matrix<T> out(pairs.rows(), classes);
  std::vector<double> margin(static_cast<std::size_t>(classes));
  for (std::int64_t i = 0; i < pairs.rows(); ++i) {
    std::fill(margin.begin(), margin.end(), 0.0);
    for_each_pair(classes, [&](std::int64_t a, std::int64_t b, std::int64_t pair) {
      const auto decision = static_cast<double>(pairs(i, pair));
      margin[static_cast<std::size_t>(a)] += decision;
      margin[static_cast<std::size_t>(b)] -= decision;
      out(i, decision < 0 ? b : a) += 1;
    });
    for (std::int64_t c = 0; c < classes; ++c) {
      const double own = margin[static_cast<std::size_t>(c)];
      out(i, c) += static_cast<T>(own / (3 * (std::fabs(own) + 1)));
    }
  }
  return out;
}

template <class T>
std::vector<std::int32_t> voted_labels(const Matrix<T>& pairs, std::span<const std::int32_t> classes, bool margins) {
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(pairs.rows()));
  if (classes.size() == 2) {
    for (std::int64_t i = 0; i < pairs.rows(); ++i) labels.push_back(classes[pairs(i, 0) > 0 ? 1 : 0]);
    return labels;
  }
  const std::int64_t count = std::ssize(classes);
  const Matrix<T> found = margins ? one_against_rest(pairs, count) : votes_of(pairs, count);
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    const std::span<const T> row = found.row(i);
    labels.push_back(classes[static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin())]);
  }
  return labels;
}

#define FORJA_INSTANTIATE(T)                                           \
  template Matrix<T> one_against_rest(const Matrix<T>&, std::int64_t); \
  template std::vector<std::int32_t> voted_labels(const Matrix<T>&, std::span<const std::int32_t>, bool);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
