#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "forja/params.h"

namespace forja {

/// How many components to keep: a count, a share of the variance, the likeliest number, or all. Made implicitly from a
/// number: `{.n_components = 2}`, `{.n_components = 0.95}`, `{.n_components = ComponentCount::mle()}`.
class ComponentCount {
 public:
  enum class Kind { all, count, share, mle };

  /// min(rows, columns).
  static ComponentCount all() { return {}; }
  /// The likeliest dimension of normal data with equal noise in all directions (Minka 2000): 1 to columns - 1.
  static ComponentCount mle() {
    ComponentCount count;
    count.kind_ = Kind::mle;
    return count;
  }
  ComponentCount() = default;
  /// So many; 1 to min(rows, columns).
  template <std::integral I>
  requires(!std::same_as<I, bool>) ComponentCount(I count)
      : kind_(Kind::count), count_(static_cast<std::int64_t>(count)) {}  // NOLINT
  /// The fewest that keep more than this share of the variance, between 0 and 1.
  template <std::floating_point F>
  ComponentCount(F share) : kind_(Kind::share), share_(static_cast<double>(share)) {}  // NOLINT

  Kind kind() const { return kind_; }
  std::int64_t count() const { return count_; }
  double share() const { return share_; }
  friend bool operator==(const ComponentCount&, const ComponentCount&) = default;

 private:
  Kind kind_ = Kind::all;
  std::int64_t count_ = 0;
  double share_ = 0;
};

/// How the singular value decomposition of the centred rows is computed.
enum class SvdSolver {
  /// full up to 500 rows and columns. Beyond: randomized for a count below 80 % of min(rows, columns) where that is
  /// more than 1000; else covariance_eigh. Differs from by_size where min(rows, columns) is at most 1000: the Gram
  /// matrix of the small side, summed in double, costs less than power iterations and finds every component.
  automatic,
  /// The rule of book chapter 8: randomized where rows or columns are more than 500 and n_components is a count below
  /// 80 % of min(rows, columns); else full. "auto_by_size".
  by_size,
  /// By a QR decomposition in double and the singular values of its triangle: every singular value to the precision of
  /// the largest one's last digits.
  full,
  /// By the eigenvalues of the Gram matrix X'X, or XX' where there are fewer rows than columns. The fastest where
  /// min(rows, columns) is some hundreds. Sums and eigenvalues are double, products of float are float: a singular
  /// value of 1/t of the largest has t times its relative rounding error.
  covariance_eigh,
  /// A few leading components by random directions and power iterations (Halko, Martinsson and Tropp 2011).
  randomized,
};

/// Parameters of PCA.
struct PCAOptions {
  /// Components to keep: a count, a share of the variance in (0, 1), the likeliest number ("mle", for at least as many
  /// rows as columns), or all. randomized needs a count.
  ComponentCount n_components = {};
  /// Whether transform() divides each component by its standard deviation. A component without variance becomes 0.
  bool whiten = false;
  SvdSolver svd_solver = SvdSolver::automatic;
  /// Power iterations of randomized, at least 0. Empty ("auto"): 7 for fewer than a tenth of all components, else 4.
  std::optional<std::int64_t> iterated_power = {};
  /// Of randomized: where above 0, power iterations go on beyond iterated_power until ||X'X v - s^2 v|| <= tol s_1^2
  /// for every component v with singular value s, so that s^2 is within tol s_1^2 of an exact one. They end after 100
  /// more, or where four of them no longer help, as below the rounding of T: converged() tells. At least 0.
  double tol = 0;
  /// Directions of randomized beyond n_components. At least 0.
  std::int64_t n_oversamples = 10;
  /// The only source of chance: the same seed on the same device gives the same bits, for any number of threads.
  std::uint64_t seed = 0;
};

/// Principal component analysis (book chapter 8): the orthogonal directions along which rows vary most. T is float or
/// double.
///
/// Rows are centred by their columns' means in double before anything is multiplied, so large means cost no digits.
/// There is no power_iteration_normalizer: power iterations are always normalised, by an orthonormal basis in double,
/// at a cost that does not grow with the rows. Each component's sign makes its entry of largest absolute value positive
/// (equal ones: the first).
template <class T = float>
class FORJA_API PCA {
 public:
  explicit PCA(PCAOptions options = {}, Device device = Device::automatic());

