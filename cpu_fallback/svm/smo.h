#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/svm_compute.h"
#include "formulas/smo.h"
#include "runtime/aligned.h"

namespace forja::cpu {

/// The variables of one problem, and the steps that solve it. Variables of the second group begin at a new vector:
/// place(v) is where variable v lies in rows of the kernel matrix, of which steps take width() numbers.
template <class T>
class Smo {
 public:
  /// Gradients are the problem's q: add what the start's kernel values make of it, then begin().
  explicit Smo(const compute::SvmProblem& problem);

  std::int64_t count() const { return count_; }
  std::int64_t width() const { return groups_.back().end; }
  std::int64_t place(std::int64_t v) const {
    return v < groups_[0].count ? v : v + groups_[1].begin - groups_[0].count;
  }

  double b(std::int64_t v) const { return b_[at(v)]; }
  double gradient(std::int64_t v) const { return gradient_[at(v)]; }
  void set_gradient(std::int64_t v, double value) { gradient_[at(v)] = value; }
  void add_to_gradient(std::int64_t v, double value) { gradient_[at(v)] += value; }
  void set_diagonal(std::int64_t v, double value) { diagonal_[at(v)] = value; }
  void set_b(std::int64_t v, double value);

  /// How much a pair could gain at most. Needs no kernel values.
  double violation();

  /// Steps until the violation is at most tol or `most` are taken, or until rounding stops them. row(v): width()
  /// kernel values of v's row, by places. Floor of a step: two rows of the kernel matrix read, three numbers for each
  /// variable twice, written once.
  template <class Row>
  compute::SvmState run(const Row& row, double tol, std::int64_t most);

  /// Up to `most` variables beside these that promise most: the steepest ways up and down, half each, of each group.
  std::vector<std::int64_t> steepest(std::int64_t most, std::span<const std::int64_t> but) const;
  /// Those of these variables that could gain as part of a pair with another one of them.
  std::vector<std::int64_t> movable(const std::vector<std::int64_t>& variables) const;
  /// The same problem for these variables alone, with their gradients.
  Smo part(const std::vector<std::int64_t>& variables) const;

 private:
  struct Group {
    std::int64_t begin;  ///< places, multiples of the vector's lanes
    std::int64_t end;
    std::int64_t count;    ///< of its variables
    std::int64_t up = -1;  ///< the place of the steepest way up
    double least = 0;      ///< its slope
  };
  struct Pair {
    std::int64_t up = -1;
    std::int64_t down = -1;
    double gain = 0;
    double slope = 0;
    double curvature = 0;
  };

  Smo(std::int64_t first, std::int64_t second, double epsilon);
  std::size_t at(std::int64_t v) const { return static_cast<std::size_t>(place(v)); }
  std::int64_t variable(std::int64_t place) const {
    return place < groups_[0].end ? place : place - groups_[1].begin + groups_[0].count;
  }
  void set_slopes(std::size_t place);
  void find_up(Group& group) const;
  /// The best partner of a group's way up; raises `violation` to the group's.
  void find_down(const Group& group, const T* row, Pair& best, double& violation) const;
  /// Moves gradients by step x (up - down), and finds the new ways up.
  void move(double step, const T* up, const T* down);

  double epsilon_;
  std::int64_t count_;
  std::vector<Group> groups_;
  AlignedVector<double> b_;
  AlignedVector<double> lower_;
  AlignedVector<double> upper_;
  AlignedVector<double> gradient_;
  AlignedVector<double> diagonal_;
  AlignedVector<double> rise_;  ///< formulas::rise(), infinite where nothing lies
  AlignedVector<double> fall_;
};

template <class T>
template <class Row>
compute::SvmState Smo<T>::run(const Row& row, double tol, std::int64_t most) {
  compute::SvmState state;
  for (Group& group : groups_) find_up(group);
  for (;;) {
    Pair best;
    state.violation = 0;
    for (const Group& group : groups_) {
      if (group.up >= 0) find_down(group, row(variable(group.up)), best, state.violation);
    }
    if (state.violation <= tol || best.down < 0 || state.steps == most) return state;
    const auto up = static_cast<std::size_t>(best.up);
    const auto down = static_cast<std::size_t>(best.down);
    const double most_up = formulas::highest(b_[up], upper_[up], epsilon_) - b_[up];
    const double most_down = b_[down] - formulas::lowest(b_[down], lower_[down], epsilon_);
    const double step = formulas::pair_step(best.slope, best.curvature, most_up, most_down);
    const double b_up = formulas::moved_up(b_[up], step, most_up, formulas::highest(b_[up], upper_[up], epsilon_));
    const double b_down =
        formulas::moved_down(b_[down], step, most_down, formulas::lowest(b_[down], lower_[down], epsilon_));
    if (b_up == b_[up] && b_down == b_[down]) return state;
    b_[up] = b_up;
    b_[down] = b_down;
    set_slopes(up);
    set_slopes(down);
    move(step, row(variable(best.up)), row(variable(best.down)));
    ++state.steps;
  }
}

}  // namespace forja::cpu
