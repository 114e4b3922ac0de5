#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <type_traits>
#include <vector>

#include "forja/matrix.h"
#include "forja/params.h"

/// What kinds of models there are, for templates that take any of one kind.
namespace forja {

namespace detail {
template <class Model>
struct StorageOf {};
template <template <class> class Model, class T>
struct StorageOf<Model<T>> {
  using type = T;
};
}  // namespace detail

/// The T of a model: float or double.
template <class Model>
using StorageType = typename detail::StorageOf<std::remove_cvref_t<Model>>::type;

/// A value with parameters by name, that is fitted or not, and when it is can be written and read.
template <class E>
concept Estimator = std::copyable<E> && std::floating_point<StorageType<E>> &&
    requires(E estimator, const E& fitted, const Params& params, std::ostream& out, std::istream& in) {
  { fitted.get_params() } -> std::same_as<Params>;
  { estimator.set_params(params) } -> std::same_as<E&>;
  { fitted.is_fitted() } -> std::same_as<bool>;
  { fitted.n_features_in() } -> std::same_as<std::int64_t>;
  fitted.save(out);
  { E::load(in) } -> std::same_as<E>;
};

/// Learns from rows alone and changes rows.
template <class E>
concept Transformer = Estimator<E> && requires(E estimator, const E& fitted, MatrixView<const StorageType<E>> x) {
  { estimator.fit(x) } -> std::same_as<E&>;
  { fitted.transform(x) } -> std::same_as<Matrix<StorageType<E>>>;
};

/// Learns from rows alone and gives each a cluster.
template <class E>
concept Clusterer = Estimator<E> && requires(E estimator, const E& fitted, MatrixView<const StorageType<E>> x) {
  { estimator.fit(x) } -> std::same_as<E&>;
  { estimator.fit_predict(x) } -> std::same_as<std::vector<std::int32_t>>;
  { fitted.labels() } -> std::convertible_to<const std::vector<std::int32_t>&>;
};

/// Learns labels, and tells its mean accuracy.
template <class E>
concept Classifier = Estimator<E> &&
    requires(E estimator, const E& fitted, MatrixView<const StorageType<E>> x, std::span<const std::int32_t> y) {
  { estimator.fit(x, y) } -> std::same_as<E&>;
  { fitted.predict(x) } -> std::same_as<std::vector<std::int32_t>>;
  { fitted.classes() } -> std::convertible_to<const std::vector<std::int32_t>&>;
  { fitted.score(x, y) } -> std::same_as<double>;
};

/// Learns numbers, and tells R^2.
template <class E>
concept Regressor = Estimator<E> &&
    requires(E estimator, const E& fitted, MatrixView<const StorageType<E>> x, std::span<const StorageType<E>> y) {
  { estimator.fit(x, y) } -> std::same_as<E&>;
  { fitted.predict(x) } -> std::same_as<std::vector<StorageType<E>>>;
  { fitted.score(x, y) } -> std::same_as<double>;
};

}  // namespace forja
