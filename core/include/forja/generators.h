#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "forja/export.h"
#include "forja/matrix.h"

/// Generators of data sets. T is float or double. The same options give the same bits. All throw InvalidArgument for an
/// option out of range.
namespace forja {

/// Parameters of make_blobs.
struct BlobsOptions {
  std::int64_t n_samples = 100;  ///< rows, split evenly: the first blobs get the rows that are left. At least 1.
  std::int64_t n_features = 2;   ///< columns. At least 1.
  std::int64_t centers = 3;      ///< blobs. At least 1.
  double cluster_std = 1;        ///< standard deviation of a blob in every column. Finite, at least 0.
  double center_box = 10;        ///< centres are uniform in (-center_box, center_box). Finite, at least 0.
  bool shuffle = true;           ///< whether the rows of all blobs are mixed; without, blob 0 comes first
  std::uint64_t seed = 0;        ///< the only source of chance
  /// The rows of each blob, at least 0 each and 1 in all. Stands for n_samples and centers.
  std::vector<std::int64_t> samples_per_center = {};
  /// The centres, k x d, finite. Stand for centers, n_features and center_box.
  Matrix<double> given_centers = {};
  /// Each blob's standard deviation, finite, at least 0. Stands for cluster_std.
  std::vector<double> std_per_center = {};
};

/// Rows around centres.
template <class T>
struct Blobs {
  Matrix<T> x;                       ///< n_samples x n_features
  std::vector<std::int32_t> labels;  ///< the blob of each row
  Matrix<T> centers;                 ///< centers x n_features
};

/// Normal blobs around uniform or given centres.
template <class T = float>
FORJA_API Blobs<T> make_blobs(const BlobsOptions& options = {});

/// Parameters of make_moons.
struct MoonsOptions {
  std::int64_t n_samples = 100;  ///< rows, half of them (rounded down) in the outer moon. At least 1.
  bool shuffle = true;           ///< whether the rows of both moons are mixed; without, the outer moon comes first
  double noise = 0;              ///< standard deviation of what is added to each value. Finite, at least 0.
  std::uint64_t seed = 0;        ///< the only source of chance
};

/// Rows of two half circles.
template <class T>
struct Moons {
  Matrix<T> x;                       ///< n_samples x 2
  std::vector<std::int32_t> labels;  ///< 0: the outer moon, 1: the inner one
};

/// Two half circles of radius 1 that reach into each other, the rows evenly spaced along them: the outer one above,
/// around (0, 0), the inner one below, around (1, 0.5).
template <class T = float>
FORJA_API Moons<T> make_moons(const MoonsOptions& options = {});

/// Parameters of make_classification.
struct ClassificationOptions {
  std::int64_t n_samples = 100;    ///< rows. At least 1.
  std::int64_t n_features = 20;    ///< columns: informative, redundant, repeated, and noise in the rest. At least 1.
  std::int64_t n_informative = 2;  ///< columns that tell the classes apart. At least 1.
  std::int64_t n_redundant = 2;    ///< columns that are linear combinations of informative ones. At least 0.
  std::int64_t n_repeated = 0;     ///< columns that are copies of informative or redundant ones. At least 0.
  std::int64_t n_classes = 2;      ///< at least 1
  std::int64_t n_clusters_per_class = 2;  ///< at least 1; with n_classes clusters each: at most 2^n_informative in all
  /// Each class's share of the rows, before flip_y: n_classes shares that sum to 1, or the last one left out; each at
  /// least 0. Empty: equal shares.
  std::vector<double> weights = {};
  double flip_y = 0.01;   ///< share of the rows whose label is drawn anew. From 0 to 1.
  double class_sep = 1;   ///< half the side of the hypercube: greater is easier. Finite, at least 0.
  bool hypercube = true;  ///< whether the clusters lie on the hypercube's corners; without, at random lengths of them
  std::optional<double> shift = 0;  ///< added to each column. Finite. Empty: a random one for each, within class_sep
  std::optional<double> scale = 1;  ///< multiplies each column, after shift. Finite. Empty: a random one from 1 to 101
  /// What is added to each column and what multiplies it: n_features finite numbers, for the columns in the order
  /// above, before they are mixed. Stand for shift and scale.
  std::vector<double> shift_per_column = {};
  std::vector<double> scale_per_column = {};
  bool shuffle = true;     ///< whether rows and columns are mixed; without, columns come in the order above
  std::uint64_t seed = 0;  ///< the only source of chance
};

/// What a column of make_classification tells.
enum class FeatureKind { informative, redundant, repeated, noise };

/// Rows of classes.
template <class T>
struct Classification {
  Matrix<T> x;                             ///< n_samples x n_features
  std::vector<std::int32_t> labels;        ///< 0 .. n_classes - 1
  std::vector<FeatureKind> feature_kinds;  ///< n_features
};

/// A random classification problem, as scikit-learn's (after Guyon 2003, the design of MADELON): each class is normal
/// clusters, each stretched at random, around different corners of a hypercube of side 2 class_sep in the informative
/// columns; the other columns follow from those or are noise.
template <class T = float>
FORJA_API Classification<T> make_classification(const ClassificationOptions& options = {});

/// Parameters of make_regression.
struct RegressionOptions {
  std::int64_t n_samples = 100;     ///< rows. At least 1.
  std::int64_t n_features = 100;    ///< columns. At least 1.
  std::int64_t n_informative = 10;  ///< columns with a coefficient; at most n_features are taken. At least 0.
  std::int64_t n_targets = 1;       ///< columns of y. At least 1.
  double bias = 0;                  ///< added to every target. Finite.
  /// About how many directions explain most of x, at least 1. Empty: x is standard normal, of full rank.
  std::optional<std::int64_t> effective_rank = {};
  double tail_strength = 0.5;  ///< with effective_rank: the share of the singular values' fat tail. From 0 to 1.
  double noise = 0;            ///< standard deviation of what is added to each target. Finite, at least 0.
  bool shuffle = true;         ///< whether the informative columns lie at random places; without, they come first
  std::uint64_t seed = 0;      ///< the only source of chance
};

/// Rows and linear targets.
template <class T>
struct Regression {
  Matrix<T> x;     ///< n_samples x n_features
  Matrix<T> y;     ///< n_samples x n_targets; of one target, y.values() is the vector
  Matrix<T> coef;  ///< n_features x n_targets
};

/// Standard normal columns, or with effective_rank r rows whose singular value i = 0, 1, ... is
/// (1 - tail_strength) exp(-(i / r)^2) + tail_strength exp(-0.1 i / r), as scikit-learn's; and targets y = x coef +
/// bias + noise; coefficients of informative columns are uniform in (0, 100), the others 0.
template <class T = float>
FORJA_API Regression<T> make_regression(const RegressionOptions& options = {});

}  // namespace forja
