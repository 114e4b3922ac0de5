#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "data/file_reader.h"

namespace forja::core {

/// How a file of binary numbers stores one of them.
enum class StoredType { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64 };

/// In bytes.
std::int64_t size_of(StoredType type);
bool is_floating(StoredType type);

/// The rest of a file, which is `count` numbers and nothing else, converted to T: float, double or std::int32_t (of
/// whole numbers). It reads in steps, so that memory follows what is there. Throws DataError when there are fewer or
/// more, and for a whole number that a std::int32_t cannot hold.
template <class T>
std::vector<T> read_stored(FileReader& file, StoredType type, std::endian order, std::int64_t count);

}  // namespace forja::core
