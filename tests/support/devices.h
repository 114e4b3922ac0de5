#pragma once

#include <vector>

#include "forja/device.h"

namespace forja::testing {

/// The devices that every test of behaviour runs on: the CPU, with two threads at least; the emulated CUDA where it
/// was built; every GPU. FORJA_TEST_DEVICES, a list of cpu, emulated and cuda, leaves out the others.
const std::vector<Device>& devices_under_test();

}  // namespace forja::testing
