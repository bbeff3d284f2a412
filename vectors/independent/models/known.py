# SPDX-License-Identifier: MIT
"""known.py [FAMILY..]: each family's known answers, first | sum | W, against the sheet's; exit 1 on a relative difference above 1e-11.

A family is a file here with shapes(config), logits(config, weights, ids) and small(seed); one that takes more than tokens has
draw(config, generator) besides, and its logits() a dictionary of inputs."""
import importlib
import os
import sys

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import common  # noqa: E402

TOOLS = {"common", "known", "write"}  # the scripts that import PyTorch, against_*, are left out by their names


def families():
    names = sorted(f[:-3] for f in os.listdir(here) if f.endswith(".py") and f[:-3] not in TOOLS and not f.startswith("against_"))
    return [n for n in names if all(hasattr(importlib.import_module(n), part) for part in ("shapes", "logits", "small"))]


def answers(family):
    """(what was computed, what the sheet has) of each known answer"""
    known = getattr(family, "KNOWN", [])
    for k in known if isinstance(known, list) else [known]:
        W = common.known_weights(family.shapes(k["config"]), getattr(family, "GEMMA", False))
        v = family.logits(k["config"], W, k["inputs"] if "inputs" in k else k["ids"])
        yield np.array(common.answer(v)), np.array([float(w) for w in k["want"].split("|")])


def main(names):
    bad = 0
    for name in names or families():
        pairs = list(answers(importlib.import_module(name)))
        if not pairs:
            print(f"{name:14s} no known answer")
        for got, want in pairs:
            off = np.max(np.abs(got - want) / np.abs(want))
            bad += not off <= 1e-11
            print(f"{name:14s} {' | '.join(f'{g:.15g}' for g in got)}  off by {off:.1e}{'' if off <= 1e-11 else '  WRONG'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
