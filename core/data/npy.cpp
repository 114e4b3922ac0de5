#include <fmt/format.h>

#include <utility>

#include "data/file_reader.h"
#include "data/npy_header.h"
#include "forja/data.h"

namespace forja {
namespace {

template <class T>
std::vector<T> transposed(const std::vector<T>& from, std::int64_t rows, std::int64_t columns) {
  std::vector<T> to(from.size());
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      to[static_cast<std::size_t>(i * columns + j)] = from[static_cast<std::size_t>(j * rows + i)];
    }
  }
  return to;
}

}  // namespace

template <class T>
Matrix<T> read_npy(const std::filesystem::path& path) {
  core::FileReader file(path);
  const core::NpyHeader header = core::read_npy_header(file);
  if (header.shape.empty() || header.shape.size() > 2) {
    file.refuse(fmt::format("has {} dimensions but 1 or 2 are read", header.shape.size()));
  }
  const std::int64_t rows = header.shape[0];
  const std::int64_t columns = header.shape.size() == 2 ? header.shape[1] : 1;
  std::vector<T> values = core::read_stored<T>(file, header.type, header.order, header.values);
  // Of no values there may be any number of rows.
  if (header.fortran_order && !values.empty()) values = transposed(values, rows, columns);
  return Matrix<T>(rows, columns, std::move(values));
}

std::vector<std::int32_t> read_npy_labels(const std::filesystem::path& path) {
  core::FileReader file(path);
  const core::NpyHeader header = core::read_npy_header(file);
  if (header.shape.size() != 1) file.refuse(fmt::format("{} dimensions but labels have 1", header.shape.size()));
  if (core::is_floating(header.type)) file.refuse("holds real numbers but labels are whole ones");
  return core::read_stored<std::int32_t>(file, header.type, header.order, header.values);
}

template FORJA_API Matrix<float> read_npy(const std::filesystem::path&);
template FORJA_API Matrix<double> read_npy(const std::filesystem::path&);

}  // namespace forja
