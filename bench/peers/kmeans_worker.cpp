// forja's side of the comparison with peers: reads one array, then runs a task per line of standard input and answers
// with "seconds n_iter", so that a driver can run forja and its peers in turn on the same data.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "../machine_limits.h"
#include "forja/forja.h"
#include "worker.h"

namespace {

using forja::bench::Arguments;
using forja::bench::integer;
using forja::bench::seconds_of;

void write_centers(const Arguments& arguments, const forja::Matrix<float>& centers) {
  std::ofstream out(arguments.at("centers"), std::ios::binary);
  out.write(reinterpret_cast<const char*>(centers.data()), static_cast<std::streamsize>(centers.values().size_bytes()));
}

forja::KMeansInit first_rows(forja::MatrixView<const float> x, std::int64_t k) {
  return forja::KMeansInit::given(x.middle_rows(0, k));
}

void answer(double seconds, std::int64_t n_iter) { std::cout << seconds << ' ' << n_iter << std::endl; }

void fit(forja::MatrixView<const float> x, const Arguments& arguments) {
  const std::int64_t k = integer(arguments, "k");
  forja::KMeans<float> model(
      {.n_clusters = k, .init = first_rows(x, k), .max_iter = integer(arguments, "iterations"), .tol = 0});
  model.set_params({{"algorithm", arguments.at("algorithm")}});
  const double seconds = seconds_of([&] { model.fit(x); }).wall;
  write_centers(arguments, model.cluster_centers());
  answer(seconds, model.n_iter());
}

void plus_plus(forja::MatrixView<const float> x, const Arguments& arguments) {
  forja::KMeansPlusPlus<float> seeds;
  const auto seconds = seconds_of([&] {
    seeds = forja::kmeans_plusplus<float>(x, integer(arguments, "k"),
                                          static_cast<std::uint64_t>(integer(arguments, "seed")));
  });
  write_centers(arguments, seeds.centers);
  answer(seconds.wall, integer(arguments, "k"));
}

void mini_batch(forja::MatrixView<const float> x, const Arguments& arguments) {
  const std::int64_t k = integer(arguments, "k");
  forja::MiniBatchKMeans<float> model({.n_clusters = k,
                                       .init = first_rows(x, k),
                                       .max_iter = integer(arguments, "iterations"),
                                       .batch_size = integer(arguments, "batch"),
                                       .tol = 0,
                                       .max_no_improvement = std::nullopt,
                                       .seed = static_cast<std::uint64_t>(integer(arguments, "seed"))});
  const double seconds = seconds_of([&] { model.fit(x); }).wall;
  write_centers(arguments, model.cluster_centers());
  answer(seconds, model.n_steps());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: kmeans_worker DATA.npy\n", stderr);
    return 2;
  }
  const forja::bench::Array array(forja::read_npy<float>(argv[1]));
  const forja::MatrixView<const float> x = array.view();
  for (std::string line; std::getline(std::cin, line);) {
    const auto [name, arguments] = forja::bench::parse(line);
    if (name == "limits") {
      std::cout << forja::bench::read_bandwidth() << ' ' << forja::bench::multiply_add_peak<float>() << std::endl;
    } else if (name == "fit") {
      fit(x, arguments);
    } else if (name == "plusplus") {
      plus_plus(x, arguments);
    } else if (name == "minibatch") {
      mini_batch(x, arguments);
    } else {
      std::fprintf(stderr, "kmeans_worker: unknown task %s\n", name.c_str());
      return 2;
    }
  }
  return 0;
}
