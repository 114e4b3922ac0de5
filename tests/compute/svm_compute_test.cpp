// The contract of kernel machines at the seam, against kernels and optimality by definition in double.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "compute/backend.h"
#include "support/devices.h"
#include "support/naive_svm.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using compute::SvmPlan;
using compute::SvmProblem;
using compute::SvmState;
using formulas::KernelFunction;
using formulas::KernelKind;

constexpr std::int64_t kLargeCache = std::int64_t{1} << 26;
constexpr double kTol = 1e-3;

template <class T>
double unit() {
  return static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// Two classes of rows, told apart by a bent line with some on the wrong side.
template <class T>
SvmProblem class_problem(const Matrix<T>& x, double C, std::int64_t first = 0, std::int64_t step = 1) {
  SvmProblem problem;
  for (std::int64_t i = first; i < x.rows(); i += step) {
    const double bent = static_cast<double>(x(i, 0)) * static_cast<double>(x(i, x.columns() - 1));
    const double y = bent + 0.3 * (uniform(77, i) - 0.5) > 0 ? 1 : -1;
    const double most = C * (1 + uniform(78, i));
    problem.rows.push_back(i);
    problem.linear.push_back(-y);
    problem.lower.push_back(y > 0 ? 0 : -most);
    problem.upper.push_back(y > 0 ? most : 0);
  }
  return problem;
}

/// Numbers within a tube.
template <class T>
SvmProblem tube_problem(const Matrix<T>& x, double C, double epsilon) {
  SvmProblem problem;
  problem.epsilon = epsilon;
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    problem.rows.push_back(i);
    problem.linear.push_back(-std::sin(3 * static_cast<double>(x(i, 0))) - 0.2 * uniform(79, i));
    problem.lower.push_back(-C);
    problem.upper.push_back(C);
  }
  return problem;
}

/// Two groups of sums above 0 over the same rows.
template <class T>
SvmProblem two_groups(const Matrix<T>& x, double C) {
  const SvmProblem one = tube_problem(x, C, 0);
  SvmProblem problem;
  problem.first_group = x.rows();
  for (const double sign : {1.0, -1.0}) {
    double sum = 0.3 * C * static_cast<double>(x.rows());
    for (std::int64_t i = 0; i < x.rows(); ++i) {
      const double start = std::min(sum, C);
      sum -= start;
      problem.rows.push_back(i);
      problem.linear.push_back(one.linear[static_cast<std::size_t>(i)]);
      problem.lower.push_back(sign > 0 ? 0 : -C);
      problem.upper.push_back(sign > 0 ? C : 0);
      problem.start.push_back(sign * start);
    }
  }
  return problem;
}

template <class T>
std::unique_ptr<compute::SvmCompute<T>> on(const Device& device, const Matrix<T>& x, const KernelFunction<T>& kernel,
                                           const SvmPlan& plan) {
  return device.backend().families<T>().make_svm({device.index(), device.threads()}, Rows<T>(x), kernel, plan);
}

std::vector<std::int64_t> all_of(std::size_t count) {
  std::vector<std::int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return numbers;
}

