// forja's side of the comparison with peers: reads one array, then runs a task per line of standard input and answers
// with "seconds n_iter", so that a driver can run forja and its peers in turn on the same data.

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <new>
#include <sstream>
#include <string>

#include "../machine_limits.h"
#include "forja/forja.h"

namespace {

using Arguments = std::map<std::string, std::string>;

/// "name key=value key=value ..."
std::pair<std::string, Arguments> parse(const std::string& line) {
  std::istringstream words(line);
  std::string name;
  words >> name;
  Arguments arguments;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    arguments[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return {name, arguments};
}

std::int64_t integer(const Arguments& arguments, const std::string& key) { return std::stoll(arguments.at(key)); }

/// The array in memory like NumPy's, which asks for large pages for what is large.
class Array {
 public:
  explicit Array(const forja::Matrix<float>& x)
      : rows_(x.rows()), columns_(x.columns()), bytes_(x.values().size_bytes()) {
    values_ = static_cast<float*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (values_ == MAP_FAILED) throw std::bad_alloc();
    madvise(values_, bytes_, MADV_HUGEPAGE);
    std::copy(x.values().begin(), x.values().end(), values_);
  }
  ~Array() { munmap(values_, bytes_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  forja::MatrixView<const float> view() const { return {values_, rows_, columns_}; }

 private:
  std::int64_t rows_;
  std::int64_t columns_;
  std::size_t bytes_;
  float* values_ = nullptr;
};

void write_centers(const Arguments& arguments, const forja::Matrix<float>& centers) {
  std::ofstream out(arguments.at("centers"), std::ios::binary);
  out.write(reinterpret_cast<const char*>(centers.data()), static_cast<std::streamsize>(centers.values().size_bytes()));
}

forja::KMeansInit first_rows(forja::MatrixView<const float> x, std::int64_t k) {
  return forja::KMeansInit::given(x.middle_rows(0, k));
}

double seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void answer(double seconds, std::int64_t n_iter) { std::cout << seconds << ' ' << n_iter << std::endl; }

void fit(forja::MatrixView<const float> x, const Arguments& arguments) {
  const std::int64_t k = integer(arguments, "k");
  forja::KMeans<float> model(
      {.n_clusters = k, .init = first_rows(x, k), .max_iter = integer(arguments, "iterations"), .tol = 0});
  model.set_params({{"algorithm", arguments.at("algorithm")}});
  const double seconds = seconds_of([&] { model.fit(x); });
  write_centers(arguments, model.cluster_centers());
  answer(seconds, model.n_iter());
}

void plus_plus(forja::MatrixView<const float> x, const Arguments& arguments) {
  forja::KMeansPlusPlus<float> seeds;
  const double seconds = seconds_of([&] {
    seeds = forja::kmeans_plusplus<float>(x, integer(arguments, "k"),
                                          static_cast<std::uint64_t>(integer(arguments, "seed")));
  });
  write_centers(arguments, seeds.centers);
  answer(seconds, integer(arguments, "k"));
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
  const double seconds = seconds_of([&] { model.fit(x); });
  write_centers(arguments, model.cluster_centers());
  answer(seconds, model.n_steps());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: kmeans_worker DATA.npy\n", stderr);
    return 2;
  }
  const Array array(forja::read_npy<float>(argv[1]));
  const forja::MatrixView<const float> x = array.view();
  for (std::string line; std::getline(std::cin, line);) {
    const auto [name, arguments] = parse(line);
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
