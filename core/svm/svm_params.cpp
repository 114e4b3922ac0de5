#include "svm/svm_params.h"

#include <limits>

#include "linear/class_input.h"
#include "svm/kernel_params.h"

namespace forja::core {
namespace {

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
      .add(degree_parameter<Options>())
      .add(gamma_parameter<Options>())
      .real("coef0", &Options::coef0, -kFinite, kFinite)
      .positive("tol", &Options::tol, kFinite)
      .positive("cache_size", &Options::cache_size, kFinite)
      .boolean("shrinking", &Options::shrinking)
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
