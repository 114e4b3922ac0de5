#pragma once

#include <string_view>
#include <vector>

#include "forja/device.h"
#include "forja/device_matrix.h"
#include "forja/matrix.h"

namespace forja::core {

/// Components as a normal distribution (Tipping and Bishop 1999): variances along them, noise in all other directions.
/// Nothing is owned.
struct ComponentNormal {
  const Matrix<double>& components;  ///< k x d, orthonormal
  const std::vector<double>& mean;
  const std::vector<double>& variance;  ///< k
  double noise = 0;
};

/// Of what an estimator has learned.
template <class State>
ComponentNormal normal_of(const State& state) {
  return {state.components, state.mean, state.explained_variance, state.noise_variance};
}

Matrix<double> covariance_of(const ComponentNormal& normal);
/// Its inverse. Throws InvalidArgument where directions have no variance.
Matrix<double> precision_of(std::string_view call, const ComponentNormal& normal);
/// The logarithm of each row's likelihood. Checks x; throws InvalidArgument where directions have no variance.
template <class T>
std::vector<double> log_likelihoods(std::string_view call, const Device& device, const Rows<T>& x,
                                    const ComponentNormal& normal);
double mean_of(const std::vector<double>& values);

}  // namespace forja::core
