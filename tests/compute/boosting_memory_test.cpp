// Trees on a CUDA device that has too little memory for all of their histograms: the same trees.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "forja/error.h"
#include "formulas/counter_random.h"
#include "support/devices.h"
#include "support/memory_limit.h"

namespace forja::testing {
namespace {

constexpr std::int64_t kRows = 250;
/// Bytes of a histogram: two features with 20 bins of values and one of missing ones.
constexpr std::int64_t kHistogram = std::int64_t{2} * 21 * 24;

struct Made {
  explicit Made(std::int64_t n) : x(n, 2), y(static_cast<std::size_t>(n)), z(static_cast<std::size_t>(n)) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t f = 0; f < 2; ++f)
        x(i, f) = formulas::random_uniform(3, 1, static_cast<std::uint64_t>(2 * i + f));
      y[static_cast<std::size_t>(i)] = std::sin(9 * x(i, 0)) + std::floor(4 * x(i, 1));
      z[static_cast<std::size_t>(i)] = i % 2 == 0 ? 1 : 0;
    }
    for (int f = 0; f < 2; ++f) {
      for (int b = 1; b < 20; ++b) table.entries.push_back(0.05 * b);
      table.first.push_back(std::ssize(table.entries));
      table.categorical.push_back(0);
    }
  }

  std::unique_ptr<compute::BoostingCompute> on(const Device& device, std::int64_t outputs) const {
    const auto& families = device.backend().families<double>();
    compute::BoostingPlan plan;
    plan.y = outputs == 1 ? y : z;
    plan.outputs = outputs;
    plan.loss.kind = outputs == 1 ? formulas::BoostingLossKind::squared_error : formulas::BoostingLossKind::multinomial;
    plan.rules.min_samples = 5;
    return families.make_boosting({device.index(), 0}, families.bin({device.index(), 0}, Rows<double>(x), table), plan);
  }

  Matrix<double> x;
  std::vector<double> y;
  std::vector<double> z;
  compute::BinTable table;
};

/// The gains of all nodes, level by level: each call splits `together` of them.
std::vector<double> gains(compute::BoostingCompute& seam, std::int64_t trees, std::size_t together) {
  std::vector<std::int64_t> outputs;
  for (std::int64_t k = 0; k < trees; ++k) outputs.push_back(k);
  std::vector<compute::BoostingSplit> splits =
      seam.open(outputs, std::vector<compute::NodeRule>(static_cast<std::size_t>(trees)));
  for (std::size_t next = 0; next < splits.size() && splits.size() < 30;) {
    std::vector<compute::NodeToSplit> nodes;
    for (; next < splits.size() && nodes.size() < together; ++next) {
      if (splits[next].gain <= 0) continue;
      const std::int64_t left = std::ssize(splits) + 2 * std::ssize(nodes);
      nodes.push_back({static_cast<std::int64_t>(next), splits[next], left, left + 1, {}, {}, true});
    }
    const auto found = seam.split(nodes);
    splits.insert(splits.end(), found.begin(), found.end());
  }
  std::vector<double> all;
  all.reserve(splits.size());
  for (const compute::BoostingSplit& split : splits) all.push_back(split.gain);
  return all;
}

TEST(BoostingMemory, trees_are_the_same_where_few_histograms_fit) {
  const Made made(kRows);
  for (const Device& device : devices_under_test()) {
    if (!device.is_cuda()) continue;
    for (const std::int64_t trees : {1, 3}) {
      const std::int64_t before = device.memory().in_use;
      const auto roomy = made.on(device, trees);
      const std::int64_t taken = device.memory().in_use - before;
      roomy->begin_round(0, 1);
      for (const std::size_t together : {1U, 5U}) {
        const std::vector<double> expected = gains(*roomy, trees, together);
        for (const std::int64_t histograms : {2, 3}) {
          SCOPED_TRACE(device.name() + ", " + std::to_string(trees) + " trees, " + std::to_string(histograms) +
                       " histograms, " + std::to_string(together) + " splits");
          // Half of the memory that is free beside the rest is for histograms.
          const Limit limit(device, device.memory().in_use + taken + (2 * histograms + 1) * kHistogram);
          const auto tight = made.on(device, trees);
          device.set_memory_limit(0);
          tight->begin_round(0, 1);
          EXPECT_EQ(gains(*tight, trees, together), expected);
        }
      }
    }
  }
}

TEST(BoostingMemory, without_room_for_one_histogram_the_error_says_so_and_the_next_call_works) {
  const Made made(20);
  for (const Device& device : devices_under_test()) {
    if (!device.is_cuda()) continue;
    SCOPED_TRACE(device.name());
    const auto seam = made.on(device, 1);
    seam->begin_round(0, 1);
    const std::vector<std::int64_t> outputs{0};
    const std::vector<compute::NodeRule> rules(1);
    {
      const Limit limit(device, device.memory().in_use + 1000);
      EXPECT_THROW(seam->open(outputs, rules), OutOfMemory);
    }
    EXPECT_GT(seam->open(outputs, rules)[0].gain, 0);
  }
}

}  // namespace
}  // namespace forja::testing
