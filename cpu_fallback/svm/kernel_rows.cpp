#include "svm/kernel_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "runtime/packed_tile.h"
#include "runtime/threads.h"
#include "svm/kernel_vectors.h"

namespace forja::cpu {
namespace {

/// Rows that share a panel while it is in the cache, a multiple of the tile's rows for both widths of vectors.
constexpr std::int64_t kChunkRows = 96;

template <class T>
std::int64_t in_tiles(std::int64_t rows) {
  constexpr std::int64_t kTile = PackedPanels<T>::kTileRows;
  return (rows + kTile - 1) / kTile * kTile;
}

/// Up to kChunkRows rows for a tile, the last one repeated to fill it up.
template <class T>
struct RowChunk {
  std::array<const T*, kChunkRows + PackedPanels<T>::kTileRows> rows;
  std::array<T, kChunkRows + PackedPanels<T>::kTileRows> squares;
  std::int64_t count = 0;
  std::int64_t filled = 0;

  template <class Pick>
  RowChunk(const KernelRows<T>& from, std::int64_t size, const Pick& pick) : count(size), filled(in_tiles<T>(size)) {
    for (std::int64_t i = 0; i < filled; ++i) {
      const std::int64_t row = pick(std::min(i, size - 1));
      rows[static_cast<std::size_t>(i)] = from.row(row);
      squares[static_cast<std::size_t>(i)] = from.square(row);
    }
  }
};

/// Rows in the lanes of panels, with their squares.
template <class T>
struct PackedRows {
  using Panels = PackedPanels<T>;
  Panels panels;
  AlignedVector<T> squares;

  template <class Pick>
  PackedRows(const KernelRows<T>& from, std::int64_t count, const Pick& pick) {
    panels.pack(count, from.columns(), [&](std::int64_t i) { return from.row(pick(i)); });
    squares.assign(static_cast<std::size_t>(panels.vectors() * Panels::kLanes), T(0));
    for (std::int64_t i = 0; i < count; ++i) squares[static_cast<std::size_t>(i)] = from.square(pick(i));
  }
};

/// Calls take(i, column, kernel values of a vector's lanes) for the rows of a chunk and one panel.
template <class T, class Take>
void kernel_tiles(const formulas::KernelFunction<T>& kernel, const RowChunk<T>& chunk, const PackedRows<T>& packed,
                  std::int64_t panel, const Take& take) {
  using Panels = PackedPanels<T>;
  const typename Panels::Tag tag;
  const std::int64_t first = panel * Panels::kPanelWidth;
  packed.panels.multiply(panel, chunk.rows.data(), chunk.filled,
                         [&](std::int64_t i, const auto& products, int vectors) {
                           if (i >= chunk.count) return;
                           const auto own = hn::Set(tag, chunk.squares[static_cast<std::size_t>(i)]);
                           for (int v = 0; v < vectors; ++v) {
                             const std::int64_t column = first + v * Panels::kLanes;
                             const auto other = hn::Load(tag, packed.squares.data() + column);
                             take(i, column, kernel_vector(tag, kernel, products[v], own, other));
                           }
                         });
}

/// Writes what of a vector lies before `columns`.
template <class T, class V>
void store_part(V values, std::int64_t column, std::int64_t columns, T* row) {
  using Panels = PackedPanels<T>;
  const typename Panels::Tag tag;
  if (column + Panels::kLanes <= columns) {
    hn::StoreU(values, tag, row + column);
    return;
  }
  HWY_ALIGN T lanes[Panels::kLanes];
  hn::Store(values, tag, lanes);
  for (std::int64_t j = column; j < columns; ++j) row[j] = lanes[j - column];
}

/// out(j, i) = out(i, j) for i in the chunk of rows and j before it or in it, by squares that fit the cache.
template <class T>
void mirror(T* out, std::int64_t stride, std::int64_t first, std::int64_t last) {
  constexpr std::int64_t kSquare = 32;
  for (std::int64_t j0 = 0; j0 < last; j0 += kSquare) {
    for (std::int64_t i0 = first; i0 < last; i0 += kSquare) {
      for (std::int64_t i = std::max(i0, j0); i < std::min(i0 + kSquare, last); ++i) {
        for (std::int64_t j = j0; j < std::min({j0 + kSquare, i}); ++j) out[j * stride + i] = out[i * stride + j];
      }
    }
  }
}

/// A vector of T as double.
template <class T>
struct Widened {
  static constexpr auto kDoubles = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<double>()));
  static constexpr int kParts = std::is_same_v<T, double> ? 1 : 2;
  hn::Vec<hn::ScalableTag<double>> parts[kParts];

