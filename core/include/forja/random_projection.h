#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"
#include "forja/params.h"

namespace forja {

/// Components that keep all squared distances of n_samples rows within a factor of 1 - eps to 1 + eps with good chance
/// (Johnson and Lindenstrauss; the bound of Dasgupta and Gupta 1999). Throws InvalidArgument for n_samples below 1 or
/// eps not between 0 and 1.
FORJA_API std::int64_t johnson_lindenstrauss_min_dim(std::int64_t n_samples, double eps = 0.1);

/// Parameters of GaussianRandomProjection.
struct GaussianRandomProjectionOptions {
  /// At least 1. Empty ("auto"): johnson_lindenstrauss_min_dim of the rows.
  std::optional<std::int64_t> n_components = {};
  double eps = 0.1;  ///< of n_components = auto: between 0 and 1
  std::uint64_t seed = 0;
};

/// Parameters of SparseRandomProjection.
struct SparseRandomProjectionOptions {
  /// At least 1. Empty ("auto"): johnson_lindenstrauss_min_dim of the rows.
  std::optional<std::int64_t> n_components = {};
  /// Share of the components' entries that are not 0, above 0, up to 1. Empty ("auto"): 1 / sqrt(d) (Li et al. 2006).
  std::optional<double> density = {};
  double eps = 0.1;  ///< of n_components = auto: between 0 and 1
  std::uint64_t seed = 0;
};

/// What random projections have in common. T is float or double.
template <class T>
class FORJA_API RandomProjection {
 public:
  /// The rows of x (m x d) times the components: m x k.
  Matrix<T> transform(const Rows<T>& x) const;

  /// k x d.
  const Matrix<T>& components() const;
  /// k.
  std::int64_t n_components() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return !components_.empty(); }
  Device device() const { return device_; }
  /// A fitted model transforms on any device.
  void set_device(Device device) { device_ = device; }

 protected:
  RandomProjection(const char* name, Device device) : name_(name), device_(device) {}
  /// "GaussianRandomProjection::fit"
  std::string call(std::string_view what) const;
  void check_fitted(std::string_view what) const;
  /// Checks x; how many components it takes.
  std::int64_t checked_count(const Rows<T>& x, std::optional<std::int64_t> n_components, double eps) const;

  const char* name_;
  Device device_;
  Matrix<T> components_;
};

/// Components of independent normal entries with variance 1 / k.
template <class T = float>
class FORJA_API GaussianRandomProjection : public RandomProjection<T> {
 public:
  explicit GaussianRandomProjection(GaussianRandomProjectionOptions options = {}, Device device = Device::automatic());

  /// Draws the components for rows like x (n x d), of which only the shape counts. Throws InvalidArgument when an
  /// option is out of range, x is empty or holds NaN or Inf, or eps asks for none or for more components than d.
  GaussianRandomProjection& fit(const Rows<T>& x);
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x);
  const GaussianRandomProjectionOptions& options() const { return options_; }
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  GaussianRandomProjection& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static GaussianRandomProjection load(const std::filesystem::path& path, Device device = Device::automatic());
  static GaussianRandomProjection load(std::istream& in, Device device = Device::automatic());

 private:
  GaussianRandomProjectionOptions options_;
};

extern template class GaussianRandomProjection<float>;
extern template class GaussianRandomProjection<double>;

/// Components whose entries are 0 but for a share `density`, which is +-sqrt(1 / (density k)) with equal chance
/// (Achlioptas 2003). Stored as dense ones; where at most an eighth is not 0, products take those entries alone.
template <class T = float>
class FORJA_API SparseRandomProjection : public RandomProjection<T> {
 public:
  explicit SparseRandomProjection(SparseRandomProjectionOptions options = {}, Device device = Device::automatic());

  /// Draws the components for rows like x (n x d), of which only the shape counts. Throws InvalidArgument when an
  /// option is out of range, x is empty or holds NaN or Inf, or eps asks for none or for more components than d.
  SparseRandomProjection& fit(const Rows<T>& x);
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x);
  /// What `density` came to.
  double density() const;

  const SparseRandomProjectionOptions& options() const { return options_; }
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  SparseRandomProjection& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static SparseRandomProjection load(const std::filesystem::path& path, Device device = Device::automatic());
  static SparseRandomProjection load(std::istream& in, Device device = Device::automatic());

 private:
  SparseRandomProjectionOptions options_;
  double density_ = 0;
};

extern template class SparseRandomProjection<float>;
extern template class SparseRandomProjection<double>;

}  // namespace forja
