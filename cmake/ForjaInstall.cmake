# The installed package: headers, libraries, the CMake package and the pkg-config file. Nothing in it names a folder of
# the machine that built it, so that it may be moved.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/forja)

include(${PROJECT_SOURCE_DIR}/core/headers.cmake)
list(TRANSFORM FORJA_PUBLIC_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/core/include/ OUTPUT_VARIABLE headers)
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/forja COMPONENT development)
install(TARGETS forja EXPORT forja-targets
  RUNTIME COMPONENT runtime
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE COMPONENT development)
if(FORJA_CUDA_ENABLED)
  # libforja opens it by name, beside itself: nobody links with it where libforja is shared.
  get_target_property(kind forja_cuda TYPE)
  if(kind STREQUAL "SHARED_LIBRARY")
    install(TARGETS forja_cuda LIBRARY COMPONENT runtime)
  endif()
endif()

install(EXPORT forja-targets NAMESPACE forja:: DESTINATION ${package_folder} COMPONENT development)
configure_package_config_file(cmake/forja-config.cmake.in ${PROJECT_BINARY_DIR}/forja-config.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/forja-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/forja-config.cmake ${PROJECT_BINARY_DIR}/forja-config-version.cmake
  DESTINATION ${package_folder} COMPONENT development)

# pkg-config: the prefix follows from where the file lies. What the static library needs is not private to it, so that a
# program links without --static, which would ask for static libraries of everything.
cmake_path(SET pkgconfig_folder NORMALIZE ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pkgconfig_folder}
  OUTPUT_VARIABLE FORJA_PC_PREFIX)
set(FORJA_PC_REQUIRES "")
set(FORJA_PC_LIBS "-lforja")
if(NOT BUILD_SHARED_LIBS)
  set(FORJA_PC_REQUIRES "fmt zlib libhwy")
  string(APPEND FORJA_PC_LIBS " ${OpenMP_CXX_FLAGS}")
  if(FORJA_CUDA_ENABLED)
    # Its folder is the user's to name: the CUDA toolkit has no pkg-config file and no fixed place.
    string(APPEND FORJA_PC_LIBS " -lcusolver -lcublas -lcudart_static -lpthread -lrt")
  endif()
  string(APPEND FORJA_PC_LIBS " -ldl")
endif()
configure_file(cmake/forja.pc.in ${PROJECT_BINARY_DIR}/forja.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/forja.pc DESTINATION ${pkgconfig_folder} COMPONENT development)
