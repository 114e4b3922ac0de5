#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/export.h"
#include "forja/linear_classifier.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

/// Support vector machines with kernels (Cortes and Vapnik 1995; book chapter 5): libsvm's problems (Chang and Lin
/// 2011), by sequential minimal optimisation on the device that holds the rows.
namespace forja {

/// K(a, b) of two rows.
enum class SVMKernel {
  linear,       ///< a b
  poly,         ///< (gamma a b + coef0)^degree
  rbf,          ///< exp(-gamma |a - b|^2)
  sigmoid,      ///< tanh(gamma a b + coef0)
  precomputed,  ///< x itself holds K, of all rows with the rows of fit
};

/// gamma of a kernel: a finite number above 0, or a rule that reads the rows of fit. In Params a number, "scale" or
/// "auto".
struct KernelGamma {
  enum class Rule { scale, automatic, value };
  Rule rule = Rule::scale;
  double number = 1;

  constexpr KernelGamma() = default;
  constexpr KernelGamma(double value) : rule(Rule::value), number(value) {}  // NOLINT(google-explicit-constructor)
  /// 1 / (d x the variance of all entries of x); 1 where that is 0.
  static constexpr KernelGamma scale() { return {}; }
  /// 1 / d.
  static constexpr KernelGamma automatic() {
    KernelGamma gamma;
    gamma.rule = Rule::automatic;
    return gamma;
  }
};

/// What every fitted kernel machine can tell. T is float or double: rows and kernel values are T; multipliers, their
/// gradients and sums over support vectors are double.
template <class T = float>
class FORJA_API KernelMachine {
 public:
  /// The rows of fit that the model rests on; of a classifier sorted by class.
  const std::vector<std::int64_t>& support() const;
  /// Those rows, n_sv x d; empty where the kernel is precomputed.
  const Matrix<T>& support_vectors() const;
  /// Multipliers with their signs, as libsvm has them: 1 x n_sv; of k > 2 classes (k - 1) x n_sv, where a support
  /// vector of class c has in row r its multiplier against class r, or r + 1 from r = c on.
  const Matrix<double>& dual_coef() const;
  /// One, or one for each pair of classes.
  const std::vector<double>& intercept() const;
  /// Of the linear kernel: one row, or one for each pair of classes; d columns. Throws InvalidArgument for others.
  Matrix<double> coef() const;
  /// The kernel's gamma as it was used.
  double gamma() const;
  std::int64_t n_features_in() const;

  /// Pairs of multipliers that were moved, in all problems.
  std::int64_t n_iter() const;
  /// Whether kkt_violation() came down to tol; else max_iter ended the fit, or rounding did.
  bool converged() const;
  /// How far the dual problem is from its optimum, over all its rows, from gradients made anew at the end: the most
  /// that its steepest pair of multipliers could still gain a unit of; the greatest over pairs of classes, and over the
  /// fits that probability takes.
  double kkt_violation() const;
  /// The dual objective, to be minimised, at the end, as libsvm prints it: one, or one for each pair of classes.
  const std::vector<double>& objective() const;

  bool is_fitted() const { return fitted_.n_features_in > 0; }
  Device device() const { return device_; }
  /// A fitted model predicts on any device.
  void set_device(Device device) { device_ = device; }

 protected:
  struct Fitted {
    SVMKernel kernel = SVMKernel::rbf;
    double gamma = 1;
    double coef0 = 0;
    std::int64_t degree = 3;
    std::int64_t n_features_in = 0;
    std::vector<std::int64_t> support;
    Matrix<T> support_vectors;
    std::vector<std::int64_t> n_support;  ///< by class; one entry where there are none
    Matrix<double> dual_coef;
    std::vector<double> intercept;
    std::vector<double> objective;
    std::int64_t n_iter = 0;
    double kkt_violation = 0;
    bool converged = false;
  };

