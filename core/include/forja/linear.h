#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "forja/observer.h"
#include "forja/params.h"

namespace forja {

/// What every fitted linear model can do: y = x coef' + intercept, for one target or several. T is float or double.
template <class T = float>
class FORJA_API LinearModel {
 public:
  /// One value for each row of x (m x d). Throws NotFitted; InvalidArgument when x is empty, has NaN or Inf or another
  /// number of columns than fit's, or the model has several targets.
  std::vector<T> predict(const Rows<T>& x) const;
  /// m x n_targets.
  Matrix<T> predict_targets(const Rows<T>& x) const;
  /// R^2 of the predictions for x, the mean over targets: 1 is perfect, 0 as good as the mean of y. Where y is
  /// constant: 1 for perfect predictions, else 0. y: m values, or m x n_targets; sample_weight: m weights or empty.
  double score(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {}) const;
  double score(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight = {}) const;

  /// n_targets x d.
  const Matrix<T>& coef() const;
  /// One per target; zero where the model has none.
  const std::vector<T>& intercept() const;
  std::int64_t n_features_in() const;
  std::int64_t n_targets() const;
  bool is_fitted() const { return linear_.coef.rows() > 0; }

  Device device() const { return device_; }
  /// A fitted model predicts on any device.
  void set_device(Device device) { device_ = device; }

 protected:
  /// What fit leaves for predictions, as it was computed; the public ones are these rounded to T.
  struct Linear {
    Matrix<double> coef;  // n_targets x d
    std::vector<double> intercept;
    Matrix<T> public_coef;
    std::vector<T> public_intercept;
  };

  LinearModel(std::string_view name, Device device) : name_(name), device_(device) {}
  ~LinearModel() = default;
  LinearModel(const LinearModel&) = default;
  LinearModel& operator=(const LinearModel&) = default;
  LinearModel(LinearModel&&) noexcept = default;
  LinearModel& operator=(LinearModel&&) noexcept = default;

  /// Throws NotFitted, naming "<model>::<what>".
  void check_fitted(std::string_view what) const;
  std::string call(std::string_view what) const;
  void set_linear(Matrix<double> coef, const std::vector<double>& intercept);
  const Linear& linear() const { return linear_; }

 private:
  std::string_view name_;
  Device device_;
  Linear linear_;
};

/// How a least-squares problem is solved.
enum class LeastSquaresSolver {
  automatic,  ///< cholesky where the estimated condition lets it keep T's digits, else svd
  cholesky,   ///< normal equations of centred, scaled columns, refined by residuals in double
  svd,        ///< singular values and vectors of x: the least coefficients where several fit equally well
  gradient,   ///< of Ridge alone: L-BFGS on gradients in double, a read of x for each; no d x d matrix
};

/// How a least-squares fit went.
struct LeastSquaresReport {
  /// The number of singular values of the centred x that count: those above max(n, d) x 2^-53 and the unit roundoff of
  /// T, times the greatest. d where cholesky was used.
  std::int64_t rank = 0;
  /// Of the centred, weighted x, descending, min(n, d) of them; empty where cholesky was used.
  std::vector<double> singular_values = {};
  /// Greatest over least singular value that counts. Where cholesky was used: an estimate for columns scaled to the
  /// same length, and rows of the penalty counted in.
  double condition = 1;
  /// A bound on the least relative change of x, its columns scaled to the same length, for which the coefficients
  /// before rounding to T would be the exact answer; the greatest over the targets (Stewart 1977).
  double backward_error = 0;
  /// cholesky or svd; of Ridge also gradient.
  LeastSquaresSolver solver_used = LeastSquaresSolver::cholesky;
};

/// Parameters of LinearRegression.
struct LinearRegressionOptions {
  /// Whether to learn an intercept. Columns are centred for it, so a large mean costs no digits.
  bool fit_intercept = true;
  /// automatic, cholesky or svd.
  LeastSquaresSolver solver = LeastSquaresSolver::automatic;
};

/// Ordinary least squares (book chapter 4): the coefficients that make the weighted sum of squared residuals least, and
/// the shortest of them where there are several (the pseudoinverse of Moore and Penrose).
template <class T = float>
class FORJA_API LinearRegression : public LinearModel<T> {
 public:
  explicit LinearRegression(LinearRegressionOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and y: n values, or n x n_targets for several targets at once. sample_weight: n weights,
  /// finite and >= 0, one positive at least; empty: all one. Throws InvalidArgument when an option is out of range,
  /// shapes do not fit, x or y is empty or holds NaN or Inf, or solver = cholesky meets x whose columns depend on each
  /// other; OutOfMemory.
  LinearRegression& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {});
  LinearRegression& fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight = {});

