#pragma once

#include <span>
#include <vector>

/// Probabilities from decisions: of one machine (Platt 1999), and of several classes from those of pairs.
namespace forja::core {

/// The positive side's probability is 1 / (1 + exp(a decision + b)).
struct Sigmoid {
  double a = 0;
  double b = 0;

  double operator()(double decision) const;
};

/// The most likely sigmoid of these decisions, some of them of positive rows, targets drawn in from 0 and 1 as Platt
/// has it; by Newton's method (Lin, Lin and Weng 2007).
Sigmoid fit_sigmoid(std::span<const double> decisions, const std::vector<bool>& positive);

/// Probabilities of classes from those that the first of each pair wins, pairs (0, 1), (0, 2), .. (1, 2), ..: the
/// second method of Wu, Lin and Weng 2004, which minimises the sum over pairs of (r_ba p_a - r_ab p_b)^2, in closed
/// form.
void couple_pairs(std::span<const double> pairs, std::span<double> out);

}  // namespace forja::core
