#pragma once

#include <charconv>
#include <cmath>
#include <string_view>

namespace forja::core {

enum class NumberText {
  number,        ///< all of the text is one number, "inf" and "nan" among them
  text,          ///< it is something else
  out_of_range,  ///< a number whose size T cannot hold
};

/// Reads all of `text` as one number, as the C locale writes it; a leading plus is taken. Numbers too small for T
/// become zero or a subnormal number. `value` is left alone where there is no number.
template <class T>
NumberText parse_number(std::string_view text, T& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  T number{};
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (stop != end || error == std::errc::invalid_argument) return NumberText::text;
  if (error == std::errc::result_out_of_range) {
    long double wide = 0;
    const bool held = std::from_chars(text.data(), end, wide).ec == std::errc();
    // Beyond even a long double, the sign of the exponent tells great from small.
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny =
        held ? std::fabs(wide) < 1 : exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
    if (!tiny) return NumberText::out_of_range;
    number = static_cast<T>(wide);
  }
  value = number;
  return NumberText::number;
}

}  // namespace forja::core
