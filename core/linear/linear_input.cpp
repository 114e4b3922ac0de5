#include "linear/linear_input.h"

#include <fmt/format.h>

#include <cmath>

#include "estimator/input_checks.h"
#include "forja/error.h"

namespace forja::core {

template <class T>
void check_targets(std::string_view call, MatrixView<const T> y, std::int64_t rows) {
  if (y.rows() != rows || y.columns() == 0) {
    throw InvalidArgument(fmt::format("{}: y is {} x {} but x has {} rows", call, y.rows(), y.columns(), rows));
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < y.columns(); ++j) {
      if (!std::isfinite(y(i, j))) {
        throw InvalidArgument(
            fmt::format("{}: y has {} in row {}, column {}", call, std::isnan(y(i, j)) ? "NaN" : "an infinity", i, j));
      }
    }
  }
}

template <class T>
void check_training_data(std::string_view call, const Rows<T>& x, MatrixView<const T> y,
                         std::span<const T> sample_weight, const Device& device) {
  check_rows(call, x, device);
  check_training_data_but_values(call, x, y, sample_weight, device);
}

template <class T>
void check_training_data_but_values(std::string_view call, const Rows<T>& x, MatrixView<const T> y,
                                    std::span<const T> sample_weight, const Device& device) {
  check_rows_but_values(call, x, device);
  check_targets(call, y, x.rows());
  if (check_sample_weight(call, sample_weight, x.rows()) == 0) {
    throw InvalidArgument(fmt::format("{}: all {} weights are 0", call, x.rows()));
  }
}

template <class T>
std::function<void()> values_check(std::string_view call, const Rows<T>& x, const Device& device) {
  return [call, &x, device] { check_rows(call, x, device); };
}

#define FORJA_INSTANTIATE(T)                                                                                   \
  template void check_targets(std::string_view, MatrixView<const T>, std::int64_t);                            \
  template void check_training_data(std::string_view, const Rows<T>&, MatrixView<const T>, std::span<const T>, \
                                    const Device&);                                                            \
  template void check_training_data_but_values(std::string_view, const Rows<T>&, MatrixView<const T>,          \
                                               std::span<const T>, const Device&);                             \
  template std::function<void()> values_check(std::string_view, const Rows<T>&, const Device&);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::core
