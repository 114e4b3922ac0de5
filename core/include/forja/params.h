#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace forja {

/// A parameter's value as text-driven tools see it: searches, saved models, command lines. Enumerations are their
/// names ("k-means++").
using ParamValue = std::variant<bool, std::int64_t, double, std::string>;

/// Parameters by name, as get_params() gives and set_params() takes them.
using Params = std::map<std::string, ParamValue>;

}  // namespace forja
