#pragma once

#include <hwy/highway.h>

#include <cstdint>

/// Sums of outer products, a tile of them in registers: the inner kernel of products whose long side is summed over.
namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

/// Numbers by two vectors make a tile of sums that stays in registers, as in PackedPanels.
inline constexpr int kOuterRows = HWY_MAX_BYTES >= 64 ? 8 : 6;
inline constexpr int kOuterVectors = 2;

/// For sums beside which nothing is asked for.
struct NothingAhead {
  void fetch() {}
};

/// Adds to out (kOuterRows rows, `out_step` numbers apart, of kVectors vectors) the sum over `terms` terms t of
/// left[r][t left_step] times the vectors at right + v right_gap + t right_step. Terms are summed in T;
/// ahead.fetch() is called between them.
template <int kVectors, class T, class Ahead = NothingAhead>
void add_outer_products(const T* const* left, std::int64_t left_step, const T* right, std::int64_t right_gap,
                        std::int64_t right_step, std::int64_t terms, double* out, std::int64_t out_step,
                        Ahead&& ahead = {}) {
  constexpr std::int64_t kTermsPerFetch = 4;
  using Tag = hn::ScalableTag<T>;
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(Tag()));
  const Tag tag;
  hn::Vec<Tag> product[kOuterRows][kVectors];
  for (auto& of_row : product) {
    for (auto& value : of_row) value = hn::Zero(tag);
  }
  for (std::int64_t t = 0; t < terms; ++t) {
    if (t % kTermsPerFetch == 0) ahead.fetch();
    hn::Vec<Tag> operand[kVectors];
    for (int v = 0; v < kVectors; ++v) operand[v] = hn::Load(tag, right + v * right_gap + t * right_step);
    for (int r = 0; r < kOuterRows; ++r) {
      const auto entry = hn::Set(tag, left[r][t * left_step]);
      for (int v = 0; v < kVectors; ++v) product[r][v] = hn::MulAdd(entry, operand[v], product[r][v]);
    }
  }
  for (int r = 0; r < kOuterRows; ++r) {
    HWY_ALIGN T found[kVectors * kLanes];
    for (int v = 0; v < kVectors; ++v) hn::Store(product[r][v], tag, found + v * kLanes);
    double* const to = out + r * out_step;
    for (std::int64_t k = 0; k < kVectors * kLanes; ++k) to[k] += static_cast<double>(found[k]);
  }
}

}  // namespace forja::cpu
