#include "../engine/streams.h"

#include <cuda_runtime.h>

#include "../engine/state.h"

/// Streams and events of the emulated CUDA.

using namespace forja::emulation;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  if (flags != cudaStreamNonBlocking) {
    report("blocking-stream", "a stream that waits for the default stream waits for other people's work");
  }
  *stream = create_stream();
  return api.done(cudaSuccess);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  const cudaError_t status = check_stream(stream, __func__);
  if (status == cudaSuccess) destroy_stream(stream);
  return api.done(status);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  const cudaError_t status = check_stream(stream, __func__);
  if (status != cudaSuccess) return api.done(status);
  ++counters().waits;
  host_waits(stream);
  return api.done(sticky_error());
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  const cudaError_t status = check_stream(stream, __func__);
  if (status == cudaSuccess) *device = stream->device;
  return api.done(status);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  cudaError_t status = check_stream(stream, __func__);
  if (status == cudaSuccess) status = check_event(event, __func__);
  if (status == cudaSuccess) stream_waits(stream, event);
  return api.done(status);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  *event = create_event();
  return api.done(cudaSuccess);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  ApiCall api(__func__, ApiCall::Kind::kGivesBack);
  const cudaError_t status = check_event(event, __func__);
  if (status == cudaSuccess) destroy_event(event);
  return api.done(status);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  cudaError_t status = check_stream(stream, __func__);
  if (status == cudaSuccess) status = check_event(event, __func__);
  if (status == cudaSuccess && event->device != stream->device) status = cudaErrorInvalidResourceHandle;
  if (status == cudaSuccess) record(event, stream);
  return api.done(status);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  ApiCall api(__func__);
  if (api.refused()) return api.refusal();
  const cudaError_t status = check_event(event, __func__);
  if (status != cudaSuccess) return api.done(status);
  ++counters().waits;
  host_waits(event);
  return api.done(sticky_error());
}

}  // extern "C"
