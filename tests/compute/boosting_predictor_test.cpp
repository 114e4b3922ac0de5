// Sums of trees at the seam: the bits of the definition, from every device; and the arithmetic that they rest on.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "compute/backend.h"
#include "formulas/portable_math.h"
#include "support/boosting_data.h"
#include "support/boosting_reference.h"
#include "support/devices.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using compute::ForestNode;

double uniform(std::uint64_t stream, std::uint64_t i) { return formulas::random_uniform(8, stream, i); }

/// Trees by chance, of these sizes, over columns of these kinds.
struct MadeForest {
  MadeForest(const std::vector<ColumnKind>& kinds, const Matrix<double>& x, const std::vector<int>& splits,
             std::vector<double> start)
      : table(boosting_table(x, kinds, 40)), baseline(std::move(start)) {
    for (const int count : splits) add_tree(count);
  }

  compute::Forest view() const { return {nodes, first, left_bins, baseline, &table}; }

  void add_tree(int splits) {
    const std::size_t root = nodes.size();
    nodes.emplace_back();
    // Long chains and bushy places: which leaf is split next is chance.
    std::vector<std::size_t> leaves{root};
    for (int s = 0; s < splits; ++s) {
      const auto pick = static_cast<std::size_t>(uniform(1, place_++) * static_cast<double>(leaves.size()));
      const std::size_t at = leaves[pick];
      leaves.erase(leaves.begin() + static_cast<std::ptrdiff_t>(pick));
      make_split(nodes[at]);
      nodes[at].left = static_cast<std::int32_t>(nodes.size() - root);
      for (int side = 0; side < 2; ++side) {
        leaves.push_back(nodes.size());
        nodes.emplace_back();
      }
    }
    for (const std::size_t at : leaves) nodes[at].value = uniform(2, place_++) - 0.5;
    first.push_back(static_cast<std::int64_t>(nodes.size()));
  }

  void make_split(ForestNode& node) {
    const auto f = static_cast<std::int32_t>(uniform(3, place_++) * static_cast<double>(table.features()));
    node.feature = f;
    node.missing_left = uniform(4, place_++) < 0.5;
    if (table.categorical[static_cast<std::size_t>(f)] == 0) {
      const auto values = table.values(f);
      if (!values.empty()) {
        const double value =
            values[static_cast<std::size_t>(uniform(5, place_++) * static_cast<double>(values.size()))];
        node.threshold = static_cast<double>(static_cast<float>(value));
      }
      return;
    }
    node.categories = static_cast<std::int32_t>(left_bins.size());
    auto& bits = left_bins.emplace_back();
    for (std::int64_t bin = 0; bin < table.n_bins(f); ++bin) {
      if (uniform(6, place_++) < 0.5) bits[static_cast<std::size_t>(bin / 64)] |= std::uint64_t{1} << (bin % 64);
    }
    const std::int64_t missing = table.n_bins(f);
    if (node.missing_left) bits[static_cast<std::size_t>(missing / 64)] |= std::uint64_t{1} << (missing % 64);
  }

  /// The value of the leaf that a row comes to.
  double leaf(std::size_t tree, std::span<const double> row) const {
    const auto root = static_cast<std::size_t>(first[tree]);
    for (std::size_t at = root;;) {
      const ForestNode& node = nodes[at];
      if (node.feature < 0) return node.value;
      const double value = row[static_cast<std::size_t>(node.feature)];
      bool left = value <= node.threshold;
      if (std::isnan(value)) {
        left = node.missing_left;
      } else if (node.categories >= 0) {
        const std::uint8_t bin = naive_bin(table, node.feature, value);
        left = (left_bins[static_cast<std::size_t>(node.categories)][bin / 64] >> (bin % 64) & 1) != 0;
      }
      at = root + static_cast<std::size_t>(node.left) + (left ? 0 : 1);
    }
  }

  compute::BinTable table;
  std::vector<ForestNode> nodes;
  std::vector<std::int64_t> first = {0};
  std::vector<std::array<std::uint64_t, 4>> left_bins;
  std::vector<double> baseline;

 private:
  std::uint64_t place_ = 0;
};

/// out as a predictor is to leave it.
Matrix<double> summed(const MadeForest& forest, const Matrix<double>& x, std::int64_t first_round,
                      std::int64_t end_round, Matrix<double> out) {
  const auto outputs = std::ssize(forest.baseline);
  for (std::int64_t i = 0; i < x.rows(); ++i) {
    for (std::int64_t k = 0; k < outputs; ++k) {
      if (first_round == 0) out(i, k) = forest.baseline[static_cast<std::size_t>(k)];
      for (std::int64_t round = first_round; round < end_round; ++round) {
        out(i, k) += forest.leaf(static_cast<std::size_t>(round * outputs + k), x.row(i));
      }
    }
  }
  return out;
}

