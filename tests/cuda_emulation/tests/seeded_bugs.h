#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

/// Mistakes that a CUDA programmer makes, each of which the emulation must notice in the builds that it names.
namespace forja::emulation::testing {

/// Which layer notices. Bits.
enum Layer : unsigned {
  kOrders = 1,      ///< any order or lazy streams, in every build: by a report, a leak or a wrong result
  kShadow = 2,      ///< the shadow build, in forward order with eager streams: by a report
  kSanitizers = 4,  ///< the build with AddressSanitizer and UndefinedBehaviourSanitizer: they end the process
  kInjection = 8,   ///< making one CUDA call fail: by a report, a leak or a wrong result without an error
};

struct SeededBug {
  std::string name;
  unsigned layers;
  /// The report's kind; empty: only the result is wrong, or memory leaks.
  std::string kind;
  /// Whether the result is as it should be.
  std::function<bool()> run;
};

inline void PrintTo(const SeededBug& bug, std::ostream* out) { *out << bug.name; }

std::vector<SeededBug> device_bugs();
std::vector<SeededBug> memory_bugs();
std::vector<SeededBug> host_bugs();

}  // namespace forja::emulation::testing
