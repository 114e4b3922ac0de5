// Models that pass between forja and libsvm as files; and what needs libsvm beside objectives: weights of classes and
// probabilities.

#include <gtest/gtest.h>
#include <svm.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/generators.h"
#include "forja/preprocessing.h"
#include "forja/svm.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/files.h"
#include "support/libsvm_model.h"
#include "support/naive_svm.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;

/// libsvm's decisions of rows: one, or one for each pair of classes.
Matrix<double> libsvm_decisions(const svm_model& model, LibsvmRows& rows) {
  const int classes = svm_get_nr_class(&model);
  const int type = svm_get_svm_type(&model);
  const bool classifies = type == C_SVC || type == NU_SVC;
  Matrix<double> found(std::ssize(rows.rows()), classifies ? classes * (classes - 1) / 2 : 1);
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    svm_predict_values(&model, rows.rows()[static_cast<std::size_t>(i)], found.row(i).data());
  }
  return found;
}

template <class Model>
Matrix<double> decisions(const Model& model, const Matrix<double>& x) {
  if constexpr (requires { model.decision_function(x).columns(); }) {
    return model.decision_function(x);
  } else if constexpr (requires { model.decision_function(x); }) {
    return Matrix<double>(x.rows(), 1, model.decision_function(x));
  } else {
    return Matrix<double>(x.rows(), 1, model.predict(x));
  }
}

/// Kernel values and sums are rounded in another order.
void expect_close(const Matrix<double>& found, const Matrix<double>& expected, double sign) {
  ASSERT_EQ(found.rows(), expected.rows());
  ASSERT_EQ(found.columns(), expected.columns());
  double scale = 1;
  for (const double value : expected.values()) scale = std::max(scale, std::fabs(value));
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    for (std::int64_t j = 0; j < found.columns(); ++j) {
      ASSERT_NEAR(found(i, j), sign * expected(i, j), 1e-10 * scale) << i << ", " << j;
    }
  }
}

class LibsvmFiles : public ::testing::TestWithParam<SVMKernel> {
 protected:
  LibsvmFiles() {
    x_ = svm_rows<double>(60, 4, 3);
    for (std::int64_t i = 0; i < 60; i += 3) x_(i, 3) = 0;  // which files leave out
    for (std::int64_t i = 0; i < 60; ++i) {
      const double sum = x_(i, 0) + x_(i, 1) * x_(i, 2);
      two_.push_back(sum > 0 ? 4 : -1);
      // The order in which libsvm meets classes is not the ascending one.
      three_.push_back(i == 0 || sum > 0.3 ? 8 : sum < -0.2 ? 5 : 2);
      targets_.push_back(3 * sum);
    }
  }

  /// A model of forja, read by libsvm.
  template <class Model>
  void expect_libsvm_reads(const Model& model, bool two_classes = false) {
    const TemporaryFile file("");
    model.save_libsvm(file.path());
    const LibsvmModel theirs = own_libsvm_model(svm_load_model(file.path().c_str()));
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(svm_get_nr_sv(theirs.get()), std::ssize(model.support()));
    LibsvmRows rows(x_);
    // Of two classes ours are positive for the greater, theirs for the first in the file.
    expect_close(libsvm_decisions(*theirs, rows), decisions(model, x_), two_classes ? -1 : 1);
    const auto predicted = model.predict(x_);
    for (std::size_t i = 0; i < 60; ++i) {
      EXPECT_NEAR(svm_predict(theirs.get(), rows.rows()[i]), static_cast<double>(predicted[i]), 1e-10) << i;
    }
    if constexpr (requires { model.predict_proba(x_); }) {
      EXPECT_EQ(svm_check_probability_model(theirs.get()), 1);
      const Matrix<double> ours = model.predict_proba(x_);
      for (std::int64_t i = 0; i < 60; ++i) {
        std::vector<double> proba(static_cast<std::size_t>(ours.columns()));
        svm_predict_probability(theirs.get(), rows.rows()[static_cast<std::size_t>(i)], proba.data());
        // libsvm ends its iterations at 0.005 / classes.
        for (std::int64_t c = 0; c < ours.columns(); ++c) {
          ASSERT_NEAR(ours(i, c), proba[static_cast<std::size_t>(c)], 0.01) << i << ", " << c;
        }
      }
    }
  }

