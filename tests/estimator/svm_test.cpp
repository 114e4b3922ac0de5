// Kernel machines as their users meet them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "forja/error.h"
#include "forja/generators.h"
#include "forja/model_selection.h"
#include "forja/observer.h"
#include "forja/svm.h"
#include "support/devices.h"
#include "support/naive_svm.h"
#include "support/saved_models.h"
#include "support/storage_types.h"
#include "support/svm_data.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;

template <class T>
class Svm : public ::testing::Test {};
TYPED_TEST_SUITE(Svm, StorageTypes, StorageName);

TYPED_TEST(Svm, several_classes_are_told_apart_by_pairs) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(90);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({}, device);
    model.fit(data.x, data.y);
    EXPECT_TRUE(model.converged());
    EXPECT_LE(model.kkt_violation(), 1e-3);
    EXPECT_EQ(model.classes(), (Labels{-3, 7, 100}));
    EXPECT_EQ(model.intercept().size(), 3U);
    EXPECT_EQ(model.objective().size(), 3U);
    EXPECT_EQ(model.dual_coef().rows(), 2);
    EXPECT_EQ(model.n_support()[0] + model.n_support()[1] + model.n_support()[2], std::ssize(model.support()));
    for (std::size_t v = 0; v < model.support().size(); ++v) {
      const auto row = model.support_vectors().row(static_cast<std::int64_t>(v));
      EXPECT_TRUE(std::equal(row.begin(), row.end(), data.x.row(model.support()[v]).begin())) << v;
    }
    EXPECT_GT(model.score(data.x, data.y), 0.8);

    SVC<T> pairs({.decision_function_shape = DecisionShape::ovo}, device);
    pairs.fit(data.x, data.y);
    const Matrix<T> by_pair = pairs.decision_function(data.x);
    const Matrix<T> by_class = model.decision_function(data.x);
    ASSERT_EQ(by_pair.columns(), 3);
    ASSERT_EQ(by_class.columns(), 3);
    const Labels predicted = model.predict(data.x);
    EXPECT_EQ(pairs.predict(data.x), predicted);
    for (std::int64_t i = 0; i < 90; ++i) {
      // Pairs (-3, 7), (-3, 100), (7, 100), positive for the first.
      const int votes[3] = {(by_pair(i, 0) > 0) + (by_pair(i, 1) > 0), (by_pair(i, 0) <= 0) + (by_pair(i, 2) > 0),
                            (by_pair(i, 1) <= 0) + (by_pair(i, 2) <= 0)};
      const auto most = std::max_element(std::begin(votes), std::end(votes)) - std::begin(votes);
      ASSERT_EQ(predicted[static_cast<std::size_t>(i)], model.classes()[static_cast<std::size_t>(most)]) << i;
      for (std::int64_t c = 0; c < 3; ++c) ASSERT_LT(std::fabs(by_class(i, c) - static_cast<T>(votes[c])), T(0.34));
    }
    SVC<T> no_ties({.break_ties = true}, device);
    no_ties.fit(data.x, data.y);
    const Labels broken = no_ties.predict(data.x);
    for (std::int64_t i = 0; i < 90; ++i) {
      const auto row = by_class.row(i);
      const auto most = std::max_element(row.begin(), row.end()) - row.begin();
      ASSERT_EQ(broken[static_cast<std::size_t>(i)], model.classes()[static_cast<std::size_t>(most)]) << i;
    }
  }
}

TYPED_TEST(Svm, the_linear_kernel_has_coefficients_for_each_pair) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(60);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({.kernel = SVMKernel::linear, .decision_function_shape = DecisionShape::ovo}, device);
    model.fit(data.x, data.y);
    const Matrix<double> coef = model.coef();
    const Matrix<T> found = model.decision_function(data.x);
    for (std::int64_t i = 0; i < 60; ++i) {
      for (std::int64_t p = 0; p < 3; ++p) {
        double expected = model.intercept()[static_cast<std::size_t>(p)];
        double scale = std::fabs(expected);
        for (std::int64_t j = 0; j < 2; ++j) {
          expected += coef(p, j) * static_cast<double>(data.x(i, j));
          scale += std::fabs(coef(p, j) * static_cast<double>(data.x(i, j)));
        }
        // Products with support vectors are sums of T.
        ASSERT_NEAR(static_cast<double>(found(i, p)), expected, 32 * kRounding<T> * (1 + scale)) << i << ", " << p;
      }
    }
  }
}

