#include "boosting/gradients.h"

#include <algorithm>
#include <cmath>

#include "formulas/fixed_point.h"
#include "runtime/threads.h"

namespace forja::cpu {
namespace {

using formulas::BoostingLossKind;
using formulas::GradientPair;

constexpr std::int64_t kRowsOfSum = 256;
constexpr std::int64_t kRowsOfChunk = 1 << 13;

}  // namespace

Gradients::Gradients(const compute::BoostingPlan& plan, std::int64_t rows, int threads)
    : plan_(plan), rows_(rows), threads_(threads), greatest_(static_cast<std::size_t>(plan.outputs)) {
  const auto size = static_cast<std::size_t>(rows * plan.outputs);
  scores_.assign(size, 0.0);
  gradients_.resize(size);
  hessians_.resize(size);
  double greatest = 1;
  if (!plan.sample_weight.empty()) greatest = *std::max_element(plan.sample_weight.begin(), plan.sample_weight.end());
  weight_scale_ = std::ldexp(1.0, formulas::fixed_point_exponent(greatest, rows));
}

void Gradients::set_scores(MatrixView<const double> scores) {
  const bool same = scores.rows() == 1;
  for (std::int64_t k = 0; k < plan_.outputs; ++k) {
    for (std::int64_t i = 0; i < rows_; ++i) this->scores(k)[i] = scores(same ? 0 : i, k);
  }
}

void Gradients::read_scores(MatrixView<double> out) const {
  for (std::int64_t k = 0; k < plan_.outputs; ++k) {
    for (std::int64_t i = 0; i < rows_; ++i) out(i, k) = scores_[static_cast<std::size_t>(k * rows_ + i)];
  }
}

double Gradients::row_loss(std::int64_t i, std::vector<double>& row) const {
  const double y = plan_.y[static_cast<std::size_t>(i)];
  if (plan_.loss.kind != BoostingLossKind::multinomial) {
    return formulas::boosting_loss(plan_.loss, y, scores_[static_cast<std::size_t>(i)]);
  }
  row.resize(static_cast<std::size_t>(plan_.outputs));
  for (std::size_t k = 0; k < row.size(); ++k)
    row[k] = scores_[k * static_cast<std::size_t>(rows_) + static_cast<std::size_t>(i)];
  return formulas::multinomial_loss(formulas::softmax_terms(row.data(), plan_.outputs),
                                    row[static_cast<std::size_t>(y)]);
}

compute::BoostingLosses Gradients::losses() const {
  const Chunks chunks{rows_, kRowsOfSum};
  std::vector<compute::BoostingLosses> sums(static_cast<std::size_t>(chunks.number()));
  constexpr std::int64_t kAtOnce = 64;
  const Chunks groups{chunks.number(), kAtOnce};
  for_each_chunk(threads_, groups.number(), [&](std::int64_t group, int) {
    std::vector<double> row;
    for (std::int64_t chunk = groups.first(group); chunk < groups.last(group); ++chunk) {
      compute::BoostingLosses& sum = sums[static_cast<std::size_t>(chunk)];
      for (std::int64_t i = chunks.first(chunk); i < chunks.last(chunk); ++i) {
        (held_out(i) ? sum.held_out : sum.learned) += row_loss(i, row) * weight(i);
      }
    }
  });
  compute::BoostingLosses all;
  for (const compute::BoostingLosses& sum : sums) {
    all.learned += sum.learned;
    all.held_out += sum.held_out;
  }
  return all;
}

void Gradients::choose_rows(std::uint64_t round, double subsample) {
  taking_part_.clear();
  left_out_.clear();
  if (subsample >= 1 && plan_.held_out.empty() && plan_.sample_weight.empty()) return;
  const std::uint64_t key = formulas::round_key(plan_.seed, formulas::kBagStream, round);
  for (std::int64_t i = 0; i < rows_; ++i) {
    const bool part = !held_out(i) && weight(i) != 0 && (subsample >= 1 || formulas::in_bag(key, i, subsample));
    (part ? taking_part_ : left_out_).push_back(static_cast<RowNumber>(i));
  }
  if (left_out_.empty()) taking_part_.clear();
}

void Gradients::fill_chunk(std::int64_t first, std::int64_t last, MatrixView<const double> gradients,
                           MatrixView<const double> hessians) {
  std::vector<double> row(static_cast<std::size_t>(plan_.outputs));
  for (std::int64_t i = first; i < last; ++i) {
    const double y = plan_.y.empty() ? 0.0 : plan_.y[static_cast<std::size_t>(i)];
    formulas::SoftmaxTerms terms;
    if (plan_.loss.kind == BoostingLossKind::multinomial) {
      for (std::int64_t k = 0; k < plan_.outputs; ++k) row[static_cast<std::size_t>(k)] = scores(k)[i];
      terms = formulas::softmax_terms(row.data(), plan_.outputs);
    }
    for (std::int64_t k = 0; k < plan_.outputs; ++k) {
      GradientPair pair;
      if (plan_.loss.kind == BoostingLossKind::custom) {
        pair = {gradients(i, k), hessians(i, k)};
      } else if (plan_.loss.kind == BoostingLossKind::multinomial) {
        pair = formulas::multinomial_gradient(terms, scores(k)[i], static_cast<std::int64_t>(y) == k);
      } else {
        pair = formulas::boosting_gradient(plan_.loss, y, scores(k)[i]);
      }
      const auto at = static_cast<std::size_t>(k * rows_ + i);
      gradients_[at] = static_cast<float>(pair.gradient * weight(i));
      hessians_[at] = static_cast<float>(pair.hessian * weight(i));
    }
  }
}

void Gradients::find_greatest() {
  const std::int64_t count = all_take_part() ? rows_ : std::ssize(taking_part_);
  for (std::int64_t k = 0; k < plan_.outputs; ++k) {
    Greatest greatest;
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t i = all_take_part() ? j : std::int64_t{taking_part_[static_cast<std::size_t>(j)]};
      const auto at = static_cast<std::size_t>(k * rows_ + i);
      greatest.gradient = std::max(greatest.gradient, std::fabs(gradients_[at]));
      greatest.hessian = std::max(greatest.hessian, hessians_[at]);
    }
    greatest_[static_cast<std::size_t>(k)] = greatest;
  }
}

