// Rows that do not fit on their CUDA device stream through it: the same bits.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compute/backend.h"
#include "forja/error.h"
#include "support/decomposition_data.h"
#include "support/devices.h"
#include "support/kmeans_streamed.h"
#include "support/refusal.h"

namespace forja::testing {
namespace {

using compute::Side;

/// Rows of 64 columns come in parts of 16,384.
constexpr std::int64_t kPart = 16384;
constexpr std::int64_t kColumns = 64;

std::vector<double> run(compute::DecompositionCompute<float>& seam) {
  std::vector<double> seen = seam.mean();
  for (const double value : seam.gram_eigenvalues(Side::columns)) seen.push_back(value);
  Matrix<double> directions(3, kColumns);
  for (std::int64_t i = 0; i < 3 * kColumns; ++i) directions.values()[static_cast<std::size_t>(i)] = normal(3, i);
  seam.set_block(directions.view());
  seam.power_step();
  const compute::LeadingSvd found = seam.block_svd();
  seen.insert(seen.end(), found.vectors.values().begin(), found.vectors.values().end());
  seen.push_back(seam.total_square());
  return seen;
}

TEST(StreamedDecomposition, rows_that_do_not_fit_give_the_same_bits) {
  const std::int64_t n = 6 * kPart + 100;
  Matrix<float> x(n, kColumns);
  for (std::int64_t i = 0; i < n * kColumns; ++i) {
    x.values()[static_cast<std::size_t>(i)] =
        static_cast<float>(formulas::random_uniform(1, 2, static_cast<std::uint64_t>(i)) + 3);
  }
  for (const Device& device : devices_under_test()) {
    if (!device.is_cuda()) continue;
    SCOPED_TRACE(device.name());
    const auto& families = device.backend().families<float>();
    const compute::Place place{device.index(), device.threads()};
    const std::vector<double> expected = run(*families.make_decomposition(place, Rows<float>(x), true));
    const std::int64_t before = device.memory().in_use;
    // Room for the rows, but not for an eighth beside them.
    const Limit limit(device, before + bytes_of<float>(x.view()));
    const auto seam = families.make_decomposition(place, Rows<float>(x), true);
    EXPECT_LT(device.memory().in_use - before, 3 * kPart * kColumns * 4) << "the rows have been kept";
    EXPECT_EQ(run(*seam), expected);
    // Products of all rows with all rows need them in one place.
    for (const auto& whole : {&compute::DecompositionCompute<float>::gram_eigenvalues,
                              &compute::DecompositionCompute<float>::singular_values}) {
      const std::string text = refusal<OutOfMemory>([&] { (seam.get()->*whole)(Side::rows); });
      EXPECT_NE(text.find("are needed on the device at once"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace forja::testing
