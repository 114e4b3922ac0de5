# forja_add_emulated_cuda(<target> [SHADOW] SOURCES <.cu and .cpp files>)
#
# Compiles CUDA sources as C++ for the emulated CUDA and puts them, with the emulation, into <target>, an executable or
# a library that exists already. Plain: follows the build's sanitizers. SHADOW: the .cu files, and they alone, report
# every load and store to the shadow memory by the hooks of -fsanitize=thread; libtsan is not linked.
function(forja_add_emulated_cuda target)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "SHADOW" "" "SOURCES")
  set(emulation forja_emulation)
  if(ARG_SHADOW)
    set(emulation forja_emulation_shadow)
  endif()
  set(device_sources ${ARG_SOURCES})
  list(FILTER device_sources INCLUDE REGEX "\\.cu$")
  set(host_sources ${ARG_SOURCES})
  list(FILTER host_sources EXCLUDE REGEX "\\.cu$")

  if(device_sources)
    set_source_files_properties(${device_sources} PROPERTIES LANGUAGE CXX)
    add_library(${target}_device OBJECT ${device_sources})
    forja_emulated_cuda_flags(${target}_device ${emulation})
    if(ARG_SHADOW)
      # Unfused products here, fused ones where the plain build's processor has them: results hold with both. -O1 keeps
      # the accesses as they are written, -g1 names their lines.
      target_compile_options(${target}_device PRIVATE -fsanitize=thread -O1 -g1 -ffp-contract=off)
    endif()
    target_link_libraries(${target} PRIVATE ${target}_device)
  endif()
  target_sources(${target} PRIVATE ${host_sources})
  forja_emulated_cuda_flags(${target} ${emulation})
  if(FORJA_COVERAGE AND NOT ARG_SHADOW)
    target_link_options(${target} PRIVATE --coverage)
  endif()
endfunction()

function(forja_emulated_cuda_flags target emulation)
  target_link_libraries(${target} PRIVATE ${emulation} forja_flags)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/cuda ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR}/core/include)
  if(FORJA_COVERAGE AND NOT emulation STREQUAL "forja_emulation_shadow")
    # Inlined before it is counted, a function would seem never to run.
    target_compile_options(${target} PRIVATE --coverage -O1 -fno-early-inlining)
  endif()
endfunction()
