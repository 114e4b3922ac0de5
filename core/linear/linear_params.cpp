#include "linear/linear_params.h"

#include <limits>

namespace forja::core {
namespace {

constexpr double kFinite = std::numeric_limits<double>::max();

template <class Options>
ParameterTable<Options>& add_solver(ParameterTable<Options>& table) {
  return table.choice("solver", &Options::solver,
                      {{"auto", LeastSquaresSolver::automatic},
                       {"cholesky", LeastSquaresSolver::cholesky},
                       {"svd", LeastSquaresSolver::svd}});
}

}  // namespace

const ParameterTable<LinearRegressionOptions>& linear_regression_params() {
  using Options = LinearRegressionOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    return add_solver(made.boolean("fit_intercept", &Options::fit_intercept));
  }();
  return table;
}

const ParameterTable<RidgeOptions>& ridge_params() {
  using Options = RidgeOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    return add_solver(
        made.real("alpha", &Options::alpha, 0, kFinite).boolean("fit_intercept", &Options::fit_intercept));
  }();
  return table;
}

void check_ridge_options(std::string_view call, const RidgeOptions& options, std::int64_t targets) {
  ridge_params().check(call, options);
  const std::vector<double>& alpha = options.alpha_per_target;
  if (alpha.empty()) return;
  if (std::ssize(alpha) != targets) {
    throw InvalidArgument(
        fmt::format("{}: alpha_per_target has {} values but y has {} targets", call, alpha.size(), targets));
  }
  for (std::size_t t = 0; t < alpha.size(); ++t) {
    if (!(alpha[t] >= 0 && alpha[t] <= kFinite)) {
      throw InvalidArgument(
          fmt::format("{}: alpha_per_target({}) = {} but it must be a finite number of at least 0", call, t, alpha[t]));
    }
  }
}

}  // namespace forja::core
