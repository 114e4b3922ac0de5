#include "boosting/histograms.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace forja::cpu {
namespace {

using formulas::IntegerSums;

/// Words from feature to feature: not a power of two, so that features of few bins do not share a cache set.
constexpr std::int64_t kPitch = 264;
/// Rows ahead whose bins are asked for.
constexpr std::int64_t kAhead = 32;
constexpr int kSignShift = formulas::kCountBits + formulas::kFieldBits;

/// Rows of one call of a kernel.
struct KernelRows {
  const std::uint8_t* bins;  ///< of row 0 and the block's first feature
  std::int64_t stride;
  const RowNumber* list;  ///< null: the rows from `first` on
  std::int64_t first;
  std::int64_t count;
  const std::uint64_t* words;
  std::int64_t width;
};

/// Calls work(row) for all rows; those of a list are asked for ahead.
template <bool kListed, class Work>
void for_rows(const KernelRows& rows, const Work& work) {
  if constexpr (!kListed) {
    for (std::int64_t j = 0; j < rows.count; ++j) work(rows.first + j);
  } else {
    std::int64_t j = 0;
    for (; j + kAhead < rows.count; ++j) {
      const std::int64_t next = rows.list[j + kAhead];
      __builtin_prefetch(rows.bins + next * rows.stride);
      __builtin_prefetch(rows.words + next);
      work(std::int64_t{rows.list[j]});
    }
    for (; j < rows.count; ++j) work(std::int64_t{rows.list[j]});
  }
}

/// Bins are taken from registers eight at a time. kRest: the width's remainder by eight.
template <int kRest, bool kListed>
void add_packed(const KernelRows& rows, std::uint64_t* sums) {
  const std::int64_t eights = rows.width / 8;
  for_rows<kListed>(rows, [&](std::int64_t i) {
    const std::uint8_t* row = rows.bins + i * rows.stride;
    const std::uint64_t word = rows.words[i];
    std::uint64_t* to = sums;
    std::uint64_t bins;
    for (std::int64_t e = 0; e < eights; ++e, row += 8, to += 8 * kPitch) {
      std::memcpy(&bins, row, sizeof bins);
#pragma GCC unroll 8
      for (int f = 0; f < 8; ++f) to[f * kPitch + static_cast<std::int64_t>(bins >> (8 * f) & 255)] += word;
    }
    if constexpr (kRest > 0) {
      std::memcpy(&bins, row, sizeof bins);
#pragma GCC unroll 8
      for (int f = 0; f < kRest; ++f) to[f * kPitch + static_cast<std::int64_t>(bins >> (8 * f) & 255)] += word;
    }
  });
}

/// Two words a bin: the gradient, and the hessian beside the count.
template <bool kListed>
void add_exact(const KernelRows& rows, std::uint64_t* sums) {
  for_rows<kListed>(rows, [&](std::int64_t i) {
    const std::uint8_t* row = rows.bins + i * rows.stride;
    const auto gradient = static_cast<std::uint64_t>(std::int64_t{formulas::exact_gradient(rows.words[i])});
    const std::uint64_t rest =
        (static_cast<std::uint64_t>(formulas::exact_hessian(rows.words[i])) << formulas::kCountBits) + 1;
    for (std::int64_t f = 0; f < rows.width; ++f) {
      std::uint64_t* to = sums + 2 * (f * kPitch + row[f]);
      to[0] += gradient;
      to[1] += rest;
    }
  });
}

template <bool kListed>
void add_rows(const KernelRows& rows, bool exact, std::uint64_t* sums) {
  if (exact) return add_exact<kListed>(rows, sums);
  switch (rows.width % 8) {
    case 1:
      return add_packed<1, kListed>(rows, sums);
    case 2:
      return add_packed<2, kListed>(rows, sums);
    case 3:
      return add_packed<3, kListed>(rows, sums);
    case 4:
      return add_packed<4, kListed>(rows, sums);
    case 5:
      return add_packed<5, kListed>(rows, sums);
    case 6:
      return add_packed<6, kListed>(rows, sums);
    case 7:
      return add_packed<7, kListed>(rows, sums);
    default:
      return add_packed<0, kListed>(rows, sums);
  }
}

/// unpacked() for loops over vectors, which lack shifts that keep a sign.
std::int64_t packed_gradient(std::uint64_t word) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  return static_cast<std::int64_t>((word + kSign) >> kSignShift) - static_cast<std::int64_t>(kSign >> kSignShift);
}
std::int64_t packed_hessian(std::uint64_t word) {
  return static_cast<std::int64_t>(word >> formulas::kCountBits & ((std::uint64_t{1} << formulas::kFieldBits) - 1));
}
std::int64_t packed_count(std::uint64_t word) {
  return static_cast<std::int64_t>(word & ((std::uint64_t{1} << formulas::kCountBits) - 1));
}

