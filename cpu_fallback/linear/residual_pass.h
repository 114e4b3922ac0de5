#pragma once

#include <hwy/highway.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "compute/linear_compute.h"
#include "linear/training_data.h"
#include "runtime/aligned.h"
#include "runtime/rows_ahead.h"

namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

/// Residuals of rows under given coefficients and the gradient that they make, all in double. Rows are read as x -
/// shift; scales are with the coefficients.
///
/// Floor: a read of x, or a conversion, a difference and 2 t multiply-adds an entry.
template <class T>
class ResidualPass {
 public:
  /// Rows whose sums run side by side, each in its own order: they hide the latency of the additions.
  static constexpr std::int64_t kRows = 4;
  static constexpr std::int64_t kAhead = 32;

  /// Sums over some rows.
  struct Part {
    AlignedVector<double> gradient;  ///< t rows of padded(d)
    std::vector<double> sum;
    std::vector<double> sum_squares;
    AlignedVector<double> centred;  ///< kRows rows of padded(d): those at work
  };

  ResidualPass(const TrainingData<T>& rows, MatrixView<const double> given, std::span<const double> offsets)
      : data_(rows),
        offset_(offsets),
        padded_((rows.columns() + kLanes - 1) / kLanes * kLanes),
        shift_(size(1), 0.0),
        coef_(size(rows.targets()), 0.0) {
    for (std::int64_t j = 0; j < data_.columns(); ++j) {
      shift_[static_cast<std::size_t>(j)] = data_.shift(j);
      for (std::int64_t t = 0; t < data_.targets(); ++t) {
        coef_[static_cast<std::size_t>(t * padded_ + j)] = given(t, j) * data_.scale(j);
      }
    }
  }

  Part nothing() const {
    const auto t = static_cast<std::size_t>(data_.targets());
    return {AlignedVector<double>(size(data_.targets()), 0.0), std::vector<double>(t), std::vector<double>(t),
            AlignedVector<double>(size(kRows), 0.0)};
  }

  /// Adds rows first .. last - 1.
  void add(std::int64_t first, std::int64_t last, Part& to) const {
    std::int64_t i = first;
    for (; i + kRows <= last; i += kRows) add_rows<kRows>(i, to);
    for (; i < last; ++i) add_rows<1>(i, to);
  }

  /// The whole's, by x'.
  compute::Residuals total(std::span<const Part> parts) const {
    const std::int64_t targets = data_.targets();
    compute::Residuals all{Matrix<double>(targets, data_.columns()),
                           std::vector<double>(static_cast<std::size_t>(targets)),
                           std::vector<double>(static_cast<std::size_t>(targets))};
    for (const Part& part : parts) {
      for (std::int64_t t = 0; t < targets; ++t) {
        const auto target = static_cast<std::size_t>(t);
        for (std::int64_t j = 0; j < data_.columns(); ++j) {
          all.gradient(t, j) += part.gradient[static_cast<std::size_t>(t * padded_ + j)];
        }
        all.sum[target] += part.sum[target];
        all.sum_squares[target] += part.sum_squares[target];
      }
    }
    for (std::int64_t t = 0; t < targets; ++t) {
      for (std::int64_t j = 0; j < data_.columns(); ++j) all.gradient(t, j) *= data_.scale(j);
    }
    return all;
  }

 private:
  using Tag = hn::ScalableTag<double>;
  using Narrow = hn::Rebind<T, Tag>;
  static constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));

  std::size_t size(std::int64_t rows) const { return static_cast<std::size_t>(rows * padded_); }

  static hn::Vec<Tag> in_double(hn::Vec<Narrow> values) {
    if constexpr (std::is_same_v<T, double>) {
      return values;
    } else {
      return hn::PromoteTo(Tag(), values);
    }
  }

  void centre(std::int64_t i, double* to) const {
    const Tag tag;
    const Narrow narrow;
    const T* row = data_.x().data() + i * data_.x().stride();
    const double* shift = shift_.data();
    const std::int64_t d = data_.columns();
    std::int64_t j = 0;
    for (; j + kLanes <= d; j += kLanes) {
      hn::Store(hn::Sub(in_double(hn::LoadU(narrow, row + j)), hn::Load(tag, shift + j)), tag, to + j);
    }
    if (j == d) return;
    const auto some = hn::MaskedLoad(hn::FirstN(narrow, static_cast<std::size_t>(d - j)), narrow, row + j);
    hn::Store(hn::Sub(in_double(some), hn::Load(tag, shift + j)), tag, to + j);
  }

  template <std::int64_t kCount>
  void add_rows(std::int64_t i, Part& to) const {
    for (std::int64_t r = 0; r < kCount; ++r) {
      prefetch_row(data_.x(), i + kAhead + r);
      centre(i + r, to.centred.data() + r * padded_);
    }
    for (std::int64_t t = 0; t < data_.targets(); ++t) add_target<kCount>(i, t, to);
  }

  template <std::int64_t kCount>
  void add_target(std::int64_t i, std::int64_t t, Part& to) const {
    const Tag tag;
    const double* x = to.centred.data();
    const double* coef = coef_.data() + t * padded_;
    double* const gradient = to.gradient.data() + t * padded_;
    hn::Vec<Tag> product[kCount];
    for (auto& sum : product) sum = hn::Zero(tag);
    for (std::int64_t j = 0; j < padded_; j += kLanes) {
      const auto c = hn::Load(tag, coef + j);
      for (std::int64_t r = 0; r < kCount; ++r) {
        product[r] = hn::MulAdd(hn::Load(tag, x + r * padded_ + j), c, product[r]);
      }
    }
    const auto target = static_cast<std::size_t>(t);
    const std::int64_t column = data_.columns() + t;
    hn::Vec<Tag> weighted[kCount];
    double sum = 0;
    double sum_squares = 0;
    for (std::int64_t r = 0; r < kCount; ++r) {
      const double y = (static_cast<double>(data_.y()(i + r, t)) - data_.shift(column)) * data_.scale(column);
      const double residual = y - offset_[target] - hn::GetLane(hn::SumOfLanes(tag, product[r]));
      const double part = data_.weight(i + r) * residual;
      weighted[r] = hn::Set(tag, part);
      sum += part;
      sum_squares += part * residual;
    }
    to.sum[target] += sum;
    to.sum_squares[target] += sum_squares;
    for (std::int64_t j = 0; j < padded_; j += kLanes) {
      auto g = hn::Load(tag, gradient + j);
      for (std::int64_t r = 0; r < kCount; ++r) g = hn::MulAdd(weighted[r], hn::Load(tag, x + r * padded_ + j), g);
      hn::Store(g, tag, gradient + j);
    }
  }

  const TrainingData<T>& data_;
  std::span<const double> offset_;
  std::int64_t padded_;
  // Columns beyond d are zeros everywhere.
  AlignedVector<double> shift_;
  AlignedVector<double> coef_;
};

}  // namespace forja::cpu
