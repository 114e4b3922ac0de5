// forja's side of the comparison with peers: reads x and y, then runs a task per line of standard input and answers
// with "seconds cpu_seconds n_iter certificate", so that a driver can run forja and its peers in turn on the same data.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../machine_limits.h"
#include "forja/forja.h"
#include "worker.h"

namespace {

using forja::bench::Arguments;
using forja::bench::Seconds;
using forja::bench::seconds_of;

/// The intercept, then the coefficients, of each of `rows` models.
void write_coefficients(const Arguments& arguments, const std::vector<float>& intercepts,
                        const forja::Matrix<float>& coefs) {
  std::ofstream out(arguments.at("out"), std::ios::binary);
  for (std::int64_t i = 0; i < coefs.rows(); ++i) {
    out.write(reinterpret_cast<const char*>(&intercepts[static_cast<std::size_t>(i)]), sizeof(float));
    out.write(reinterpret_cast<const char*>(coefs.row(i).data()),
              static_cast<std::streamsize>(coefs.row(i).size_bytes()));
  }
}

void answer(const Seconds& seconds, std::int64_t n_iter, double certificate) {
  std::cout << seconds.wall << ' ' << seconds.cpu << ' ' << n_iter << ' ' << certificate << std::endl;
}

void run(const std::string& name, const Arguments& arguments, forja::MatrixView<const float> x,
         std::span<const float> y) {
  if (name == "linear") {
    forja::LinearRegression<float> model;
    const Seconds seconds = seconds_of([&] { model.fit(x, y); });
    write_coefficients(arguments, model.intercept(), model.coef());
    answer(seconds, 1, model.backward_error());
  } else if (name == "ridge") {
    forja::Ridge<float> model({.alpha = std::stod(arguments.at("alpha"))});
    const Seconds seconds = seconds_of([&] { model.fit(x, y); });
    write_coefficients(arguments, model.intercept(), model.coef());
    answer(seconds, 1, model.backward_error());
  } else if (name == "ridge_cv") {
    std::vector<double> alphas;
    for (double alpha = std::stod(arguments.at("least")); std::ssize(alphas) < std::stoll(arguments.at("alphas"));
         alpha *= std::stod(arguments.at("ratio"))) {
      alphas.push_back(alpha);
    }
    forja::RidgeCV<float> model({.alphas = alphas, .cv = std::stoll(arguments.at("folds"))});
    const Seconds seconds = seconds_of([&] { model.fit(x, y); });
    write_coefficients(arguments, model.intercept(), model.coef());
    answer(seconds, 1, model.alpha());
  } else if (name == "lasso") {
    forja::Lasso<float> model({.alpha = std::stod(arguments.at("alpha"))});
    const Seconds seconds = seconds_of([&] { model.fit(x, y); });
    write_coefficients(arguments, model.intercept(), model.coef());
    answer(seconds, model.n_iter(), model.dual_gap());
  } else if (name == "sgd") {
    std::vector<std::int32_t> labels(y.begin(), y.end());
    forja::SGDClassifier<float> model({.alpha = std::stod(arguments.at("alpha")),
                                       .max_iter = forja::bench::integer(arguments, "epochs"),
                                       .tol = std::nullopt});
    const Seconds seconds = seconds_of([&] { model.fit(x, labels); });
    write_coefficients(arguments, model.intercept(), model.coef());
    answer(seconds, model.n_iter(), model.loss());
  } else if (name == "logistic") {
    const std::vector<std::int32_t> labels(y.begin(), y.end());
    forja::LogisticRegression<float> model;
    if (arguments.contains("tol")) model.set_params({{"tol", std::stod(arguments.at("tol"))}});
    if (arguments.contains("solver")) model.set_params({{"solver", arguments.at("solver")}});
    const Seconds seconds = seconds_of([&] { model.fit(x, labels); });
    write_coefficients(arguments, model.intercept(), model.coef());
    answer(seconds, model.n_iter(), model.gradient_norm());
  } else {
    forja::LinearPath<float> path;
    const Seconds seconds = seconds_of(
        [&] { path = forja::enet_path<float>(x, y, {.l1_ratio = 1, .n_alphas = std::stoll(arguments.at("alphas"))}); });
    write_coefficients(arguments, path.intercepts, path.coefs);
    std::int64_t sweeps = 0;
    double gap = 0;
    for (std::size_t i = 0; i < path.alphas.size(); ++i) {
      sweeps += path.n_iters[i];
      gap = std::max(gap, path.dual_gaps[i]);
    }
    answer(seconds, sweeps, gap);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: linear_worker X.npy Y.npy\n", stderr);
    return 2;
  }
  const forja::bench::Array x(forja::read_npy<float>(argv[1]));
  const forja::Matrix<float> y = forja::read_npy<float>(argv[2]);
  for (std::string line; std::getline(std::cin, line);) {
    const auto [name, arguments] = forja::bench::parse(line);
    if (name == "limits") {
      std::cout << forja::bench::read_bandwidth() << ' ' << forja::bench::multiply_add_peak<float>() << " 0"
                << std::endl;
    } else if (name == "linear" || name == "ridge" || name == "ridge_cv" || name == "lasso" || name == "logistic" ||
               name == "sgd" || name == "path") {
      run(name, arguments, x.view(), y.values());
    } else {
      std::fprintf(stderr, "linear_worker: unknown task %s\n", name.c_str());
      return 2;
    }
  }
  return 0;
}
