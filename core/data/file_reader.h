#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace forja::core {

/// Reads a file from front to back, unpacked where it is gzip. Every failure is a DataError with the file's name.
class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path);

  /// Fills `bytes` as far as the file reaches; returns how many there were.
  std::size_t read(std::span<std::uint8_t> bytes);

  /// All that is left. Gzip that unpacks to more than `most_unpacked` bytes is refused.
  std::string rest(std::int64_t most_unpacked);

  /// How many bytes there can be at most, judged by the file's size: what may be reserved on a header's word alone.
  std::int64_t most_bytes() const { return most_bytes_; }

  const std::string& name() const { return name_; }
  [[noreturn]] void refuse(std::string_view words) const;

 private:
  std::string name_;
  std::unique_ptr<gzFile_s, decltype(&gzclose)> file_;
  bool gzip_ = false;
  std::int64_t most_bytes_ = 0;
};

}  // namespace forja::core
