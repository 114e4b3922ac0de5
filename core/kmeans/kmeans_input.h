#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "estimator/input_checks.h"
#include "forja/kmeans.h"

/// What k-means asks of its input beyond what every estimator asks. All throw InvalidArgument.
namespace forja::core {

/// Rows and weights to learn from; at least n_clusters rows, and as many with a positive weight.
template <class T>
void check_training_rows(std::string_view call, const Rows<T>& x, std::span<const T> sample_weight,
                         const Device& device, std::int64_t n_clusters);

/// The same but for the values of x, which make_checked_rows() looks at.
template <class T>
void check_training_rows_but_values(std::string_view call, const Rows<T>& x, std::span<const T> sample_weight,
                                    const Device& device, std::int64_t n_clusters);

/// Rows on their device. Moments that are finite spare the pass that looks for values that are not.
template <class T>
std::unique_ptr<compute::KMeansCompute<T>> make_checked_rows(std::string_view call, const Rows<T>& x,
                                                             std::span<const T> sample_weight, const Device& device);

/// Given first centres are n_clusters x columns, and finite in T; other ways to begin always pass.
template <class T>
void check_given_centers(std::string_view call, const KMeansInit& init, std::int64_t n_clusters, std::int64_t columns);

}  // namespace forja::core
