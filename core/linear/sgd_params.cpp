#include "linear/sgd_params.h"

#include <string>
#include <utility>
#include <vector>

#include "linear/class_input.h"
#include "linear/descent_params.h"

namespace forja::core {
namespace {

template <class Options>
ParameterTable<Options> sgd_table(std::size_t losses) {
  ParameterTable<Options> table;
  std::vector<std::pair<std::string, SGDLoss>> names = descent_losses();
  names.resize(losses);
  table.choice("loss", &Options::loss, std::move(names));
  add_descent_params(table)
      .choice("learning_rate", &Options::learning_rate,
              {{"constant", LearningRate::constant},
               {"optimal", LearningRate::optimal},
               {"invscaling", LearningRate::invscaling},
               {"adaptive", LearningRate::adaptive}})
      .real("power_t", &Options::power_t, -kFinite, kFinite);
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
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made = sgd_table<Options>(9);
    return add_class_weight(made);
  }();
  return table;
}

const ParameterTable<SGDRegressorOptions>& sgd_regressor_params() {
  static const ParameterTable<SGDRegressorOptions> table = sgd_table<SGDRegressorOptions>(4);
  return table;
}

const ParameterTable<PerceptronOptions>& perceptron_params() {
  using Options = PerceptronOptions;
  static const ParameterTable<Options> table = [] {
    ParameterTable<Options> made;
    return add_class_weight(add_penalty_and_stopping(made));
  }();
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

void check_sgd_options(std::string_view call, const PerceptronOptions& options) {
  perceptron_params().check(call, options);
  check_class_weights(call, options.class_weights);
}

}  // namespace forja::core