  KernelMachine(std::string_view name, Device device) : name_(name), device_(device) {}
  ~KernelMachine() = default;
  KernelMachine(const KernelMachine&) = default;
  KernelMachine& operator=(const KernelMachine&) = default;
  KernelMachine(KernelMachine&&) noexcept = default;
  KernelMachine& operator=(KernelMachine&&) noexcept = default;

  /// Throws NotFitted, naming "<model>::<what>".
  const Fitted& fitted(std::string_view what) const;
  std::string call(std::string_view what) const;
  /// One column, or one for each pair of classes.
  Matrix<T> decisions(std::string_view what, const Rows<T>& x) const;
  void set_fitted(Fitted fitted) { fitted_ = std::move(fitted); }

 private:
  std::string_view name_;
  Device device_;
  Fitted fitted_;
};

/// What decision_function() of more than two classes gives.
enum class DecisionShape {
  ovr,  ///< one value for each class: the pairs that it wins, and their margins to tell ties apart
  ovo,  ///< one for each pair of classes (0, 1), (0, 2), .. (1, 2), ..: positive for the first
};

/// What SVC and NuSVC share: one machine for each pair of classes, and a vote.
template <class T = float>
class FORJA_API KernelClassifier : public KernelMachine<T> {
 public:
  /// The class with the most votes for each row of x (m x d), of several the least; by break_ties the one of the
  /// greatest decision. Of two classes the greater where its decision is above 0. Throws NotFitted; InvalidArgument for
  /// an empty x, NaN, Inf or another number of columns.
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  /// m x 1 of two classes, positive for the greater; else as decision_function_shape says.
  Matrix<T> decision_function(const Rows<T>& x) const;
  /// Share of the weight of rows that are predicted right.
  double score(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {}) const;
  /// m x n_classes, in the order of classes(): sigmoids of the pairs' decisions, of more than two classes coupled (Wu,
  /// Lin and Weng 2004). The greatest one is not always that of predict(). Throws InvalidArgument also where fit was
  /// without probability.
  Matrix<T> predict_proba(const Rows<T>& x) const;

  /// The labels of fit, ascending.
  const std::vector<std::int32_t>& classes() const;
  /// Support vectors of each class.
  const std::vector<std::int64_t>& n_support() const;
  /// Of each pair of classes (0, 1), (0, 2), .. (1, 2), .. the first one's probability is 1 / (1 + exp(A d + B)), where
  /// d is the pair's decision, positive for the first; empty where fit was without probability.
  const std::vector<double>& probA() const;
  const std::vector<double>& probB() const;

 protected:
  /// How pairs are put together, as the options say.
  struct Rule {
    DecisionShape shape = DecisionShape::ovr;
    bool break_ties = false;
  };

  using KernelMachine<T>::KernelMachine;
  void set_rule(Rule rule) { rule_ = rule; }
  void set_classes(std::vector<std::int32_t> classes) { classes_ = std::move(classes); }
  /// By pairs; empty: none.
  void set_sigmoids(std::vector<double> a, std::vector<double> b) {
    prob_a_ = std::move(a);
    prob_b_ = std::move(b);
  }

