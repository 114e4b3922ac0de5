#pragma once

#include <string>
#include <string_view>

namespace forja::core {

/// A piece of a file as a message shows it: in quotes, of 40 bytes at most, control characters as question marks.
inline std::string shown_text(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string shown = "\"";
  for (const char c : text.substr(0, kMost)) shown += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
  return shown + (text.size() > kMost ? "...\"" : "\"");
}

}  // namespace forja::core
