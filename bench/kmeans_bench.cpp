// K-means on every device of this machine: 20 iterations from rows 0 .. k-1, and the floor of a full pass per
// iteration beside the time: floor_read (bytes over read bandwidth) and floor_products (operations over peak).

#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "device_limits.h"
#include "forja/forja.h"

namespace {

constexpr std::int64_t kIterations = 20;
constexpr const char* kFashion = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz";

struct Task {
  std::string name;
  std::int64_t rows, columns, centers;
  forja::Matrix<float> (*make)();
};

forja::Matrix<float> fashion() {
  forja::Matrix<float> x = forja::read_idx_images<float>(kFashion);
  for (float& value : x.values()) value /= 255;
  return x;
}
forja::Matrix<float> million() {
  return forja::make_blobs<float>({.n_samples = 1'000'000, .n_features = 16, .centers = 64}).x;
}
forja::Matrix<float> normal() {
  return forja::make_blobs<float>({.n_samples = 200'000, .n_features = 64, .centers = 1}).x;
}

const forja::Matrix<float>& data_of(const Task& task) {
  static std::map<std::string, forja::Matrix<float>> made;
  const auto [place, is_new] = made.try_emplace(std::to_string(task.rows) + "x" + std::to_string(task.columns));
  if (is_new) place->second = task.make();
  return place->second;
}

void fit(benchmark::State& state, const Task& task, const forja::Device& device, forja::KMeansAlgorithm algorithm) {
  const forja::Matrix<float>& x = data_of(task);
  const forja::DeviceMatrix<float> rows(x.view(), device);
  const auto init = forja::KMeansInit::given(x.view().middle_rows(0, task.centers));
  double inertia = 0;
  for (auto iteration : state) {
    forja::KMeans<float> model(
        {.n_clusters = task.centers, .init = init, .max_iter = kIterations, .tol = 0, .algorithm = algorithm}, device);
    model.fit(rows);
    inertia = model.inertia();
  }
  const forja::bench::DeviceLimits limits = forja::bench::limits_of(device);
  const double values = static_cast<double>(task.rows) * static_cast<double>(task.columns);
  state.counters["inertia"] = inertia;
  state.counters["floor_read"] = kIterations * values * sizeof(float) / limits.bandwidth;
  state.counters["floor_products"] = kIterations * 2 * values * static_cast<double>(task.centers) / limits.peak;
}

void register_tasks() {
  static const Task tasks[] = {
      {"fashion_mnist/k=10", 60'000, 784, 10, fashion},
      {"fashion_mnist/k=100", 60'000, 784, 100, fashion},
      {"1Mx16_blobs/k=64", 1'000'000, 16, 64, million},
      {"200Kx64_normal/k=1000", 200'000, 64, 1000, normal},
  };
  const std::pair<const char*, forja::KMeansAlgorithm> algorithms[] = {{"lloyd", forja::KMeansAlgorithm::lloyd},
                                                                       {"elkan", forja::KMeansAlgorithm::elkan}};
  for (const forja::Device& device : forja::devices()) {
    for (const Task& task : tasks) {
      if (task.make == fashion && !std::filesystem::exists(kFashion)) continue;
      for (const auto& [name, algorithm] : algorithms) {
        benchmark::RegisterBenchmark(
            (device.name() + "/" + task.name + "/" + name).c_str(),
            [&task, device, algorithm = algorithm](benchmark::State& state) { fit(state, task, device, algorithm); })
            ->Unit(benchmark::kSecond)
            ->UseRealTime();
      }
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
