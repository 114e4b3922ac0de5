// Probabilities of kernel classifiers: the sigmoid, the coupling of pairs, and models that have both.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "forja/metrics.h"
#include "forja/model_selection.h"
#include "forja/svm.h"
#include "support/devices.h"
#include "support/naive_svm.h"
#include "support/saved_models.h"
#include "support/storage_types.h"
#include "support/svm_data.h"
#include "svm/held_out.h"
#include "svm/platt.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;

/// The negative logarithm of the likelihood, by definition.
double naive_sigmoid_loss(const core::Sigmoid& sigmoid, const std::vector<double>& decisions,
                          const std::vector<bool>& positive) {
  const auto first = static_cast<double>(std::count(positive.begin(), positive.end(), true));
  const double second = static_cast<double>(positive.size()) - first;
  double loss = 0;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const double p = 1 / (1 + std::exp(sigmoid.a * decisions[i] + sigmoid.b));
    const double target = positive[i] ? (first + 1) / (first + 2) : 1 / (second + 2);
    loss -= target * std::log(p) + (1 - target) * std::log(1 - p);
  }
  return loss;
}

TEST(SvmSigmoid, is_the_most_likely_one) {
  std::vector<double> decisions;
  std::vector<bool> positive;
  for (std::int64_t i = 0; i < 4000; ++i) {
    decisions.push_back(4 * uniform(1, i) - 2);
    positive.push_back(uniform(2, i) < 1 / (1 + std::exp(-1.7 * decisions.back() + 0.4)));
  }
  const core::Sigmoid found = core::fit_sigmoid(decisions, positive);
  EXPECT_NEAR(found.a, -1.7, 0.15);  // of 4000 draws
  EXPECT_NEAR(found.b, 0.4, 0.15);
  const double least = naive_sigmoid_loss(found, decisions, positive);
  for (const double a : {-1e-3, 0.0, 1e-3}) {
    for (const double b : {-1e-3, 0.0, 1e-3}) {
      if (a == 0 && b == 0) continue;
      EXPECT_GT(naive_sigmoid_loss({found.a + a, found.b + b}, decisions, positive), least) << a << ", " << b;
    }
  }
  EXPECT_NEAR(found(0.7), 1 / (1 + std::exp(found.a * 0.7 + found.b)), 1e-15);
}

TEST(SvmSigmoid, of_decisions_that_tell_nothing_is_the_share_of_the_positive_ones) {
  const core::Sigmoid found = core::fit_sigmoid(std::vector<double>{0, 0, 0, 0}, {true, true, true, false});
  // Targets are (3 + 1) / (3 + 2) three times and 1 / (1 + 2).
  EXPECT_NEAR(found(0), (3 * 0.8 + 1.0 / 3) / 4, 1e-5);
  EXPECT_NEAR(found.a, 0, 1e-12);
}

TEST(SvmSigmoid, of_decisions_that_tell_everything_is_steep_but_finite) {
  for (const double scale : {1e-6, 1.0, 1e6}) {
    std::vector<double> decisions;
    std::vector<bool> positive;
    for (int i = 0; i < 20; ++i) {
      decisions.push_back(scale * (i < 8 ? 1 + i : -1 - i));
      positive.push_back(i < 8);
    }
    const core::Sigmoid found = core::fit_sigmoid(decisions, positive);
    ASSERT_TRUE(std::isfinite(found.a) && std::isfinite(found.b)) << scale;
    // At scale 1e-6 slopes are flat where Newton's method starts.
    if (scale >= 1) {
      EXPECT_GT(found(scale * 4), 0.8) << scale;
      EXPECT_LT(found(-scale * 12), 0.2) << scale;
    }
    EXPECT_GE(found(scale * 1e300), 0.5);
    EXPECT_LE(found(-scale * 1e300), 0.5);
  }
}

