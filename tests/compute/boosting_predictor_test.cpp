// Sums of trees at the seam, against the walk by definition: the same bits from every device.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "compute/backend.h"
#include "formulas/counter_random.h"
#include "support/devices.h"
#include "support/storage_types.h"

namespace forja::testing {
namespace {

using compute::ForestNode;

double uniform(std::uint64_t stream, std::int64_t i) {
  return formulas::random_uniform(8, stream, static_cast<std::uint64_t>(i));
}

/// A forest of trees that are as deep as chance makes them, over numbers and, in every third column, categories.
struct MadeForest {
  MadeForest(std::int64_t d, std::int64_t outputs, std::int64_t rounds) {
    for (std::int64_t f = 0; f < d; ++f) {
      if (f % 3 == 2) table.entries.insert(table.entries.end(), {0, 1, 4, 90});
      table.first.push_back(std::ssize(table.entries));
      table.categorical.push_back(f % 3 == 2 ? 1 : 0);
    }
    for (std::int64_t k = 0; k < outputs; ++k) baseline.push_back(0.1 * static_cast<double>(k + 1));
    for (std::int64_t tree = 0; tree < outputs * rounds; ++tree) {
      const std::size_t begin = nodes.size();
      nodes.emplace_back();
      for (std::size_t at = begin; at < nodes.size(); ++at) grow(at, begin, d);
      first.push_back(std::ssize(nodes));
    }
  }

  void grow(std::size_t at, std::size_t begin, std::int64_t d) {
    const auto i = static_cast<std::int64_t>(at);
    ForestNode node;
    node.value = uniform(1, i) - 0.5;
    if (at == begin ? uniform(2, i) < 0.9 : uniform(2, i) < 0.55 && at - begin < 20) {
      node.feature = static_cast<std::int32_t>(uniform(3, i) * static_cast<double>(d));
      node.left = static_cast<std::int32_t>(nodes.size() - begin);
      node.threshold = std::floor(8 * uniform(4, i)) / 4;
      node.missing_left = uniform(5, i) < 0.5;
      if (node.feature % 3 == 2) {
        node.categories = static_cast<std::int32_t>(left_bins.size());
        left_bins.push_back({static_cast<std::uint64_t>(16 * uniform(6, i)), 0, 0, 0});
      }
      nodes.resize(nodes.size() + 2);
    }
    nodes[at] = node;
  }

  compute::Forest view() const { return {nodes, first, left_bins, baseline, &table}; }

  compute::BinTable table;
  std::vector<ForestNode> nodes;
  std::vector<std::int64_t> first = {0};
  std::vector<std::array<std::uint64_t, 4>> left_bins;
  std::vector<double> baseline;
};

/// The place of a category; none where it is not listed.
std::optional<std::size_t> category(const compute::BinTable& table, std::int64_t f, double value) {
  const auto listed = table.values(f);
  for (std::size_t bin = 0; bin < listed.size(); ++bin) {
    if (listed[bin] == value) return bin;
  }
  return {};
}

template <class T>
double naive_tree(const MadeForest& forest, std::int64_t tree, std::span<const T> x) {
  const ForestNode* const nodes = forest.nodes.data() + forest.first[static_cast<std::size_t>(tree)];
  const ForestNode* node = nodes;
  while (node->feature >= 0) {
    const auto value = static_cast<double>(x[static_cast<std::size_t>(node->feature)]);
    bool left = value <= node->threshold;
    if (std::isnan(value)) left = node->missing_left;
    if (node->categories >= 0) {
      const auto bin = category(forest.table, node->feature, value);
      const auto& bins = forest.left_bins[static_cast<std::size_t>(node->categories)];
      left = bin ? ((bins[0] >> *bin) & 1U) != 0 : node->missing_left;
    }
    node = nodes + node->left + (left ? 0 : 1);
  }
  return node->value;
}

/// Values at thresholds and between them, categories listed or not, gaps.
template <class T>
Matrix<T> rows_of(std::int64_t m, std::int64_t d) {
  Matrix<T> x(m, d);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t f = 0; f < d; ++f) {
      const double u = uniform(7, i * d + f);
      x(i, f) = u < 0.1 ? static_cast<T>(NAN) : static_cast<T>(std::floor(50 * u) / (f % 3 == 2 ? 10 : 24));
      if (f % 3 == 2 && u > 0.3) x(i, f) = std::floor(x(i, f));
    }
  }
  return x;
}

