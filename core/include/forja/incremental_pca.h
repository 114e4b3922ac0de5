#pragma once

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

/// Parameters of IncrementalPCA.
struct IncrementalPCAOptions {
  /// Components to keep, at least 1. Empty ("all"): min(rows of the first batch, columns).
  std::optional<std::int64_t> n_components = {};
  /// Whether transform() divides each component by its standard deviation. A component without variance becomes 0.
  bool whiten = false;
  /// Rows that fit() takes at once, at least 1. Empty ("auto"): five times the columns.
  std::optional<std::int64_t> batch_size = {};
};

/// Principal components of rows that come in batches (Ross et al. 2008), by scikit-learn's definition: each batch is
/// joined to the components times their singular values, and a decomposition of both follows. Exact where all columns'
/// components are kept; else each batch leaves out what its n_components do not show. Memory is of the order of a batch
/// and of n_components x columns, in double; rows may lie in a mapped file. T is float or double.
template <class T = float>
class FORJA_API IncrementalPCA {
 public:
  explicit IncrementalPCA(IncrementalPCAOptions options = {}, Device device = Device::automatic());

  /// Learns x (n x d) anew in batches of batch_size rows; a last one of fewer than n_components rows joins the one
  /// before. Throws InvalidArgument when an option is out of range, x is empty or holds NaN or Inf, or the first batch
  /// has fewer rows or columns than n_components; OutOfMemory.
  IncrementalPCA& fit(const Rows<T>& x);
  /// Learns one more batch, whatever its rows. Throws as fit() does, and for other columns than before.
  IncrementalPCA& partial_fit(const Rows<T>& x);
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

  /// k x d: a component per row, by descending variance, orthonormal, signs as PCA's.
  const Matrix<T>& components() const;
  /// Variance along each component, divided by n_samples_seen() - 1 (one row: 0).
  const std::vector<double>& explained_variance() const;
  /// The same as a share of the variance of all columns of all rows seen (no variance at all: 0).
  const std::vector<double>& explained_variance_ratio() const;
  const std::vector<double>& singular_values() const;
  /// Of each column of all rows seen.
  const std::vector<double>& mean() const;
  /// Mean variance of what the last batch left out; 0 where nothing was.
  double noise_variance() const;
  /// k.
  std::int64_t n_components() const;
  std::int64_t n_features_in() const;
  std::int64_t n_samples_seen() const;
  bool is_fitted() const { return state_.n_samples > 0; }

  const IncrementalPCAOptions& options() const { return options_; }
  Device device() const { return device_; }
  /// A fitted model transforms and learns on any device.
  void set_device(Device device) { device_ = device; }
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  IncrementalPCA& set_params(const Params& params);

  /// Writes the fitted model, from which learning may go on. Throws NotFitted; DataError when the file cannot be
  /// written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static IncrementalPCA load(const std::filesystem::path& path, Device device = Device::automatic());
  static IncrementalPCA load(std::istream& in, Device device = Device::automatic());

 private:
  struct State {
    Matrix<double> components;  // the public ones are these rounded to T
    Matrix<T> public_components;
    std::vector<double> mean;
    std::vector<double> singular_values;
    std::vector<double> explained_variance;
    std::vector<double> explained_variance_ratio;
    double noise_variance = 0;
    double total_square = 0;  // of all rows seen, centred
    std::int64_t n_samples = 0;
  };
  const State& fitted(const char* what) const;
  /// The state after one more batch.
  State learned(const State& before, MatrixView<const T> batch) const;

  IncrementalPCAOptions options_;
  Device device_;
  State state_;
};

extern template class IncrementalPCA<float>;
extern template class IncrementalPCA<double>;

}  // namespace forja
