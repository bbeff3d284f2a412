#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The third witness: PyTorch in float64 says the same as the reference, by operators of its own.

usage: torch_witness.py [ASSAY [SEEDS]]
With ASSAY (the program) also on random cases, SEEDS of each line that ops/<op>.py says (default 3), which it writes into a temporary
folder.  Prints a table: the largest difference per op in units of 2^-44 kappa, which may not exceed 1; outputs with one
right answer must be equal.  Needs PyTorch (pip install torch numpy mpmath, or Debian's python3-torch), which no other
test does.  Exit status 0: agrees; 1: does not; 77: no PyTorch."""
import glob
import os
import sys
import tempfile

try:
    import numpy as np
    import torch
    from vector import Vector
    from verify import HERE, SLACK, of_op, random_files, stored
except ImportError as e:
    print(f"torch_witness.py: {e}: not witnessed (pip install torch numpy mpmath)", file=sys.stderr)
    sys.exit(77)


class Row:
    def __init__(self):
        self.files = self.elements = self.wrong = self.left_out = 0
        self.worst, self.exact = None, False


def witness(path, row):
    v = Vector(path)
    by_torch = getattr(of_op(v.meta["op"]), "by_torch", None)
    results = by_torch and by_torch(v)
    if results is None:
        row.left_out += 1
        return
    row.files += 1
    for name, (want, scale) in results.items():
        want = want.numpy()
        if scale is None:
            row.exact = True
            want, have = stored(v, name, want)
            bad = ~((want == have) | (np.isnan(want) & np.isnan(have)))
        else:
            have = v.raw[f"expected.{name}"][1].astype(np.float64)
            with np.errstate(invalid="ignore", divide="ignore"):
                used = np.abs(have - want) / (SLACK * scale.numpy() + 2.0**-1000)
            used[(have == want) | (np.isnan(have) & np.isnan(want))] = 0
            bad = ~(used <= 1)
            row.worst = max(row.worst or 0, float(np.nanmax(used, initial=0)))
        row.elements += want.size
        if bad.any():
            at = tuple(int(i[0]) for i in np.nonzero(bad))
            print(f"  FAIL {v.meta.get('case', path)}: {int(bad.sum())} elements: {name}{list(at)} is {have[at]!r}, PyTorch says {want[at]!r}")
            row.wrong += 1


def table(title, paths):
    rows = {}
    for path in paths:
        op = Vector(path).meta["op"]
        witness(path, rows.setdefault(op, Row()))
    print(f"{title}\n{'op':12} {'files':>6} {'elements':>9} {'wrong':>6}  worst difference / (2^-44 kappa)")
    for op, r in rows.items():
        word = "equal to the bit" if r.worst is None else f"{r.worst:.2g}" + (", and equal" if r.exact else "")
        note = f"  ({r.left_out} files left out: PyTorch has no such op, or no such format)" if r.left_out else ""
        print(f"{op:12} {r.files:6} {r.elements:9} {r.wrong:6}  {word}{note}")
    return sum(r.wrong for r in rows.values()) + (not rows)


def main():
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__}, float64")
    bad = table("committed vectors", sorted(glob.glob(os.path.join(HERE, "..", "data", "*", "*.safetensors"))))
    if len(sys.argv) > 1:
        seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
        with tempfile.TemporaryDirectory() as d:
            bad += table("random cases", random_files(sys.argv[1], d, seeds))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