TYPED_TEST(Svm, a_weight_counts_as_so_many_rows_and_none_as_no_row) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(40, 2, 31);
  Labels y;
  std::vector<T> weight;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 40; ++i) {
    y.push_back(x(i, 0) * x(i, 1) > T(0.1) * static_cast<T>(i % 3) ? 1 : 0);
    weight.push_back(static_cast<T>(i % 3));
    for (std::int64_t k = 0; k < i % 3; ++k) rows.push_back(i);
  }
  Matrix<T> repeated(std::ssize(rows), 2);
  Labels labels;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    std::copy_n(x.row(rows[k]).begin(), 2, repeated.row(static_cast<std::int64_t>(k)).begin());
    labels.push_back(y[static_cast<std::size_t>(rows[k])]);
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> weighted({.gamma = 1, .tol = 1e-5}, device);
    SVC<T> plain({.gamma = 1, .tol = 1e-5}, device);
    weighted.fit(x, y, weight);
    plain.fit(repeated, labels);
    const Matrix<T> found = weighted.decision_function(x);
    const Matrix<T> expected = plain.decision_function(x);
    for (std::int64_t i = 0; i < 40; ++i) ASSERT_NEAR(found(i, 0), expected(i, 0), 1e-3) << i;
    for (const std::int64_t row : weighted.support()) EXPECT_NE(row % 3, 0);
  }
}

TYPED_TEST(Svm, class_weights_are_weights_of_rows_and_files_keep_them) {
  using T = TypeParam;
  const Three<T> three = three_classes<T>(60);
  // A third of the rows of class 100 is left.
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < 60; ++i) {
    if (three.y[static_cast<std::size_t>(i)] != 100 || i % 3 == 0) kept.push_back(i);
  }
  const Matrix<T> x = take_rows(three.x, kept);
  const Labels y = take_rows(three.y, kept);
  const auto weights = [&](double of_3, double of_7, double of_100) {
    std::vector<T> weight;
    for (const std::int32_t label : y)
      weight.push_back(static_cast<T>(label == -3 ? of_3 : label == 7 ? of_7 : of_100));
    return weight;
  };
  const auto n = static_cast<double>(y.size());
  const auto balance = [&](std::int32_t label) {
    return n / (3 * static_cast<double>(std::count(y.begin(), y.end(), label)));
  };
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> by_rows({}, device);
    by_rows.fit(x, y, weights(1, 1, 4));
    SVC<T> by_classes({.class_weights = {{100, 4.0}}}, device);
    by_classes.fit(x, y);
    EXPECT_EQ(by_classes.dual_coef(), by_rows.dual_coef());
    by_rows.fit(x, y, weights(balance(-3), balance(7), balance(100)));
    SVC<T> balanced({.class_weight = ClassWeight::balanced}, device);
    balanced.fit(x, y);
    EXPECT_EQ(balanced.dual_coef(), by_rows.dual_coef());
    EXPECT_NE(balanced.dual_coef(), by_classes.dual_coef());
    // Both kinds of weights multiply.
    by_rows.fit(x, y, weights(2, 2, 8));
    by_classes.fit(x, y, weights(2, 2, 2));
    EXPECT_EQ(by_classes.dual_coef(), by_rows.dual_coef());
    for (const double b : by_classes.dual_coef().values()) EXPECT_LE(std::fabs(b), 8);

    const auto again = loaded<SVC<T>>(saved(by_classes), device);
    EXPECT_EQ(again.options().class_weights, by_classes.options().class_weights);
    EXPECT_EQ(loaded<SVC<T>>(saved(balanced)).options().class_weight, ClassWeight::balanced);
  }
}

