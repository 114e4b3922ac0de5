#include "estimator/parameter_table.h"

namespace forja::core {

std::string to_text(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *text);
  return std::visit(
      [](const auto& plain) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(plain)>, std::string>) {
          return plain;
        } else {
          return fmt::format("{}", plain);
        }
      },
      value);
}

std::optional<std::int64_t> as_integer(const ParamValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  return std::nullopt;
}

std::optional<double> as_real(const ParamValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  return std::nullopt;
}

}  // namespace forja::core
