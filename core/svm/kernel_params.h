#pragma once

#include <optional>
#include <string>

#include "estimator/parameter_table.h"
#include "forja/svm.h"

/// Parameters that everything with a kernel has.
namespace forja::core {

inline constexpr std::int64_t kMostKernelDegree = 1000;

template <class Options>
typename ParameterTable<Options>::Parameter gamma_parameter() {
  using Rule = KernelGamma::Rule;
  return {"gamma", "a finite number above 0, \"scale\" or \"auto\"",
          [](const Options& options) {
            const KernelGamma& gamma = options.gamma;
            return gamma.rule == Rule::value ? ParamValue(gamma.number)
                                             : ParamValue(std::string(gamma.rule == Rule::scale ? "scale" : "auto"));
          },
          [](Options& options, const ParamValue& value) {
            const std::optional<double> number = as_real(value);
            if (number) {
              options.gamma = *number;
              return true;
            }
            const bool scale = value == ParamValue(std::string("scale"));
            if (scale) options.gamma = KernelGamma::scale();
            const bool automatic = value == ParamValue(std::string("auto"));
            if (automatic) options.gamma = KernelGamma::automatic();
            return scale || automatic;
          },
          [](const Options& options) {
            return options.gamma.rule != Rule::value || (options.gamma.number > 0 && options.gamma.number <= kFinite);
          }};
}

template <class Options>
typename ParameterTable<Options>::Parameter degree_parameter() {
  return {"degree", fmt::format("an integer from 0 to {}", kMostKernelDegree),
          [](const Options& options) { return ParamValue(options.degree); },
          [](Options& options, const ParamValue& value) {
            const std::optional<std::int64_t> number = as_integer(value);
            if (number) options.degree = *number;
            return number.has_value();
          },
          [](const Options& options) { return options.degree >= 0 && options.degree <= kMostKernelDegree; }};
}

}  // namespace forja::core
