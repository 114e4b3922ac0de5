#include "boosting/boosting_params.h"

#include <limits>

#include "linear/class_input.h"

namespace forja::core {
namespace {

constexpr std::int64_t kMostBins = 255;

template <class Options>
typename ParameterTable<Options>::Parameter max_bins_parameter() {
  return {"max_bins", fmt::format("an integer from 2 to {}", kMostBins),
          [](const Options& options) { return ParamValue(options.max_bins); },
          [](Options& options, const ParamValue& value) {
            const std::optional<std::int64_t> number = as_integer(value);
            if (number) options.max_bins = *number;
            return number.has_value();
          },
          [](const Options& options) { return options.max_bins >= 2 && options.max_bins <= kMostBins; }};
}

/// A number strictly between two bounds.
template <class Options>
typename ParameterTable<Options>::Parameter between(std::string name, double Options::*member, double least,
                                                    double most) {
  return {std::move(name), fmt::format("a number above {}, below {}", least, most),
          [member](const Options& options) { return ParamValue(options.*member); },
          [member](Options& options, const ParamValue& value) {
            const std::optional<double> number = as_real(value);
            if (number) options.*member = *number;
            return number.has_value();
          },
          [member, least, most](const Options& options) { return options.*member > least && options.*member < most; }};
}

template <class Options>
typename ParameterTable<Options>::Parameter validation_fraction_parameter() {
  return {
      "validation_fraction", "a number above 0, below 1, or \"none\"",
      [](const Options& options) {
        return options.validation_fraction ? ParamValue(*options.validation_fraction) : ParamValue(std::string("none"));
      },
      [](Options& options, const ParamValue& value) {
        const std::optional<double> number = as_real(value);
        if (!number && value != ParamValue(std::string("none"))) return false;
        options.validation_fraction = number;
        return true;
      },
      [](const Options& options) {
        return !options.validation_fraction || (*options.validation_fraction > 0 && *options.validation_fraction < 1);
      }};
}

/// What both estimators have.
template <class Options>
ParameterTable<Options>& add_boosting(ParameterTable<Options>& table) {
  return table.positive("learning_rate", &Options::learning_rate, kFinite)
      .integer("max_iter", &Options::max_iter, 1)
      .optional_integer("max_leaf_nodes", &Options::max_leaf_nodes, 2, "none")
      .optional_integer("max_depth", &Options::max_depth, 1, "none")
      .integer("min_samples_leaf", &Options::min_samples_leaf, 1)
      .real("min_sum_hessian_in_leaf", &Options::min_sum_hessian_in_leaf, 0, kFinite)
      .real("l2_regularization", &Options::l2_regularization, 0, kFinite)
      .real("l1_regularization", &Options::l1_regularization, 0, kFinite)
      .real("min_gain_to_split", &Options::min_gain_to_split, 0, kFinite)
      .add(max_bins_parameter<Options>())
      .positive("max_features", &Options::max_features, 1)
      .positive("subsample", &Options::subsample, 1)
      .choice("growth", &Options::growth,
              {{"leaf_wise", TreeGrowth::leaf_wise}, {"depth_wise", TreeGrowth::depth_wise}})
      .choice("early_stopping", &Options::early_stopping,
              {{"auto", EarlyStopping::automatic}, {"on", EarlyStopping::on}, {"off", EarlyStopping::off}})
      .add(validation_fraction_parameter<Options>())
      .integer("n_iter_no_change", &Options::n_iter_no_change, 1)
      .real("tol", &Options::tol, 0, kFinite)
      .boolean("warm_start", &Options::warm_start)
      .choice("precision", &Options::precision,
              {{"quantised", GradientPrecision::quantised}, {"exact", GradientPrecision::exact}})
      .seed("seed", &Options::seed);
}

}  // namespace

const ParameterTable<HistGradientBoostingRegressorOptions>& boosting_regressor_params() {
  using Options = HistGradientBoostingRegressorOptions;
  using Loss = BoostingRegressionLoss;
  using Scoring = BoostingRegressionScoring;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.choice("loss", &Options::loss,
                {{"squared_error", Loss::squared_error},
                 {"absolute_error", Loss::absolute_error},
                 {"huber", Loss::huber},
                 {"quantile", Loss::quantile},
                 {"poisson", Loss::poisson},
                 {"gamma", Loss::gamma},
                 {"tweedie", Loss::tweedie}})
        .real("quantile", &Options::quantile, 0, 1)
        .positive("huber_delta", &Options::huber_delta, kFinite)
        .add(between("tweedie_power", &Options::tweedie_power, 1, 2))
        .choice("scoring", &Options::scoring,
                {{"loss", Scoring::loss},
                 {"r2", Scoring::r2},
                 {"neg_mean_squared_error", Scoring::neg_mean_squared_error},
                 {"neg_mean_absolute_error", Scoring::neg_mean_absolute_error}});
    return add_boosting(made);
  }();
  return table;
}

const ParameterTable<HistGradientBoostingClassifierOptions>& boosting_classifier_params() {
  using Options = HistGradientBoostingClassifierOptions;
  using Scoring = BoostingClassificationScoring;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    made.choice("scoring", &Options::scoring, {{"loss", Scoring::loss}, {"accuracy", Scoring::accuracy}});
    return add_boosting(add_class_weight(made));
  }();
  return table;
}

const ParameterTable<BinOptions>& bin_params() {
  static const ParameterTable<BinOptions> table = [] {
    ParameterTable<BinOptions> made;
    return made.add(max_bins_parameter<BinOptions>());
  }();
  return table;
}

}  // namespace forja::core
