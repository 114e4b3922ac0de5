#pragma once

#include <driver_types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <vector>

namespace forja::emulation {

/// Which elements of a matrix a call touches.
enum class Part { kNone, kAll, kLower, kUpper };

/// Device memory that a call of a library reads or writes: a column-major matrix.
struct Operand {
  const char* name = "";
  const void* data = nullptr;
  std::size_t value_bytes = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t stride = 0;  ///< in values, from column to column
  Part reads = Part::kNone;
  Part writes = Part::kNone;
};

/// Nothing of it is touched, so its address does not matter.
inline bool is_empty(const Operand& operand) {
  return operand.rows == 0 || operand.columns == 0 || (operand.reads == Part::kNone && operand.writes == Part::kNone);
}

/// Whether every operand that is not empty lies in live device memory of this device, and what is written overlaps
/// nothing else; reports otherwise.
bool operands_valid(const char* call, int device, const std::vector<Operand>& operands);

/// Enqueues a call whose operands are valid. When it runs they must still be there; the shadow build checks and notes
/// what they say of reads and writes.
void enqueue_library_call(const char* call, cudaStream_t stream, std::vector<Operand> operands,
                          std::function<void()> compute);

/// Whether BLAS on the CPU can count so far; reports otherwise.
bool sizes_fit(const char* call, std::initializer_list<std::int64_t> sizes);

}  // namespace forja::emulation
