#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace forja::core {

/// Different texts as codes: in the order of their first use while reading, in the order of their bytes at the end.
class Categories {
 public:
  /// The code of `text`; a new text gets the next one.
  std::int32_t code(std::string_view text) {
    const auto known = codes_.find(text);
    if (known != codes_.end()) return known->second;
    const auto next = static_cast<std::int32_t>(codes_.size());
    codes_.emplace(text, next);
    return next;
  }

  std::int64_t size() const { return std::ssize(codes_); }

  struct Sorted {
    std::vector<std::string> texts;   ///< in the order of their bytes
    std::vector<std::int32_t> place;  ///< of each code in texts
  };
  Sorted sorted() const {
    std::vector<const std::pair<const std::string, std::int32_t>*> entries;
    entries.reserve(codes_.size());
    for (const auto& entry : codes_) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    Sorted sorted{{}, std::vector<std::int32_t>(codes_.size())};
    for (const auto* entry : entries) {
      sorted.place[static_cast<std::size_t>(entry->second)] = static_cast<std::int32_t>(sorted.texts.size());
      sorted.texts.push_back(entry->first);
    }
    return sorted;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> codes_;
};

}  // namespace forja::core
