#include "kmeans/silhouette.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "formulas/kmeans_formulas.h"
#include "runtime/threads.h"

namespace forja::cpu {

template <class T>
std::vector<double> silhouette_samples(MatrixView<const T> x, std::span<const std::int32_t> labels, std::int64_t k,
                                       int threads) {
  std::vector<double> sizes(static_cast<std::size_t>(k));
  for (const std::int32_t label : labels) ++sizes[static_cast<std::size_t>(label)];
  std::vector<double> samples(labels.size());
  const Chunks chunks{x.rows(), 16};
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    std::vector<double> sums(static_cast<std::size_t>(k));
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::int64_t other = 0; other < x.rows(); ++other) {
        const double square = formulas::exact_distance(x.row(i).data(), x.row(other).data(), x.columns());
        sums[static_cast<std::size_t>(labels[static_cast<std::size_t>(other)])] += std::sqrt(square);
      }
      const auto own = static_cast<std::size_t>(labels[static_cast<std::size_t>(i)]);
      if (sizes[own] <= 1) continue;
      const double inside = sums[own] / (sizes[own] - 1);
      double outside = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < sums.size(); ++c) {
        if (c != own) outside = std::min(outside, sums[c] / sizes[c]);
      }
      const double larger = std::max(inside, outside);
      samples[static_cast<std::size_t>(i)] = larger > 0 ? (outside - inside) / larger : 0;
    }
  });
  return samples;
}

template std::vector<double> silhouette_samples(MatrixView<const float>, std::span<const std::int32_t>, std::int64_t,
                                                int);
template std::vector<double> silhouette_samples(MatrixView<const double>, std::span<const std::int32_t>, std::int64_t,
                                                int);

}  // namespace forja::cpu
