#include "boosting/gradients.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "boosting/growing_buffer.h"
#include "boosting/round_kernels.cuh"
#include "runtime/device_rows.h"
#include "runtime/launch.h"

namespace forja::cuda {

Gradients::Gradients(const Context& context, const compute::BoostingPlan& plan, std::int64_t n)
    : context_(&context),
      n_(n),
      outputs_(plan.outputs),
      loss_(plan.loss),
      exact_(plan.exact),
      seed_(plan.seed),
      y_(context, std::ssize(plan.y)),
      weight_(context, std::ssize(plan.sample_weight)),
      held_out_(context, std::ssize(plan.held_out)),
      scores_(context, n * plan.outputs),
      row_(context, n * plan.outputs),
      word_(context, n * plan.outputs),
      greatest_(context, 2 * plan.outputs),
      scales_(context, plan.outputs),
      losses_(context, 2 * boost_blocks(n) + 2),
      taking_part_(context, n),
      count_(context, 1),
      count_back_(1) {
  double greatest = 1;
  if (!plan.sample_weight.empty()) greatest = *std::max_element(plan.sample_weight.begin(), plan.sample_weight.end());
  weight_scale_ = std::ldexp(1.0, formulas::fixed_point_exponent(greatest, n));
  y_.upload(plan.y);
  weight_.upload(plan.sample_weight);
  held_out_.upload(plan.held_out);
  scores_.fill_bytes(0);
}

Gradients::~Gradients() {
  if (count_coming_ && cudaStreamSynchronize(context_->stream()) != cudaSuccess) (void)cudaGetLastError();
}

TargetsView Gradients::targets() const { return {y_.data(), weight_.data(), held_out_.data(), n_, outputs_, loss_}; }

GradientsView Gradients::view() { return {row_.data(), word_.data(), greatest_.data(), scales_.data()}; }

void Gradients::set_scores(MatrixView<const double> scores) {
  if (scores.rows() == n_) {
    upload_rows(*context_, scores, scores_.data());
    return;
  }
  DeviceBuffer<double> row(*context_, outputs_);
  row.upload(scores.row(0));
  launch(repeat_scores, blocks(boost_blocks(n_ * outputs_)), dim3(kBoostThreads), 0, context_->stream(), row.data(), n_,
         outputs_, scores_.data());
}

void Gradients::read_scores(MatrixView<double> out) const { download_rows(*context_, scores_.data(), out); }

compute::BoostingLosses Gradients::losses() {
  const std::int64_t chunks = boost_blocks(n_);
  double* const sums = losses_.data() + 2;
  launch(sum_chunk_losses, blocks(chunks), dim3(kBoostThreads), 0, context_->stream(), targets(), scores_.data(), sums);
  launch(sum_losses, dim3(1), dim3(kBoostThreads), 0, context_->stream(), sums, chunks, losses_.data());
  std::array<double, 2> found{};
  losses_.download(found);
  return {found[0], found[1]};
}

void Gradients::begin_round(std::uint64_t round, double subsample, MatrixView<const double> gradients,
                            MatrixView<const double> hessians, NodeRows& node_rows) {
  const std::uint64_t bag_key = formulas::round_key(seed_, formulas::kBagStream, round);
  const bool all = subsample >= 1;
  if (!all || !all_listed_) {
    node_rows.list_taking_part(targets(), bag_key, subsample, taking_part_.data(), count_.data());
    count_coming_ = true;
    count_.download_async(count_back_.data(), 1);
    all_listed_ = all;
  }
  const bool given = loss_.kind == formulas::BoostingLossKind::custom;
  if (given) {
    grow(*context_, given_gradient_, n_ * outputs_);
    grow(*context_, given_hessian_, n_ * outputs_);
    upload_rows(*context_, gradients, given_gradient_.data());
    upload_rows(*context_, hessians, given_hessian_.data());
  }
  greatest_.fill_bytes(0);
  launch(find_gradients, blocks(boost_blocks(n_)), dim3(kBoostThreads), 0, context_->stream(), targets(),
         scores_.data(), given_gradient_.data(), given_hessian_.data(), bag_key, subsample, view());
  launch(set_scales, blocks((outputs_ + kWarp - 1) / kWarp), dim3(kWarp), 0, context_->stream(), view(), n_, outputs_,
         exact_);
  launch(make_words, blocks(boost_blocks(n_)), dim3(kBoostThreads), 0, context_->stream(), view(), n_, outputs_, exact_,
         formulas::round_key(seed_, formulas::kRoundingStream, round));
}

std::int64_t Gradients::taking_part_count() {
  if (count_coming_) {
    context_->synchronize();
    count_coming_ = false;
  }
  return count_back_[0];
}

}  // namespace forja::cuda
