#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "data/file_reader.h"
#include "data/stored_values.h"

namespace forja::core {

/// What stands before the numbers of a NumPy array file (numpy.lib.format, versions 1.0 to 3.0).
struct NpyHeader {
  StoredType type = StoredType::float64;
  std::endian order = std::endian::little;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::int64_t values = 1;  ///< the product of the shape
};

/// Throws DataError where there is none, or of a type that forja has no number for.
NpyHeader read_npy_header(FileReader& file);

}  // namespace forja::core
