#include "runtime/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "formulas/counter_random.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

/// T - shift as the product of a lower and an upper triangle, rows exchanged where that keeps the factors small.
class ShiftedTridiagonal {
 public:
  ShiftedTridiagonal(const VectorXd& diagonal, const VectorXd& beside, double shift)
      : rows_(static_cast<std::size_t>(diagonal.size())) {
    const std::int64_t m = diagonal.size();
    double pivot = diagonal[0] - shift;
    double right = m > 1 ? beside[0] : 0;
    for (std::int64_t i = 0; i < m; ++i) {
      Row& row = rows_[static_cast<std::size_t>(i)];
      if (i + 1 == m) {
        row = {inverse(pivot), 0, 0, 0, false};
        break;
      }
      const double below = beside[i];
      const double next = diagonal[i + 1] - shift;
      const double after = i + 2 < m ? beside[i + 1] : 0;
      if (std::abs(below) > std::abs(pivot)) {
        const double factor = pivot / below;
        row = {inverse(below), next, after, factor, true};
        pivot = right - factor * next;
        right = -factor * after;
      } else {
        const double inverted = inverse(pivot);
        const double factor = below * inverted;
        row = {inverted, right, 0, factor, false};
        pivot = next - factor * right;
        right = after;
      }
    }
  }

  /// x becomes (T - shift)^-1 x.
  void solve(double* x) const {
    const std::size_t m = rows_.size();
    for (std::size_t i = 0; i + 1 < m; ++i) {
      if (rows_[i].exchanged) std::swap(x[i], x[i + 1]);
      x[i + 1] -= rows_[i].factor * x[i];
    }
    for (std::size_t i = m; i-- > 0;) {
      const Row& row = rows_[i];
      double sum = x[i];
      if (i + 1 < m) sum -= row.right * x[i + 1];
      if (i + 2 < m) sum -= row.second * x[i + 2];
      x[i] = sum * row.inverse;
    }
  }

 private:
  struct Row {
    double inverse = 0;  ///< of the pivot
    double right = 0;    ///< of the upper triangle, next to it
    double second = 0;
    double factor = 0;  ///< of the lower triangle, below it
    bool exchanged = false;
  };
  /// Of a pivot that vanishes: as if it were a rounding error.
  static double inverse(double pivot) { return 1 / (std::abs(pivot) > kEpsilon ? pivot : kEpsilon); }

  std::vector<Row> rows_;
};

}  // namespace

SymmetricEigen::SymmetricEigen(MatrixXd a) {
  const double scale = a.cwiseAbs().maxCoeff();
  if (scale > 0) a /= scale;
  tridiagonal_ = tridiagonalise(a);
  scaled_ = tridiagonal_values(tridiagonal_).reverse();
  values_ = scaled_ * scale;
}

MatrixXd SymmetricEigen::by_inverse_iteration(std::int64_t count, int threads) const {
  constexpr int kSolves = 3;
  MatrixXd vectors(size(), count);
  for_each_chunk(threads, count, [&](std::int64_t c, int) {
    const ShiftedTridiagonal shifted(tridiagonal_.diagonal, tridiagonal_.beside, scaled_[c]);
    auto x = vectors.col(c);
    for (std::int64_t i = 0; i < size(); ++i) {
      x[i] = formulas::random_uniform(0, static_cast<std::uint64_t>(c), static_cast<std::uint64_t>(i)) - 0.5;
    }
    for (int solve = 0; solve < kSolves; ++solve) {
      shifted.solve(x.data());
      x /= x.cwiseAbs().maxCoeff();
    }
    x.normalize();
  });
  return orthonormal(vectors);
}

bool SymmetricEigen::are_vectors(const MatrixXd& candidates) const {
  constexpr double kRounding = 64 * kEpsilon;
  constexpr double kOfValues = 1e5 * kEpsilon;  // what rotations may leave of them is less
  const auto& [diagonal, beside, reflectors, tau] = tridiagonal_;
  const double largest = std::max(std::abs(scaled_[0]), std::abs(scaled_[size() - 1]));
  for (std::int64_t c = 0; c < candidates.cols(); ++c) {
    const auto x = candidates.col(c);
    VectorXd image = diagonal.cwiseProduct(x);
    image.head(size() - 1) += beside.cwiseProduct(x.tail(size() - 1));
    image.tail(size() - 1) += beside.cwiseProduct(x.head(size() - 1));
    const double value = x.dot(image);
    if (!(std::abs(value - scaled_[c]) <= kOfValues * largest)) return false;
    if (!((image - value * x).norm() <= kRounding * largest)) return false;
  }
  return true;
}

MatrixXd SymmetricEigen::vectors(std::int64_t count, int threads) const {
  constexpr std::int64_t kColumns = 64;
  MatrixXd vectors = by_inverse_iteration(count, threads);
  if (!are_vectors(vectors)) {
    vectors = tridiagonal_eigensystem(tridiagonal_).vectors.rowwise().reverse().leftCols(count);
  }
  const Chunks parts{count, kColumns};
  for_each_chunk(threads, parts.number(), [&](std::int64_t part, int) {
    apply_reflections(tridiagonal_, vectors.middleCols(parts.first(part), parts.last(part) - parts.first(part)));
  });
  return vectors;
}

}  // namespace forja::cpu
