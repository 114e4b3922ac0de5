#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/kmeans_compute.h"
#include "forja/kmeans.h"

namespace forja::core {

/// Rows that greedy k-means++ tries for each centre after the first: 2 + floor(ln k).
int seeding_trials(std::int64_t k);

/// k rows by greedy k-means++: each is the trial that leaves the least potential (equal ones: the first drawn). Rows
/// repeat when fewer than k different ones exist.
template <class T>
std::vector<std::int64_t> kmeans_plus_plus_rows(compute::KMeansCompute<T>& rows, std::int64_t k, std::uint64_t seed,
                                                std::int64_t run);

/// `count` different numbers from 0 .. n - 1, uniformly; count <= n.
std::vector<std::int64_t> sample_without_replacement(std::int64_t n, std::int64_t count, std::uint64_t seed,
                                                     std::uint64_t stream);

/// `count` different rows by weight. At least `count` rows have a positive weight.
template <class T>
std::vector<std::int64_t> draw_different_rows(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight,
                                              std::int64_t count, std::uint64_t seed, std::uint64_t stream);

/// Puts run `run`'s first centres in place.
template <class T>
void set_first_centers(compute::KMeansCompute<T>& rows, std::span<const T> sample_weight, const KMeansInit& init,
                       std::int64_t k, std::uint64_t seed, std::int64_t run);

}  // namespace forja::core
