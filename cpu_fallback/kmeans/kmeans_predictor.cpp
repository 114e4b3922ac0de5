#include "kmeans/kmeans_predictor.h"

#include <algorithm>
#include <cmath>

#include "kmeans/rows_in_double.h"
#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {

template <class T>
CpuKMeansPredictor<T>::CpuKMeansPredictor(MatrixView<const double> centers, int threads)
    : threads_(threads), centring_(compute::centring_of<T>(centers)) {
  const std::int64_t k = centers.rows();
  const std::int64_t d = centers.columns();
  centers_.resize(k, d);
  for (std::int64_t c = 0; c < k; ++c) {
    for (std::int64_t j = 0; j < d; ++j) {
      centers_.row(c)[j] = centring_.inside(centers(c, j), static_cast<std::size_t>(j));
    }
  }
  centers_.finish();
  nearest_.set(centers_);
}

template <class T>
void CpuKMeansPredictor<T>::predict(const Rows<T>& x, std::span<std::int32_t> labels) {
  const MatrixView<const T> view = host_view(x);
  const std::int64_t d = view.columns();
  const Chunks chunks{view.rows(), nearest_.block_rows()};
  std::vector<NearestScratch<T>> scratches(static_cast<std::size_t>(threads_));
  for (NearestScratch<T>& scratch : scratches) nearest_.prepare(scratch);
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int thread) {
    NearestScratch<T>& scratch = scratches[static_cast<std::size_t>(thread)];
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    centring_.apply(view, first, count, scratch.rows.data());
    nearest_.search(scratch, count,
                    [&](std::int64_t i) { return norm_above<T>(squared_norm(scratch.rows.data() + i * d, d)); });
    std::copy_n(scratch.labels.begin(), count, labels.begin() + first);
  });
}

template <class T>
void CpuKMeansPredictor<T>::transform(const Rows<T>& x, MatrixView<T> distances) {
  const MatrixView<const T> view = host_view(x);
  const double unit = std::sqrt(centring_.square_unit());
  PackedPanels<double> panels;
  panels.pack(centers_.count(), centers_.columns(), [&](std::int64_t c) { return centers_.row(c); });
  const Chunks chunks{view.rows(), RowsInDouble::block_rows(view.columns())};
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    std::vector<T> row(static_cast<std::size_t>(view.columns()));
    RowsInDouble rows(count, view.columns());
    for (std::int64_t i = 0; i < count; ++i) {
      centring_.apply(view.data() + (first + i) * view.stride(), row.data());
      rows.set(i, row.data());
    }
    for (std::int64_t panel = 0; panel < panels.panels(); ++panel) {
      rows.roots(panels, panel, [&](std::int64_t i, const double* roots, std::int64_t width) {
        const std::int64_t c = panel * PackedPanels<double>::kPanelWidth;
        T* to = distances.data() + (first + i) * distances.stride() + c;
        const std::int64_t real = std::min(width, centers_.count() - c);
        for (std::int64_t lane = 0; lane < real; ++lane) to[lane] = static_cast<T>(roots[lane] * unit);
      });
    }
  });
}

template <class T>
double CpuKMeansPredictor<T>::inertia(const Rows<T>& x, std::span<const T> sample_weight) {
  const MatrixView<const T> view = host_view(x);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(view.rows()));
  predict(x, labels);
  const Chunks chunks{view.rows(), 1024};
  std::vector<double> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    std::vector<T> row(static_cast<std::size_t>(view.columns()));
    double part = 0;
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      centring_.apply(view.data() + i * view.stride(), row.data());
      const double weight = sample_weight.empty() ? 1 : static_cast<double>(sample_weight[static_cast<std::size_t>(i)]);
      part += weight * squared_distance(row.data(), centers_.row(labels[static_cast<std::size_t>(i)]), view.columns());
    }
    parts[static_cast<std::size_t>(chunk)] = part;
  });
  double total = 0;
  for (const double part : parts) total += part;
  return total * centring_.square_unit();
}

template class CpuKMeansPredictor<float>;
template class CpuKMeansPredictor<double>;

}  // namespace forja::cpu
