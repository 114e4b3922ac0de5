#pragma once

#include <Eigen/Core>

#include "decomposition/centred_rows.h"

namespace forja::cpu {

/// X'X v for d x r directions: X'(X v) in one read of X where it has at least as many rows as columns, else in two.
template <class T>
Eigen::MatrixXd gram_product(const CentredRows<T>& x, const Eigen::MatrixXd& v);

/// Of X v rounded to T, y: y'y in double, which thus reaches down to the rounding of T; and the sum of X's squares.
struct ImageMoments {
  Eigen::MatrixXd gram;
  double total_square = 0;
};
/// One read of X where it has at least as many rows as columns, else two.
template <class T>
ImageMoments image_moments(const CentredRows<T>& x, const Eigen::MatrixXd& v);

}  // namespace forja::cpu
