#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compute/backend.h"
#include "estimator/input_checks.h"
#include "forja/error.h"
#include "forja/svm.h"
#include "svm/class_pairs.h"
#include "svm/kernel_choice.h"

namespace forja {

template <class T>
std::string KernelMachine<T>::call(std::string_view what) const {
  return fmt::format("{}::{}", name_, what);
}

template <class T>
const typename KernelMachine<T>::Fitted& KernelMachine<T>::fitted(std::string_view what) const {
  if (!is_fitted()) throw NotFitted(call(what) + ": call fit first");
  return fitted_;
}

template <class T>
Matrix<T> KernelMachine<T>::decisions(std::string_view what, const Rows<T>& x) const {
  const Fitted& own = fitted(what);
  core::check_new_rows(call(what), x, device_, own.n_features_in);
  const core::KernelChoice kernel{own.kernel, own.gamma, own.coef0, own.degree};
  const std::int64_t w = own.dual_coef.rows();
  std::vector<std::int64_t> ends;
  if (w == 1) {
    ends.push_back(std::ssize(own.support));
  } else {
    std::partial_sum(own.n_support.begin(), own.n_support.end(), std::back_inserter(ends));
  }
  const std::int64_t segments = std::ssize(ends);
  Matrix<double> sums(x.rows(), segments * w);
  core::families<T>(device_)
      .make_svm_predictor(core::place(device_), {own.support_vectors, own.support, ends, own.dual_coef},
                          kernel.function<T>())
      ->sum(x, sums.view());
  Matrix<T> out(x.rows(), std::ssize(own.intercept));
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    if (w == 1) {
      out(i, 0) = static_cast<T>(sums(i, 0) + own.intercept[0]);
      continue;
    }
    std::int64_t pair = 0;
    for (std::int64_t a = 0; a < segments; ++a) {
      for (std::int64_t b = a + 1; b < segments; ++b, ++pair) {
        out(i, pair) =
            static_cast<T>(sums(i, a * w + b - 1) + sums(i, b * w + a) + own.intercept[static_cast<std::size_t>(pair)]);
      }
    }
  }
  return out;
}

template <class T>
Matrix<double> KernelMachine<T>::coef() const {
  const Fitted& own = fitted("coef");
  if (own.kernel != SVMKernel::linear)
    throw InvalidArgument(call("coef") + ": only the linear kernel has coefficients");
  const std::int64_t pairs = std::ssize(own.intercept);
  const std::int64_t classes = own.dual_coef.rows() + 1;
  Matrix<double> found(pairs, own.n_features_in);
  const auto add = [&](std::int64_t pair, double factor, std::int64_t v) {
    for (std::int64_t j = 0; j < own.n_features_in; ++j) {
      found(pair, j) += factor * static_cast<double>(own.support_vectors(v, j));
    }
  };
  if (pairs == 1) {
    for (std::int64_t v = 0; v < own.support_vectors.rows(); ++v) add(0, own.dual_coef(0, v), v);
    return found;
  }
  std::int64_t v = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    for (std::int64_t end = v + own.n_support[static_cast<std::size_t>(c)]; v < end; ++v) {
      for (std::int64_t r = 0; r < classes - 1; ++r) {
        add(r < c ? core::pair_place(classes, r, c) : core::pair_place(classes, c, r + 1), own.dual_coef(r, v), v);
      }
    }
  }
  return found;
}

#define FORJA_TELLS(type, name)         \
  template <class T>                    \
  type KernelMachine<T>::name() const { \
    return fitted(#name).name;          \
  }
FORJA_TELLS(const std::vector<std::int64_t>&, support)
FORJA_TELLS(const Matrix<T>&, support_vectors)
FORJA_TELLS(const Matrix<double>&, dual_coef)
FORJA_TELLS(const std::vector<double>&, intercept)
FORJA_TELLS(double, gamma)
FORJA_TELLS(std::int64_t, n_features_in)
FORJA_TELLS(std::int64_t, n_iter)
FORJA_TELLS(bool, converged)
FORJA_TELLS(double, kkt_violation)
FORJA_TELLS(const std::vector<double>&, objective)
#undef FORJA_TELLS

template class KernelMachine<float>;
template class KernelMachine<double>;

}  // namespace forja
