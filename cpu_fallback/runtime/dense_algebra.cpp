#include "runtime/dense_algebra.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>

namespace forja::cpu {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd upper(const MatrixXd& packed) {
  return packed.topRows(std::min(packed.rows(), packed.cols())).triangularView<Eigen::Upper>();
}

}  // namespace

Svd thin_svd(const MatrixXd& a) {
  const Eigen::BDCSVD<MatrixXd> svd(a, Eigen::ComputeThinU | Eigen::ComputeThinV);
  return {svd.singularValues(), svd.matrixU(), svd.matrixV()};
}

Eigensystem eigensystem(const MatrixXd& a) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(a);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

VectorXd tridiagonal_values(const Tridiagonal& a) {
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(a.diagonal, a.beside, Eigen::EigenvaluesOnly);
  return solver.eigenvalues();
}

Eigensystem tridiagonal_eigensystem(const Tridiagonal& a) {
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(a.diagonal, a.beside, Eigen::ComputeEigenvectors);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

void apply_reflections(const Tridiagonal& a, Eigen::Ref<MatrixXd> columns) {
  columns.applyOnTheLeft(Eigen::householderSequence(a.reflectors, a.tau).setLength(a.diagonal.size() - 1).setShift(1));
}

QrFactors qr_factors(const MatrixXd& a) {
  const Eigen::HouseholderQR<MatrixXd> qr(a);
  return {qr.householderQ() * MatrixXd::Identity(a.rows(), std::min(a.rows(), a.cols())), upper(qr.matrixQR())};
}

MatrixXd qr_triangle(MatrixXd a) {
  const Eigen::HouseholderQR<Eigen::Ref<MatrixXd>> in_place(a);
  return upper(a);
}

MatrixXd orthonormal(const MatrixXd& y) {
  MatrixXd q = y;
  for (int pass = 0; pass < 2; ++pass) {
    const Eigen::LLT<MatrixXd> gram(q.transpose() * q);
    if (gram.info() != Eigen::Success) return qr_factors(y).q;
    gram.matrixU().solveInPlace<Eigen::OnTheRight>(q);
  }
  return q.allFinite() ? q : qr_factors(y).q;
}

}  // namespace forja::cpu
