#include "decomposition/affine_map.h"

#include "runtime/device_rows.h"
#include "runtime/threads.h"

namespace forja::cpu {

template <class T>
CpuAffineMap<T>::CpuAffineMap(std::span<const double> shift, MatrixView<const double> w, std::span<const double> offset,
                              int threads)
    : shift_(shift.begin(), shift.end()),
      w_(w.rows(), w.columns()),
      offset_(offset.begin(), offset.end()),
      threads_(threads) {
  for (std::int64_t i = 0; i < w.rows(); ++i) {
    for (std::int64_t j = 0; j < w.columns(); ++j) w_(i, j) = static_cast<T>(w(i, j));
  }
}

template <class T>
void CpuAffineMap<T>::apply(const Rows<T>& x, MatrixView<T> y) {
  constexpr std::int64_t kRows = 256;
  const MatrixView<const T> view = host_view(x);
  const Chunks chunks{view.rows(), kRows};
  struct Scratch {
    RowMajor<T> shifted;
    RowMajor<T> product;
  };
  std::vector<Scratch> scratches(static_cast<std::size_t>(threads_),
                                 {RowMajor<T>(kRows, w_.rows()), RowMajor<T>(kRows, w_.cols())});
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int thread) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    Scratch& scratch = scratches[static_cast<std::size_t>(thread)];
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = view.row(first + i);
      for (std::size_t j = 0; j < shift_.size(); ++j) {
        scratch.shifted(i, static_cast<std::int64_t>(j)) = static_cast<T>(static_cast<double>(row[j]) - shift_[j]);
      }
    }
    scratch.product.topRows(count).noalias() = scratch.shifted.topRows(count) * w_;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = y.row(first + i);
      for (std::size_t j = 0; j < offset_.size(); ++j) {
        const T value = scratch.product(i, static_cast<std::int64_t>(j));
        row[j] = static_cast<T>(static_cast<double>(value) + offset_[j]);
      }
    }
  });
}

template class CpuAffineMap<float>;
template class CpuAffineMap<double>;

}  // namespace forja::cpu
