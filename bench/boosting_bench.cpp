// Gradient boosting on every device of this machine, and floors beside the time: floor_bytes, the bins of all rows read
// half as often as trees are deep, over the bandwidth; floor_adds, an add for each of them at one per cycle and core
// (CPU).

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "device_limits.h"
#include "forja/forja.h"
#include "machine_limits.h"

namespace {

struct Task {
  const char* name;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t classes;
  std::int64_t rounds;
  std::int64_t leaves;
};

void run(benchmark::State& state, const Task& task, const forja::Device& device) {
  const auto made = forja::make_classification<float>(
      {.n_samples = task.rows, .n_features = task.columns, .n_informative = 8, .n_classes = task.classes, .seed = 1});
  forja::HistGradientBoostingClassifier<float> model(
      {.max_iter = task.rounds, .max_leaf_nodes = task.leaves, .early_stopping = forja::EarlyStopping::off}, device);
  const forja::DeviceMatrix<float> rows(made.x.view(), device);
  while (state.KeepRunning()) model.fit(rows, made.labels);
  const double depth = std::log2(static_cast<double>(task.leaves));
  const auto trees = static_cast<double>(task.rounds * (task.classes > 2 ? task.classes : 1));
  const double adds = static_cast<double>(task.rows) * static_cast<double>(task.columns) * trees * depth / 2;
  state.counters["floor_bytes"] = adds / forja::bench::limits_of(device).bandwidth;
  if (device.is_cpu()) state.counters["floor_adds"] = adds / forja::bench::cycles_per_second();
  state.counters["adds_per_second"] = benchmark::Counter(adds, benchmark::Counter::kIsIterationInvariantRate);
}

void register_tasks() {
  static const Task tasks[] = {
      {"1Mx28/100 trees of 31 leaves", 1'000'000, 28, 2, 100, 31},
      {"1Mx28/100 trees of 255 leaves", 1'000'000, 28, 2, 100, 255},
      {"60kx784/10 classes, 20 rounds of 31 leaves", 60'000, 784, 10, 20, 31},
      {"500x10/100 trees of 31 leaves", 500, 10, 2, 100, 31},
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