/// Wu, Lin and Weng's iteration, until nothing moves.
std::vector<double> naive_coupling(const Matrix<double>& r) {
  const std::int64_t k = r.rows();
  std::vector<double> p(static_cast<std::size_t>(k), 1 / static_cast<double>(k));
  for (int round = 0; round < 100'000; ++round) {
    double moved = 0;
    for (std::int64_t t = 0; t < k; ++t) {
      std::vector<double> slope(p.size());
      double all = 0;
      for (std::int64_t s = 0; s < k; ++s) {
        for (std::int64_t j = 0; j < k; ++j) {
          if (j == s) continue;
          slope[static_cast<std::size_t>(s)] +=
              r(j, s) * (r(j, s) * p[static_cast<std::size_t>(s)] - r(s, j) * p[static_cast<std::size_t>(j)]);
        }
        all += p[static_cast<std::size_t>(s)] * slope[static_cast<std::size_t>(s)];
      }
      double own = 0;
      for (std::int64_t j = 0; j < k; ++j) own += j == t ? 0 : r(j, t) * r(j, t);
      const double by = (all - slope[static_cast<std::size_t>(t)]) / own;
      p[static_cast<std::size_t>(t)] += by;
      for (double& value : p) value /= 1 + by;
      moved = std::max(moved, std::fabs(by));
    }
    if (moved < 1e-15) break;
  }
  return p;
}

TEST(SvmCoupling, gives_back_the_probabilities_that_pairs_were_made_of) {
  const std::vector<double> p{0.5, 0.02, 0.3, 0.18};
  std::vector<double> pairs;
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = a + 1; b < 4; ++b) pairs.push_back(p[a] / (p[a] + p[b]));
  }
  std::vector<double> found(4);
  core::couple_pairs(pairs, found);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(found[c], p[c], 1e-14);
  std::vector<double> two(2);
  core::couple_pairs(std::vector<double>{0.3}, two);
  EXPECT_NEAR(two[0], 0.3, 1e-15);
}

TEST(SvmCoupling, of_pairs_that_disagree_is_the_papers) {
  for (const std::int64_t k : {3, 5, 12}) {
    Matrix<double> r(k, k);
    std::vector<double> pairs;
    for (std::int64_t a = 0; a < k; ++a) {
      for (std::int64_t b = a + 1; b < k; ++b) {
        pairs.push_back(0.02 + 0.96 * uniform(7, a * k + b));
        r(a, b) = pairs.back();
        r(b, a) = 1 - pairs.back();
      }
    }
    std::vector<double> found(static_cast<std::size_t>(k));
    core::couple_pairs(pairs, found);
    const std::vector<double> expected = naive_coupling(r);
    for (std::size_t c = 0; c < found.size(); ++c) EXPECT_NEAR(found[c], expected[c], 1e-12) << k << ", " << c;
  }
}

TEST(SvmCoupling, of_pairs_that_are_certain_or_unknown_is_finite) {
  for (const std::vector<double>& pairs : {std::vector<double>{1, 1, 1}, {0, 0, 0}, {1, 0, 1}, {NAN, 1, NAN}}) {
    std::vector<double> found(3);
    core::couple_pairs(pairs, found);
    EXPECT_NEAR(std::accumulate(found.begin(), found.end(), 0.0), 1, 1e-15);
    for (const double p : found) EXPECT_GE(p, 0);
  }
  std::vector<double> sure(3);
  core::couple_pairs(std::vector<double>{1, 1, 1}, sure);
  EXPECT_GT(sure[0], 1 - 1e-6);
}

template <class T>
class SvmProbability : public ::testing::Test {};
TYPED_TEST_SUITE(SvmProbability, StorageTypes, StorageName);

