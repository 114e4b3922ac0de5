#!/usr/bin/env bash
# check_package.sh shared BUILD | static: installs forja from the finished build BUILD, or from a static one made here,
# moves what was installed and builds and runs a program with it, by CMake and by pkg-config.
# SOURCE, WORK, CXX and BUILD_TYPE come in the environment.
set -euo pipefail
link=$1
build=${2:-$WORK/$link/build}
here=$WORK/$link
package=$here/moved

fail() { echo "$*"; exit 1; }

if [[ $link == static ]]; then
  cmake -G Ninja -S "$SOURCE" -B "$build" -DBUILD_SHARED_LIBS=OFF -DFORJA_CUDA=OFF -DFORJA_BUILD_TESTS=OFF \
    -DFORJA_BUILD_EXAMPLES=OFF -DCMAKE_BUILD_TYPE="$BUILD_TYPE"
  cmake --build "$build" --target forja
fi
rm -rf "$here/installed" "$package" "$here/consumer"
cmake --install "$build" --prefix "$here/installed"
mv "$here/installed" "$package"

# No file names the folders that it came from.
if grep -rlF -e "$SOURCE" -e "$build" -e "$here" "$package"; then fail "these name a folder of the build"; fi

cmake -G Ninja -S "$SOURCE/tests/install/consumer" -B "$here/consumer" -DCMAKE_BUILD_TYPE="$BUILD_TYPE" \
  -DCMAKE_PREFIX_PATH="$package" -DPROGRAM="$SOURCE/tests/install/consumer/program.cpp"
cmake --build "$here/consumer"
"$here/consumer/consumer"

library=$(dirname "$(find "$package" -name 'libforja.*' -print -quit)")
export PKG_CONFIG_PATH=$library/pkgconfig
[[ $(pkg-config --modversion forja) == "$(sed -nE 's/^project\(forja VERSION ([0-9.]+).*/\1/p' "$SOURCE/CMakeLists.txt")" ]]
read -ra flags < <(pkg-config --cflags --libs forja)
"$CXX" "$SOURCE/tests/install/consumer/program.cpp" "${flags[@]}" -o "$here/by_pkg_config"
LD_LIBRARY_PATH=$library "$here/by_pkg_config"
if [[ $link == static ]] && ldd "$here/by_pkg_config" | grep libforja; then fail "the static package linked a shared library"; fi
