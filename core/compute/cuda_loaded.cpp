// The CUDA backend as a library of its own, opened at run time: programs start on machines without CUDA.

#include <dlfcn.h>

#include <filesystem>

#include "compute/backend.h"
#include "forja/error.h"

namespace forja::compute {
namespace {

/// The folder of the library that holds this code; empty when it is part of the program.
std::filesystem::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&backends), &info) == 0 || info.dli_fname == nullptr) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

}  // namespace

const Backend* cuda_backend() {
  constexpr const char* kLibrary = "libforja_cuda.so";
  // Without NVIDIA's driver there is no GPU, and loading CUDA's libraries would cost for nothing.
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return nullptr;
  dlclose(driver);
  for (const std::filesystem::path& path : {own_folder() / kLibrary, std::filesystem::path(kLibrary)}) {
    try {
      return &open_backend(path.string());
    } catch (const DeviceUnavailable&) {
      continue;  // not there, or of another version: the next place, else no GPU
    }
  }
  return nullptr;
}

}  // namespace forja::compute
