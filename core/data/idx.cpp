#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "data/file_bytes.h"
#include "forja/data.h"
#include "forja/error.h"

namespace forja {
namespace {

struct Idx {
  std::vector<std::uint8_t> bytes;
  std::int64_t items = 0;
  std::int64_t entries = 1;  ///< of an item
  int dimensions = 0;

  std::span<const std::uint8_t> values() const {
    return std::span(bytes).subspan(4 + 4 * static_cast<std::size_t>(dimensions));
  }
};

Idx read_idx(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& words) { throw DataError(fmt::format("{}: {}", path.string(), words)); };
  Idx idx{core::file_bytes(path)};
  const auto& bytes = idx.bytes;
  constexpr std::uint8_t kUnsignedByte = 0x08;
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) refuse("is no IDX file");
  if (bytes[2] != kUnsignedByte)
    refuse(fmt::format("IDX type 0x{:02x} but only unsigned bytes (0x08) are read", bytes[2]));
  idx.dimensions = bytes[3];
  const std::size_t header = 4 + 4 * static_cast<std::size_t>(idx.dimensions);
  if (idx.dimensions == 0 || bytes.size() < header)
    refuse(fmt::format("ends within its {} dimensions", idx.dimensions));
  const auto held = std::ssize(idx.values());
  for (int dimension = 0; dimension < idx.dimensions; ++dimension) {
    const std::uint8_t* at = bytes.data() + 4 + 4 * dimension;
    const std::int64_t size = (std::int64_t{at[0]} << 24) | (at[1] << 16) | (at[2] << 8) | at[3];
    if (dimension == 0) {
      idx.items = size;
    } else if (__builtin_mul_overflow(idx.entries, size, &idx.entries)) {
      refuse("has items of more than 2^63 values");
    }
  }
  std::int64_t total = 0;
  if (__builtin_mul_overflow(idx.items, idx.entries, &total) || total != held) {
    refuse(fmt::format("promises {} items of {} values but has {} values", idx.items, idx.entries, held));
  }
  return idx;
}

}  // namespace

template <class T>
Matrix<T> read_idx_images(const std::filesystem::path& path) {
  const Idx idx = read_idx(path);
  Matrix<T> x(idx.items, idx.entries);
  std::transform(idx.values().begin(), idx.values().end(), x.data(), [](std::uint8_t v) { return static_cast<T>(v); });
  return x;
}

std::vector<std::int32_t> read_idx_labels(const std::filesystem::path& path) {
  const Idx idx = read_idx(path);
  if (idx.dimensions != 1) {
    throw DataError(fmt::format("{}: {} dimensions but labels have 1", path.string(), idx.dimensions));
  }
  return {idx.values().begin(), idx.values().end()};
}

template FORJA_API Matrix<float> read_idx_images(const std::filesystem::path&);
template FORJA_API Matrix<double> read_idx_images(const std::filesystem::path&);

}  // namespace forja