  template <class V>
  HWY_INLINE explicit Widened(V values) {
    if constexpr (kParts == 1) {
      parts[0] = values;
    } else {
      const hn::ScalableTag<double> wide;
      const hn::Half<hn::ScalableTag<T>> half;
      parts[0] = hn::PromoteTo(wide, hn::LowerHalf(half, values));
      parts[1] = hn::PromoteTo(wide, hn::UpperHalf(half, values));
    }
  }
  /// sum += these x factors, lane by lane.
  HWY_INLINE void add_weighted(const double* factors, double* sum) const {
    const hn::ScalableTag<double> wide;
    auto total = hn::Load(wide, sum);
    for (int part = 0; part < kParts; ++part) {
      total = hn::MulAdd(parts[part], hn::Load(wide, factors + part * kDoubles), total);
    }
    hn::Store(total, wide, sum);
  }
};

}  // namespace

template <class T>
std::vector<T> column_means(MatrixView<const T> x, int threads) {
  const std::int64_t d = x.columns();
  const Chunks chunks = pass_chunks(x.rows(), d, 64);
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    std::vector<double> sum(static_cast<std::size_t>(d));
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const T* row = x.data() + i * x.stride();
      for (std::int64_t j = 0; j < d; ++j) sum[static_cast<std::size_t>(j)] += static_cast<double>(row[j]);
    }
    parts[static_cast<std::size_t>(chunk)] = std::move(sum);
  });
  std::vector<T> means;
  for (std::int64_t j = 0; j < d; ++j) {
    double sum = 0;
    for (const std::vector<double>& part : parts) sum += part[static_cast<std::size_t>(j)];
    means.push_back(static_cast<T>(sum / static_cast<double>(std::max<std::int64_t>(x.rows(), 1))));
  }
  return means;
}

template <class T>
KernelRows<T>::KernelRows(MatrixView<const T> x, std::span<const T> shift, int threads)
    : view_(x), squares_(static_cast<std::size_t>(x.rows())) {
  const std::int64_t d = x.columns();
  if (!shift.empty()) {
    moved_.resize(static_cast<std::size_t>(x.rows() * d));
    view_ = {moved_.data(), x.rows(), d};
  }
  const Chunks chunks = pass_chunks(x.rows(), d, 256);
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const T* from = x.data() + i * x.stride();
      if (!shift.empty()) {
        T* to = moved_.data() + i * d;
        for (std::int64_t j = 0; j < d; ++j) to[j] = from[j] - shift[static_cast<std::size_t>(j)];
        from = to;
      }
      T square = 0;
      for (std::int64_t j = 0; j < d; ++j) square = std::fma(from[j], from[j], square);
      squares_[static_cast<std::size_t>(i)] = square;
    }
  });
}

template <class T>
void kernel_block(const formulas::KernelFunction<T>& kernel, const KernelRows<T>& a,
                  std::span<const std::int64_t> rows_a, const KernelRows<T>& b, std::span<const std::int64_t> rows_b,
                  T* out, std::int64_t stride, int threads) {
  const std::int64_t columns = std::ssize(rows_b);
  const PackedRows<T> packed(b, columns, [&](std::int64_t j) { return rows_b[static_cast<std::size_t>(j)]; });
  const Chunks chunks{std::ssize(rows_a), kChunkRows};
  for_each_chunk(threads, chunks.number(), [&](std::int64_t number, int) {
    const std::int64_t first = chunks.first(number);
    const RowChunk<T> chunk(a, chunks.last(number) - first,
                            [&](std::int64_t i) { return rows_a[static_cast<std::size_t>(first + i)]; });
    for (std::int64_t panel = 0; panel < packed.panels.panels(); ++panel) {
      kernel_tiles(kernel, chunk, packed, panel, [&](std::int64_t i, std::int64_t column, auto values) {
        store_part(values, column, columns, out + (first + i) * stride);
      });
    }
  });
}

template <class T>
void kernel_square(const formulas::KernelFunction<T>& kernel, const KernelRows<T>& rows, T* out, std::int64_t stride,
                   int threads) {
  const auto same = [](std::int64_t i) { return i; };
  const PackedRows<T> packed(rows, rows.count(), same);
  const Chunks chunks{rows.count(), kChunkRows};
  for_each_chunk(threads, chunks.number(), [&](std::int64_t turn, int) {
    const std::int64_t number = chunks.number() - 1 - turn;  // the longest first
    const std::int64_t first = chunks.first(number);
    const std::int64_t last = chunks.last(number);
    const RowChunk<T> chunk(rows, last - first, [&](std::int64_t i) { return first + i; });
    for (std::int64_t panel = 0; panel * PackedPanels<T>::kPanelWidth < last; ++panel) {
      kernel_tiles(kernel, chunk, packed, panel, [&](std::int64_t i, std::int64_t column, auto values) {
        store_part(values, column, last, out + (first + i) * stride);
      });
    }
    mirror(out, stride, first, last);
  });
}

