#include "linear/gradient_descent_params.h"

#include <algorithm>

#include "linear/class_input.h"
#include "linear/descent_params.h"
#include "linear/rate_policies.h"

namespace forja::core {
namespace {

using Descent = GradientDescentOptions;

/// The first `count` losses, or none.
void add_loss(ParameterTable<Descent>& table, std::size_t count) {
  std::vector<std::pair<std::string, SGDLoss>> losses = descent_losses();
  losses.resize(count);
  std::string expected = "one of automatic";
  for (const auto& [name, loss] : losses) expected += ", " + name;
  table.add({"loss", std::move(expected),
             [losses](const Descent& options) {
               if (!options.loss) return ParamValue("automatic");
               for (const auto& [name, loss] : losses) {
                 if (loss == *options.loss) return ParamValue(name);
               }
               return ParamValue(static_cast<std::int64_t>(*options.loss));
             },
             [losses](Descent& options, const ParamValue& value) {
               if (value == ParamValue("automatic")) {
                 options.loss = std::nullopt;
                 return true;
               }
               for (const auto& [name, loss] : losses) {
                 if (value != ParamValue(name)) continue;
                 options.loss = loss;
                 return true;
               }
               return false;
             },
             [losses](const Descent& options) {
               return !options.loss || std::any_of(losses.begin(), losses.end(),
                                                   [&](const auto& entry) { return entry.second == *options.loss; });
             }});
}

/// A number from 0 to 1, not 1: how much a mean keeps.
void add_memory(ParameterTable<Descent>& table, std::string name, double Descent::*member) {
  table.add({std::move(name), "a number of at least 0 and below 1",
             [member](const Descent& options) { return ParamValue(options.*member); },
             [member](Descent& options, const ParamValue& value) {
               const std::optional<double> number = as_real(value);
               if (number) options.*member = *number;
               return number.has_value();
             },
             [member](const Descent& options) { return options.*member >= 0 && options.*member < 1; }});
}

void add_optimizer(ParameterTable<Descent>& table) {
  table.choice("optimizer", &Descent::optimizer,
               {{"sgd", Optimizer::sgd},
                {"momentum", Optimizer::momentum},
                {"nesterov", Optimizer::nesterov},
                {"adagrad", Optimizer::adagrad},
                {"rmsprop", Optimizer::rmsprop},
                {"adam", Optimizer::adam},
                {"adamax", Optimizer::adamax},
                {"nadam", Optimizer::nadam},
                {"adamw", Optimizer::adamw}});
  add_memory(table, "momentum", &Descent::momentum);
  add_memory(table, "rho", &Descent::rho);
  add_memory(table, "beta_1", &Descent::beta_1);
  add_memory(table, "beta_2", &Descent::beta_2);
  table.positive("optimizer_epsilon", &Descent::optimizer_epsilon, kFinite)
      .real("weight_decay", &Descent::weight_decay, 0, kFinite)
      .optional_real("clip_value", &Descent::clip_value, 0, "none")
      .optional_real("clip_norm", &Descent::clip_norm, 0, "none");
}

void add_schedule(ParameterTable<Descent>& table) {
  table
      .choice("learning_rate", &Descent::learning_rate,
              {{"constant", LearningSchedule::constant},
               {"invscaling", LearningSchedule::invscaling},
               {"power", LearningSchedule::power},
               {"exponential", LearningSchedule::exponential},
               {"piecewise_constant", LearningSchedule::piecewise_constant},
               {"performance", LearningSchedule::performance},
               {"one_cycle", LearningSchedule::one_cycle},
               {"hyperbolic", LearningSchedule::hyperbolic}})
      .real("power_t", &Descent::power_t, 0, kFinite)
      .integer("schedule_steps", &Descent::schedule_steps, 0)
      .real("power", &Descent::power, 0, kFinite)
      .positive("t0", &Descent::t0, kFinite)
      .positive("t1", &Descent::t1, kFinite)
      .integer("plateau_patience", &Descent::plateau_patience, 1);
  add_share(table, "decay", &Descent::decay);
  add_share(table, "plateau_factor", &Descent::plateau_factor);
}

ParameterTable<Descent> table_of(std::size_t losses) {
  ParameterTable<Descent> table;
  add_loss(table, losses);
  add_descent_params(table).integer("batch_size", &Descent::batch_size, 0).boolean("warm_start", &Descent::warm_start);
  add_optimizer(table);
  add_schedule(table);
  return table;
}

void check_pieces(std::string_view call, const Descent& options) {
  try {
    const PiecewiseConstantRate pieces(options.boundaries, options.rates);
  } catch (const InvalidArgument& refused) {
    throw InvalidArgument(fmt::format("{}: {}", call, refused.what()));
  }
  for (const double rate : options.rates) {
    if (!(rate > 0 && rate <= kFinite)) {
      throw InvalidArgument(fmt::format("{}: rates has {} but it must be a finite number above 0", call, rate));
    }
  }
}

}  // namespace

const ParameterTable<GradientDescentOptions>& gradient_descent_regressor_params() {
  static const ParameterTable<Descent> table = table_of(4);
  return table;
}

const ParameterTable<GradientDescentOptions>& gradient_descent_classifier_params() {
  static const ParameterTable<Descent> table = [] {
    ParameterTable<Descent> made = table_of(10);
    return add_class_weight(made);
  }();
  return table;
}

void check_gradient_descent(std::string_view call, const ParameterTable<GradientDescentOptions>& table,
                            const GradientDescentOptions& options) {
  table.check(call, options);
  check_class_weights(call, options.class_weights);
  if (options.clip_value == 0 || options.clip_norm == 0) {
    throw InvalidArgument(
        fmt::format("{}: {} = 0 but it must be above 0", call, options.clip_value == 0 ? "clip_value" : "clip_norm"));
  }
  if (options.learning_rate == LearningSchedule::piecewise_constant) check_pieces(call, options);
}

}  // namespace forja::core
