#!/usr/bin/env bash
# The kernel rules that a search can enforce. lint_kernels.sh FOLDER: prints every line of the CUDA sources in FOLDER
# that breaks one, exit 1. --self-test: every rule finds its own broken line and lets a good one pass.
set -euo pipefail

# rule @ files that may @ extended regular expression @ a line that breaks it
mapfile -t rules <<'RULES'
launch only by cuda::launch@runtime/launch\.h@<<<|cudaLaunchKernel@kernel<<<grid, block>>>(x);
shared memory only by FORJA_SHARED and FORJA_DYNAMIC_SHARED@runtime/portability\.h@__shared__@__shared__ float tile[32];
no inline PTX@runtime/intrinsics\.h@(^|[^[:alnum:]_])(asm|__asm__)([^[:alnum:]_]|$)@asm volatile("membar.gl;");
no code that only nvcc or only the emulation sees@runtime/(portability|intrinsics)\.h@__CUDA_ARCH__|__CUDACC__@#if defined(__CUDACC__)
a library neither prints nor ends the process@@(^|[^[:alnum:]_])(printf|fprintf|puts|abort|exit|assert)[[:space:]]*\(|std::(cout|cerr)@printf("%d", i);
no cooperative groups, no barrier of the grid@@cooperative_groups|cuda::barrier|grid_group@namespace cg = cooperative_groups;
no default stream and no call that uses it@@cudaStream(Legacy|PerThread|Default)|cuda(Memcpy|Memset|Memcpy2D|MemcpyToSymbol)[[:space:]]*\(@cudaMemcpy(a, b, n, kind);
device and pinned memory only by the buffers@runtime/(memory_pool\.cpp|pinned_buffer\.h)@cuda(Malloc|Free|HostAlloc|HostRegister)[[:alnum:]]*[[:space:]]*\(@status = cudaMallocAsync(&p, n, stream);
only the memory pool waits for the whole device@runtime/memory_pool\.cpp@cudaDeviceSynchronize@FORJA_CUDA_CHECK(cudaDeviceSynchronize());
warp functions name their lanes@@(^|[^[:alnum:]_])(__shfl|__shfl_up|__shfl_down|__shfl_xor|__ballot|__any|__all|__activemask)[[:space:]]*\(@v += __shfl_down(v, 16);
kWarp, not warpSize@@(^|[^[:alnum:]_])warpSize([^[:alnum:]_]|$)@int lane = t % warpSize;
no constant memory: it escapes the checks@@__constant__@__constant__ float table[4];
cuBLAS and cuSOLVER only by the runtime@runtime/(blas|solver)\.(h|cpp)@(^|[^[:alnum:]_])cu(blas|solverDn)(Create|Destroy|Set|[SDX][a-z])[[:alnum:]_]*[[:space:]]*\(@status = cublasSgemm(handle, op, op);
no textures, no cuRAND@@tex[123]D|cudaTexture|cudaSurface|curand@curandState state;
no allocation in kernels@@(^|[^[:alnum:]_])(malloc|free)[[:space:]]*\(@float* p = malloc(n);
no managed memory@@__managed__|cudaMallocManaged@__managed__ int counter;
RULES

without_comments() { sed -E 's,//.*$,,' "$1"; }

# A call of CUDA that stands as a statement of its own drops its status.
unchecked_calls() {
  without_comments "$1" | awk '/^[[:space:]]*cu(da|blas|solver)[A-Z][A-Za-z0-9]*[[:space:]]*\(/ && before ~ /(^|[;{}])[[:space:]]*$/ \
    { print FNR ":" $0 } NF { before = $0 }'
}

# Prints "file:line: rule: text" for every broken rule in the files given.
check_files() {
  local root=$1 file entry rule may pattern found=""
  shift
  for file in "$@"; do
    for entry in "${rules[@]}"; do
      IFS=@ read -r rule may pattern _ <<<"$entry"
      if [[ -n $may && ${file#"$root"/} =~ ^${may}$ ]]; then continue; fi
      found+=$(without_comments "$file" | grep -nE -e "$pattern" | sed "s@^\([0-9]*\):@${file}:\1: ${rule}: @" || true)
      found+=$'\n'
    done
    found+=$(unchecked_calls "$file" | sed "s@^\([0-9]*\):@${file}:\1: every status is checked: @")$'\n'
    if grep -qE '#include <(thrust|cub)/' "$file" && grep -q '__global__' "$file"; then
      found+="$file: Thrust and CUB stand in files of their own, without kernels"$'\n'
    fi
  done
  found=$(grep . <<<"$found" || true)
  [[ -z $found ]] || { echo "$found"; return 1; }
}

# expect_found FOLDER RULE TEXT: a file of this text breaks the rule.
expect_found() {
  printf '%b\n' "$3" >"$1/broken.cu"
  local output
  output=$(check_files "$1" "$1/broken.cu" || true)
  grep -qF "$2" <<<"$output" || { echo "not found: $2"; exit 1; }
}

self_test() {
  local entry rule example
  for entry in "${rules[@]}"; do
    IFS=@ read -r rule _ _ example <<<"$entry"
    expect_found "$1" ": $rule: " "$example"
  done
  expect_found "$1" ": every status is checked: " 'void f() {\n  cudaEventRecord(event, stream);\n}'
  expect_found "$1" ": every status is checked: " 'void f() {\n  cublasSetStream(handle, stream);\n}'
  expect_found "$1" "Thrust and CUB" '#include <cub/cub.cuh>\n__global__ void kernel();'
  printf '%s\n' 'launch(kernel, grid, block, 0, stream, x);  // not <<<>>>' 'FORJA_SHARED(tile, float[32]);' \
    'FORJA_CUDA_CHECK(' '    cudaEventRecord(event, stream));' >"$1/good.cu"
  check_files "$1" "$1/good.cu"
}

if [[ ${1:-} == --self-test ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  self_test "$folder"
else
  mapfile -t files < <(find "$1" -name '*.cu' -o -name '*.cuh' -o -name '*.h' -o -name '*.cpp' | sort)
  check_files "${1%/}" "${files[@]}"
fi
