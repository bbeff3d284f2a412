#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay quantize on small files with known answers: weights of few bits in AWQ's and GPTQ's layouts, and by
# their methods; what becomes of each tensor, what is refused, what is left when it
# is broken off.
set -euo pipefail
export OMP_WAIT_POLICY=passive
"${PYTHON:-python3}" "$2/vectors/independent/layouts.py" "$1"
"${PYTHON:-python3}" "$2/vectors/independent/methods.py" "$1"
exec "${PYTHON:-python3}" "$2/vectors/independent/requant.py" "$1"
