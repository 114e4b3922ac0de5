#include "decomposition/gram_product.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include "runtime/aligned.h"
#include "runtime/machine.h"
#include "runtime/outer_tile.h"
#include "runtime/packed_tile.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using Eigen::MatrixXd;

constexpr std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

/// The sum of the squares of `count` numbers, a multiple of a vector's lanes, in double.
template <class T>
double square_of(const T* values, std::int64_t count) {
  constexpr std::int64_t kSums = PackedPanels<T>::kLanes;
  std::array<double, kSums> sums{};
  for (std::int64_t i = 0; i < count; i += kSums) {
    for (std::int64_t l = 0; l < kSums; ++l) {
      const auto value = static_cast<double>(values[i + l]);
      sums[static_cast<std::size_t>(l)] += value * value;
    }
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// Products of X with r directions. Blocks of rows are centred once and stay in the cache. Floor: 4 r d operations a
/// row for X'(X v), half of them for X v, at the peak of multiply-adds in T, and a read of X.
template <class T>
class BlockProduct {
 public:
  using Panels = PackedPanels<T>;
  static constexpr std::int64_t kLanes = Panels::kLanes;

  /// What a thread works in.
  struct Scratch {
    AlignedVector<T> x;           ///< block_rows x width
    AlignedVector<T> image;       ///< block_rows x image_width
    AlignedVector<double> exact;  ///< the same in double
    std::vector<const T*> rows;
  };

  BlockProduct(const CentredRows<T>& x, const MatrixXd& v)
      : x_(x),
        width_(rounded_up(v.rows(), kLanes)),
        // Whole vectors, and whole tiles: six rows of them where vectors have 32 bytes.
        image_width_(rounded_up(v.cols(), std::lcm(kLanes, std::int64_t{kOuterRows}))),
        block_rows_(rounded_up(
            std::clamp<std::int64_t>(cache_sizes().level2 / 4 / (width_ * static_cast<std::int64_t>(sizeof(T))),
                                     kLeastRows, kMostRows),
            Panels::kTileRows)) {
    panels_.pack(v.cols(), v.rows(), [&](std::int64_t c) { return v.col(c).data(); });
  }

  Scratch scratch() const {
    Scratch made{AlignedVector<T>(static_cast<std::size_t>(block_rows_ * width_), T(0)),
                 AlignedVector<T>(static_cast<std::size_t>(block_rows_ * image_width_), T(0)),
                 {},
                 {}};
    for (std::int64_t i = 0; i < block_rows_; ++i) made.rows.push_back(made.x.data() + i * width_);
    return made;
  }
  std::int64_t width() const { return width_; }
  std::int64_t image_width() const { return image_width_; }

  /// sums (image_width x width) += v'X'X of the rows.
  void add_gram(std::int64_t first, std::int64_t last, Scratch& scratch, double* sums) const {
    for_each_block(first, last, scratch, [&](std::int64_t rows) {
      add_transposed(rows, scratch.image.data(), scratch.x.data(), width_, sums);
    });
  }

  /// sums (image_width x image_width) += y'y, to y's rounding. Returns the sum of the rows' squares.
  double add_moments(std::int64_t first, std::int64_t last, Scratch& scratch, double* sums) const {
    double square = 0;
    for_each_block(first, last, scratch, [&](std::int64_t rows) {
      const auto count = static_cast<std::size_t>(rows * image_width_);
      scratch.exact.assign(scratch.image.begin(), scratch.image.begin() + static_cast<std::ptrdiff_t>(count));
      add_transposed(rows, scratch.exact.data(), scratch.exact.data(), image_width_, sums);
      square += square_of(scratch.x.data(), rows * width_);
    });
    return square;
  }

 private:
  static constexpr std::int64_t kLeastRows = 32;
  static constexpr std::int64_t kMostRows = 160;

  /// Calls work(rows) when the scratch has a block of X and its image.
  template <class Work>
  void for_each_block(std::int64_t first, std::int64_t last, Scratch& scratch, const Work& work) const {
    for (std::int64_t begin = first; begin < last; begin += block_rows_) {
      const std::int64_t rows = std::min(block_rows_, last - begin);
      for (std::int64_t i = 0; i < rows; ++i) {
        x_.take(begin + i, 1, 0, x_.columns(), scratch.x.data() + i * width_);
      }
      multiply(rows, scratch);
      work(rows);
    }
  }

  /// image = x v.
  void multiply(std::int64_t rows, Scratch& scratch) const {
    const typename Panels::Tag tag;
    T* const image = scratch.image.data();
    for (std::int64_t panel = 0; panel < panels_.panels(); ++panel) {
      panels_.multiply(panel, scratch.rows.data(), rounded_up(rows, Panels::kTileRows),
                       [&](std::int64_t i, const auto* products, int vectors) {
                         T* const to = image + i * image_width_ + panel * Panels::kPanelWidth;
                         for (int v = 0; v < vectors; ++v) hn::Store(products[v], tag, to + v * kLanes);
                       });
    }
  }

  /// sums (image_width x right_width) += left' right for so many rows.
  template <class U>
  void add_transposed(std::int64_t rows, const U* left, const U* right, std::int64_t right_width, double* sums) const {
    constexpr std::int64_t kStep = PackedPanels<U>::kLanes;
    for (std::int64_t j = 0; j < right_width;) {
      const std::int64_t vectors = std::min<std::int64_t>(kOuterVectors, (right_width - j) / kStep);
      for (std::int64_t c = 0; c < image_width_; c += kOuterRows) {
        std::array<const U*, kOuterRows> columns{};
        for (int r = 0; r < kOuterRows; ++r) columns[static_cast<std::size_t>(r)] = left + c + r;
        double* const out = sums + c * right_width + j;
        if (vectors == kOuterVectors) {
          add_outer_products<kOuterVectors>(columns.data(), image_width_, right + j, kStep, right_width, rows, out,
                                            right_width);
        } else {
          add_outer_products<1>(columns.data(), image_width_, right + j, kStep, right_width, rows, out, right_width);
        }
      }
      j += vectors * kStep;
    }
  }

  const CentredRows<T>& x_;
  std::int64_t width_;
  std::int64_t image_width_;
  std::int64_t block_rows_;
  Panels panels_;
};

/// Groups of rows with sums of their own: enough for the threads of any machine, and few enough that sums of r rows
/// are little beside the data.
Chunks groups_of(std::int64_t rows, std::int64_t r) {
  constexpr std::int64_t kLeastRows = 256;
  constexpr std::int64_t kLeastGroups = 16;
  constexpr std::int64_t kMostGroups = 64;
  const std::int64_t few = std::max(kLeastRows, std::min(32 * r, rows / kLeastGroups));
  return {rows, std::max(few, (rows + kMostGroups - 1) / kMostGroups)};
}

/// Calls add(group, groups, scratch, sums) for each group of rows, with rows of `width` sums of its own, and adds these
/// rows, as far as they go, to the result's columns.
template <class T, class Add>
MatrixXd summed(const CentredRows<T>& x, const BlockProduct<T>& product, std::int64_t width, MatrixXd result,
                const Add& add) {
  const Chunks groups = groups_of(x.rows(), result.cols());
  std::vector<typename BlockProduct<T>::Scratch> scratch(static_cast<std::size_t>(x.threads()));
  for (auto& own : scratch) own = product.scratch();
  std::vector<AlignedVector<double>> sums(static_cast<std::size_t>(groups.number()));
  for_each_chunk(x.threads(), groups.number(), [&](std::int64_t group, int thread) {
    AlignedVector<double>& own = sums[static_cast<std::size_t>(group)];
    own.assign(static_cast<std::size_t>(product.image_width() * width), 0.0);
    add(group, groups, scratch[static_cast<std::size_t>(thread)], own.data());
  });
  for_each_chunk(x.threads(), result.cols(), [&](std::int64_t c, int) {
    for (const AlignedVector<double>& part : sums) {
      const double* const from = part.data() + c * width;
      for (std::int64_t j = 0; j < result.rows(); ++j) result(j, c) += from[j];
    }
  });
  return result;
}

/// y'y in double.
template <class T>
MatrixXd gram_of(const RowMajor<T>& image) {
  constexpr std::int64_t kRows = 4096;
  MatrixXd gram = MatrixXd::Zero(image.cols(), image.cols());
  for (std::int64_t first = 0; first < image.rows(); first += kRows) {
    const MatrixXd part = image.middleRows(first, std::min(kRows, image.rows() - first)).template cast<double>();
    gram.noalias() += part.transpose() * part;
  }
  return gram;
}

}  // namespace

template <class T>
MatrixXd gram_product(const CentredRows<T>& x, const MatrixXd& v) {
  if (x.rows() < x.columns()) return x.transposed_times(x.times(v));
  const BlockProduct<T> product(x, v);
  return summed(x, product, product.width(), MatrixXd::Zero(x.columns(), v.cols()),
                [&](std::int64_t group, const Chunks& groups, auto& scratch, double* sums) {
                  product.add_gram(groups.first(group), groups.last(group), scratch, sums);
                });
}

template <class T>
ImageMoments image_moments(const CentredRows<T>& x, const MatrixXd& v) {
  if (x.rows() < x.columns()) return {gram_of(x.times(v)), x.total_square()};
  const BlockProduct<T> product(x, v);
  std::vector<double> squares(static_cast<std::size_t>(groups_of(x.rows(), v.cols()).number()));
  ImageMoments moments;
  moments.gram = summed(x, product, product.image_width(), MatrixXd::Zero(v.cols(), v.cols()),
                        [&](std::int64_t group, const Chunks& groups, auto& scratch, double* sums) {
                          squares[static_cast<std::size_t>(group)] =
                              product.add_moments(groups.first(group), groups.last(group), scratch, sums);
                        });
  for (const double square : squares) moments.total_square += square;
  return moments;
}

template MatrixXd gram_product(const CentredRows<float>&, const MatrixXd&);
template MatrixXd gram_product(const CentredRows<double>&, const MatrixXd&);
template ImageMoments image_moments(const CentredRows<float>&, const MatrixXd&);
template ImageMoments image_moments(const CentredRows<double>&, const MatrixXd&);

}  // namespace forja::cpu
