#include <fmt/format.h>

#include <bit>
#include <optional>

#include "data/file_reader.h"
#include "data/stored_values.h"
#include "forja/data.h"

namespace forja {
namespace {

struct IdxHeader {
  core::StoredType type = core::StoredType::uint8;
  int dimensions = 0;
  std::int64_t items = 0;
  std::int64_t entries = 1;  ///< of an item
  std::int64_t values = 0;
};

std::optional<core::StoredType> idx_type(std::uint8_t code) {
  switch (code) {
    case 0x08:
      return core::StoredType::uint8;
    case 0x09:
      return core::StoredType::int8;
    case 0x0B:
      return core::StoredType::int16;
    case 0x0C:
      return core::StoredType::int32;
    case 0x0D:
      return core::StoredType::float32;
    case 0x0E:
      return core::StoredType::float64;
    default:
      return std::nullopt;
  }
}

IdxHeader read_header(core::FileReader& file) {
  std::uint8_t start[4] = {};
  if (file.read(start) < sizeof(start) || start[0] != 0 || start[1] != 0) file.refuse("is no IDX file");
  const std::optional<core::StoredType> type = idx_type(start[2]);
  if (!type) file.refuse(fmt::format("IDX type 0x{:02x} but there are only 0x08, 0x09 and 0x0b to 0x0e", start[2]));
  IdxHeader header{*type, start[3]};
  if (header.dimensions == 0) file.refuse("has 0 dimensions");
  for (int dimension = 0; dimension < header.dimensions; ++dimension) {
    std::uint8_t at[4] = {};
    if (file.read(at) < sizeof(at)) file.refuse(fmt::format("ends within its {} dimensions", header.dimensions));
    const std::int64_t size = (std::int64_t{at[0]} << 24) | (at[1] << 16) | (at[2] << 8) | at[3];
    if (dimension == 0) {
      header.items = size;
    } else if (__builtin_mul_overflow(header.entries, size, &header.entries)) {
      file.refuse("has items of more than 2^63 values");
    }
  }
  if (__builtin_mul_overflow(header.items, header.entries, &header.values)) {
    file.refuse(fmt::format("promises {} items of {} values", header.items, header.entries));
  }
  return header;
}

}  // namespace

template <class T>
Matrix<T> read_idx_images(const std::filesystem::path& path) {
  core::FileReader file(path);
  const IdxHeader header = read_header(file);
  return Matrix<T>(header.items, header.entries,
                   core::read_stored<T>(file, header.type, std::endian::big, header.values));
}

std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path) {
  core::FileReader file(path);
  const IdxHeader header = read_header(file);
  if (header.dimensions != 1) file.refuse(fmt::format("{} dimensions but labels have 1", header.dimensions));
  if (core::is_floating(header.type)) file.refuse("holds real numbers but labels are whole ones");
  return core::read_stored<std::int32_t>(file, header.type, std::endian::big, header.values);
}

template FORJA_API Matrix<float> read_idx_images(const std::filesystem::path&);
template FORJA_API Matrix<double> read_idx_images(const std::filesystem::path&);

}  // namespace forja