TYPED_TEST(SvmProbability, sigmoids_are_those_of_machines_fitted_without_each_fold) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(60);
  std::vector<T> weight(60, T(1));
  weight[3] = weight[10] = T(0);
  weight[20] = T(2);
  const core::HeldOut held =
      core::hold_out(core::class_rows<T>("test", data.y, weight), 5);  // the folds are the seed's choice
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({.gamma = 0.1, .tol = 1e-6, .probability = true, .seed = 5}, device);
    model.fit(data.x, data.y, weight);
    EXPECT_TRUE(model.converged());
    std::vector<std::vector<double>> decisions(3);
    std::vector<std::vector<bool>> positive(3);
    for (std::int64_t f = 0; f < 5; ++f) {
      std::vector<T> left = weight;
      std::vector<std::int64_t> out;
      for (std::size_t i = 0; i < 60; ++i) {
        if (held.fold[i] != f) continue;
        left[i] = T(0);
        out.push_back(static_cast<std::int64_t>(i));
      }
      SVC<T> part({.gamma = 0.1, .tol = 1e-6, .decision_function_shape = DecisionShape::ovo}, device);
      part.fit(data.x, data.y, left);
      const Matrix<T> found = part.decision_function(take_rows(data.x, out));
      const Labels labels = take_rows(data.y, out);
      const std::int32_t classes[3][2] = {{-3, 7}, {-3, 100}, {7, 100}};
      for (std::size_t pair = 0; pair < 3; ++pair) {
        for (std::size_t i = 0; i < labels.size(); ++i) {
          if (labels[i] != classes[pair][0] && labels[i] != classes[pair][1]) continue;
          decisions[pair].push_back(
              static_cast<double>(found(static_cast<std::int64_t>(i), static_cast<std::int64_t>(pair))));
          positive[pair].push_back(labels[i] == classes[pair][0]);
        }
      }
    }
    for (std::size_t pair = 0; pair < 3; ++pair) {
      EXPECT_GE(decisions[pair].size(), 38U);
      const core::Sigmoid expected = core::fit_sigmoid(decisions[pair], positive[pair]);
      // Solutions are equal to within tol.
      EXPECT_NEAR(model.probA()[pair], expected.a, 1e-3 * std::fabs(expected.a)) << pair;
      EXPECT_NEAR(model.probB()[pair], expected.b, 1e-3) << pair;
    }
  }
}

TYPED_TEST(SvmProbability, models_know_how_sure_they_are) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(90);
  const Three<T> fresh = three_classes<T>(240);  // around the same centres
  Matrix<double> before;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> svc({.probability = true}, device);
    svc.fit(data.x, data.y);
    NuSVC<T> nu_svc({.nu = 0.3, .probability = true}, device);
    nu_svc.fit(data.x, data.y);
    const auto look = [&](const auto& model) {
      Matrix<T> found = model.predict_proba(fresh.x);
      EXPECT_EQ(found.columns(), 3);
      double loss = 0;
      std::int64_t right = 0;
      for (std::int64_t i = 0; i < found.rows(); ++i) {
        const auto row = found.row(i);
        EXPECT_NEAR(std::accumulate(row.begin(), row.end(), T(0)), 1, 1e-6);
        const auto place =
            std::lower_bound(model.classes().begin(), model.classes().end(), fresh.y[static_cast<std::size_t>(i)]) -
            model.classes().begin();
        loss -= std::log(static_cast<double>(row[static_cast<std::size_t>(place)]));
        right += std::max_element(row.begin(), row.end()) - row.begin() == place;
      }
      EXPECT_LT(loss / 240, 0.5);  // log 3 would be to know nothing
      EXPECT_GT(right, 190);
      return found;
    };
    const Matrix<double> now(look(svc).view());
    look(nu_svc);
    if (before.rows() == 0) before = now;
    for (std::int64_t i = 0; i < now.rows(); ++i) {
      // tol leaves decisions, and so probabilities, that much open on each device.
      for (std::int64_t c = 0; c < 3; ++c) ASSERT_NEAR(now(i, c), before(i, c), 5e-3) << i << ", " << c;
    }
    EXPECT_EQ(loaded<SVC<T>>(saved(svc), device).predict_proba(fresh.x), svc.predict_proba(fresh.x));
    EXPECT_EQ(loaded<NuSVC<T>>(saved(nu_svc), device).predict_proba(fresh.x), nu_svc.predict_proba(fresh.x));
  }
}

