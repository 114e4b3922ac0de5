#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "forja/data.h"
#include "forja/error.h"

namespace forja {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they are, under '<'");

/// Version 1.0: magic, length, a dictionary padded so that the numbers begin at a multiple of 64 bytes.
std::string npy_start(std::string_view type, const std::string& shape) {
  constexpr std::size_t kBefore = 10;
  constexpr std::size_t kAlign = 64;
  std::string text = fmt::format("{{'descr': '<{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  text.append((kAlign - (kBefore + text.size() + 1) % kAlign) % kAlign, ' ');
  text += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(text.size() & 0xFF);
  start += static_cast<char>(text.size() >> 8);
  return start + text;
}

template <class T>
void write(const std::filesystem::path& path, std::string_view type, const std::string& shape, MatrixView<const T> x) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out << npy_start(type, shape);
  for (std::int64_t i = 0; i < x.rows() && out; ++i) {
    const auto row = std::as_bytes(x.row(i));
    out.write(reinterpret_cast<const char*>(row.data()), static_cast<std::streamsize>(row.size()));
  }
  out.close();
  if (!out) {
    throw DataError(fmt::format("{}: {}", path.string(), errno != 0 ? std::strerror(errno) : "cannot be written"));
  }
}

template <class T>
void write_matrix(const std::filesystem::path& path, std::string_view type, MatrixView<const T> x) {
  write(path, type, fmt::format("{}, {}", x.rows(), x.columns()), x);
}

template <class T>
void write_vector(const std::filesystem::path& path, std::string_view type, std::span<const T> values) {
  write(path, type, fmt::format("{},", values.size()), MatrixView<const T>(values.data(), 1, std::ssize(values)));
}

}  // namespace

void write_npy(const std::filesystem::path& path, MatrixView<const float> x) { write_matrix(path, "f4", x); }
void write_npy(const std::filesystem::path& path, MatrixView<const double> x) { write_matrix(path, "f8", x); }
void write_npy(const std::filesystem::path& path, std::span<const float> values) { write_vector(path, "f4", values); }
void write_npy(const std::filesystem::path& path, std::span<const double> values) { write_vector(path, "f8", values); }
void write_npy(const std::filesystem::path& path, std::span<const std::int32_t> values) {
  write_vector(path, "i4", values);
}

}  // namespace forja
