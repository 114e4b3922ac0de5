#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <utility>

#include "forja/matrix.h"

/// What the programs that run forja beside its peers share.
namespace forja::bench {

using Arguments = std::map<std::string, std::string>;

/// "name key=value key=value ..."
inline std::pair<std::string, Arguments> parse(const std::string& line) {
  std::istringstream words(line);
  std::string name;
  words >> name;
  Arguments arguments;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    arguments[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return {name, arguments};
}

inline std::int64_t integer(const Arguments& arguments, const std::string& key) {
  return std::stoll(arguments.at(key));
}

/// An array in memory like NumPy's, which asks for large pages for what is large.
class Array {
 public:
  explicit Array(const Matrix<float>& x) : rows_(x.rows()), columns_(x.columns()), bytes_(x.values().size_bytes()) {
    values_ = static_cast<float*>(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (values_ == MAP_FAILED) throw std::bad_alloc();
    madvise(values_, bytes_, MADV_HUGEPAGE);
    std::copy(x.values().begin(), x.values().end(), values_);
  }
  ~Array() { munmap(values_, bytes_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  MatrixView<const float> view() const { return {values_, rows_, columns_}; }

 private:
  std::int64_t rows_;
  std::int64_t columns_;
  std::size_t bytes_;
  float* values_ = nullptr;
};

/// By the clock, and of all threads.
struct Seconds {
  double wall = 0;
  double cpu = 0;
};

Seconds seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC};
}

}  // namespace forja::bench
