#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Plug-ins that crash, hang, scribble and lie: each is one failed case, and the run goes on (ci/contain).
set -euo pipefail
assay=$(realpath "$1") source=$(realpath "$2") cc=${3:-cc}
exec "${PYTHON:-python3}" "$source/ci/contain" "$assay" "$source" "$cc" hostile --json "$(dirname "$assay")/contain-hostile.json"
