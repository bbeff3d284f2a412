#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run and assay tokenize on tiny model files with known answers: keys, tokenizers, files that are no whole model.
set -euo pipefail
export OMP_WAIT_POLICY=passive
exec "${PYTHON:-python3}" "$2/vectors/independent/models.py" "$1"