/// Runs until all problems are over, or no more happens.
template <class T>
std::vector<SvmState> solve(compute::SvmCompute<T>& seam, const std::vector<SvmProblem>& problems) {
  constexpr int kMostRounds = 2000;
  seam.set_problems(problems);
  std::vector<std::int64_t> open = all_of(problems.size());
  std::vector<SvmState> ends(problems.size());
  for (int round = 0; round < kMostRounds && !open.empty(); ++round) {
    const std::vector<SvmState> states = seam.run(open, std::vector<std::int64_t>(open.size(), 100'000));
    std::vector<std::int64_t> left;
    for (std::size_t k = 0; k < open.size(); ++k) {
      SvmState& end = ends[static_cast<std::size_t>(open[k])];
      end = {states[k].violation, end.steps + states[k].steps};
      if (states[k].violation > kTol && states[k].steps > 0) left.push_back(open[k]);
    }
    open = left;
  }
  EXPECT_TRUE(open.empty());
  return ends;
}

/// A solution keeps its bounds and sums, and its gradient and violation are what they are called. Kernel values are
/// wrong by some units, and so is each product of theirs with b.
template <class T>
void expect_solved(const SvmProblem& problem, const Matrix<double>& kernel, const compute::SvmSolution& found,
                   double violation) {
  const std::vector<double> gradient = naive_gradient(problem, kernel, found.b);
  double scale = 0;
  for (const double b : found.b) scale += std::fabs(b);
  const double largest = std::fabs(*std::max_element(kernel.values().begin(), kernel.values().end(),
                                                     [](double a, double b) { return std::fabs(a) < std::fabs(b); }));
  const double slack = 64 * unit<T>() * (1 + largest) * (1 + scale);
  double sums[2] = {0, 0};
  for (std::size_t v = 0; v < found.b.size(); ++v) {
    ASSERT_GE(found.b[v], problem.lower[v]) << v;
    ASSERT_LE(found.b[v], problem.upper[v]) << v;
    ASSERT_NEAR(found.gradient[v], gradient[v], slack) << v;
    const bool second = problem.first_group > 0 && v >= static_cast<std::size_t>(problem.first_group);
    sums[second ? 1 : 0] += found.b[v] - (problem.start.empty() ? 0 : problem.start[v]);
  }
  for (const double sum : sums) EXPECT_NEAR(sum, 0, 1e-12 * (1 + scale));
  EXPECT_LE(violation, kTol);
  EXPECT_NEAR(violation, naive_violation(problem, found.gradient, found.b), 1e-12 * (1 + scale));
  EXPECT_LE(naive_violation(problem, gradient, found.b), kTol + 2 * slack);
}

/// Solves it on every device, with room for kernel values and without; all end at the same objective.
template <class T>
void expect_solutions(const SvmProblem& problem, const Matrix<T>& x, const KernelFunction<T>& kernel,
                      const std::vector<std::int64_t>& caches = {kLargeCache, 0},
                      const std::vector<Device>& devices = devices_under_test()) {
  const Matrix<double> values = naive_kernel_matrix(kernel, x, x);
  double reach = 0;
  for (std::size_t v = 0; v < problem.rows.size(); ++v) reach += problem.upper[v] - problem.lower[v];
  std::vector<double> objectives;
  for (const Device& device : devices) {
    for (const std::int64_t cache : caches) {
      SCOPED_TRACE(device.name() + ", cache " + std::to_string(cache));
      const auto seam = on(device, x, kernel, {kTol, cache});
      const std::vector<SvmState> ends = solve(*seam, {problem});
      const compute::SvmSolution found = seam->solution(0);
      expect_solved<T>(problem, values, found, ends[0].violation);
      const std::vector<std::int64_t> one{0};
      const SvmState anew = seam->refresh(one)[0];
      const compute::SvmSolution again = seam->solution(0);
      EXPECT_EQ(again.b, found.b);
      for (std::size_t v = 0; v < found.b.size(); ++v) {
        ASSERT_NEAR(again.gradient[v], found.gradient[v], 64 * unit<T>() * (1 + reach)) << v;
      }
      EXPECT_NEAR(anew.violation, naive_violation(problem, again.gradient, again.b), 1e-12);
      objectives.push_back(naive_objective(problem, values, found.b));
    }
  }
  // A violation of tol bounds what is left to gain: each unit that b could still move gains tol at most.
  for (const double objective : objectives) EXPECT_NEAR(objective, objectives[0], 2 * kTol * reach);
}

template <class T>
class SvmSeam : public ::testing::Test {};
TYPED_TEST_SUITE(SvmSeam, StorageTypes, StorageName);

TYPED_TEST(SvmSeam, every_kernel_comes_to_the_optimum_of_every_problem) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(40, 5, 3);
  for (const KernelFunction<T>& kernel :
       {KernelFunction<T>{KernelKind::linear}, KernelFunction<T>{KernelKind::poly, T(0.5), T(1), 3},
        KernelFunction<T>{KernelKind::rbf, T(0.7)}, KernelFunction<T>{KernelKind::sigmoid, T(0.1), T(0.2)}}) {
    SCOPED_TRACE("kernel " + std::to_string(static_cast<int>(kernel.kind)));
    expect_solutions(class_problem(x, 1), x, kernel);
    expect_solutions(tube_problem(x, 0.5, 0.15), x, kernel);
    expect_solutions(two_groups(x, 0.5), x, kernel);
  }
}

TYPED_TEST(SvmSeam, variables_may_be_of_any_number) {
  using T = TypeParam;
  for (const auto& [n, d] : {std::pair{1, 1}, {2, 3}, {31, 1}, {32, 17}, {33, 16}, {64, 2}, {65, 40}, {129, 7}}) {
    SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(d));
    const Matrix<T> x = svm_rows<T>(n, d, 5);
    expect_solutions(class_problem(x, 1), x, {KernelKind::rbf, T(1)});
    expect_solutions(tube_problem(x, 0.2, 0.3), x, {KernelKind::linear});
    expect_solutions(two_groups(x, 0.2), x, {KernelKind::rbf, T(0.5)});
  }
}

