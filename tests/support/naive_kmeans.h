#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "compute/kmeans_compute.h"
#include "forja/matrix.h"
#include "formulas/fixed_point.h"
#include "formulas/kmeans_formulas.h"

/// The seam's contract for k-means, word for word and without a thought for speed: every device must give these labels,
/// centres and counts to the bit.
namespace forja::testing {

template <class T>
class NaiveKMeans {
 public:
  explicit NaiveKMeans(MatrixView<const T> x, std::span<const T> weights = {})
      : x_(x), weights_(weights.begin(), weights.end()) {
    weights_.resize(static_cast<std::size_t>(n()), weights.empty() ? T(1) : T(0));
    centre_rows();
    heaviest_ = static_cast<double>(*std::max_element(weights_.begin(), weights_.end()));
    for (std::int64_t j = 0; j < d(); ++j) {
      double largest = 0;
      for (std::int64_t i = 0; i < n(); ++i) largest = std::max(largest, std::abs(static_cast<double>(rows_(i, j))));
      exponents_.push_back(formulas::fixed_point_exponent(largest * heaviest_, n()));
    }
    weight_exponent_ = formulas::fixed_point_exponent(heaviest_, n());
    labels_.assign(static_cast<std::size_t>(n()), -1);
  }

  std::int64_t n() const { return x_.rows(); }
  std::int64_t d() const { return x_.columns(); }
  const Matrix<T>& rows() const { return rows_; }
  const std::vector<std::int32_t>& labels() const { return labels_; }
  double weight(std::int64_t i) const { return static_cast<double>(weights_[static_cast<std::size_t>(i)]); }
  double square_unit() const {
    const double unit = 1 / static_cast<double>(scale_);
    return unit * unit;
  }

  void set_centers(MatrixView<const double> centers) {
    centers_ = Matrix<T>(centers.rows(), d());
    for (std::int64_t c = 0; c < centers.rows(); ++c) {
      for (std::int64_t j = 0; j < d(); ++j) {
        centers_(c, j) = static_cast<T>((centers(c, j) - static_cast<double>(shift(j))) * static_cast<double>(scale_));
      }
    }
    proposed_ = centers_;
    counts_.assign(static_cast<std::size_t>(centers.rows()), 0);
    labels_.assign(static_cast<std::size_t>(n()), -1);
  }

  Matrix<double> centers() const {
    Matrix<double> result(centers_.rows(), d());
    for (std::int64_t c = 0; c < centers_.rows(); ++c) {
      for (std::int64_t j = 0; j < d(); ++j) {
        result(c, j) =
            static_cast<double>(shift(j)) + static_cast<double>(centers_(c, j)) / static_cast<double>(scale_);
      }
    }
    return result;
  }

  std::int32_t nearest(std::int64_t i) const {
    std::int32_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t c = 0; c < centers_.rows(); ++c) {
      const double distance = formulas::exact_distance(&rows_(i, 0), &centers_(c, 0), d());
      if (distance < least) {
        least = distance;
        best = static_cast<std::int32_t>(c);
      }
    }
    return best;
  }

  compute::KMeansPass assign() {
    compute::KMeansPass pass;
    for (std::int64_t i = 0; i < n(); ++i) {
      const std::int32_t label = nearest(i);
      std::int32_t& kept = labels_[static_cast<std::size_t>(i)];
      pass.changed += label != kept ? 1 : 0;
      kept = label;
    }
    pass.inertia = inertia();
    pass.shift = propose();
    for (std::int64_t c = 0; c < centers_.rows(); ++c) {
      if (cluster_weight(c) == 0) pass.empty.push_back(static_cast<std::int32_t>(c));
    }
    return pass;
  }

  double relabel(std::span<const compute::RowToCluster> moves) {
    for (const compute::RowToCluster& move : moves) labels_[static_cast<std::size_t>(move.row)] = move.cluster;
    return propose();
  }

  void update() { centers_ = proposed_; }

  double distance(std::int64_t i) const {
    return formulas::exact_distance(&rows_(i, 0), &centers_(labels_[static_cast<std::size_t>(i)], 0), d()) *
           square_unit();
  }

  double inertia() const {
    double sum = 0;
    for (std::int64_t i = 0; i < n(); ++i) sum += weight(i) * distance(i);
    return sum;
  }

