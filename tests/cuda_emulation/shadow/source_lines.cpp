#include <dlfcn.h>
#include <elf.h>

#include <cstdio>
#include <memory>
#include <unordered_map>

#include "internal.h"

// The names are the linker's.
// NOLINTBEGIN(clang-diagnostic-reserved-identifier)
extern "C" {
__attribute__((visibility("hidden"))) extern const Elf64_Ehdr __ehdr_start;
__attribute__((visibility("hidden"))) extern const char _end;
}
// NOLINTEND(clang-diagnostic-reserved-identifier)

/// Where in the program an access is: in this library or program, which the linker gives the ends of.
namespace forja::emulation::shadow {

namespace {

std::uintptr_t begin_of_program() { return reinterpret_cast<std::uintptr_t>(&__ehdr_start); }

std::string ask_addr2line(std::uint32_t code) {
  Dl_info info{};
  if (dladdr(&__ehdr_start, &info) == 0) return "an unknown line";
  // A call's return address is the next instruction's.
  const std::uintptr_t base = __ehdr_start.e_type == ET_EXEC ? begin_of_program() : 0;
  char command[4096];
  std::snprintf(command, sizeof command, "addr2line -s -e '%s' 0x%zx 2>/dev/null", info.dli_fname, base + code - 1);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command, "r"), pclose);
  char line[512] = "";
  if (!pipe || std::fgets(line, sizeof line, pipe.get()) == nullptr) return "an unknown line";
  std::string text = line;
  return text.substr(0, text.find_first_of(" \n"));
}

}  // namespace

bool in_program(std::uintptr_t address) {
  return address >= begin_of_program() && address < reinterpret_cast<std::uintptr_t>(&_end);
}

std::uint32_t code_offset(const void* code) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(code) - begin_of_program());
}

std::string source_line(std::uint32_t code) {
  static auto& known = *new std::unordered_map<std::uint32_t, std::string>;
  std::string& line = known[code];
  if (line.empty()) line = ask_addr2line(code);
  return line;
}

}  // namespace forja::emulation::shadow
