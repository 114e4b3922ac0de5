// forja's side of the comparison with peers: reads x and y, then runs a task per line of standard input and answers
// with "seconds cpu_seconds figure support", so that a driver can run forja and its peers in turn on the same data.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "../machine_limits.h"
#include "forja/forja.h"
#include "worker.h"

namespace {

using forja::bench::Arguments;
using forja::bench::integer;
using Labels = std::vector<std::int32_t>;

double real(const Arguments& arguments, const std::string& key) { return std::stod(arguments.at(key)); }

forja::SVC<float> machine(const Arguments& arguments) {
  return forja::SVC<float>({.C = real(arguments, "C"), .gamma = real(arguments, "gamma"), .cache_size = 2000});
}

void answer(const forja::bench::Seconds& seconds, double figure, std::int64_t support) {
  std::cout.precision(9);
  std::cout << seconds.wall << ' ' << seconds.cpu << ' ' << figure << ' ' << support << std::endl;
}

/// "fit train=N C= gamma=": the first N rows; the others are scored.
void fit(const Arguments& arguments, forja::MatrixView<const float> x, const Labels& y) {
  const std::int64_t n = integer(arguments, "train");
  const auto labels = std::span(y);
  forja::SVC<float> model = machine(arguments);
  const auto seconds =
      forja::bench::seconds_of([&] { model.fit(x.middle_rows(0, n), labels.first(static_cast<std::size_t>(n))); });
  const double score = model.score(x.middle_rows(n, x.rows() - n), labels.subspan(static_cast<std::size_t>(n)));
  answer(seconds, score, std::ssize(model.support()));
}

/// "predict train=N C= gamma=": all rows by the machine of the first N.
void predict(const Arguments& arguments, forja::MatrixView<const float> x, const Labels& y) {
  const std::int64_t n = integer(arguments, "train");
  forja::SVC<float> model = machine(arguments);
  model.fit(x.middle_rows(0, n), std::span(y).first(static_cast<std::size_t>(n)));
  Labels labels;
  const auto seconds = forja::bench::seconds_of([&] { labels = model.predict(x); });
  answer(seconds, forja::accuracy_score(y, labels), std::ssize(model.support()));
}

/// "many rows=R C= gamma=": a fit on each R rows that follow one another; the figure is the steps of all.
void many(const Arguments& arguments, forja::MatrixView<const float> x, const Labels& y) {
  const std::int64_t rows = integer(arguments, "rows");
  double steps = 0;
  std::int64_t support = 0;
  const auto seconds = forja::bench::seconds_of([&] {
    for (std::int64_t first = 0; first + rows <= x.rows(); first += rows) {
      forja::SVC<float> model = machine(arguments);
      model.fit(x.middle_rows(first, rows),
                std::span(y).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)));
      steps += static_cast<double>(model.n_iter());
      support += std::ssize(model.support());
    }
  });
  answer(seconds, steps, support);
}

std::vector<double> reals(const Arguments& arguments, const std::string& key) {
  std::vector<double> found;
  std::istringstream list(arguments.at(key));
  for (std::string word; std::getline(list, word, ',');) found.push_back(std::stod(word));
  return found;
}

/// "grid train=N C=a,b,.. gamma=a,b,..": a search over five folds of the first N rows, and the best machine fitted to
/// all of them; the figure is the best cell's score, and its number stands for the support vectors'.
void grid(const Arguments& arguments, forja::MatrixView<const float> x, const Labels& y) {
  const std::int64_t n = integer(arguments, "train");
  const std::vector<double> gamma = reals(arguments, "gamma");
  forja::SVCGridSearchOptions options;
  options.estimator.cache_size = 2000;
  options.C = reals(arguments, "C");
  options.gamma.assign(gamma.begin(), gamma.end());
  forja::SVCGridSearch<float> search(options);
  const auto seconds = forja::bench::seconds_of(
      [&] { search.fit(x.middle_rows(0, n), std::span(y).first(static_cast<std::size_t>(n))); });
  answer(seconds, search.best_score(), search.best_index());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: svm_worker X.npy Y.npy\n", stderr);
    return 2;
  }
  const forja::bench::Array x(forja::read_npy<float>(argv[1]));
  const Labels y = forja::read_npy_labels(argv[2]);
  for (std::string line; std::getline(std::cin, line);) {
    const auto [name, arguments] = forja::bench::parse(line);
    if (name == "limits") {
      std::cout << forja::bench::read_bandwidth() << ' ' << forja::bench::multiply_add_peak<float>() << " 0 0"
                << std::endl;
    } else if (name == "fit") {
      fit(arguments, x.view(), y);
    } else if (name == "predict") {
      predict(arguments, x.view(), y);
    } else if (name == "many") {
      many(arguments, x.view(), y);
    } else if (name == "grid") {
      grid(arguments, x.view(), y);
    } else {
      std::fprintf(stderr, "svm_worker: unknown task %s\n", name.c_str());
      return 2;
    }
  }
  return 0;
}