/// Adds (or, the first time, writes) a feature's sums to the bins from `first` on.
template <bool kExact>
void widen(const std::uint64_t* sums, std::int64_t count, bool add, std::int64_t first, Histogram& out) {
  std::int64_t* gradients = out.gradients.data() + first;
  std::int64_t* hessians = out.hessians.data() + first;
  std::int64_t* counts = out.counts.data() + first;
  if (!add) {
    std::fill_n(gradients, count, std::int64_t{0});
    std::fill_n(hessians, count, std::int64_t{0});
    std::fill_n(counts, count, std::int64_t{0});
  }
  for (std::int64_t b = 0; b < count; ++b) {
    if constexpr (kExact) {
      gradients[b] += static_cast<std::int64_t>(sums[2 * b]);
      hessians[b] += static_cast<std::int64_t>(sums[2 * b + 1] >> formulas::kCountBits);
      counts[b] += packed_count(sums[2 * b + 1]);
    } else {
      gradients[b] += packed_gradient(sums[b]);
      hessians[b] += packed_hessian(sums[b]);
      counts[b] += packed_count(sums[b]);
    }
  }
}

std::uint64_t packed(std::int64_t gradient, std::int64_t hessian, std::int64_t count) {
  return (static_cast<std::uint64_t>(gradient) << kSignShift) +
         (static_cast<std::uint64_t>(hessian) << formulas::kCountBits) + static_cast<std::uint64_t>(count);
}

}  // namespace

HistogramLayout::HistogramLayout(const CpuBinnedRows& x, int threads) {
  begin.push_back(0);
  for (std::int64_t f = 0; f < x.table().features(); ++f) begin.push_back(begin.back() + x.table().n_bins(f) + 1);
  const auto panels = static_cast<std::int64_t>(x.panels().size());
  for (std::size_t p = 0; p < x.panels().size(); ++p) {
    const FeatureRange panel = x.panels()[p];
    const std::int64_t parts = std::min((panel.width() + 7) / 8, (threads + panels - 1) / panels);
    for (std::int64_t part = 0; part < parts; ++part) {
      const std::int64_t first = part * panel.width() / parts;
      const std::int64_t last = (part + 1) * panel.width() / parts;
      blocks.push_back({{panel.first + first, panel.first + last}, p, first});
    }
  }
}

Histogram::Histogram(bool is_packed, std::int64_t bins) : packed(is_packed) {
  const auto size = static_cast<std::size_t>(bins);
  if (packed) {
    words.resize(size);
    return;
  }
  gradients.resize(size);
  hessians.resize(size);
  counts.resize(size);
}

std::unique_ptr<Histogram> HistogramPool::take(bool packed) {
  auto& free = packed ? packed_ : wide_;
  if (free.empty()) return std::make_unique<Histogram>(packed, bins_);
  std::unique_ptr<Histogram> histogram = std::move(free.back());
  free.pop_back();
  return histogram;
}

void HistogramPool::give_back(std::unique_ptr<Histogram> histogram) {
  if (histogram != nullptr) (histogram->packed ? packed_ : wide_).push_back(std::move(histogram));
}

