#include "boosting/gradients.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <type_traits>
#include <utility>

#include "boosting/weighted_quantile.h"
#include "formulas/fixed_point.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using formulas::BoostingLoss;
using formulas::BoostingLossKind;

constexpr std::int64_t kRowsOfSum = 256;
constexpr std::int64_t kRowsOfChunk = 2048;
constexpr std::int64_t kRowsForThreads = 1 << 13;
/// Rows ahead whose numbers are asked for.
constexpr std::int64_t kAhead = 32;

/// Calls work(loss) with a loss whose kind the compiler knows.
template <class Work>
void with_kind(const BoostingLoss& loss, const Work& work) {
  const auto call = [&]<BoostingLossKind kKind>(std::integral_constant<BoostingLossKind, kKind>) {
    work([parameter = loss.parameter] { return BoostingLoss{kKind, parameter}; });
  };
  using Kind = BoostingLossKind;
  switch (loss.kind) {
    case Kind::absolute_error:
      return call(std::integral_constant<Kind, Kind::absolute_error>{});
    case Kind::huber:
      return call(std::integral_constant<Kind, Kind::huber>{});
    case Kind::quantile:
      return call(std::integral_constant<Kind, Kind::quantile>{});
    case Kind::poisson:
      return call(std::integral_constant<Kind, Kind::poisson>{});
    case Kind::gamma:
      return call(std::integral_constant<Kind, Kind::gamma>{});
    case Kind::tweedie:
      return call(std::integral_constant<Kind, Kind::tweedie>{});
    case Kind::binary_log:
      return call(std::integral_constant<Kind, Kind::binary_log>{});
    default:
      return call(std::integral_constant<Kind, Kind::squared_error>{});
  }
}

/// The scores of a row, side by side.
class RowScores {
 public:
  RowScores(const double* scores, std::int64_t rows, std::int64_t outputs)
      : scores_(scores), rows_(rows), row_(static_cast<std::size_t>(outputs)) {}
  const std::vector<double>& operator()(std::int64_t i) {
    for (std::size_t k = 0; k < row_.size(); ++k) row_[k] = scores_[static_cast<std::int64_t>(k) * rows_ + i];
    return row_;
  }

 private:
  const double* scores_;
  std::int64_t rows_;
  std::vector<double> row_;
};

/// Calls work(row) for the rows of a part, and ask(row) some rows before.
template <class Ask, class Work>
void for_rows(const SegmentRows& rows, const Ask& ask, const Work& work) {
  if (rows.list == nullptr) {
    for (std::int64_t j = 0; j < rows.count; ++j) work(rows.first + j);
    return;
  }
  std::int64_t j = 0;
  for (; j + kAhead < rows.count; ++j) {
    ask(std::int64_t{rows.list[j + kAhead]});
    work(std::int64_t{rows.list[j]});
  }
  for (; j < rows.count; ++j) work(std::int64_t{rows.list[j]});
}

/// The same parts in pieces that threads can share, and the rows of all.
struct Pieces {
  explicit Pieces(std::span<const NodePart> parts) {
    constexpr std::int64_t kMost = 1 << 14;
    for (const NodePart& part : parts) {
      rows += part.rows.count;
      for (std::int64_t first = 0; first < part.rows.count; first += kMost) {
        NodePart piece = part;
        piece.rows = part.rows.middle(first, std::min(kMost, part.rows.count - first));
        pieces.push_back(piece);
      }
    }
  }
  std::vector<NodePart> pieces;
  std::int64_t rows = 0;
};

}  // namespace

struct Gradients::Stage {
  alignas(64) float gradient[kRowsOfChunk];
  alignas(64) float hessian[kRowsOfChunk];
};

Gradients::Gradients(const compute::BoostingPlan& plan, std::int64_t rows, int threads)
    : plan_(plan), rows_(rows), threads_(threads), greatest_(static_cast<std::size_t>(plan.outputs)) {
  const auto size = static_cast<std::size_t>(rows * plan.outputs);
  scores_.assign(size, 0.0);
  pairs_.resize(size);
  double greatest = 1;
  if (plan.sample_weight.empty()) {
    ones_.assign(static_cast<std::size_t>(std::min(rows, kRowsOfChunk)), 1.0);
  } else {
    greatest = *std::max_element(plan.sample_weight.begin(), plan.sample_weight.end());
  }
  weight_scale_ = std::ldexp(1.0, formulas::fixed_point_exponent(greatest, rows));
}

