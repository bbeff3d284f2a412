# SPDX-License-Identifier: MIT
"""known.py [FAMILY..]: each family's known answer, first | sum | W, against the sheet's; exit 1 on a relative difference above 1e-11."""
import importlib
import os
import sys

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import common  # noqa: E402

TOOLS = {"common", "known", "write", "against_hf"}


def families():
    return sorted(f[:-3] for f in os.listdir(here) if f.endswith(".py") and f[:-3] not in TOOLS)


def compute(family, known):
    return family.logits(known["config"], common.known_weights(family.shapes(known["config"]), getattr(family, "GEMMA", False)), known["ids"])


def main(names):
    bad = 0
    for name in names or families():
        family = importlib.import_module(name)
        known = getattr(family, "KNOWN", None)
        if not known:
            print(f"{name:14s} no known answer")
            continue
        got, want = np.array(common.answer(compute(family, known))), np.array([float(w) for w in known["want"].split("|")])
        off = np.max(np.abs(got - want) / np.abs(want))
        bad += not off <= 1e-11
        print(f"{name:14s} {' | '.join(f'{g:.15g}' for g in got)}  off by {off:.1e}{'' if off <= 1e-11 else '  WRONG'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
