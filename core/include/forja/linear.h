#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"
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
  /// cholesky or svd.
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
  /// automatic, cholesky or svd.
  LeastSquaresSolver solver = LeastSquaresSolver::automatic;
};

/// Ridge regression (Hoerl and Kennard 1970; book chapter 4): least squares with the penalty alpha ||w||^2 on the
/// coefficients w of each target.
template <class T = float>
class FORJA_API Ridge : public LinearModel<T> {
 public:
  explicit Ridge(RidgeOptions options = {}, Device device = Device::automatic());

  /// As LinearRegression::fit.
  Ridge& fit(const Rows<T>& x, std::span<const T> y, std::span<const T> sample_weight = {});
  Ridge& fit(const Rows<T>& x, MatrixView<const T> y, std::span<const T> sample_weight = {});

  /// As LeastSquaresReport has it; x has the penalty's rows sqrt(alpha) I below its own.
  double backward_error() const;
  LeastSquaresSolver solver_used() const;

  const RidgeOptions& options() const { return options_; }
  /// Every parameter by name but alpha_per_target, which is set in the options.
  Params get_params() const;
  Ridge& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static Ridge load(const std::filesystem::path& path, Device device = Device::automatic());
  static Ridge load(std::istream& in, Device device = Device::automatic());

 private:
  RidgeOptions options_;
  LeastSquaresReport report_;
};

extern template class LinearModel<float>;
extern template class LinearModel<double>;
extern template class LinearRegression<float>;
extern template class LinearRegression<double>;
extern template class Ridge<float>;
extern template class Ridge<double>;

}  // namespace forja