template <class T>
void kernel_sums(const formulas::KernelFunction<T>& kernel, const KernelRows<T>& a,
                 std::span<const std::int64_t> rows_a, const KernelRows<T>& b, std::span<const std::int64_t> rows_b,
                 std::span<const std::int64_t> ends, MatrixView<const double> weights, MatrixView<double> sums,
                 int threads) {
  using Panels = PackedPanels<T>;
  constexpr std::int64_t kDoubles = Widened<T>::kDoubles;
  const std::int64_t w = weights.rows();
  std::int64_t begin = 0;
  for (std::int64_t segment = 0; segment < std::ssize(ends); ++segment) {
    const std::int64_t end = ends[static_cast<std::size_t>(segment)];
    const std::int64_t count = end - begin;
    if (count == 0) continue;
    const std::int64_t start = begin;
    const PackedRows<T> packed(b, count, [&](std::int64_t j) { return rows_b[static_cast<std::size_t>(start + j)]; });
    const std::int64_t padded = packed.panels.vectors() * Panels::kLanes;
    AlignedVector<double> factors(static_cast<std::size_t>(w * padded), 0.0);
    for (std::int64_t r = 0; r < w; ++r) {
      for (std::int64_t j = 0; j < count; ++j) {
        factors[static_cast<std::size_t>(r * padded + j)] = weights(r, start + j);
      }
    }
    const Chunks chunks{std::ssize(rows_a), kChunkRows};
    for_each_chunk(threads, chunks.number(), [&](std::int64_t number, int) {
      const std::int64_t first = chunks.first(number);
      const RowChunk<T> chunk(a, chunks.last(number) - first,
                              [&](std::int64_t i) { return rows_a[static_cast<std::size_t>(first + i)]; });
      AlignedVector<double> partial(static_cast<std::size_t>(chunk.count * w * kDoubles), 0.0);
      for (std::int64_t panel = 0; panel < packed.panels.panels(); ++panel) {
        kernel_tiles(kernel, chunk, packed, panel, [&](std::int64_t i, std::int64_t column, auto values) {
          const Widened<T> wide(values);
          for (std::int64_t r = 0; r < w; ++r) {
            wide.add_weighted(factors.data() + r * padded + column, partial.data() + (i * w + r) * kDoubles);
          }
        });
      }
      for (std::int64_t at = 0; at < chunk.count * w; ++at) {
        for (std::int64_t lane = 0; lane < kDoubles; ++lane) {
          sums(first + at / w, segment * w + at % w) += partial[static_cast<std::size_t>(at * kDoubles + lane)];
        }
      }
    });
    begin = end;
  }
}

std::vector<std::int64_t> numbers_below(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

template <class T>
void kernel_matrix(const formulas::KernelFunction<T>& kernel, MatrixView<const T> a, MatrixView<const T> b,
                   MatrixView<T> out, int threads) {
  const std::vector<T> shift = kernel.shift_free() ? column_means(b, threads) : std::vector<T>();
  const KernelRows<T> rows_a(a, std::span<const T>(shift), threads);
  const KernelRows<T> rows_b(b, std::span<const T>(shift), threads);
  kernel_block(kernel, rows_a, std::span<const std::int64_t>(numbers_below(a.rows())), rows_b,
               std::span<const std::int64_t>(numbers_below(b.rows())), out.data(), out.stride(), threads);
}

#define FORJA_INSTANTIATE(T)                                                                                          \
  template class KernelRows<T>;                                                                                       \
  template std::vector<T> column_means(MatrixView<const T>, int);                                                     \
  template void kernel_block(const formulas::KernelFunction<T>&, const KernelRows<T>&, std::span<const std::int64_t>, \
                             const KernelRows<T>&, std::span<const std::int64_t>, T*, std::int64_t, int);             \
  template void kernel_square(const formulas::KernelFunction<T>&, const KernelRows<T>&, T*, std::int64_t, int);       \
  template void kernel_sums(const formulas::KernelFunction<T>&, const KernelRows<T>&, std::span<const std::int64_t>,  \
                            const KernelRows<T>&, std::span<const std::int64_t>, std::span<const std::int64_t>,       \
                            MatrixView<const double>, MatrixView<double>, int);                                       \
  template void kernel_matrix(const formulas::KernelFunction<T>&, MatrixView<const T>, MatrixView<const T>,           \
                              MatrixView<T>, int);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cpu
