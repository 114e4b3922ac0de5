#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "compute/backend.h"
#include "forja/device.h"
#include "forja/device_matrix.h"

/// What every estimator asks of its input, above the seam, so that all devices refuse the same in the same words.
/// `call` names the public call. All throw InvalidArgument.
namespace forja::core {

template <class T>
const compute::BackendFor<T>& families(const Device& device) {
  return device.backend().families<T>();
}

inline compute::Place place(const Device& device) { return {device.index(), device.threads()}; }

/// Which value is not finite, "NaN in row 3, column 0", or nothing.
template <class T>
std::string not_finite(MatrixView<const T> x, int threads);

/// At least one row and one column, all finite; rows that lie on a device lie on this one.
template <class T>
void check_rows(std::string_view call, const Rows<T>& x, const Device& device);

/// The same but for the values: NaN and infinities may be among them.
template <class T>
void check_rows_but_values(std::string_view call, const Rows<T>& x, const Device& device);

/// As many columns as the model was fitted with.
void check_columns(std::string_view call, std::int64_t columns, std::int64_t expected);

/// check_rows and check_columns: rows for a fitted model.
template <class T>
void check_new_rows(std::string_view call, const Rows<T>& x, const Device& device, std::int64_t columns);

/// One label per row.
void check_labels(std::string_view call, std::span<const std::int32_t> y, std::int64_t rows);

/// Empty, or `rows` weights, finite and not negative. Returns how many rows have a positive one.
template <class T>
std::int64_t check_sample_weight(std::string_view call, std::span<const T> sample_weight, std::int64_t rows);

}  // namespace forja::core