  /// As LeastSquaresReport has them.
  std::int64_t rank() const;
  const std::vector<double>& singular_values() const;
  double condition() const;
  double backward_error() const;
  LeastSquaresSolver solver_used() const;

  const LinearRegressionOptions& options() const { return options_; }
  /// Every parameter by name.
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  LinearRegression& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static LinearRegression load(const std::filesystem::path& path, Device device = Device::automatic());
  static LinearRegression load(std::istream& in, Device device = Device::automatic());

 private:
  const LeastSquaresReport& report(std::string_view what) const;

  LinearRegressionOptions options_;
  LeastSquaresReport report_;
};

/// Parameters of Ridge.
struct RidgeOptions {
  /// The penalty's factor. At least 0.
  double alpha = 1;
  /// One factor per target instead, each at least 0; empty: alpha for all.
  std::vector<double> alpha_per_target = {};
  /// Whether to learn an intercept, which is not penalised.
  bool fit_intercept = true;
  /// automatic, cholesky, svd or gradient; automatic never takes gradient.
  LeastSquaresSolver solver = LeastSquaresSolver::automatic;
  /// Of gradient: the most iterations. At least 1.
  std::int64_t max_iter = 1000;
  /// Of gradient, which ends when no entry of the gradient is greater; see gradient_norm(). At least 0.
  double tol = 1e-6;
};

/// Ridge regression (Hoerl and Kennard 1970; book chapter 4): least squares with the penalty alpha ||w||^2 on the
/// coefficients w of each target.
template <class T = float>
class FORJA_API Ridge : public LinearModel<T> {
 public:
  explicit Ridge(RidgeOptions options = {}, Device device = Device::automatic());

  /// As LinearRegression::fit. The observer sees the objective after each iteration of gradient and may end the call,
  /// which then throws Cancelled.
  Ridge& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
             Observer* observer = nullptr);
  Ridge& fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight = {},
             Observer* observer = nullptr);

  /// As LeastSquaresReport has it; x has the penalty's rows sqrt(alpha) I below its own. Throws InvalidArgument after
  /// gradient, whose certificate is gradient_norm().
  double backward_error() const;
  LeastSquaresSolver solver_used() const;
  /// Of gradient; 0 after the others.
  std::int64_t n_iter() const;
  /// Whether gradient came down to tol; true after the others.
  bool converged() const;
  /// The greatest entry, at the end, of the gradient of (sum of weight (y - x w - b)^2 + alpha ||w||^2) / (2 sum of
  /// weight), the columns of x and y centred and scaled to 1 or somewhat less. Empty after solvers other than gradient.
  std::optional<double> gradient_norm() const;

  const RidgeOptions& options() const { return options_; }
  /// Every parameter by name but alpha_per_target, which is set in the options.
  Params get_params() const;
  Ridge& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static Ridge load(const std::filesystem::path& path, Device device = Device::automatic());
  static Ridge load(std::istream& in, Device device = Device::automatic());

 private:
  /// How gradient ended.
  struct Descent {
    std::int64_t n_iter = 0;
    bool converged = true;
    std::optional<double> gradient_norm = {};
  };

  RidgeOptions options_;
  LeastSquaresReport report_;
  Descent descent_;
};

/// What Lasso and ElasticNet share. They minimise
/// sum of weight (y - x w - b)^2 / (2 sum of weight) + alpha (l1_ratio ||w||_1 + (1 - l1_ratio) / 2 ||w||^2)
/// by coordinate descent (Friedman, Hastie and Tibshirani 2010), leave out columns that the duality gap rules out
/// (Ndiaye et al. 2017), and measure the gap of what they return over the rows themselves, in double.
template <class T = float>
class FORJA_API SparseLinearModel : public LinearModel<T> {
 public:
  /// Times that coordinate descent went through its columns.
  std::int64_t n_iter() const;
  /// Whether dual_gap() is at most tol x sum of weight (y - mean)^2 / sum of weight, rather than max_iter reached.
  bool converged() const;
  /// An upper bound on how far the objective is above its minimum.
  double dual_gap() const;

 protected:
  struct Report {
    std::int64_t n_iter = 0;
    bool converged = false;
    double dual_gap = 0;
  };
  using LinearModel<T>::LinearModel;

  Report report_;
};

