# SPDX-License-Identifier: MIT
"""golden.py ASSAY JUDGE FAMILY...: models of a family, held against the independent graph beside this script.

The known answers of the family, where there are some, and small random models, each in another way of its kind: the oracle is within
2^-40 of the largest logit, at once, in steps of 7 and token by token.  The first random model is judged by JUDGE (assay-models): scalar and best
within what legal variants do, and every wrong graph that is possible fails.
NumPy alone; exit 0: all good, 1: not, 2: a family that is not there."""
import importlib
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import common  # noqa: E402
import write  # noqa: E402

SEEDS, NEAR = range(4), 2.0**-40
bad = 0


def run(what, *command):
    global bad
    p = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if p.returncode:
        bad += 1
        print(f"FAIL {what}: exit {p.returncode}\n" + (p.stdout + p.stderr).strip()[-1500:])
    return p


def ways(family):
    """By two threads; in steps of other lengths, where there are steps: an encoder alone has none."""
    return [[], ["--threads", "2"]] + ([["--chunk", "7"], ["--chunk", "1"]] if getattr(family, "STEPS", True) else [])


def one(assay, family, model, golden, what):
    answer = ""
    for way in ways(family):
        p = run(f"{what} {' '.join(way)}", assay, "logits", model, golden, "--tolerance", repr(NEAR), *way)
        answer = answer or p.stdout.strip().split("\n")[-1].split(":")[-1].strip()
    print(f"{what}: {answer}")


def main(assay, judge, names):
    for name in names:
        try:
            family = importlib.import_module(name)
        except ModuleNotFoundError:
            print(f"{name}: no such family")
            return 2
        known = getattr(family, "KNOWN", [])
        known = known if isinstance(known, list) else [known]
        with tempfile.TemporaryDirectory() as top:
            seeds = list(getattr(family, "SEEDS", SEEDS))
            for flag, numbers in (("--known", range(len(known))), (None, seeds)):
                for seed in numbers:
                    folder, what = os.path.join(top, f"{flag or 'small'}.{seed}"), f"{name} {flag or ''}{seed}"
                    write.main(name, seed, folder, "--narrow", *([flag] if flag else []))
                    golden = os.path.join(folder, "golden.safetensors")
                    one(assay, family, folder, golden, what)
            first = os.path.join(top, f"small.{seeds[0]}")
            print(run(f"{name}, judged", judge, "--inputs", os.path.join(first, "golden.safetensors"), first).stdout)
    print(f"{len(names)} families, {bad} wrong")
    return bad > 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
