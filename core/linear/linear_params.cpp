#include "linear/linear_params.h"

#include <limits>

namespace forja::core {
const ParameterTable<LinearRegressionOptions>& linear_regression_params() {
  using Options = LinearRegressionOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .boolean("fit_intercept", &Options::fit_intercept)
                                                   .choice("solver", &Options::solver,
                                                           {{"auto", LeastSquaresSolver::automatic},
                                                            {"cholesky", LeastSquaresSolver::cholesky},
                                                            {"svd", LeastSquaresSolver::svd}});
  return table;
}

const ParameterTable<RidgeOptions>& ridge_params() {
  using Options = RidgeOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .real("alpha", &Options::alpha, 0, kFinite)
                                                   .boolean("fit_intercept", &Options::fit_intercept)
                                                   .choice("solver", &Options::solver,
                                                           {{"auto", LeastSquaresSolver::automatic},
                                                            {"cholesky", LeastSquaresSolver::cholesky},
                                                            {"svd", LeastSquaresSolver::svd},
                                                            {"gradient", LeastSquaresSolver::gradient}})
                                                   .integer("max_iter", &Options::max_iter, 1)
                                                   .real("tol", &Options::tol, 0, kFinite);
  return table;
}

const ParameterTable<RidgeCVOptions>& ridge_cv_params() {
  using Options = RidgeCVOptions;
  static const ParameterTable<Options> table =
      ParameterTable<Options>().integer("cv", &Options::cv, 2).boolean("fit_intercept", &Options::fit_intercept);
  return table;
}

namespace {

/// Of a factor of a penalty among several.
void check_factor(std::string_view call, std::string_view name, std::size_t place, double value) {
  if (value >= 0 && value <= kFinite) return;
  throw InvalidArgument(
      fmt::format("{}: {}({}) = {} but it must be a finite number of at least 0", call, name, place, value));
}

template <class Options>
ParameterTable<Options>& add_descent(ParameterTable<Options>& table) {
  return table.boolean("fit_intercept", &Options::fit_intercept)
      .integer("max_iter", &Options::max_iter, 1)
      .real("tol", &Options::tol, 0, kFinite);
}

}  // namespace

const ParameterTable<LassoOptions>& lasso_params() {
  using Options = LassoOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    return add_descent(made.positive("alpha", &Options::alpha, kFinite)).boolean("warm_start", &Options::warm_start);
  }();
  return table;
}

const ParameterTable<ElasticNetOptions>& elastic_net_params() {
  using Options = ElasticNetOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.positive("alpha", &Options::alpha, kFinite).positive("l1_ratio", &Options::l1_ratio, 1);
    return add_descent(made).boolean("warm_start", &Options::warm_start);
  }();
  return table;
}

void check_path_options(std::string_view call, const PathOptions& options) {
  using Options = PathOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.positive("l1_ratio", &Options::l1_ratio, 1)
        .positive("eps", &Options::eps, 1)
        .integer("n_alphas", &Options::n_alphas, 1);
    return add_descent(made);
  }();
  table.check(call, options);
  for (std::size_t i = 0; i < options.alphas.size(); ++i) {
    if (!(options.alphas[i] > 0 && options.alphas[i] <= kFinite)) {
      throw InvalidArgument(
          fmt::format("{}: alphas({}) = {} but it must be a finite number above 0", call, i, options.alphas[i]));
    }
  }
}

void check_ridge_options(std::string_view call, const RidgeOptions& options, std::int64_t targets) {
  ridge_params().check(call, options);
  const std::vector<double>& alpha = options.alpha_per_target;
  if (alpha.empty()) return;
  if (std::ssize(alpha) != targets) {
    throw InvalidArgument(
        fmt::format("{}: alpha_per_target has {} values but y has {} targets", call, alpha.size(), targets));
  }
  for (std::size_t t = 0; t < alpha.size(); ++t) check_factor(call, "alpha_per_target", t, alpha[t]);
}

void check_ridge_cv_options(std::string_view call, const RidgeCVOptions& options) {
  ridge_cv_params().check(call, options);
  if (options.alphas.empty()) throw InvalidArgument(fmt::format("{}: alphas is empty", call));
  for (std::size_t a = 0; a < options.alphas.size(); ++a) check_factor(call, "alphas", a, options.alphas[a]);
}

}  // namespace forja::core