/// Every third variable stays where it is.
SvmProblem with_some_that_stay(SvmProblem problem) {
  if (problem.start.empty()) problem.start.resize(problem.rows.size());
  for (std::size_t v = 0; v < problem.rows.size(); v += 3) {
    problem.lower[v] = problem.start[v];
    problem.upper[v] = problem.start[v];
  }
  return problem;
}

// Devices may leave such variables out of the steps, and those that a large bound leaves behind; gradients are of all.
TYPED_TEST(SvmSeam, variables_that_do_not_move_are_told_their_gradients) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(150, 3, 11);
  expect_solutions(with_some_that_stay(class_problem(x, 4)), x, {KernelKind::rbf, T(2)}, {kLargeCache});
  expect_solutions(with_some_that_stay(two_groups(x, 0.3)), x, {KernelKind::rbf, T(1)}, {kLargeCache});
  // The emulated device would take minutes for so many steps.
  const std::vector<Device> cpu{Device::cpu(2)};
  const Matrix<T> more = svm_rows<T>(700, 3, 12);
  const KernelFunction<T> kernel{KernelKind::rbf, T(1)};
  expect_solutions(class_problem(more, 10), more, kernel, {kLargeCache}, cpu);
  expect_solutions(with_some_that_stay(class_problem(more, 10)), more, kernel, {kLargeCache}, cpu);
  expect_solutions(with_some_that_stay(two_groups(more, 0.3)), more, kernel, {kLargeCache}, cpu);
}

TYPED_TEST(SvmSeam, more_variables_than_work_at_a_time_take_turns) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(530, 3, 7);
  expect_solutions(class_problem(x, 0.02), x, {KernelKind::rbf, T(1)}, {0});
  const Matrix<T> half = svm_rows<T>(262, 3, 8);
  expect_solutions(two_groups(half, 0.02), half, {KernelKind::rbf, T(1)}, {0});
}

TYPED_TEST(SvmSeam, many_variables_are_solved_without_room_for_their_kernel_values) {
  using T = TypeParam;
  // The emulated device would take minutes for so many steps.
  const std::vector<Device> cpu{Device::cpu(2)};
  const Matrix<T> x = svm_rows<T>(1500, 3, 7);
  expect_solutions(class_problem(x, 2), x, {KernelKind::rbf, T(1)}, {0, kLargeCache}, cpu);
  const Matrix<T> half = svm_rows<T>(700, 3, 8);
  expect_solutions(two_groups(half, 0.5), half, {KernelKind::rbf, T(1)}, {0, kLargeCache}, cpu);
}

TYPED_TEST(SvmSeam, far_from_zero_rows_are_as_good_as_near_it) {
  using T = TypeParam;
  // 1000 + u is stored to within 2^-14 or so in float: data to compare with is made of what was stored.
  const Matrix<T> far = svm_rows<T>(50, 4, 9, 1000);
  Matrix<T> near(50, 4);
  for (std::int64_t k = 0; k < 200; ++k) {
    near.values()[static_cast<std::size_t>(k)] = far.values()[static_cast<std::size_t>(k)] - T(1000);
  }
  const SvmProblem problem = class_problem(near, 2);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const KernelFunction<T> kernel{KernelKind::rbf, T(0.7)};
    const auto seam = on(device, far, kernel, {kTol, kLargeCache});
    const std::vector<SvmState> ends = solve(*seam, {problem});
    expect_solved<T>(problem, naive_kernel_matrix(kernel, near, near), seam->solution(0), ends[0].violation);
  }
}