  /// A model of libsvm, written by it, read by forja; compared with what libsvm reads from the same file, as it writes
  /// few digits.
  template <class Model>
  void expect_forja_reads(int type, const std::vector<double>& targets, bool two_classes = false) {
    svm_parameter parameter{};
    parameter.svm_type = type;
    parameter.kernel_type = static_cast<int>(GetParam());
    parameter.degree = 2;
    parameter.gamma = 0.3;
    parameter.coef0 = 0.5;
    parameter.cache_size = 10;
    parameter.eps = 1e-3;
    parameter.C = 2;
    parameter.nu = 0.3;
    parameter.p = 0.1;
    parameter.probability = type == C_SVC || type == NU_SVC ? 1 : 0;
    LibsvmRows rows(x_);
    const LibsvmModel trained = train_libsvm(rows, targets, parameter);
    const TemporaryFile file("");
    ASSERT_EQ(svm_save_model(file.path().c_str(), trained.get()), 0);
    const LibsvmModel theirs = own_libsvm_model(svm_load_model(file.path().c_str()));
    const Matrix<double> expected = libsvm_decisions(*theirs, rows);
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      Model model = Model::load_libsvm(file.path(), 4, device);
      if constexpr (requires { model.classes(); }) {
        model.set_params({{"decision_function_shape", std::string("ovo")}});
        EXPECT_TRUE(model.options().probability);
        if (!two_classes) {
          // Classes are 8, 2, 5 in libsvm's order of first occurrence or 8, 5, 2: pairs by labels.
          expect_same_pairs(model, *theirs, rows, expected);
          continue;
        }
        expect_close(decisions(model, x_), expected, theirs->label[0] == 4 ? 1 : -1);
      } else {
        expect_close(decisions(model, x_), expected, 1);
      }
      const auto predicted = model.predict(x_);
      for (std::size_t i = 0; i < 60; ++i) {
        EXPECT_NEAR(static_cast<double>(predicted[i]), svm_predict(theirs.get(), rows.rows()[i]), 1e-10) << i;
      }
    }
  }

  template <class Model>
  void expect_same_pairs(const Model& model, const svm_model& theirs, LibsvmRows& rows,
                         const Matrix<double>& expected) {
    const Matrix<double> found = decisions(model, x_);
    const Matrix<double> proba = model.predict_proba(x_);
    const auto place = [&](int label) {
      return std::lower_bound(model.classes().begin(), model.classes().end(), label) - model.classes().begin();
    };
    std::int64_t pair = 0;
    for (int a = 0; a < 3; ++a) {
      for (int b = a + 1; b < 3; ++b, ++pair) {
        const auto first = place(theirs.label[a]);
        const auto second = place(theirs.label[b]);
        const std::int64_t own = std::min(first, second) + std::max(first, second) - 1;  // (0, 1), (0, 2), (1, 2)
        for (std::int64_t i = 0; i < 60; ++i) {
          ASSERT_NEAR(found(i, own), (first < second ? 1 : -1) * expected(i, pair), 1e-10) << i << ", " << pair;
        }
      }
    }
    for (std::int64_t i = 0; i < 60; ++i) {
      double theirs_of_row[3];
      svm_predict_probability(&theirs, rows.rows()[static_cast<std::size_t>(i)], theirs_of_row);
      for (int c = 0; c < 3; ++c) ASSERT_NEAR(proba(i, place(theirs.label[c])), theirs_of_row[c], 0.01) << i;
    }
  }

  Matrix<double> x_;
  Labels two_;
  Labels three_;
  std::vector<double> targets_;
};

