#include "forja/device.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>

#include "compute/backend.h"
#include "forja/error.h"

namespace forja {
namespace {

const compute::Backend* cuda_or_null() {
  for (const compute::Backend* backend : compute::backends()) {
    if (backend->name() == "cuda") return backend;
  }
  return nullptr;
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

Device Device::automatic() {
  const char* wanted = std::getenv("FORJA_DEVICE");
  if (wanted != nullptr && *wanted != '\0') return from_name(wanted);
  return {*compute::backends().front(), 0};
}

Device Device::cpu(int threads) {
  if (threads < 0) throw InvalidArgument(fmt::format("Device::cpu: threads = {} but it must be at least 0", threads));
  return {compute::cpu_backend(), 0, threads};
}

Device Device::cuda(int index) {
  const compute::Backend* backend = cuda_or_null();
  const int count = backend == nullptr ? 0 : backend->device_count();
  if (index < 0 || index >= count) {
    throw DeviceUnavailable(fmt::format("Device::cuda: index = {} but this machine has {} GPUs", index, count));
  }
  return {*backend, index};
}

Device Device::from_name(const std::string& name) {
  const std::size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  const std::optional<int> index =
      colon == std::string::npos ? 0 : whole_number(std::string_view(name).substr(colon + 1));
  if (kind == "cpu" && index == 0) return cpu();
  if (kind == "cuda" && index) return cuda(*index);
  throw InvalidArgument(fmt::format("Device::from_name: \"{}\" but it must be cpu, cuda or cuda:N", name));
}

bool Device::is_cpu() const { return backend_->name() == "cpu"; }

bool Device::is_cuda() const { return backend_->name() == "cuda"; }

std::string Device::name() const { return is_cpu() ? "cpu" : fmt::format("{}:{}", backend_->name(), index_); }

std::string Device::description() const { return backend_->description(index_); }

DeviceMemory Device::memory() const { return backend_->memory(index_); }

void Device::set_memory_limit(std::int64_t bytes) const {
  if (bytes < 0) {
    throw InvalidArgument(fmt::format("Device::set_memory_limit: bytes = {} but it must be at least 0", bytes));
  }
  backend_->set_memory_limit(index_, bytes);
}

std::vector<Device> devices() {
  std::vector<Device> all;
  for (const compute::Backend* backend : compute::backends()) {
    for (int index = 0; index < backend->device_count(); ++index) all.emplace_back(*backend, index);
  }
  return all;
}

}  // namespace forja