TYPED_TEST(Svm, a_given_kernel_is_as_good_as_one_that_is_computed) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(60);
  const Matrix<T> fresh = svm_rows<T>(7, 2, 33);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> computed({.gamma = 0.2}, device);
    SVC<T> given({.kernel = SVMKernel::precomputed}, device);
    computed.fit(data.x, data.y);
    given.fit(rbf_kernel<T>(data.x, data.x, 0.2, device), data.y);
    EXPECT_EQ(given.support_vectors().rows(), 0);
    EXPECT_EQ(given.n_features_in(), 60);
    const Matrix<T> expected = computed.decision_function(fresh);
    const Matrix<T> found = given.decision_function(rbf_kernel<T>(fresh, data.x, 0.2, device));
    for (std::int64_t i = 0; i < 7; ++i) {
      for (std::int64_t c = 0; c < 3; ++c) ASSERT_NEAR(found(i, c), expected(i, c), 3e-3) << i << ", " << c;
    }
    EXPECT_EQ(loaded<SVC<T>>(saved(given), device).decision_function(rbf_kernel<T>(fresh, data.x, 0.2, device)), found);
  }
}

TYPED_TEST(Svm, gamma_follows_the_rows_where_it_is_told_to) {
  using T = TypeParam;
  const Matrix<T> x(4, 2, {T(0), T(2), T(4), T(6), T(0), T(2), T(4), T(6)});
  const Labels y{0, 0, 1, 1};
  for (const Device& device : devices_under_test()) {
    SVC<T> model({}, device);
    EXPECT_NEAR(model.fit(x, y).gamma(), 1 / (2 * 5.0), 1e-12);  // the variance of 0, 2, 4, 6 is 5
    EXPECT_NEAR(model.fit(DeviceMatrix<T>(x, device), y).gamma(), 0.1, 1e-12);
    SVC<T> automatic({.gamma = KernelGamma::automatic()}, device);
    EXPECT_EQ(automatic.fit(x, y).gamma(), 0.5);
    EXPECT_EQ(model.fit(Matrix<T>(4, 2, T(3)), y).gamma(), 1);
  }
}

TYPED_TEST(Svm, a_limit_of_steps_ends_the_fit_and_says_so) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(90);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({.max_iter = 2}, device);
    model.fit(data.x, data.y);
    EXPECT_FALSE(model.converged());
    EXPECT_EQ(model.n_iter(), 6);
    EXPECT_GT(model.kkt_violation(), 1e-3);
  }
}

/// The violation of a two-class machine from what it tells, by definition.
template <class T>
double told_violation(const SVC<T>& model, const Matrix<T>& x, const Labels& y, double C) {
  compute::SvmProblem problem;
  std::vector<double> b(y.size());
  for (std::size_t v = 0; v < model.support().size(); ++v) {
    b[static_cast<std::size_t>(model.support()[v])] = model.dual_coef()(0, static_cast<std::int64_t>(v));
  }
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    const double sign = y[static_cast<std::size_t>(i)] == model.classes()[1] ? 1 : -1;
    problem.rows.push_back(i);
    problem.linear.push_back(-sign);
    problem.lower.push_back(sign > 0 ? 0 : -C);
    problem.upper.push_back(sign > 0 ? C : 0);
  }
  const formulas::KernelFunction<T> kernel{formulas::KernelKind::rbf, static_cast<T>(model.gamma())};
  return naive_violation(problem, naive_gradient(problem, naive_kernel_matrix(kernel, x, x), b), b);
}

