// LogisticRegression with penalties that make coefficients zero, and with weights of classes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "forja/generators.h"
#include "forja/logistic_regression.h"
#include "support/devices.h"
#include "support/logistic_reference.h"
#include "support/storage_types.h"

namespace {

using forja::Device;
using forja::LogisticPenalty;
using forja::LogisticRegression;
using forja::Matrix;
using forja::testing::devices_under_test;
using Labels = std::vector<std::int32_t>;

template <class T>
auto classification(std::int64_t classes, std::int64_t n = 300) {
  return forja::make_classification<T>({.n_samples = n,
                                        .n_features = 10,
                                        .n_informative = 4,
                                        .n_redundant = 0,
                                        .n_classes = classes,
                                        .n_clusters_per_class = 1,
                                        .flip_y = 0.1,
                                        .seed = 5});
}

template <class T>
Matrix<double> theta_of(const LogisticRegression<T>& model) {
  const std::int64_t d = model.coef().columns();
  Matrix<double> theta(model.coef().rows(), d + 1);
  for (std::int64_t c = 0; c < theta.rows(); ++c) {
    for (std::int64_t j = 0; j < d; ++j) theta(c, j) = static_cast<double>(model.coef()(c, j));
    theta(c, d) = static_cast<double>(model.intercept()[static_cast<std::size_t>(c)]);
  }
  return theta;
}

template <class T>
class SparseLogistic : public ::testing::Test {};
TYPED_TEST_SUITE(SparseLogistic, forja::testing::StorageTypes, forja::testing::StorageName);

TYPED_TEST(SparseLogistic, the_naive_subgradient_vanishes_and_zeros_are_exact) {
  using T = TypeParam;
  for (const std::int64_t classes : {2, 3}) {
    const auto data = classification<T>(classes);
    for (const auto& [penalty, share] : {std::pair{LogisticPenalty::l1, 1.0}, {LogisticPenalty::elasticnet, 0.6}}) {
      for (const Device& device : devices_under_test()) {
        SCOPED_TRACE(device.name() + ", classes " + std::to_string(classes) + ", share " + std::to_string(share));
        LogisticRegression<T> model({.penalty = penalty, .l1_ratio = 0.6, .C = 0.05, .tol = 1e-5, .max_iter = 500},
                                    device);
        model.fit(data.x, data.labels);
        EXPECT_TRUE(model.converged());
        const Matrix<double> theta = theta_of(model);
        const auto naive = forja::testing::naive_logistic<T>(data.x, data.labels, {}, theta);
        const double alpha = 1 / (0.05 * static_cast<double>(data.x.rows()));
        double value = naive.loss;
        std::int64_t zeros = 0;
        for (std::int64_t c = 0; c < theta.rows(); ++c) {
          for (std::int64_t j = 0; j < 10; ++j) {
            const double w = theta(c, j);
            const double slope = naive.gradient(c, j) + alpha * (1 - share) * w;
            const double left = w == 0 ? std::max(std::fabs(slope) - alpha * share, 0.0)
                                       : std::fabs(slope + std::copysign(alpha * share, w));
            // Columns are up to eight times as large as they are scaled to be.
            EXPECT_LE(left, 8e-5) << c << ", " << j;
            value += alpha * (share * std::fabs(w) + 0.5 * (1 - share) * w * w);
            zeros += w == 0 ? 1 : 0;
          }
          EXPECT_LE(std::fabs(naive.gradient(c, 10)), 2e-5);
        }
        EXPECT_NEAR(model.loss(), value, 1e-5 * value);
        EXPECT_GE(zeros, 3 * theta.rows());
        EXPECT_LT(zeros, 10 * theta.rows());
        EXPECT_GT(model.score(data.x, data.labels), 0.7);
      }
    }
  }
}

TYPED_TEST(SparseLogistic, the_ends_of_an_elastic_net_are_l2_and_l1) {
  using T = TypeParam;
  const auto data = classification<T>(2, 120);
  for (const Device& device : devices_under_test()) {
    for (const auto& [penalty, share] : {std::pair{LogisticPenalty::l2, 0.0}, {LogisticPenalty::l1, 1.0}}) {
      LogisticRegression<T> model({.penalty = penalty, .C = 0.3}, device);
      model.fit(data.x, data.labels);
      LogisticRegression<T> net({.penalty = LogisticPenalty::elasticnet, .l1_ratio = share, .C = 0.3}, device);
      net.fit(data.x, data.labels);
      EXPECT_EQ(net.coef(), model.coef()) << device.name() << ", share " << share;
      EXPECT_EQ(net.loss(), model.loss());
    }
  }
}

TYPED_TEST(SparseLogistic, class_weights_are_weights_of_rows_and_files_keep_them) {
  using T = TypeParam;
  auto data = classification<T>(3, 120);
  // Twice as many rows of class 0 as of the others, or nearly.
  std::vector<double> count(3);
  for (const std::int32_t label : data.labels) count[static_cast<std::size_t>(label)] += 1;
  std::vector<T> by_hand;
  std::vector<T> even;
  for (const std::int32_t label : data.labels) {
    by_hand.push_back(label == 1 ? T(3) : T(1));
    even.push_back(static_cast<T>(120 / (3 * count[static_cast<std::size_t>(label)])));
  }
  for (const Device& device : devices_under_test()) {
    LogisticRegression<T> by_rows({}, device);
    by_rows.fit(data.x, data.labels, by_hand);
    LogisticRegression<T> by_classes({.class_weights = {{1, 3.0}}}, device);
    by_classes.fit(data.x, data.labels);
    EXPECT_EQ(by_classes.coef(), by_rows.coef()) << device.name();
    std::stringstream file;
    by_classes.save(file);
    const auto loaded = LogisticRegression<T>::load(file, device);
    EXPECT_EQ(loaded.options().class_weights, by_classes.options().class_weights);
    LogisticRegression<T> balanced({.class_weight = forja::ClassWeight::balanced}, device);
    balanced.fit(data.x, data.labels);
    LogisticRegression<T> balanced_by_rows({}, device);
    balanced_by_rows.fit(data.x, data.labels, even);
    EXPECT_EQ(balanced.coef(), balanced_by_rows.coef());
  }
}

}  // namespace