template <class T>
class BoostingPredictorSeam : public ::testing::Test {};
TYPED_TEST_SUITE(BoostingPredictorSeam, StorageTypes, StorageName);

template <class T>
void expect_sums(const MadeForest& forest, Matrix<double> wide) {
  const Matrix<T> x(wide.view());
  wide = Matrix<double>(x.view());
  const auto outputs = std::ssize(forest.baseline);
  const auto rounds = (std::ssize(forest.first) - 1) / outputs;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name() + ", " + std::to_string(x.rows()) + " rows");
    const auto predictor =
        device.backend().families<T>().make_boosting_predictor({device.index(), device.threads()}, forest.view());
    Matrix<double> found(x.rows(), outputs, 0.125);
    predictor->sum(Rows<T>(x), 0, rounds, found.view());
    EXPECT_EQ(found, summed(forest, wide, 0, rounds, Matrix<double>(x.rows(), outputs)));
    // In two stages, the second into rows that are wider than what is written.
    Matrix<double> padded(x.rows(), outputs + 1, 7.0);
    const MatrixView<double> out(padded.data(), x.rows(), outputs, outputs + 1);
    predictor->sum(Rows<T>(x), 0, rounds / 2, out);
    EXPECT_EQ(Matrix<double>(out), summed(forest, wide, 0, rounds / 2, Matrix<double>(x.rows(), outputs)));
    predictor->sum(Rows<T>(x), rounds / 2, rounds, out);
    EXPECT_EQ(Matrix<double>(out), found);
    predictor->sum(Rows<T>(x), rounds, rounds, out);
    EXPECT_EQ(Matrix<double>(out), found);
    for (std::int64_t i = 0; i < x.rows(); ++i) ASSERT_EQ(padded(i, outputs), 7.0) << "wrote beyond the row";
  }
}

TYPED_TEST(BoostingPredictorSeam, numeric_trees_of_any_shape_are_summed) {
  const std::vector<ColumnKind> kinds{ColumnKind::smooth, ColumnKind::gaps, ColumnKind::coarse};
  for (const std::int64_t n : {1, 2, 7, 8, 9, 31, 32, 33, 300}) {
    const Matrix<double> x = boosting_rows(n, kinds, 4);
    const Matrix<double> others = boosting_rows(60, kinds, 5);
    expect_sums<TypeParam>(MadeForest(kinds, others, {0, 1, 30, 5, 2, 60}, {0.5}), x);
    expect_sums<TypeParam>(MadeForest(kinds, others, {3, 0, 9, 7, 4, 12}, {0.5, -1, 2}), x);
  }
}

TYPED_TEST(BoostingPredictorSeam, blocks_of_rows_go_through_trees_of_few_leaves_and_of_many) {
  const std::vector<ColumnKind> kinds{ColumnKind::smooth, ColumnKind::gaps, ColumnKind::coarse};
  const Matrix<double> x = boosting_rows(1100, kinds, 4);
  expect_sums<TypeParam>(MadeForest(kinds, x, {31, 32, 63, 64, 100, 7}, {0.5, 1}), x);
  // So many columns that blocks are smaller.
  const std::vector<ColumnKind> many(300, ColumnKind::gaps);
  const Matrix<double> wide = boosting_rows(130, many, 4);
  expect_sums<TypeParam>(MadeForest(many, wide, std::vector<int>(34, 30), {0}), wide);
}

TYPED_TEST(BoostingPredictorSeam, categories_lead_by_their_bits_and_unknown_ones_as_missing) {
  const std::vector<ColumnKind> kinds{ColumnKind::categories, ColumnKind::smooth, ColumnKind::categories};
  Matrix<double> x = boosting_rows(90, kinds, 6);
  const MadeForest forest(kinds, x, {8, 20, 1, 15}, {0.25, 0});
  for (std::int64_t i = 0; i < 30; ++i) {
    x(i, 0) = i % 3 == 0 ? -3 : (i % 3 == 1 ? 2.5 : 1e9);
    x(i, 2) = i % 2 == 0 ? std::numeric_limits<double>::infinity() : 1e5 + 0.5;
  }
  expect_sums<TypeParam>(forest, x);
}

