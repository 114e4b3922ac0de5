#pragma once

#include <Eigen/Core>

/// Small dense problems in double, Eigen's own solvers: compiled in one place, for each of them takes a minute.
namespace forja::cpu {

/// a = u diag(values) v' for a (m x n): min(m, n) values, descending.
struct Svd {
  Eigen::VectorXd values;
  Eigen::MatrixXd u;  ///< m x min(m, n)
  Eigen::MatrixXd v;  ///< n x min(m, n)
};
Svd thin_svd(const Eigen::MatrixXd& a);

/// Of a symmetric matrix, by its lower triangle; values ascending.
struct Eigensystem {
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;  ///< a vector per column
};
Eigensystem eigensystem(const Eigen::MatrixXd& a);

/// a = q r by reflections, for m x n.
struct QrFactors {
  Eigen::MatrixXd q;  ///< m x min(m, n)
  Eigen::MatrixXd r;  ///< min(m, n) x n, upper triangular
};
QrFactors qr_factors(const Eigen::MatrixXd& a);
/// r alone; works in a's own memory.
Eigen::MatrixXd qr_triangle(Eigen::MatrixXd a);

/// An orthonormal basis of the columns' span, m x n with m >= n: CholeskyQR2 (Yamamoto et al. 2015), which halves the
/// work of reflections, and those where the columns depend on each other.
Eigen::MatrixXd orthonormal(const Eigen::MatrixXd& y);

}  // namespace forja::cpu