TEST_P(LibsvmFiles, of_forja_are_read_by_libsvm) {
  const SVMKernel kernel = GetParam();
  const Device cpu = Device::cpu();
  SVC<double> svc({.kernel = kernel, .degree = 2, .gamma = 0.3, .coef0 = 0.5, .probability = true}, cpu);
  expect_libsvm_reads(svc.fit(x_, two_), true);
  SVC<double> pairs({.kernel = kernel,
                     .degree = 2,
                     .gamma = 0.3,
                     .coef0 = 0.5,
                     .decision_function_shape = DecisionShape::ovo,
                     .probability = true},
                    cpu);
  expect_libsvm_reads(pairs.fit(x_, three_));
  if (kernel != SVMKernel::sigmoid) {
    NuSVC<double> nu_svc({.nu = 0.2,
                          .kernel = kernel,
                          .degree = 2,
                          .gamma = 0.3,
                          .coef0 = 0.5,
                          .decision_function_shape = DecisionShape::ovo,
                          .probability = true},
                         cpu);
    expect_libsvm_reads(nu_svc.fit(x_, three_));
  }
  SVR<double> svr({.kernel = kernel, .degree = 2, .gamma = 0.3, .coef0 = 0.5}, cpu);
  expect_libsvm_reads(svr.fit(x_, std::span<const double>(targets_)));
  NuSVR<double> nu_svr({.kernel = kernel, .degree = 2, .gamma = 0.3, .coef0 = 0.5}, cpu);
  expect_libsvm_reads(nu_svr.fit(x_, std::span<const double>(targets_)));
  OneClassSVM<double> one({.nu = 0.2, .kernel = kernel, .degree = 2, .gamma = 0.3, .coef0 = 0.5}, cpu);
  expect_libsvm_reads(one.fit(x_));
}

TEST_P(LibsvmFiles, of_libsvm_are_read_by_forja) {
  const std::vector<double> two(two_.begin(), two_.end());
  const std::vector<double> three(three_.begin(), three_.end());
  expect_forja_reads<SVC<double>>(C_SVC, two, true);
  expect_forja_reads<SVC<double>>(C_SVC, three);
  if (GetParam() != SVMKernel::sigmoid) expect_forja_reads<NuSVC<double>>(NU_SVC, three);
  expect_forja_reads<SVR<double>>(EPSILON_SVR, targets_);
  expect_forja_reads<NuSVR<double>>(NU_SVR, targets_);
  expect_forja_reads<OneClassSVM<double>>(ONE_CLASS, targets_);
}

INSTANTIATE_TEST_SUITE_P(Kernels, LibsvmFiles,
                         ::testing::Values(SVMKernel::linear, SVMKernel::poly, SVMKernel::rbf, SVMKernel::sigmoid));

TEST(LibsvmFilesOfGivenKernels, pass_both_ways) {
  const Matrix<double> x = svm_rows<double>(40, 3, 4);
  Labels y;
  for (std::int64_t i = 0; i < 40; ++i) y.push_back(x(i, 0) > x(i, 1) * x(i, 2) ? 1 : 0);
  const Matrix<double> kernel = rbf_kernel<double>(x, x, 0.7, Device::cpu());
  SVC<double> model({.kernel = SVMKernel::precomputed}, Device::cpu());
  model.fit(kernel, y);
  const TemporaryFile file("");
  model.save_libsvm(file.path());
  const LibsvmModel theirs = own_libsvm_model(svm_load_model(file.path().c_str()));
  ASSERT_NE(theirs, nullptr);
  const Matrix<double> ours = model.decision_function(kernel);
  for (std::int64_t i = 0; i < 40; ++i) {
    std::vector<svm_node> row{{0, 1}};  // the serial number, then the kernel with each row of fit
    for (std::int64_t j = 0; j < 40; ++j) row.push_back({static_cast<int>(j + 1), kernel(i, j)});
    row.push_back({-1, 0});
    double decision = 0;
    svm_predict_values(theirs.get(), row.data(), &decision);
    ASSERT_NEAR(decision, -ours(i, 0), 1e-10) << i;
  }
  ASSERT_EQ(svm_save_model(file.path().c_str(), theirs.get()), 0);
  const auto again = SVC<double>::load_libsvm(file.path(), 40, Device::cpu());
  EXPECT_EQ(again.support(), model.support());
  const Matrix<double> read = again.decision_function(kernel);
  for (std::int64_t i = 0; i < 40; ++i) ASSERT_NEAR(read(i, 0), ours(i, 0), 1e-10) << i;
}

