#include "linear/ridge_descent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "forja/error.h"
#include "linear/centred_gram.h"

namespace forja::core {

template <class T>
RidgeDescent descend_ridge(std::string_view call, compute::LinearCompute<T>& rows, const LeastSquaresTask& task,
                           const LbfgsRules& rules, const Watch& watch) {
  const std::int64_t d = rows.columns();
  const std::int64_t targets = rows.targets();
  const auto coefs = static_cast<std::size_t>(targets * d);
  const ColumnUse use = choose_columns<T>(rows.column_ranges(rows.rows()), d, task.fit_intercept, false);
  use_columns(rows, use);
  const Matrix<double> sums = rows.gram_of({});  // of 1 and y' alone
  const double weight = sums(0, 0);
  if (!std::all_of(sums.values().begin(), sums.values().end(), [](double sum) { return std::isfinite(sum); })) {
    throw InvalidArgument(fmt::format("{}: x, y and sample_weight are too large for their sums", call));
  }
  // Coefficients of x', target by target, then offsets.
  const Objective objective = [&](std::span<const double> point, std::span<double> gradient) {
    const compute::Residuals left = rows.residuals({point.data(), targets, d}, point.subspan(coefs));
    double value = 0;
    for (std::size_t k = 0; k < coefs; ++k) {
      const double unit = use.scale[k % static_cast<std::size_t>(d)];
      const double penalty = task.alpha[k / static_cast<std::size_t>(d)] * unit * unit;
      value += penalty * point[k] * point[k];
      gradient[k] = (penalty * point[k] - left.gradient.values()[k]) / weight;
    }
    for (std::size_t t = 0; t < left.sum.size(); ++t) {
      value += left.sum_squares[t];
      gradient[coefs + t] = task.fit_intercept ? -left.sum[t] / weight : 0;
    }
    return value / (2 * weight);
  };
  RidgeDescent found{Matrix<double>(targets, d), {}, {}};
  found.end = minimise(objective, std::vector<double>(coefs + static_cast<std::size_t>(targets)), rules, watch);
  const auto offsets = found.end.point.begin() + targets * d;
  std::copy(found.end.point.begin(), offsets, found.coef.values().begin());
  found.intercept.assign(offsets, found.end.point.end());
  to_units(use, found.coef, found.intercept);
  return found;
}

template RidgeDescent descend_ridge(std::string_view, compute::LinearCompute<float>&, const LeastSquaresTask&,
                                    const LbfgsRules&, const Watch&);
template RidgeDescent descend_ridge(std::string_view, compute::LinearCompute<double>&, const LeastSquaresTask&,
                                    const LbfgsRules&, const Watch&);

}  // namespace forja::core