 private:
  Rule rule_;
  std::vector<std::int32_t> classes_;
  std::vector<double> prob_a_;
  std::vector<double> prob_b_;
};

/// Parameters of SVC.
struct SVCOptions {
  double C = 1;                              ///< how much errors count beside the margin. Above 0, finite
  SVMKernel kernel = SVMKernel::rbf;         ///< linear, poly, rbf, sigmoid or precomputed
  std::int64_t degree = 3;                   ///< of poly. At least 0
  KernelGamma gamma = KernelGamma::scale();  ///< of poly, rbf and sigmoid
  double coef0 = 0;                          ///< of poly and sigmoid. Finite
  double tol = 1e-3;                         ///< greatest kkt_violation() of a solution. Above 0
  double cache_size = 200;                   ///< MB for kernel values. Above 0
  /// Whether steps may pass over variables that can form no pair for a while; the end is judged by all. It matters on
  /// the CPU where kernel values fit cache_size: elsewhere working sets are chosen, which pass over the others as it
  /// is.
  bool shrinking = true;
  ClassWeight class_weight = ClassWeight::uniform;  ///< of C. uniform or balanced
  ClassWeights class_weights = {};                  ///< of some classes, at least 0; not in Params
  std::optional<std::int64_t> max_iter = {};        ///< most steps for a pair of classes, at least 1; empty: no limit
  DecisionShape decision_function_shape = DecisionShape::ovr;  ///< ovr or ovo
  bool break_ties = false;                                     ///< whether predict tells ties apart; needs ovr
  bool probability = false;  ///< whether fit prepares predict_proba, by five more fits on four fifths of the rows
  std::uint64_t seed = 0;    ///< which rows those are
};

/// Support vector classification.
template <class T = float>
class FORJA_API SVC : public KernelClassifier<T> {
 public:
  explicit SVC(SVCOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and n labels of at least two values. sample_weight: n factors of C, finite and >= 0; empty:
  /// all one; rows of weight 0 do not count. The observer sees the greatest violation from time to time, as the loss.
  /// Throws InvalidArgument when an option is out of range, shapes do not fit, x is empty or holds NaN or Inf, or there
  /// is one class only; Cancelled; OutOfMemory.
  SVC& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
           Observer* observer = nullptr);

  const SVCOptions& options() const { return options_; }
  /// Every parameter by name.
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  SVC& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static SVC load(const std::filesystem::path& path, Device device = Device::automatic());
  static SVC load(std::istream& in, Device device = Device::automatic());

  /// Writes the fitted model as a text file that libsvm reads (svm_load_model). Throws NotFitted; DataError.
  void save_libsvm(const std::filesystem::path& path) const;
  void save_libsvm(std::ostream& out) const;
  /// Reads what libsvm (svm_save_model) or save_libsvm wrote. Files leave out features that are 0: n_features tells how
  /// many there are, else as many as support vectors name. They do not tell which rows of fit the model rests on,
  /// unless the kernel is precomputed, so that support() counts from 0; nor how the fit ended: objective() is 0,
  /// converged() false. Throws ModelFormatError with the line that is at fault; InvalidArgument for n_features below 1.
  static SVC load_libsvm(const std::filesystem::path& path, std::optional<std::int64_t> n_features = {},
                         Device device = Device::automatic());
  static SVC load_libsvm(std::istream& in, std::optional<std::int64_t> n_features = {},
                         Device device = Device::automatic());

 private:
  SVCOptions options_;
};

/// Parameters of NuSVC.
struct NuSVCOptions {
  double nu = 0.5;                    ///< bounds the share of errors from above, of support vectors from below.
                                      ///< Above 0, up to 1
  SVMKernel kernel = SVMKernel::rbf;  ///< and so on, as in SVCOptions
  std::int64_t degree = 3;
  KernelGamma gamma = KernelGamma::scale();
  double coef0 = 0;
  double tol = 1e-3;
  double cache_size = 200;
  bool shrinking = true;
  std::optional<std::int64_t> max_iter = {};
  DecisionShape decision_function_shape = DecisionShape::ovr;
  bool break_ties = false;
  bool probability = false;
  std::uint64_t seed = 0;
};

/// Support vector classification with nu in place of C (Scholkopf et al. 2000).
template <class T = float>
class FORJA_API NuSVC : public KernelClassifier<T> {
 public:
  explicit NuSVC(NuSVCOptions options = {}, Device device = Device::automatic());

  /// As SVC::fit. Throws InvalidArgument also where nu is greater than twice the smaller class' share in a pair.
  NuSVC& fit(const Rows<T>& x, std::span<const std::int32_t> y, std::span<const T> sample_weight = {},
             Observer* observer = nullptr);

