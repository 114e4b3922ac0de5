#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/svm.h"
#include "svm/class_pairs.h"

/// What SVC makes of its input: checks, weights of rows, and a problem for each pair of classes. All that take a call
/// throw InvalidArgument.
namespace forja::core {

template <class T>
void check_svc_data(std::string_view call, const Rows<T>& x, std::span<const std::int32_t> y,
                    std::span<const T> sample_weight, const Device& device);

/// Options but for what the data says of them.
void check_svc_options(std::string_view call, const SVCOptions& options);

template <class Options>
void check_ties(std::string_view call, const Options& options);

/// Rows weigh what their classes do as well.
template <class T>
ClassRows weighed_rows(std::string_view call, const SVCOptions& options, std::span<const std::int32_t> y,
                       std::span<const T> sample_weight);

/// Classes a and b, the rows ascending, so that those of two classes alone are all rows as they are.
compute::SvmProblem c_problem(const ClassRows& classes, std::int64_t a, std::int64_t b, double C);

}  // namespace forja::core
