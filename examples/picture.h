#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Grey pixels, row by row: 0 black, 255 white.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

/// Writes a PNG file; false when it cannot be written.
bool write_png(const std::string& path, const Picture& picture);