  std::vector<compute::FarRow> farthest_rows(std::int64_t count) const {
    std::vector<compute::FarRow> all;
    for (std::int64_t i = 0; i < n(); ++i) {
      if (weight(i) > 0) all.push_back({i, distance(i)});
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.distance > b.distance; });
    if (std::ssize(all) > count) all.resize(static_cast<std::size_t>(count));
    return all;
  }

  void set_counts(std::vector<double> counts) { counts_ = std::move(counts); }
  const std::vector<double>& counts() const { return counts_; }

  compute::BatchStep batch_step(std::uint64_t seed, std::int64_t step, std::int64_t batch_size) {
    compute::BatchStep result;
    Sums sums(centers_.rows(), d());
    for (std::int64_t slot = 0; slot < (batch_size > 0 ? batch_size : n()); ++slot) {
      const std::int64_t row = batch_size > 0 ? formulas::batch_row(seed, step, slot, n()) : slot;
      const std::int32_t label = nearest(row);
      result.inertia +=
          weight(row) * formulas::exact_distance(&rows_(row, 0), &centers_(label, 0), d()) * square_unit();
      add(sums, row, label);
    }
    for (std::int64_t c = 0; c < centers_.rows(); ++c) {
      if (sums.weight[static_cast<std::size_t>(c)] == 0) continue;
      double& count = counts_[static_cast<std::size_t>(c)];
      const double weight =
          std::ldexp(static_cast<double>(sums.weight[static_cast<std::size_t>(c)]), -weight_exponent_);
      for (std::int64_t j = 0; j < d(); ++j) {
        const T before = centers_(c, j);
        const double sum = from_sum(sums, c, j);
        centers_(c, j) = formulas::running_mean(before, count, sum, weight);
        result.shift += square(static_cast<double>(centers_(c, j)) - static_cast<double>(before)) * square_unit();
      }
      count += weight;
      result.weight += weight;
    }
    return result;
  }

  void replace_centers(std::span<const compute::RowToCluster> moves, double count) {
    for (const compute::RowToCluster& move : moves) {
      for (std::int64_t j = 0; j < d(); ++j) centers_(move.cluster, j) = rows_(move.row, j);
      counts_[static_cast<std::size_t>(move.cluster)] = count;
    }
  }

 private:
  struct Sums {
    Sums(std::int64_t k, std::int64_t columns)
        : d(columns), sum(static_cast<std::size_t>(k * columns)), weight(static_cast<std::size_t>(k)) {}
    std::int64_t& at(std::int64_t c, std::int64_t j) { return sum[static_cast<std::size_t>(c * d + j)]; }
    std::int64_t d;
    std::vector<std::int64_t> sum;
    std::vector<std::int64_t> weight;
  };

  static double square(double value) { return value * value; }
  T shift(std::int64_t j) const { return shift_[static_cast<std::size_t>(j)]; }
  double from_sum(Sums& sums, std::int64_t c, std::int64_t j) const {
    return std::ldexp(static_cast<double>(sums.at(c, j)), -exponents_[static_cast<std::size_t>(j)]);
  }

  void centre_rows() {
    rows_ = Matrix<T>(n(), d());
    double largest = 0;
    for (std::int64_t j = 0; j < d(); ++j) {
      T low = x_(0, j);
      T high = x_(0, j);
      long double sum = 0;
      for (std::int64_t i = 0; i < n(); ++i) {
        low = std::min(low, x_(i, j));
        high = std::max(high, x_(i, j));
        sum += static_cast<long double>(x_(i, j));
      }
      shift_.push_back(formulas::centring_shift<T>(static_cast<double>(sum / static_cast<long double>(n())),
                                                   static_cast<double>(low), static_cast<double>(high)));
      for (const T edge : {low, high}) {
        largest = std::max(largest, std::abs(static_cast<double>(edge) - static_cast<double>(shift(j))));
      }
    }
    scale_ = formulas::common_scale<T>(largest);
    for (std::int64_t i = 0; i < n(); ++i) {
      for (std::int64_t j = 0; j < d(); ++j) rows_(i, j) = formulas::centred(x_(i, j), shift(j), scale_);
    }
  }

  void add(Sums& sums, std::int64_t row, std::int32_t label) const {
    for (std::int64_t j = 0; j < d(); ++j) {
      const double scale = std::ldexp(1.0, exponents_[static_cast<std::size_t>(j)]);
      sums.at(label, j) += formulas::to_fixed(weight(row) * static_cast<double>(rows_(row, j)), scale);
    }
    sums.weight[static_cast<std::size_t>(label)] += formulas::to_fixed(weight(row), std::ldexp(1.0, weight_exponent_));
  }

  double cluster_weight(std::int64_t c) const {
    double sum = 0;
    for (std::int64_t i = 0; i < n(); ++i) sum += labels_[static_cast<std::size_t>(i)] == c ? weight(i) : 0;
    return sum;
  }

  double propose() {
    Sums sums(centers_.rows(), d());
    for (std::int64_t i = 0; i < n(); ++i) add(sums, i, labels_[static_cast<std::size_t>(i)]);
    double moved = 0;
    for (std::int64_t c = 0; c < centers_.rows(); ++c) {
      const double weight =
          std::ldexp(static_cast<double>(sums.weight[static_cast<std::size_t>(c)]), -weight_exponent_);
      for (std::int64_t j = 0; j < d(); ++j) {
        proposed_(c, j) = weight > 0 ? formulas::cluster_mean<T>(from_sum(sums, c, j), weight) : centers_(c, j);
        moved += square(static_cast<double>(proposed_(c, j)) - static_cast<double>(centers_(c, j)));
      }
    }
    return moved * square_unit();
  }

  MatrixView<const T> x_;
  std::vector<T> weights_;
  std::vector<T> shift_;
  T scale_ = 1;
  Matrix<T> rows_;
  double heaviest_ = 1;
  std::vector<int> exponents_;
  int weight_exponent_ = 0;
  Matrix<T> centers_;
  Matrix<T> proposed_;
  std::vector<std::int32_t> labels_;
  std::vector<double> counts_;
};

}  // namespace forja::testing