int Gradients::threads_for(std::int64_t rows) const { return rows < kRowsForThreads ? 1 : threads_; }

void Gradients::set_scores(MatrixView<const double> scores) {
  const bool same = scores.rows() == 1;
  const Chunks chunks{rows_, kRowsOfChunk};
  for_each_chunk(threads_for(rows_), chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t k = 0; k < plan_.outputs; ++k) {
      double* out = scores_.data() + k * rows_;
      for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) out[i] = scores(same ? 0 : i, k);
    }
  });
}

void Gradients::read_scores(MatrixView<double> out) const {
  const Chunks chunks{rows_, kRowsOfChunk};
  for_each_chunk(threads_for(rows_), chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t k = 0; k < plan_.outputs; ++k) {
      for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) out(i, k) = scores(k)[i];
    }
  });
}

void Gradients::add_trees(const CpuBinnedRows& x, std::span<const compute::BinnedNode> nodes,
                          std::span<const compute::BinnedTree> trees) {
  const auto leaf_value = [&](std::int32_t root, std::int64_t i) {
    const compute::BinnedNode* node = &nodes[static_cast<std::size_t>(root)];
    while (node->feature >= 0) {
      const std::uint8_t bin = x.column(node->feature)[i];
      const bool left = (node->left_bins[bin / 64] >> (bin % 64) & 1) != 0;
      node = &nodes[static_cast<std::size_t>(node->left) + (left ? 0 : 1)];
    }
    return node->value;
  };
  const Chunks chunks{rows_, kRowsOfChunk};
  for_each_chunk(threads_for(rows_), chunks.number(), [&](std::int64_t chunk, int) {
    for (const compute::BinnedTree& tree : trees) {
      double* out = scores_.data() + tree.output * rows_;
      for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) out[i] += leaf_value(tree.root, i);
    }
  });
}

void Gradients::find_losses(std::int64_t first, std::int64_t last, double* losses) const {
  const double* y = plan_.y.data() + first;
  const double* w = weights(first);
  const std::int64_t count = last - first;
  if (plan_.loss.kind != BoostingLossKind::multinomial) {
    const double* s = scores(0) + first;
    with_kind(plan_.loss, [&](const auto& loss) {
      for (std::int64_t j = 0; j < count; ++j) losses[j] = formulas::boosting_loss(loss(), y[j], s[j]) * w[j];
    });
    return;
  }
  RowScores row_scores(scores_.data(), rows_, plan_.outputs);
  for (std::int64_t j = 0; j < count; ++j) {
    const std::vector<double>& row = row_scores(first + j);
    const formulas::SoftmaxTerms terms = formulas::softmax_terms(row.data(), plan_.outputs);
    losses[j] = formulas::multinomial_loss(terms, row[static_cast<std::size_t>(y[j])]) * w[j];
  }
}

compute::BoostingLosses Gradients::losses() const {
  const Chunks chunks{rows_, kRowsOfChunk};
  std::vector<compute::BoostingLosses> sums(static_cast<std::size_t>((rows_ + kRowsOfSum - 1) / kRowsOfSum));
  for_each_chunk(threads_for(rows_), chunks.number(), [&](std::int64_t chunk, int) {
    double losses[kRowsOfChunk];
    const std::int64_t first = chunks.first(chunk);
    find_losses(first, chunks.last(chunk), losses);
    for (std::int64_t i = first; i < chunks.last(chunk); ++i) {
      compute::BoostingLosses& sum = sums[static_cast<std::size_t>(i / kRowsOfSum)];
      (held_out(i) ? sum.held_out : sum.learned) += losses[i - first];
    }
  });
  compute::BoostingLosses all;
  for (const compute::BoostingLosses& sum : sums) {
    all.learned += sum.learned;
    all.held_out += sum.held_out;
  }
  return all;
}

void Gradients::add(std::span<const NodePart> parts, std::span<const compute::LeafValue> values) {
  const Pieces all(parts);
  for_each_chunk(threads_for(all.rows), std::ssize(all.pieces), [&](std::int64_t p, int) {
    const NodePart& piece = all.pieces[static_cast<std::size_t>(p)];
    double* scores = scores_.data() + piece.output * rows_;
    const double value = values[piece.place].value;
    for_rows(
        piece.rows, [&](std::int64_t i) { __builtin_prefetch(scores + i, 1); },
        [&](std::int64_t i) { scores[i] += value; });
  });
}

