#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <vector>

#include "forja/decomposition.h"
#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "forja/params.h"

/// Singular values of rows as they are, not centred, and what is solved by them. T is float or double.
namespace forja {

/// x = u diag(singular_values) vt, or its leading part.
template <class T>
struct Svd {
  Matrix<T> u;                          ///< n x k, orthonormal columns
  std::vector<double> singular_values;  ///< k, descending
  Matrix<T> vt;                         ///< k x d, orthonormal rows; the largest entry of each is positive
};

/// The thin decomposition of x (n x d), k = min(n, d), in double by a QR decomposition; u's columns are orthonormal
/// where values vanish, too. Throws InvalidArgument for an empty x, NaN or Inf; OutOfMemory.
template <class T>
FORJA_API Svd<T> svd(const Rows<T>& x, Device device = Device::automatic());

/// Parameters of randomized_svd, as those of PCA.
struct RandomizedSvdOptions {
  std::optional<std::int64_t> iterated_power = {};  ///< at least 0; empty: 7 for fewer than a tenth of all, else 4
  double tol = 0;                                   ///< at least 0; more power iterations until it is met
  std::int64_t n_oversamples = 10;                  ///< at least 0
  std::uint64_t seed = 0;
};

/// The leading part of x's decomposition by random directions. Throws InvalidArgument as svd() does, and for
/// n_components below 1 or beyond min(n, d), or options out of range; OutOfMemory.
template <class T>
FORJA_API Svd<T> randomized_svd(const Rows<T>& x, std::int64_t n_components, const RandomizedSvdOptions& options = {},
                                Device device = Device::automatic());

/// The Moore-Penrose inverse of x (n x d): d x n. Singular values up to rcond times the largest count as 0; empty:
/// max(n, d) times T's epsilon. Throws InvalidArgument as svd() does, and where rcond is no number from 0 to 1;
/// OutOfMemory.
template <class T>
FORJA_API Matrix<T> pinv(const Rows<T>& x, std::optional<double> rcond = {}, Device device = Device::automatic());

/// What lstsq() found.
template <class T>
struct Lstsq {
  Matrix<T> solution;                    ///< d x t
  std::int64_t rank = 0;                 ///< singular values that counted
  std::vector<double> singular_values;   ///< min(n, d), descending
  std::vector<double> residual_squares;  ///< t: ||y - x solution||^2, in double
};

/// The shortest of the solutions that minimise ||y - x w|| for each column of y (n x t). rcond as for pinv(). Throws
/// InvalidArgument as pinv() does, also for y of other rows; OutOfMemory.
template <class T>
FORJA_API Lstsq<T> lstsq(const Rows<T>& x, MatrixView<const T> y, std::optional<double> rcond = {},
                         Device device = Device::automatic());

/// Parameters of TruncatedSVD, as those of PCA.
struct TruncatedSVDOptions {
  std::int64_t n_components = 2;  ///< 1 to min(rows, columns)
  SvdSolver svd_solver = SvdSolver::automatic;
  std::optional<std::int64_t> iterated_power = {};
  double tol = 0;
  std::int64_t n_oversamples = 10;
  std::uint64_t seed = 0;
};

/// The leading singular vectors of rows that are not centred (latent semantic analysis). T is float or double.
template <class T = float>
class FORJA_API TruncatedSVD {
 public:
  explicit TruncatedSVD(TruncatedSVDOptions options = {}, Device device = Device::automatic());

  /// Learns from x (n x d). Throws InvalidArgument when an option is out of range, x is empty or holds NaN or Inf, or
  /// n_components is more than min(n, d); OutOfMemory.
  TruncatedSVD& fit(const Rows<T>& x);
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x);
  /// x times the components: m x k.
  Matrix<T> transform(const Rows<T>& x) const;
  /// Back to the original columns: z is m x k, the result m x d.
  Matrix<T> inverse_transform(const Rows<T>& z) const;

  /// k x d, orthonormal, by descending singular value, signs as PCA's.
  const Matrix<T>& components() const;
  /// Variance, divided by n, of the rows along each component.
  const std::vector<double>& explained_variance() const;
  /// The same as a share of the variance of all columns (no variance at all: 0).
  const std::vector<double>& explained_variance_ratio() const;
  const std::vector<double>& singular_values() const;
  std::int64_t n_features_in() const;
  /// What `svd_solver` came to.
  SvdSolver svd_solver_used() const;
  /// As PCA's.
  double residual() const;
  std::int64_t n_iter() const;
  bool converged() const;
  bool is_fitted() const { return !state_.components.empty(); }

  const TruncatedSVDOptions& options() const { return options_; }
  Device device() const { return device_; }
  /// A fitted model transforms on any device.
  void set_device(Device device) { device_ = device; }
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  TruncatedSVD& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static TruncatedSVD load(const std::filesystem::path& path, Device device = Device::automatic());
  static TruncatedSVD load(std::istream& in, Device device = Device::automatic());

 private:
  struct State {
    Matrix<double> components;  // the public ones are these rounded to T
    Matrix<T> public_components;
    std::vector<double> singular_values;
    std::vector<double> explained_variance;
    std::vector<double> explained_variance_ratio;
    SvdSolver solver = SvdSolver::full;
    double residual = 0;
    std::int64_t n_iter = 0;
    bool converged = true;
  };
  const State& fitted(const char* what) const;

  TruncatedSVDOptions options_;
  Device device_;
  State state_;
};

extern template class TruncatedSVD<float>;
extern template class TruncatedSVD<double>;

}  // namespace forja