/// Parameters of Lasso.
struct LassoOptions {
  /// The penalty's factor. Above 0; for 0 there is LinearRegression.
  double alpha = 1;
  /// Whether to learn an intercept, which is not penalised.
  bool fit_intercept = true;
  /// The most times through the columns. At least 1.
  std::int64_t max_iter = 1000;
  /// Ends when the gap is at most tol x the mean square of the centred targets. At least 0.
  double tol = 1e-4;
  /// Whether fit begins at the coefficients of the fit before, where the number of columns is the same.
  bool warm_start = false;
};

/// The lasso (Tibshirani 1996; book chapter 4): least squares with the penalty alpha ||w||_1, which leaves only some
/// coefficients unlike zero.
template <class T = float>
class FORJA_API Lasso : public SparseLinearModel<T> {
 public:
  explicit Lasso(LassoOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d) and y (n); sample_weight as in LinearRegression::fit. The observer sees the objective after
  /// each pass over the rows and may end the call. Throws InvalidArgument, Cancelled, OutOfMemory.
  Lasso& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
             Observer* observer = nullptr);

  const LassoOptions& options() const { return options_; }
  Params get_params() const;
  Lasso& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static Lasso load(const std::filesystem::path& path, Device device = Device::automatic());
  static Lasso load(std::istream& in, Device device = Device::automatic());

 private:
  LassoOptions options_;
};

/// Parameters of ElasticNet.
struct ElasticNetOptions {
  /// The penalty's factor. Above 0; for 0 there is LinearRegression.
  double alpha = 1;
  /// The part of the penalty that is ||w||_1. Above 0, up to 1; for 0 there is Ridge.
  double l1_ratio = 0.5;
  /// As in LassoOptions.
  bool fit_intercept = true;
  std::int64_t max_iter = 1000;
  double tol = 1e-4;
  bool warm_start = false;
};

/// The elastic net (Zou and Hastie 2005; book chapter 4): between Ridge and Lasso.
template <class T = float>
class FORJA_API ElasticNet : public SparseLinearModel<T> {
 public:
  explicit ElasticNet(ElasticNetOptions options = {}, Device device = Device::automatic());

  /// As Lasso::fit.
  ElasticNet& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {},
                  Observer* observer = nullptr);

  const ElasticNetOptions& options() const { return options_; }
  Params get_params() const;
  ElasticNet& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static ElasticNet load(const std::filesystem::path& path, Device device = Device::automatic());
  static ElasticNet load(std::istream& in, Device device = Device::automatic());

 private:
  ElasticNetOptions options_;
};

/// How a path of elastic nets is made.
struct PathOptions {
  /// As in ElasticNetOptions; 1: the lasso.
  double l1_ratio = 0.5;
  /// The least alpha over the greatest, where alphas is empty. Above 0, up to 1.
  double eps = 1e-3;
  /// How many alphas, evenly spaced by their logarithms, where alphas is empty. At least 1. The greatest is the least
  /// for which all coefficients are zero.
  std::int64_t n_alphas = 100;
  /// The alphas themselves, each above 0; they are taken in descending order.
  std::vector<double> alphas = {};
  /// As in ElasticNetOptions, for each alpha.
  bool fit_intercept = true;
  std::int64_t max_iter = 1000;
  double tol = 1e-4;
};

/// Elastic nets for several alphas.
template <class T>
struct LinearPath {
  std::vector<double> alphas;           ///< descending
  Matrix<T> coefs;                      ///< one row per alpha, d columns
  std::vector<T> intercepts;            ///< one per alpha
  std::vector<double> dual_gaps;        ///< one per alpha, as dual_gap()
  std::vector<std::int64_t> n_iters;    ///< one per alpha
  std::vector<std::int32_t> converged;  ///< one per alpha: 1 or 0
};

/// Elastic nets of x (n x d) and y (n) for descending alphas, each begun where the last one ended; what the rows say of
/// themselves is asked for once. The observer sees one run per alpha. Throws as Lasso::fit.
template <class T>
FORJA_API LinearPath<T> enet_path(const Rows<T>& x, std::span<const T> y, const PathOptions& options = {},
                                  std::span<const T> sample_weight = {}, Device device = Device::automatic(),
                                  Observer* observer = nullptr);

extern template class LinearModel<float>;
extern template class LinearModel<double>;
extern template class LinearRegression<float>;
extern template class LinearRegression<double>;
extern template class Ridge<float>;
extern template class Ridge<double>;
extern template class SparseLinearModel<float>;
extern template class SparseLinearModel<double>;
extern template class Lasso<float>;
extern template class Lasso<double>;
extern template class ElasticNet<float>;
extern template class ElasticNet<double>;

}  // namespace forja
