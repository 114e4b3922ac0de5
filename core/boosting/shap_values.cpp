#include "boosting/fitted_forest.h"
#include "boosting/tree_shap.h"
#include "estimator/host_rows.h"
#include "estimator/input_checks.h"
#include "forja/boosting.h"

namespace forja {

template <class T>
Matrix<double> HistGradientBoosting<T>::shap_values(const Rows<T>& x) const {
  constexpr std::string_view kName = "shap_values";
  const core::FittedForest& own = *fitted(kName).forest;
  core::check_columns(call(kName), x.columns(), own.table.features());
  core::check_rows_but_values(call(kName), x, device_);
  Matrix<double> values(x.rows(), own.outputs() * (x.columns() + 1));
  const core::HostRows<T> rows(x);
  core::tree_shap(own, rows.view(), device_.threads(), values.view());
  return values;
}

template FORJA_API Matrix<double> HistGradientBoosting<float>::shap_values(const Rows<float>&) const;
template FORJA_API Matrix<double> HistGradientBoosting<double>::shap_values(const Rows<double>&) const;

}  // namespace forja
