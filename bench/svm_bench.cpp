// Kernel machines on every device of this machine, and the floor beside the time: floor_products, the kernel values of
// all rows over the peak.

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "device_limits.h"
#include "forja/forja.h"

namespace {

struct Task {
  const char* name;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t classes;
  forja::SVCOptions options;
};

void run(benchmark::State& state, const Task& task, const forja::Device& device) {
  const auto made = forja::make_blobs<float>({.n_samples = task.rows,
                                              .n_features = task.columns,
                                              .centers = task.classes,
                                              .cluster_std = 1.5 * std::sqrt(static_cast<double>(task.columns)),
                                              .seed = 1});
  const forja::DeviceMatrix<float> rows(made.x.view(), device);
  forja::SVC<float> model(task.options, device);
  while (state.KeepRunning()) model.fit(rows, made.labels);
  const forja::bench::DeviceLimits limits = forja::bench::limits_of(device);
  const auto n = static_cast<double>(task.rows);
  state.counters["kkt_violation"] = model.kkt_violation();
  state.counters["support"] = static_cast<double>(model.support().size());
  state.counters["floor_products"] = 2 * n * n * static_cast<double>(task.columns) / limits.peak;
}

void register_tasks() {
  static const Task tasks[] = {
      {"10kx784/10 classes", 10'000, 784, 10, {.C = 10, .cache_size = 2000}},
      {"40kx28/2 classes", 40'000, 28, 2, {.cache_size = 2000}},
      {"300x10/2 classes", 300, 10, 2, {}},
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
