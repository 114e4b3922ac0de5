#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "forja/error.h"
#include "runtime/row_stream.h"
#include "tests/support.h"

/// Rows in blocks, by any schedule: what the host copies into a block must not get ahead of what is done with it.
namespace forja::emulation::testing {
namespace {

constexpr std::int64_t kRows = 45;
constexpr std::int64_t kColumns = 7;
constexpr std::int64_t kGranule = 10;
constexpr std::int64_t kRowBytes = kColumns * static_cast<std::int64_t>(sizeof(float));

class RowStream : public LeavesNothing {};

/// Rows that lie apart; between them nothing that belongs there.
struct Apart {
  Apart() : values(kRows * (kColumns + 2), -1.0F) {
    for (std::int64_t i = 0; i < kRows; ++i) {
      for (std::int64_t j = 0; j < kColumns; ++j) {
        values[static_cast<std::size_t>(i * (kColumns + 2) + j)] = static_cast<float>(i * kColumns + j);
      }
    }
  }
  MatrixView<const float> view() const { return {values.data(), kRows, kColumns, kColumns + 2}; }
  std::vector<float> values;
};

std::vector<float> dense() {
  std::vector<float> values(kRows * kColumns);
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

// One thread: slow enough that the next block could overtake it.
__global__ void add_values(const float* from, std::int64_t count, float* to) {
  if (threadIdx.x != 0) return;
  for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
}

void add_block(const cuda::Context& context, const cuda::RowBlock<float>& block, cuda::DeviceBuffer<float>& sums) {
  cuda::launch(add_values, dim3(1), dim3(32), 0, context.stream(), block.x, block.rows * kColumns,
               sums.data() + block.first * kColumns);
}

/// A stream of x in blocks of a granule: there is room for the rows, but not for an eighth beside them.
cuda::RowStream<float> open_stream(const cuda::Context& context, const Apart& x, bool keep_some = false) {
  cuda::set_memory_limit(0, cuda::memory(0).in_use + kRows * kRowBytes);
  cuda::RowStream<float> rows(context, Rows<float>(x.view()), {.granule = kGranule, .keep_some = keep_some});
  cuda::set_memory_limit(0, 0);
  EXPECT_EQ(rows.kept(), nullptr);
  return rows;
}

void expect_rows_in_order(const Apart& x, bool keep_some) {
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> sums(context, kRows * kColumns);
  sums.fill_bytes(0);
  cuda::RowStream<float> rows = open_stream(context, x, keep_some);
  std::vector<std::int64_t> firsts;
  for (int pass = 0; pass < 3; ++pass) {
    rows.for_each_block([&](const cuda::RowBlock<float>& block) {
      firsts.push_back(block.first);
      EXPECT_EQ(block.rows, block.first == 40 ? 5 : 10);
      add_block(context, block, sums);
    });
  }
  EXPECT_EQ(firsts, (std::vector<std::int64_t>{0, 10, 20, 30, 40, 0, 10, 20, 30, 40, 0, 10, 20, 30, 40}));
  std::vector<float> expected = dense();
  for (float& value : expected) value *= 3;
  EXPECT_EQ(to_host(sums), expected);
  EXPECT_EQ(all_reports(), "");
}

TEST_F(RowStream, blocks_are_the_rows_in_order_by_any_schedule) {
  const Apart x;
  for (const Config& config : schedules()) {
    SCOPED_TRACE(name_of(config));
    for (const bool keep_some : {false, true}) {
      reset(config);
      expect_rows_in_order(x, keep_some);
    }
  }
}

TEST_F(RowStream, rows_picked_by_number_come_in_the_order_of_the_numbers) {
  const Apart x;
  std::vector<std::int64_t> index;
  std::vector<float> expected;
  for (std::int64_t i = 0; i < 37; ++i) {
    index.push_back((i * 17 + 3) % kRows);
    for (std::int64_t j = 0; j < kColumns; ++j) expected.push_back(static_cast<float>(index.back() * kColumns + j));
  }
  for (const Config& config : schedules()) {
    SCOPED_TRACE(name_of(config));
    reset(config);
    const cuda::Context context(0);
    cuda::RowStream<float> rows = open_stream(context, x);
    cuda::DeviceBuffer<float> sums(context, std::ssize(expected));
    sums.fill_bytes(0);
    rows.for_each_picked(index, [&](const cuda::RowBlock<float>& block) { add_block(context, block, sums); });
    rows.for_each_picked({}, [](const cuda::RowBlock<float>&) { FAIL() << "no rows, but a block"; });
    EXPECT_EQ(to_host(sums), expected);
  }
}

TEST_F(RowStream, rows_stay_on_the_device_where_they_leave_an_eighth) {
  const Apart x;
  const cuda::Context context(0);
  constexpr std::int64_t kBytes = kRows * kRowBytes;
  for (const auto& [room, kept] : {std::pair{kBytes + kBytes / 6, true}, std::pair{kBytes + kBytes / 8, false}}) {
    cuda::set_memory_limit(0, room + 500);
    const cuda::RowStream<float> rows(context, Rows<float>(x.view()), {.granule = kGranule, .needed_beside = 500});
    EXPECT_EQ(rows.kept() != nullptr, kept);
    EXPECT_EQ(cuda::memory(0).in_use, kept ? kBytes : 2 * kGranule * kRowBytes);
  }
  cuda::set_memory_limit(0, 0);
  const cuda::RowStream<float> unkept(context, Rows<float>(x.view()), {.granule = kGranule, .most_kept = kBytes - 1});
  EXPECT_EQ(unkept.kept(), nullptr);
  EXPECT_EQ(cuda::memory(0).in_use, 2 * 50 * kRowBytes) << "a block is no longer than the rows, in granules";
}

TEST_F(RowStream, the_first_rows_stay_where_not_all_can) {
  const Apart x;
  const cuda::Context context(0);
  // Of 1260 bytes, 7/8 are for rows; two blocks of a granule take 560 of them.
  const auto kept_granules = [&](std::int64_t room, std::int64_t wanted) {
    cuda::set_memory_limit(0, room + 500);
    const cuda::RowStream<float> rows(
        context, Rows<float>(x.view()),
        {.granule = kGranule, .needed_beside = 500, .keep_some = true, .wanted_beside = wanted});
    EXPECT_EQ(rows.kept(), nullptr);
    return (cuda::memory(0).in_use - 2 * kGranule * kRowBytes) / (kGranule * kRowBytes);
  };
  constexpr std::int64_t kBytes = kRows * kRowBytes;
  EXPECT_EQ(kept_granules(kBytes, 0), 1);
  EXPECT_EQ(kept_granules(kBytes + 90, 0), 2);
  EXPECT_EQ(kept_granules(600, 0), 0);
  // With 622 bytes kept 638 stream: so many are left free for others only where they are fewer.
  EXPECT_EQ(kept_granules(kBytes + 90, 100), 1);
  EXPECT_EQ(kept_granules(kBytes + 90, 637), 0);
  EXPECT_EQ(kept_granules(kBytes + 90, 638), 2);
}

TEST_F(RowStream, large_blocks_are_filled_by_several_threads) {
  constexpr std::int64_t kLong = 100'000;
  std::vector<float> values(11 * kLong);
  std::iota(values.begin(), values.end(), 0.0F);
  const cuda::Context context(0);
  cuda::RowStream<float> rows(context, Rows<float>(MatrixView<const float>(values.data(), 11, kLong)),
                              {.granule = 7, .most_rows = 7, .most_kept = 1});
  std::vector<std::int64_t> backwards{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
  std::vector<float> seen;
  const auto see = [&](const cuda::RowBlock<float>& block) {
    cuda::DeviceBuffer<float> copy(context, block.rows * kLong);
    FORJA_CUDA_CHECK(cudaMemcpyAsync(copy.data(), block.x, static_cast<std::size_t>(copy.size()) * sizeof(float),
                                     cudaMemcpyDeviceToDevice, context.stream()));
    const std::vector<float> here = to_host(copy);
    seen.insert(seen.end(), here.begin(), here.end());
  };
  rows.for_each_block(see);
  EXPECT_TRUE(seen == values);
  seen.clear();
  rows.for_each_picked(backwards, see);
  for (std::int64_t i = 0; i < 11; ++i) {
    const auto place = seen.begin() + i * kLong;
    EXPECT_TRUE(std::equal(place, place + kLong, values.begin() + (10 - i) * kLong)) << "row " << 10 - i;
  }
}

TEST_F(RowStream, work_that_fails_leaves_the_rows_readable) {
  const Apart x;
  Config config;
  config.lazy_streams = true;
  reset(config);
  const cuda::Context context(0);
  cuda::DeviceBuffer<float> sums(context, kRows * kColumns);
  sums.fill_bytes(0);
  cuda::RowStream<float> rows = open_stream(context, x);
  std::vector<float> expected(kRows * kColumns);
  for (int failing = 0; failing < 6; ++failing) {
    int number = 0;
    const auto work = [&](const cuda::RowBlock<float>& block) {
      add_block(context, block, sums);
      if (number++ == failing) throw InvalidArgument("enough");
    };
    if (failing < 5) {
      EXPECT_THROW(rows.for_each_block(work), InvalidArgument);
    } else {
      rows.for_each_block(work);
    }
    for (std::int64_t i = 0; i < kColumns * std::min(kRows, kGranule * number); ++i) {
      expected[static_cast<std::size_t>(i)] += static_cast<float>(i);
    }
  }
  EXPECT_EQ(to_host(sums), expected);
}

}  // namespace
}  // namespace forja::emulation::testing
