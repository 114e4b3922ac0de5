#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "data/random_order.h"
#include "forja/inspection.h"

namespace forja {
namespace {

constexpr std::uint64_t kShuffles = std::uint64_t{1} << 48;

template <class T>
PermutationImportance importance(const std::function<double(MatrixView<const T>)>& score, MatrixView<const T> x,
                                 const PermutationImportanceOptions& options) {
  if (options.n_repeats < 1) {
    throw InvalidArgument(
        fmt::format("permutation_importance: n_repeats = {} but it must be at least 1", options.n_repeats));
  }
  if (x.empty())
    throw InvalidArgument(fmt::format("permutation_importance: x is empty ({} x {})", x.rows(), x.columns()));
  const std::int64_t n = x.rows();
  const std::int64_t d = x.columns();
  PermutationImportance found{Matrix<double>(d, options.n_repeats), {}, {}};
  const double intact = score(x);
  Matrix<T> rows(x);
  for (std::int64_t f = 0; f < d; ++f) {
    for (std::int64_t repeat = 0; repeat < options.n_repeats; ++repeat) {
      const auto stream = kShuffles + static_cast<std::uint64_t>(repeat * d + f);
      const std::vector<std::int64_t> order = core::random_order(n, options.seed, stream);
      for (std::int64_t i = 0; i < n; ++i) rows(i, f) = x(order[static_cast<std::size_t>(i)], f);
      found.importances(f, repeat) = intact - score(rows.view());
    }
    for (std::int64_t i = 0; i < n; ++i) rows(i, f) = x(i, f);

    const auto falls = found.importances.row(f);
    const auto count = static_cast<double>(options.n_repeats);
    const double mean = std::accumulate(falls.begin(), falls.end(), 0.0) / count;
    double squares = 0;
    for (const double fall : falls) squares += (fall - mean) * (fall - mean);
    found.importances_mean.push_back(mean);
    found.importances_std.push_back(std::sqrt(squares / count));
  }
  return found;
}

}  // namespace

PermutationImportance permutation_importance(const std::function<double(MatrixView<const float>)>& score,
                                             MatrixView<const float> x, const PermutationImportanceOptions& options) {
  return importance(score, x, options);
}
PermutationImportance permutation_importance(const std::function<double(MatrixView<const double>)>& score,
                                             MatrixView<const double> x, const PermutationImportanceOptions& options) {
  return importance(score, x, options);
}

}  // namespace forja
