#include "linear/dual_descent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "forja/error.h"

namespace forja::core {
namespace {

/// Epochs before a first measure, which costs about two; later rounds are a quarter of what came before.
constexpr std::int64_t kFirstRound = 4;

double square_of(std::span<const double> w) { return std::inner_product(w.begin(), w.end(), w.begin(), 0.0); }

}  // namespace

template <class T>
DualEnd descend_dual(std::string_view call, compute::DualCompute<T>& rows, std::int64_t outputs, const DualRules& rules,
                     const Watch& watch) {
  std::vector<std::int64_t> open(static_cast<std::size_t>(outputs));
  std::iota(open.begin(), open.end(), 0);
  DualEnd end;
  while (!open.empty() && end.n_iter < rules.max_iter) {
    const std::int64_t epochs = std::min(std::max(kFirstRound, end.n_iter / 4), rules.max_iter - end.n_iter);
    rows.run(end.n_iter, epochs, open);
    end.n_iter += epochs;
    compute::DualState state = rows.measure();
    open.clear();
    end.objective = 0;
    end.dual_gap = 0;
    for (std::int64_t c = 0; c < outputs; ++c) {
      const auto output = static_cast<std::size_t>(c);
      const double square = square_of(state.weights.row(c));
      const double objective = 0.5 * square + state.losses[output];
      // Below 0 by roundings only.
      const double gap = std::max(0.0, square + state.losses[output] + state.dual_values[output]);
      end.objective += objective;
      end.dual_gap = std::max(end.dual_gap, gap);
      if (gap > rules.tol * objective) open.push_back(c);
    }
    if (!std::isfinite(end.objective + end.dual_gap)) {
      throw InvalidArgument(
          fmt::format("{}: the objective is not finite after {} epochs: scale the columns of x or take "
                      "a smaller C",
                      call, end.n_iter));
    }
    end.weights = std::move(state.weights);
    watch.tell(end.n_iter, end.objective);
  }
  end.converged = open.empty();
  return end;
}

#define FORJA_INSTANTIATE(T)                                                                                \
  template DualEnd descend_dual(std::string_view, compute::DualCompute<T>&, std::int64_t, const DualRules&, \
                                const Watch&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
