// LogisticRegression: the book's figures, minima that a naive gradient confirms, and data that are hard.

#include "forja/logistic_regression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "forja/concepts.h"
#include "forja/data.h"
#include "forja/generators.h"
#include "forja/model_selection.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/logistic_reference.h"
#include "support/recorder.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LogisticPenalty;
using forja::LogisticRegression;
using forja::Matrix;
using forja::testing::devices_under_test;
using Labels = std::vector<std::int32_t>;

static_assert(forja::Classifier<LogisticRegression<float>> && forja::Classifier<LogisticRegression<double>>);

/// The rows that the book's split of iris keeps for tests (scikit-learn's shuffle of seed 42).
constexpr std::array<std::int64_t, 38> kHeldOut = {9,   11,  12,  15,  18,  19,  22,  26,  27,  29,  30,  31, 36,
                                                   42,  45,  51,  55,  56,  64,  65,  68,  69,  73,  76,  78, 82,
                                                   104, 108, 110, 118, 127, 128, 131, 132, 141, 143, 145, 146};

template <class T>
struct Iris {
  Matrix<T> x;
  Labels species;
};

/// The book's training rows of iris, these columns.
template <class T>
Iris<T> iris(const std::vector<forja::ColumnRef>& columns) {
  const auto table = forja::read_csv<T>(forja::testing::book_csv("iris"), {.target = "target", .columns = columns});
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < table.x.rows(); ++i) {
    if (!std::binary_search(kHeldOut.begin(), kHeldOut.end(), i)) kept.push_back(i);
  }
  return {forja::take_rows(table.x, kept), forja::take_rows(table.labels(), kept)};
}

/// The greatest entry of the objective's gradient by the coefficients and intercepts of the columns as they are, over
/// the columns' sizes; in double from the model's public parameters.
template <class T>
double naive_gradient(const LogisticRegression<T>& model, const Matrix<T>& x, const Labels& y,
                      const std::vector<T>& weight, double alpha_times_weight) {
  const std::int64_t outputs = model.coef().rows();
  const std::int64_t d = x.columns();
  Matrix<double> theta(outputs, d + 1);
  std::vector<std::int32_t> places;
  for (const std::int32_t label : y) {
    places.push_back(static_cast<std::int32_t>(std::lower_bound(model.classes().begin(), model.classes().end(), label) -
                                               model.classes().begin()));
  }
  for (std::int64_t c = 0; c < outputs; ++c) {
    for (std::int64_t j = 0; j < d; ++j) theta(c, j) = static_cast<double>(model.coef()(c, j));
    theta(c, d) = static_cast<double>(model.intercept()[static_cast<std::size_t>(c)]);
  }
  const Matrix<double> gradient = forja::testing::naive_logistic<T>(x, places, weight, theta).gradient;
  const double total =
      weight.empty() ? static_cast<double>(x.rows()) : std::accumulate(weight.begin(), weight.end(), 0.0);
  double most = 0;
  for (std::int64_t j = 0; j <= d; ++j) {
    double size = 1;
    for (std::int64_t i = 0; j < d && i < x.rows(); ++i) size = std::max(size, std::fabs(static_cast<double>(x(i, j))));
    for (std::int64_t c = 0; c < outputs; ++c) {
      const double penalty = j < d ? alpha_times_weight / total * theta(c, j) : 0;
      most = std::max(most, std::fabs(gradient(c, j) + penalty) / size);
    }
  }
  return most;
}

template <class T>
class Logistic : public ::testing::Test {};
TYPED_TEST_SUITE(Logistic, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(Logistic, the_book_finds_virginica_from_a_petal_width_of_1_65_on) {
  using T = TypeParam;
  auto data = iris<T>({"petal_width"});
  for (std::int32_t& label : data.species) label = label == 2 ? 1 : 0;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LogisticRegression<T> model({}, device);
    model.fit(data.x, data.species);
    EXPECT_TRUE(model.converged());
    Matrix<T> grid(1000, 1);
    for (std::int64_t i = 0; i < 1000; ++i) grid(i, 0) = static_cast<T>(3 * static_cast<double>(i) / 999);
    const Matrix<T> shares = model.predict_proba(grid);
    std::int64_t first = 0;
    while (shares(first, 1) < T(0.5)) ++first;
    EXPECT_NEAR(static_cast<double>(grid(first, 0)), 1.6516516516516517, 1e-6);
    EXPECT_EQ(model.predict(Matrix<T>(2, 1, {T(1.7), T(1.5)})), (Labels{1, 0}));
    // scikit-learn 1.9 to the last digits of its tol = 1e-8; here the gradient is below 1e-4.
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), 3.83637656, 2e-2);
    EXPECT_NEAR(static_cast<double>(model.intercept()[0]), -6.33292926, 3e-2);
  }
}

