#pragma once

/// What this machine can do at most, measured: the floors that benchmarks print beside their times.
namespace forja::bench {

/// Bytes per second that all cores read from an array far larger than the caches, best of several.
double read_bandwidth();

/// Float (or double) operations per second of all cores in independent fused multiply-adds, best of several.
template <class T>
double multiply_add_peak();

/// Cycles per second of all cores, as long as they all work: integer additions of which each waits for the one before.
double cycles_per_second();

}  // namespace forja::bench
