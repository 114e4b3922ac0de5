// SVCGridSearch against an SVC fitted to each fold for itself; and what it refuses.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "forja/error.h"
#include "forja/model_selection.h"
#include "forja/svc_grid_search.h"
#include "support/devices.h"
#include "support/refusal.h"
#include "support/storage_types.h"
#include "support/svm_data.h"

namespace {

using forja::Device;
using forja::KernelGamma;
using forja::Matrix;
using forja::Params;
using forja::ParamValue;
using forja::StratifiedKFold;
using forja::SVC;
using forja::SVCGridSearch;
using forja::SVCGridSearchOptions;
using forja::SVCOptions;
using forja::SVMKernel;
using forja::testing::devices_under_test;
using forja::testing::refusal;
using forja::testing::three_classes;
using Labels = std::vector<std::int32_t>;

template <class T>
std::vector<T> part_of(const std::vector<T>& weight, const std::vector<std::int64_t>& rows) {
  return weight.empty() ? weight : forja::take_rows(std::span<const T>(weight), rows);
}

/// What scikit-learn's GridSearchCV does: every cell a fit on every fold's own rows.
template <class T>
struct OneByOne {
  Matrix<double> scores;
  std::int64_t n_iter = 0;
};
template <class T>
OneByOne<T> one_by_one(const SVCGridSearchOptions& options, const Device& device, const Matrix<T>& x, const Labels& y,
                       const std::vector<T>& weight = {}) {
  const auto folds = StratifiedKFold({options.cv, options.shuffle, options.seed}).split(y);
  const std::int64_t gammas = std::ssize(options.gamma);
  OneByOne<T> found{Matrix<double>(std::ssize(options.C) * gammas, options.cv)};
  for (std::int64_t cell = 0; cell < found.scores.rows(); ++cell) {
    SVCOptions own = options.estimator;
    own.C = options.C[static_cast<std::size_t>(cell / gammas)];
    own.gamma = options.gamma[static_cast<std::size_t>(cell % gammas)];
    for (std::size_t f = 0; f < folds.size(); ++f) {
      SVC<T> model(own, device);
      model.fit(forja::take_rows(x.view(), folds[f].train), forja::take_rows(std::span(y), folds[f].train),
                part_of(weight, folds[f].train));
      found.scores(cell, static_cast<std::int64_t>(f)) =
          model.score(forja::take_rows(x.view(), folds[f].test), forja::take_rows(std::span(y), folds[f].test));
      found.n_iter += model.n_iter();
    }
  }
  return found;
}

template <class T>
class SvcGridSearch : public ::testing::Test {};
TYPED_TEST_SUITE(SvcGridSearch, forja::testing::StorageTypes, forja::testing::StorageName);

// Accuracies are shares of whole rows, and no row of these data is within tol of a border: the same to the last bit.
TYPED_TEST(SvcGridSearch, scores_are_those_of_a_fit_to_each_fold_by_itself) {
  using T = TypeParam;
  const auto data = three_classes<T>(90);
  std::vector<T> weight(data.y.size(), T(1));
  for (std::size_t i = 0; i < weight.size(); i += 7) weight[i] = T(i % 2 == 0 ? 0 : 3);
  SVCGridSearchOptions options;
  options.estimator = {.tol = 1e-5, .class_weight = forja::ClassWeight::balanced};
  options.C = {5, 0.02};
  options.gamma = {KernelGamma(0.001), KernelGamma(0.3), KernelGamma::scale()};
  options.cv = 3;
  options.shuffle = true;
  options.seed = 5;
  for (const Device& device : devices_under_test()) {
    SVCGridSearch<T> search(options, device);
    search.fit(data.x, data.y, weight);
    const OneByOne<T> expected = one_by_one(options, device, data.x, data.y, weight);
    double best = 0;
    std::int64_t cell_of_best = 0;
    for (std::int64_t cell = 0; cell < 6; ++cell) {
      double sum = 0;
      for (std::int64_t f = 0; f < 3; ++f) {
        EXPECT_EQ(search.split_test_score()(cell, f), expected.scores(cell, f)) << device.name() << cell << ' ' << f;
        sum += expected.scores(cell, f);
      }
      EXPECT_DOUBLE_EQ(search.mean_test_score()(cell / 3, cell % 3), sum / 3);
      if (sum / 3 > best) {
        best = sum / 3;
        cell_of_best = cell;
      }
    }
    EXPECT_EQ(search.best_index(), cell_of_best);
    EXPECT_DOUBLE_EQ(search.best_score(), best);
    EXPECT_TRUE(search.converged());
  }
}

TYPED_TEST(SvcGridSearch, each_C_starts_from_the_one_below_and_takes_fewer_steps) {
  using T = TypeParam;
  const auto data = three_classes<T>(90);
  SVCGridSearchOptions options;
  options.estimator.tol = 1e-4;
  options.C = {1, 2, 4, 8};
  options.gamma = {KernelGamma(0.1)};
  options.cv = 2;
  options.refit = false;
  for (const Device& device : devices_under_test()) {
    SVCGridSearch<T> search(options, device);
    search.fit(data.x, data.y);
    EXPECT_LT(search.n_iter(), one_by_one(options, device, data.x, data.y).n_iter) << device.name();
    options.estimator.max_iter = 3;
    SVCGridSearch<T> hurried(options, device);
    hurried.fit(data.x, data.y);
    EXPECT_FALSE(hurried.converged());
    EXPECT_EQ(hurried.n_iter(), 4 * 2 * 3 * 3) << "steps of each C, fold and pair";
    EXPECT_EQ(hurried.split_test_score()(3, 1), one_by_one(options, device, data.x, data.y).scores(3, 1));
    options.estimator.max_iter.reset();
  }
}

TYPED_TEST(SvcGridSearch, the_best_machine_is_fitted_to_all_rows) {
  using T = TypeParam;
  const auto data = three_classes<T>(60);
  SVCGridSearchOptions options;
  options.C = {1, 10};
  options.gamma = {KernelGamma::automatic(), KernelGamma(2)};
  options.cv = 2;
  for (const Device& device : devices_under_test()) {
    SVCGridSearch<T> search(options, device);
    search.fit(data.x, data.y);
    const Params best = search.best_params();
    EXPECT_TRUE(best.at("gamma") == ParamValue(std::string("auto")) || best.at("gamma") == ParamValue(2.0));
    SVC<T> model({}, device);
    model.set_params(best).fit(data.x, data.y);
    EXPECT_EQ(search.best_estimator().dual_coef().view()(0, 0), model.dual_coef()(0, 0));
    EXPECT_EQ(search.predict(data.x), model.predict(data.x));
    EXPECT_EQ(search.decision_function(data.x)(5, 1), model.decision_function(data.x)(5, 1));
    EXPECT_EQ(search.score(data.x, data.y), model.score(data.x, data.y));
    options.refit = false;
    search = SVCGridSearch<T>(options, device);
    search.fit(data.x, data.y);
    EXPECT_EQ(search.best_params(), best);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { search.predict(data.x); }),
              "SVCGridSearch::predict: fit was without refit");
    options.refit = true;
  }
}

