#include "kmeans/lloyd.h"

#include <numeric>
#include <vector>

namespace forja::core {
namespace {

/// Gives the rows farthest from their centres to the empty clusters; a row that lies on its centre would only be a
/// duplicate, so the cluster stays empty. Returns how many rows moved.
template <class T>
std::size_t fill_empty_clusters(compute::KMeansCompute<T>& rows, compute::KMeansPass& pass) {
  std::vector<compute::RowToCluster> moves;
  for (const compute::FarRow& far : rows.farthest_rows(std::ssize(pass.empty))) {
    if (far.distance > 0) moves.push_back({far.row, pass.empty[moves.size()]});
  }
  if (!moves.empty()) pass.shift = rows.relabel(moves);
  return moves.size();
}

}  // namespace

double largest_shift(double tol, const compute::ColumnMoments& moments) {
  if (moments.variance.empty()) return 0;
  const double sum = std::accumulate(moments.variance.begin(), moments.variance.end(), 0.0);
  return tol * (sum / static_cast<double>(moments.variance.size()));
}

template <class T>
LloydEnd run_lloyd(compute::KMeansCompute<T>& rows, const LloydRules& rules, const Watch& watch) {
  LloydEnd end;
  bool labels_stayed = false;
  while (!end.converged && end.n_iter < rules.max_iter) {
    compute::KMeansPass pass = rows.assign();
    const std::size_t moved = pass.empty.empty() ? 0 : fill_empty_clusters(rows, pass);
    end.shift = pass.shift;
    ++end.n_iter;
    watch.tell(end.n_iter, pass.inertia);
    labels_stayed = end.n_iter > 1 && pass.changed == 0 && moved == 0;
    end.converged = labels_stayed || pass.shift <= rules.max_shift;
    if (!labels_stayed) rows.update();
  }
  if (!labels_stayed) rows.assign();
  end.inertia = rows.inertia();
  return end;
}

template LloydEnd run_lloyd(compute::KMeansCompute<float>&, const LloydRules&, const Watch&);
template LloydEnd run_lloyd(compute::KMeansCompute<double>&, const LloydRules&, const Watch&);

}  // namespace forja::core
