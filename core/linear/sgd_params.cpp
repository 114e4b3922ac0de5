#include "linear/sgd_params.h"

#include <limits>
#include <utility>
#include <vector>

#include "linear/class_input.h"

namespace forja::core {
namespace {

constexpr double kFinite = std::numeric_limits<double>::max();

/// Losses of numbers first.
std::vector<std::pair<std::string, SGDLoss>> loss_names(std::size_t count) {
  std::vector<std::pair<std::string, SGDLoss>> names = {
      {"squared_error", SGDLoss::squared_error},
      {"huber", SGDLoss::huber},
      {"epsilon_insensitive", SGDLoss::epsilon_insensitive},
      {"squared_epsilon_insensitive", SGDLoss::squared_epsilon_insensitive},
      {"hinge", SGDLoss::hinge},
      {"squared_hinge", SGDLoss::squared_hinge},
      {"log_loss", SGDLoss::log_loss},
      {"modified_huber", SGDLoss::modified_huber},
      {"perceptron", SGDLoss::perceptron}};
  names.resize(count);
  return names;
}

template <class Options>
ParameterTable<Options> sgd_table(std::size_t losses) {
  ParameterTable<Options> table;
  table.choice("loss", &Options::loss, loss_names(losses))
      .choice("penalty", &Options::penalty,
              {{"none", SGDPenalty::none},
               {"l2", SGDPenalty::l2},
               {"l1", SGDPenalty::l1},
               {"elasticnet", SGDPenalty::elasticnet}})
      .real("alpha", &Options::alpha, 0, kFinite)
      .real("l1_ratio", &Options::l1_ratio, 0, 1)
      .boolean("fit_intercept", &Options::fit_intercept)
      .integer("max_iter", &Options::max_iter, 1)
      .optional_real("tol", &Options::tol, 0, "none")
      .boolean("shuffle", &Options::shuffle)
      .real("epsilon", &Options::epsilon, 0, kFinite)
      .seed("seed", &Options::seed)
      .choice("learning_rate", &Options::learning_rate,
              {{"constant", LearningRate::constant},
               {"optimal", LearningRate::optimal},
               {"invscaling", LearningRate::invscaling},
               {"adaptive", LearningRate::adaptive}})
      .positive("eta0", &Options::eta0, kFinite)
      .real("power_t", &Options::power_t, -kFinite, kFinite)
      .boolean("early_stopping", &Options::early_stopping)
      .add({"validation_fraction", "a number above 0 and below 1",
            [](const Options& options) { return ParamValue(options.validation_fraction); },
            [](Options& options, const ParamValue& value) {
              const std::optional<double> number = as_real(value);
              if (number) options.validation_fraction = *number;
              return number.has_value();
            },
            [](const Options& options) { return options.validation_fraction > 0 && options.validation_fraction < 1; }})
      .integer("n_iter_no_change", &Options::n_iter_no_change, 1)
      .integer("average", &Options::average, 0);
  return table;
}

template <class Options>
void check_alpha(std::string_view call, const Options& options) {
  if (options.learning_rate == LearningRate::optimal && !(options.alpha > 0)) {
    throw InvalidArgument(
        fmt::format("{}: learning_rate = \"optimal\" but alpha = {}: it must be above 0", call, options.alpha));
  }
}

}  // namespace

const ParameterTable<SGDClassifierOptions>& sgd_classifier_params() {
  using Options = SGDClassifierOptions;
  static const ParameterTable<Options> table = sgd_table<Options>(9).choice(
      "class_weight", &Options::class_weight, {{"uniform", ClassWeight::uniform}, {"balanced", ClassWeight::balanced}});
  return table;
}

const ParameterTable<SGDRegressorOptions>& sgd_regressor_params() {
  static const ParameterTable<SGDRegressorOptions> table = sgd_table<SGDRegressorOptions>(4);
  return table;
}

void check_sgd_options(std::string_view call, const SGDClassifierOptions& options) {
  sgd_classifier_params().check(call, options);
  check_alpha(call, options);
  check_class_weights(call, options.class_weights);
}

void check_sgd_options(std::string_view call, const SGDRegressorOptions& options) {
  sgd_regressor_params().check(call, options);
  check_alpha(call, options);
}

}  // namespace forja::core
