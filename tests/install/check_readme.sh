#!/usr/bin/env bash
# The first ```cpp block of the README, built with the installed shared package and run in an empty folder. SOURCE and
# WORK come in the environment.
set -euo pipefail
here=$WORK/readme
rm -rf "$here"
mkdir -p "$here/run"
awk '/^```cpp$/ && !done { inside = 1; next } /^```$/ && inside { inside = 0; done = 1 } inside' \
  "$SOURCE/README.md" >"$here/program.cpp"
[[ -s $here/program.cpp ]] || { echo "README.md has no cpp block"; exit 1; }
cmake -G Ninja -S "$SOURCE/tests/install/consumer" -B "$here/build" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$WORK/shared/moved" -DPROGRAM="$here/program.cpp"
cmake --build "$here/build"
cd "$here/run"
../build/consumer