  const NuSVCOptions& options() const { return options_; }
  Params get_params() const;
  NuSVC& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static NuSVC load(const std::filesystem::path& path, Device device = Device::automatic());
  static NuSVC load(std::istream& in, Device device = Device::automatic());

  void save_libsvm(const std::filesystem::path& path) const;
  void save_libsvm(std::ostream& out) const;
  static NuSVC load_libsvm(const std::filesystem::path& path, std::optional<std::int64_t> n_features = {},
                           Device device = Device::automatic());
  static NuSVC load_libsvm(std::istream& in, std::optional<std::int64_t> n_features = {},
                           Device device = Device::automatic());

 private:
  NuSVCOptions options_;
};

/// What SVR and NuSVR share.
template <class T = float>
class FORJA_API KernelRegressor : public KernelMachine<T> {
 public:
  /// One value for each row of x (m x d). Throws NotFitted; InvalidArgument for an empty x, NaN, Inf or another number
  /// of columns.
  std::vector<T> predict(const Rows<T>& x) const;
  /// R^2 of the predictions.
  double score(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {}) const;

 protected:
  using KernelMachine<T>::KernelMachine;
};

/// Parameters of SVR.
struct SVROptions {
  double C = 1;                       ///< how much errors count beside flatness. Above 0, finite
  double epsilon = 0.1;               ///< errors up to here do not count. At least 0
  SVMKernel kernel = SVMKernel::rbf;  ///< and so on, as in SVCOptions
  std::int64_t degree = 3;
  KernelGamma gamma = KernelGamma::scale();
  double coef0 = 0;
  double tol = 1e-3;
  double cache_size = 200;
  bool shrinking = true;
  std::optional<std::int64_t> max_iter = {};
};

/// Support vector regression.
template <class T = float>
class FORJA_API SVR : public KernelRegressor<T> {
 public:
  explicit SVR(SVROptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and y (n). As SVC::fit.
  SVR& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {}, Observer* observer = nullptr);

  const SVROptions& options() const { return options_; }
  Params get_params() const;
  SVR& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static SVR load(const std::filesystem::path& path, Device device = Device::automatic());
  static SVR load(std::istream& in, Device device = Device::automatic());

  void save_libsvm(const std::filesystem::path& path) const;
  void save_libsvm(std::ostream& out) const;
  static SVR load_libsvm(const std::filesystem::path& path, std::optional<std::int64_t> n_features = {},
                         Device device = Device::automatic());
  static SVR load_libsvm(std::istream& in, std::optional<std::int64_t> n_features = {},
                         Device device = Device::automatic());

 private:
  SVROptions options_;
};

/// Parameters of NuSVR.
struct NuSVROptions {
  double nu = 0.5;  ///< bounds the share of rows outside the tube from above. Above 0, up to 1
  double C = 1;     ///< as in SVROptions
  SVMKernel kernel = SVMKernel::rbf;
  std::int64_t degree = 3;
  KernelGamma gamma = KernelGamma::scale();
  double coef0 = 0;
  double tol = 1e-3;
  double cache_size = 200;
  bool shrinking = true;
  std::optional<std::int64_t> max_iter = {};
};

/// Support vector regression with nu in place of epsilon, which is found.
template <class T = float>
class FORJA_API NuSVR : public KernelRegressor<T> {
 public:
  explicit NuSVR(NuSVROptions options = {}, Device device = Device::automatic());

  /// As SVR::fit.
  NuSVR& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
             Observer* observer = nullptr);

  const NuSVROptions& options() const { return options_; }
  Params get_params() const;
  NuSVR& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static NuSVR load(const std::filesystem::path& path, Device device = Device::automatic());
  static NuSVR load(std::istream& in, Device device = Device::automatic());

