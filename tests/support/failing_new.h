#pragma once

#include <cstdint>

/// A program linked with failing_new.cpp has an operator new that fails on demand.
namespace forja::testing {

/// Of the whole program so far.
std::int64_t allocations();

/// The n-th allocation from now on fails, and it alone; 0: none.
void fail_allocation(std::int64_t n);

}  // namespace forja::testing
