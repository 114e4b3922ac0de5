// Principal components on every device of this machine, and the floor beside the time: floor_read (one read of x over
// the read bandwidth) and floor_products (half of the smaller Gram matrix over the peak).

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "device_limits.h"
#include "forja/forja.h"

namespace {

struct Task {
  const char* name;
  std::int64_t rows;
  std::int64_t columns;
  forja::PCAOptions options;
};

void run(benchmark::State& state, const Task& task, const forja::Device& device) {
  const auto made =
      forja::make_blobs<float>({.n_samples = task.rows, .n_features = task.columns, .centers = 20, .seed = 1});
  const forja::DeviceMatrix<float> rows(made.x.view(), device);
  forja::PCA<float> model(task.options, device);
  while (state.KeepRunning()) model.fit(rows);
  const forja::bench::DeviceLimits limits = forja::bench::limits_of(device);
  const double values = static_cast<double>(task.rows) * static_cast<double>(task.columns);
  state.counters["residual"] = model.residual();
  state.counters["floor_read"] = values * sizeof(float) / limits.bandwidth;
  state.counters["floor_products"] = values * static_cast<double>(std::min(task.rows, task.columns)) / limits.peak;
}

void register_tasks() {
  static const Task tasks[] = {
      {"60kx784/154/covariance", 60'000, 784, {.n_components = 154, .svd_solver = forja::SvdSolver::covariance_eigh}},
      {"60kx784/50/randomized",
       60'000,
       784,
       {.n_components = 50, .svd_solver = forja::SvdSolver::randomized, .iterated_power = 4}},
      {"1Mx64/16/covariance", 1'000'000, 64, {.n_components = 16, .svd_solver = forja::SvdSolver::covariance_eigh}},
      {"1000x20k/50/auto", 1000, 20'000, {.n_components = 50}},
  };
  for (const forja::Device& device : forja::devices()) {
    for (const Task& task : tasks) {
      benchmark::RegisterBenchmark((device.name() + "/" + task.name).c_str(),
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
