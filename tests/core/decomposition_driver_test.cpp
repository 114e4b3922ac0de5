// What decompositions decide without data: solvers, counts, signs, and what a driver asks of the seam.

#include <gtest/gtest.h>

#include <vector>

#include "decomposition/component_count.h"
#include "decomposition/leading_svd.h"
#include "forja/error.h"

namespace forja::core {
namespace {

TEST(DecompositionDriver, the_solver_follows_the_shape_and_the_count) {
  EXPECT_EQ(choose_solver(500, 500, {}), SvdSolver::full);
  EXPECT_EQ(choose_solver(60000, 784, 154), SvdSolver::covariance_eigh);
  EXPECT_EQ(choose_solver(60000, 784, 0.95), SvdSolver::covariance_eigh);
  EXPECT_EQ(choose_solver(1000, 20000, 50), SvdSolver::covariance_eigh) << "the small side has 1000";
  EXPECT_EQ(choose_solver(5000, 20000, 50), SvdSolver::randomized);
  EXPECT_EQ(choose_solver(5000, 20000, 3999), SvdSolver::randomized);
  EXPECT_EQ(choose_solver(5000, 20000, 4000), SvdSolver::covariance_eigh) << "80 %";
  EXPECT_EQ(choose_solver(5000, 20000, 0.5), SvdSolver::covariance_eigh);
}

TEST(DecompositionDriver, a_share_takes_the_fewest_components_that_exceed_it) {
  const std::vector<double> squares = {5, 3, 1, 1, 0};
  EXPECT_EQ(components_to_keep({}, squares), 5);
  EXPECT_EQ(components_to_keep(2, squares), 2);
  EXPECT_EQ(components_to_keep(0.4, squares), 1);
  EXPECT_EQ(components_to_keep(0.5, squares), 2) << "exactly one half is not more than it";
  EXPECT_EQ(components_to_keep(0.81, squares), 3);
  EXPECT_EQ(components_to_keep(0.999, squares), 4);
  EXPECT_EQ(components_to_keep(0.5, std::vector<double>{0, 0}), 2) << "no variance at all";
}

TEST(DecompositionDriver, the_largest_entry_of_each_component_becomes_positive) {
  Matrix<double> components(3, 3, {0.1, -0.9, 0.3, -0.5, 0.5, 0.1, 0, 0, 0});
  fix_signs(components);
  EXPECT_EQ(components, Matrix<double>(3, 3, {-0.1, 0.9, -0.3, 0.5, -0.5, -0.1, 0, 0, 0}));
}

/// Writes down what it is asked.
class Scripted final : public compute::DecompositionCompute<float> {
 public:
  Scripted(std::int64_t n, std::int64_t d) : n_(n), d_(d) {}
  std::int64_t rows() const override { return n_; }
  std::int64_t columns() const override { return d_; }
  const std::vector<double>& mean() const override { return mean_; }
  double total_square() override { return 1000; }
  std::vector<double> gram_eigenvalues(compute::Side side) override {
    asked.push_back(side == compute::Side::rows ? "gram of rows" : "gram of columns");
    return {9, 4, -1e-12};
  }
  std::vector<double> singular_values(compute::Side side) override {
    asked.push_back(side == compute::Side::rows ? "triangle of rows" : "triangle of columns");
    return {3, 2, 0};
  }
  Matrix<double> right_vectors(std::int64_t count) override {
    asked.push_back("vectors " + std::to_string(count));
    return {count, d_, -1};
  }
  void set_block(MatrixView<const double> directions) override {
    asked.push_back("block " + std::to_string(directions.rows()));
  }
  void power_step() override { asked.emplace_back("step"); }
  compute::LeadingSvd block_svd() override { return {{3, 2, 1, 0.5}, Matrix<double>(4, d_, -1)}; }

  std::vector<std::string> asked;

 private:
  std::int64_t n_;
  std::int64_t d_;
  std::vector<double> mean_;
};

using Asked = std::vector<std::string>;

TEST(DecompositionDriver, whole_decompositions_work_in_the_smaller_space) {
  Scripted wide(3, 10);
  const SvdOutcome by_gram = leading_svd(wide, {.n_components = {}, .solver = SvdSolver::covariance_eigh});
  EXPECT_EQ(wide.asked, (Asked{"gram of rows", "vectors 3"}));
  EXPECT_EQ(by_gram.singular_values, (std::vector<double>{3, 2, 0})) << "no root of a number below 0";
  EXPECT_EQ(by_gram.total_square, 13);
  EXPECT_EQ(by_gram.components(0, 0), 1);
  EXPECT_EQ(by_gram.solver, SvdSolver::covariance_eigh);
  Scripted tall(10, 3);
  EXPECT_EQ(leading_svd(tall, {.n_components = 0.6, .solver = SvdSolver::automatic}).solver, SvdSolver::full);
  EXPECT_EQ(tall.asked, (Asked{"triangle of columns", "vectors 1"}));
}

TEST(DecompositionDriver, random_directions_take_their_steps) {
  Scripted few(4, 5000);
  const SvdOutcome found = leading_svd(few, {.n_components = 2, .solver = SvdSolver::randomized, .iterated_power = 3});
  EXPECT_EQ(few.asked, (Asked{"block 4", "step", "step", "step"})) << "no more directions than rows";
  EXPECT_EQ(found.singular_values, (std::vector<double>{3, 2}));
  EXPECT_EQ(found.components.rows(), 2);
  EXPECT_EQ(found.total_square, 1000);
  Scripted many(5000, 4000);
  leading_svd(many, {.n_components = 2});
  EXPECT_EQ(many.asked, (Asked{"block 12", "step", "step", "step", "step", "step", "step", "step"}));
  Scripted more(5000, 1100);
  leading_svd(more, {.n_components = 3, .solver = SvdSolver::randomized, .iterated_power = {}, .n_oversamples = 0});
  EXPECT_EQ(more.asked.size(), 8U);
  EXPECT_EQ(more.asked[0], "block 3");
}

}  // namespace
}  // namespace forja::core
