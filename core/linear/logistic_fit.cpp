#include "linear/logistic_fit.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "linear/centred_gram.h"
#include "linear/linear_input.h"
#include "linear/newton.h"
#include "linear/owl_qn.h"

namespace forja::core {
namespace {

/// How much of the penalty is l1.
double l1_share(const LogisticRegressionOptions& options) {
  return options.penalty == LogisticPenalty::l1           ? 1
         : options.penalty == LogisticPenalty::elasticnet ? options.l1_ratio
                                                          : 0;
}

/// The objective over coefficients of x' (outputs x d), then offsets.
template <class T>
class LogisticObjective {
 public:
  /// weight: of the rows; penalty: the coefficients' factor.
  LogisticObjective(compute::LinearCompute<T>& rows, std::int64_t outputs, double weight, double penalty,
                    const LogisticRegressionOptions& options, ColumnUse use)
      : rows_(rows),
        outputs_(outputs),
        d_(rows.columns()),
        weight_(weight),
        penalty_(penalty),
        l1_share_(l1_share(options)),
        intercept_(options.fit_intercept),
        use_(std::move(use)) {
    use_columns(rows_, use_);
  }

  std::vector<double> start() const { return std::vector<double>(static_cast<std::size_t>(outputs_ * (d_ + 1))); }

  /// The penalty's part that has no gradient: a factor for the size of each number of the point; empty: none.
  std::vector<double> l1() const {
    std::vector<double> factors;
    if (penalty_ * l1_share_ == 0) return factors;
    for (std::int64_t k = 0; k < outputs_ * (d_ + 1); ++k) {
      factors.push_back(k < outputs_ * d_ ? penalty_ * l1_share_ * use_.scale[static_cast<std::size_t>(k % d_)] : 0);
    }
    return factors;
  }

  /// All but that part.
  double operator()(std::span<const double> point, std::span<double> gradient) const {
    const double alpha = penalty_ * (1 - l1_share_);
    const auto offsets = static_cast<std::size_t>(outputs_ * d_);
    const compute::LossGradient found =
        rows_.loss_gradient(loss(), {point.data(), outputs_, d_}, point.subspan(offsets));
    double square = 0;
    for (std::size_t k = 0; k < offsets; ++k) {
      const double unit = use_.scale[k % static_cast<std::size_t>(d_)];
      square += point[k] * unit * point[k] * unit;
      gradient[k] = found.gradient.values()[k] / weight_ + alpha * unit * unit * point[k];
    }
    for (std::size_t c = 0; c < found.offset.size(); ++c) {
      gradient[offsets + c] = intercept_ ? found.offset[c] / weight_ : 0;
    }
    return found.loss / weight_ + 0.5 * alpha * square;
  }

  Matrix<double> hessian(std::span<const double> point) const {
    const std::int64_t size = outputs_ * (d_ + 1);
    // Where z_i of an output lies in a point.
    const auto place = [&](std::int64_t c, std::int64_t i) { return i == 0 ? outputs_ * d_ + c : c * d_ + i - 1; };
    Matrix<double> found(size, size);
    for (std::int64_t a = 0; a < outputs_; ++a) {
      for (std::int64_t b = 0; b <= a; ++b) {
        const Matrix<double> sums =
            rows_.curvature(loss(), {point.data(), outputs_, d_}, point.last(static_cast<std::size_t>(outputs_)), a, b);
        for (std::int64_t i = intercept_ ? 0 : 1; i <= d_; ++i) {
          for (std::int64_t j = intercept_ ? 0 : 1; j <= d_; ++j) {
            const double value = (a == b ? 1 : -1) * sums(i, j) / weight_;
            found(place(a, i), place(b, j)) = found(place(b, j), place(a, i)) = value;
          }
        }
      }
    }
    for (std::int64_t k = 0; k < outputs_ * d_; ++k) {
      const double unit = use_.scale[static_cast<std::size_t>(k % d_)];
      found(k, k) += penalty_ * (1 - l1_share_) * unit * unit;
    }
    return found;
  }

  /// Coefficients and intercepts of the columns as they are.
  void unpack(const std::vector<double>& point, Matrix<double>& coef, std::vector<double>& intercept) const {
    coef = Matrix<double>(outputs_, d_);
    intercept.assign(point.end() - outputs_, point.end());
    for (std::int64_t c = 0; c < outputs_; ++c) {
      for (std::int64_t j = 0; j < d_; ++j) {
        const auto column = static_cast<std::size_t>(j);
        coef(c, j) = point[static_cast<std::size_t>(c * d_ + j)] * use_.scale[column];
        intercept[static_cast<std::size_t>(c)] -= coef(c, j) * use_.shift[column];
      }
    }
  }

 private:
  formulas::RowLoss<T> loss() const {
    return {.kind = outputs_ == 1 ? formulas::LossKind::log_loss : formulas::LossKind::multinomial};
  }

