#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace forja::core {

/// The contents of a file, unpacked where it is gzip. Throws DataError when it cannot be opened, read or unpacked.
std::vector<std::uint8_t> file_bytes(const std::filesystem::path& path);

}  // namespace forja::core