TYPED_TEST(SvmSeam, problems_that_share_rows_are_solved_as_if_alone) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(90, 4, 11);
  const KernelFunction<T> kernel{KernelKind::rbf, T(0.5)};
  const Matrix<double> values = naive_kernel_matrix(kernel, x, x);
  const std::vector<SvmProblem> problems{class_problem(x, 1), class_problem(x, 3, 1, 2), tube_problem(x, 1, 0.1),
                                         class_problem(x, 1, 40, 1), two_groups(x, 0.5)};
  for (const Device& device : devices_under_test()) {
    for (const std::int64_t cache : {kLargeCache, std::int64_t{0}}) {
      SCOPED_TRACE(device.name() + ", cache " + std::to_string(cache));
      const auto seam = on(device, x, kernel, {kTol, cache});
      const std::vector<SvmState> ends = solve(*seam, problems);
      for (std::size_t p = 0; p < problems.size(); ++p) {
        SCOPED_TRACE("problem " + std::to_string(p));
        const compute::SvmSolution found = seam->solution(static_cast<std::int64_t>(p));
        expect_solved<T>(problems[p], values, found, ends[p].violation);
        const auto alone = on(device, x, kernel, {kTol, cache});
        solve(*alone, {problems[p]});
        EXPECT_EQ(alone->solution(0).b, found.b);
      }
    }
  }
}

TYPED_TEST(SvmSeam, no_more_steps_are_taken_than_allowed_and_none_at_the_optimum) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(40, 2, 13);
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto seam = on<T>(device, x, {KernelKind::rbf, T(1)}, {kTol, kLargeCache});
    const std::vector<SvmProblem> problems{class_problem(x, 1)};
    seam->set_problems(problems);
    const std::vector<std::int64_t> one{0};
    const SvmState first = seam->run(one, std::vector<std::int64_t>{3})[0];
    EXPECT_EQ(first.steps, 3);
    EXPECT_GT(first.violation, kTol);
    solve(*seam, problems);
    EXPECT_EQ(seam->run(one, std::vector<std::int64_t>{100})[0].steps, 0);
    EXPECT_TRUE(seam->refresh({}).empty());
  }
}

TYPED_TEST(SvmSeam, equal_rows_with_opposite_signs_go_to_their_bounds) {
  using T = TypeParam;
  Matrix<T> x(6, 2, T(0.5));
  SvmProblem problem;
  for (std::int64_t i = 0; i < 6; ++i) {
    problem.rows.push_back(i);
    problem.linear.push_back(i % 2 == 0 ? -1 : 1);
    problem.lower.push_back(i % 2 == 0 ? 0 : -100);
    problem.upper.push_back(i % 2 == 0 ? 100 : 0);
  }
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto seam = on<T>(device, x, {KernelKind::rbf, T(1)}, {kTol, kLargeCache});
    EXPECT_LE(solve(*seam, {problem})[0].violation, kTol);
    EXPECT_EQ(seam->solution(0).b, (std::vector<double>{100, -100, 100, -100, 100, -100}));
  }
}

TYPED_TEST(SvmSeam, a_kernel_that_is_given_is_the_one_that_would_be_computed) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(70, 3, 15);
  const KernelFunction<T> kernel{KernelKind::rbf, T(0.8)};
  const Matrix<double> values = naive_kernel_matrix(kernel, x, x);
  const Matrix<T> given(values.view());
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const auto seam = on<T>(device, given, {KernelKind::precomputed}, {kTol, 0});
    for (const SvmProblem& problem : {class_problem(x, 2), two_groups(x, 1)}) {
      const std::vector<SvmState> ends = solve(*seam, {problem});
      expect_solved<T>(problem, Matrix<double>(given.view()), seam->solution(0), ends[0].violation);
    }
  }
}

