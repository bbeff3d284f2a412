#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Three runs of a few quick tests on busy cores; ci/soak does a hundred of all, with memory short.
set -euo pipefail
assay=$1 source=$2
exec "${PYTHON:-python3}" "$source/ci/soak" 3 --build "$(dirname "$assay")" --leave 0 --ops add \
  -R '^(conformance\.(add|mul)\..*|unit\.(core|json)|probes\.(lstm|top_p))$'
