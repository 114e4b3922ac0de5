// What decompositions decide without data: solvers, counts, signs, and what a driver asks of the seam.

#include <gtest/gtest.h>

#include <vector>

#include "decomposition/component_count.h"
#include "decomposition/leading_svd.h"
#include "forja/error.h"

namespace forja::core {
namespace {

TEST(DecompositionDriver, the_solver_follows_the_shape_and_the_count) {
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 500, 500, {}), SvdSolver::full);
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 60000, 784, 154), SvdSolver::covariance_eigh);
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 60000, 784, 0.95), SvdSolver::covariance_eigh);
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 1000, 20000, 50), SvdSolver::covariance_eigh)
      << "the small side has 1000";
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 5000, 20000, 50), SvdSolver::randomized);
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 5000, 20000, 3999), SvdSolver::randomized);
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 5000, 20000, 4000), SvdSolver::covariance_eigh) << "80 %";
  EXPECT_EQ(choose_solver(SvdSolver::automatic, 5000, 20000, 0.5), SvdSolver::covariance_eigh);
}

TEST(DecompositionDriver, the_rule_by_size_is_the_books) {
  EXPECT_EQ(choose_solver(SvdSolver::by_size, 500, 500, 5), SvdSolver::full);
  EXPECT_EQ(choose_solver(SvdSolver::by_size, 501, 100, 79), SvdSolver::randomized);
  EXPECT_EQ(choose_solver(SvdSolver::by_size, 501, 100, 80), SvdSolver::full);
  EXPECT_EQ(choose_solver(SvdSolver::by_size, 100, 501, 0.95), SvdSolver::full);
  EXPECT_EQ(choose_solver(SvdSolver::full, 5000, 5000, 5), SvdSolver::full) << "what is asked for by name";
}

TEST(DecompositionDriver, the_likeliest_dimension_leaves_equal_variances_out) {
  // Three great variances and noise of one, in a thousand rows: nobody could mistake it.
  EXPECT_EQ(components_to_keep(ComponentCount::mle(), std::vector<double>{90, 50, 20, 1.02, 1.01, 1, 0.99}, 1000), 3);
  EXPECT_EQ(components_to_keep(ComponentCount::mle(), std::vector<double>{9, 5, 1, 1, 1, 1}, 1000), 2);
  EXPECT_EQ(components_to_keep(ComponentCount::mle(), std::vector<double>{4, 1, 0, 0}, 1000), 2);
  EXPECT_EQ(components_to_keep(ComponentCount::mle(), std::vector<double>{4}, 10), 1);
  EXPECT_EQ(components_to_keep(ComponentCount::mle(), std::vector<double>{0, 0}, 10), 1);
}

TEST(DecompositionDriver, a_share_takes_the_fewest_components_that_exceed_it) {
  const std::vector<double> squares = {5, 3, 1, 1, 0};
  EXPECT_EQ(components_to_keep({}, squares, 12), 5);
  EXPECT_EQ(components_to_keep(2, squares, 12), 2);
  EXPECT_EQ(components_to_keep(0.4, squares, 12), 1);
  EXPECT_EQ(components_to_keep(0.5, squares, 12), 2) << "exactly one half is not more than it";
  EXPECT_EQ(components_to_keep(0.81, squares, 12), 3);
  EXPECT_EQ(components_to_keep(0.999, squares, 12), 4);
  EXPECT_EQ(components_to_keep(0.5, std::vector<double>{0, 0}, 12), 2) << "no variance at all";
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
  void centre() override { asked.emplace_back("centre"); }
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
  Matrix<float> left_vectors(MatrixView<const double> right) override { return {n_, right.rows()}; }
  /// The squares of block_svd's values, which are wrong by a `rest` that every step divides by ten.
  Matrix<double> gram_times(MatrixView<const double> directions) override {
    asked.push_back("gram " + std::to_string(directions.rows()));
    Matrix<double> image(directions);
    const std::vector<double> squares = {9, 4};
    for (std::int64_t c = 0; c < std::min<std::int64_t>(image.rows(), 2); ++c) {
      for (double& value : image.row(c)) value *= squares[static_cast<std::size_t>(c)];
      image(c, 0) += rest;
    }
    return image;
  }
  void set_block(MatrixView<const double> directions) override {
    asked.push_back("block " + std::to_string(directions.rows()));
  }
  void power_step() override {
    asked.emplace_back("step");
    rest *= factor;
  }
  compute::LeadingSvd block_svd() override { return {{3, 2, 1, 0.5}, Matrix<double>(4, d_, -1)}; }

  std::vector<std::string> asked;
  double rest = 1;
  double factor = 0.1;

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

TEST(DecompositionDriver, random_directions_take_their_steps_and_probe_what_is_left) {
  Scripted few(4, 5000);
  const SvdOutcome found = leading_svd(few, {.n_components = 2, .solver = SvdSolver::randomized, .iterated_power = 3});
  EXPECT_EQ(few.asked, (Asked{"block 4", "step", "step", "step", "gram 6", "gram 6", "gram 6"}))
      << "no more directions than rows";
  EXPECT_EQ(found.singular_values, (std::vector<double>{3, 2}));
  EXPECT_EQ(found.components.rows(), 2);
  EXPECT_EQ(found.total_square, 1000);
  EXPECT_EQ(found.n_iter, 3);
  EXPECT_TRUE(found.converged);
  Scripted many(5000, 4000);
  leading_svd(many, {.n_components = 2});
  EXPECT_EQ(many.asked,
            (Asked{"block 12", "step", "step", "step", "step", "step", "step", "step", "gram 6", "gram 6", "gram 6"}));
  Scripted more(5000, 1100);
  leading_svd(more, {.n_components = 3, .solver = SvdSolver::randomized, .iterated_power = {}, .n_oversamples = 0});
  EXPECT_EQ(more.asked.size(), 11U);
  EXPECT_EQ(more.asked[0], "block 3");
}

TEST(DecompositionDriver, a_tolerance_takes_steps_until_it_is_met_or_they_no_longer_help) {
  Scripted met(40, 5000);
  // After 2 steps the squares are off by 1e-2 / 9, after 6 by 1e-6 / 9.
  const SvdOutcome found = leading_svd(
      met, {.n_components = 2, .solver = SvdSolver::randomized, .iterated_power = 2, .tol = 1e-6, .n_oversamples = 2});
  EXPECT_EQ(met.asked, (Asked{"block 4", "step", "step", "gram 2", "step", "step", "step", "step", "gram 2", "gram 6",
                              "gram 6", "gram 6"}));
  EXPECT_EQ(found.n_iter, 6);
  EXPECT_TRUE(found.converged);
  Scripted slow(40, 5000);
  slow.factor = 0.99;
  const SvdOutcome ended =
      leading_svd(slow, {.n_components = 2, .solver = SvdSolver::randomized, .iterated_power = 4, .tol = 1e-9});
  EXPECT_EQ(ended.n_iter, 4 + 4);
  EXPECT_FALSE(ended.converged);
  slow.factor = 0.95;
  EXPECT_EQ(leading_svd(slow, {.n_components = 2, .solver = SvdSolver::randomized, .iterated_power = 4, .tol = 1e-300})
                .n_iter,
            4 + 100);
}

}  // namespace
}  // namespace forja::core