TYPED_TEST(SvmSeam, sums_over_support_vectors_are_those_of_the_definition) {
  using T = TypeParam;
  for (const auto& [m, s, d] : {std::tuple{1, 1, 1}, {64, 65, 16}, {130, 31, 3}, {33, 200, 20}}) {
    SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(s) + " x " + std::to_string(d));
    const Matrix<T> x = svm_rows<T>(m, d, 17);
    const Matrix<T> vectors = svm_rows<T>(s, d, 18);
    const std::vector<std::int64_t> ends{s / 3, s / 3, s};
    Matrix<double> weights(2, s);
    for (std::int64_t k = 0; k < 2 * s; ++k) weights.values()[static_cast<std::size_t>(k)] = uniform(19, k) - 0.5;
    const KernelFunction<T> kernel{KernelKind::rbf, T(0.3)};
    const Matrix<double> values = naive_kernel_matrix(kernel, x, vectors);
    const Matrix<T> given(values.view());
    const std::vector<std::int64_t> picks = all_of(static_cast<std::size_t>(s));
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const compute::Place place{device.index(), device.threads()};
      const auto& families = device.backend().families<T>();
      const Matrix<T> none;
      for (const bool computed : {true, false}) {
        const auto model =
            families.make_svm_predictor(place, {computed ? vectors.view() : none.view(), picks, ends, weights},
                                        computed ? kernel : KernelFunction<T>{KernelKind::precomputed});
        Matrix<double> out(m, 6, 7.0);
        model->sum(Rows<T>(computed ? x : given), out.view());
        for (std::int64_t i = 0; i < m; ++i) {
          std::int64_t begin = 0;
          for (std::int64_t segment = 0; segment < 3; begin = ends[static_cast<std::size_t>(segment++)]) {
            for (std::int64_t r = 0; r < 2; ++r) {
              double sum = 0;
              for (std::int64_t v = begin; v < ends[static_cast<std::size_t>(segment)]; ++v) {
                sum += weights(r, v) * values(i, v);
              }
              ASSERT_NEAR(out(i, segment * 2 + r), sum, 16 * unit<T>() * static_cast<double>(s)) << i;
            }
          }
        }
      }
    }
  }
}

TYPED_TEST(SvmSeam, kernel_matrices_are_those_of_the_definition) {
  using T = TypeParam;
  for (const auto& [m, n, d] : {std::tuple{1, 1, 1}, {65, 64, 16}, {3, 130, 21}}) {
    SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(d));
    const Matrix<T> a = svm_rows<T>(m, d, 21);
    const Matrix<T> b = svm_rows<T>(n, d, 22);
    for (const KernelFunction<T>& kernel :
         {KernelFunction<T>{KernelKind::linear}, KernelFunction<T>{KernelKind::poly, T(0.2), T(0.5), 4},
          KernelFunction<T>{KernelKind::rbf, T(0.4)}, KernelFunction<T>{KernelKind::sigmoid, T(0.1), T(-0.3)}}) {
      const Matrix<double> expected = naive_kernel_matrix(kernel, a, b);
      for (const Device& device : devices_under_test()) {
        SCOPED_TRACE(device.name() + ", kernel " + std::to_string(static_cast<int>(kernel.kind)));
        Matrix<T> padded(m, n + 2, T(-1));
        device.backend().families<T>().kernel_matrix({device.index(), device.threads()}, kernel, Rows<T>(a), Rows<T>(b),
                                                     MatrixView<T>(padded.data(), m, n, n + 2));
        for (std::int64_t i = 0; i < m; ++i) {
          for (std::int64_t j = 0; j < n; ++j) {
            ASSERT_NEAR(static_cast<double>(padded(i, j)), expected(i, j),
                        64 * unit<T>() * (1 + std::fabs(expected(i, j))));
          }
          ASSERT_EQ(padded(i, n), T(-1)) << "wrote beyond the row";
        }
      }
    }
  }
}

TYPED_TEST(SvmSeam, rows_on_the_device_are_like_rows_of_the_host) {
  using T = TypeParam;
  const Matrix<T> x = svm_rows<T>(40, 3, 23);
  const KernelFunction<T> kernel{KernelKind::rbf, T(1)};
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const DeviceMatrix<T> held(x, device);
    const auto& families = device.backend().families<T>();
    const compute::Place place{device.index(), device.threads()};
    const auto seam = families.make_svm(place, Rows<T>(held), kernel, {kTol, kLargeCache});
    solve(*seam, {class_problem(x, 1)});
    const auto other = on(device, x, kernel, {kTol, kLargeCache});
    solve(*other, {class_problem(x, 1)});
    EXPECT_EQ(seam->solution(0).b, other->solution(0).b);
    Matrix<T> values(40, 40);
    Matrix<T> expected(40, 40);
    families.kernel_matrix(place, kernel, Rows<T>(held), Rows<T>(held), values.view());
    families.kernel_matrix(place, kernel, Rows<T>(x), Rows<T>(x), expected.view());
    EXPECT_EQ(values, expected);
  }
}

}  // namespace
}  // namespace forja::testing
