# libforja: the objects of core and of the CPU backend. Links are private, so that users of the shared library need
# none of them; the package config finds them for users of the static one.
set(objects $<TARGET_OBJECTS:forja_core> $<TARGET_OBJECTS:forja_cpu>)
set(links OpenMP::OpenMP_CXX fmt::fmt ZLIB::ZLIB hwy::hwy ${CMAKE_DL_LIBS})
if(FORJA_CUDA_ENABLED AND NOT BUILD_SHARED_LIBS)
  find_package(CUDAToolkit REQUIRED)
  list(APPEND objects $<TARGET_OBJECTS:forja_cuda>)
  list(APPEND links CUDA::cudart_static CUDA::cublas CUDA::cusolver)
endif()

add_library(forja ${objects})
add_library(forja::forja ALIAS forja)
target_compile_features(forja PUBLIC cxx_std_20)
target_include_directories(forja PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/core/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(forja PRIVATE ${links})
set_target_properties(forja PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})

# The same objects for tests of what the shared library hides.
add_library(forja_internal STATIC EXCLUDE_FROM_ALL ${objects})
target_compile_features(forja_internal PUBLIC cxx_std_20)
target_include_directories(forja_internal PUBLIC ${PROJECT_SOURCE_DIR}/core/include ${PROJECT_SOURCE_DIR}/core)
target_link_libraries(forja_internal PUBLIC ${links})
