#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Three runs killed at a random moment; ci/kills does fifty.
set -euo pipefail
assay=$1 source=$2
"$assay" --help | grep -q '^  merge' || { echo "this build keeps no journal"; exit 77; }
exec "${PYTHON:-python3}" "$source/ci/kills" 3 --assay "$assay"