void Gradients::begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                            MatrixView<const double> hessians) {
  round_ = round;
  choose_rows(round, subsample);
  const Chunks chunks{rows_, kRowsOfChunk};
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    fill_chunk(chunks.first(chunk), chunks.last(chunk), gradients, hessians);
  });
  find_greatest();
}

double Gradients::gradient_unit(std::int64_t output) const {
  const double greatest = greatest_[static_cast<std::size_t>(output)].gradient;
  return formulas::level_unit(greatest, plan_.exact ? formulas::kExactLevels : formulas::kGradientLevels);
}

double Gradients::hessian_unit(std::int64_t output) const {
  const double greatest = greatest_[static_cast<std::size_t>(output)].hessian;
  return formulas::level_unit(greatest, plan_.exact ? formulas::kExactLevels : formulas::kHessianLevels);
}

void Gradients::integers(std::int64_t output, AlignedVector<std::uint64_t>& words) const {
  words.resize(static_cast<std::size_t>(rows_));
  const Greatest& greatest = greatest_[static_cast<std::size_t>(output)];
  const float* gradients = gradients_.data() + output * rows_;
  const float* hessians = hessians_.data() + output * rows_;
  const Chunks chunks{all_take_part() ? rows_ : std::ssize(taking_part_), kRowsOfChunk};
  const double g_scale = formulas::level_scale(static_cast<double>(greatest.gradient),
                                               plan_.exact ? formulas::kExactLevels : formulas::kGradientLevels);
  const double h_scale = formulas::level_scale(static_cast<double>(greatest.hessian),
                                               plan_.exact ? formulas::kExactLevels : formulas::kHessianLevels);
  const std::uint64_t key = formulas::round_key(plan_.seed, formulas::kRoundingStream, round_);
  for_each_chunk(threads_, chunks.number(), [&](std::int64_t chunk, int) {
    for (std::int64_t j = chunks.first(chunk); j < chunks.last(chunk); ++j) {
      const std::int64_t i = all_take_part() ? j : std::int64_t{taking_part_[static_cast<std::size_t>(j)]};
      words[static_cast<std::size_t>(i)] =
          plan_.exact
              ? formulas::exactly_scaled_row(gradients[i], hessians[i], g_scale, h_scale)
              : formulas::quantised_row(gradients[i], hessians[i], g_scale, h_scale, key, i, output, plan_.outputs);
    }
  });
}

formulas::NodeSums Gradients::sums(std::int64_t output, std::span<const SegmentRows> parts) const {
  const Greatest& greatest = greatest_[static_cast<std::size_t>(output)];
  const int g_exponent = formulas::fixed_point_exponent(static_cast<double>(greatest.gradient), rows_);
  const int h_exponent = formulas::fixed_point_exponent(static_cast<double>(greatest.hessian), rows_);
  const double g_scale = std::ldexp(1.0, g_exponent);
  const double h_scale = std::ldexp(1.0, h_exponent);
  std::int64_t gradient = 0;
  std::int64_t hessian = 0;
  std::int64_t count = 0;
  for (const SegmentRows& rows : parts) {
    for (std::int64_t j = 0; j < rows.count; ++j) {
      const auto at = static_cast<std::size_t>(output * rows_ + rows[j]);
      gradient += formulas::to_fixed(static_cast<double>(gradients_[at]), g_scale);
      hessian += formulas::to_fixed(static_cast<double>(hessians_[at]), h_scale);
    }
    count += rows.count;
  }
  return {formulas::from_fixed(gradient, std::ldexp(1.0, -g_exponent)),
          formulas::from_fixed(hessian, std::ldexp(1.0, -h_exponent)), static_cast<double>(count)};
}

double Gradients::quantile(std::span<const SegmentRows> parts, double q) const {
  struct Weighted {
    double value;
    std::int64_t weight;
  };
  std::vector<Weighted> all;
  std::int64_t total = 0;
  for (const SegmentRows& rows : parts) {
    for (std::int64_t j = 0; j < rows.count; ++j) {
      const auto i = static_cast<std::size_t>(rows[j]);
      all.push_back({plan_.y[i] - scores_[i], formulas::to_fixed(weight(rows[j]), weight_scale_)});
      total += all.back().weight;
    }
  }
  std::sort(all.begin(), all.end(), [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  const double least = q * static_cast<double>(total);
  std::int64_t sum = 0;
  for (const Weighted& one : all) {
    sum += one.weight;
    if (static_cast<double>(sum) >= least) return one.value;
  }
  return all.empty() ? 0.0 : all.back().value;
}

}  // namespace forja::cpu
