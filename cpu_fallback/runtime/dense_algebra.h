#pragma once

#include <Eigen/Core>

/// Small dense problems in double, most of them by Eigen's solvers: compiled in one place, for each takes a minute.
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

/// q'aq for a symmetric a (m x m), by its lower triangle, and reflections q.
struct Tridiagonal {
  Eigen::VectorXd diagonal;
  Eigen::VectorXd beside;      ///< m - 1
  Eigen::MatrixXd reflectors;  ///< below their diagonal
  Eigen::VectorXd tau;         ///< m - 1
};
Tridiagonal tridiagonalise(const Eigen::MatrixXd& a);  // in tridiagonalise.cpp
/// The eigenvalues of the tridiagonal matrix, ascending.
Eigen::VectorXd tridiagonal_values(const Tridiagonal& a);
/// Its eigensystem.
Eigensystem tridiagonal_eigensystem(const Tridiagonal& a);
/// q times the columns.
void apply_reflections(const Tridiagonal& a, Eigen::Ref<Eigen::MatrixXd> columns);

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
