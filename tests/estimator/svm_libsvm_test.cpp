// The same problems solved by libsvm: objectives, support vectors and predictions agree.

#include <gtest/gtest.h>
#include <svm.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "forja/data.h"
#include "forja/generators.h"
#include "forja/preprocessing.h"
#include "forja/svm.h"
#include "support/data.h"
#include "support/devices.h"
#include "support/libsvm_model.h"
#include "support/naive_svm.h"

namespace forja::testing {
namespace {

using Labels = std::vector<std::int32_t>;

constexpr double kTol = 1e-3;
constexpr double kCloser = 1e-6;

struct Kernel {
  SVMKernel kind;
  double gamma;
  double coef0;
  std::int64_t degree;
};

constexpr Kernel kKernels[] = {{SVMKernel::linear, 1, 0, 3},
                               {SVMKernel::poly, 0.05, 1, 3},
                               {SVMKernel::rbf, 0.05, 0, 3},
                               {SVMKernel::sigmoid, 0.01, 0.1, 3}};

/// What both sides make of a problem: multipliers of the rows, a line for each of (classes - 1), and decisions' labels
/// or values.
struct Machine {
  Matrix<double> multipliers;  ///< by row of x, zero where it supports nothing
  std::int64_t support = 0;
  std::vector<double> predictions;
  std::vector<double> margins;  ///< of forja, for one or two classes: how far predictions are from a tie
};

Matrix<double> by_row(std::int64_t rows, const std::vector<std::int64_t>& support, const Matrix<double>& dual) {
  Matrix<double> found(dual.rows(), rows);
  for (std::int64_t r = 0; r < dual.rows(); ++r) {
    for (std::size_t v = 0; v < support.size(); ++v) found(r, support[v]) = dual(r, static_cast<std::int64_t>(v));
  }
  return found;
}

/// libsvm's answer. x is dense; targets in the order of first occurrence ascend.
Machine by_libsvm(int type, const Kernel& kernel, const Matrix<double>& x, const std::vector<double>& y, double C,
                  double nu, double epsilon, double tol) {
  LibsvmRows rows(x);
  svm_parameter parameter{};
  parameter.svm_type = type;
  parameter.kernel_type = static_cast<int>(kernel.kind);
  parameter.degree = static_cast<int>(kernel.degree);
  parameter.gamma = kernel.gamma;
  parameter.coef0 = kernel.coef0;
  parameter.cache_size = 100;
  parameter.eps = tol;
  parameter.C = C;
  parameter.nu = nu;
  parameter.p = epsilon;
  parameter.shrinking = 1;
  const LibsvmModel model = train_libsvm(rows, y, parameter);
  Machine found;
  found.support = model->l;
  found.multipliers = Matrix<double>(model->nr_class - 1, x.rows());
  for (int r = 0; r < model->nr_class - 1; ++r) {
    for (int v = 0; v < model->l; ++v) found.multipliers(r, model->sv_indices[v] - 1) = model->sv_coef[r][v];
  }
  for (svm_node* row : rows.rows()) found.predictions.push_back(svm_predict(model.get(), row));
  return found;
}

template <class Model>
Machine of(const Model& model, const Matrix<double>& x) {
  const auto predictions = model.predict(x);
  Machine found{by_row(x.rows(), model.support(), model.dual_coef()),
                std::ssize(model.support()),
                {predictions.begin(), predictions.end()},
                {}};
  if constexpr (requires { model.decision_function(x).values(); }) {
    const Matrix<double> decisions = model.decision_function(x);
    if (decisions.columns() == 1) found.margins.assign(decisions.values().begin(), decisions.values().end());
  } else if constexpr (requires { model.decision_function(x); }) {
    found.margins = model.decision_function(x);
  }
  return found;
}

/// Problems of many rows or many steps run on the CPU alone: the emulated device would take minutes for them.
const std::vector<Device>& devices_for(const Matrix<double>& x, bool many_steps = false) {
  constexpr std::int64_t kFew = 250;
  static const std::vector<Device> cpu{Device::cpu()};
  return x.rows() > kFew || many_steps ? cpu : devices_under_test();
}

/// 1/2 b'K b + q'b + epsilon |b|_1 of each pair of classes, summed; q is given for one machine, else -1 for each unit
/// of |b|.
double objective(const Matrix<double>& kernel, const Machine& machine, const Labels& labels,
                 const std::vector<double>& linear, double epsilon) {
  const std::int64_t n = kernel.rows();
  const std::int64_t classes = machine.multipliers.rows() + 1;
  double sum = 0;
  for (std::int64_t a = 0; a < classes; ++a) {
    for (std::int64_t c = a + 1; c < classes; ++c) {
      std::vector<double> b(static_cast<std::size_t>(n));
      for (std::int64_t i = 0; i < n; ++i) {
        const auto row = static_cast<std::size_t>(i);
        if (labels.empty() || classes == 2 || labels[row] == a)
          b[row] = machine.multipliers(classes == 2 ? 0 : c - 1, i);
        if (!labels.empty() && classes > 2 && labels[row] == c) b[row] = machine.multipliers(a, i);
      }
      for (std::size_t i = 0; i < b.size(); ++i) {
        if (b[i] == 0) continue;
        for (std::size_t j = 0; j < b.size(); ++j) {
          sum += 0.5 * b[i] * b[j] * kernel(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
        }
        sum += (linear.empty() ? 0 : linear[i] * b[i]) + epsilon * std::fabs(b[i]);
      }
    }
  }
  return sum;
}

struct Case {
  std::string name;
  Matrix<double> x;
  Labels labels;
  std::vector<double> targets;
};

/// Columns of mean 0 and variance 1 (pixels that are always the same: 0), the first rows.
Case case_of(const std::string& name, std::int64_t rows) {
  const auto table = read_csv<double>(book_csv(name), {.target = "target"});
  const std::int64_t count = std::min(rows, table.x.rows());
  const Matrix<double> x = StandardScaler<double>().fit_transform(table.x.view().middle_rows(0, count));
  std::vector<double> targets(table.target.begin(), table.target.begin() + count);
  Labels labels;
  for (const double target : targets) labels.push_back(static_cast<std::int32_t>(target));
  return {name, x, labels, targets};
}

Case random_case(std::int64_t rows) {
  const auto data = make_classification<double>(
      {.n_samples = rows, .n_features = 8, .n_informative = 4, .n_redundant = 2, .flip_y = 0.1, .seed = 5});
  Case found{"random", data.x, data.labels, {}};
  // libsvm counts classes in the order in which they come.
  if (found.labels[0] == 1) {
    for (std::int32_t& label : found.labels) label = 1 - label;
  }
  for (std::int64_t i = 0; i < data.x.rows(); ++i)
    found.targets.push_back(20 * data.x(i, 0) + data.x(i, 1) * data.x(i, 2));
  return found;
}

std::vector<double> as_numbers(const Labels& labels) { return {labels.begin(), labels.end()}; }

/// ours: at the tolerance libsvm was given, and at a much smaller one.
void expect_same(const Matrix<double>& kernel, const Machine& theirs, const Machine& ours, const Machine& closer,
                 const Labels& labels, const std::vector<double>& linear, double epsilon) {
  const double reference = objective(kernel, theirs, labels, linear, epsilon);
  const double found = objective(kernel, ours, labels, linear, epsilon);
  // Where the objective itself is 0 but for rounding, tol bounds what is left to gain.
  EXPECT_NEAR(found, reference, 1e-3 * std::fabs(reference) + 1e-6);
  // Better, or the same but for what rounding leaves of sums.
  EXPECT_LE(objective(kernel, closer, labels, linear, epsilon), reference + 1e-9 * (1 + std::fabs(reference)));
  EXPECT_NEAR(static_cast<double>(ours.support), static_cast<double>(theirs.support),
              std::max(1.0, 0.02 * static_cast<double>(theirs.support)));
}

/// Labels differ only where decisions are ties to within what tol leaves open; of several classes, where margins are
/// those of pairs, on one row in a hundred at most.
void expect_same_labels(const Machine& theirs, const Machine& ours) {
  double widest = 0;
  for (const double margin : ours.margins) widest = std::max(widest, std::fabs(margin));
  std::int64_t different = 0;
  for (std::size_t i = 0; i < ours.predictions.size(); ++i) {
    const bool tied = !ours.margins.empty() && std::fabs(ours.margins[i]) < 5 * kTol * std::max(1.0, widest);
    different += !tied && ours.predictions[i] != theirs.predictions[i];
  }
  EXPECT_LE(different, ours.margins.empty() ? std::ssize(ours.predictions) / 100 : 0);
}

void expect_close_values(const Machine& theirs, const Machine& ours) {
  double scale = 0;
  for (const double value : theirs.predictions) scale = std::max(scale, std::fabs(value));
  for (std::size_t i = 0; i < ours.predictions.size(); ++i) {
    ASSERT_NEAR(ours.predictions[i], theirs.predictions[i], 0.01 * scale) << i;
  }
}

class AgainstLibsvm : public ::testing::TestWithParam<int> {
 protected:
  static formulas::KernelFunction<double> function(const Kernel& kernel) {
    return {static_cast<formulas::KernelKind>(kernel.kind), kernel.gamma, kernel.coef0,
            static_cast<std::int32_t>(kernel.degree)};
  }
  const Kernel kernel_ = kKernels[GetParam()];
};

TEST_P(AgainstLibsvm, classifiers_agree) {
  for (const Case& data :
       {case_of("breast_cancer", 569), case_of("wine", 178), case_of("digits", 300), random_case(200)}) {
    const Matrix<double> values = naive_kernel_matrix(function(kernel_), data.x, data.x);
    const std::vector<double> y = as_numbers(data.labels);
    const Machine by_c = by_libsvm(C_SVC, kernel_, data.x, y, 1, 0, 0, kTol);
    const Machine by_nu = by_libsvm(NU_SVC, kernel_, data.x, y, 1, 0.5, 0, kTol);
    for (const Device& device : devices_for(data.x)) {
      SCOPED_TRACE(data.name + ", " + device.name());
      const auto svc = [&](double tol) {
        SVC<double> model({.kernel = kernel_.kind,
                           .degree = kernel_.degree,
                           .gamma = kernel_.gamma,
                           .coef0 = kernel_.coef0,
                           .tol = tol},
                          device);
        model.fit(data.x, data.labels);
        EXPECT_TRUE(model.converged());
        return of(model, data.x);
      };
      const Machine own = svc(kTol);
      expect_same(values, by_c, own, svc(kCloser), data.labels, {}, -1);
      expect_same_labels(by_c, own);
      if (kernel_.kind == SVMKernel::sigmoid) continue;  // not positive definite: there may be no margin
      const auto nu_svc = [&](double tol) {
        NuSVC<double> model({.nu = 0.5,
                             .kernel = kernel_.kind,
                             .degree = kernel_.degree,
                             .gamma = kernel_.gamma,
                             .coef0 = kernel_.coef0,
                             .tol = tol},
                            device);
        model.fit(data.x, data.labels);
        EXPECT_TRUE(model.converged());
        return of(model, data.x);
      };
      expect_same_labels(by_nu, nu_svc(kTol));
    }
  }
}

TEST_P(AgainstLibsvm, regressors_agree) {
  for (Case data : {case_of("diabetes", 442), random_case(60)}) {
    for (double& target : data.targets) target /= 20;
    const Matrix<double> values = naive_kernel_matrix(function(kernel_), data.x, data.x);
    std::vector<double> linear;
    for (const double target : data.targets) linear.push_back(-target);
    const Machine by_c = by_libsvm(EPSILON_SVR, kernel_, data.x, data.targets, 1, 0, 0.5, kTol);
    const Machine by_nu = by_libsvm(NU_SVR, kernel_, data.x, data.targets, 1, 0.4, 0, kTol);
    for (const Device& device :
         devices_for(data.x, kernel_.kind == SVMKernel::linear || kernel_.kind == SVMKernel::poly)) {
      SCOPED_TRACE(data.name + ", " + device.name());
      const auto svr = [&](double tol) {
        SVR<double> model({.C = 1,
                           .epsilon = 0.5,
                           .kernel = kernel_.kind,
                           .degree = kernel_.degree,
                           .gamma = kernel_.gamma,
                           .coef0 = kernel_.coef0,
                           .tol = tol},
                          device);
        model.fit(data.x, std::span<const double>(data.targets));
        EXPECT_TRUE(model.converged());
        return of(model, data.x);
      };
      const Machine own = svr(kTol);
      expect_same(values, by_c, own, svr(kCloser), {}, linear, 0.5);
      expect_close_values(by_c, own);
      const auto nu_svr = [&](double tol) {
        NuSVR<double> model({.nu = 0.4,
                             .C = 1,
                             .kernel = kernel_.kind,
                             .degree = kernel_.degree,
                             .gamma = kernel_.gamma,
                             .coef0 = kernel_.coef0,
                             .tol = tol},
                            device);
        model.fit(data.x, std::span<const double>(data.targets));
        EXPECT_TRUE(model.converged());
        return of(model, data.x);
      };
      const Machine by_own_nu = nu_svr(kTol);
      expect_same(values, by_nu, by_own_nu, nu_svr(kCloser), {}, linear, 0);
      expect_close_values(by_nu, by_own_nu);
    }
  }
}

TEST_P(AgainstLibsvm, one_class_machines_agree) {
  const Case data = case_of("wine", 178);
  const Matrix<double> values = naive_kernel_matrix(function(kernel_), data.x, data.x);
  const Machine theirs = by_libsvm(ONE_CLASS, kernel_, data.x, data.targets, 1, 0.2, 0, kTol);
  for (const Device& device : devices_for(data.x)) {
    SCOPED_TRACE(device.name());
    const auto one_class = [&](double tol) {
      OneClassSVM<double> model({.nu = 0.2,
                                 .kernel = kernel_.kind,
                                 .degree = kernel_.degree,
                                 .gamma = kernel_.gamma,
                                 .coef0 = kernel_.coef0,
                                 .tol = tol},
                                device);
      model.fit(data.x);
      EXPECT_TRUE(model.converged());
      return of(model, data.x);
    };
    const Machine own = one_class(kTol);
    expect_same(values, theirs, own, one_class(kCloser), {}, {}, 0);
    expect_same_labels(theirs, own);
  }
}

constexpr const char* kNames[] = {"linear", "poly", "rbf", "sigmoid"};
INSTANTIATE_TEST_SUITE_P(Kernels, AgainstLibsvm, ::testing::Range(0, 4),
                         [](const auto& which) { return std::string(kNames[which.param]); });

}  // namespace
}  // namespace forja::testing
