#include "data/npy_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "data/shown_text.h"

namespace forja::core {
namespace {

/// The header's dictionary as text.
std::string read_dictionary(FileReader& file) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  constexpr std::size_t kLongest = std::size_t{1} << 16;
  std::array<std::uint8_t, 8> start{};
  if (file.read(start) < start.size() ||
      !std::equal(kMagic.begin(), kMagic.end(), start.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })) {
    file.refuse("is no NPY file");
  }
  const int version = start[6];
  if (version < 1 || version > 3) file.refuse(fmt::format("is NPY version {} but 1 to 3 are read", version));
  std::array<std::uint8_t, 4> size{};
  const std::size_t size_bytes = version == 1 ? 2 : 4;
  const std::size_t got = file.read(std::span(size).first(size_bytes));
  const std::size_t length =
      size[0] | (std::size_t{size[1]} << 8) | (std::size_t{size[2]} << 16) | (std::size_t{size[3]} << 24);
  if (length > kLongest) file.refuse(fmt::format("has a header of {} bytes but at most {} are read", length, kLongest));
  std::string text(length, ' ');
  const auto held = got < size_bytes ? 0 : file.read({reinterpret_cast<std::uint8_t*>(text.data()), length});
  if (got < size_bytes || held < length) file.refuse("ends within its header");
  return text;
}

/// The text after `key` in the dictionary; empty when it is not there.
std::string_view after(std::string_view dictionary, std::string_view key) {
  const std::size_t at = dictionary.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = dictionary.substr(at + key.size());
  const std::size_t start = rest.find_first_not_of(" :");
  return start == std::string_view::npos ? std::string_view() : rest.substr(start);
}

/// "'<f4', 'fortran_order': ..." as "<f4"; all of it where it is no text in quotes.
std::string_view quoted(std::string_view text) {
  if (!text.starts_with('\'')) return text;
  text.remove_prefix(1);
  return text.substr(0, text.find('\''));
}

/// "(60000, 784)" as numbers; nothing when it is nothing of the kind.
std::optional<std::vector<std::int64_t>> parse_shape(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  text.remove_prefix(1);
  std::vector<std::int64_t> shape;
  for (;;) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" ,")));
    std::int64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || size < 0) break;
    shape.push_back(size);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (!text.starts_with(')')) return std::nullopt;
  return shape;
}

std::optional<StoredType> npy_type(std::string_view name) {
  static constexpr std::pair<std::string_view, StoredType> kTypes[] = {
      {"b1", StoredType::boolean}, {"i1", StoredType::int8},    {"i2", StoredType::int16},  {"i4", StoredType::int32},
      {"i8", StoredType::int64},   {"u1", StoredType::uint8},   {"u2", StoredType::uint16}, {"u4", StoredType::uint32},
      {"u8", StoredType::uint64},  {"f4", StoredType::float32}, {"f8", StoredType::float64}};
  for (const auto& [text, type] : kTypes) {
    if (text == name) return type;
  }
  return std::nullopt;
}

}  // namespace

NpyHeader read_npy_header(FileReader& file) {
  const std::string dictionary = read_dictionary(file);
  NpyHeader header;
  const std::string_view descr = quoted(after(dictionary, "'descr'"));
  const bool ordered = !descr.empty() && std::string_view("<>|=").find(descr[0]) != std::string_view::npos;
  const std::optional<StoredType> type = ordered ? npy_type(descr.substr(1)) : std::nullopt;
  if (!type) file.refuse(fmt::format("descr is {} but b1, i1 to i8, u1 to u8, f4 and f8 are read", shown_text(descr)));
  header.type = *type;
  header.order = descr[0] == '>' ? std::endian::big : std::endian::little;

  const std::string_view fortran_order = after(dictionary, "'fortran_order'");
  header.fortran_order = fortran_order.starts_with("True");
  if (!header.fortran_order && !fortran_order.starts_with("False")) file.refuse("has a header without fortran_order");
  std::optional<std::vector<std::int64_t>> shape = parse_shape(after(dictionary, "'shape'"));
  if (!shape) file.refuse("has a header without a shape");
  header.shape = std::move(*shape);
  for (const std::int64_t size : header.shape) {
    if (__builtin_mul_overflow(header.values, size, &header.values))
      file.refuse("has a shape of more than 2^63 values");
  }
  return header;
}

}  // namespace forja::core
