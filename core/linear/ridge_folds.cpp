#include "linear/ridge_folds.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "estimator/host_threads.h"
#include "estimator/input_checks.h"
#include "linear/least_squares.h"
#include "linear/linear_input.h"
#include "linear/normal_equations.h"
#include "linear/r_squared.h"

namespace forja::core {
namespace {

/// A sum of squares out of products summed in T counts as exact where it is so many times their roundings' size.
constexpr double kLeastLeft = 256;
/// Columns of targets that the exact way takes at once.
constexpr std::int64_t kTargetsAtOnce = 32;

void add_sums(const Matrix<double>& from, Matrix<double>& to) {
  for (std::size_t k = 0; k < to.values().size(); ++k) to.values()[k] += from.values()[k];
}

/// For each fold the sum of all others: added up, as what a difference leaves may be less than its roundings.
std::vector<Matrix<double>> sums_of_others(const std::vector<Matrix<double>>& parts) {
  std::vector<Matrix<double>> others(parts.size(), Matrix<double>(parts.front().rows(), parts.front().rows()));
  Matrix<double> sum = others.front();
  for (std::size_t f = 0; f < parts.size(); ++f) {
    add_sums(sum, others[f]);
    add_sums(parts[f], sum);
  }
  sum = Matrix<double>(sum.rows(), sum.rows());
  for (std::size_t f = parts.size(); f-- > 0;) {
    add_sums(sum, others[f]);
    add_sums(parts[f], sum);
  }
  return others;
}

/// A sum of weight r^2 with the sum of its parts' sizes.
struct HeldOutSquares {
  double sum = 0;
  double size = 0;
};

/// Of r = (1, x', y') v.
HeldOutSquares squares_of(const Matrix<double>& sums, std::span<const double> v) {
  HeldOutSquares squares;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double* row = sums.row(static_cast<std::int64_t>(i)).data();
    double along = 0;
    double size = 0;
    for (std::size_t j = 0; j < v.size(); ++j) {
      along += row[j] * v[j];
      size += std::abs(row[j] * v[j]);
    }
    squares.sum += v[i] * along;
    squares.size += std::abs(v[i]) * size;
  }
  return squares;
}

/// (1, x', y') v is what is left of target t by the coefficients of x'.
std::vector<double> residual_direction(const CentredGram& gram, std::span<const double> coef, std::int64_t t) {
  const auto d = static_cast<std::int64_t>(coef.size());
  double offset = gram.mean[static_cast<std::size_t>(d + t)];
  for (std::size_t j = 0; j < coef.size(); ++j) offset -= gram.mean[j] * coef[j];
  std::vector<double> v(gram.mean.size() + 1);
  v[0] = -offset;
  for (std::size_t j = 0; j < coef.size(); ++j) v[1 + j] = -coef[j];
  v[static_cast<std::size_t>(1 + d + t)] = 1;
  return v;
}

/// What one fold's rows leave of each target, in y's units, under the ridge regression of the others' Gram matrix.
/// Empty where sums in T do not tell.
template <class T>
std::optional<std::vector<double>> unexplained_squares(const CentredGram& others, const Matrix<double>& own,
                                                       std::int64_t d, double alpha) {
  std::vector<double> lengths;
  for (std::int64_t j = 0; j < d; ++j) {
    const double scale = others.use.scale[static_cast<std::size_t>(j)];
    lengths.push_back(std::sqrt(std::max(0.0, others.products(j, j)) + alpha * scale * scale));
  }
  const std::optional<FactoredNormal> factored = FactoredNormal::factor(others.products, lengths);
  if (!factored || !normal_equations_serve<T>(factored->condition())) return std::nullopt;
  std::vector<double> left;
  for (std::int64_t t = 0; d + t < others.products.rows(); ++t) {
    std::vector<double> coef;
    for (std::int64_t j = 0; j < d; ++j) coef.push_back(others.products(j, d + t));
    factored->solve(coef);
    const HeldOutSquares squares = squares_of(own, residual_direction(others, coef, t));
    if (!(squares.sum >= kLeastLeft * unit_roundoff<T>() * squares.size)) return std::nullopt;
    const double scale = others.use.scale[static_cast<std::size_t>(d + t)];
    left.push_back(squares.sum / (scale * scale));
  }
  return left;
}

template <class T>
class FoldScores {
 public:
  FoldScores(compute::LinearCompute<T>& rows, const RidgeFoldsTask<T>& task)
      : rows_(rows),
        task_(task),
        check_values_(values_check(task.call, task.x, task.device)),
        scores_(std::ssize(task.alphas), std::ssize(task.ends)),
        exact_(task.ends.size()) {
    for (std::int64_t f = 0; f < folds(); ++f) {
      spreads_.push_back(target_spreads(task.y, task.weight, begin(f), end(f)));
      // Where there are fewer rows than columns, their Gram matrix is large and singular.
      exact_[static_cast<std::size_t>(f)] = rows.columns() >= rows.rows() - (end(f) - begin(f)) ? 1 : 0;
    }
  }