  compute::LinearCompute<T>& rows_;
  std::int64_t outputs_;
  std::int64_t d_;
  double weight_;
  double penalty_;
  double l1_share_;
  bool intercept_;
  ColumnUse use_;
};

/// Shifts and scales of x; y is a class, to be left as it is.
template <class T>
ColumnUse columns_of(compute::LinearCompute<T>& rows, bool centred) {
  ColumnUse use = choose_columns<T>(rows.column_ranges(rows.rows()), rows.columns(), centred, false);
  use.shift.back() = 0;
  use.scale.back() = 1;
  return use;
}

/// Every `step`-th row of the host.
template <class T>
class Sample {
 public:
  Sample(const LogisticRows<T>& data, std::int64_t step, const Device& device) {
    const MatrixView<const T>& x = *data.x.host();
    for (std::int64_t i = 0; i < x.rows(); i += step) {
      const auto row = static_cast<std::size_t>(i);
      targets_.push_back(data.targets[row]);
      if (!data.weight.empty()) weight_.push_back(data.weight[row]);
      total_weight_ += data.weight.empty() ? 1 : static_cast<double>(data.weight[row]);
    }
    rows_ = families<T>(device).make_linear(
        place(device), Rows<T>(MatrixView<const T>(x.data(), std::ssize(targets_), x.columns(), x.stride() * step)),
        one_target(std::span<const T>(targets_)), weight_);
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  compute::LinearCompute<T>& rows() const { return *rows_; }
  double total_weight() const { return total_weight_; }

 private:
  std::vector<T> targets_;
  std::vector<T> weight_;
  double total_weight_ = 0;
  std::unique_ptr<compute::LinearCompute<T>> rows_;
};

/// How far apart rows of a sample lie that tell `parameters` numbers well; 1: there is no sample to be had. A prime:
/// rows may come in periods.
template <class T>
std::int64_t sample_step(const LogisticRows<T>& data, std::int64_t parameters) {
  constexpr std::int64_t kRowsForEach = 256;
  constexpr std::int64_t kMost = 17;
  constexpr std::int64_t kLeast = 5;
  const std::int64_t step = std::min(data.x.rows() / (kRowsForEach * parameters), kMost);
  return data.x.host() == nullptr || step < kLeast ? 1 : step;
}

/// Newton's method. Where there are far more rows than parameters it begins at the minimum over a sample, whose
/// Hessians serve the first iterations over all rows as well (Byrd et al. 2011).
template <class T>
LbfgsEnd by_newton(const LogisticRegressionOptions& options, const LogisticRows<T>& data, const Device& device,
                   const LogisticObjective<T>& objective, const Objective& smooth, double penalty, const ColumnUse& use,
                   const LbfgsRules& rules, const Watch& watch) {
  constexpr std::int64_t kBySample = 4;
  const Hessian exact = [&](std::span<const double> point, std::int64_t) { return objective.hessian(point); };
  const std::int64_t step = sample_step(data, std::ssize(objective.start()));
  if (step == 1) return minimise_newton(smooth, exact, objective.start(), rules, watch);
  const Sample<T> sample(data, step, device);
  if (!(sample.total_weight() > 0)) return minimise_newton(smooth, exact, objective.start(), rules, watch);
  const LogisticObjective<T> sketch(sample.rows(), data.outputs, sample.total_weight(), penalty, options, use);
  const Hessian sketched = [&](std::span<const double> point, std::int64_t) { return sketch.hessian(point); };
  const Objective sketched_smooth = [&](std::span<const double> point, std::span<double> slope) {
    return sketch(point, slope);
  };
  std::vector<double> start =
      minimise_newton(sketched_smooth, sketched, objective.start(), rules, Watch(nullptr, "")).point;
  const Hessian mixed = [&](std::span<const double> point, std::int64_t iteration) {
    return iteration <= kBySample ? sketch.hessian(point) : objective.hessian(point);
  };
  return minimise_newton(smooth, mixed, std::move(start), rules, watch);
}

/// Whether Newton's method is less work than L-BFGS.
template <class T>
bool newton_repays(const LogisticRows<T>& data) {
  constexpr std::int64_t kMostColumns = 500;
  constexpr std::int64_t kLeastRowsForEach = 10;
  const std::int64_t d = data.x.columns();
  return data.outputs == 1 && d <= kMostColumns && data.x.rows() >= kLeastRowsForEach * (d + 1);
}

}  // namespace

template <class T>
LogisticFit fit_logistic(const LogisticRegressionOptions& options, const LogisticRows<T>& data, const Device& device,
                         const Watch& watch) {
  const auto rows = families<T>(device).make_linear(place(device), data.x, one_target(data.targets), data.weight);
  const ColumnUse use = columns_of(*rows, options.fit_intercept);
  const double penalty = options.penalty == LogisticPenalty::none ? 0 : 1 / (options.C * data.total_weight);
  const LogisticObjective<T> objective(*rows, data.outputs, data.total_weight, penalty, options, use);
  const Objective smooth = [&](std::span<const double> point, std::span<double> slope) {
    return objective(point, slope);
  };
  const std::vector<double> l1 = objective.l1();
  // A value is a sum of rows whose margins are rounded to T.
  LbfgsRules rules{.max_iter = options.max_iter,
                   .tol = options.tol,
                   .noise = static_cast<double>(std::numeric_limits<T>::epsilon())};
  LogisticFit found;
  if (!l1.empty()) {
    found.end = minimise_sparse(smooth, l1, objective.start(), rules, watch);
  } else if (options.solver == LogisticSolver::newton_cholesky ||
             (options.solver == LogisticSolver::automatic && newton_repays(data))) {
    found.end = by_newton(options, data, device, objective, smooth, penalty, use, rules, watch);
  } else {
    found.end = minimise(smooth, objective.start(), rules, watch);
  }
  objective.unpack(found.end.point, found.coef, found.intercept);
  return found;
}

template LogisticFit fit_logistic(const LogisticRegressionOptions&, const LogisticRows<float>&, const Device&,
                                  const Watch&);
template LogisticFit fit_logistic(const LogisticRegressionOptions&, const LogisticRows<double>&, const Device&,
                                  const Watch&);

}  // namespace forja::core
