#include <fmt/format.h>

#include <algorithm>

#include "forja/error.h"
#include "forja/model_selection.h"

namespace forja {
namespace {

void check(std::span<const std::int64_t> rows, std::int64_t there) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || rows[i] >= there) {
      throw InvalidArgument(fmt::format("take_rows: rows[{}] = {} but there are {} rows", i, rows[i], there));
    }
  }
}

template <class T>
Matrix<T> take(MatrixView<const T> x, std::span<const std::int64_t> rows) {
  check(rows, x.rows());
  Matrix<T> taken(std::ssize(rows), x.columns());
  for (std::int64_t i = 0; i < taken.rows(); ++i) {
    std::ranges::copy(x.row(rows[static_cast<std::size_t>(i)]), taken.row(i).begin());
  }
  return taken;
}

template <class Y>
std::vector<Y> take(std::span<const Y> values, std::span<const std::int64_t> rows) {
  check(rows, std::ssize(values));
  std::vector<Y> taken;
  taken.reserve(rows.size());
  for (const std::int64_t row : rows) taken.push_back(values[static_cast<std::size_t>(row)]);
  return taken;
}

}  // namespace

Matrix<float> take_rows(MatrixView<const float> x, std::span<const std::int64_t> rows) { return take(x, rows); }
Matrix<double> take_rows(MatrixView<const double> x, std::span<const std::int64_t> rows) { return take(x, rows); }
std::vector<float> take_rows(std::span<const float> values, std::span<const std::int64_t> rows) {
  return take(values, rows);
}
std::vector<double> take_rows(std::span<const double> values, std::span<const std::int64_t> rows) {
  return take(values, rows);
}
std::vector<std::int32_t> take_rows(std::span<const std::int32_t> values, std::span<const std::int64_t> rows) {
  return take(values, rows);
}

}  // namespace forja
