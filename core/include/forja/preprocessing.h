#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <utility>
#include <vector>

#include "forja/export.h"
#include "forja/matrix.h"
#include "forja/params.h"

/// What turns raw columns into columns that a model can learn from. Names and results are scikit-learn's.
///
/// All are values like the estimators: fit() learns from rows (n x d), transform() changes rows (m x d), and neither
/// touches its argument. T is float or double; arithmetic is in double. Every value must be finite, but for
/// SimpleImputer, which takes NaN as missing. They run on the host's threads whatever devices there are: one or two
/// passes at the speed of memory cost less than a transfer. The number of threads changes no bit.
///
/// Errors: InvalidArgument for an option out of range, an empty x, a value that is not finite or another number of
/// columns than fit() saw; NotFitted before fit(). save() and load() are as in KMeans.
namespace forja {

/// Parameters of StandardScaler.
struct StandardScalerOptions {
  bool with_mean = true;  ///< whether the mean is subtracted
  bool with_std = true;   ///< whether the result is divided by the standard deviation
};

/// Columns of mean 0 and variance 1 (over n, not n - 1). A constant column becomes 0.
template <class T = float>
class FORJA_API StandardScaler {
 public:
  explicit StandardScaler(StandardScalerOptions options = {}) : options_(options) {}

  /// sample_weight: n weights, finite, at least 0 and not all 0; empty: all one. Throws InvalidArgument, also where a
  /// column's variance is beyond double.
  StandardScaler& fit(MatrixView<const T> x, std::span<const T> sample_weight = {});
  Matrix<T> transform(MatrixView<const T> x) const;
  Matrix<T> fit_transform(MatrixView<const T> x, std::span<const T> sample_weight = {});
  Matrix<T> inverse_transform(MatrixView<const T> x) const;

  /// d means; two-pass, so that a great mean costs no digits.
  const std::vector<double>& mean() const;
  /// d variances.
  const std::vector<double>& var() const;
  /// d divisors: standard deviations, 1 of constant columns.
  const std::vector<double>& scale() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return !state_.mean.empty(); }

  const StandardScalerOptions& options() const { return options_; }
  Params get_params() const;
  StandardScaler& set_params(const Params& params);
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static StandardScaler load(const std::filesystem::path& path);
  static StandardScaler load(std::istream& in);

 private:
  struct State {
    std::vector<double> mean;
    std::vector<double> var;
    std::vector<double> scale;
  };
  const State& fitted(const char* what) const;

  StandardScalerOptions options_;
  State state_;
};

/// Parameters of MinMaxScaler.
struct MinMaxScalerOptions {
  double feature_min = 0;  ///< what a column's least value becomes. Finite.
  double feature_max = 1;  ///< what its greatest becomes. Finite, above feature_min.
  bool clip = false;       ///< whether transform() bounds what lies outside fit's range
};

/// Columns brought to a range. A constant column becomes feature_min.
template <class T = float>
class FORJA_API MinMaxScaler {
 public:
  explicit MinMaxScaler(MinMaxScalerOptions options = {}) : options_(options) {}

  /// Throws InvalidArgument, also where a column's range is beyond double.
  MinMaxScaler& fit(MatrixView<const T> x);
  Matrix<T> transform(MatrixView<const T> x) const;
  Matrix<T> fit_transform(MatrixView<const T> x);
  Matrix<T> inverse_transform(MatrixView<const T> x) const;

  /// d least and d greatest values.
  const std::vector<double>& data_min() const;
  const std::vector<double>& data_max() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return !state_.lowest.empty(); }

  const MinMaxScalerOptions& options() const { return options_; }
  Params get_params() const;
  MinMaxScaler& set_params(const Params& params);
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static MinMaxScaler load(const std::filesystem::path& path);
  static MinMaxScaler load(std::istream& in);

 private:
  struct State {
    std::vector<double> lowest;
    std::vector<double> highest;
  };
  const State& fitted(const char* what) const;

  MinMaxScalerOptions options_;
  State state_;
};

/// Parameters of PolynomialFeatures.
struct PolynomialFeaturesOptions {
  std::int64_t degree = 2;        ///< the greatest degree of a product. At least 0; at least 1 without include_bias.
  bool interaction_only = false;  ///< whether products have each column at most once
  bool include_bias = true;       ///< whether the first column is all ones
};

/// All products of columns up to a degree: of (a, b) 1, a, b, a^2, a b, b^2. At most 2^24 of them.
template <class T = float>
class FORJA_API PolynomialFeatures {
 public:
  explicit PolynomialFeatures(PolynomialFeaturesOptions options = {}) : options_(options) {}

  PolynomialFeatures& fit(MatrixView<const T> x);
  /// m x n_output_features; products in T, from the left.
  Matrix<T> transform(MatrixView<const T> x) const;
  Matrix<T> fit_transform(MatrixView<const T> x);

