#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compute/kmeans_compute.h"

namespace forja::testing {

/// A compute object without data: it answers from a script and writes down what it was asked, so that a driver's
/// decisions are tested alone. Once a script has run out, its last answer is given again.
class FakeKMeans final : public compute::KMeansCompute<double> {
 public:
  explicit FakeKMeans(std::int64_t rows, std::int64_t columns = 1) : rows_(rows), moments_{{}, {}} {
    moments_.mean.assign(static_cast<std::size_t>(columns), 0.0);
    moments_.variance.assign(static_cast<std::size_t>(columns), 1.0);
  }

  // The script.
  std::deque<compute::KMeansPass> passes;
  std::deque<std::vector<compute::FarRow>> far_rows;
  double relabel_shift = 0;
  double final_inertia = 0;
  std::function<std::vector<compute::SeedCandidate>(std::span<const double>)> candidates;
  std::function<std::vector<std::int64_t>(std::span<const double>)> drawn;

  // What happened.
  std::vector<std::string> calls;
  std::vector<compute::RowToCluster> moved;
  std::vector<std::int64_t> accepted;
  std::vector<std::int64_t> first_rows;
  std::vector<compute::RowToCluster> replaced;
  double replaced_count = -1;

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return std::ssize(moments_.mean); }
  const compute::ColumnMoments& moments() const override { return moments_; }

  void begin_seeding() override { calls.emplace_back("begin_seeding"); }
  std::vector<compute::SeedCandidate> seed_candidates(std::span<const double> u) override {
    calls.push_back("seed_candidates " + std::to_string(u.size()));
    return candidates(u);
  }
  void seed_accept(std::int64_t index) override { accepted.push_back(index); }
  std::vector<std::int64_t> draw_rows(std::span<const double> u) override {
    calls.push_back("draw_rows " + std::to_string(u.size()));
    return drawn(u);
  }

  void set_centers(MatrixView<const double> centers) override {
    calls.emplace_back("set_centers");
    centers_ = Matrix<double>(centers);
  }
  void set_centers_from_rows(std::span<const std::int64_t> rows) override {
    calls.emplace_back("set_centers_from_rows");
    first_rows.assign(rows.begin(), rows.end());
  }
  Matrix<double> centers() override { return centers_; }

  void use_bounds(bool yes) override { calls.emplace_back(yes ? "use_bounds" : "no_bounds"); }
  bool bounds_pay(std::int64_t k) const override { return k > 10; }
  compute::KMeansPass assign() override {
    calls.emplace_back("assign");
    return next(passes);
  }
  std::vector<compute::FarRow> farthest_rows(std::int64_t count) override {
    calls.push_back("farthest_rows " + std::to_string(count));
    return next(far_rows);
  }
  double relabel(std::span<const compute::RowToCluster> moves) override {
    calls.emplace_back("relabel");
    moved.insert(moved.end(), moves.begin(), moves.end());
    return relabel_shift;
  }
  void update() override { calls.emplace_back("update"); }
  double inertia() override {
    calls.emplace_back("inertia");
    return final_inertia;
  }
  std::vector<std::int32_t> labels() override {
    calls.emplace_back("labels");
    return std::vector<std::int32_t>(static_cast<std::size_t>(rows_), 0);
  }

  void set_counts(std::span<const double> counts) override { counts_.assign(counts.begin(), counts.end()); }
  std::vector<double> counts() override { return counts_; }
  std::vector<compute::BatchStep> batch_steps(std::uint64_t, std::int64_t first, std::int64_t steps,
                                              std::int64_t) override {
    calls.push_back("batch_steps " + std::to_string(first) + " " + std::to_string(steps));
    return std::vector<compute::BatchStep>(static_cast<std::size_t>(steps));
  }
  void replace_centers(std::span<const compute::RowToCluster> rows, double count) override {
    replaced.assign(rows.begin(), rows.end());
    replaced_count = count;
  }
  Matrix<double> take_rows(std::span<const std::int64_t> rows) override {
    return Matrix<double>(std::ssize(rows), columns());
  }

 private:
  template <class Answer>
  static Answer next(std::deque<Answer>& script) {
    Answer answer = script.front();
    if (script.size() > 1) script.pop_front();
    return answer;
  }

  std::int64_t rows_;
  compute::ColumnMoments moments_;
  Matrix<double> centers_;
  std::vector<double> counts_;
};

}  // namespace forja::testing
