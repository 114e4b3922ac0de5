#!/usr/bin/env bash
# check_headers.sh FOLDER HEADER...: the headers in FOLDER are these.
set -euo pipefail
folder=$1
shift
diff <(cd "$folder" && find . -name '*.h' -printf '%P\n' | sort) <(printf '%s\n' "$@" | sort) ||
  { echo "core/headers.cmake does not list the headers in $folder"; exit 1; }
