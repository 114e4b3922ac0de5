#include "boosting/tree_shap.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "boosting/forest_walk.h"
#include "estimator/host_threads.h"

namespace forja::core {
namespace {

/// Rows side by side; a bit for each in a word.
constexpr std::int64_t kLanes = 32;
using Lanes = std::array<double, kLanes>;
using LaneBits = std::uint32_t;

struct QuadraturePoint {
  double t;
  double weight;
};

/// The points of Gauss and Legendre on [0, 1], exact for polynomials of a degree below 2 count.
std::vector<QuadraturePoint> quadrature(std::int64_t count) {
  std::vector<QuadraturePoint> points;
  const auto n = static_cast<double>(count);
  for (std::int64_t i = 0; i < count; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 0;
    // Newton's steps double the digits; the first guess has two or more.
    for (int step = 0; step < 6; ++step) {
      double before = 1;
      double value = x;
      for (std::int64_t degree = 2; degree <= count; ++degree) {
        const auto k = static_cast<double>(degree);
        const double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
        before = value;
        value = next;
      }
      slope = n * (before - x * value) / (1 - x * x);
      x -= value / slope;
    }
    points.push_back({(1 - x) / 2, 1 / ((1 - x * x) * slope * slope)});
  }
  return points;
}

/// What one tree is, with what its nodes' ways need.
class Tree {
 public:
  Tree(const FittedForest& forest, std::int64_t tree) : forest_(&forest) {
    const auto first = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree)]);
    const auto end = static_cast<std::size_t>(forest.first[static_cast<std::size_t>(tree) + 1]);
    nodes_ = std::span(forest.nodes).subspan(first, end - first);
    const auto facts = std::span(forest.facts).subspan(first, end - first);
    parent_.assign(nodes_.size(), -1);
    share_.assign(nodes_.size(), 1);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      if (nodes_[k].feature < 0) continue;
      const auto left = static_cast<std::size_t>(nodes_[k].left);
      parent_[left] = parent_[left + 1] = static_cast<std::int32_t>(k);
      share_[left] = share_of_left(facts[left].cover, facts[left + 1].cover);
      share_[left + 1] = 1 - share_[left];
    }
  }

  std::span<const compute::ForestNode> nodes() const { return nodes_; }
  std::int32_t parent(std::size_t node) const { return parent_[node]; }
  /// Of the parent's cover.
  double share(std::size_t node) const { return share_[node]; }

  double expected() const {
    std::vector<double> reached(nodes_.size(), 1);
    double sum = 0;
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      if (parent_[k] >= 0) reached[k] = reached[static_cast<std::size_t>(parent_[k])] * share_[k];
      if (nodes_[k].feature < 0) sum += reached[k] * nodes_[k].value;
    }
    return sum;
  }

  /// For each node that is split, which of these rows it sends to the left.
  template <class T>
  void send(MatrixView<const T> rows, std::vector<LaneBits>& left) const {
    left.assign(nodes_.size(), 0);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
      if (nodes_[k].feature < 0) continue;
      for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const bool to_left = goes_left(*forest_, nodes_[k], static_cast<double>(rows(r, nodes_[k].feature)));
        left[k] |= LaneBits{to_left} << r;
      }
    }
  }

 private:
  const FittedForest* forest_;
  std::span<const compute::ForestNode> nodes_;
  std::vector<std::int32_t> parent_;
  std::vector<double> share_;
};

/// The games of leaves, for some rows at once.
class LeafGames {
 public:
  explicit LeafGames(std::int64_t features) : place_(static_cast<std::size_t>(features), -1) {}

  /// What the way to a leaf asks for, a term for each feature. left: of Tree::send.
  void take_way(const Tree& tree, std::size_t leaf, std::span<const LaneBits> left) {
    for (const Term& term : terms_) place_[static_cast<std::size_t>(term.feature)] = -1;
    terms_.clear();
    for (std::size_t node = leaf; tree.parent(node) >= 0;) {
      const auto above = static_cast<std::size_t>(tree.parent(node));
      const compute::ForestNode& split = tree.nodes()[above];
      std::int32_t& place = place_[static_cast<std::size_t>(split.feature)];
      if (place < 0) {
        place = static_cast<std::int32_t>(terms_.size());
        terms_.push_back({split.feature, 1, ~LaneBits{0}});
      }
      Term& term = terms_[static_cast<std::size_t>(place)];
      term.share *= tree.share(node);
      term.met &= static_cast<std::size_t>(split.left) == node ? left[above] : ~left[above];
      node = above;
    }
  }

