#include "picture.h"

// The static analyser is spared the library's own code.
#ifndef __clang_analyzer__
#define STB_IMAGE_WRITE_IMPLEMENTATION
#endif
#include <stb_image_write.h>

bool write_png(const std::string& path, const Picture& picture) {
  return stbi_write_png(path.c_str(), picture.width, picture.height, 1, picture.pixels.data(), picture.width) != 0;
}
