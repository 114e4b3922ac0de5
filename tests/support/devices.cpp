#include "support/devices.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "compute/backend.h"

namespace forja::testing {
namespace {

bool wanted(const std::string& kind) {
  const char* list = std::getenv("FORJA_TEST_DEVICES");
  if (list == nullptr) return true;
  std::istringstream kinds(list);
  for (std::string one; std::getline(kinds, one, ',');) {
    if (one == kind) return true;
  }
  return false;
}

std::vector<Device> find_devices() {
  std::vector<Device> found;
  if (wanted("cpu")) found.push_back(Device::cpu(std::thread::hardware_concurrency() < 2 ? 2 : 0));
#ifdef FORJA_EMULATED_BACKEND
  if (wanted("emulated")) found.emplace_back(compute::open_backend(FORJA_EMULATED_BACKEND), 0);
#endif
  if (wanted("cuda")) {
    for (const Device& device : devices()) {
      if (device.is_cuda()) found.push_back(device);
    }
  }
  if (found.empty()) throw std::runtime_error("FORJA_TEST_DEVICES leaves no device to test on");
  return found;
}

}  // namespace

const std::vector<Device>& devices_under_test() {
  static const std::vector<Device> found = find_devices();
  return found;
}

}  // namespace forja::testing