TYPED_TEST(SvmProbability, of_two_classes_the_greater_one_is_likelier_the_greater_the_decision) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(50, 2, 12);
  Labels y;
  for (std::int64_t i = 0; i < 50; ++i)
    y.push_back(x(i, 0) + T(0.3) * x(i, 1) > T(0.4) * static_cast<T>(i % 2) ? 9 : 4);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({.kernel = SVMKernel::linear, .probability = true}, device);
    model.fit(x, y);
    EXPECT_LT(model.probA()[0], 0);
    const Matrix<T> decisions = model.decision_function(x);
    const Matrix<T> found = model.predict_proba(x);
    for (std::int64_t i = 0; i < 50; ++i) {
      const double second =
          1 / (1 + std::exp(model.probA()[0] * static_cast<double>(decisions(i, 0)) - model.probB()[0]));
      ASSERT_NEAR(static_cast<double>(found(i, 1)), second, 1e-6) << i;
      ASSERT_NEAR(found(i, 0) + found(i, 1), 1, 1e-6);
    }
  }
}

TYPED_TEST(SvmProbability, the_seed_alone_decides_the_folds_and_machines_stay_what_they_are) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(60);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({.probability = true}, device);
    model.fit(data.x, data.y);
    const std::vector<double> first = model.probA();
    model.fit(data.x, data.y);
    EXPECT_EQ(model.probA(), first);
    model.set_params({{"seed", std::int64_t{3}}});
    model.fit(data.x, data.y);
    EXPECT_NE(model.probA(), first);
    SVC<T> plain({}, device);
    plain.fit(data.x, data.y);
    EXPECT_EQ(plain.dual_coef(), model.dual_coef());
    EXPECT_EQ(plain.objective(), model.objective());
    model.set_params({{"probability", false}});
    EXPECT_EQ(model.predict_proba(data.x).rows(), 60);  // of the fit that was
    model.fit(data.x, data.y);
    EXPECT_TRUE(model.probA().empty());
  }
}

TYPED_TEST(SvmProbability, a_given_kernel_and_classes_of_few_rows_are_no_hindrance) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(40);
  std::vector<std::int64_t> few;  // all of two classes, of the third two rows
  std::int64_t third = 0;
  for (std::int64_t i = 0; i < 40; ++i) {
    if (data.y[static_cast<std::size_t>(i)] != 100 || third++ < 2) few.push_back(i);
  }
  const Matrix<T> x = take_rows(data.x, few);
  const Labels y = take_rows(data.y, few);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> computed({.gamma = 0.2, .tol = 1e-6, .probability = true}, device);
    SVC<T> given({.kernel = SVMKernel::precomputed, .tol = 1e-6, .probability = true}, device);
    computed.fit(x, y);
    const Matrix<T> kernel = rbf_kernel<T>(x, x, 0.2, device);
    given.fit(kernel, y);
    const Matrix<T> expected = computed.predict_proba(x);
    const Matrix<T> found = given.predict_proba(kernel);
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      for (std::int64_t c = 0; c < 3; ++c) ASSERT_NEAR(found(i, c), expected(i, c), 1e-3) << i << ", " << c;
    }
    // A row of each class: in every fold there is one class, or none, to learn from.
    const Matrix<T> two(2, 1, {T(-1), T(1)});
    SVC<T> least({.probability = true}, device);
    NuSVC<T> least_nu({.nu = 0.9, .probability = true}, device);
    for (const Matrix<T>& proba :
         {least.fit(two, Labels{0, 1}).predict_proba(two), least_nu.fit(two, Labels{0, 1}).predict_proba(two)}) {
      EXPECT_NEAR(proba(0, 0) + proba(0, 1), 1, 1e-6);
    }
    // Six classes of one row each: a fold has two of them, between which nothing is learned.
    const Matrix<T> six(6, 1, {T(1), T(2), T(3), T(4), T(5), T(6)});
    SVC<T> one_each({.probability = true}, device);
    const Matrix<T> of_six = one_each.fit(six, Labels{0, 1, 2, 3, 4, 5}).predict_proba(six);
    for (const T p : of_six.values()) ASSERT_TRUE(p >= 0 && p <= 1) << p;
  }
}

}  // namespace
}  // namespace forja::testing
