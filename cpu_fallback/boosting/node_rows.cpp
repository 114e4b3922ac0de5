#include "boosting/node_rows.h"

#include <algorithm>

#include "runtime/threads.h"

namespace forja::cpu {
namespace {

/// Rows from which on a second thread is worth waking.
constexpr std::int64_t kRowsForThreads = 1 << 14;

template <class Rows>
std::int64_t mark(const Rows& rows, std::int64_t count, const std::uint8_t* column, const LeftTable& left,
                  std::uint8_t* marks) {
  std::int64_t lefts = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    marks[i] = left[column[rows(i)]];
    lefts += marks[i];
  }
  return lefts;
}

template <class Rows>
void move(const Rows& rows, std::int64_t count, const std::uint8_t* marks, RowNumber* left, RowNumber* right) {
  for (std::int64_t i = 0; i < count; ++i) {
    RowNumber* const to = marks[i] != 0 ? left : right;
    *to = static_cast<RowNumber>(rows(i));
    left += marks[i];
    right += 1 - marks[i];
  }
}

/// Calls work(rows) with rows(i): the number of row i.
template <class Work>
auto with_rows(const SegmentRows& rows, std::int64_t first, const Work& work) {
  if (rows.list != nullptr) return work([list = rows.list + first](std::int64_t i) { return std::int64_t{list[i]}; });
  return work([begin = rows.first + first](std::int64_t i) { return begin + i; });
}

}  // namespace

Segment NodeRows::start(std::span<const RowNumber> list, std::int64_t count) {
  list_ = list.empty() ? nullptr : list.data();
  if (std::ssize(goes_left_) < count) {
    goes_left_.resize(static_cast<std::size_t>(count));
    for (auto& buffer : buffers_) buffer.resize(static_cast<std::size_t>(count));
  }
  return {0, count, 0};
}

SegmentRows NodeRows::rows(const Segment& segment) const {
  if (segment.where == 0 && list_ == nullptr) return {nullptr, segment.begin, segment.count()};
  const RowNumber* list = segment.where == 0 ? list_ : buffers_[segment.where - 1].data();
  return {list + segment.begin, 0, segment.count()};
}

std::pair<Segment, Segment> NodeRows::split(const Segment& segment, const std::uint8_t* column, const LeftTable& left,
                                            int threads) {
  const std::int64_t count = segment.count();
  const int used = count < kRowsForThreads ? 1 : threads;
  const Chunks chunks{count, used == 1 ? std::max<std::int64_t>(count, 1) : kRowsForThreads / 2};
  const SegmentRows rows = this->rows(segment);
  std::uint8_t* marks = goes_left_.data() + segment.begin;
  lefts_.assign(static_cast<std::size_t>(chunks.number()), 0);
  for_each_chunk(used, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    lefts_[static_cast<std::size_t>(chunk)] = with_rows(rows, first, [&](const auto& numbers) {
      return mark(numbers, chunks.last(chunk) - first, column, left, marks + first);
    });
  });
  std::int64_t all_lefts = 0;
  for (std::int64_t& lefts : lefts_) all_lefts += std::exchange(lefts, all_lefts);
  const int where = segment.where == 1 ? 2 : 1;
  RowNumber* out = buffers_[where - 1].data() + segment.begin;
  for_each_chunk(used, chunks.number(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.first(chunk);
    const std::int64_t lefts_before = lefts_[static_cast<std::size_t>(chunk)];
    with_rows(rows, first, [&](const auto& numbers) {
      move(numbers, chunks.last(chunk) - first, marks + first, out + lefts_before,
           out + all_lefts + (first - lefts_before));
    });
  });
  const std::int64_t middle = segment.begin + all_lefts;
  return {Segment{segment.begin, middle, where}, Segment{middle, segment.end, where}};
}

}  // namespace forja::cpu
