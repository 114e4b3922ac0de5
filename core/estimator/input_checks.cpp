#include "estimator/input_checks.h"

#include <fmt/format.h>
#include <omp.h>

#include <cmath>

#include "compute/prefetch_row.h"
#include "forja/error.h"

namespace forja::core {
namespace {

/// A value times zero is zero, but for NaN and the infinities.
template <class T>
bool all_finite(std::span<const T> values) {
  T sum = 0;
  const T* value = values.data();
  const auto count = static_cast<std::int64_t>(values.size());
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += value[i] * T(0);
  return sum == 0;
}

}  // namespace

template <class T>
std::string not_finite(MatrixView<const T> x, int threads) {
  constexpr std::int64_t kRowsAhead = 4;
  bool finite = true;
#pragma omp parallel for num_threads(threads > 0 ? threads : omp_get_max_threads()) reduction(&& : finite) \
    schedule(static) if (x.rows() * x.columns() > 100'000)
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    compute::prefetch_row(x, i + kRowsAhead);
    finite = finite && all_finite<T>(x.row(i));
  }
  if (finite) return {};
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t j = 0; j < x.columns(); ++j) {
      if (std::isfinite(x(i, j))) continue;
      return fmt::format("{} in row {}, column {}", std::isnan(x(i, j)) ? "NaN" : "an infinity", i, j);
    }
  }
  return {};
}

template <class T>
void check_rows_but_values(std::string_view call, const Rows<T>& x, const Device& device) {
  if (x.rows() == 0 || x.columns() == 0) {
    throw InvalidArgument(fmt::format("{}: x is empty ({} x {})", call, x.rows(), x.columns()));
  }
  if (const DeviceMatrix<T>* resident = x.on_device()) {
    const Device& there = resident->device();
    if (&there.backend() != &device.backend() || there.index() != device.index()) {
      throw InvalidArgument(
          fmt::format("{}: x lies on {} but the computation is on {}", call, there.name(), device.name()));
    }
  }
}

template <class T>
void check_rows(std::string_view call, const Rows<T>& x, const Device& device) {
  check_rows_but_values(call, x, device);
  const std::string found = x.host() != nullptr ? not_finite(*x.host(), device.threads()) : x.on_device()->not_finite();
  if (!found.empty()) throw InvalidArgument(fmt::format("{}: x has {}", call, found));
}

void check_columns(std::string_view call, std::int64_t columns, std::int64_t expected) {
  if (columns == expected) return;
  throw InvalidArgument(fmt::format("{}: x has {} columns but the model was fitted with {}", call, columns, expected));
}

template <class T>
void check_new_rows(std::string_view call, const Rows<T>& x, const Device& device, std::int64_t columns) {
  check_columns(call, x.columns(), columns);
  check_rows(call, x, device);
}

void check_labels(std::string_view call, std::span<const std::int32_t> y, std::int64_t rows) {
  if (std::ssize(y) == rows) return;
  throw InvalidArgument(fmt::format("{}: y has {} labels but x has {} rows", call, y.size(), rows));
}

template <class T>
std::int64_t check_sample_weight(std::string_view call, std::span<const T> sample_weight, std::int64_t rows) {
  if (sample_weight.empty()) return rows;
  if (std::ssize(sample_weight) != rows) {
    throw InvalidArgument(
        fmt::format("{}: sample_weight has {} values but x has {} rows", call, sample_weight.size(), rows));
  }
  std::int64_t positive = 0;
  for (std::size_t i = 0; i < sample_weight.size(); ++i) {
    const T weight = sample_weight[i];
    if (!std::isfinite(weight) || weight < 0) {
      throw InvalidArgument(
          fmt::format("{}: sample_weight({}) = {} but weights must be finite and at least 0", call, i, weight));
    }
    if (weight > 0) ++positive;
  }
  return positive;
}

#define FORJA_INSTANTIATE(T)                                                                   \
  template std::string not_finite(MatrixView<const T>, int);                                   \
  template void check_rows_but_values(std::string_view, const Rows<T>&, const Device&);        \
  template void check_rows(std::string_view, const Rows<T>&, const Device&);                   \
  template void check_new_rows(std::string_view, const Rows<T>&, const Device&, std::int64_t); \
  template std::int64_t check_sample_weight(std::string_view, std::span<const T>, std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
