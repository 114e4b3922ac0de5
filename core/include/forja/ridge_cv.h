#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear.h"
#include "forja/matrix.h"
#include "forja/params.h"

namespace forja {

/// Parameters of RidgeCV.
struct RidgeCVOptions {
  /// The penalty's factors to choose from, one at least, each at least 0. The default spans two powers of ten.
  std::vector<double> alphas = {0.1, 1, 10};
  /// Folds: the rows in their order, in parts whose sizes differ by one at most, the first ones greater, as KFold has
  /// them. At least 2, at most as many as there are rows; 5 as is usual.
  std::int64_t cv = 5;
  /// Whether to learn an intercept, which is not penalised.
  bool fit_intercept = true;
};

/// Ridge regression whose alpha is the one of several with the best score in cross-validation: a fold's score is R^2 of
/// its rows under the model of all others. The final model learns from all rows. Rows are read once for all alphas and
/// folds, so that many cost little more than one Ridge; where that would lose digits a fold is fitted as Ridge does it.
template <class T = float>
class FORJA_API RidgeCV : public LinearModel<T> {
 public:
  explicit RidgeCV(RidgeCVOptions options = {}, Device device = Device::automatic());

  /// As LinearRegression::fit; one alpha for all targets, by the mean of their R^2. Scores are weighted by
  /// sample_weight. Throws InvalidArgument also for more folds than rows and for a fold whose weights are all 0.
  RidgeCV& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {});
  RidgeCV& fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight = {});

  /// The chosen one: of the greatest mean score, the first in the options where several have it.
  double alpha() const;
  /// The mean over folds of its scores.
  double best_score() const;
  /// alphas x cv, as the options order alphas: R^2, exact to some roundings of T or a hundredth of 1 - R^2.
  const Matrix<double>& cv_scores() const;
  /// As Ridge has them, of the final model.
  double backward_error() const;
  LeastSquaresSolver solver_used() const;

  const RidgeCVOptions& options() const { return options_; }
  /// Every parameter by name but alphas, which are set in the options.
  Params get_params() const;
  RidgeCV& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static RidgeCV load(const std::filesystem::path& path, Device device = Device::automatic());
  static RidgeCV load(std::istream& in, Device device = Device::automatic());

 private:
  /// What cross-validation found.
  struct Choice {
    Matrix<double> scores;
    std::int64_t best = 0;  // a place in the options' alphas
  };

  RidgeCVOptions options_;
  Choice choice_;
  LeastSquaresReport report_;
};

extern template class RidgeCV<float>;
extern template class RidgeCV<double>;

}  // namespace forja
