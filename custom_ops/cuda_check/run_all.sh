#!/usr/bin/env bash
# Everything that needs a GPU, unattended, in less than 8 minutes (--quick: less than 2.5), with one table at the end.
#
#   custom_ops/cuda_check/run_all.sh [--quick] [--output=DIR] [--programs=DIR] [--cuda_check=FILE]
#
# A step that the machine lacks something for says so and is left out:
#   kernels     cuda_check against double precision, and its times; needs nvcc, or --cuda_check, a program built elsewhere
#   pytorch     times of PyTorch's grid_sample; needs PyTorch
#   tensorflow  the compiled ops and several logical GPUs (tests), and times of the published network; needs TensorFlow
#   programs    the published network as XLA programs; needs JAX, and --programs, a folder of export_hlo.py
# PYTHON names the interpreter (default: .venv/bin/python, else python3). DIR (default: $OUT, else gpu_results) gets the
# table as text and JSON and a log of each step. Exits with 1 if a kernel disagrees with the reference.
set -uo pipefail
cd "$(dirname "$0")/../.."
output=${OUT:-gpu_results} programs='' cuda_check='' quick='' status=0
for argument; do
  case $argument in
    --quick) quick=--quick ;;
    --output=*) output=${argument#*=} ;;
    --programs=*) programs=${argument#*=} ;;
    --cuda_check=*) cuda_check=${argument#*=} ;;
    *) echo "$argument: expected --quick, --output=DIR, --programs=DIR or --cuda_check=FILE" >&2; exit 2 ;;
  esac
done
python=${PYTHON:-$([[ -x .venv/bin/python ]] && echo .venv/bin/python || echo python3)}
here=custom_ops/cuda_check
mkdir -p "$output"
rm -f "$output"/{kernels.jsonl,pytorch.jsonl,tensorflow.json,networks.json}
export PYTHONUNBUFFERED=1

# step NAME SECONDS COMMAND...: its output goes to a log and to the terminal.
step() {
  local name=$1 seconds=$2 start=$SECONDS code
  shift 2
  timeout "$seconds" "$@" 2>&1 | tee "$output/$name.log"
  code=${PIPESTATUS[0]}
  echo "=== $name: exit $code after $((SECONDS - start)) s"
  ((code == 124)) && echo "$name: not finished: stopped after $seconds s"
  return "$code"
}
skip() { echo "=== $1: not run: $2"; }
has() { "$python" -c "$1" 2>>"$output/missing.log"; }
limit() { if [[ $quick ]]; then echo "$1"; else echo "$2"; fi; }

if command -v nvidia-smi >/dev/null; then
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv,noheader | tee "$output/device.txt"
else
  echo 'no nvidia-smi' | tee "$output/device.txt"
fi

if [[ ! $cuda_check ]] || ! ldd "$cuda_check" >/dev/null 2>&1; then
  cuda_check=custom_ops/_build/cuda_check
  if command -v nvcc >/dev/null; then step build "$(limit 60 120)" make -s "$cuda_check"; fi
fi
if [[ -x $cuda_check ]]; then
  step kernels "$(limit 60 120)" "$cuda_check" $quick --seed=1 --json="$output/kernels.jsonl"
  case $? in
    0) ;;
    3) skip kernels 'no GPU that CUDA can use' ;;
    *) status=1 ;;
  esac
else
  skip kernels 'no nvcc (or it did not build), and no --cuda_check'
fi

if has 'import torch; assert torch.cuda.is_available(), "PyTorch sees no GPU"'; then
  step pytorch "$(limit 40 60)" "$python" $here/time_pytorch.py $quick --repeats="$(limit 5 10)" \
    --json="$output/pytorch.jsonl"
else
  skip pytorch "no PyTorch with a GPU in $python"
fi

if has 'import tensorflow as tf; assert tf.config.list_physical_devices("GPU"), "TensorFlow sees no GPU"'; then
  step op 120 "$python" -m custom_ops.build
  step tests "$(limit 30 60)" "$python" -m pytest -q -p no:cacheprovider tests/ops/test_samplers.py tests/training/test_replicas.py
  step tensorflow "$(limit 60 150)" "$python" -m custom_ops.cuda_check.time_tensorflow --json="$output/tensorflow.json"
else
  skip tensorflow "no TensorFlow with a GPU in $python"
fi

if [[ ! $programs ]]; then
  skip programs 'no --programs'
elif has 'import jax; assert jax.default_backend() == "gpu", "JAX sees no GPU"'; then
  # Without the comparison of every candidate with every other, which doubles the time of compiling.
  export XLA_FLAGS="${XLA_FLAGS:-} --xla_gpu_autotune_level=2"
  step programs "$(limit 98 200)" "$python" $here/time_hlo.py --programs="$programs" --json="$output/networks.json" \
    --count="$(limit 8 0)" --seconds="$(limit 92 180)"
else
  skip programs "no JAX with a GPU in $python"
fi

"$python" $here/table.py "$output" | tee "$output/table.txt"
exit "$status"
