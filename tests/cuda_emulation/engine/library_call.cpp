#include "library_call.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "../shadow/shadow.h"
#include "memory.h"
#include "state.h"
#include "streams.h"

namespace forja::emulation {

namespace {

struct Segment {
  const char* begin = nullptr;
  std::size_t bytes = 0;
};

/// Rows [first, first + count) of a column.
std::pair<std::int64_t, std::int64_t> rows_of(const Operand& o, Part part, std::int64_t column) {
  switch (part) {
    case Part::kLower:
      return {column, std::max<std::int64_t>(o.rows - column, 0)};
    case Part::kUpper:
      return {0, std::min(column + 1, o.rows)};
    case Part::kAll:
      return {0, o.rows};
    default:
      return {0, 0};
  }
}

/// What a part of the operand is made of, ascending.
std::vector<Segment> segments(const Operand& o, Part part) {
  std::vector<Segment> all;
  if (is_empty(o) || part == Part::kNone) return all;
  const char* const begin = static_cast<const char*>(o.data);
  if (part == Part::kAll && o.stride == o.rows) {
    all.push_back({begin, static_cast<std::size_t>(o.rows * o.columns) * o.value_bytes});
    return all;
  }
  for (std::int64_t j = 0; j < o.columns; ++j) {
    const auto [first, count] = rows_of(o, part, j);
    if (count == 0) continue;
    all.push_back({begin + static_cast<std::size_t>(j * o.stride + first) * o.value_bytes,
                   static_cast<std::size_t>(count) * o.value_bytes});
  }
  return all;
}

/// All that is touched: a call that reads and writes different parts of a matrix owns the whole.
std::vector<Segment> touched(const Operand& o) {
  if (o.reads == o.writes || o.writes == Part::kNone) return segments(o, o.reads);
  return segments(o, o.reads == Part::kNone ? o.writes : Part::kAll);
}

bool overlap(const std::vector<Segment>& a, const std::vector<Segment>& b) {
  auto x = a.begin();
  auto y = b.begin();
  while (x != a.end() && y != b.end()) {
    if (x->begin + x->bytes <= y->begin) {
      ++x;
    } else if (y->begin + y->bytes <= x->begin) {
      ++y;
    } else {
      return true;
    }
  }
  return false;
}

bool in_live_memory(const std::string& at, int device, const std::vector<Segment>& parts) {
  char* start = nullptr;
  const Allocation* found = allocations().find(parts.front().begin, &start);
  if (found == nullptr || found->pinned || found->device != device) {
    report("library-call", at + " is no memory of the device");
  } else if (found->to_be_freed) {
    report("use-after-free", at + " has been freed");
  } else if (parts.back().begin + parts.back().bytes > start + found->bytes) {
    report("out-of-bounds", at + " runs past an allocation of " + std::to_string(found->bytes) + " bytes");
  } else {
    return true;
  }
  return false;
}

void run(const std::string& call, const std::vector<Operand>& operands, const std::function<void()>& compute) {
  for (const Operand& o : operands) {
    if (is_empty(o) || allocations().find(o.data) != nullptr) continue;
    report("use-after-free", call + ": " + o.name + " was freed before the call reached it");
    return;
  }
  for (const Operand& o : operands) {
    for (const Segment& part : segments(o, o.reads)) shadow::read(part.begin, part.bytes, call + ": " + o.name);
  }
  compute();
  for (const Operand& o : operands) {
    for (const Segment& part : segments(o, o.writes)) shadow::written(const_cast<char*>(part.begin), part.bytes);
  }
}

}  // namespace

bool operands_valid(const char* call, int device, const std::vector<Operand>& operands) {
  for (const Operand& o : operands) {
    const std::vector<Segment> parts = touched(o);
    if (parts.empty()) continue;
    if (!in_live_memory(std::string(call) + ": " + o.name + " at " + text_of(o.data), device, parts)) return false;
  }
  for (const Operand& o : operands) {
    const std::vector<Segment> written = segments(o, o.writes);
    for (const Operand& other : operands) {
      if (&o == &other || !overlap(written, touched(other))) continue;
      report("library-call", std::string(call) + ": " + o.name + " overlaps " + other.name);
      return false;
    }
  }
  return true;
}

void enqueue_library_call(const char* call, cudaStream_t stream, std::vector<Operand> operands,
                          std::function<void()> compute) {
  enqueue(stream, [call = std::string(call), operands = std::move(operands), compute = std::move(compute)] {
    run(call, operands, compute);
  });
}

bool sizes_fit(const char* call, std::initializer_list<std::int64_t> sizes) {
  if (std::max(sizes) <= std::numeric_limits<int>::max()) return true;
  report("library-call",
         std::string(call) + ": " + std::to_string(std::max(sizes)) + " is too large for the emulation");
  return false;
}

}  // namespace forja::emulation
