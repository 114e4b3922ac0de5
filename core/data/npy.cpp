#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

#include "data/file_bytes.h"
#include "forja/data.h"
#include "forja/error.h"

namespace forja {
namespace {

static_assert(std::endian::native == std::endian::little, "NumPy's '<' types are copied as they are");

/// The text after `key` in the header's dictionary; empty when it is not there.
std::string_view after(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = header.substr(at + key.size());
  const std::size_t start = rest.find_first_not_of(" :");
  return start == std::string_view::npos ? std::string_view() : rest.substr(start);
}

/// "(60000, 784)" as numbers; empty when it is nothing of the kind.
std::vector<std::int64_t> parse_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  if (!text.starts_with('(')) return shape;
  text.remove_prefix(1);
  for (;;) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" ,")));
    std::int64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || size < 0) return text.starts_with(')') ? shape : std::vector<std::int64_t>();
    shape.push_back(size);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
}

template <class Stored, class T>
void copy_values(const std::uint8_t* from, Matrix<T>& to) {
  for (T& value : to.values()) {
    Stored stored;
    std::memcpy(&stored, from, sizeof(stored));
    value = static_cast<T>(stored);
    from += sizeof(stored);
  }
}

}  // namespace

template <class T>
Matrix<T> read_npy(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& words) { throw DataError(fmt::format("{}: {}", path.string(), words)); };
  const std::vector<std::uint8_t> bytes = core::file_bytes(path);
  constexpr std::string_view kMagic = "\x93NUMPY";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (bytes.size() < 12 || !text.starts_with(kMagic)) refuse("is no NPY file");
  const std::size_t start = bytes[6] == 1 ? 10 : 12;
  std::size_t length = bytes[8] | (std::size_t{bytes[9]} << 8);
  if (start == 12) length |= (std::size_t{bytes[10]} << 16) | (std::size_t{bytes[11]} << 24);
  if (bytes[6] < 1 || bytes[6] > 3 || length > bytes.size() - start) refuse("has a damaged header");

  const std::string_view header = text.substr(start, length);
  const std::string_view type = after(header, "'descr'");
  const bool single = type.starts_with("'<f4'");
  if (!single && !type.starts_with("'<f8'")) refuse(fmt::format("descr {} but only '<f4' and '<f8' are read", type));
  if (!after(header, "'fortran_order'").starts_with("False")) refuse("is in Fortran order but only C order is read");
  const std::vector<std::int64_t> shape = parse_shape(after(header, "'shape'"));
  if (shape.empty() || shape.size() > 2) refuse(fmt::format("has {} dimensions but 1 or 2 are read", shape.size()));

  const std::int64_t rows = shape[0];
  const std::int64_t columns = shape.size() == 2 ? shape[1] : 1;
  const std::int64_t size = single ? 4 : 8;
  const std::int64_t have = std::ssize(bytes) - static_cast<std::int64_t>(start + length);
  std::int64_t need = 0;
  if (__builtin_mul_overflow(rows, columns, &need) || __builtin_mul_overflow(need, size, &need) || need != have) {
    refuse(fmt::format("promises {} x {} values of {} bytes but has {} bytes", rows, columns, size, have));
  }
  Matrix<T> x(rows, columns);
  const std::uint8_t* values = bytes.data() + start + length;
  single ? copy_values<float>(values, x) : copy_values<double>(values, x);
  return x;
}

template FORJA_API Matrix<float> read_npy(const std::filesystem::path&);
template FORJA_API Matrix<double> read_npy(const std::filesystem::path&);

}  // namespace forja
