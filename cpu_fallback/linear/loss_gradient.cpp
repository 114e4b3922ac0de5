#include "linear/loss_gradient.h"

#include <hwy/highway.h>

#include <algorithm>
#include <vector>

#include "runtime/aligned.h"
#include "runtime/packed_tile.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

constexpr std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

/// One pass. Rows and derivatives are padded to whole vectors with zeros.
template <class T>
class LossPass {
 public:
  using Panels = PackedPanels<T>;
  using Tag = typename Panels::Tag;
  static constexpr std::int64_t kLanes = Panels::kLanes;

  /// What a thread works in.
  struct Scratch {
    AlignedVector<T> x;        ///< tile_rows x padded d
    AlignedVector<T> margins;  ///< tile_rows x padded C
    std::vector<const T*> rows;
  };
  /// What a chunk of rows comes to.
  struct Part {
    double loss = 0;
    std::vector<double> gradient;  ///< C x padded d
    std::vector<double> offset;
  };

  LossPass(const TrainingData<T>& data, const formulas::RowLoss<T>& loss, MatrixView<const double> coef,
           std::span<const double> offset)
      : data_(data),
        loss_(loss),
        outputs_(coef.rows()),
        width_(rounded_up(coef.columns(), kLanes)),
        margin_width_(rounded_up(outputs_, kLanes)),
        tile_rows_(
            std::clamp<std::int64_t>(kTileBytes / (width_ * static_cast<std::int64_t>(sizeof(T))) / Panels::kTileRows,
                                     1, kMostRows / Panels::kTileRows) *
            Panels::kTileRows),
        offset_(static_cast<std::size_t>(margin_width_), T(0)) {
    const Matrix<T> rounded(coef);
    panels_.pack(outputs_, coef.columns(), [&](std::int64_t c) { return rounded.row(c).data(); });
    for (std::size_t c = 0; c < offset.size(); ++c) offset_[c] = static_cast<T>(offset[c]);
  }

  Scratch scratch() const {
    Scratch made{AlignedVector<T>(static_cast<std::size_t>(tile_rows_ * width_), T(0)),
                 AlignedVector<T>(static_cast<std::size_t>(tile_rows_ * margin_width_), T(0)),
                 {}};
    for (std::int64_t i = 0; i < tile_rows_; ++i) made.rows.push_back(made.x.data() + i * width_);
    return made;
  }

  Part run(std::int64_t first, std::int64_t last, Scratch& scratch) const {
    Part part{0, std::vector<double>(static_cast<std::size_t>(outputs_ * width_)),
              std::vector<double>(static_cast<std::size_t>(outputs_))};
    for (std::int64_t begin = first; begin < last; begin += tile_rows_) {
      const std::int64_t rows = std::min(tile_rows_, last - begin);
      for (std::int64_t i = 0; i < rows; ++i) data_.fill_x(begin + i, scratch.x.data() + i * width_);
      take_margins(rows, scratch);
      take_losses(begin, rows, scratch, part);
      for (std::int64_t c = 0, left = rounded_up(outputs_, kBlock) / kBlock; left > 0; --left) {
        const std::int64_t count = (outputs_ - c + left - 1) / left;  // blocks of about the same size
        add_block<kBlock>(count, c, rows, scratch, part);
        c += count;
      }
    }
    return part;
  }

  std::int64_t width() const { return width_; }

 private:
  static constexpr std::int64_t kTileBytes = std::int64_t{256} << 10;
  static constexpr std::int64_t kMostRows = 512;
  /// Outputs that share a load of x: with two vectors each their sums stay in registers.
  static constexpr int kBlock = Panels::kTileRows;

  void take_margins(std::int64_t rows, Scratch& scratch) const {
    const Tag tag;
    const T* offset = offset_.data();
    T* const margins = scratch.margins.data();
    for (std::int64_t panel = 0; panel < panels_.panels(); ++panel) {
      panels_.multiply(panel, scratch.rows.data(), rounded_up(rows, Panels::kTileRows),
                       [&](std::int64_t i, const auto* products, int vectors) {
                         for (int v = 0; v < vectors; ++v) {
                           const std::int64_t c = panel * Panels::kPanelWidth + v * kLanes;
                           hn::Store(hn::Add(products[v], hn::Load(tag, offset + c)), tag,
                                     margins + i * margin_width_ + c);
                         }
                       });
    }
  }

