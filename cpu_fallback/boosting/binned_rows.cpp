#include "boosting/binned_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// Half of a cache line: a row of a panel lies in one line, and its sums in the second-level cache.
constexpr std::int64_t kWidestPanel = 32;

std::vector<FeatureRange> panels_of(std::int64_t features) {
  const std::int64_t count = (features + kWidestPanel - 1) / kWidestPanel;
  std::vector<FeatureRange> panels;
  for (std::int64_t p = 0; p < count; ++p) panels.push_back({p * features / count, (p + 1) * features / count});
  return panels;
}

/// Rows do not straddle cache lines where that costs at most a third of the memory.
std::int64_t stride_of(std::span<const FeatureRange> panels) {
  std::int64_t width = 0;
  for (const FeatureRange& panel : panels) width = std::max(width, panel.width());
  const auto power = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(width)));
  return 3 * power <= 4 * width ? power : (width + 3) / 4 * 4;
}

/// Bins are read eight at a time.
constexpr std::int64_t kReadBeyond = 8;

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
    : table_(table), rows_(x.rows()), panels_(panels_of(table.features())), stride_(stride_of(panels_)) {
  const std::int64_t d = table_.features();
  by_rows_.resize(static_cast<std::size_t>(rows_ * stride_ * std::ssize(panels_) + kReadBeyond));
  by_columns_.resize(static_cast<std::size_t>(rows_ * d));
  std::vector<BinSearch<T>> searches;
  searches.reserve(static_cast<std::size_t>(d));
  for (std::int64_t f = 0; f < d; ++f) searches.emplace_back(table_, f);
  // Rows of a chunk stay in the first-level cache where they have few features.
  constexpr std::int64_t kRows = 128;
  constexpr std::int64_t kValuesForThreads = 1 << 14;
  const Chunks chunks{rows_, kRows};
  for_each_chunk(rows_ * d < kValuesForThreads ? 1 : threads, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t count = chunks.last(chunk) - first;
    for (std::int64_t f = 0; f < d; ++f) {
      std::uint8_t* column = by_columns_.data() + f * rows_ + first;
      searches[static_cast<std::size_t>(f)].find(x.data() + first * x.stride() + f, x.stride(), count, column);
    }
    for (std::size_t p = 0; p < panels_.size(); ++p) fill_panel(p, first, count);
  });
}

void CpuBinnedRows::fill_panel(std::size_t p, std::int64_t first, std::int64_t count) {
  std::uint8_t* rows = by_rows_.data() + (static_cast<std::int64_t>(p) * rows_ + first) * stride_;
  const FeatureRange& panel = panels_[p];
  for (std::int64_t f = panel.first; f < panel.last; ++f) {
    const std::uint8_t* from = column(f) + first;
    std::uint8_t* to = rows + (f - panel.first);
    for (std::int64_t i = 0; i < count; ++i) to[i * stride_] = from[i];
  }
}

void CpuBinnedRows::download(std::int64_t first, MatrixView<std::uint8_t> out) const {
  for (std::int64_t f = 0; f < out.columns(); ++f) {
    for (std::int64_t i = 0; i < out.rows(); ++i) out(i, f) = column(f)[first + i];
  }
}

template CpuBinnedRows::CpuBinnedRows(MatrixView<const float>, const compute::BinTable&, int);
template CpuBinnedRows::CpuBinnedRows(MatrixView<const double>, const compute::BinTable&, int);

}  // namespace forja::cpu
