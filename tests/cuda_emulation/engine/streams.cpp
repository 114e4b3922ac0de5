#include "streams.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "state.h"

namespace forja::emulation {

namespace {

struct World {
  std::vector<std::unique_ptr<CUstream_st>> streams;  // oldest first
  std::set<cudaEvent_t> events;
  Clock host;
  std::vector<std::uint32_t> stream_of{0};  // operation number -> stream number
  std::uint32_t streams_made = 0;
  std::uint32_t running = 0;
  Clock running_before;
  std::uint32_t running_stream = 0;
  std::uint32_t first_unordered = 0;
  std::uint64_t random = 1;
};

World& world() {
  static World world;
  return world;
}

CUstream_st* find_stream(std::uint32_t number) {
  for (auto& stream : world().streams) {
    if (stream->number == number) return stream.get();
  }
  return nullptr;
}

void join(Clock& clock, const Clock& other) {
  for (const auto& [stream, operation] : other) {
    std::uint32_t& mine = clock[stream];
    mine = std::max(mine, operation);
  }
}

bool includes(const Clock& clock, std::uint32_t operation) {
  const std::uint32_t stream = world().stream_of[operation];
  const auto found = clock.find(stream);
  // A stream that was destroyed had been emptied.
  return (found != clock.end() && found->second >= operation) || find_stream(stream) == nullptr;
}

std::uint32_t lowest_not_in(const Clock& before, std::uint32_t own_stream, std::uint32_t own) {
  std::uint32_t lowest = own;
  for (const auto& stream : world().streams) {
    if (stream->number == own_stream) continue;
    const auto seen = before.find(stream->number);
    const std::uint32_t last = seen == before.end() ? 0 : seen->second;
    const auto next = std::upper_bound(stream->unseen.begin(), stream->unseen.end(), last);
    if (next != stream->unseen.end()) lowest = std::min(lowest, *next);
  }
  return lowest;
}

void perform(CUstream_st& stream, Operation operation) {
  World& w = world();
  const auto outer = std::tuple(w.running, w.running_stream, w.first_unordered);
  Clock outer_before = std::move(w.running_before);
  w.running = operation.number;
  w.running_stream = stream.number;
  w.first_unordered = lowest_not_in(operation.before, stream.number, operation.number);
  w.running_before = std::move(operation.before);
  if (operation.after_faults || sticky_error() == cudaSuccess) operation.run();
  std::tie(w.running, w.running_stream, w.first_unordered) = outer;
  w.running_before = std::move(outer_before);
}

void step(CUstream_st& stream) {
  Operation operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  perform(stream, std::move(operation));
}

void host_joins(const Clock& clock) {
  World& w = world();
  join(w.host, clock);
  for (auto& stream : w.streams) {
    const std::uint32_t seen = w.host[stream->number];
    while (!stream->unseen.empty() && stream->unseen.front() <= seen) stream->unseen.pop_front();
  }
}

// In the random order, other streams run beside the one that is waited for.
void disturb(const CUstream_st& waited) {
  World& w = world();
  if (settings().order != Order::kRandom) return;
  for (std::size_t i = 0; i < w.streams.size(); ++i) {
    w.random = w.random * 6364136223846793005ULL + settings().seed;
    CUstream_st& other = *w.streams[i];
    if (&other != &waited && !other.queue.empty() && (w.random >> 40) % 3 == 0) step(other);
  }
}

void run_until(const std::shared_ptr<bool>& reached, std::uint32_t stream_number) {
  while (!*reached) {
    CUstream_st* stream = find_stream(stream_number);
    if (stream == nullptr || stream->queue.empty()) return;
    step(*stream);
  }
}

cudaError_t refuse(const char* call, const char* what) {
  report("invalid-handle", std::string(call) + ": " + what);
  return cudaErrorInvalidResourceHandle;
}

}  // namespace

int& current_device() {
  thread_local int device = 0;
  return device;
}

cudaStream_t create_stream() {
  World& w = world();
  w.streams.push_back(std::make_unique<CUstream_st>());
  w.streams.back()->device = current_device();
  w.streams.back()->number = ++w.streams_made;
  return w.streams.back().get();
}

cudaEvent_t create_event() {
  auto* event = new CUevent_st;
  event->device = current_device();
  world().events.insert(event);
  return event;
}

cudaError_t check_stream(cudaStream_t stream, const char* call) {
  if (stream == nullptr || stream == cudaStreamLegacy || stream == cudaStreamPerThread) {
    report("default-stream", std::string(call) + " on a default stream, which waits for other people's work");
    return cudaErrorInvalidResourceHandle;
  }
  for (const auto& known : world().streams) {
    if (known.get() == stream) return cudaSuccess;
  }
  return refuse(call, "not a live stream");
}

cudaError_t check_event(cudaEvent_t event, const char* call) {
  return world().events.count(event) != 0 ? cudaSuccess : refuse(call, "not a live event");
}

void destroy_stream(cudaStream_t stream) {
  World& w = world();
  while (!stream->queue.empty()) step(*stream);
  w.host.erase(stream->number);
  for (auto& other : w.streams) other->clock.erase(stream->number);
  std::erase_if(w.streams, [stream](const auto& known) { return known.get() == stream; });
}

void destroy_event(cudaEvent_t event) {
  world().events.erase(event);
  delete event;
}

std::int64_t handles_alive() { return static_cast<std::int64_t>(world().streams.size() + world().events.size()); }

void destroy_all_handles() {
  World& w = world();
  while (!w.streams.empty()) destroy_stream(w.streams.back().get());
  while (!w.events.empty()) destroy_event(*w.events.begin());
}

void enqueue(cudaStream_t stream, std::function<void()> run, bool after_faults) {
  World& w = world();
  Operation operation;
  operation.number = static_cast<std::uint32_t>(w.stream_of.size());
  w.stream_of.push_back(stream->number);
  join(stream->clock, w.host);
  operation.before = stream->clock;
  operation.run = std::move(run);
  operation.after_faults = after_faults;
  stream->clock[stream->number] = operation.number;
  stream->unseen.push_back(operation.number);
  stream->queue.push_back(std::move(operation));
  if (!settings().lazy_streams) drain(stream);
}

void drain(cudaStream_t stream) {
  while (!stream->queue.empty()) {
    disturb(*stream);
    if (!stream->queue.empty()) step(*stream);
  }
}

void host_waits(cudaStream_t stream) {
  drain(stream);
  host_joins(stream->clock);
}

void host_waits_for_device(int device) {
  World& w = world();
  for (std::size_t i = w.streams.size(); i-- > 0;) {
    if (w.streams[i]->device == device) host_waits(w.streams[i].get());
  }
}

void record(cudaEvent_t event, cudaStream_t stream) {
  auto reached = std::make_shared<bool>(false);
  enqueue(
      stream, [reached] { *reached = true; }, true);
  event->recorded = true;
  event->reached = reached;
  event->stream = stream->number;
  event->clock = stream->clock;
}

void stream_waits(cudaStream_t stream, cudaEvent_t event) {
  if (!event->recorded) return;
  join(stream->clock, event->clock);
  enqueue(
      stream, [reached = event->reached, from = event->stream] { run_until(reached, from); }, true);
}

void host_waits(cudaEvent_t event) {
  if (!event->recorded) return;
  run_until(event->reached, event->stream);
  host_joins(event->clock);
}

bool before_running(std::uint32_t operation) {
  return world().stream_of[operation] == world().running_stream || includes(world().running_before, operation);
}

bool before_host(std::uint32_t operation) { return includes(world().host, operation); }

std::uint32_t first_unordered() { return world().first_unordered; }

std::uint32_t running_operation() { return world().running; }

}  // namespace forja::emulation
