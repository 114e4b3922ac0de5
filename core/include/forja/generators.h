#pragma once

#include <cstdint>
#include <vector>

#include "forja/export.h"
#include "forja/matrix.h"

/// Generators of data sets. T is float or double. The same options give the same bits. All throw InvalidArgument for an
/// option out of range.
namespace forja {

/// Parameters of make_blobs.
struct BlobsOptions {
  std::int64_t n_samples = 100;  ///< rows. At least 1.
  std::int64_t n_features = 2;   ///< columns. At least 1.
  std::int64_t centers = 3;      ///< blobs; row i belongs to a blob drawn for it. At least 1.
  double cluster_std = 1;        ///< standard deviation of a blob in every column. Finite, at least 0.
  double center_box = 10;        ///< centres are uniform in (-center_box, center_box). Finite, at least 0.
  std::uint64_t seed = 0;        ///< the only source of chance
};

/// Rows around centres.
template <class T>
struct Blobs {
  Matrix<T> x;                       ///< n_samples x n_features
  std::vector<std::int32_t> labels;  ///< the blob of each row
  Matrix<T> centers;                 ///< centers x n_features
};

/// Normal blobs around uniform centres. Throws InvalidArgument for an option out of range.
template <class T = float>
FORJA_API Blobs<T> make_blobs(const BlobsOptions& options = {});

}  // namespace forja
