// forja's side of the comparison with peers: reads x, then runs a task per line of standard input and answers with
// "seconds cpu_seconds kept_share residual", so that a driver can run forja and its peers in turn on the same data.

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <string>

#include "../machine_limits.h"
#include "forja/forja.h"
#include "worker.h"

namespace {

using forja::bench::Arguments;
using forja::bench::integer;

/// "pca k=50 solver=covariance_eigh power=4 seed=1"; power and seed are randomized's.
void run(const Arguments& arguments, forja::MatrixView<const float> x) {
  forja::PCA<float> model({.n_components = integer(arguments, "k")});
  model.set_params({{"svd_solver", arguments.at("solver")}});
  if (arguments.contains("power")) model.set_params({{"iterated_power", integer(arguments, "power")}});
  if (arguments.contains("seed")) model.set_params({{"seed", integer(arguments, "seed")}});
  const forja::bench::Seconds seconds = forja::bench::seconds_of([&] { model.fit(x); });
  const auto& ratio = model.explained_variance_ratio();
  std::cout.precision(9);
  std::cout << seconds.wall << ' ' << seconds.cpu << ' ' << std::accumulate(ratio.begin(), ratio.end(), 0.0) << ' '
            << model.residual() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: decomposition_worker X.npy\n", stderr);
    return 2;
  }
  const forja::bench::Array x(forja::read_npy<float>(argv[1]));
  for (std::string line; std::getline(std::cin, line);) {
    const auto [name, arguments] = forja::bench::parse(line);
    if (name == "limits") {
      std::cout << forja::bench::read_bandwidth() << ' ' << forja::bench::multiply_add_peak<float>() << " 0 0"
                << std::endl;
    } else if (name == "pca") {
      run(arguments, x.view());
    } else {
      std::fprintf(stderr, "decomposition_worker: unknown task %s\n", name.c_str());
      return 2;
    }
  }
  return 0;
}
