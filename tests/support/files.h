#pragma once

#include <filesystem>
#include <string>

namespace forja::testing {

/// A file of these bytes that is gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes, bool gzip = false);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The bytes of a file.
std::string contents(const std::filesystem::path& path);

/// `text` with "file" for the path of every temporary file.
std::string without_paths(std::string text);

/// The message of the Error that the call throws, with "file" for the path of a temporary file.
template <class Error, class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& refused) {
    return without_paths(refused.what());
  }
  return "not refused";
}

}  // namespace forja::testing