void Gradients::choose_rows(std::uint64_t round, double subsample) {
  takes_part_.clear();
  taking_part_.clear();
  left_out_.clear();
  if (subsample >= 1 && plan_.held_out.empty() && plan_.sample_weight.empty()) return;
  takes_part_.resize(static_cast<std::size_t>(rows_));
  const std::uint64_t key = formulas::round_key(plan_.seed, formulas::kBagStream, round);
  const Chunks chunks{rows_, kRowsOfChunk};
  std::vector<std::int64_t> before(static_cast<std::size_t>(chunks.number()));
  for_each_chunk(threads_for(rows_), chunks.number(), [&](std::int64_t chunk, int) {
    std::int64_t& count = before[static_cast<std::size_t>(chunk)];
    for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
      const bool part = !held_out(i) && weight(i) != 0 && (subsample >= 1 || formulas::in_bag(key, i, subsample));
      takes_part_[static_cast<std::size_t>(i)] = part ? 1 : 0;
      count += part ? 1 : 0;
    }
  });
  std::int64_t all = 0;
  for (std::int64_t& count : before) all += std::exchange(count, all);
  if (all == rows_) return takes_part_.clear();
  taking_part_.resize(static_cast<std::size_t>(all));
  left_out_.resize(static_cast<std::size_t>(rows_ - all));
  for_each_chunk(threads_for(rows_), chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    RowNumber* in = taking_part_.data() + before[static_cast<std::size_t>(chunk)];
    RowNumber* out = left_out_.data() + first - before[static_cast<std::size_t>(chunk)];
    for (std::int64_t i = first; i < chunks.last(chunk); ++i) {
      RowNumber*& to = takes_part_[static_cast<std::size_t>(i)] != 0 ? in : out;
      *to++ = static_cast<RowNumber>(i);
    }
  });
}

void Gradients::find_softmax(std::int64_t first, std::int64_t last, std::span<Stage> stages) const {
  const double* w = weights(first);
  RowScores row_scores(scores_.data(), rows_, plan_.outputs);
  for (std::int64_t i = first; i < last; ++i) {
    const std::vector<double>& row = row_scores(i);
    const formulas::SoftmaxTerms terms = formulas::softmax_terms(row.data(), plan_.outputs);
    const auto y = static_cast<std::size_t>(plan_.y[static_cast<std::size_t>(i)]);
    for (std::size_t k = 0; k < row.size(); ++k) {
      const formulas::GradientPair pair = formulas::multinomial_gradient(terms, row[k], y == k);
      stages[k].gradient[i - first] = static_cast<float>(pair.gradient * w[i - first]);
      stages[k].hessian[i - first] = static_cast<float>(pair.hessian * w[i - first]);
    }
  }
}

void Gradients::store(std::int64_t first, std::int64_t last, std::int64_t output, const Stage& stage, Pair& greatest) {
  Pair* pairs = pairs_.data() + output * rows_ + first;
  const std::int64_t count = last - first;
  for (std::int64_t j = 0; j < count; ++j) pairs[j] = {stage.gradient[j], stage.hessian[j]};
  // Of numbers that are not below 0, the greatest has the greatest bits.
  std::int32_t gradient = 0;
  std::int32_t hessian = 0;
  const auto consider = [&](std::int64_t j, bool part) {
    const std::int32_t g = part ? std::bit_cast<std::int32_t>(stage.gradient[j]) & 0x7FFFFFFF : 0;
    const std::int32_t h = part ? std::bit_cast<std::int32_t>(stage.hessian[j]) : 0;
    gradient = std::max(gradient, g);
    hessian = std::max(hessian, h);
  };
  if (all_take_part()) {
    for (std::int64_t j = 0; j < count; ++j) consider(j, true);
  } else {
    const std::uint8_t* part = takes_part_.data() + first;
    for (std::int64_t j = 0; j < count; ++j) consider(j, part[j] != 0);
  }
  greatest.gradient = std::max(greatest.gradient, std::bit_cast<float>(gradient));
  greatest.hessian = std::max(greatest.hessian, std::bit_cast<float>(hessian));
}