TYPED_TEST(Logistic, the_books_softmax_takes_a_petal_of_5_by_2_for_virginica) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_length", "petal_width"});
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LogisticRegression<T> model({.C = 30, .tol = 1e-5}, device);
    model.fit(data.x, data.species);
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.classes(), (Labels{0, 1, 2}));
    const Matrix<T> petal(1, 2, {T(5), T(2)});
    EXPECT_EQ(model.predict(petal), (Labels{2}));
    const Matrix<T> shares = model.predict_proba(petal);
    EXPECT_NEAR(static_cast<double>(shares(0, 0)), 0.0, 0.005);
    EXPECT_NEAR(static_cast<double>(shares(0, 1)), 0.04085, 0.0005);
    EXPECT_NEAR(static_cast<double>(shares(0, 2)), 0.95915, 0.0005);
  }
}

TYPED_TEST(Logistic, minima_are_where_a_naive_gradient_vanishes) {
  using T = TypeParam;
  for (const std::int64_t classes : {2, 4}) {
    const auto data = forja::make_classification<T>({.n_samples = 700,
                                                     .n_features = 8,
                                                     .n_informative = 4,
                                                     .n_classes = classes,
                                                     .n_clusters_per_class = 1,
                                                     .flip_y = 0.1,
                                                     .seed = 5});
    Labels labels = data.labels;
    for (std::int32_t& label : labels) label = 10 - 7 * label;
    std::vector<T> weight;
    for (std::size_t i = 0; i < labels.size(); ++i) weight.push_back(static_cast<T>(1 + i % 3));
    for (const Device& device : devices_under_test()) {
      for (const double C : {0.01, 10.0}) {
        SCOPED_TRACE(device.name() + ", classes " + std::to_string(classes) + ", C " + std::to_string(C));
        LogisticRegression<T> model({.C = C, .tol = 1e-5, .max_iter = 500}, device);
        model.fit(data.x, labels, weight);
        EXPECT_TRUE(model.converged());
        EXPECT_LE(model.gradient_norm(), 1e-5);
        EXPECT_TRUE(std::is_sorted(model.classes().begin(), model.classes().end()));
        // Columns are scaled by at most their range; public coefficients are rounded to T.
        EXPECT_LE(naive_gradient(model, data.x, labels, weight, 1 / C), 3e-5);
        EXPECT_GT(model.score(data.x, labels), 0.6);
      }
    }
  }
}

TYPED_TEST(Logistic, weights_are_repeated_rows) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_length", "petal_width"});
  std::vector<std::int64_t> repeated;
  std::vector<T> weight;
  for (std::int64_t i = 0; i < data.x.rows(); ++i) {
    weight.push_back(static_cast<T>(i % 3));
    for (std::int64_t k = 0; k < i % 3; ++k) repeated.push_back(i);
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LogisticRegression<T> weighted({.tol = 1e-6, .max_iter = 300}, device);
    weighted.fit(data.x, data.species, weight);
    LogisticRegression<T> plain({.tol = 1e-6, .max_iter = 300}, device);
    plain.fit(forja::take_rows(data.x, repeated), forja::take_rows(data.species, repeated));
    for (std::size_t k = 0; k < 6; ++k) {
      // Both gradients are within 1e-6 of none, and the penalty's curvature is 1 / 100 or so.
      EXPECT_NEAR(static_cast<double>(weighted.coef().values()[k]), static_cast<double>(plain.coef().values()[k]),
                  2e-3);
    }
  }
}

TYPED_TEST(Logistic, units_and_great_means_do_not_matter) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_length", "petal_width"});
  // Petals in a unit 4096 times smaller, and far from zero: exact in T, and no digits lost to a mean of 2^20.
  Matrix<T> far = data.x;
  for (std::int64_t i = 0; i < far.rows(); ++i) {
    far(i, 0) = std::round(far(i, 0) * 1024) / 16 + T(65536);
    far(i, 1) = std::round(far(i, 1) * 1024) / 16;
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LogisticRegression<T> model({.penalty = LogisticPenalty::none, .tol = 1e-3, .max_iter = 200}, device);
    model.fit(far, data.species);
    EXPECT_TRUE(model.converged());
    EXPECT_GE(model.score(far, data.species), 0.94);
  }
}

TYPED_TEST(Logistic, separable_rows_without_a_penalty_end_with_a_clear_status) {
  using T = TypeParam;
  const Matrix<T> x(4, 1, {T(-2), T(-1), T(1), T(2)});
  const Labels y = {0, 0, 1, 1};
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LogisticRegression<T> model({.penalty = LogisticPenalty::none, .max_iter = 1000}, device);
    model.fit(x, y);
    EXPECT_TRUE(model.converged());
    EXPECT_LE(model.gradient_norm(), 1e-4);
    EXPECT_EQ(model.predict(x), y);
    LogisticRegression<T> brief({.penalty = LogisticPenalty::none, .tol = 0, .max_iter = 2}, device);
    brief.fit(x, y);
    EXPECT_FALSE(brief.converged());
    EXPECT_EQ(brief.n_iter(), 2);
  }
}