  void take_losses(std::int64_t begin, std::int64_t rows, Scratch& scratch, Part& part) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      fetch(begin + tile_rows_ + i);
      T* const own = scratch.margins.data() + i * margin_width_;
      part.loss += loss_([&](std::int64_t t) { return data_.target(begin + i, t); },
                         data_.weight(begin + i) / data_.weight_unit(), own, outputs_);
      for (std::int64_t c = 0; c < outputs_; ++c) {
        part.offset[static_cast<std::size_t>(c)] += static_cast<double>(own[c]);
      }
    }
  }

  /// The next tile comes while this one is worked on.
  void fetch(std::int64_t row) const {
    constexpr std::int64_t kLine = kAlignment / sizeof(T);
    if (row >= data_.rows()) return;
    const T* x = data_.x().data() + row * data_.x().stride();
    for (std::int64_t j = 0; j < data_.columns(); j += kLine) __builtin_prefetch(x + j, 0, 2);
  }

  /// Adds the tile's sums of derivative x' of `count` outputs, at most kCount, from `first` on.
  template <int kCount>
  void add_block(std::int64_t count, std::int64_t first, std::int64_t rows, const Scratch& scratch, Part& part) const {
    if constexpr (kCount > 1) {
      if (count < kCount) return add_block<kCount - 1>(count, first, rows, scratch, part);
    }
    constexpr int kVectors = kCount == 1 ? 4 : 2;
    std::int64_t j = 0;
    for (; j + kVectors * kLanes <= width_; j += kVectors * kLanes) {
      add_tile<kCount, kVectors>(first, j, rows, scratch, part);
    }
    for (; j < width_; j += kLanes) add_tile<kCount, 1>(first, j, rows, scratch, part);
  }

  template <int kCount, int kVectors>
  void add_tile(std::int64_t first, std::int64_t column, std::int64_t rows, const Scratch& scratch, Part& part) const {
    const Tag tag;
    hn::Vec<Tag> sum[kCount][kVectors];
    for (auto& of_output : sum) {
      for (auto& value : of_output) value = hn::Zero(tag);
    }
    const T* x = scratch.x.data() + column;
    const T* derivative = scratch.margins.data() + first;
    for (std::int64_t i = 0; i < rows; ++i, x += width_, derivative += margin_width_) {
      hn::Vec<Tag> operand[kVectors];
      for (int v = 0; v < kVectors; ++v) operand[v] = hn::Load(tag, x + v * kLanes);
      for (int c = 0; c < kCount; ++c) {
        const auto factor = hn::Set(tag, derivative[c]);
        for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::MulAdd(factor, operand[v], sum[c][v]);
      }
    }
    for (int c = 0; c < kCount; ++c) {
      HWY_ALIGN T found[kVectors * kLanes];
      for (int v = 0; v < kVectors; ++v) hn::Store(sum[c][v], tag, found + v * kLanes);
      double* const to = part.gradient.data() + (first + c) * width_ + column;
      for (std::int64_t k = 0; k < kVectors * kLanes; ++k) to[k] += static_cast<double>(found[k]);
    }
  }

  const TrainingData<T>& data_;
  formulas::RowLoss<T> loss_;
  std::int64_t outputs_;
  std::int64_t width_;
  std::int64_t margin_width_;
  std::int64_t tile_rows_;
  Panels panels_;
  AlignedVector<T> offset_;
};

}  // namespace

template <class T>
compute::LossGradient loss_gradient(const TrainingData<T>& data, const formulas::RowLoss<T>& loss,
                                    MatrixView<const double> coef, std::span<const double> offset, int threads) {
  using Pass = LossPass<T>;
  constexpr std::int64_t kSumsBytes = std::int64_t{256} << 20;
  constexpr std::int64_t kLeastRows = 1024;
  const Pass pass(data, loss, coef, offset);
  // As many chunks as their sums leave memory for.
  const std::int64_t sum_bytes = std::max<std::int64_t>(coef.rows() * pass.width() * 8, 1);
  const std::int64_t most = std::clamp<std::int64_t>(kSumsBytes / sum_bytes, 8, 64);
  const Chunks chunks{data.rows(), std::max(kLeastRows, (data.rows() + most - 1) / most)};
  std::vector<typename Pass::Scratch> scratch(static_cast<std::size_t>(threads));
  for (auto& own : scratch) own = pass.scratch();
  std::vector<typename Pass::Part> parts(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int thread) {
    parts[static_cast<std::size_t>(chunk)] =
        pass.run(chunks.first(chunk), chunks.last(chunk), scratch[static_cast<std::size_t>(thread)]);
  });
  const double unit = data.weight_unit();
  compute::LossGradient all{0, Matrix<double>(coef.rows(), coef.columns()), std::vector<double>(offset.size())};
  for (const typename Pass::Part& part : parts) {
    all.loss += unit * part.loss;
    for (std::int64_t c = 0; c < coef.rows(); ++c) {
      all.offset[static_cast<std::size_t>(c)] += unit * part.offset[static_cast<std::size_t>(c)];
      for (std::int64_t j = 0; j < coef.columns(); ++j) {
        all.gradient(c, j) += unit * part.gradient[static_cast<std::size_t>(c * pass.width() + j)];
      }
    }
  }
  return all;
}

template compute::LossGradient loss_gradient(const TrainingData<float>&, const formulas::RowLoss<float>&,
                                             MatrixView<const double>, std::span<const double>, int);
template compute::LossGradient loss_gradient(const TrainingData<double>&, const formulas::RowLoss<double>&,
                                             MatrixView<const double>, std::span<const double>, int);

}  // namespace forja::cpu