  /// Adds the Shapley values of a leaf of this value to the first columns of out, one row for each lane.
  void add(double value, MatrixView<double> out) {
    integrate();
    for (std::size_t j = 0; j < terms_.size(); ++j) {
      for (std::int64_t r = 0; r < out.rows(); ++r) {
        const auto lane = static_cast<std::size_t>(r);
        out(r, terms_[j].feature) += value * (met_[j][lane] - terms_[j].share) * integral_[j][lane];
      }
    }
  }

 private:
  struct Term {
    std::int32_t feature;
    double share;  ///< of the cover, that meets what the way asks of the feature
    LaneBits met;  ///< rows that do
  };

  void integrate() {
    const std::size_t count = terms_.size();
    met_.resize(std::max(met_.size(), count));
    before_.resize(met_.size());
    integral_.resize(met_.size());
    for (std::size_t j = 0; j < count; ++j) {
      for (std::size_t r = 0; r < kLanes; ++r) met_[j][r] = static_cast<double>((terms_[j].met >> r) & 1);
      integral_[j].fill(0);
    }
    for (const auto& [t, weight] : points_of((count + 1) / 2)) {
      Lanes product;
      product.fill(weight);
      for (std::size_t j = 0; j < count; ++j) {
        before_[j] = product;
        multiply(product, j, t);
      }
      product.fill(1);
      for (std::size_t j = count; j-- > 0;) {
        for (std::size_t r = 0; r < kLanes; ++r) integral_[j][r] += before_[j][r] * product[r];
        multiply(product, j, t);
      }
    }
  }

  void multiply(Lanes& product, std::size_t j, double t) const {
    const Lanes& met = met_[j];
    const double apart = (1 - t) * terms_[j].share;
    for (std::size_t r = 0; r < kLanes; ++r) product[r] *= t * met[r] + apart;
  }

  std::span<const QuadraturePoint> points_of(std::size_t count) {
    if (points_.size() <= count) points_.resize(count + 1);
    if (points_[count].empty()) points_[count] = quadrature(static_cast<std::int64_t>(count));
    return points_[count];
  }

  std::vector<std::int32_t> place_;  ///< of each feature in terms_, -1: none
  std::vector<Term> terms_;
  std::vector<Lanes> met_;
  std::vector<Lanes> before_;  ///< products of the terms before
  std::vector<Lanes> integral_;
  std::vector<std::vector<QuadraturePoint>> points_;  ///< by their number
};

}  // namespace

template <class T>
void tree_shap(const FittedForest& forest, MatrixView<const T> x, int threads, MatrixView<double> out) {
  const std::int64_t d = x.columns();
  std::vector<Tree> trees;
  std::vector<double> expected = forest.baseline;
  for (std::int64_t tree = 0; tree < forest.trees(); ++tree) {
    trees.emplace_back(forest, tree);
    expected[static_cast<std::size_t>(tree % forest.outputs())] += trees.back().expected();
  }
  for_each_part(threads, (x.rows() + kLanes - 1) / kLanes, [&](std::int64_t part) {
    const std::int64_t first = part * kLanes;
    const std::int64_t count = std::min(kLanes, x.rows() - first);
    const MatrixView<const T> rows = x.middle_rows(first, count);
    const auto of_output = [&](std::int64_t output) {
      return MatrixView<double>(&out(first, output * (d + 1)), count, d + 1, out.stride());
    };
    for (std::int64_t output = 0; output < forest.outputs(); ++output) {
      for (std::int64_t r = 0; r < count; ++r) {
        std::fill_n(of_output(output).row(r).begin(), d, 0.0);
        of_output(output)(r, d) = expected[static_cast<std::size_t>(output)];
      }
    }
    LeafGames games(d);
    std::vector<LaneBits> left;
    for (std::int64_t tree = 0; tree < forest.trees(); ++tree) {
      const Tree& ways = trees[static_cast<std::size_t>(tree)];
      ways.send(rows, left);
      for (std::size_t node = 0; node < ways.nodes().size(); ++node) {
        if (ways.nodes()[node].feature >= 0) continue;
        games.take_way(ways, node, left);
        games.add(ways.nodes()[node].value, of_output(tree % forest.outputs()));
      }
    }
  });
}

template void tree_shap(const FittedForest&, MatrixView<const float>, int, MatrixView<double>);
template void tree_shap(const FittedForest&, MatrixView<const double>, int, MatrixView<double>);

}  // namespace forja::core
