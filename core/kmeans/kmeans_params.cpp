#include "kmeans/kmeans_params.h"

#include <limits>

namespace forja::core {
namespace {

/// Text names the ways to begin; centres themselves are given in the options only.
template <class Options>
typename ParameterTable<Options>::Parameter init_parameter() {
  return {"init", "\"k-means++\" or \"random\" (given centres are set in the options)",
          [](const Options& options) {
            switch (options.init.method()) {
              case KMeansInit::Method::kmeans_plus_plus:
                return ParamValue(std::string("k-means++"));
              case KMeansInit::Method::random:
                return ParamValue(std::string("random"));
              case KMeansInit::Method::given:
                break;
            }
            return ParamValue(std::string("given"));
          },
          [](Options& options, const ParamValue& value) {
            if (value == ParamValue(std::string("k-means++"))) {
              options.init = KMeansInit::kmeans_plus_plus();
            } else if (value == ParamValue(std::string("random"))) {
              options.init = KMeansInit::random();
            } else {
              return value == ParamValue(std::string("given")) && options.init.method() == KMeansInit::Method::given;
            }
            return true;
          },
          [](const Options&) { return true; }};
}

}  // namespace

const ParameterTable<KMeansOptions>& kmeans_params() {
  using Options = KMeansOptions;
  static const ParameterTable<Options> table = ParameterTable<Options>()
                                                   .integer("n_clusters", &Options::n_clusters, 1)
                                                   .add(init_parameter<Options>())
                                                   .optional_integer("n_init", &Options::n_init, 1, "auto")
                                                   .integer("max_iter", &Options::max_iter, 1)
                                                   .real("tol", &Options::tol, 0, kFinite)
                                                   .choice("algorithm", &Options::algorithm,
                                                           {{"auto", KMeansAlgorithm::automatic},
                                                            {"lloyd", KMeansAlgorithm::lloyd},
                                                            {"elkan", KMeansAlgorithm::elkan}})
                                                   .seed("seed", &Options::seed);
  return table;
}

const ParameterTable<MiniBatchKMeansOptions>& mini_batch_kmeans_params() {
  using Options = MiniBatchKMeansOptions;
  static const ParameterTable<Options> table =
      ParameterTable<Options>()
          .integer("n_clusters", &Options::n_clusters, 1)
          .add(init_parameter<Options>())
          .optional_integer("n_init", &Options::n_init, 1, "auto")
          .integer("max_iter", &Options::max_iter, 1)
          .integer("batch_size", &Options::batch_size, 1)
          .real("tol", &Options::tol, 0, kFinite)
          .optional_integer("max_no_improvement", &Options::max_no_improvement, 0, "none")
          .optional_integer("init_size", &Options::init_size, 1, "auto")
          .real("reassignment_ratio", &Options::reassignment_ratio, 0, 1)
          .seed("seed", &Options::seed);
  return table;
}

void check_mini_batch_options(std::string_view call, const MiniBatchKMeansOptions& options) {
  mini_batch_kmeans_params().check(call, options);
  if (options.init_size && *options.init_size < options.n_clusters) {
    throw InvalidArgument(fmt::format("{}: init_size = {} but it must be at least n_clusters = {}", call,
                                      *options.init_size, options.n_clusters));
  }
}

}  // namespace forja::core
