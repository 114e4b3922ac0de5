#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// Shadow memory: what the emulated CUDA knows of each byte that it gave out and of the last accesses to it. The
/// compiler's own hooks of -fsanitize=thread in the .cu files tell it every load and store; no libtsan is linked.
/// Reports races, reads of bytes never written, accesses out of bounds, and pointers on the wrong side. Only in the
/// shadow build; in others all of this is nothing.
namespace forja::emulation::shadow {

/// Whose accesses the hooks see: a thread of the block (0, 1, ...), the host, or the engine, whose own do not count.
inline constexpr int kHost = -1;
inline constexpr int kEngine = -2;

#if defined(FORJA_EMULATION_SHADOW)

inline constexpr bool kPresent = true;

void reset();
/// Returns who it was before.
int enter_engine();
void leave_engine(int outer);
/// Whose code comes next.
void set_accessor(int who);
/// The thread that runs, and its stack.
void set_running(int thread, const char* stack, std::size_t stack_bytes);
/// The arguments of the kernel that comes next: its threads may read them.
void set_arguments(const void* arguments, std::size_t bytes);
void begin_block(std::uint32_t block);
void block_synchronised();
void warp_synchronised(int warp, unsigned mask);
void fence();
/// code: where in the program.
void atomic_access(const void* address, std::size_t bytes, const void* code);

/// Memory with a shadow; it is not used again after release() as long as there is room. pinned: the host may touch it.
void* allocate(std::size_t bytes, bool pinned);
void release(void* memory, std::size_t bytes);
char* shared_region(std::size_t bytes);
void fresh_shared(void* memory, std::size_t bytes);
void dead_shared(void* memory, std::size_t bytes);

/// What a copy or a fill of the running operation did.
void copied(void* to, const void* from, std::size_t bytes);
void written(void* memory, std::size_t bytes);
/// What a library's call, named in reports, read.
void read(const void* memory, std::size_t bytes, const std::string& what);

#else

inline constexpr bool kPresent = false;

inline void reset() {}
inline int enter_engine() { return kHost; }
inline void leave_engine(int) {}
inline void set_accessor(int) {}
inline void set_running(int, const char*, std::size_t) {}
inline void set_arguments(const void*, std::size_t) {}
inline void begin_block(std::uint32_t) {}
inline void block_synchronised() {}
inline void warp_synchronised(int, unsigned) {}
inline void fence() {}
inline void atomic_access(const void*, std::size_t, const void*) {}
inline void* allocate(std::size_t, bool) { return nullptr; }
inline void release(void*, std::size_t) {}
inline char* shared_region(std::size_t bytes) { return new char[bytes]; }
inline void fresh_shared(void*, std::size_t) {}
inline void dead_shared(void*, std::size_t) {}
inline void copied(void*, const void*, std::size_t) {}
inline void written(void*, std::size_t) {}
inline void read(const void*, std::size_t, const std::string&) {}

#endif

}  // namespace forja::emulation::shadow
