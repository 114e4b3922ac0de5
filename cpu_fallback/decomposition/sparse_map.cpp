#include "decomposition/sparse_map.h"

#include <array>
#include <vector>

#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {

// Sixteen rows turned into columns: an entry of W then adds one line of the cache to sums in registers, wherever it is.
template <class T>
void CpuSparseMap<T>::apply(const Rows<T>& x, MatrixView<T> y) {
  constexpr std::int64_t kLanes = 16;
  const MatrixView<const T> view = host_view(x);
  const Chunks chunks{view.rows(), kLanes};
  std::vector<std::vector<T>> tiles(static_cast<std::size_t>(threads_));
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int thread) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    std::vector<T>& tile = tiles[static_cast<std::size_t>(thread)];
    tile.resize(static_cast<std::size_t>(w_.width * kLanes));
    for (std::int64_t i = 0; i < count; ++i) {
      const T* row = view.row(first + i).data();
      for (std::int64_t j = 0; j < w_.width; ++j) tile[static_cast<std::size_t>(j * kLanes + i)] = row[j];
    }
    for (std::int64_t c = 0; c < w_.rows(); ++c) {
      std::array<T, kLanes> sums{};
      for (auto e = static_cast<std::size_t>(w_.starts[static_cast<std::size_t>(c)]);
           e < static_cast<std::size_t>(w_.starts[static_cast<std::size_t>(c) + 1]); ++e) {
        const T value = w_.values[e];
        const T* column = tile.data() + std::int64_t{w_.columns[e]} * kLanes;
        for (std::size_t l = 0; l < kLanes; ++l) sums[l] += value * column[l];
      }
      for (std::int64_t i = 0; i < count; ++i) y(first + i, c) = sums[static_cast<std::size_t>(i)];
    }
  });
}

template class CpuSparseMap<float>;
template class CpuSparseMap<double>;

}  // namespace forja::cpu
