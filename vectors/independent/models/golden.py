# SPDX-License-Identifier: MIT
"""golden.py ASSAY JUDGE FAMILY...: models of a family, held against the independent graph beside this script.

The known answers of the family, where there are some, and small random models, each in another way of its kind: the oracle is within
2^-40 of the largest logit, at once, in steps of 7 and token by token; a text is
written twice alike in one session; and, where GGUF can say what the model is, as a GGUF file (gguf.py).
The first random model is tried in parts, too, with weights of half the length (parts.py), and judged by JUDGE (assay-models): scalar and
best within what legal variants do, and every wrong graph that is possible fails.  Of the last, keys of config.json are left out, changed and
added (changed.py): the answer is then another, as the independent graph says it, or the file is refused.
NumPy alone; exit 0: all good, 1: not, 2: a family that is not there."""
import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import changed  # noqa: E402
import common  # noqa: E402
import gguf  # noqa: E402
import parts  # noqa: E402
import write  # noqa: E402

SEEDS, NEAR = range(4), 2.0**-40
F32 = 1e-6  # where a file holds factors of frequencies as f32, or a scale is rounded in another order
bad = 0


def run(what, *command, may=(0,)):
    global bad
    p = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if p.returncode not in may:
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


def as_gguf(assay, folder, golden, what):
    path = folder + ".gguf"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            gguf.main(folder, path)
    except SystemExit:  # GGUF cannot say it
        return 0
    with open(path, "rb") as f:
        far = b"rope_freqs.weight" in f.read()
    for way in [], ["--chunk", "7"]:
        run(f"{what} as GGUF {' '.join(way)}", assay, "logits", path, golden, "--tolerance", repr(F32 if far else NEAR), *way)
    os.remove(path)
    return 1


def again(assay, family, folder, golden, what):
    """A text begins with the likeliest token behind the golden's; a second one in the same session is alike."""
    global bad
    inputs = common.read(golden)
    if not getattr(family, "STEPS", True) or getattr(family, "only_encoder", lambda c: False)(json.load(open(folder + "/config.json", encoding="utf-8"))):
        return
    steps = "decoder_ids" if "decoder_ids" in inputs else "ids"
    if getattr(family, "FADES", False):
        inputs |= {steps: inputs[steps][:2], "logits": inputs["logits"][:2]}
    text = ["--inputs", golden] if "mel" in inputs else ["--ids", ",".join(str(i) for i in inputs["ids"])]
    begun = ["--decoder-ids", ",".join(str(i) for i in inputs["decoder_ids"])] if "decoder_ids" in inputs else []
    p = run(f"{what} again", assay, "run", folder, *text, *begun, "-n", "2", "--ignore-eos", "--impl", "oracle", "--repeat", "2")
    if not p.returncode and p.stdout.split()[0] != str(inputs["logits"][-1].argmax()):
        bad += 1
        print(f"FAIL {what} again: {p.stdout[:60]!r} does not begin with {inputs['logits'][-1].argmax()}")


def run_alike(assay, family, folder, golden, what):
    """The logits that assay run writes of a decoder's prompt are those of the golden: it may choose by a text's length what assay logits does."""
    global bad
    inputs = common.read(golden)
    if not getattr(family, "STEPS", True) or set(inputs) != {"ids", "logits"}:
        return
    path = folder + ".run"
    p = run(f"{what} by assay run", assay, "run", folder, "--ids", ",".join(map(str, inputs["ids"])), "-n", "0", "--impl", "oracle", "--logits", path)
    off = abs(common.read(path)["logits"] - inputs["logits"]).max() / abs(inputs["logits"]).max() if not p.returncode else 0
    if off > F32:
        bad += 1
        print(f"FAIL {what} by assay run: logits off by {off:.1e}")


def as_said(assay, family, seed, folder):
    """How many changes of config.json there are, how many of them are refused."""
    refused = [run(f"seed {seed}, {what}", assay, "logits", folder, golden, "--tolerance", repr(F32), may=(0, 2)).returncode == 2
               for what, golden in changed.tried(family, seed, folder)]
    return len(refused), sum(refused)


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
            seeds, ggufs = list(getattr(family, "SEEDS", SEEDS)), 0
            for flag, numbers in (("--known", range(len(known))), (None, seeds)):
                for seed in numbers:
                    folder, what = os.path.join(top, f"{flag or 'small'}.{seed}"), f"{name} {flag or ''}{seed}"
                    write.main(name, seed, folder, "--narrow", *([flag] if flag else []))
                    golden = os.path.join(folder, "golden.safetensors")
                    one(assay, family, folder, golden, what)
                    again(assay, family, folder, golden, what)
                    run_alike(assay, family, folder, golden, what)
                    ggufs += as_gguf(assay, folder, golden, what)
            first = os.path.join(top, f"small.{seeds[0]}")
            for kind in parts.KINDS:
                golden = parts.write(family, seeds[0], kind, os.path.join(top, kind))
                run(f"{name}, in parts of {kind}", assay, "logits", os.path.join(top, kind), golden, "--tolerance", repr(NEAR))
            said, refused = as_said(assay, family, seeds[-1], os.path.join(top, "changed"))
            print(f"{name}: {ggufs} as GGUF; {said} other configurations, {refused} refused")
            print(run(f"{name}, judged", judge, "--inputs", os.path.join(first, "golden.safetensors"), first).stdout)
    print(f"{len(names)} families, {bad} wrong")
    return bad > 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
