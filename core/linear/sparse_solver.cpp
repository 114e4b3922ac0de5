#include "linear/sparse_solver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "forja/error.h"

namespace forja::core {
namespace {

/// X'X of all columns is made where it is smaller than x, and no larger than this in either direction.
constexpr std::int64_t kMostGramColumns = 4096;
/// A working set's size at first; it doubles with what is in use.
constexpr std::int64_t kFirstWorkingSet = 64;
/// The gap on a working set, as a part of what is asked for: the rest is for the columns outside and for rounding.
constexpr double kInnerPart = 0.25;

}  // namespace

template <class T>
SparseSolver<T>::SparseSolver(std::string_view call, compute::LinearCompute<T>& rows, bool fit_intercept,
                              const std::function<void()>& check_values)
    : call_(call), rows_(rows), columns_(rows.columns()), fit_intercept_(fit_intercept) {
  state_.c.assign(static_cast<std::size_t>(columns_), 0);
  if (columns_ <= kMostGramColumns && columns_ < rows.rows()) {
    CentredGram gram = centred_gram(call, rows, fit_intercept, check_values);
    use_ = std::move(gram.use);
    weight_ = gram.weight;
    mean_ = std::move(gram.mean);
    state_.correlation.clear();
    for (std::int64_t j = 0; j < columns_; ++j) {
      square_.push_back(std::max(0.0, gram.products(j, j)));
      state_.correlation.push_back(gram.products(j, columns_));
    }
    target_square_ = gram.products(columns_, columns_);
    products_ = std::move(gram.products);
  } else {
    check_values();
    measure_means();
  }
  state_.residual_square = target_square_;
  set_intercept_offset();
}

// The gradient for a target of zero and one of minus one differ by the columns' own sums.
template <class T>
void SparseSolver<T>::measure_means() {
  measured_ = true;
  const compute::ColumnRanges ranges = rows_.column_ranges(rows_.rows());
  use_ = choose_columns<T>(ranges, columns_, fit_intercept_, false);
  use_columns(rows_, use_);
  const Matrix<double> nothing(1, columns_);
  const compute::Residuals at_zero = rows_.residuals(nothing, std::vector<double>{0});
  const compute::Residuals at_one = rows_.residuals(nothing, std::vector<double>{1});
  weight_ = at_zero.sum[0] - at_one.sum[0];
  mean_.assign(static_cast<std::size_t>(columns_ + 1), 0);
  const auto target = static_cast<std::size_t>(columns_);
  if (fit_intercept_) mean_[target] = at_zero.sum[0] / weight_;
  target_square_ = at_zero.sum_squares[0] - mean_[target] * at_zero.sum[0];
  for (std::int64_t j = 0; j < columns_; ++j) {
    const auto place = static_cast<std::size_t>(j);
    if (fit_intercept_) mean_[place] = (at_zero.gradient(0, j) - at_one.gradient(0, j)) / weight_;
    const auto reach = [&](double end) {
      return std::abs((end - use_.shift[place]) * use_.scale[place] - mean_[place]);
    };
    const double most = std::max(reach(ranges.lowest[place]), reach(ranges.highest[place]));
    square_.push_back(weight_ * most * most);
    state_.correlation.push_back(at_zero.gradient(0, j) - mean_[place] * at_zero.sum[0]);
  }
}

template <class T>
void SparseSolver<T>::set_intercept_offset() {
  offset_ = mean_.back();
  for (std::size_t j = 0; j < state_.c.size(); ++j) offset_ -= mean_[j] * state_.c[j];
}

template <class T>
void SparseSolver<T>::start_from(std::span<const double> coef) {
  for (std::size_t j = 0; j < coef.size(); ++j) state_.c[j] = coef[j] * use_.scale.back() / use_.scale[j];
  set_intercept_offset();
  measure();
}

template <class T>
double SparseSolver<T>::greatest_alpha(double l1_ratio) const {
  double greatest = 0;
  for (std::int64_t j = 0; j < columns_; ++j) {
    const auto place = static_cast<std::size_t>(j);
    greatest = std::max(greatest, std::abs(state_.correlation[place]) / (use_.scale[place] * use_.scale.back()));
  }
  return greatest / (weight_ * l1_ratio);
}

template <class T>
Penalties SparseSolver<T>::penalties(const SparseTask& task) const {
  Penalties made;
  for (std::int64_t j = 0; j < columns_; ++j) {
    const double scale = use_.scale[static_cast<std::size_t>(j)];
    made.l1.push_back(weight_ * task.alpha * task.l1_ratio * scale * use_.scale.back());
    made.l2.push_back(weight_ * task.alpha * (1 - task.l1_ratio) * scale * scale);
  }
  return made;
}

template <class T>
void SparseSolver<T>::measure() {
  Matrix<double> coef(1, columns_, state_.c);
  const compute::Residuals found = rows_.residuals(coef, std::vector<double>{offset_});
  measured_ = true;
  const double sum = fit_intercept_ ? found.sum[0] : 0;
  offset_ += sum / weight_;
  state_.residual_square = found.sum_squares[0] - sum * sum / weight_;
  for (std::int64_t j = 0; j < columns_; ++j) {
    const auto place = static_cast<std::size_t>(j);
    state_.correlation[place] = found.gradient(0, j) - mean_[place] * sum;
  }
}

// A column whose correlation with the dual point stays below its l1 wherever the optimum may be is zero there (Ndiaye
// et al. 2017). Of the others, `most`: those in use and those nearest to their l1.
template <class T>
std::vector<std::int64_t> SparseSolver<T>::working_set(const Penalties& penalties, const DualityGap& gap,
                                                       std::int64_t most) const {
  const double radius = std::sqrt(2 * gap.gap);
  std::vector<std::int64_t> left;
  std::vector<double> distance(static_cast<std::size_t>(columns_), -1);
  std::int64_t used = 0;
  for (std::int64_t j = 0; j < columns_; ++j) {
    const auto place = static_cast<std::size_t>(j);
    const double c = state_.c[place];
    const double along = gap.dual_scale * (state_.correlation[place] - penalties.l2[place] * c);
    const double length = std::sqrt(square_[place] + penalties.l2[place]);
    if (c == 0 && std::abs(along) + length * radius < penalties.l1[place]) continue;
    if (c == 0) distance[place] = (penalties.l1[place] - std::abs(along)) / length;
    used += c != 0 ? 1 : 0;
    left.push_back(j);
  }
  const auto wanted = static_cast<std::ptrdiff_t>(std::max(most, 2 * used));
  if (wanted < std::ssize(left)) {
    std::nth_element(left.begin(), left.begin() + wanted, left.end(), [&](std::int64_t a, std::int64_t b) {
      const double first = distance[static_cast<std::size_t>(a)];
      const double second = distance[static_cast<std::size_t>(b)];
      return first < second || (first == second && a < b);
    });
    left.resize(static_cast<std::size_t>(wanted));
    std::sort(left.begin(), left.end());
  }
  return left;
}

template <class T>
Matrix<double> SparseSolver<T>::products_of(const std::vector<std::int64_t>& columns) {
  const auto size = static_cast<std::int64_t>(columns.size());
  Matrix<double> products(size, size);
  if (products_) {
    for (std::int64_t a = 0; a < size; ++a) {
      for (std::int64_t b = 0; b < size; ++b) {
        products(a, b) = (*products_)(columns[static_cast<std::size_t>(a)], columns[static_cast<std::size_t>(b)]);
      }
    }
    return products;
  }
  const Matrix<double> sums = rows_.gram_of(columns);
  for (std::int64_t a = 0; a < size; ++a) {
    const double mean = mean_[static_cast<std::size_t>(columns[static_cast<std::size_t>(a)])];
    for (std::int64_t b = 0; b < size; ++b) products(a, b) = sums(a + 1, b + 1) - mean * sums(0, b + 1);
  }
  return products;
}

template <class T>
std::int64_t SparseSolver<T>::descend_on(const std::vector<std::int64_t>& columns, const Penalties& penalties,
                                         double most_gap, std::int64_t most_sweeps) {
  const Matrix<double> products = products_of(columns);
  SparseState part;
  Penalties own;
  for (const std::int64_t j : columns) {
    const auto place = static_cast<std::size_t>(j);
    part.c.push_back(state_.c[place]);
    part.correlation.push_back(state_.correlation[place]);
    own.l1.push_back(penalties.l1[place]);
    own.l2.push_back(penalties.l2[place]);
  }
  part.residual_square = state_.residual_square;
  const std::int64_t sweeps = descend(products, own, most_gap, most_sweeps, part);
  for (std::size_t a = 0; a < columns.size(); ++a) state_.c[static_cast<std::size_t>(columns[a])] = part.c[a];
  set_intercept_offset();
  return sweeps;
}

template <class T>
SparseFit SparseSolver<T>::solve(const SparseTask& task, const Watch& watch) {
  const Penalties all = penalties(task);
  const double most_gap = task.tol * target_square_;
  const double unit = 1 / (weight_ * use_.scale.back() * use_.scale.back());
  SparseFit fit;
  DualityGap gap = duality_gap(all, state_);
  std::int64_t most = products_ ? columns_ : kFirstWorkingSet;
  while (!(measured_ && gap.gap <= most_gap) && fit.n_iter < task.max_iter) {
    const std::vector<std::int64_t> columns = working_set(all, gap, most);
    fit.n_iter += descend_on(columns, all, kInnerPart * most_gap, task.max_iter - fit.n_iter);
    measure();
    gap = duality_gap(all, state_);
    double penalty = 0;
    for (std::size_t j = 0; j < all.l1.size(); ++j) {
      penalty += all.l1[j] * std::abs(state_.c[j]) + all.l2[j] / 2 * state_.c[j] * state_.c[j];
    }
    watch.tell(fit.n_iter, (state_.residual_square / 2 + penalty) * unit);
    most *= 2;
  }
  fit.converged = gap.gap <= most_gap;
  fit.dual_gap = gap.gap * unit;
  const double target_scale = use_.scale.back();
  fit.intercept = use_.shift.back() + offset_ / target_scale;
  for (std::size_t j = 0; j < state_.c.size(); ++j) {
    fit.coef.push_back(state_.c[j] * use_.scale[j] / target_scale);
    fit.intercept -= use_.shift[j] * fit.coef[j];
  }
  return fit;
}

template class SparseSolver<float>;
template class SparseSolver<double>;

}  // namespace forja::core
