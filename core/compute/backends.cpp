#include <dlfcn.h>

#include "compute/backend.h"
#include "forja/error.h"

namespace forja::compute {

const Backend& open_backend(const std::string& path) {
  const auto last_words = [] {
    const char* words = dlerror();
    return std::string(words == nullptr ? "no reason given" : words);
  };
  // Never closed: devices that point to the backend may outlive everything here.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw DeviceUnavailable("open_backend: " + last_words());
  const auto entry = reinterpret_cast<BackendEntry>(dlsym(library, kBackendEntrySymbol));
  if (entry == nullptr) throw DeviceUnavailable("open_backend: " + last_words());
  const Backend* backend = entry(kBackendAbi);
  if (backend == nullptr) {
    throw DeviceUnavailable("open_backend: " + path + " does not speak this library's version " +
                            std::to_string(kBackendAbi));
  }
  return *backend;
}

const std::vector<const Backend*>& backends() {
  static const std::vector<const Backend*> found = [] {
    std::vector<const Backend*> list;
    if (const Backend* cuda = cuda_backend(); cuda != nullptr && cuda->device_count() > 0) list.push_back(cuda);
    list.push_back(&cpu_backend());
    return list;
  }();
  return found;
}

}  // namespace forja::compute