  /// n_output_features x d: the exponent of each column in each product.
  Matrix<double> powers() const;
  std::int64_t n_output_features() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return state_.n_features > 0; }

  const PolynomialFeaturesOptions& options() const { return options_; }
  Params get_params() const;
  PolynomialFeatures& set_params(const Params& params);
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static PolynomialFeatures load(const std::filesystem::path& path);
  static PolynomialFeatures load(std::istream& in);

 private:
  /// A product: another one times a column; -1 stands for 1.
  struct Term {
    std::int32_t parent;
    std::int32_t column;
  };
  struct State {
    std::vector<Term> terms;
    std::int64_t n_features = 0;
    PolynomialFeaturesOptions made_with;
  };
  static State make_state(const PolynomialFeaturesOptions& options, std::int64_t columns);
  const State& fitted(const char* what) const;

  PolynomialFeaturesOptions options_;
  State state_;
};

/// Which of a column's categories has no column of its own.
enum class OneHotDrop {
  none,       ///< all have one
  first,      ///< the least, so that columns do not sum to 1
  if_binary,  ///< the lesser of two; of more categories none
};

/// What a category is that fit() did not see.
enum class UnknownCategory {
  error,   ///< an InvalidArgument
  ignore,  ///< zeros in all columns
};

/// Parameters of OneHotEncoder.
struct OneHotEncoderOptions {
  OneHotDrop drop = OneHotDrop::none;                       ///< none, first or if_binary
  UnknownCategory handle_unknown = UnknownCategory::error;  ///< error or ignore
};

/// A column of zeros and ones for each category of each column. Categories are numbers, such as the codes that
/// read_csv gives to texts.
template <class T = float>
class FORJA_API OneHotEncoder {
 public:
  explicit OneHotEncoder(OneHotEncoderOptions options = {}) : options_(options) {}

  OneHotEncoder& fit(MatrixView<const T> x);
  /// m x n_output_features, dense.
  Matrix<T> transform(MatrixView<const T> x) const;
  Matrix<T> fit_transform(MatrixView<const T> x);
  /// Of each column the category whose place is greatest; of zeros the dropped one, or NaN where none is dropped.
  Matrix<T> inverse_transform(MatrixView<const T> encoded) const;

  /// d lists, ascending.
  const std::vector<std::vector<double>>& categories() const;
  std::int64_t n_output_features() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return !state_.categories.empty(); }

  const OneHotEncoderOptions& options() const { return options_; }
  Params get_params() const;
  OneHotEncoder& set_params(const Params& params);
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static OneHotEncoder load(const std::filesystem::path& path);
  static OneHotEncoder load(std::istream& in);

 private:
  struct State {
    std::vector<std::vector<double>> categories;
    std::vector<std::int64_t> dropped;  ///< categories of each column without a place, 0 or 1: the first
    std::vector<std::int64_t> first;    ///< each column's first place, and at the end their number
  };
  static State make_state(std::vector<std::vector<double>> categories, std::vector<std::int64_t> dropped);
  const State& fitted(const char* what) const;

  OneHotEncoderOptions options_;
  State state_;
};

/// What stands for a missing value.
enum class ImputerStrategy {
  mean,           ///< the column's mean
  median,         ///< its median; of an even number the mean of the middle two
  most_frequent,  ///< its most frequent value, of several the least
  constant,       ///< fill_value
};

/// Parameters of SimpleImputer.
struct SimpleImputerOptions {
  ImputerStrategy strategy = ImputerStrategy::mean;  ///< mean, median, most_frequent or constant
  double fill_value = 0;                             ///< what strategy constant puts in. Finite.
};

/// Missing values, NaN, replaced by what their column is like.
template <class T = float>
class FORJA_API SimpleImputer {
 public:
  explicit SimpleImputer(SimpleImputerOptions options = {}) : options_(options) {}

  /// Throws InvalidArgument also where a column has no value at all, but for strategy constant.
  SimpleImputer& fit(MatrixView<const T> x);
  Matrix<T> transform(MatrixView<const T> x) const;
  Matrix<T> fit_transform(MatrixView<const T> x);

  /// d values that stand for missing ones.
  const std::vector<double>& statistics() const;
  std::int64_t n_features_in() const;
  bool is_fitted() const { return !state_.statistics.empty(); }

  const SimpleImputerOptions& options() const { return options_; }
  Params get_params() const;
  SimpleImputer& set_params(const Params& params);
  void save(const std::filesystem::path& path) const;
  void save(std::ostream& out) const;
  static SimpleImputer load(const std::filesystem::path& path);
  static SimpleImputer load(std::istream& in);

 private:
  struct State {
    std::vector<double> statistics;
  };
  const State& fitted(const char* what) const;

  SimpleImputerOptions options_;
  State state_;
};

extern template class StandardScaler<float>;
extern template class StandardScaler<double>;
extern template class MinMaxScaler<float>;
extern template class MinMaxScaler<double>;
extern template class PolynomialFeatures<float>;
extern template class PolynomialFeatures<double>;
extern template class OneHotEncoder<float>;
extern template class OneHotEncoder<double>;
extern template class SimpleImputer<float>;
extern template class SimpleImputer<double>;

}  // namespace forja
