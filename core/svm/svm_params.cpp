#include "svm/svm_params.h"

#include <limits>

#include "linear/class_input.h"

namespace forja::core {
namespace {

constexpr std::int64_t kMostDegree = 1000;

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

/// What all kernel machines have.
template <class Options>
ParameterTable<Options>& add_kernel(ParameterTable<Options>& table) {
  return table
      .choice("kernel", &Options::kernel,
              {{"linear", SVMKernel::linear},
               {"poly", SVMKernel::poly},
               {"rbf", SVMKernel::rbf},
               {"sigmoid", SVMKernel::sigmoid},
               {"precomputed", SVMKernel::precomputed}})
      .add({"degree", fmt::format("an integer from 0 to {}", kMostDegree),
            [](const Options& options) { return ParamValue(options.degree); },
            [](Options& options, const ParamValue& value) {
              const std::optional<std::int64_t> number = as_integer(value);
              if (number) options.degree = *number;
              return number.has_value();
            },
            [](const Options& options) { return options.degree >= 0 && options.degree <= kMostDegree; }})
      .add(gamma_parameter<Options>())
      .real("coef0", &Options::coef0, -kFinite, kFinite)
      .positive("tol", &Options::tol, kFinite)
      .positive("cache_size", &Options::cache_size, kFinite)
      .optional_integer("max_iter", &Options::max_iter, 1, "none");
}

template <class Options>
ParameterTable<Options>& add_votes(ParameterTable<Options>& table) {
  return table
      .choice("decision_function_shape", &Options::decision_function_shape,
              {{"ovr", DecisionShape::ovr}, {"ovo", DecisionShape::ovo}})
      .boolean("break_ties", &Options::break_ties)
      .boolean("probability", &Options::probability)
      .seed("seed", &Options::seed);
}

}  // namespace

const ParameterTable<SVCOptions>& svc_params() {
  static const ParameterTable<SVCOptions> table = [] {
    ParameterTable<SVCOptions> made;
    return add_class_weight(add_votes(add_kernel(made.positive("C", &SVCOptions::C, kFinite))));
  }();
  return table;
}

const ParameterTable<NuSVCOptions>& nu_svc_params() {
  static const ParameterTable<NuSVCOptions> table = [] {
    ParameterTable<NuSVCOptions> made;
    return add_votes(add_kernel(made.positive("nu", &NuSVCOptions::nu, 1)));
  }();
  return table;
}

const ParameterTable<SVROptions>& svr_params() {
  static const ParameterTable<SVROptions> table = [] {
    ParameterTable<SVROptions> made;
    return add_kernel(made.positive("C", &SVROptions::C, kFinite).real("epsilon", &SVROptions::epsilon, 0, kFinite));
  }();
  return table;
}

const ParameterTable<NuSVROptions>& nu_svr_params() {
  static const ParameterTable<NuSVROptions> table = [] {
    ParameterTable<NuSVROptions> made;
    return add_kernel(made.positive("nu", &NuSVROptions::nu, 1).positive("C", &NuSVROptions::C, kFinite));
  }();
  return table;
}

const ParameterTable<OneClassSVMOptions>& one_class_svm_params() {
  static const ParameterTable<OneClassSVMOptions> table = [] {
    ParameterTable<OneClassSVMOptions> made;
    return add_kernel(made.positive("nu", &OneClassSVMOptions::nu, 1));
  }();
  return table;
}

}  // namespace forja::core
