#include "data/file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "forja/error.h"

namespace forja::core {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 20;
/// A byte of deflate holds at most two copies of 258 bytes, in bits: 1032 bytes.
constexpr std::int64_t kMostPacking = 1032;

}  // namespace

FileReader::FileReader(const std::filesystem::path& path) : name_(path.string()), file_(nullptr, &gzclose) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) refuse("is a folder");
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  errno = 0;
  // gzread passes plain files through as they are.
  file_.reset(gzopen(path.c_str(), "rb"));
  if (!file_) refuse(errno != 0 ? std::strerror(errno) : "cannot be opened");
  gzbuffer(file_.get(), unsigned{1} << 17);
  gzip_ = gzdirect(file_.get()) == 0;
  // What has no size, a pipe, is read in steps.
  if (failed || size > static_cast<std::uintmax_t>(std::numeric_limits<std::int64_t>::max() / kMostPacking)) return;
  most_bytes_ = static_cast<std::int64_t>(size) * (gzip_ ? kMostPacking : 1);
}

std::size_t FileReader::read(std::span<std::uint8_t> bytes) {
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto step = static_cast<unsigned>(std::min(kStep, bytes.size() - have));
    const int got = gzread(file_.get(), bytes.data() + have, step);
    int status = Z_OK;
    const char* words = gzerror(file_.get(), &status);
    if (got < 0 || (static_cast<unsigned>(got) < step && status != Z_OK)) refuse(words);
    have += static_cast<std::size_t>(got);
    if (static_cast<unsigned>(got) < step) break;
  }
  return have;
}

std::string FileReader::rest(std::int64_t most_unpacked) {
  std::string text;
  // A byte more than there should be finds the end at once.
  const std::size_t known = gzip_ ? 0 : static_cast<std::size_t>(most_bytes_) + 1;
  text.reserve(known);
  for (;;) {
    const std::size_t have = text.size();
    const std::size_t step = have < known ? std::min(kStep, known - have) : kStep;
    text.resize(have + step);
    const std::size_t got = read({reinterpret_cast<std::uint8_t*>(text.data()) + have, step});
    text.resize(have + got);
    if (gzip_ && std::ssize(text) > most_unpacked) {
      refuse(fmt::format("unpacks to more than max_unpacked_bytes = {}", most_unpacked));
    }
    if (got < step) return text;
  }
}

void FileReader::refuse(std::string_view words) const { throw DataError(fmt::format("{}: {}", name_, words)); }

}  // namespace forja::core