TYPED_TEST(Svm, hard_problems_are_solved_or_said_not_to_be) {
  using T = TypeParam;
  // C = 1e5, units that differ by 1e3, and every fifth row a copy of another with the opposite label.
  Matrix<T> x = svm_rows<T>(40, 3, 41);
  Labels y;
  for (std::int64_t i = 0; i < 40; ++i) {
    y.push_back(x(i, 0) + x(i, 1) * x(i, 2) > 0 ? 1 : 0);
    x(i, 1) *= T(1000);
    if (i % 5 != 4) continue;
    std::copy_n(x.row(i - 1).begin(), 3, x.row(i).begin());
    y.back() = 1 - y[static_cast<std::size_t>(i - 1)];
  }
  for (const Device& device : devices_under_test()) {
    for (const double gamma : {1e-6, 1.0}) {
      SCOPED_TRACE(device.name() + ", gamma " + std::to_string(gamma));
      SVC<T> model({.C = 1e5, .gamma = gamma, .max_iter = 2000}, device);
      model.fit(x, y);
      const double told = told_violation(model, x, y, 1e5);
      // Kernel values are T: rounded by some units, times the multipliers.
      double scale = 0;
      for (const double b : model.dual_coef().values()) scale += std::fabs(b);
      const double slack = 8 * static_cast<double>(std::numeric_limits<T>::epsilon()) * scale;
      EXPECT_NEAR(model.kkt_violation(), told, slack + 1e-9);
      EXPECT_EQ(model.converged(), model.kkt_violation() <= 1e-3);
    }
  }
}

TYPED_TEST(Svm, twenty_classes_are_told_apart) {
  using T = TypeParam;
  const Blobs<T> blobs =
      make_blobs<T>({.n_samples = 200, .n_features = 6, .centers = 20, .cluster_std = 0.3, .seed = 9});
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({}, device);
    model.fit(blobs.x, blobs.labels);
    EXPECT_TRUE(model.converged());
    EXPECT_EQ(model.intercept().size(), 190U);
    EXPECT_GE(model.score(blobs.x, blobs.labels), 0.99);
  }
}

TYPED_TEST(Svm, a_machine_is_the_same_bits_for_any_number_of_threads) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(900);  // more than work at a time
  const std::vector<T> numbers(data.y.begin(), data.y.end());
  std::set<std::string> classifiers;
  std::set<std::string> tubes;
  for (const int threads : {1, 2, 4}) {
    SVC<T> model({}, Device::cpu(threads));
    classifiers.insert(saved(model.fit(data.x, data.y)));
    SVR<T> tube({.cache_size = 1e-3}, Device::cpu(threads));
    tubes.insert(saved(tube.fit(data.x, std::span<const T>(numbers))));
  }
  EXPECT_EQ(classifiers.size(), 1U);
  EXPECT_EQ(tubes.size(), 1U);
}

TYPED_TEST(Svm, shrinking_changes_the_way_but_not_the_end) {
  using T = TypeParam;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const bool cpu = device.name() == Device::cpu().name();
    // More than are always left together on the CPU; elsewhere nothing is left out.
    const auto moons = forja::make_moons<T>({.n_samples = cpu ? 700 : 60, .noise = 0.3, .seed = 5});
    SVC<T> with({.C = 100}, device);
    SVC<T> without({.C = 100, .shrinking = false}, device);
    with.fit(moons.x, moons.labels);
    without.fit(moons.x, moons.labels);
    EXPECT_TRUE(with.converged() && without.converged());
    if (cpu) {
      EXPECT_NE(with.n_iter(), without.n_iter());
    }
    // Within tol of the optimum both are, and so is their objective, relatively.
    EXPECT_NEAR(with.objective()[0], without.objective()[0], 1e-3 * std::abs(without.objective()[0]));
  }
}

TYPED_TEST(Svm, a_tube_that_holds_every_target_needs_no_support) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(20, 2, 43);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVR<T> model({.epsilon = 0.5}, device);
    std::vector<T> y(20, T(3));
    y[4] = T(3.5);
    model.fit(x, std::span<const T>(y));
    EXPECT_TRUE(model.converged());
    EXPECT_TRUE(model.support().empty());
    for (const T value : model.predict(x)) ASSERT_NEAR(value, 3.25, 0.26);
    EXPECT_EQ(loaded<SVR<T>>(saved(model), device).predict(x), model.predict(x));
  }
}

