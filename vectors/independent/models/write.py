# SPDX-License-Identifier: MIT
"""write.py FAMILY SEED FOLDER [--known]: config.json, model.safetensors (F32) and golden.safetensors (ids I32, logits F64) of a small
random model, or, with --known, of the sheet's."""
import importlib
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402


def model(family, seed, known=False):
    """(config, weights, ids)"""
    gemma = getattr(family, "GEMMA", False)
    if known:
        c = family.KNOWN["config"]
        return c, common.known_weights(family.shapes(c), gemma), family.KNOWN["ids"]
    c = family.small(seed)
    return c, common.seeded(family.shapes(c), seed, gemma), common.ids(seed, 24, c["vocab_size"])


def main(name, seed, folder, *flags):
    if flags not in ((), ("--known",)):
        sys.exit(__doc__)
    family = importlib.import_module(name)
    c, W, ids = model(family, int(seed), bool(flags))
    common.write_model(folder, c, W)
    golden = {"ids": np.array(ids, dtype=np.int32), "logits": family.logits(c, W, ids)}
    common.write(os.path.join(folder, "golden.safetensors"), golden)
    print(f"{folder}: {name}, {len(W)} tensors, {sum(w.size for w in W.values())} weights, logits {golden['logits'].shape}")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
