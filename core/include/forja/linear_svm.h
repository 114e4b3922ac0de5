#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string_view>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/linear.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

namespace forja {

/// How a fit of LinearSVC or LinearSVR ended.
struct LinearSVMReport {
  std::int64_t n_iter = 0;  ///< epochs, the most of all classes
  bool converged = false;   ///< whether each class's gap is at most tol x its objective
  double dual_gap = 0;      ///< the greatest of the classes
  double objective = 0;     ///< at the end, summed over classes
};

/// Losses of LinearSVC: y is -1 or +1 and p the margin.
enum class LinearSVCLoss {
  hinge,          ///< max(0, 1 - p y)
  squared_hinge,  ///< its square
};

/// Parameters of LinearSVC.
struct LinearSVCOptions {
  LinearSVCLoss loss = LinearSVCLoss::squared_hinge;  ///< hinge or squared_hinge
  double tol = 1e-4;                                  ///< the most that dual gap / objective may be. At least 0
  double C = 1;                                       ///< how much the losses count beside the penalty. Above 0, finite
  bool fit_intercept = true;                          ///< whether to learn intercepts
  double intercept_scaling = 1;                       ///< the constant column whose weight they are. Above 0, finite
  std::int64_t max_iter = 1000;                       ///< the most epochs. At least 1
  std::uint64_t seed = 0;                             ///< of the order of the rows
  ClassWeight class_weight = ClassWeight::uniform;    ///< uniform or balanced
  ClassWeights class_weights = {};                    ///< of some classes, at least 0; not in Params
};

/// The linear support vector machine (book chapter 5; Fan et al. 2008, LIBLINEAR), one class against the rest, by dual
/// coordinate descent (Hsieh et al. 2008): an epoch takes each row once, in a random order, for all classes. T is float
/// or double. The objective is scikit-learn's,
/// ||w||^2 / 2 + C sum of weight x loss, where w includes the weight of a constant column of intercept_scaling, which
/// times that column is the intercept: it is penalised too, the less the greater intercept_scaling. A row's weight is
/// its own times its class's, in the problems of all classes.
///
/// The fit ends by the duality gap, an upper bound on how far the objective is above its minimum, taken over all rows
/// in double. Columns should be of about the same size, with means of that size at the most: else epochs bring little,
/// and converged() tells.
template <class T = float>
class FORJA_API LinearSVC : public LinearClassifier<T> {
 public:
  explicit LinearSVC(LinearSVCOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values. sample_weight: n weights, finite and >= 0, one positive
  /// at least; empty: all one. The observer sees the objective every few epochs. Throws InvalidArgument when an option
  /// is out of range, shapes do not fit, x is empty or holds NaN or Inf, there is one class only, or sums leave the
  /// range of numbers; Cancelled; OutOfMemory.
  LinearSVC& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
                 Observer* observer = nullptr);

  /// As LinearSVMReport has them.
  std::int64_t n_iter() const;
  bool converged() const;
  double dual_gap() const;
  double objective() const;

  const LinearSVCOptions& options() const { return options_; }
  Params get_params() const;
  LinearSVC& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static LinearSVC load(const std::filesystem::path& path, Device device = Device::automatic());
  static LinearSVC load(std::istream& in, Device device = Device::automatic());

 private:
  LinearSVCOptions options_;
  LinearSVMReport report_;
};

/// Losses of LinearSVR: p is the prediction for y.
enum class LinearSVRLoss {
  epsilon_insensitive,          ///< |p - y| beyond epsilon
  squared_epsilon_insensitive,  ///< its square
};

/// Parameters of LinearSVR.
struct LinearSVROptions {
  double epsilon = 0;                                       ///< the error that costs nothing. At least 0, finite
  double tol = 1e-4;                                        ///< the most that dual gap / objective may be. At least 0
  double C = 1;                                             ///< as in LinearSVCOptions, and the others too
  LinearSVRLoss loss = LinearSVRLoss::epsilon_insensitive;  ///< either
  bool fit_intercept = true;
  double intercept_scaling = 1;
  std::int64_t max_iter = 1000;
  std::uint64_t seed = 0;
};

/// Linear support vector regression (book chapter 5; Ho and Lin 2012): LinearSVC's penalty and solver with losses of
/// numbers.
template <class T = float>
class FORJA_API LinearSVR : public LinearModel<T> {
 public:
  explicit LinearSVR(LinearSVROptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n finite targets. Throws as LinearSVC::fit.
  LinearSVR& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
                 Observer* observer = nullptr);

  std::int64_t n_iter() const;
  bool converged() const;
  double dual_gap() const;
  double objective() const;

  const LinearSVROptions& options() const { return options_; }
  Params get_params() const;
  LinearSVR& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static LinearSVR load(const std::filesystem::path& path, Device device = Device::automatic());
  static LinearSVR load(std::istream& in, Device device = Device::automatic());

 private:
  LinearSVROptions options_;
  LinearSVMReport report_;
};

extern template class LinearSVC<float>;
extern template class LinearSVC<double>;
extern template class LinearSVR<float>;
extern template class LinearSVR<double>;

}  // namespace forja
