#include "boosting/histograms.h"

#include <algorithm>
#include <utility>

#include "formulas/split_gain.h"
#include "runtime/machine.h"

namespace forja::cpu {
namespace {

using formulas::IntegerSums;

/// Calls work(row) for the rows from `first` to `last` of a segment.
template <class Work>
void for_rows(const SegmentRows& rows, std::int64_t first, std::int64_t last, const Work& work) {
  if (rows.list == nullptr) {
    for (std::int64_t j = first; j < last; ++j) work(rows.first + j);
  } else {
    for (std::int64_t j = first; j < last; ++j) work(std::int64_t{rows.list[j]});
  }
}

/// sums: of the block's bins.
void add_packed(const HistogramLayout& layout, const HistogramLayout::Block& block, const HistogramRows& from,
                std::int64_t first, std::int64_t last, std::uint64_t* sums) {
  const std::uint8_t* bins = from.x->by_rows() + block.first;
  const std::int64_t stride = from.x->stride();
  const std::int64_t width = block.last - block.first;
  const std::int32_t* begin = layout.begin.data() + block.first;
  std::uint64_t* base = sums - begin[0];
  for_rows(from.rows, first, last, [&](std::int64_t i) {
    const std::uint8_t* row = bins + i * stride;
    const std::uint64_t word = from.words[i];
    for (std::int64_t f = 0; f < width; ++f) base[begin[f] + row[f]] += word;
  });
}

void add_exact(const HistogramLayout& layout, const HistogramLayout::Block& block, const HistogramRows& from,
               IntegerSums* sums) {
  const std::uint8_t* bins = from.x->by_rows() + block.first;
  const std::int64_t stride = from.x->stride();
  const std::int64_t width = block.last - block.first;
  const std::int32_t* begin = layout.begin.data() + block.first;
  for_rows(from.rows, 0, from.rows.count, [&](std::int64_t i) {
    const std::uint8_t* row = bins + i * stride;
    const IntegerSums one{formulas::exact_gradient(from.words[i]), formulas::exact_hessian(from.words[i]), 1};
    for (std::int64_t f = 0; f < width; ++f) {
      IntegerSums& sum = sums[begin[f] - begin[0] + row[f]];
      sum = sum + one;
    }
  });
}

std::uint64_t packed(const IntegerSums& sums) {
  return (static_cast<std::uint64_t>(sums.gradient) << (formulas::kCountBits + formulas::kFieldBits)) +
         (static_cast<std::uint64_t>(sums.hessian) << formulas::kCountBits) + static_cast<std::uint64_t>(sums.count);
}

}  // namespace

HistogramLayout::HistogramLayout(const compute::BinTable& table, int threads) {
  const std::int64_t d = table.features();
  begin.push_back(0);
  for (std::int64_t f = 0; f < d; ++f) begin.push_back(begin.back() + static_cast<std::int32_t>(table.n_bins(f) + 1));
  const auto most =
      std::min<std::int64_t>(cache_sizes().level1 * 7 / 8 / static_cast<std::int64_t>(sizeof(std::uint64_t)),
                             std::max<std::int64_t>(size() / threads, 2048));
  Block block;
  for (std::int64_t f = 0; f < d; ++f) {
    if (f > block.first &&
        begin[static_cast<std::size_t>(f) + 1] - begin[static_cast<std::size_t>(block.first)] > most) {
      block.last = f;
      blocks.push_back(block);
      block.first = f;
    }
  }
  block.last = d;
  blocks.push_back(block);
  for (const Block& one : blocks) {
    widest = std::max<std::int64_t>(
        widest, begin[static_cast<std::size_t>(one.last)] - begin[static_cast<std::size_t>(one.first)]);
  }
}

void Histogram::read(std::int64_t first, std::span<IntegerSums> out) const {
  if (packed) {
    std::transform(words.begin() + first, words.begin() + first + std::ssize(out), out.begin(), formulas::unpacked);
  } else {
    std::copy_n(sums.begin() + first, out.size(), out.begin());
  }
}

std::unique_ptr<Histogram> HistogramPool::take(bool packed) {
  auto& free = packed ? packed_ : wide_;
  if (!free.empty()) {
    std::unique_ptr<Histogram> histogram = std::move(free.back());
    free.pop_back();
    return histogram;
  }
  auto histogram = std::make_unique<Histogram>();
  histogram->packed = packed;
  if (packed) {
    histogram->words.resize(static_cast<std::size_t>(size_));
  } else {
    histogram->sums.resize(static_cast<std::size_t>(size_));
  }
  return histogram;
}

void HistogramPool::give_back(std::unique_ptr<Histogram> histogram) {
  if (histogram == nullptr) return;
  (histogram->packed ? packed_ : wide_).push_back(std::move(histogram));
}

void fill_block(const HistogramLayout& layout, const HistogramLayout::Block& block, const HistogramRows& rows,
                Histogram& out) {
  const std::int64_t begin = layout.begin[static_cast<std::size_t>(block.first)];
  const std::int64_t size = layout.begin[static_cast<std::size_t>(block.last)] - begin;
  if (out.packed) {
    std::fill_n(out.words.begin() + begin, size, std::uint64_t{0});
    add_packed(layout, block, rows, 0, rows.rows.count, out.words.data() + begin);
    return;
  }
  IntegerSums* sums = out.sums.data() + begin;
  std::fill_n(sums, size, IntegerSums{});
  if (rows.exact) {
    add_exact(layout, block, rows, sums);
    return;
  }
  std::vector<std::uint64_t> words(static_cast<std::size_t>(size));
  for (std::int64_t first = 0; first < rows.rows.count; first += formulas::kRowsPerWord) {
    std::fill(words.begin(), words.end(), std::uint64_t{0});
    add_packed(layout, block, rows, first, std::min(rows.rows.count, first + formulas::kRowsPerWord), words.data());
    for (std::int64_t b = 0; b < size; ++b) sums[b] = sums[b] + formulas::unpacked(words[static_cast<std::size_t>(b)]);
  }
}

void subtract_block(const HistogramLayout& layout, const HistogramLayout::Block& block, const Histogram& parent,
                    const Histogram& child, Histogram& out) {
  const auto begin = static_cast<std::size_t>(layout.begin[static_cast<std::size_t>(block.first)]);
  const auto end = static_cast<std::size_t>(layout.begin[static_cast<std::size_t>(block.last)]);
  if (parent.packed) {
    for (std::size_t b = begin; b < end; ++b) out.words[b] = parent.words[b] - child.words[b];
    return;
  }
  for (std::size_t b = begin; b < end; ++b) {
    const IntegerSums rest = parent.sums[b] - (child.packed ? formulas::unpacked(child.words[b]) : child.sums[b]);
    if (out.packed) {
      out.words[b] = packed(rest);
    } else {
      out.sums[b] = rest;
    }
  }
}

}  // namespace forja::cpu