void Gradients::find_gradients(std::int64_t first, std::int64_t last, MatrixView<const double> gradients,
                               MatrixView<const double> hessians, std::span<Pair> greatest) {
  const double* w = weights(first);
  const std::int64_t count = last - first;
  if (plan_.loss.kind == BoostingLossKind::multinomial) {
    AlignedVector<Stage> stages(static_cast<std::size_t>(plan_.outputs));
    find_softmax(first, last, stages);
    for (std::size_t k = 0; k < stages.size(); ++k) {
      store(first, last, static_cast<std::int64_t>(k), stages[k], greatest[k]);
    }
    return;
  }
  Stage stage;
  for (std::int64_t k = 0; k < plan_.outputs; ++k) {
    if (plan_.loss.kind == BoostingLossKind::custom) {
      for (std::int64_t j = 0; j < count; ++j) {
        stage.gradient[j] = static_cast<float>(gradients(first + j, k) * w[j]);
        stage.hessian[j] = static_cast<float>(hessians(first + j, k) * w[j]);
      }
    } else {
      const double* y = plan_.y.data() + first;
      const double* s = scores(k) + first;
      with_kind(plan_.loss, [&](const auto& loss) {
        for (std::int64_t j = 0; j < count; ++j) {
          const formulas::GradientPair pair = formulas::boosting_gradient(loss(), y[j], s[j]);
          stage.gradient[j] = static_cast<float>(pair.gradient * w[j]);
          stage.hessian[j] = static_cast<float>(pair.hessian * w[j]);
        }
      });
    }
    store(first, last, k, stage, greatest[static_cast<std::size_t>(k)]);
  }
}

void Gradients::begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                            MatrixView<const double> hessians) {
  round_ = round;
  choose_rows(round, subsample);
  const int threads = threads_for(rows_ * plan_.outputs);
  std::vector<std::vector<Pair>> greatest(static_cast<std::size_t>(threads),
                                          std::vector<Pair>(greatest_.size(), Pair{0, 0}));
  const Chunks chunks{rows_, kRowsOfChunk};
  for_each_chunk(threads, chunks.number(), [&](std::int64_t chunk, int thread) {
    find_gradients(chunks.first(chunk), chunks.last(chunk), gradients, hessians,
                   greatest[static_cast<std::size_t>(thread)]);
  });
  greatest_ = greatest[0];
  for (const std::vector<Pair>& of_thread : greatest) {
    for (std::size_t k = 0; k < greatest_.size(); ++k) {
      greatest_[k].gradient = std::max(greatest_[k].gradient, of_thread[k].gradient);
      greatest_[k].hessian = std::max(greatest_[k].hessian, of_thread[k].hessian);
    }
  }
}

double Gradients::gradient_unit(std::int64_t output) const {
  const auto greatest = static_cast<double>(greatest_[static_cast<std::size_t>(output)].gradient);
  return formulas::level_unit(greatest, plan_.exact ? formulas::kExactLevels : formulas::kGradientLevels);
}

double Gradients::hessian_unit(std::int64_t output) const {
  const auto greatest = static_cast<double>(greatest_[static_cast<std::size_t>(output)].hessian);
  return formulas::level_unit(greatest, plan_.exact ? formulas::kExactLevels : formulas::kHessianLevels);
}

void Gradients::integers(std::int64_t output, AlignedVector<std::uint64_t>& words) const {
  words.resize(static_cast<std::size_t>(rows_));
  const Pair& greatest = greatest_[static_cast<std::size_t>(output)];
  const bool exact = plan_.exact;
  const double g_scale = formulas::level_scale(static_cast<double>(greatest.gradient),
                                               exact ? formulas::kExactLevels : formulas::kGradientLevels);
  const double h_scale = formulas::level_scale(static_cast<double>(greatest.hessian),
                                               exact ? formulas::kExactLevels : formulas::kHessianLevels);
  const std::uint64_t key = formulas::round_key(plan_.seed, formulas::kRoundingStream, round_);
  const Pair* pairs = pairs_.data() + output * rows_;
  std::uint64_t* out = words.data();
  const std::int64_t outputs = plan_.outputs;
  const auto put_quantised = [=](std::int64_t i) {
    out[i] = formulas::quantised_row(pairs[i].gradient, pairs[i].hessian, g_scale, h_scale, key, i, output, outputs);
  };
  const auto put_exact = [=](std::int64_t i) {
    out[i] = formulas::exactly_scaled_row(pairs[i].gradient, pairs[i].hessian, g_scale, h_scale);
  };
  const bool all = all_take_part();
  const Chunks chunks{all ? rows_ : std::ssize(taking_part_), kRowsOfChunk};
  for_each_chunk(threads_for(chunks.count), chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t last = chunks.last(chunk);
    const RowNumber* list = taking_part_.data();
    if (all && exact) {
      for (std::int64_t i = first; i < last; ++i) put_exact(i);
    } else if (all) {
      for (std::int64_t i = first; i < last; ++i) put_quantised(i);
    } else if (exact) {
      for (std::int64_t j = first; j < last; ++j) put_exact(std::int64_t{list[j]});
    } else {
      for (std::int64_t j = first; j < last; ++j) put_quantised(std::int64_t{list[j]});
    }
  });
}

