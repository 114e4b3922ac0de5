#include "svm/active_steps.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "svm/kernel_rows.h"

namespace forja::cpu {
namespace {

/// Memory that is given out in parts, and all of it again after reset(): without the faults of new pages.
template <class T>
class RowMemory {
 public:
  T* give(std::size_t numbers) {
    while (block_ < blocks_.size() && blocks_[block_].size() - used_ < numbers) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) blocks_.emplace_back().resize(std::max(kBlock, numbers));
    T* const given = blocks_[block_].data() + used_;
    used_ += numbers;
    return given;
  }
  void reset() {
    block_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = 2 * kLargePage / sizeof(T);
  std::vector<AlignedVector<T>> blocks_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

/// Rows of a problem's kernel matrix, by the places of its variables, picked from the square when first asked for.
template <class T>
class PickedRows {
 public:
  /// columns: of each variable in the square. Takes all of the memory.
  PickedRows(const KernelSquare<T>& square, std::span<const std::int64_t> columns, const Smo<T>& smo,
             RowMemory<T>& memory)
      : square_(square), columns_(columns), memory_(memory), rows_(columns.size()) {
    memory.reset();
    // Places where no variable lies may hold any number.
    column_of_.resize(static_cast<std::size_t>(smo.width()), columns.empty() ? 0 : columns.front());
    for (std::int64_t v = 0; v < std::ssize(columns); ++v) {
      column_of_[static_cast<std::size_t>(smo.place(v))] = columns[static_cast<std::size_t>(v)];
    }
  }

  const T* operator()(std::int64_t v) {
    T*& row = rows_[static_cast<std::size_t>(v)];
    if (row == nullptr) {
      row = memory_.give(column_of_.size());
      const T* from = square_.values + columns_[static_cast<std::size_t>(v)] * square_.stride;
      for (std::size_t place = 0; place < column_of_.size(); ++place) row[place] = from[column_of_[place]];
    }
    return row;
  }

 private:
  KernelSquare<T> square_;
  std::span<const std::int64_t> columns_;
  RowMemory<T>& memory_;
  std::vector<T*> rows_;
  std::vector<std::int64_t> column_of_;
};

/// Whether rows of the square serve as they are.
template <class T>
bool as_they_are(const Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places) {
  if (!square.whole_vectors || smo.width() > square.stride) return false;
  for (std::int64_t v = 0; v < smo.count(); ++v) {
    if (places[static_cast<std::size_t>(v)] != v || smo.place(v) != v) return false;
  }
  return true;
}

/// Some variables of a problem as a problem of their own.
template <class T>
class ActivePart {
 public:
  ActivePart(Smo<T>& whole, const KernelSquare<T>& square, std::span<const std::int64_t> places,
             const std::vector<std::int64_t>& variables, RowMemory<T>& memory)
      : whole_(whole), variables_(variables), part_(whole.part(variables)) {
    for (const std::int64_t v : variables) places_.push_back(places[static_cast<std::size_t>(v)]);
    rows_.emplace(square, std::span<const std::int64_t>(places_), part_, memory);
  }

  compute::SvmState run(double tol, std::int64_t most) {
    const compute::SvmState state = part_.run([&](std::int64_t v) { return (*rows_)(v); }, tol, most);
    for (std::int64_t k = 0; k < part_.count(); ++k) {
      const std::int64_t v = variables_[static_cast<std::size_t>(k)];
      whole_.set_b(v, part_.b(k));
      whole_.set_gradient(v, part_.gradient(k));
    }
    return state;
  }

 private:
  Smo<T>& whole_;
  std::vector<std::int64_t> variables_;
  std::vector<std::int64_t> places_;
  Smo<T> part_;
  std::optional<PickedRows<T>> rows_;
};

/// Variables that were left out at one time, and what could still move then, with b as it was.
struct LeftOut {
  std::vector<std::int64_t> variables;
  std::vector<std::int64_t> active;
  std::vector<double> b;
};

/// Gradients of those left out, by what has moved since.
template <class T>
void bring_back(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places, const LeftOut& left) {
  std::vector<std::int64_t> rows;
  std::vector<double> by;
  for (std::size_t k = 0; k < left.active.size(); ++k) {
    const std::int64_t v = left.active[k];
    if (smo.b(v) == left.b[k]) continue;
    rows.push_back(places[static_cast<std::size_t>(v)]);
    by.push_back(smo.b(v) - left.b[k]);
  }
  std::vector<std::int64_t> columns;
  columns.reserve(left.variables.size());
  for (const std::int64_t v : left.variables) columns.push_back(places[static_cast<std::size_t>(v)]);
  std::vector<double> sums(columns.size());
  add_weighted_rows(square, std::span<const std::int64_t>(rows), std::span<const double>(by),
                    std::span<const std::int64_t>(columns), std::span<double>(sums));
  for (std::size_t k = 0; k < sums.size(); ++k) smo.add_to_gradient(left.variables[k], sums[k]);
}

}  // namespace

template <class T>
void add_weighted_rows(const KernelSquare<T>& square, std::span<const std::int64_t> rows,
                       std::span<const double> weights, std::span<const std::int64_t> columns, std::span<double> sums) {
  const std::size_t count = columns.size();
  if (count == 0) return;
  const bool contiguous =
      columns.back() - columns.front() + 1 == std::ssize(columns) && std::is_sorted(columns.begin(), columns.end());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const T* row = square.values + rows[r] * square.stride;
    const double weight = weights[r];
    if (contiguous) {
      row += columns.front();
      for (std::size_t k = 0; k < count; ++k) sums[k] += weight * static_cast<double>(row[k]);
    } else {
      for (std::size_t k = 0; k < count; ++k) sums[k] += weight * static_cast<double>(row[columns[k]]);
    }
  }
}

template <class T>
compute::SvmState run_whole(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places,
                            double tol, std::int64_t most) {
  if (as_they_are(smo, square, places)) {
    return smo.run([&](std::int64_t v) { return square.values + v * square.stride; }, tol, most);
  }
  RowMemory<T> memory;
  PickedRows<T> picked(square, places, smo, memory);
  return smo.run([&](std::int64_t v) { return picked(v); }, tol, most);
}

template <class T>
compute::SvmState run_active(Smo<T>& smo, const KernelSquare<T>& square, std::span<const std::int64_t> places,
                             double tol, std::int64_t most) {
  // Those left out early may be wrong: a look at all comes before the last steps, as in libsvm.
  constexpr double kFar = 10;
  constexpr std::int64_t kStepsBetween = 1000;
  // Rows are copied anew for each set of variables.
  constexpr double kWorthCopying = 0.7;
  constexpr double kWorthLeaving = 0.85;
  // Steps over few variables cost less than rows anew.
  constexpr std::int64_t kFew = 512;
  if (smo.count() <= kFew) return run_whole(smo, square, places, tol, most);
  RowMemory<T> memory;
  compute::SvmState state{smo.violation(), 0};
  for (bool moved = true; moved && state.violation > tol && state.steps < most;) {
    const double enough = state.violation > kFar * tol ? kFar * tol : tol;
    moved = false;
    std::vector<std::int64_t> active = numbers_below(smo.count());
    std::vector<LeftOut> left;
    std::optional<ActivePart<T>> part;
    if (!as_they_are(smo, square, places)) part.emplace(smo, square, places, active, memory);
    for (;;) {
      std::vector<std::int64_t> kept = smo.movable(active);
      const double share = static_cast<double>(kept.size()) / static_cast<double>(active.size());
      const bool copied = part || state.steps >= smo.count();  // or would have paid by now
      if (share <= (copied ? kWorthLeaving : kWorthCopying)) {
        LeftOut out;
        std::set_difference(active.begin(), active.end(), kept.begin(), kept.end(), std::back_inserter(out.variables));
        for (const std::int64_t v : kept) out.b.push_back(smo.b(v));
        out.active = kept;
        left.push_back(std::move(out));
        active = std::move(kept);
        part.emplace(smo, square, places, active, memory);
      }
      const std::int64_t steps = std::min({kStepsBetween, smo.count(), most - state.steps});
      const compute::SvmState found = part ? part->run(enough, steps) : run_whole(smo, square, places, enough, steps);
      state.steps += found.steps;
      moved = moved || found.steps > 0;
      if (found.violation <= enough || found.steps < steps || state.steps == most) break;
    }
    for (const LeftOut& out : left) bring_back(smo, square, places, out);
    state.violation = smo.violation();
  }
  return state;
}

#define FORJA_INSTANTIATE(T)                                                                                      \
  template void add_weighted_rows(const KernelSquare<T>&, std::span<const std::int64_t>, std::span<const double>, \
                                  std::span<const std::int64_t>, std::span<double>);                              \
  template compute::SvmState run_whole(Smo<T>&, const KernelSquare<T>&, std::span<const std::int64_t>, double,    \
                                       std::int64_t);                                                             \
  template compute::SvmState run_active(Smo<T>&, const KernelSquare<T>&, std::span<const std::int64_t>, double,   \
                                        std::int64_t);
FORJA_INSTANTIATE(float)
FORJA_INSTANTIATE(double)
#undef FORJA_INSTANTIATE

}  // namespace forja::cpu
