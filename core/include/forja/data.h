#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "forja/export.h"
#include "forja/matrix.h"

/// Readers of data files, and generators. T is float or double. Readers throw DataError with the file's name and what
/// is wrong; a file that promises more than it holds is refused before memory is taken for it.
namespace forja {

/// An IDX file of unsigned bytes, plain or gzip (MNIST's format): one row per item, all further dimensions flattened
/// into columns; values 0 to 255.
template <class T = float>
FORJA_API Matrix<T> read_idx_images(const std::filesystem::path& path);

/// A one-dimensional IDX file of unsigned bytes, plain or gzip: one label per item.
FORJA_API std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path);

/// A NumPy array of one (a single column) or two dimensions: little-endian float32 or float64 in C order.
template <class T = float>
FORJA_API Matrix<T> read_npy(const std::filesystem::path& path);

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