  /// Learns the components of x (n x d). Throws InvalidArgument when an option is out of range, x is empty or holds NaN
  /// or Inf, or more components are asked for than min(n, d); OutOfMemory. On a GPU rows that do not fit stream through
  /// it; full and covariance_eigh need fewer rows than columns there all at once.
  PCA& fit(const Rows<T>& x);
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x);
  /// The rows of x (m x d) in terms of the components: m x k.
  Matrix<T> transform(const Rows<T>& x) const;
  /// Back to rows of the original columns: z is m x k, the result m x d.
  Matrix<T> inverse_transform(const Rows<T>& z) const;

  /// The logarithm of each row's likelihood under the normal distribution with mean() and get_covariance() (Tipping and
  /// Bishop 1999). Throws InvalidArgument where directions have no variance.
  std::vector<double> score_samples(const Rows<T>& x) const;
  /// The mean of score_samples().
  double score(const Rows<T>& x) const;
  /// d x d: the components' variances along them, noise_variance() in all other directions.
  Matrix<double> get_covariance() const;
  /// Its inverse. Throws InvalidArgument where directions have no variance.
  Matrix<double> get_precision() const;

  /// k x d: a component per row, by descending variance, orthonormal.
  const Matrix<T>& components() const;
  /// Variance along each component, divided by n - 1 (one row: 0).
  const std::vector<double>& explained_variance() const;
  /// The same as a share of the variance of all columns (no variance at all: 0).
  const std::vector<double>& explained_variance_ratio() const;
  /// Of the centred rows, one per component.
  const std::vector<double>& singular_values() const;
  /// Of each column.
  const std::vector<double>& mean() const;
  /// Mean variance of the components that were left out (Tipping and Bishop 1999); 0 where none was.
  double noise_variance() const;
  /// k.
  std::int64_t n_components() const;
  std::int64_t n_features_in() const;
  /// Rows that fit() saw.
  std::int64_t n_samples() const;
  /// What `svd_solver` came to.
  SvdSolver svd_solver_used() const;
  /// ||X - X V'V|| of the centred rows X and components V: the largest singular value that was left out; after
  /// randomized a bound on it from six random probes, which fails with a probability below 1e-6.
  double residual() const;
  /// Power iterations; 0 where there were none.
  std::int64_t n_iter() const;
  /// Whether `tol` was met; true where none was asked for.
  bool converged() const;
  bool is_fitted() const { return state_.n_samples > 0; }

  const PCAOptions& options() const { return options_; }
  Device device() const { return device_; }
  /// A fitted model transforms on any device.
  void set_device(Device device) { device_ = device; }
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  PCA& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static PCA load(const std::filesystem::path& path, Device device = Device::automatic());
  static PCA load(std::istream& in, Device device = Device::automatic());

 private:
  struct State {
    Matrix<double> components;  // the public ones are these rounded to T
    Matrix<T> public_components;
    std::vector<double> mean;
    std::vector<double> singular_values;
    std::vector<double> explained_variance;
    std::vector<double> explained_variance_ratio;
    double noise_variance = 0;
    std::int64_t n_samples = 0;
    SvdSolver solver = SvdSolver::full;
    double residual = 0;
    std::int64_t n_iter = 0;
    bool converged = true;
  };
  const State& fitted(const char* what) const;

  PCAOptions options_;
  Device device_;
  State state_;
};

extern template class PCA<float>;
extern template class PCA<double>;

}  // namespace forja
