#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/export.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"
#include "forja/svm.h"

namespace forja {

/// Parameters of SVCGridSearch.
struct SVCGridSearchOptions {
  SVCOptions estimator = {};  ///< what all machines have in common; C and gamma of the grid take the place of its own
  /// Values of C to choose from, one at least, each above 0 and finite. The default spans two powers of ten.
  std::vector<double> C = {0.1, 1, 10};
  /// Values of gamma to choose from, one at least; a rule reads the training rows of each fold, which takes kernel
  /// values of its own for each.
  std::vector<KernelGamma> gamma = {KernelGamma::scale()};
  /// Folds, each class spread evenly, as StratifiedKFold has them. At least 2, at most as many as each class has rows.
  std::int64_t cv = 5;
  bool shuffle = false;    ///< whether rows are put in a random order before they are dealt to folds
  std::uint64_t seed = 0;  ///< of that order
  bool refit = true;       ///< whether the best machine is fitted to all rows at the end
};

/// The C and gamma of an SVC with the best accuracy in cross-validation. Kernel values are those of all rows, computed
/// once for each gamma where they fit cache_size: folds, values of C and pairs of classes are problems over the same
/// rows, and what a fold's machine makes of the rows held out comes from the same values. Each C starts from the
/// solution of the one below, unless max_iter is given. Scores are those of an SVC fitted to each fold by itself, but
/// for solutions within tol and roundings of T.
template <class T = float>
class FORJA_API SVCGridSearch {
 public:
  explicit SVCGridSearch(SVCGridSearchOptions options = {}, Device device = Device::automatic());

  /// x (n x d; precomputed: n x n), y and sample_weight as in SVC::fit; class_weight counts the training rows of each
  /// fold. Scores are not weighted. The observer sees a run for each gamma and C. Throws InvalidArgument also for an
  /// empty list, a value out of range, a class of fewer rows than folds, and a class that weighs 0 in the training rows
  /// of a fold; Cancelled; OutOfMemory.
  SVCGridSearch& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
                     Observer* observer = nullptr);

  /// The cell with the greatest mean score, of several the first: values of C in the order of the options, and gamma
  /// within each.
  std::int64_t best_index() const;
  double best_score() const;
  /// "C" and "gamma".
  Params best_params() const;
  /// Means over folds of the accuracy, C x gamma.
  const Matrix<double>& mean_test_score() const;
  /// The accuracy of each cell on each fold, (C gamma) x cv.
  const Matrix<double>& split_test_score() const;
  /// Pairs of multipliers that were moved in all cells.
  std::int64_t n_iter() const;
  /// Whether all cells converged.
  bool converged() const;

  /// The best machine, fitted to all rows. Throws NotFitted also where refit was false.
  const SVC<T>& best_estimator() const;
  /// What it says of x; as SVC has them.
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  Matrix<T> decision_function(const Rows<T>& x) const;
  double score(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {}) const;

  const SVCGridSearchOptions& options() const { return options_; }
  /// cv, shuffle, seed and refit; the others are set in the options.
  Params get_params() const;
  SVCGridSearch& set_params(const Params& params);
  bool is_fitted() const { return found_.split_test_score.rows() > 0; }
  Device device() const { return device_; }

 private:
  struct Found {
    Matrix<double> split_test_score;
    Matrix<double> mean_test_score;
    std::int64_t best = 0;
    std::int64_t n_iter = 0;
    bool converged = true;
    double best_C = 0;
    KernelGamma best_gamma;
    std::optional<SVC<T>> estimator;
  };
  /// Throws NotFitted.
  const Found& found(const char* what) const;
  const SVC<T>& refitted(const char* what) const;

  SVCGridSearchOptions options_;
  Device device_;
  Found found_;
};

extern template class SVCGridSearch<float>;
extern template class SVCGridSearch<double>;

}  // namespace forja
