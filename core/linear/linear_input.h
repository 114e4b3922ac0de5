#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"

/// What linear models ask of their input beyond what every estimator asks. All throw InvalidArgument.
namespace forja::core {

/// One value per row as a matrix of one column.
template <class T>
MatrixView<const T> one_target(std::span<const T> y) {
  return {y.data(), static_cast<std::int64_t>(y.size()), 1};
}

/// As many rows as x has, a column at least, all finite.
template <class T>
void check_targets(std::string_view call, MatrixView<const T> y, std::int64_t rows);

/// Rows, targets and weights to learn from: not all weights are zero.
template <class T>
void check_training_data(std::string_view call, const Rows<T>& x, MatrixView<const T> y,
                         std::span<const T> sample_weight, const Device& device);

/// The same but for the values of x: NaN and infinities may be among them.
template <class T>
void check_training_data_but_values(std::string_view call, const Rows<T>& x, MatrixView<const T> y,
                                    std::span<const T> sample_weight, const Device& device);

/// The check of x's values for later; keeps x by reference.
template <class T>
std::function<void()> values_check(std::string_view call, const Rows<T>& x, const Device& device);

}  // namespace forja::core
