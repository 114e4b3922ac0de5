#pragma once

#include <hwy/highway.h>

#include <cstdint>

/// Integers as vectors of T.
namespace forja::cpu {

namespace hn = hwy::HWY_NAMESPACE;

template <class Tag>
using IntegersFor = hn::Rebind<std::int32_t, Tag>;

template <class Tag>
HWY_INLINE hn::Vec<Tag> to_floating(Tag tag, hn::Vec<IntegersFor<Tag>> integers) {
  if constexpr (sizeof(hn::TFromD<Tag>) == sizeof(std::int32_t)) {
    return hn::ConvertTo(tag, integers);
  } else {
    return hn::PromoteTo(tag, integers);
  }
}

}  // namespace forja::cpu
