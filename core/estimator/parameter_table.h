#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forja/error.h"
#include "forja/params.h"

namespace forja::core {

/// The greatest finite number.
inline constexpr double kFinite = std::numeric_limits<double>::max();

/// `value` as an error message has it: "8", "0.5", "\"auto\"".
std::string to_text(const ParamValue& value);

/// Conversions of a ParamValue; empty where the type does not fit. A whole number serves as a real one.
std::optional<std::int64_t> as_integer(const ParamValue& value);
std::optional<double> as_real(const ParamValue& value);

/// The parameters of one options struct: name, member, legal range. The one source for checks, get_params, set_params,
/// search grids and saved models.
template <class Options>
class ParameterTable {
 public:
  struct Parameter {
    std::string name;
    std::string expected;  ///< "an integer of at least 1", as messages and helps have it
    std::function<ParamValue(const Options&)> get;
    /// False when the value's type or name does not fit.
    std::function<bool(Options&, const ParamValue&)> set;
    std::function<bool(const Options&)> in_range;
  };

  ParameterTable& integer(std::string name, std::int64_t Options::*member, std::int64_t least) {
    return add(
        {std::move(name), fmt::format("an integer of at least {}", least),
         [member](const Options& options) { return ParamValue(options.*member); },
         [member](Options& options, const ParamValue& value) { return store(as_integer(value), options.*member); },
         [member, least](const Options& options) { return options.*member >= least; }});
  }

  /// An integer that may be left out; `absent` is how text says so.
  ParameterTable& optional_integer(std::string name, std::optional<std::int64_t> Options::*member, std::int64_t least,
                                   std::string absent) {
    return add({std::move(name), fmt::format("an integer of at least {} or \"{}\"", least, absent),
                [member, absent](const Options& options) {
                  return options.*member ? ParamValue(*(options.*member)) : ParamValue(absent);
                },
                [member, absent](Options& options, const ParamValue& value) {
                  const std::optional<std::int64_t> number = as_integer(value);
                  if (!number && value != ParamValue(absent)) return false;
                  options.*member = number;
                  return true;
                },
                [member, least](const Options& options) { return !(options.*member) || *(options.*member) >= least; }});
  }

  /// A real number from least to most; NaN never passes.
  ParameterTable& real(std::string name, double Options::*member, double least, double most) {
    return add({std::move(name),
                most < kFinite     ? fmt::format("a number from {} to {}", least, most)
                : least > -kFinite ? fmt::format("a finite number of at least {}", least)
                                   : "a finite number",
                [member](const Options& options) { return ParamValue(options.*member); },
                [member](Options& options, const ParamValue& value) { return store(as_real(value), options.*member); },
                [member, least, most](const Options& options) {
                  return options.*member >= least && options.*member <= most;
                }});
  }

  /// A real number of at least `least` that may be left out; `absent` is how text says so.
  ParameterTable& optional_real(std::string name, std::optional<double> Options::*member, double least,
                                std::string absent) {
    return add({std::move(name), fmt::format("a finite number of at least {} or \"{}\"", least, absent),
                [member, absent](const Options& options) {
                  return options.*member ? ParamValue(*(options.*member)) : ParamValue(absent);
                },
                [member, absent](Options& options, const ParamValue& value) {
                  const std::optional<double> number = as_real(value);
                  if (!number && value != ParamValue(absent)) return false;
                  options.*member = number;
                  return true;
                },
                [member, least](const Options& options) {
                  return !(options.*member) || (*(options.*member) >= least && *(options.*member) <= kFinite);
                }});
  }

  /// A real number above 0, up to most.
  ParameterTable& positive(std::string name, double Options::*member, double most) {
    return add({std::move(name),
                most < kFinite ? fmt::format("a number above 0, up to {}", most) : "a finite number above 0",
                [member](const Options& options) { return ParamValue(options.*member); },
                [member](Options& options, const ParamValue& value) { return store(as_real(value), options.*member); },
                [member, most](const Options& options) { return options.*member > 0 && options.*member <= most; }});
  }