TYPED_TEST(BoostingPredictorSeam, a_value_on_the_threshold_goes_left_and_infinite_ones_to_their_sides) {
  using T = TypeParam;
  compute::BinTable table;
  table.entries = {0.5};
  table.first = {0, 1};
  table.categorical = {0};
  std::vector<ForestNode> nodes(3);
  nodes[0] = {0.5, 0, 0, 1, -1, false};
  nodes[1].value = -1;
  nodes[2].value = 1;
  const std::vector<std::int64_t> first{0, 3};
  const std::vector<double> baseline{0};
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const Matrix<T> x(6, 1,
                    std::vector<T>{T(0.5), std::nextafter(T(0.5), T(1)), std::nextafter(T(0.5), T(0)), kInfinity,
                                   -kInfinity, std::numeric_limits<T>::quiet_NaN()});
  for (const bool missing_left : {false, true}) {
    nodes[0].missing_left = missing_left;
    for (const Device& device : devices_under_test()) {
      SCOPED_TRACE(device.name());
      const auto predictor = device.backend().families<T>().make_boosting_predictor(
          {device.index(), device.threads()}, {nodes, first, {}, baseline, &table});
      Matrix<double> out(6, 1);
      predictor->sum(Rows<T>(x), 0, 1, out.view());
      EXPECT_EQ(out, Matrix<double>(6, 1, std::vector<double>{-1, 1, -1, 1, -1, missing_left ? -1.0 : 1.0}));
    }
  }
}

TYPED_TEST(BoostingPredictorSeam, rows_on_the_device_are_like_rows_of_the_host) {
  using T = TypeParam;
  const std::vector<ColumnKind> kinds{ColumnKind::smooth, ColumnKind::coarse};
  const Matrix<T> x(boosting_rows(70, kinds, 7).view());
  const MadeForest forest(kinds, Matrix<double>(x.view()), {6, 9}, {1});
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const DeviceMatrix<T> held(x, device);
    const auto& families = device.backend().families<T>();
    const compute::Place place{device.index(), device.threads()};
    const auto predictor = families.make_boosting_predictor(place, forest.view());
    Matrix<double> found(70, 1);
    Matrix<double> expected(70, 1);
    predictor->sum(Rows<T>(held), 0, 2, found.view());
    predictor->sum(Rows<T>(x), 0, 2, expected.view());
    EXPECT_EQ(found, expected);
    Matrix<std::uint8_t> bins(70, 2);
    families.bin(place, Rows<T>(held), forest.table)->download(0, bins.view());
    EXPECT_EQ(bins, naive_bins(forest.table, x));
  }
}

/// Units in the last place between two doubles of one sign.
std::int64_t ulps(double a, double b) {
  return std::abs(std::bit_cast<std::int64_t>(a) - std::bit_cast<std::int64_t>(b));
}

TEST(PortableMath, exp_is_within_two_units_of_the_library_and_ends_where_doubles_do) {
  std::int64_t most = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double wide = 1400 * uniform(10, i) - 700;
    const double narrow = 2 * uniform(11, i) - 1;
    for (const double x : {wide, narrow, narrow * 1e-9}) {
      most = std::max(most, ulps(formulas::portable_exp(x), std::exp(x)));
    }
  }
  EXPECT_LE(most, 2);
  EXPECT_EQ(formulas::portable_exp(0), 1);
  EXPECT_EQ(formulas::portable_exp(-0.0), 1);
  EXPECT_LE(ulps(formulas::portable_exp(709), std::exp(709.0)), 2);
  EXPECT_EQ(formulas::portable_exp(1e10), formulas::portable_exp(709));
  EXPECT_EQ(formulas::portable_exp(-1e10), formulas::portable_exp(-708));
  EXPECT_GT(formulas::portable_exp(-1e10), 0);
}

TEST(PortableMath, log_is_within_two_units_of_the_library) {
  std::int64_t most = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double wide = std::exp(1400 * uniform(12, i) - 700);
    const double narrow = 0.5 + uniform(13, i);
    const double near = 1 + 1e-6 * (uniform(14, i) - 0.5);
    for (const double x : {wide, narrow, near}) most = std::max(most, ulps(formulas::portable_log(x), std::log(x)));
  }
  EXPECT_LE(most, 2);
  EXPECT_EQ(formulas::portable_log(1), 0);
  EXPECT_LE(
      ulps(formulas::portable_log(std::numeric_limits<double>::max()), std::log(std::numeric_limits<double>::max())),
      2);
  EXPECT_LE(
      ulps(formulas::portable_log(std::numeric_limits<double>::min()), std::log(std::numeric_limits<double>::min())),
      2);
}

}  // namespace
}  // namespace forja::testing
