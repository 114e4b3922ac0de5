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

template <class Options>
typename ParameterTable<Options>::Parameter eps() {
  return {"eps", "a number between 0 and 1", [](const Options& options) { return ParamValue(options.eps); },
          [](Options& options, const ParamValue& value) {
            const auto number = as_real(value);
            if (number) options.eps = *number;
            return number.has_value();
          },
          [](const Options& options) { return options.eps > 0 && options.eps < 1; }};
}

ParameterTable<SparseRandomProjectionOptions>::Parameter density() {
  using Options = SparseRandomProjectionOptions;
  const ParamValue automatic = std::string("auto");
  return {"density", "a number above 0, up to 1, or \"auto\"",
          [automatic](const Options& options) { return options.density ? ParamValue(*options.density) : automatic; },
          [automatic](Options& options, const ParamValue& value) {
            options.density = as_real(value);
            return options.density || value == automatic;
          },
          [](const Options& options) { return !options.density || (*options.density > 0 && *options.density <= 1); }};
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

const ParameterTable<GaussianRandomProjectionOptions>& gaussian_projection_params() {
  using Options = GaussianRandomProjectionOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .optional_integer("n_components", &Options::n_components, 1, "auto")
                                                   .add(eps<Options>())
                                                   .seed("seed", &Options::seed);
  return table;
}

const ParameterTable<SparseRandomProjectionOptions>& sparse_projection_params() {
  using Options = SparseRandomProjectionOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .optional_integer("n_components", &Options::n_components, 1, "auto")
                                                   .add(density())
                                                   .add(eps<Options>())
                                                   .seed("seed", &Options::seed);
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