template <class T>
class BoostingPredictorSeam : public ::testing::Test {};
TYPED_TEST_SUITE(BoostingPredictorSeam, StorageTypes, StorageName);

TYPED_TEST(BoostingPredictorSeam, trees_are_added_in_order_round_after_round) {
  using T = TypeParam;
  for (const std::int64_t outputs : {1, 3}) {
    const MadeForest forest(7, outputs, 9);
    for (const std::int64_t m : {1, 2, 31, 32, 33, 255, 257}) {
      const Matrix<T> x = rows_of<T>(m, 7);
      Matrix<double> half(m, outputs);
      Matrix<double> whole(m, outputs);
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t k = 0; k < outputs; ++k) {
          double sum = forest.baseline[static_cast<std::size_t>(k)];
          for (std::int64_t round = 0; round < 9; ++round) {
            sum += naive_tree<T>(forest, round * outputs + k, x.row(i));
            if (round == 3) half(i, k) = sum;
          }
          whole(i, k) = sum;
        }
      }
      for (const Device& device : devices_under_test()) {
        SCOPED_TRACE(device.name() + ", " + std::to_string(m) + " rows, " + std::to_string(outputs) + " outputs");
        const auto model =
            device.backend().families<T>().make_boosting_predictor({device.index(), device.threads()}, forest.view());
        Matrix<double> out(m, outputs + 1, 7.0);
        const MatrixView<double> wanted(out.data(), m, outputs, outputs + 1);
        model->sum(Rows<T>(x), 0, 4, wanted);
        EXPECT_EQ(Matrix<double>(wanted), half);
        model->sum(Rows<T>(DeviceMatrix<T>(rows_of<T>(1, 7), device)), 4, 4, wanted.middle_rows(0, 1));
        model->sum(Rows<T>(x), 4, 9, wanted);
        EXPECT_EQ(Matrix<double>(wanted), whole);
        for (std::int64_t i = 0; i < m; ++i) ASSERT_EQ(out(i, outputs), 7) << "wrote beyond the row";
      }
    }
  }
}

TYPED_TEST(BoostingPredictorSeam, rows_on_the_device_are_like_rows_of_the_host) {
  using T = TypeParam;
  const MadeForest forest(4, 1, 5);
  Matrix<T> x = rows_of<T>(60, 4);
  for (T& value : x.values()) value = std::isnan(value) ? T(9) : value;
  for (const Device& device : devices_under_test()) {
    SCOPED_TRACE(device.name());
    const compute::Place place{device.index(), device.threads()};
    const auto& families = device.backend().families<T>();
    const DeviceMatrix<T> held(x, device);
    const auto model = families.make_boosting_predictor(place, forest.view());
    Matrix<double> expected(60, 1);
    Matrix<double> found(60, 1);
    model->sum(Rows<T>(x), 0, 5, expected.view());
    model->sum(Rows<T>(held), 0, 5, found.view());
    EXPECT_EQ(found, expected);
    Matrix<std::uint8_t> of_host(60, 4);
    Matrix<std::uint8_t> of_device(60, 4);
    families.bin(place, Rows<T>(x), forest.table)->download(0, of_host.view());
    families.bin(place, Rows<T>(held), forest.table)->download(0, of_device.view());
    EXPECT_EQ(of_device, of_host);
  }
}

}  // namespace
}  // namespace forja::testing