/// Columns of mean 0 and variance 1.
struct Scaled {
  explicit Scaled(const std::string& name) {
    const auto table = read_csv<double>(book_csv(name), {.target = "target"});
    x = StandardScaler<double>().fit_transform(table.x);
    for (const double target : table.target) y.push_back(static_cast<std::int32_t>(target));
  }
  Matrix<double> x;
  Labels y;
};

svm_parameter rbf_parameter(double gamma) {
  svm_parameter parameter{};
  parameter.svm_type = C_SVC;
  parameter.kernel_type = RBF;
  parameter.gamma = gamma;
  parameter.cache_size = 10;
  parameter.eps = 1e-3;
  parameter.C = 1;
  return parameter;
}

TEST(AgainstLibsvmToo, weights_of_classes_are_the_same) {
  const Scaled data("wine");
  int labels[] = {0, 1, 2};
  double weights[] = {1, 0.2, 3};
  svm_parameter parameter = rbf_parameter(0.05);
  parameter.eps = 1e-6;
  parameter.nr_weight = 3;
  parameter.weight_label = labels;
  parameter.weight = weights;
  LibsvmRows rows(data.x);
  const LibsvmModel theirs = train_libsvm(rows, {data.y.begin(), data.y.end()}, parameter);
  SVC<double> model({.gamma = 0.05,
                     .tol = 1e-6,
                     .class_weights = {{1, 0.2}, {2, 3.0}},
                     .decision_function_shape = DecisionShape::ovo},
                    Device::cpu());
  model.fit(data.x, data.y);
  const Matrix<double> expected = libsvm_decisions(*theirs, rows);
  const Matrix<double> found = model.decision_function(data.x);
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    for (std::int64_t p = 0; p < 3; ++p) ASSERT_NEAR(found(i, p), expected(i, p), 1e-4) << i << ", " << p;
  }
}

TEST(AgainstLibsvmToo, probabilities_differ_by_the_folds_alone) {
  for (const char* name : {"breast_cancer", "wine"}) {
    SCOPED_TRACE(name);
    const Scaled data(name);
    svm_parameter parameter = rbf_parameter(0.05);
    parameter.probability = 1;
    LibsvmRows rows(data.x);
    const LibsvmModel theirs = train_libsvm(rows, {data.y.begin(), data.y.end()}, parameter);
    SVC<double> model({.gamma = 0.05, .probability = true}, Device::cpu());
    model.fit(data.x, data.y);
    const Matrix<double> found = model.predict_proba(data.x);
    double sum = 0;
    for (std::int64_t i = 0; i < found.rows(); ++i) {
      std::vector<double> proba(static_cast<std::size_t>(found.columns()));
      svm_predict_probability(theirs.get(), rows.rows()[static_cast<std::size_t>(i)], proba.data());
      for (std::int64_t c = 0; c < found.columns(); ++c) {
        const auto own = static_cast<std::size_t>(
            std::find(theirs->label, theirs->label + found.columns(), static_cast<int>(c)) - theirs->label);
        const double difference = std::fabs(found(i, c) - proba[own]);
        EXPECT_LT(difference, 0.15) << i << ", " << c;
        sum += difference;
      }
    }
    EXPECT_LT(sum / static_cast<double>(found.values().size()), 0.01);
  }
}

}  // namespace
}  // namespace forja::testing
