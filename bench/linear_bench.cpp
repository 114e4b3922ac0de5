// Linear models on every device of this machine, and the floor beside the time: floor_read (one read of x over the read
// bandwidth) and floor_products (half of x'x over the peak).

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "device_limits.h"
#include "forja/forja.h"

namespace {

struct Task {
  std::string name;
  std::function<double(const forja::Rows<float>&, std::span<const float>, const forja::Device&)> fit;
};

const forja::Regression<float>& data() {
  static const forja::Regression<float> made =
      forja::make_regression<float>({.n_samples = 1'000'000, .n_features = 100, .noise = 10});
  return made;
}

void run(benchmark::State& state, const Task& task, const forja::Device& device) {
  const forja::Matrix<float>& x = data().x;
  const forja::DeviceMatrix<float> rows(x.view(), device);
  double certificate = 0;
  for (auto iteration : state) certificate = task.fit(rows, data().y.values(), device);
  const forja::bench::DeviceLimits limits = forja::bench::limits_of(device);
  const double values = static_cast<double>(x.rows()) * static_cast<double>(x.columns());
  state.counters["certificate"] = certificate;
  state.counters["floor_read"] = values * sizeof(float) / limits.bandwidth;
  state.counters["floor_products"] = values * static_cast<double>(x.columns()) / limits.peak;
}

void register_tasks() {
  static const Task tasks[] = {
      {"LinearRegression",
       [](const auto& x, auto y, const forja::Device& device) {
         return forja::LinearRegression<float>({}, device).fit(x, y).backward_error();
       }},
      {"Ridge", [](const auto& x, auto y,
                   const forja::Device& device) { return forja::Ridge<float>({}, device).fit(x, y).backward_error(); }},
      {"RidgeCV, 20 alphas x 5 folds",
       [](const auto& x, auto y, const forja::Device& device) {
         std::vector<double> alphas;
         for (int k = 0; k < 20; ++k) alphas.push_back(std::pow(10.0, -3 + 0.3 * k));
         return forja::RidgeCV<float>({.alphas = alphas}, device).fit(x, y).backward_error();
       }},
      {"Lasso",
       [](const auto& x, auto y, const forja::Device& device) {
         return forja::Lasso<float>({.alpha = 0.1}, device).fit(x, y).dual_gap();
       }},
  };
  for (const forja::Device& device : forja::devices()) {
    for (const Task& task : tasks) {
      benchmark::RegisterBenchmark((device.name() + "/1Mx100/" + task.name).c_str(),
                                   [&task, device](benchmark::State& state) { run(state, task, device); })
          ->Unit(benchmark::kSecond)
          ->UseRealTime();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const forja::Device& device : forja::devices()) benchmark::AddCustomContext(device.name(), device.description());
  register_tasks();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