TYPED_TEST(Logistic, without_an_intercept_the_boundary_goes_through_zero) {
  using T = TypeParam;
  const Matrix<T> x(4, 1, {T(1), T(2), T(3), T(4)});
  for (const Device& device : devices_under_test()) {
    LogisticRegression<T> model({.fit_intercept = false}, device);
    model.fit(x, Labels{0, 0, 1, 1});
    EXPECT_EQ(model.intercept(), std::vector<T>{0}) << device.name();
    EXPECT_EQ(model.decision_function(Matrix<T>(1, 1))(0, 0), T(0));
  }
}

TYPED_TEST(Logistic, a_constant_and_a_repeated_column_share_what_one_would_have) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_width"});
  Labels y = data.species;
  for (std::int32_t& label : y) label = label == 2 ? 1 : 0;
  Matrix<T> wide(data.x.rows(), 3, T(7));
  for (std::int64_t i = 0; i < wide.rows(); ++i) wide(i, 0) = wide(i, 2) = data.x(i, 0);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    LogisticRegression<T> model({.tol = 1e-6}, device);
    model.fit(wide, y);
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.coef()(0, 1), T(0));
    EXPECT_NEAR(static_cast<double>(model.coef()(0, 0)), static_cast<double>(model.coef()(0, 2)), 1e-4);
  }
}

TYPED_TEST(Logistic, observers_see_falling_losses_and_may_end_the_fit) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_length", "petal_width"});
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    forja::testing::Recorder recorder;
    LogisticRegression<T> model({}, device);
    model.fit(data.x, data.species, {}, &recorder);
    EXPECT_EQ(std::ssize(recorder.seen), model.n_iter());
    EXPECT_NEAR(recorder.seen.front().loss, std::log(3.0), 1e-6);
    EXPECT_LT(model.loss(), recorder.seen.back().loss + 1e-6);
    forja::testing::Recorder impatient(3);
    LogisticRegression<T> other({}, device);
    EXPECT_THROW(other.fit(data.x, data.species, {}, &impatient), forja::Cancelled);
    EXPECT_FALSE(other.is_fitted());
  }
}

TYPED_TEST(Logistic, threads_do_not_change_a_bit) {
  using T = TypeParam;
  const auto data = forja::make_blobs<T>({.n_samples = 5000, .n_features = 5, .centers = 3, .cluster_std = 6});
  std::vector<Matrix<T>> found;
  for (const int threads : {1, 3}) {
    LogisticRegression<T> model({.max_iter = 10}, Device::cpu(threads));
    found.push_back(model.fit(data.x, data.labels).coef());
  }
  EXPECT_EQ(found[0], found[1]);
}

TYPED_TEST(Logistic, folds_of_iris_are_classified) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_length", "petal_width"});
  const auto folds = forja::StratifiedKFold({.n_splits = 3, .shuffle = true, .seed = 1}).split(data.species);
  const auto scores = forja::cross_val_score(LogisticRegression<T>({}, Device::cpu()), data.x,
                                             std::span<const std::int32_t>(data.species), folds);
  for (const double score : scores) EXPECT_GT(score, 0.85);
}

TYPED_TEST(Logistic, a_saved_model_is_the_same_on_another_device) {
  using T = TypeParam;
  const auto data = iris<T>({"petal_length", "petal_width"});
  LogisticRegression<T> model({.C = 30}, Device::cpu());
  model.fit(data.x, data.species);
  std::ostringstream out;
  model.save(out);
  const std::string bytes = out.str();
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    std::istringstream in(bytes);
    const auto other = LogisticRegression<T>::load(in, device);
    EXPECT_EQ(other.get_params(), model.get_params());
    EXPECT_EQ(other.coef(), model.coef());
    EXPECT_EQ(other.intercept(), model.intercept());
    EXPECT_EQ(other.classes(), model.classes());
    EXPECT_EQ(other.n_iter(), model.n_iter());
    EXPECT_EQ(other.converged(), model.converged());
    EXPECT_EQ(other.gradient_norm(), model.gradient_norm());
    EXPECT_EQ(other.loss(), model.loss());
    EXPECT_EQ(other.predict(data.x), model.predict(data.x));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::istringstream in(bytes.substr(0, size));
    EXPECT_THROW(LogisticRegression<T>::load(in, Device::cpu()), forja::ModelFormatError) << size;
  }
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    std::istringstream in(damaged);
    try {
      const auto other = LogisticRegression<T>::load(in, Device::cpu());
      EXPECT_EQ(other.predict(Matrix<T>(1, other.n_features_in())).size(), 1U);
    } catch (const forja::ModelFormatError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
