#include "cusolver.h"

#include <optional>

/// Handles of the emulated cuSOLVER, and how its calls run.

using namespace forja::emulation;

namespace forja::emulation {

namespace {

std::optional<cusolverStatus_t> refusal(const SolverCall& call) {
  if (!is_alive(call.handle, call.name)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  const bool work = call.work.device_bytes >= call.needed.device_bytes &&
                    call.work.host_bytes >= call.needed.host_bytes &&
                    (call.work.host != nullptr || call.needed.host_bytes == 0);
  if (!call.valid || !work) return CUSOLVER_STATUS_INVALID_VALUE;
  for (const Operand& operand : call.operands) {
    if (operand.data == nullptr && !is_empty(operand)) return CUSOLVER_STATUS_INVALID_VALUE;
  }
  for (const std::int64_t size : call.sizes) {
    if (!sizes_fit(call.name, {size})) return CUSOLVER_STATUS_NOT_SUPPORTED;
  }
  if (check_stream(call.handle->stream, call.name) != cudaSuccess) return CUSOLVER_STATUS_EXECUTION_FAILED;
  if (call.handle->device != current_device()) {
    report("library-call", std::string(call.name) + ": another device is current than when the handle was made");
    return CUSOLVER_STATUS_EXECUTION_FAILED;
  }
  if (!operands_valid(call.name, call.handle->device, call.operands)) return CUSOLVER_STATUS_EXECUTION_FAILED;
  return std::nullopt;
}

}  // namespace

cusolverStatus_t enqueue_solver(SolverCall call, std::function<int()> compute) {
  const ApiCall api(call.name);
  if (api.refused()) return solver_status_of(api.refusal());
  const auto device_bytes = static_cast<std::int64_t>(call.needed.device_bytes);
  call.operands.push_back(
      {"the workspace", call.work.device, 1, device_bytes, 1, device_bytes, Part::kNone, Part::kAll});
  call.operands.push_back({"info", call.info, sizeof(int), 1, 1, 1, Part::kNone, Part::kAll});
  if (const auto refused = refusal(call)) return *refused;
  const SolverWork work = call.work;
  const std::size_t used = call.needed.device_bytes;
  enqueue_library_call(call.name, call.handle->stream, std::move(call.operands),
                       [compute = std::move(compute), work, used, info = call.info] {
                         // What was there is lost.
                         if (used > 0) std::memset(work.device, 0xFF, used);
                         *info = compute();
                       });
  return CUSOLVER_STATUS_SUCCESS;
}

}  // namespace forja::emulation

extern "C" {

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  const ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return solver_status_of(api.refusal());
  if (handle == nullptr) return CUSOLVER_STATUS_INVALID_VALUE;
  *handle = create_cusolver();
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle) {
  const ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  if (!is_alive(handle, __func__)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  destroy(handle);
  return api.refused() ? solver_status_of(api.refusal()) : CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* params) {
  const ApiCall api(__func__, ApiCall::Kind::kAllocates);
  if (api.refused()) return solver_status_of(api.refusal());
  if (params == nullptr) return CUSOLVER_STATUS_INVALID_VALUE;
  *params = create_cusolver_params();
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroyParams(cusolverDnParams_t params) {
  const ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  if (!is_alive(params, __func__)) return CUSOLVER_STATUS_INVALID_VALUE;
  destroy(params);
  return api.refused() ? solver_status_of(api.refusal()) : CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  const ApiCall api(__func__);
  if (api.refused()) return solver_status_of(api.refusal());
  if (!is_alive(handle, __func__)) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (check_stream(stream, __func__) != cudaSuccess) return CUSOLVER_STATUS_INVALID_VALUE;
  if (stream->device != handle->device) return CUSOLVER_STATUS_INVALID_VALUE;
  handle->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}

}  // extern "C"