// Of two classes alone problems take rows of the given matrix by their numbers.
TYPED_TEST(SvcGridSearch, a_given_kernel_gives_the_same_scores) {
  using T = TypeParam;
  auto data = three_classes<T>(60);
  for (std::int32_t& label : data.y) label = label == 7 ? 7 : -3;
  SVCGridSearchOptions options;
  options.estimator = {.tol = 1e-5};
  options.C = {0.1, 3};
  options.gamma = {KernelGamma(0.2)};
  options.cv = 3;
  options.refit = false;
  for (const Device& device : devices_under_test()) {
    SVCGridSearch<T> by_rows(options, device);
    by_rows.fit(data.x, data.y);
    SVCGridSearchOptions given = options;
    given.estimator.kernel = SVMKernel::precomputed;
    SVCGridSearch<T> by_kernel(given, device);
    by_kernel.fit(forja::rbf_kernel<T>(data.x, data.x, 0.2, device), data.y);
    for (std::int64_t cell = 0; cell < 2; ++cell) {
      for (std::int64_t f = 0; f < 3; ++f) {
        EXPECT_EQ(by_kernel.split_test_score()(cell, f), by_rows.split_test_score()(cell, f)) << device.name();
      }
    }
  }
}

TYPED_TEST(SvcGridSearch, refuses_what_no_cell_could_be_fitted_with) {
  using T = TypeParam;
  const Matrix<T> x(4, 1, {T(1), T(2), T(3), T(5)});
  const Labels y{0, 1, 1, 0};
  for (const Device& device : devices_under_test()) {
    const auto fit = [&](const SVCGridSearchOptions& options, const Labels& labels = {0, 1, 1, 0},
                         const std::vector<T>& weight = {}) {
      return refusal<forja::InvalidArgument>([&] { SVCGridSearch<T>(options, device).fit(x, labels, weight); });
    };
    EXPECT_EQ(fit({.C = {}, .cv = 2}), "SVCGridSearch::fit: C has no values");
    EXPECT_EQ(fit({.gamma = {}, .cv = 2}), "SVCGridSearch::fit: gamma has no values");
    EXPECT_EQ(fit({.C = {1, 0}, .cv = 2}), "SVCGridSearch::fit: C = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.gamma = {KernelGamma(1), KernelGamma(-1)}, .cv = 2}),
              "SVCGridSearch::fit: gamma = -1 but it must be a finite number above 0, \"scale\" or \"auto\"");
    EXPECT_EQ(fit({.estimator = {.tol = 0}, .cv = 2}),
              "SVCGridSearch::fit: tol = 0 but it must be a finite number above 0");
    EXPECT_EQ(fit({.cv = 1}), "SVCGridSearch::fit: cv = 1 but it must be an integer of at least 2");
    EXPECT_EQ(fit({.cv = 3}), "SVCGridSearch::fit: cv = 3 but class 0 has 2 rows");
    EXPECT_EQ(fit({.cv = 2}, {0, 1}), "SVCGridSearch::fit: y has 2 labels but x has 4 rows");
    EXPECT_EQ(fit({.cv = 2}, {1, 1, 1, 1}), "SVCGridSearch::fit: y has 1 class, 1, but at least 2 are needed");
    EXPECT_EQ(fit({.cv = 2}, y, {T(1), T(1), T(0), T(1)}),
              "SVCGridSearch::fit, training rows of fold 0: the rows of class 1 weigh 0");
    SVCGridSearch<T> unfitted({}, device);
    EXPECT_EQ(refusal<forja::NotFitted>([&] { unfitted.best_params(); }), "SVCGridSearch::best_params: call fit first");
    EXPECT_EQ(refusal<forja::InvalidArgument>([&] {
                unfitted.set_params({{"cv", 0.5}});
              }),
              "SVCGridSearch::set_params: cv = 0.5 but it must be an integer of at least 2");
    EXPECT_EQ(std::get<std::int64_t>(unfitted.set_params({{"cv", std::int64_t{4}}}).get_params().at("cv")), 4);
  }
}

}  // namespace
