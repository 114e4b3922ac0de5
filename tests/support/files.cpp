#include "support/files.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>

namespace forja::testing {
namespace {

/// What all temporary files of this process begin with: tests run side by side, each in a process of its own.
std::string path_prefix() {
  return (std::filesystem::temp_directory_path() / ("forja_" + std::to_string(::getpid()) + "_")).string();
}

std::filesystem::path fresh_path() {
  static std::atomic<int> files{0};
  return path_prefix() + std::to_string(files++);
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& bytes, bool gzip) : path_(fresh_path()) {
  if (gzip) {
    gzFile file = gzopen(path_.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
  } else {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::string without_paths(std::string text) {
  const std::string prefix = path_prefix();
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
    const std::size_t end = text.find_first_not_of("0123456789", at + prefix.size());
    text.replace(at, std::min(end, text.size()) - at, "file");
  }
  return text;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace forja::testing
