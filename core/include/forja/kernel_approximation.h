#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/export.h"
#include "forja/matrix.h"
#include "forja/params.h"
#include "forja/svm.h"

/// Features whose products are about a kernel's values: linear models on them stand for kernel machines where the
/// kernel of all rows with all rows is too much.
namespace forja {

/// Parameters of RBFSampler.
struct RBFSamplerOptions {
  KernelGamma gamma = 1.0;          ///< of exp(-gamma |a - b|^2)
  std::int64_t n_components = 100;  ///< features; errors of kernel values fall with its root. At least 1
  std::uint64_t seed = 0;
};

/// Random Fourier features of the rbf kernel (Rahimi and Recht 2007): sqrt(2 / k) cos(x w + b), where entries of w are
/// normal with variance 2 gamma, and b uniform from 0 to 2 pi. T is float or double.
template <class T = float>
class FORJA_API RBFSampler {
 public:
  explicit RBFSampler(RBFSamplerOptions options = {}, Device device = Device::automatic())
      : options_(options), device_(device) {}

  /// Draws the features for rows like x (n x d), of which only the shape counts, and for gamma = scale the variance.
  /// Throws InvalidArgument when an option is out of range, x is empty or holds NaN or Inf.
  RBFSampler& fit(const Rows<T>& x);
  /// The features of x (m x d): m x k. Throws NotFitted; InvalidArgument for an empty x, NaN, Inf or another number of
  /// columns.
  Matrix<T> transform(const Rows<T>& x) const;
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x);

  /// d x k.
  const Matrix<T>& random_weights() const { return fitted("random_weights").weights; }
  /// k.
  const std::vector<double>& random_offset() const { return fitted("random_offset").offset; }
  /// gamma as it was used.
  double gamma() const { return fitted("gamma").gamma; }
  std::int64_t n_features_in() const { return fitted("n_features_in").weights.rows(); }
  bool is_fitted() const { return !state_.weights.empty(); }
  Device device() const { return device_; }
  /// A fitted model transforms on any device.
  void set_device(Device device) { device_ = device; }

  const RBFSamplerOptions& options() const { return options_; }
  Params get_params() const;
  /// Throws InvalidArgument for a name that is not a parameter, a wrong type, or a value out of range.
  RBFSampler& set_params(const Params& params);

  /// Writes the fitted model. Throws NotFitted; DataError when the file cannot be written.
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  /// Reads a model of the same T. Throws ModelFormatError when it is damaged or of another kind.
  static RBFSampler load(const std::filesystem::path& path, Device device = Device::automatic());
  static RBFSampler load(std::istream& in, Device device = Device::automatic());

 private:
  struct State {
    Matrix<T> weights;
    std::vector<double> offset;
    double gamma = 1;
  };
  const State& fitted(const char* what) const;

  RBFSamplerOptions options_;
  Device device_;
  State state_;
};

/// Parameters of Nystroem.
struct NystroemOptions {
  SVMKernel kernel = SVMKernel::rbf;             ///< linear, poly, rbf or sigmoid
  KernelGamma gamma = KernelGamma::automatic();  ///< of poly, rbf and sigmoid
  double coef0 = 1;                              ///< of poly and sigmoid. Finite
  std::int64_t degree = 3;                       ///< of poly. At least 0
  std::int64_t n_components = 100;               ///< landmarks, and features. At least 1, at most the rows of fit
  std::uint64_t seed = 0;                        ///< which rows are landmarks
};

/// The kernel as its values with some rows tell it (Williams and Seeger 2001): K(x, landmarks) times the root of the
/// inverse of K(landmarks, landmarks), where directions that vanish to T's rounding are left out. With all rows as
/// landmarks it is exact. T is float or double.
template <class T = float>
class FORJA_API Nystroem {
 public:
  explicit Nystroem(NystroemOptions options = {}, Device device = Device::automatic())
      : options_(options), device_(device) {}

  /// Takes landmarks from the rows of x (n x d). Throws InvalidArgument when an option is out of range, x is empty or
  /// holds NaN or Inf, or has fewer rows than n_components; OutOfMemory.
  Nystroem& fit(const Rows<T>& x);
  /// The features of x (m x d): m x k. Throws NotFitted; InvalidArgument for an empty x, NaN, Inf or another number of
  /// columns; OutOfMemory.
  Matrix<T> transform(const Rows<T>& x) const;
  /// fit(), then transform(x).
  Matrix<T> fit_transform(const Rows<T>& x);

  /// The landmarks: k x d.
  const Matrix<T>& components() const { return fitted("components").components; }
  /// Which rows of fit they are.
  const std::vector<std::int64_t>& component_indices() const { return fitted("component_indices").indices; }
  /// k x k: the root of the inverse.
  const Matrix<double>& normalization() const { return fitted("normalization").normalization; }
  /// gamma as it was used.
  double gamma() const { return fitted("gamma").gamma; }
  std::int64_t n_features_in() const { return fitted("n_features_in").components.columns(); }
  bool is_fitted() const { return !state_.components.empty(); }
  Device device() const { return device_; }
  /// A fitted model transforms on any device.
  void set_device(Device device) { device_ = device; }

  const NystroemOptions& options() const { return options_; }
  Params get_params() const;
  Nystroem& set_params(const Params& params);

  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static Nystroem load(const std::filesystem::path& path, Device device = Device::automatic());
  static Nystroem load(std::istream& in, Device device = Device::automatic());

 private:
  /// The kernel is that of the fit, which options may have left to it, or have changed since.
  struct State {
    SVMKernel kernel = SVMKernel::rbf;
    double gamma = 1;
    double coef0 = 1;
    std::int64_t degree = 3;
    Matrix<T> components;
    std::vector<std::int64_t> indices;
    Matrix<double> normalization;
  };
  const State& fitted(const char* what) const;

  NystroemOptions options_;
  Device device_;
  State state_;
};

extern template class RBFSampler<float>;
extern template class RBFSampler<double>;
extern template class Nystroem<float>;
extern template class Nystroem<double>;

}  // namespace forja