  void save_libsvm(const std::filesystem::path& path) const;
  void save_libsvm(std::ostream& out) const;
  static NuSVR load_libsvm(const std::filesystem::path& path, std::optional<std::int64_t> n_features = {},
                           Device device = Device::automatic());
  static NuSVR load_libsvm(std::istream& in, std::optional<std::int64_t> n_features = {},
                           Device device = Device::automatic());

 private:
  NuSVROptions options_;
};

/// Parameters of OneClassSVM.
struct OneClassSVMOptions {
  double nu = 0.5;  ///< bounds the share of outliers from above, of support vectors from below. Above 0, up to 1
  SVMKernel kernel = SVMKernel::rbf;  ///< and so on, as in SVCOptions
  std::int64_t degree = 3;
  KernelGamma gamma = KernelGamma::scale();
  double coef0 = 0;
  double tol = 1e-3;
  double cache_size = 200;
  bool shrinking = true;
  std::optional<std::int64_t> max_iter = {};
};

/// Where most rows lie (Scholkopf et al. 2001): outliers and novelties.
template <class T = float>
class FORJA_API OneClassSVM : public KernelMachine<T> {
 public:
  explicit OneClassSVM(OneClassSVMOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d). As SVC::fit.
  OneClassSVM& fit(const Rows<T>& x, std::span<const T> sample_weight = {}, Observer* observer = nullptr);

  /// 1 inside, -1 outside.
  std::vector<std::int32_t> predict(const Rows<T>& x) const;
  /// Positive inside.
  std::vector<T> decision_function(const Rows<T>& x) const;

  const OneClassSVMOptions& options() const { return options_; }
  Params get_params() const;
  OneClassSVM& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static OneClassSVM load(const std::filesystem::path& path, Device device = Device::automatic());
  static OneClassSVM load(std::istream& in, Device device = Device::automatic());

  void save_libsvm(const std::filesystem::path& path) const;
  void save_libsvm(std::ostream& out) const;
  static OneClassSVM load_libsvm(const std::filesystem::path& path, std::optional<std::int64_t> n_features = {},
                                 Device device = Device::automatic());
  static OneClassSVM load_libsvm(std::istream& in, std::optional<std::int64_t> n_features = {},
                                 Device device = Device::automatic());

 private:
  OneClassSVMOptions options_;
};

/// K(a_i, b_j) for all rows of a (m x d) and b (n x d): m x n. Throws InvalidArgument for empty or non-finite rows,
/// columns that differ, or parameters that are not finite; OutOfMemory.
template <class T>
FORJA_API Matrix<T> linear_kernel(const Rows<T>& a, const Rows<T>& b, Device device = Device::automatic());
/// gamma: 1 / d where empty.
template <class T>
FORJA_API Matrix<T> polynomial_kernel(const Rows<T>& a, const Rows<T>& b, std::int64_t degree = 3,
                                      std::optional<double> gamma = {}, double coef0 = 1,
                                      Device device = Device::automatic());
template <class T>
FORJA_API Matrix<T> rbf_kernel(const Rows<T>& a, const Rows<T>& b, std::optional<double> gamma = {},
                               Device device = Device::automatic());
template <class T>
FORJA_API Matrix<T> sigmoid_kernel(const Rows<T>& a, const Rows<T>& b, std::optional<double> gamma = {},
                                   double coef0 = 1, Device device = Device::automatic());

extern template class KernelMachine<float>;
extern template class KernelMachine<double>;
extern template class KernelClassifier<float>;
extern template class KernelClassifier<double>;
extern template class SVC<float>;
extern template class SVC<double>;
extern template class NuSVC<float>;
extern template class NuSVC<double>;
extern template class KernelRegressor<float>;
extern template class KernelRegressor<double>;
extern template class SVR<float>;
extern template class SVR<double>;
extern template class NuSVR<float>;
extern template class NuSVR<double>;
extern template class OneClassSVM<float>;
extern template class OneClassSVM<double>;

}  // namespace forja
