// forja's side of the comparison with peers: reads x and y, then runs a task per line of standard input and answers
// with "seconds cpu_seconds figure", so that a driver can run forja and its peers in turn on the same data. Single rows
// of peers are predicted here too, through their C interfaces.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "../machine_limits.h"
#include "forja/forja.h"
#include "single_rows.h"
#include "worker.h"

namespace {

using forja::bench::Arguments;
using forja::bench::integer;
using forja::bench::lightgbm_rows;
using forja::bench::time_rows;
using forja::bench::xgboost_rows;
using Labels = std::vector<std::int32_t>;
using Rows = forja::MatrixView<const float>;
using Model = forja::HistGradientBoostingClassifier<float>;

constexpr std::int64_t kTimedRows = 20'000;

Model machine(const Arguments& arguments) {
  return Model({.max_iter = integer(arguments, "rounds"),
                .max_leaf_nodes = integer(arguments, "leaves"),
                .early_stopping = forja::EarlyStopping::off});
}

void answer(double seconds, double cpu_seconds, double figure) {
  std::cout.precision(9);
  std::cout << seconds << ' ' << cpu_seconds << ' ' << figure << std::endl;
}

/// The area under the curve, or the accuracy of more than two classes.
double figure_of(const Model& model, Rows x, std::span<const std::int32_t> y) {
  if (model.classes().size() > 2) return model.score(x, y);
  return forja::roc_auc_score(y, model.decision_function(x).values());
}

/// "fit train=N rounds= leaves=": the first N rows; the others are scored.
void fit(const Arguments& arguments, Rows x, const Labels& y) {
  const std::int64_t n = integer(arguments, "train");
  const auto first = static_cast<std::size_t>(n);
  Model model = machine(arguments);
  const auto seconds = forja::bench::seconds_of([&] { model.fit(x.middle_rows(0, n), std::span(y).first(first)); });
  answer(seconds.wall, seconds.cpu, figure_of(model, x.middle_rows(n, x.rows() - n), std::span(y).subspan(first)));
}

/// Learned once, from the first N rows.
const Model& learned(const Arguments& arguments, Rows x, const Labels& y, std::optional<Model>& model) {
  if (!model) {
    const std::int64_t n = integer(arguments, "train");
    model = machine(arguments);
    model->fit(x.middle_rows(0, n), std::span(y).first(static_cast<std::size_t>(n)));
  }
  return *model;
}

/// "predict train=N rounds= leaves=": scores of all rows.
void predict(const Arguments& arguments, Rows x, const Labels& y, std::optional<Model>& model) {
  learned(arguments, x, y, model);
  forja::Matrix<float> scores;
  const auto seconds = forja::bench::seconds_of([&] { scores = model->decision_function(x); });
  const auto first = static_cast<std::size_t>(integer(arguments, "train"));
  answer(seconds.wall, seconds.cpu, forja::roc_auc_score(std::span(y).subspan(first), scores.values().subspan(first)));
}

/// "row train=N rounds= leaves=": one row after the other. Seconds: the median, and what 99 of 100 stay below.
void row(const Arguments& arguments, Rows x, const Labels& y, std::optional<Model>& model) {
  learned(arguments, x, y, model);
  const auto columns = static_cast<std::size_t>(x.columns());
  const auto seconds = time_rows(x.middle_rows(0, std::min(x.rows(), kTimedRows)),
                                 [&](const float* values) { return model->predict(std::span(values, columns)); });
  answer(seconds.median, seconds.most, 0);
}

/// "many train=R rounds= leaves=": a fit on each R rows that follow one another; the figure is the last one's, on all.
void many(const Arguments& arguments, Rows x, const Labels& y) {
  const std::int64_t rows = integer(arguments, "train");
  Model model = machine(arguments);
  const auto seconds = forja::bench::seconds_of([&] {
    for (std::int64_t first = 0; first + rows <= x.rows(); first += rows) {
      model.fit(x.middle_rows(first, rows),
                std::span(y).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)));
    }
  });
  answer(seconds.wall, seconds.cpu, figure_of(model, x, y));
}

template <class Options>
Options options_of(const Arguments& arguments) {
  Options options{.max_iter = integer(arguments, "rounds"),
                  .max_leaf_nodes = integer(arguments, "leaves"),
                  .early_stopping = forja::EarlyStopping::off,
                  .seed = static_cast<std::uint64_t>(integer(arguments, "seed"))};
  if (integer(arguments, "exact") != 0) options.precision = forja::GradientPrecision::exact;
  if (arguments.contains("category")) options.categorical_features = {integer(arguments, "category")};
  return options;
}

/// "quality y=FILE numbers= train=N rounds= leaves= seed= exact= [category=]": as fit; the figure is the error on the
/// other rows: log loss, or of numbers the root mean squared error.
void quality(const Arguments& arguments, Rows x) {
  const std::int64_t n = integer(arguments, "train");
  const auto first = static_cast<std::size_t>(n);
  const Rows rest = x.middle_rows(n, x.rows() - n);
  const auto learn = [&](auto& model, const auto& y) {
    return forja::bench::seconds_of([&] { model.fit(x.middle_rows(0, n), std::span(y).first(first)); });
  };
  if (integer(arguments, "numbers") != 0) {
    const forja::Matrix<float> targets = forja::read_npy<float>(arguments.at("y"));
    const std::span<const float> y = targets.values();
    forja::HistGradientBoostingRegressor<float> model(
        options_of<forja::HistGradientBoostingRegressorOptions>(arguments));
    const auto seconds = learn(model, y);
    answer(seconds.wall, seconds.cpu, forja::root_mean_squared_error(y.subspan(first), model.predict(rest)));
  } else {
    const Labels y = forja::read_npy_labels(arguments.at("y"));
    Model model(options_of<forja::HistGradientBoostingClassifierOptions>(arguments));
    const auto seconds = learn(model, y);
    answer(seconds.wall, seconds.cpu,
           forja::log_loss(std::span(y).subspan(first), model.predict_proba(rest).view(), {}, model.classes()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: boosting_worker X.npy Y.npy\n", stderr);
    return 2;
  }
  const forja::bench::Array x(forja::read_npy<float>(argv[1]));
  const Labels y = forja::read_npy_labels(argv[2]);
  const Rows rows = x.view();
  std::optional<Model> model;
  for (std::string line; std::getline(std::cin, line);) {
    const auto [name, arguments] = forja::bench::parse(line);
    if (name == "limits") {
      std::cout << forja::bench::cycles_per_second() << ' ' << forja::bench::read_bandwidth() << std::endl;
    } else if (name == "fit") {
      fit(arguments, rows, y);
    } else if (name == "predict") {
      predict(arguments, rows, y, model);
    } else if (name == "row") {
      row(arguments, rows, y, model);
    } else if (name == "many") {
      many(arguments, rows, y);
    } else if (name == "quality") {
      quality(arguments, rows);
    } else if (name == "lightgbm_row" || name == "xgboost_row") {
      const auto& open = name == "xgboost_row" ? xgboost_rows : lightgbm_rows;
      const auto predict_row = open(arguments.at("library"), arguments.at("model"), rows.columns());
      const auto seconds = time_rows(rows.middle_rows(0, std::min(rows.rows(), kTimedRows)), predict_row);
      answer(seconds.median, seconds.most, 0);
    } else {
      std::fprintf(stderr, "boosting_worker: unknown task %s\n", name.c_str());
      return 2;
    }
  }
  return 0;
}
