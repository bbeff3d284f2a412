# SPDX-License-Identifier: MIT
"""write.py FAMILY SEED FOLDER [--known] [--narrow]: config.json, model.safetensors (F32) and golden.safetensors of a small random model, or, with
--known, of the sheet's (number SEED of the family's).  SEED any: one whose model is as most of the family are.  A golden holds the inputs (ids and other whole numbers I32, the rest F64) and
logits (F64).  --narrow: parameters of ops are rounded to f32, as Assay's are (common.NARROW), so that its oracle gives the same answer."""
import importlib
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402

LENGTH = 24


def model(family, seed, known=False):
    """(config, weights, inputs): tokens, or a dictionary where the family draws its own"""
    gemma = getattr(family, "GEMMA", False)
    if known:
        k = family.KNOWN[seed] if isinstance(family.KNOWN, list) else family.KNOWN
        return k["config"], common.known_weights(family.shapes(k["config"]), gemma), k["inputs"] if "inputs" in k else k["ids"]
    c = family.small(seed)
    draw = getattr(family, "draw", None)
    inputs = draw(c, np.random.Generator(np.random.PCG64(seed))) if draw else common.ids(seed, LENGTH, c["vocab_size"])
    return c, common.seeded(family.shapes(c), seed, gemma), inputs


def narrowed(x):
    """Reals of a configuration, which become parameters of ops."""
    return float(common.narrow(x)) if isinstance(x, float) else x


def golden(family, c, W, inputs):
    """Inputs and the answer to them, as a file holds them."""
    named = inputs if isinstance(inputs, dict) else {"ids": inputs}
    all_ = {n: np.asarray(x) for n, x in named.items()}
    return {n: x.astype(np.int32 if x.dtype.kind in "iu" else np.float64) for n, x in all_.items()} | {"logits": family.logits(c, W, inputs)}


def main(name, seed, folder, *flags):
    family = importlib.import_module(name)
    seed = next(iter(getattr(family, "SEEDS", [1]))) if seed == "any" else int(seed)
    c, W, inputs = model(family, seed, "--known" in flags)
    common.NARROW = "--narrow" in flags
    c = {k: narrowed(x) for k, x in c.items()}
    common.write_model(folder, c, W)
    answer = golden(family, c, W, inputs)
    common.write(os.path.join(folder, "golden.safetensors"), answer)
    print(f"{folder}: {name}, {len(W)} tensors, {sum(w.size for w in W.values())} weights, logits {answer['logits'].shape}")


if __name__ == "__main__":
    if len(sys.argv) < 4 or set(sys.argv[4:]) - {"--known", "--narrow"}:
        sys.exit(__doc__)
    main(*sys.argv[1:])
