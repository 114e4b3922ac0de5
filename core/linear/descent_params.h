#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "estimator/parameter_table.h"
#include "forja/sgd.h"

/// Parameters that all descents have.
namespace forja::core {

/// Four of numbers, five of single outputs of classes, multinomial.
inline std::vector<std::pair<std::string, SGDLoss>> descent_losses() {
  return {{"squared_error", SGDLoss::squared_error},
          {"huber", SGDLoss::huber},
          {"epsilon_insensitive", SGDLoss::epsilon_insensitive},
          {"squared_epsilon_insensitive", SGDLoss::squared_epsilon_insensitive},
          {"hinge", SGDLoss::hinge},
          {"squared_hinge", SGDLoss::squared_hinge},
          {"log_loss", SGDLoss::log_loss},
          {"modified_huber", SGDLoss::modified_huber},
          {"perceptron", SGDLoss::perceptron},
          {"multinomial", SGDLoss::multinomial}};
}

/// A number above 0 and below 1.
template <class Options>
ParameterTable<Options>& add_share(ParameterTable<Options>& table, std::string name, double Options::*member) {
  return table.add({std::move(name), "a number above 0 and below 1",
                    [member](const Options& options) { return ParamValue(options.*member); },
                    [member](Options& options, const ParamValue& value) {
                      const std::optional<double> number = as_real(value);
                      if (number) options.*member = *number;
                      return number.has_value();
                    },
                    [member](const Options& options) { return options.*member > 0 && options.*member < 1; }});
}

/// What all single-layer descents take but average, learning rates and the loss.
template <class Options>
ParameterTable<Options>& add_penalty_and_stopping(ParameterTable<Options>& table) {
  table
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
      .seed("seed", &Options::seed)
      .positive("eta0", &Options::eta0, kFinite)
      .boolean("early_stopping", &Options::early_stopping);
  return add_share(table, "validation_fraction", &Options::validation_fraction)
      .integer("n_iter_no_change", &Options::n_iter_no_change, 1);
}

/// The same with epsilon of some losses and average.
template <class Options>
ParameterTable<Options>& add_descent_params(ParameterTable<Options>& table) {
  return add_penalty_and_stopping(table)
      .real("epsilon", &Options::epsilon, 0, kFinite)
      .integer("average", &Options::average, 0);
}

}  // namespace forja::core
