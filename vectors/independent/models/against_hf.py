# SPDX-License-Identifier: MIT
"""against_hf.py [FAMILY..]: the graphs of this folder against Hugging Face transformers' own in float64, with small random models of
several seeds.  On demand: without torch and transformers it says so and stops.

Their rope, norms and softmax of attention go through float32 where their code says .float(): for the time of the comparison that is
float64, so that what differs is the graph and not the type.  Exit 1 on a difference above 1e-12 of the largest logit, or above what the
family says of its peer (PEER_BOUND)."""
import importlib
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import torch
    import transformers
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(0)
import known  # noqa: E402
import write  # noqa: E402

BOUND = 1e-12


def all_double():
    """What peers do in float32 is done in float64 instead."""
    torch.set_default_dtype(torch.float64)
    to, arange, softmax = torch.Tensor.to, torch.arange, torch.nn.functional.softmax

    def wide(x):
        return torch.float64 if x is torch.float32 else x

    torch.Tensor.float = torch.Tensor.double
    torch.Tensor.to = lambda x, *a, **k: to(x, *map(wide, a), **{n: wide(v) for n, v in k.items()})
    torch.nn.functional.softmax = lambda *a, **k: softmax(*a, **{n: wide(v) for n, v in k.items()})
    torch.arange = lambda *a, **k: arange(*a, **{n: wide(v) for n, v in k.items()})
    torch.float32 = torch.float = torch.float64


def unpacked(state):
    """MXFP4 by their own decoder."""
    for name in [n[:-7] for n in state if n.endswith("_blocks")]:
        blocks, scales = state.pop(name + "_blocks"), state.pop(name + "_scales")
        state[name] = transformers.integrations.mxfp4.convert_moe_packed_tensors(blocks, scales, dtype=torch.float64)
    return state


def peer(c, W):
    """Their model with these weights: every tensor of the checkpoint is used, none is missing."""
    kind = transformers.AutoConfig.for_model(**c)
    kind._attn_implementation = "eager"
    model = getattr(transformers, c["architectures"][0])(kind).double().eval()
    state = unpacked({n: torch.from_numpy(np.ascontiguousarray(w)) for n, w in W.items()})
    missing, unused = model.load_state_dict(state, strict=False)
    tied = {"lm_head.weight"} if kind.tie_word_embeddings else set()
    if set(missing) - tied or unused:
        raise ValueError(f"missing {sorted(set(missing) - tied)[:3]}, unused {sorted(unused)[:3]}")
    return model


def compare(family, seed):
    """The largest difference, and the largest logit."""
    c, W, ids = write.model(family, seed)
    with torch.no_grad():
        theirs = peer(c, W)(input_ids=torch.tensor([ids]), use_cache=False).logits[0].numpy()
    ours = family.logits(c, W, ids)
    return np.max(np.abs(ours - theirs)), np.max(np.abs(theirs))


def main(names):
    all_double()
    bad = 0
    for name in names or known.families():
        family = importlib.import_module(name)
        if hasattr(family, "draw"):  # more inputs than tokens: not compared here
            continue
        lacks = [a for a in family.small(0)["architectures"] if not hasattr(transformers, a)]
        if lacks:
            print(f"{name:14s} skipped: transformers {transformers.__version__} has no {lacks[0]}")
            continue
        pairs = [compare(family, seed) for seed in range(len(getattr(family, "VARIANTS", "1234")))]
        bad += any(not d <= getattr(family, "PEER_BOUND", BOUND) * top for d, top in pairs)
        print(f"{name:14s} {' '.join(f'{d:.1e}' for d, _ in pairs)}  of at most {max(top for _, top in pairs):.3g}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
