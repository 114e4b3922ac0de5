#include "data/stored_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace forja::core {
namespace {

/// Calls work(Stored{}) with the C++ type of `type`.
template <class Work>
auto with_type(StoredType type, const Work& work) {
  switch (type) {
    case StoredType::int8:
      return work(std::int8_t{});
    case StoredType::int16:
      return work(std::int16_t{});
    case StoredType::int32:
      return work(std::int32_t{});
    case StoredType::int64:
      return work(std::int64_t{});
    case StoredType::boolean:
    case StoredType::uint8:
      return work(std::uint8_t{});
    case StoredType::uint16:
      return work(std::uint16_t{});
    case StoredType::uint32:
      return work(std::uint32_t{});
    case StoredType::uint64:
      return work(std::uint64_t{});
    case StoredType::float32:
      return work(float{});
    case StoredType::float64:
      break;
  }
  return work(double{});
}

template <class Stored>
Stored load(const std::uint8_t* from, bool swapped) {
  std::array<std::uint8_t, sizeof(Stored)> bytes;
  std::copy_n(from, sizeof(Stored), bytes.begin());
  if (swapped) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<Stored>(bytes);
}

template <class T, class Stored>
std::vector<T> read_as(FileReader& file, bool swapped, std::int64_t count) {
  constexpr std::int64_t kSize = sizeof(Stored);
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(std::min(count, file.most_bytes() / kSize)));
  constexpr std::int64_t kMostAtOnce = std::int64_t{1} << 15;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::min(count, kMostAtOnce) * kSize));
  while (std::ssize(values) < count) {
    const std::int64_t step = std::min(std::ssize(bytes) / kSize, count - std::ssize(values));
    const std::size_t got = file.read(std::span(bytes).first(static_cast<std::size_t>(step * kSize)));
    if (static_cast<std::int64_t>(got) < step * kSize) {
      file.refuse(fmt::format("promises {} values but ends after {}", count,
                              std::ssize(values) + static_cast<std::int64_t>(got) / kSize));
    }
    for (std::int64_t i = 0; i < step; ++i) {
      const auto stored = load<Stored>(bytes.data() + i * kSize, swapped);
      if constexpr (std::is_integral_v<T> && std::is_integral_v<Stored>) {
        if (!std::in_range<T>(stored)) {
          file.refuse(fmt::format("value {} is {} but a label is a whole number of 32 bits", values.size(), stored));
        }
      }
      values.push_back(static_cast<T>(stored));
    }
  }
  std::uint8_t more = 0;
  if (file.read({&more, 1}) != 0) file.refuse(fmt::format("promises {} values but goes on after them", count));
  return values;
}

}  // namespace

std::int64_t size_of(StoredType type) {
  return with_type(type, [](auto stored) -> std::int64_t { return sizeof(stored); });
}

bool is_floating(StoredType type) { return type == StoredType::float32 || type == StoredType::float64; }

template <class T>
std::vector<T> read_stored(FileReader& file, StoredType type, std::endian order, std::int64_t count) {
  return with_type(
      type, [&](auto stored) { return read_as<T, decltype(stored)>(file, order != std::endian::native, count); });
}

template std::vector<float> read_stored(FileReader&, StoredType, std::endian, std::int64_t);
template std::vector<double> read_stored(FileReader&, StoredType, std::endian, std::int64_t);
template std::vector<std::int32_t> read_stored(FileReader&, StoredType, std::endian, std::int64_t);

}  // namespace forja::core
