#include "kmeans/silhouette.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "kmeans/rows_in_double.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// All rows by their labels, so that most vectors of a packed panel have one label.
class ByLabel {
 public:
  ByLabel(std::span<const std::int32_t> labels, std::int64_t k)
      : sizes_(static_cast<std::size_t>(k)), order_(labels.size()), labels_(labels.size()) {
    for (const std::int32_t label : labels) ++sizes_[static_cast<std::size_t>(label)];
    std::vector<std::int64_t> next(sizes_.size());
    std::exclusive_scan(sizes_.begin(), sizes_.end(), next.begin(), std::int64_t{0});
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(labels[i])]++);
      order_[place] = static_cast<std::int64_t>(i);
      labels_[place] = labels[i];
    }
  }

  double size(std::size_t label) const { return static_cast<double>(sizes_[label]); }
  std::int64_t row(std::int64_t place) const { return order_[static_cast<std::size_t>(place)]; }

  /// Adds the distances to the rows at places `first` on to their clusters' sums.
  void add(const double* distances, std::int64_t first, std::int64_t count, double* sums) const {
    const std::int32_t* labels = labels_.data() + first;
    if (labels[0] == labels[count - 1]) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (std::int64_t i = 0; i < count; ++i) sum += distances[i];
      sums[labels[0]] += sum;
    } else {
      for (std::int64_t i = 0; i < count; ++i) sums[labels[i]] += distances[i];
    }
  }

 private:
  std::vector<std::int64_t> sizes_;
  std::vector<std::int64_t> order_;
  std::vector<std::int32_t> labels_;
};

/// From the sums of a row's distances to each cluster.
double silhouette(const ByLabel& rows, const double* sums, std::size_t k, std::size_t own) {
  if (rows.size(own) <= 1) return 0;
  const double inside = sums[own] / (rows.size(own) - 1);
  double outside = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < k; ++c) {
    if (c != own) outside = std::min(outside, sums[c] / rows.size(c));
  }
  const double larger = std::max(inside, outside);
  return larger > 0 ? (outside - inside) / larger : 0;
}

}  // namespace

template <class T>
std::vector<double> silhouette_samples(MatrixView<const T> x, std::span<const std::int32_t> labels, std::int64_t k,
                                       int threads) {
  using Panels = RowsInDouble::Panels;
  const std::int64_t n = x.rows();
  const ByLabel by_label(labels, k);
  std::vector<double> samples(labels.size());
  const Chunks chunks{n, RowsInDouble::block_rows(x.columns())};
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    RowsInDouble rows(count, x.columns());
    for (std::int64_t i = 0; i < count; ++i) rows.set(i, x.row(first + i).data());
    std::vector<double> sums(static_cast<std::size_t>(count * k));
    Panels panel;
    for (std::int64_t place = 0; place < n; place += Panels::kPanelWidth) {
      const std::int64_t others = std::min(Panels::kPanelWidth, n - place);
      panel.pack(others, x.columns(), [&](std::int64_t i) { return x.row(by_label.row(place + i)).data(); });
      rows.roots(panel, 0, [&](std::int64_t i, const double* distances, std::int64_t) {
        by_label.add(distances, place, others, sums.data() + i * k);
      });
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = static_cast<std::size_t>(first + i);
      samples[row] =
          silhouette(by_label, sums.data() + i * k, static_cast<std::size_t>(k), static_cast<std::size_t>(labels[row]));
    }
  });
  return samples;
}

template std::vector<double> silhouette_samples(MatrixView<const float>, std::span<const std::int32_t>, std::int64_t,
                                                int);
template std::vector<double> silhouette_samples(MatrixView<const double>, std::span<const std::int32_t>, std::int64_t,
                                                int);

}  // namespace forja::cpu