std::vector<formulas::NodeSums> Gradients::sums(std::span<const NodePart> parts, std::size_t count) const {
  const Pieces all(parts);
  std::vector<formulas::IntegerSums> fixed(all.pieces.size());
  std::vector<std::array<int, 2>> exponents(greatest_.size());
  for (std::size_t k = 0; k < greatest_.size(); ++k) {
    exponents[k] = {formulas::fixed_point_exponent(static_cast<double>(greatest_[k].gradient), rows_),
                    formulas::fixed_point_exponent(static_cast<double>(greatest_[k].hessian), rows_)};
  }
  for_each_chunk(threads_for(all.rows), std::ssize(all.pieces), [&](std::int64_t p, int) {
    const NodePart& piece = all.pieces[static_cast<std::size_t>(p)];
    const auto& exponent = exponents[static_cast<std::size_t>(piece.output)];
    const double g_scale = std::ldexp(1.0, exponent[0]);
    const double h_scale = std::ldexp(1.0, exponent[1]);
    const Pair* pairs = pairs_.data() + piece.output * rows_;
    formulas::IntegerSums sum{0, 0, piece.rows.count};
    for_rows(
        piece.rows, [&](std::int64_t i) { __builtin_prefetch(pairs + i); },
        [&](std::int64_t i) {
          sum.gradient += formulas::to_fixed(static_cast<double>(pairs[i].gradient), g_scale);
          sum.hessian += formulas::to_fixed(static_cast<double>(pairs[i].hessian), h_scale);
        });
    fixed[static_cast<std::size_t>(p)] = sum;
  });
  std::vector<formulas::IntegerSums> totals(count);
  std::vector<std::int64_t> outputs(count);
  for (const NodePart& part : parts) outputs[part.place] = part.output;
  for (std::size_t p = 0; p < fixed.size(); ++p) {
    formulas::IntegerSums& total = totals[all.pieces[p].place];
    total = total + fixed[p];
  }
  std::vector<formulas::NodeSums> sums(count);
  for (std::size_t place = 0; place < count; ++place) {
    const auto& exponent = exponents[static_cast<std::size_t>(outputs[place])];
    sums[place] = {formulas::from_fixed(totals[place].gradient, std::ldexp(1.0, -exponent[0])),
                   formulas::from_fixed(totals[place].hessian, std::ldexp(1.0, -exponent[1])),
                   static_cast<double>(totals[place].count)};
  }
  return sums;
}

std::vector<double> Gradients::quantiles(std::span<const NodePart> parts, std::size_t count, double q) const {
  std::int64_t rows = 0;
  for (const NodePart& part : parts) rows += part.rows.count;
  std::vector<double> quantiles(count);
  for_each_chunk(threads_for(rows), static_cast<std::int64_t>(count), [&](std::int64_t place, int) {
    std::vector<WeightedValue> values;
    for (const NodePart& part : parts) {
      if (part.place != static_cast<std::size_t>(place)) continue;
      for (std::int64_t j = 0; j < part.rows.count; ++j) {
        const std::int64_t i = part.rows[j];
        const double residual = plan_.y[static_cast<std::size_t>(i)] - scores(part.output)[i];
        values.push_back({residual, formulas::to_fixed(weight(i), weight_scale_)});
      }
    }
    quantiles[static_cast<std::size_t>(place)] = weighted_quantile(values, q);
  });
  return quantiles;
}

}  // namespace forja::cpu
