#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

/// Values as whole numbers of the same order, and those sorted.
namespace forja::core {

template <class T>
using OrderedKey = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Not of NaN. -0 and 0 have the same key.
template <class T>
OrderedKey<T> ordered_key(T value) {
  using Key = OrderedKey<T>;
  constexpr Key kSign = Key{1} << (8 * sizeof(Key) - 1);
  const Key bits = std::bit_cast<Key>(value + T{0});
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

template <class T>
T value_of_key(OrderedKey<T> key) {
  using Key = OrderedKey<T>;
  constexpr Key kSign = Key{1} << (8 * sizeof(Key) - 1);
  return std::bit_cast<T>((key & kSign) != 0 ? key & ~kSign : ~key);
}

/// Sorts keys by counting digits of 11 bits, from the lowest; digits that all keys share cost one pass of counting.
/// scratch: of any size, to be used again.
template <class Key>
void sort_keys(std::span<Key> keys, std::vector<Key>& scratch) {
  constexpr std::size_t kFewKeys = 2048;
  if (keys.size() < kFewKeys) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  constexpr int kDigitBits = 11;
  constexpr std::size_t kDigits = (8 * sizeof(Key) + kDigitBits - 1) / kDigitBits;
  constexpr std::size_t kDigitValues = std::size_t{1} << kDigitBits;
  const auto digit = [](Key key, std::size_t place) {
    return static_cast<std::size_t>(key >> (place * kDigitBits)) & (kDigitValues - 1);
  };
  std::array<std::array<std::uint32_t, kDigitValues>, kDigits> places = {};
  for (const Key key : keys) {
    for (std::size_t place = 0; place < kDigits; ++place) ++places[place][digit(key, place)];
  }
  scratch.resize(std::max(scratch.size(), keys.size()));
  std::span<Key> from = keys;
  std::span<Key> to(scratch.data(), keys.size());
  for (std::size_t place = 0; place < kDigits; ++place) {
    auto& next = places[place];
    if (next[digit(keys[0], place)] == keys.size()) continue;
    std::uint32_t before = 0;
    for (std::uint32_t& count : next) {
      const std::uint32_t here = count;
      count = before;
      before += here;
    }
    for (const Key key : from) to[next[digit(key, place)]++] = key;
    std::swap(from, to);
  }
  if (from.data() != keys.data()) std::copy(from.begin(), from.end(), keys.begin());
}

}  // namespace forja::core
