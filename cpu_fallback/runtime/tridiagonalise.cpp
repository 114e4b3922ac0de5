#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "runtime/aligned.h"
#include "runtime/dense_algebra.h"

namespace forja::cpu {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<double>;
constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));

using Column = AlignedVector<double>;

/// a -= p q' + q p', and then y += a v, for the columns first .. first + kColumns - 1 of the lower triangle of a: the
/// entries below the diagonal stand for those above it, too. Columns are `stride` numbers, a multiple of kLanes, whose
/// last ones, like the vectors', are 0.
template <int kColumns>
void update_and_multiply(double* a, std::int64_t stride, std::int64_t first, const Column& p, const Column& q,
                         const Column& v, Column& y) {
  const Tag tag;
  using Vector = hn::Vec<Tag>;
  Vector p_of[kColumns];
  Vector q_of[kColumns];
  Vector v_of[kColumns];
  Vector sum[kColumns];
  for (int c = 0; c < kColumns; ++c) {
    const auto j = static_cast<std::size_t>(first + c);
    p_of[c] = hn::Set(tag, p[j]);
    q_of[c] = hn::Set(tag, q[j]);
    v_of[c] = hn::Set(tag, v[j]);
    sum[c] = hn::Zero(tag);
  }
  double* const columns = a + first * stride;
  const auto rows = [&](std::int64_t i, const auto& on_or_below, const auto& below) {
    const Vector p_i = hn::Load(tag, p.data() + i);
    const Vector q_i = hn::Load(tag, q.data() + i);
    const Vector v_i = hn::Load(tag, v.data() + i);
    Vector y_i = hn::Load(tag, y.data() + i);
    for (int c = 0; c < kColumns; ++c) {
      double* const at = columns + c * stride + i;
      const Vector entry = hn::NegMulAdd(q_i, p_of[c], hn::NegMulAdd(p_i, q_of[c], hn::Load(tag, at)));
      hn::Store(entry, tag, at);
      sum[c] = hn::MulAdd(below(c, entry), v_i, sum[c]);
      y_i = hn::MulAdd(on_or_below(c, entry), v_of[c], y_i);
    }
    hn::Store(y_i, tag, y.data() + i);
  };
  std::int64_t i = first / kLanes * kLanes;
  for (; i < first + kColumns; i += kLanes) {  // rows that the diagonal meets
    const auto without = [&](std::int64_t above, Vector entry) {
      const auto lanes = static_cast<std::size_t>(std::clamp<std::int64_t>(above - i, 0, kLanes));
      return hn::IfThenZeroElse(hn::FirstN(tag, lanes), entry);
    };
    rows(
        i, [&](int c, Vector entry) { return without(first + c, entry); },
        [&](int c, Vector entry) { return without(first + c + 1, entry); });
  }
  const auto whole = [](int, Vector entry) { return entry; };
  for (; i < stride; i += kLanes) rows(i, whole, whole);
  for (int c = 0; c < kColumns; ++c) y[static_cast<std::size_t>(first + c)] += hn::GetLane(hn::SumOfLanes(tag, sum[c]));
}

/// The reflection (Golub and Van Loan, 5.1.1) that leaves of x's `size` numbers the first, beta, alone: x becomes its
/// vector, whose first number is 1.
struct Reflection {
  double beta = 0;
  double tau = 0;
};
Reflection reflection_of(double* x, std::int64_t size) {
  double square = 0;
  for (std::int64_t i = 1; i < size; ++i) square += x[i] * x[i];
  const double first = std::exchange(x[0], 1.0);
  if (square <= std::numeric_limits<double>::min()) {
    std::fill(x + 1, x + size, 0.0);
    return {first, 0};
  }
  const double beta = std::copysign(std::sqrt(first * first + square), -first);
  for (std::int64_t i = 1; i < size; ++i) x[i] /= first - beta;
  return {beta, (beta - first) / beta};
}

}  // namespace

// Each step's reflection changes what is left of the matrix by p q' + q p'. The change waits until the next step's
// product passes through the matrix, so that every step reads and writes one triangle once. Floor: 4/3 m^3 operations,
// and m^3 / 6 numbers read and written in the caches.
Tridiagonal tridiagonalise(const Eigen::MatrixXd& a) {
  const std::int64_t m = a.rows();
  const std::int64_t stride = (m + kLanes - 1) / kLanes * kLanes;
  Tridiagonal result{Eigen::VectorXd(m), Eigen::VectorXd(m - 1), Eigen::MatrixXd(m, m), Eigen::VectorXd(m - 1)};
  AlignedVector<double> left(static_cast<std::size_t>(m * stride), 0.0);
  for (std::int64_t j = 0; j < m; ++j) std::copy_n(a.col(j).data() + j, m - j, left.data() + j * stride + j);
  Column p(static_cast<std::size_t>(stride), 0.0);
  Column q = p;
  Column v = p;
  Column y = p;
  for (std::int64_t k = 0; k < m; ++k) {
    double* const column = left.data() + k * stride;
    const auto at = static_cast<std::size_t>(k);
    for (std::size_t i = at; i < static_cast<std::size_t>(m); ++i) column[i] -= p[i] * q[at] + q[i] * p[at];
    result.diagonal[k] = column[k];
    if (k + 1 == m) break;
    const Reflection reflection = reflection_of(column + k + 1, m - k - 1);
    result.beside[k] = reflection.beta;
    result.tau[k] = reflection.tau;
    v[at] = 0;
    std::copy(column + k + 1, column + m, v.data() + k + 1);
    std::fill(y.begin(), y.end(), 0.0);
    constexpr int kColumns = 4;
    std::int64_t j = k + 1;
    for (; j < m && j % kColumns != 0; ++j) update_and_multiply<1>(left.data(), stride, j, p, q, v, y);
    for (; j + kColumns <= m; j += kColumns) update_and_multiply<kColumns>(left.data(), stride, j, p, q, v, y);
    for (; j < m; ++j) update_and_multiply<1>(left.data(), stride, j, p, q, v, y);
    double along = 0;
    for (std::size_t i = at + 1; i < static_cast<std::size_t>(m); ++i) along += v[i] * y[i];
    p = v;
    for (std::size_t i = 0; i < q.size(); ++i)
      q[i] = reflection.tau * y[i] - reflection.tau * reflection.tau * along / 2 * v[i];
  }
  for (std::int64_t j = 0; j < m; ++j) std::copy_n(left.data() + j * stride, m, result.reflectors.col(j).data());
  return result;
}

}  // namespace forja::cpu
