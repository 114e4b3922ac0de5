#include "boosting/binned_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// Rows of few features do not straddle cache lines where that costs at most a third of the memory.
std::int64_t stride_of(std::int64_t features) {
  const auto power = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(features)));
  return power <= 64 && 3 * power <= 4 * features ? power : (features + 3) / 4 * 4;
}

/// The greatest T that is not above the value: x <= value for a T exactly where x <= this.
template <class T>
T rounded_down(double value) {
  T rounded = static_cast<T>(value);
  if (static_cast<double>(rounded) > value) rounded = std::nextafter(rounded, -std::numeric_limits<T>::infinity());
  return rounded;
}

/// Finds the bins of one feature's values.
template <class T>
class BinSearch {
 public:
  BinSearch(const compute::BinTable& table, std::int64_t f)
      : exact_(table.values(f)),
        categorical_(table.categorical[static_cast<std::size_t>(f)] != 0),
        missing_(static_cast<std::uint8_t>(table.n_bins(f))) {
    first_step_ = static_cast<int>(std::bit_ceil(exact_.size() + 1) / 2);
    std::fill(std::begin(bounds_), std::end(bounds_), std::numeric_limits<T>::infinity());
    std::transform(exact_.begin(), exact_.end(), bounds_, rounded_down<T>);
  }

  /// values: `step` apart.
  void find(const T* values, std::int64_t step, std::int64_t count, std::uint8_t* bins) const {
    std::int64_t i = 0;
    for (; i + kAbreast <= count; i += kAbreast) find_abreast<kAbreast>(values + i * step, step, bins + i);
    for (; i < count; ++i) find_abreast<1>(values + i * step, step, bins + i);
    if (categorical_) keep_listed(values, step, count, bins);
  }

 private:
  /// Values whose searches are under way together, which hides the latency of each.
  static constexpr int kAbreast = 16;

  template <int kCount>
  void find_abreast(const T* values, std::int64_t step, std::uint8_t* bins) const {
    T value[kCount];
    std::int32_t below[kCount] = {};
    for (int j = 0; j < kCount; ++j) value[j] = values[j * step];
    for (int half = first_step_; half > 0; half /= 2) {
      for (int j = 0; j < kCount; ++j) below[j] += bounds_[below[j] + half - 1] < value[j] ? half : 0;
    }
    for (int j = 0; j < kCount; ++j) bins[j] = std::isnan(value[j]) ? missing_ : static_cast<std::uint8_t>(below[j]);
  }

  void keep_listed(const T* values, std::int64_t step, std::int64_t count, std::uint8_t* bins) const {
    for (std::int64_t i = 0; i < count; ++i) {
      const bool listed = bins[i] < exact_.size() && exact_[bins[i]] == static_cast<double>(values[i * step]);
      if (!listed) bins[i] = missing_;
    }
  }

  std::span<const double> exact_;
  bool categorical_;
  std::uint8_t missing_;
  int first_step_;
  T bounds_[256];
};

}  // namespace

template <class T>
CpuBinnedRows::CpuBinnedRows(MatrixView<const T> x, const compute::BinTable& table, int threads)
    : table_(table), rows_(x.rows()), stride_(stride_of(table.features())) {
  const std::int64_t d = table_.features();
  by_rows_.resize(static_cast<std::size_t>(rows_ * stride_));
  by_columns_.resize(static_cast<std::size_t>(rows_ * d));
  std::vector<BinSearch<T>> searches;
  searches.reserve(static_cast<std::size_t>(d));
  for (std::int64_t f = 0; f < d; ++f) searches.emplace_back(table_, f);
  constexpr std::int64_t kRows = 512;
  const Chunks chunks{rows_, kRows};
  for_each_chunk(rows_ * d < 1 << 14 ? 1 : threads, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    for (std::int64_t f = 0; f < d; ++f) {
      std::uint8_t* column = by_columns_.data() + f * rows_ + first;
      searches[static_cast<std::size_t>(f)].find(x.data() + first * x.stride() + f, x.stride(), count, column);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      std::uint8_t* row = by_rows_.data() + (first + i) * stride_;
      for (std::int64_t f = 0; f < d; ++f) row[f] = by_columns_[static_cast<std::size_t>(f * rows_ + first + i)];
      std::fill(row + d, row + stride_, std::uint8_t{0});
    }
  });
}

void CpuBinnedRows::download(std::int64_t first, MatrixView<std::uint8_t> out) const {
  for (std::int64_t i = 0; i < out.rows(); ++i) {
    std::copy_n(by_rows_.data() + (first + i) * stride_, out.columns(), out.data() + i * out.stride());
  }
}

template CpuBinnedRows::CpuBinnedRows(MatrixView<const float>, const compute::BinTable&, int);
template CpuBinnedRows::CpuBinnedRows(MatrixView<const double>, const compute::BinTable&, int);

}  // namespace forja::cpu