  RidgeFolds find() {
    std::optional<CentredGram> all;
    if (std::count(exact_.begin(), exact_.end(), 0) > 0) all = score_by_grams();
    for (std::int64_t f = 0; f < folds(); ++f) {
      if (exact_[static_cast<std::size_t>(f)] != 0) score_exactly(f);
    }
    return {std::move(scores_), std::move(all)};
  }

 private:
  std::int64_t folds() const { return std::ssize(task_.ends); }
  std::int64_t end(std::int64_t f) const { return task_.ends[static_cast<std::size_t>(f)]; }
  std::int64_t begin(std::int64_t f) const { return f == 0 ? 0 : end(f - 1); }

  /// Folds that turn out to need it are marked for the exact way.
  CentredGram score_by_grams() {
    PartedGram gram = parted_gram(task_.call, rows_, task_.fit_intercept, task_.ends, check_values_);
    std::vector<CentredGram> others;
    for (const Matrix<double>& sums : sums_of_others(gram.parts)) {
      others.push_back(centred_sums(gram.all.use, sums, task_.fit_intercept));
      for (std::size_t j = 0; task_.fit_intercept && j < others.back().mean.size(); ++j) {
        if (far_from_mean(others.back(), j)) exact_[others.size() - 1] = 1;
      }
    }
    const std::int64_t alphas = scores_.rows();
    std::vector<char> unclear(static_cast<std::size_t>(alphas * folds()));
    for_each_part(place(task_.device).threads, alphas * folds(), [&](std::int64_t part) {
      const auto f = static_cast<std::size_t>(part / alphas);
      if (exact_[f] != 0) return;
      const auto left = unexplained_squares<T>(others[f], gram.parts[f], rows_.columns(),
                                               task_.alphas[static_cast<std::size_t>(part % alphas)]);
      unclear[static_cast<std::size_t>(part)] = left ? 0 : 1;
      if (left) scores_(part % alphas, part / alphas) = mean_r_squared(*left, spreads_[f]);
    });
    for (std::size_t part = 0; part < unclear.size(); ++part) {
      if (unclear[part] != 0) exact_[part / static_cast<std::size_t>(alphas)] = 1;
    }
    return std::move(gram.all);
  }

  /// The weights of fold f's rows alone, or of all other rows.
  std::vector<T> weights(std::int64_t f, bool held_out) const {
    std::vector<T> weight(task_.weight.begin(), task_.weight.end());
    if (weight.empty()) weight.assign(static_cast<std::size_t>(task_.y.rows()), T(1));
    for (std::int64_t i = 0; i < std::ssize(weight); ++i) {
      if ((i >= begin(f) && i < end(f)) != held_out) weight[static_cast<std::size_t>(i)] = 0;
    }
    return weight;
  }

  /// As Ridge and its score have it, several alphas at once: each has the targets as its own.
  void score_exactly(std::int64_t f) {
    const std::int64_t targets = task_.y.columns();
    const std::int64_t most = std::max<std::int64_t>(kTargetsAtOnce / targets, 1);
    const std::vector<T> learned = weights(f, false);
    const std::vector<T> held = weights(f, true);
    for (std::int64_t first = 0; first < scores_.rows(); first += most) {
      const std::int64_t count = std::min(most, scores_.rows() - first);
      Matrix<T> y(task_.y.rows(), count * targets);
      LeastSquaresTask task{{}, task_.fit_intercept};
      for (std::int64_t column = 0; column < y.columns(); ++column) {
        task.alpha.push_back(task_.alphas[static_cast<std::size_t>(first + column / targets)]);
        for (std::int64_t i = 0; i < y.rows(); ++i) y(i, column) = task_.y(i, column % targets);
      }
      const auto fit_rows = families<T>(task_.device).make_linear(place(task_.device), task_.x, y.view(), learned);
      const LeastSquaresFit fit = solve_least_squares(task_.call, *fit_rows, task, check_values_);
      const auto held_rows = families<T>(task_.device).make_linear(place(task_.device), task_.x, y.view(), held);
      const std::vector<double> left = held_rows->residuals(fit.coef, fit.intercept).sum_squares;
      for (std::int64_t a = 0; a < count; ++a) {
        const auto own =
            std::span(left).subspan(static_cast<std::size_t>(a * targets), static_cast<std::size_t>(targets));
        scores_(first + a, f) = mean_r_squared(own, spreads_[static_cast<std::size_t>(f)]);
      }
    }
  }

  compute::LinearCompute<T>& rows_;
  const RidgeFoldsTask<T>& task_;
  std::function<void()> check_values_;
  Matrix<double> scores_;
  std::vector<char> exact_;  // one per fold: whether its scores are found in the exact way
  std::vector<std::vector<double>> spreads_;
};

}  // namespace

template <class T>
RidgeFolds score_ridge_folds(compute::LinearCompute<T>& rows, const RidgeFoldsTask<T>& task) {
  return FoldScores<T>(rows, task).find();
}

template RidgeFolds score_ridge_folds(compute::LinearCompute<float>&, const RidgeFoldsTask<float>&);
template RidgeFolds score_ridge_folds(compute::LinearCompute<double>&, const RidgeFoldsTask<double>&);

}  // namespace forja::core
