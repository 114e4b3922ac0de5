#!/usr/bin/env bash
# check_package.sh shared|cuda BUILD | static|static_cuda: installs forja from the finished build BUILD, or from a static
# one made here, moves what was installed and builds and runs a program with it. SOURCE, WORK, CXX, UNITY and BUILD_TYPE
# come in the environment; for static_cuda CUDACXX, CUDAARCHS and CUDAToolkit_ROOT too.
set -euo pipefail
kind=$1
here=$WORK/$kind
# A cache of the compiler's knows files by their place beside the build folder.
build=${2:-${FORJA_PACKAGE_BUILDS:-$here}/package_$kind}
package=$here/moved
program=$SOURCE/tests/install/consumer/program.cpp

fail() { echo "$*"; exit 1; }

# build_static ON|OFF: with the CUDA backend or without.
build_static() {
  cmake -G Ninja -S "$SOURCE" -B "$build" -DBUILD_SHARED_LIBS=OFF -DFORJA_CUDA="$1" -DFORJA_BUILD_TESTS=OFF \
    -DFORJA_BUILD_EXAMPLES=OFF -DCMAKE_BUILD_TYPE="$BUILD_TYPE" -DCMAKE_UNITY_BUILD="$UNITY"
  cmake --build "$build" --target forja
}

install_and_move() {
  rm -rf "$here/installed" "$package" "$here/consumer"
  cmake --install "$build" --prefix "$here/installed"
  mv "$here/installed" "$package"
  if grep -rlF -e "$SOURCE" -e "$build" -e "$here" "$package"; then fail "these name a folder of the build"; fi
  libraries=$(dirname "$(find "$package" -name 'libforja.*' -print -quit)")
}

check_cmake_package() {
  cmake -G Ninja -S "$SOURCE/tests/install/consumer" -B "$here/consumer" -DCMAKE_BUILD_TYPE="$BUILD_TYPE" \
    -DCMAKE_PREFIX_PATH="$package" -DPROGRAM="$program"
  cmake --build "$here/consumer"
  "$here/consumer/consumer"
}

check_pkg_config() {
  local flags version
  export PKG_CONFIG_PATH=$libraries/pkgconfig
  version=$(sed -nE 's/^project\(forja VERSION ([0-9.]+).*/\1/p' "$SOURCE/CMakeLists.txt")
  [[ $(pkg-config --modversion forja) == "$version" ]] || fail "forja.pc is not of version $version"
  read -ra flags < <(pkg-config --cflags --libs forja)
  "$CXX" "$program" "${flags[@]}" -o "$here/by_pkg_config"
  LD_LIBRARY_PATH=$libraries "$here/by_pkg_config"
}

# The CUDA backend is opened where there is a driver: an empty library of the driver's name stands for it.
check_cuda_library() {
  "$CXX" -shared -x c++ /dev/null -Wl,-soname,libcuda.so.1 -o "$here/libcuda.so.1"
  LD_DEBUG=files LD_DEBUG_OUTPUT=$here/opened LD_LIBRARY_PATH=$here${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    "$here/consumer/consumer"
  grep -hE "calling init: $libraries/libforja_cuda\.so" "$here"/opened.* ||
    fail "libforja_cuda was not opened beside libforja"
}

rm -f "$here"/opened.*
case $kind in
  static) build_static OFF ;;
  static_cuda)
    build_static ON
    export LIBRARY_PATH=${CUDAToolkit_ROOT:?}/lib64  # for the link by pkg-config
    ;;
esac
install_and_move
check_cmake_package
if [[ $kind == cuda ]]; then
  check_cuda_library
else
  check_pkg_config
fi
if [[ $kind == static* ]] && ldd "$here/consumer/consumer" "$here/by_pkg_config" | grep libforja; then
  fail "the static package linked a shared library"
fi
