#include "data/file_bytes.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "forja/error.h"

namespace forja::core {

std::vector<std::uint8_t> file_bytes(const std::filesystem::path& path) {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  const auto refuse = [&](const char* words) { throw DataError(fmt::format("{}: {}", path.string(), words)); };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) refuse("is a folder");
  errno = 0;
  // gzread passes plain files through as they are.
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> file(gzopen(path.c_str(), "rb"), &gzclose);
  if (!file) refuse(errno != 0 ? std::strerror(errno) : "cannot be opened");
  std::vector<std::uint8_t> bytes;
  for (;;) {
    const std::size_t have = bytes.size();
    bytes.resize(have + kStep);
    const int got = gzread(file.get(), bytes.data() + have, static_cast<unsigned>(kStep));
    int status = Z_OK;
    const char* words = gzerror(file.get(), &status);
    if (got < 0) refuse(words);
    bytes.resize(have + static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) == kStep) continue;
    if (status != Z_OK) refuse(words);
    return bytes;
  }
}

}  // namespace forja::core