TYPED_TEST(Svm, regressors_follow_a_curve) {
  using T = TypeParam;
  Matrix<T> x(30, 1);
  std::vector<T> y;
  for (std::int64_t i = 0; i < 30; ++i) {
    x(i, 0) = static_cast<T>(static_cast<double>(i) / 5);
    y.push_back(static_cast<T>(std::sin(static_cast<double>(x(i, 0)))));
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVR<T> tube({.C = 2, .epsilon = 0.05}, device);
    tube.fit(x, std::span<const T>(y));
    EXPECT_GT(tube.score(x, y), 0.99);
    for (std::int64_t i = 0; i < 30; ++i) {
      ASSERT_NEAR(tube.predict(x)[static_cast<std::size_t>(i)], y[static_cast<std::size_t>(i)], 0.07);
    }
    NuSVR<T> found({.nu = 0.3, .C = 2}, device);
    found.fit(x, std::span<const T>(y));
    EXPECT_TRUE(found.converged());
    EXPECT_GT(found.score(x, y), 0.99);
    EXPECT_GE(found.support().size(), 9U);  // nu of 30 at least
  }
}

TYPED_TEST(Svm, nu_bounds_outliers_and_support) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(100, 2, 45);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    OneClassSVM<T> model({.nu = 0.2}, device);
    model.fit(x);
    const Labels inside = model.predict(x);
    EXPECT_LE(std::count(inside.begin(), inside.end(), -1), 21);
    EXPECT_GE(model.support().size(), 20U);
    const std::vector<T> decisions = model.decision_function(x);
    for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(inside[i], decisions[i] > 0 ? 1 : -1);
    EXPECT_EQ(model.predict(Matrix<T>(1, 2, T(50)))[0], -1);
  }
}

class Stopper : public Observer {
 public:
  bool on_progress(const Progress& progress) override {
    seen_ = progress.loss;
    return false;
  }
  double seen_ = -1;
};

TYPED_TEST(Svm, an_observer_sees_the_violation_and_may_end_the_fit) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(60);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    SVC<T> model({}, device);
    model.fit(data.x, data.y);
    const std::string before = saved(model);
    Stopper stopper;
    EXPECT_THROW(model.fit(data.x, data.y, {}, &stopper), Cancelled);
    EXPECT_GE(stopper.seen_, 0);
    EXPECT_EQ(saved(model), before);
  }
}

TYPED_TEST(Svm, a_saved_machine_comes_back_as_it_was_on_any_device) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(60);
  std::vector<T> numbers(data.y.begin(), data.y.end());
  SVC<T> svc({.kernel = SVMKernel::poly, .degree = 2, .coef0 = -0.5}, Device::cpu());
  svc.fit(data.x, data.y);
  NuSVC<T> nu_svc({.nu = 0.2, .break_ties = true}, Device::cpu());
  nu_svc.fit(data.x, data.y);
  SVR<T> svr({.kernel = SVMKernel::sigmoid, .gamma = 0.01}, Device::cpu());
  svr.fit(data.x, std::span<const T>(numbers));
  NuSVR<T> nu_svr({}, Device::cpu());
  nu_svr.fit(data.x, std::span<const T>(numbers));
  OneClassSVM<T> one({.nu = 0.3}, Device::cpu());
  one.fit(data.x);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto same = [&](const auto& model) {
      using Model = std::remove_cvref_t<decltype(model)>;
      const Model other = loaded<Model>(saved(model), device);
      EXPECT_EQ(saved(other), saved(model));
      EXPECT_EQ(other.device().name(), device.name());
      const auto found = other.predict(data.x);
      const auto expected = model.predict(data.x);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-3 * (1 + std::fabs(static_cast<double>(expected[i])))) << i;
      }
    };
    same(svc);
    same(nu_svc);
    same(svr);
    same(nu_svr);
    same(one);
  }
}

TYPED_TEST(Svm, damaged_files_are_refused_or_give_a_machine) {
  using T = TypeParam;
  const Three<T> data = three_classes<T>(24);
  SVC<T> model({}, Device::cpu());
  model.fit(data.x, data.y);
  const std::string bytes = saved(model);
  EXPECT_THROW(loaded<SVR<T>>(bytes), ModelFormatError);
  EXPECT_THROW(loaded<SVC<T>>(bytes.substr(0, bytes.size() / 2)), ModelFormatError);
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    try {
      const auto other = loaded<SVC<T>>(damaged);
      EXPECT_EQ(other.predict(Matrix<T>(3, other.n_features_in())).size(), 3U);
    } catch (const ModelFormatError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace forja::testing