void fill_block(const HistogramLayout& layout, const FeatureBlock& block, const HistogramRows& from,
                AlignedVector<std::uint64_t>& room, Histogram& out) {
  const std::int64_t cell = from.exact ? 2 : 1;
  const auto needed = static_cast<std::size_t>(cell * kPitch * block.width());
  if (room.size() < needed) room.resize(needed);
  const auto sums_of = [&](std::int64_t f) { return room.data() + cell * kPitch * (f - block.first); };
  KernelRows rows{from.x->panel(block.panel) + block.place,
                  from.x->stride(),
                  from.rows.list,
                  from.rows.first,
                  0,
                  from.words,
                  block.width()};
  std::int64_t done = 0;
  do {
    rows.count = std::min(formulas::kRowsPerWord, from.rows.count - done);
    for (std::int64_t f = block.first; f < block.last; ++f) {
      std::fill_n(sums_of(f), cell * layout.bins(f), std::uint64_t{0});
    }
    if (rows.list != nullptr) {
      add_rows<true>(rows, from.exact, room.data());
      rows.list += rows.count;
    } else {
      add_rows<false>(rows, from.exact, room.data());
      rows.first += rows.count;
    }
    for (std::int64_t f = block.first; f < block.last; ++f) {
      const std::int64_t first = layout.first_bin(f);
      if (out.packed) {
        std::copy_n(sums_of(f), layout.bins(f), out.words.data() + first);
      } else if (from.exact) {
        widen<true>(sums_of(f), layout.bins(f), done > 0, first, out);
      } else {
        widen<false>(sums_of(f), layout.bins(f), done > 0, first, out);
      }
    }
    done += rows.count;
  } while (done < from.rows.count);
}

void subtract_feature(const HistogramLayout& layout, std::int64_t f, const Histogram& parent, const Histogram& child,
                      Histogram& out) {
  const auto begin = static_cast<std::size_t>(layout.first_bin(f));
  const auto end = static_cast<std::size_t>(layout.first_bin(f + 1));
  if (parent.packed) {
    for (std::size_t b = begin; b < end; ++b) out.words[b] = parent.words[b] - child.words[b];
    return;
  }
  const auto subtract = [&](const auto& gradient, const auto& hessian, const auto& count) {
    for (std::size_t b = begin; b < end; ++b) {
      const std::int64_t g = parent.gradients[b] - gradient(b);
      const std::int64_t h = parent.hessians[b] - hessian(b);
      const std::int64_t c = parent.counts[b] - count(b);
      if (out.packed) {
        out.words[b] = packed(g, h, c);
      } else {
        out.gradients[b] = g;
        out.hessians[b] = h;
        out.counts[b] = c;
      }
    }
  };
  if (child.packed) {
    subtract([&](std::size_t b) { return packed_gradient(child.words[b]); },
             [&](std::size_t b) { return packed_hessian(child.words[b]); },
             [&](std::size_t b) { return packed_count(child.words[b]); });
  } else {
    subtract([&](std::size_t b) { return child.gradients[b]; }, [&](std::size_t b) { return child.hessians[b]; },
             [&](std::size_t b) { return child.counts[b]; });
  }
}

void add_block(const HistogramLayout& layout, const FeatureBlock& block, const Histogram& part, Histogram& out) {
  const auto begin = static_cast<std::size_t>(layout.first_bin(block.first));
  const auto end = static_cast<std::size_t>(layout.first_bin(block.last));
  for (std::size_t b = begin; b < end; ++b) {
    out.gradients[b] += part.gradients[b];
    out.hessians[b] += part.hessians[b];
    out.counts[b] += part.counts[b];
  }
}

IntegerSums total_of(const HistogramLayout& layout, std::int64_t f, const Histogram& histogram) {
  const auto begin = static_cast<std::size_t>(layout.first_bin(f));
  const auto end = static_cast<std::size_t>(layout.first_bin(f + 1));
  IntegerSums total;
  if (histogram.packed) {
    std::uint64_t sum = 0;
    for (std::size_t b = begin; b < end; ++b) sum += histogram.words[b];
    return formulas::unpacked(sum);
  }
  for (std::size_t b = begin; b < end; ++b) {
    total.gradient += histogram.gradients[b];
    total.hessian += histogram.hessians[b];
    total.count += histogram.counts[b];
  }
  return total;
}

}  // namespace forja::cpu
