#include <cuda_runtime.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../engine/memory.h"
#include "../engine/state.h"
#include "../engine/streams.h"
#include "../shadow/shadow.h"

/// Copies and fills of the emulated CUDA; asynchronous only.

using namespace forja::emulation;

namespace {

enum class Side { kPageable, kPinned, kDevice };

/// Rows of bytes, `pitch` apart.
struct Region {
  char* start = nullptr;
  std::size_t pitch = 0;
};

struct Copy {
  Region to;
  Region from;
  std::size_t width = 0;
  std::size_t height = 0;
  Side to_side = Side::kPageable;
  Side from_side = Side::kPageable;
};

std::size_t extent(std::size_t pitch, std::size_t width, std::size_t height) { return (height - 1) * pitch + width; }

/// Whether the bytes lie in live memory of the kind that the call says; reports otherwise.
bool in_range(const char* call, const char* what, const void* start, std::size_t bytes, bool device, Side* side) {
  char* begin = nullptr;
  const Allocation* found = allocations().find(start, &begin);
  const std::string at = std::string(call) + ": " + what + " " + text_of(start);
  if (device != (found != nullptr && !found->pinned)) {
    report("copy", at + (device ? " is no device memory" : " is device memory where host memory belongs"));
    return false;
  }
  if (found != nullptr && found->to_be_freed) {
    report("use-after-free", at + " has been freed");
    return false;
  }
  if (found != nullptr && static_cast<const char*>(start) + bytes > begin + found->bytes) {
    report("out-of-bounds",
           at + ": " + std::to_string(bytes) + " bytes run past an allocation of " + std::to_string(found->bytes));
    return false;
  }
  if (side != nullptr) *side = device ? Side::kDevice : found != nullptr ? Side::kPinned : Side::kPageable;
  return true;
}

bool still_there(const Region& region, Side side) {
  if (side == Side::kPageable || allocations().find(region.start) != nullptr) return true;
  report("use-after-free", "memory at " + text_of(region.start) + " was freed before a copy reached it");
  return false;
}

void perform(const Copy& copy) {
  if (!still_there(copy.to, copy.to_side) || !still_there(copy.from, copy.from_side)) return;
  for (std::size_t i = 0; i < copy.height; ++i) {
    char* to = copy.to.start + i * copy.to.pitch;
    const char* from = copy.from.start + i * copy.from.pitch;
    std::memmove(to, from, copy.width);
    shadow::copied(to, from, copy.width);
  }
}

/// Pageable rows, packed.
std::shared_ptr<std::vector<char>> staged(const Copy& copy) {
  auto bytes = std::make_shared<std::vector<char>>(copy.width * copy.height);
  for (std::size_t i = 0; i < copy.height; ++i) {
    std::memcpy(bytes->data() + i * copy.width, copy.from.start + i * copy.from.pitch, copy.width);
  }
  return bytes;
}

cudaError_t enqueue_copy(Copy copy, cudaMemcpyKind kind, cudaStream_t stream, const char* call) {
  const cudaError_t status = check_stream(stream, call);
  if (status != cudaSuccess) return status;
  if (copy.width == 0 || copy.height == 0) return cudaSuccess;
  if (copy.width > copy.to.pitch || copy.width > copy.from.pitch) return cudaErrorInvalidValue;
  const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  if (!to_device && !from_device) {
    report("copy", std::string(call) + ": say which way the copy goes, to or from a device");
    return cudaErrorInvalidValue;
  }
  const std::size_t to_bytes = extent(copy.to.pitch, copy.width, copy.height);
  const std::size_t from_bytes = extent(copy.from.pitch, copy.width, copy.height);
  if (!in_range(call, "destination", copy.to.start, to_bytes, to_device, &copy.to_side) ||
      !in_range(call, "source", copy.from.start, from_bytes, from_device, &copy.from_side)) {
    return cudaErrorInvalidValue;
  }
  if (kind == cudaMemcpyHostToDevice) {
    counters().uploaded_bytes += static_cast<std::int64_t>(copy.width * copy.height);
  }
  // As CUDA documents: pageable sources are read, pageable destinations complete when the call returns.
  if (copy.from_side == Side::kPageable) {
    auto bytes = staged(copy);
    copy.from = {bytes->data(), copy.width};
    enqueue(stream, [copy, bytes] { perform(copy); });
    return cudaSuccess;
  }
  enqueue(stream, [copy] { perform(copy); });
  if (copy.to_side == Side::kPageable) host_waits(stream);
  return sticky_error();
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  Copy copy;
  copy.to = {static_cast<char*>(to), bytes};
  copy.from = {static_cast<char*>(const_cast<void*>(from)), bytes};
  copy.width = bytes;
  copy.height = 1;
  return api.done(enqueue_copy(copy, kind, stream, __func__));
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  Copy copy;
  copy.to = {static_cast<char*>(to), to_pitch};
  copy.from = {static_cast<char*>(const_cast<void*>(from)), from_pitch};
  copy.width = width;
  copy.height = height;
  return api.done(enqueue_copy(copy, kind, stream, __func__));
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  const cudaError_t status = check_stream(stream, __func__);
  if (status != cudaSuccess) return api.done(status);
  if (bytes == 0) return api.done(cudaSuccess);
  if (!in_range(__func__, "memory", memory, bytes, true, nullptr)) return api.done(cudaErrorInvalidValue);
  enqueue(stream, [memory, value, bytes] {
    if (!still_there({static_cast<char*>(memory), bytes}, Side::kDevice)) return;
    std::memset(memory, value, bytes);
    shadow::written(memory, bytes);
  });
  return api.done(cudaSuccess);
}

}  // extern "C"
