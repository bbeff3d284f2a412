#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Kernels that want a verdict or a time without the work: caught by check or by bench (ci/contain).
set -euo pipefail
assay=$(realpath "$1") source=$(realpath "$2") cc=${3:-cc}
exec "${PYTHON:-python3}" "$source/ci/contain" "$assay" "$source" "$cc" cheats --json "$(dirname "$assay")/contain-cheats.json"
