#include "linear/loss_gradient.h"

#include <hwy/highway.h>

#include <algorithm>
#include <vector>

#include "linear/softmax_rows.h"
#include "runtime/aligned.h"
#include "runtime/rows_ahead.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace hn = hwy::HWY_NAMESPACE;
namespace {

constexpr std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

/// One pass. Rows and derivatives are padded to whole vectors with zeros.
template <class T>
class LossPass {
 public:
  using Tag = hn::ScalableTag<T>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));

  /// What a thread works in.
  struct Scratch {
    AlignedVector<T> x;        ///< tile_rows x padded d
    AlignedVector<T> margins;  ///< tile_rows x padded C
    AlignedVector<T> lanes;    ///< C x a vector's lanes of rows
    RowsAhead<T> ahead;        ///< of the next tile
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
        tile_rows_(std::clamp<std::int64_t>(kTileBytes / (width_ * static_cast<std::int64_t>(sizeof(T))) / kMarginRows,
                                            1, kMostRows / kMarginRows) *
                   kMarginRows),
        coef_(static_cast<std::size_t>(outputs_ * width_), T(0)),
        offset_(offset.begin(), offset.end()),
        shift_(static_cast<std::size_t>(width_), T(0)),
        scale_(static_cast<std::size_t>(width_), T(0)) {
    for (std::int64_t c = 0; c < outputs_; ++c) {
      for (std::int64_t j = 0; j < coef.columns(); ++j) {
        coef_[static_cast<std::size_t>(c * width_ + j)] = static_cast<T>(coef(c, j));
      }
    }
    for (std::int64_t j = 0; j < coef.columns(); ++j) {
      shift_[static_cast<std::size_t>(j)] = static_cast<T>(data.shift(j));
      scale_[static_cast<std::size_t>(j)] = static_cast<T>(data.scale(j));
    }
  }

  Scratch scratch() const {
    return {AlignedVector<T>(static_cast<std::size_t>(tile_rows_ * width_), T(0)),
            AlignedVector<T>(static_cast<std::size_t>(tile_rows_ * margin_width_), T(0)),
            AlignedVector<T>(static_cast<std::size_t>(outputs_ * kLanes), T(0)),
            {}};
  }

  Part run(std::int64_t first, std::int64_t last, Scratch& scratch) const {
    Part part{0, std::vector<double>(static_cast<std::size_t>(outputs_ * width_)),
              std::vector<double>(static_cast<std::size_t>(outputs_))};
    for (std::int64_t begin = first; begin < last; begin += tile_rows_) {
      const std::int64_t rows = std::min(tile_rows_, last - begin);
      const bool vectors = loss_.kind == formulas::LossKind::multinomial;
      scratch.ahead = vectors ? after(begin) : RowsAhead<T>();
      take_margins(begin, rows, scratch);
      if (!vectors) scratch.ahead = after(begin);
      take_losses(begin, rows, scratch, part);
      for_each_block(kBlock, [&](std::int64_t first_output, std::int64_t count) {
        add_block<kBlock>(count, first_output, rows, scratch, part);
      });
    }
    return part;
  }

  std::int64_t width() const { return width_; }

 private:
  static constexpr std::int64_t kTileBytes = std::int64_t{256} << 10;
  static constexpr std::int64_t kMostRows = 512;
  /// Sums that stay in registers, of 32 with AVX-512, else of 16. Of gradients: outputs by two vectors, which share
  /// loads of x and of derivatives; of margins: rows by outputs, which share loads of x and of coefficients.
  static constexpr int kBlock = HWY_MAX_BYTES >= 64 ? 10 : 6;
  static constexpr int kMarginRows = 8;  // half of them where there are many outputs
  static constexpr int kMarginOutputs = HWY_MAX_BYTES >= 64 ? 5 : 2;

  /// The tile after the one that begins there.
  RowsAhead<T> after(std::int64_t begin) const { return {data_.x(), begin + tile_rows_, tile_rows_}; }

  /// Calls work(first, count) for blocks of at most `most` outputs, of about the same size.
  template <class Work>
  void for_each_block(int most, const Work& work) const {
    for (std::int64_t c = 0, left = (outputs_ + most - 1) / most; left > 0; --left) {
      const std::int64_t count = (outputs_ - c + left - 1) / left;
      work(c, count);
      c += count;
    }
  }

  /// Writes x' and the margins of the tile. A block's coefficients stay in the first-level cache for all rows.
  void take_margins(std::int64_t begin, std::int64_t rows, Scratch& scratch) const {
    for_each_block(kMarginOutputs, [&](std::int64_t c, std::int64_t count) {
      if (c == 0) {
        margin_block<kMarginOutputs, true>(count, c, begin, rows, scratch);
      } else {
        margin_block<kMarginOutputs, false>(count, c, begin, rows, scratch);
      }
    });
  }

  /// Margins of `count` outputs, at most kCount, from c on; kFirst: makes x'.
  template <int kCount, bool kFirst>
  void margin_block(std::int64_t count, std::int64_t c, std::int64_t begin, std::int64_t rows, Scratch& scratch) const {
    if constexpr (kCount > 1) {
      if (count < kCount) return margin_block<kCount - 1, kFirst>(count, c, begin, rows, scratch);
    }
    constexpr int kRows = kCount > kMarginOutputs / 2 ? kMarginRows / 2 : kMarginRows;
    for (std::int64_t i = 0; i < rows; i += kRows) margin_tile<kCount, kFirst, kRows>(c, begin, i, rows, scratch);
  }

  template <int kCount, bool kFirst, int kRows>
  HWY_NOINLINE void margin_tile(std::int64_t c, std::int64_t begin, std::int64_t i, std::int64_t rows,
                                Scratch& scratch) const {
    const Tag tag;
    hn::Vec<Tag> sum[kRows][kCount];
    T* x[kRows];
    const T* from[kRows];
    for (int r = 0; r < kRows; ++r) {
      for (auto& value : sum[r]) value = hn::Zero(tag);
      x[r] = scratch.x.data() + (i + r) * width_;
      from[r] = data_.x().data() + (begin + std::min(i + r, rows - 1)) * data_.x().stride();
    }
    // Stores of vectors may be to anything: what a loop needs is kept in variables.
    const std::int64_t width = width_;
    const std::int64_t whole = kFirst ? data_.columns() / kLanes * kLanes : width;
    const T* const coef = coef_.data() + c * width;
    const T* const shifts = shift_.data();
    const T* const scales = scale_.data();
    RowsAhead<T> ahead = scratch.ahead;
    const auto add = [&](std::int64_t j, const auto& given) HWY_ATTR {
      ahead.fetch();
      hn::Vec<Tag> operand[kRows];
      if constexpr (kFirst) {
        const auto shift = hn::Load(tag, shifts + j);
        const auto scale = hn::Load(tag, scales + j);
        for (int r = 0; r < kRows; ++r) operand[r] = hn::Mul(hn::Sub(given(r), shift), scale);
        for (int r = 0; r < kRows; ++r) hn::Store(operand[r], tag, x[r] + j);
      } else {
        for (int r = 0; r < kRows; ++r) operand[r] = given(r);
      }
      for (int k = 0; k < kCount; ++k) {
        const auto factor = hn::Load(tag, coef + k * width + j);
        for (int r = 0; r < kRows; ++r) sum[r][k] = hn::MulAdd(factor, operand[r], sum[r][k]);
      }
    };
    std::int64_t j = 0;
    for (; j < whole; j += kLanes) {
      add(j, [&](int r) HWY_ATTR { return kFirst ? hn::LoadU(tag, from[r] + j) : hn::Load(tag, x[r] + j); });
    }
    if (j < width) {
      // What lies beyond the last column is another row's.
      HWY_ALIGN T tail[kRows * kLanes] = {};
      for (int r = 0; r < kRows; ++r) std::copy_n(from[r] + j, data_.columns() - j, tail + r * kLanes);
      add(j, [&](int r) HWY_ATTR { return hn::Load(tag, tail + r * kLanes); });
    }
    scratch.ahead = ahead;
    for (int r = 0; r < kRows; ++r) {
      T* const margins = scratch.margins.data() + (i + r) * margin_width_ + c;
      for (int k = 0; k < kCount; ++k) {
        margins[k] = hn::GetLane(hn::SumOfLanes(tag, sum[r][k])) + offset_[static_cast<std::size_t>(c + k)];
      }
    }
  }

  void take_losses(std::int64_t begin, std::int64_t rows, Scratch& scratch, Part& part) const {
    if (loss_.kind == formulas::LossKind::multinomial) {
      for (std::int64_t i = 0; i < rows; i += kLanes) {
        take_shares(begin, i, std::min(kLanes, rows - i), scratch, part);
      }
      return;
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      // Losses of single numbers take so long that memory keeps up beside them.
      for (std::int64_t j = 0; j < width_; j += RowsAhead<T>::kLine) scratch.ahead.fetch();
      T* const own = scratch.margins.data() + i * margin_width_;
      part.loss += loss_([&](std::int64_t t) { return data_.target(begin + i, t); },
                         data_.weight(begin + i) / data_.weight_unit(), own, outputs_);
      for (std::int64_t c = 0; c < outputs_; ++c) {
        part.offset[static_cast<std::size_t>(c)] += static_cast<double>(own[c]);
      }
    }
  }

  /// The same of `rows` rows from i on, a vector's lanes at the most, under the multinomial loss.
  void take_shares(std::int64_t begin, std::int64_t i, std::int64_t rows, Scratch& scratch, Part& part) const {
    HWY_ALIGN T own[kLanes] = {};
    HWY_ALIGN T loss[kLanes];
    HWY_ALIGN T missing[kLanes];
    std::int64_t label[kLanes] = {};
    T* const lanes = scratch.lanes.data();
    for (std::int64_t r = 0; r < rows; ++r) {
      const T* const margins = scratch.margins.data() + (i + r) * margin_width_;
      for (std::int64_t c = 0; c < outputs_; ++c) lanes[c * kLanes + r] = margins[c];
      label[r] = static_cast<std::int64_t>(data_.target(begin + i + r, 0));
      own[r] = margins[label[r]];
    }
    softmax_rows(lanes, outputs_, own, loss, missing);
    for (std::int64_t r = 0; r < rows; ++r) {
      const double weight = data_.weight(begin + i + r) / data_.weight_unit();
      const auto factor = static_cast<T>(weight);
      part.loss += weight * static_cast<double>(loss[r]);
      lanes[label[r] * kLanes + r] = missing[r];
      T* const derivative = scratch.margins.data() + (i + r) * margin_width_;
      for (std::int64_t c = 0; c < outputs_; ++c) {
        derivative[c] = factor * lanes[c * kLanes + r];
        part.offset[static_cast<std::size_t>(c)] += static_cast<double>(derivative[c]);
      }
    }
  }

  /// Adds the tile's sums of derivative x' of `count` outputs, at most kCount, from `first` on.
  template <int kCount>
  void add_block(std::int64_t count, std::int64_t first, std::int64_t rows, Scratch& scratch, Part& part) const {
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
  HWY_NOINLINE void add_tile(std::int64_t first, std::int64_t column, std::int64_t rows, Scratch& scratch,
                             Part& part) const {
    const Tag tag;
    hn::Vec<Tag> sum[kCount][kVectors];
    for (auto& of_output : sum) {
      for (auto& value : of_output) value = hn::Zero(tag);
    }
    RowsAhead<T> ahead = scratch.ahead;
    const T* x = scratch.x.data() + column;
    const T* derivative = scratch.margins.data() + first;
    for (std::int64_t i = 0; i < rows; ++i, x += width_, derivative += margin_width_) {
      ahead.fetch();
      hn::Vec<Tag> operand[kVectors];
      for (int v = 0; v < kVectors; ++v) operand[v] = hn::Load(tag, x + v * kLanes);
      for (int c = 0; c < kCount; ++c) {
        const auto factor = hn::Set(tag, derivative[c]);
        for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::MulAdd(factor, operand[v], sum[c][v]);
      }
    }
    scratch.ahead = ahead;
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
  AlignedVector<T> coef_;   // C x padded d
  std::vector<T> offset_;   // C
  AlignedVector<T> shift_;  // padded d
  AlignedVector<T> scale_;
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