  ParameterTable& boolean(std::string name, bool Options::*member) {
    return add({std::move(name), "true or false",
                [member](const Options& options) { return ParamValue(options.*member); },
                [member](Options& options, const ParamValue& value) {
                  const auto* flag = std::get_if<bool>(&value);
                  if (flag != nullptr) options.*member = *flag;
                  return flag != nullptr;
                },
                [](const Options&) { return true; }});
  }

  /// Any 64 bits; as a signed number in Params.
  ParameterTable& seed(std::string name, std::uint64_t Options::*member) {
    return add({std::move(name), "an integer",
                [member](const Options& options) { return ParamValue(static_cast<std::int64_t>(options.*member)); },
                [member](Options& options, const ParamValue& value) {
                  const std::optional<std::int64_t> number = as_integer(value);
                  if (number) options.*member = static_cast<std::uint64_t>(*number);
                  return number.has_value();
                },
                [](const Options&) { return true; }});
  }

  /// An enumeration by names.
  template <class Enum>
  ParameterTable& choice(std::string name, Enum Options::*member, std::vector<std::pair<std::string, Enum>> choices) {
    std::string expected = "one of";
    for (const auto& [text, value] : choices) expected += (text == choices.front().first ? " " : ", ") + text;
    return add({std::move(name), std::move(expected),
                [member, choices](const Options& options) {
                  for (const auto& [text, value] : choices) {
                    if (value == options.*member) return ParamValue(text);
                  }
                  return ParamValue(static_cast<std::int64_t>(options.*member));
                },
                [member, choices](Options& options, const ParamValue& value) {
                  for (const auto& [text, choice] : choices) {
                    if (value != ParamValue(text)) continue;
                    options.*member = choice;
                    return true;
                  }
                  return false;
                },
                [member, choices](const Options& options) {
                  for (const auto& [text, value] : choices) {
                    if (value == options.*member) return true;
                  }
                  return false;
                }});
  }

  ParameterTable& add(Parameter parameter) {
    parameters_.push_back(std::move(parameter));
    return *this;
  }

  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// Throws InvalidArgument for the first parameter that is out of range.
  void check(std::string_view call, const Options& options) const {
    for (const Parameter& parameter : parameters_) {
      if (!parameter.in_range(options)) refuse(call, parameter, parameter.get(options));
    }
  }

  Params get(const Options& options) const {
    Params params;
    for (const Parameter& parameter : parameters_) params[parameter.name] = parameter.get(options);
    return params;
  }

  /// All or nothing: throws InvalidArgument for an unknown name, a value of another type or out of range.
  void set(std::string_view call, Options& options, const Params& params) const {
    Options next = options;
    for (const auto& [name, value] : params) {
      const Parameter& parameter = find(call, name);
      if (!parameter.set(next, value) || !parameter.in_range(next)) refuse(call, parameter, value);
    }
    options = std::move(next);
  }

 private:
  template <class Value>
  static bool store(const std::optional<Value>& from, Value& to) {
    if (from) to = *from;
    return from.has_value();
  }

  [[noreturn]] static void refuse(std::string_view call, const Parameter& parameter, const ParamValue& value) {
    throw InvalidArgument(
        fmt::format("{}: {} = {} but it must be {}", call, parameter.name, to_text(value), parameter.expected));
  }

  const Parameter& find(std::string_view call, const std::string& name) const {
    std::string names;
    for (const Parameter& parameter : parameters_) {
      if (parameter.name == name) return parameter;
      names += (names.empty() ? "" : ", ") + parameter.name;
    }
    throw InvalidArgument(fmt::format("{}: \"{}\" is no parameter; there are {}", call, name, names));
  }

  std::vector<Parameter> parameters_;
};

}  // namespace forja::core
