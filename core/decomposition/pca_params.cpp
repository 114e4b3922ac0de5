#include "decomposition/pca_params.h"

#include <limits>

namespace forja::core {
namespace {

const ParamValue kAll = std::string("all");
const ParamValue kMle = std::string("mle");

/// A whole number is a count, another number a share.
template <class Options>
typename ParameterTable<Options>::Parameter component_count() {
  return {"n_components", "an integer of at least 1, a number between 0 and 1, \"mle\", or \"all\"",
          [](const Options& options) {
            switch (options.n_components.kind()) {
              case ComponentCount::Kind::count:
                return ParamValue(options.n_components.count());
              case ComponentCount::Kind::share:
                return ParamValue(options.n_components.share());
              case ComponentCount::Kind::mle:
                return kMle;
              case ComponentCount::Kind::all:
                break;
            }
            return kAll;
          },
          [](Options& options, const ParamValue& value) {
            if (value == kAll) {
              options.n_components = {};
            } else if (value == kMle) {
              options.n_components = ComponentCount::mle();
            } else if (const auto count = as_integer(value)) {
              options.n_components = *count;
            } else if (const auto share = as_real(value)) {
              options.n_components = *share;
            } else {
              return false;
            }
            return true;
          },
          [](const Options& options) {
            const ComponentCount& n = options.n_components;
            if (n.kind() == ComponentCount::Kind::count) return n.count() >= 1;
            return n.kind() != ComponentCount::Kind::share || (n.share() > 0 && n.share() < 1);
          }};
}

template <class Options>
ParameterTable<Options> with_solver(ParameterTable<Options> table) {
  return table.choice("svd_solver", &Options::svd_solver,
                      {{"auto", SvdSolver::automatic},
                       {"auto_by_size", SvdSolver::by_size},
                       {"full", SvdSolver::full},
                       {"covariance_eigh", SvdSolver::covariance_eigh},
                       {"randomized", SvdSolver::randomized}});
}

template <class Options>
ParameterTable<Options> with_iterations(ParameterTable<Options> table) {
  return table.optional_integer("iterated_power", &Options::iterated_power, 0, "auto")
      .real("tol", &Options::tol, 0, std::numeric_limits<double>::max())
      .integer("n_oversamples", &Options::n_oversamples, 0)
      .seed("seed", &Options::seed);
}

}  // namespace

const ParameterTable<PCAOptions>& pca_params() {
  using Options = PCAOptions;
  static const ParameterTable<Options> table = with_iterations(
      with_solver(ParameterTable<Options>().add(component_count<Options>()).boolean("whiten", &Options::whiten)));
  return table;
}

const ParameterTable<IncrementalPCAOptions>& incremental_pca_params() {
  using Options = IncrementalPCAOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .optional_integer("n_components", &Options::n_components, 1, "all")
                                                   .boolean("whiten", &Options::whiten)
                                                   .optional_integer("batch_size", &Options::batch_size, 1, "auto");
  return table;
}

const ParameterTable<TruncatedSVDOptions>& truncated_svd_params() {
  using Options = TruncatedSVDOptions;
  static const ParameterTable<Options> table =
      with_iterations(with_solver(ParameterTable<Options>().integer("n_components", &Options::n_components, 1)));
  return table;
}

const ParameterTable<RandomizedSvdOptions>& randomized_svd_params() {
  static const ParameterTable<RandomizedSvdOptions> table = with_iterations(ParameterTable<RandomizedSvdOptions>());
  return table;
}

}  // namespace forja::core
