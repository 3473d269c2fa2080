#!/usr/bin/env bash
# Builds everything with Bazel and runs the tests of the op and of the samplers; `bazel test //...` would run all.
# Needs no network with Debian's Bazel: apt-get install bazel-bootstrap bazel-platforms bazel-skylib
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v bazel >/dev/null; then
  echo 'error: no bazel on PATH; Debian has it: apt-get install bazel-bootstrap bazel-platforms bazel-skylib' >&2
  exit 1
fi
bazel build //...
bazel test //custom_ops/... //tests/ops:test_samplers //tests/ops:test_samplers_golden //tests/ops:test_warp
