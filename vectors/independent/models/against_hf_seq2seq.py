#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Graphs with an encoder against Hugging Face's transformers in float64 (eager attention), on small random models.

usage: against_hf_seq2seq.py [FAMILY..]     default: every family that has a function hf
Needs PyTorch and transformers.  On demand, in no test.  exit 0: all agree; 1: not; 77: not judged."""
import contextlib
import importlib
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import common  # noqa: E402

try:
    import torch
    import transformers
except ImportError as e:
    print(f"against_hf_seq2seq.py: {e}: not judged", file=sys.stderr)
    sys.exit(77)

FAMILIES, SEEDS, BOUND = ("bert", "roberta", "vit", "t5", "bart", "whisper"), 6, 1e-11


@contextlib.contextmanager
def wide():
    """Models that compute a norm or a softmax in float32 whatever they are given, as T5 does, do it in float64."""
    kept = torch.float32, torch.Tensor.float
    torch.float32, torch.Tensor.float = torch.float64, torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.Tensor.float = kept


def theirs(family, c, W, inputs):
    config_name, model_name, called = family.hf(c, inputs)
    config = getattr(transformers, config_name).from_dict(dict(c))
    config._attn_implementation = "eager"
    model = getattr(transformers, model_name)(config).double().eval()
    state = {n: torch.from_numpy(np.array(w)) for n, w in (W | getattr(family, "fixed", lambda c: {})(c)).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    model.tie_weights()
    tied = {n for n in missing if any(t in n for t in ("decoder.weight", "decoder.bias", "embed_tokens.weight", "lm_head.weight", "proj_out.weight", "position_ids"))}
    if unexpected or set(missing) - tied:
        raise SystemExit(f"{model_name}: names {unexpected} are not theirs, {sorted(set(missing) - tied)} not ours")
    given = {n: torch.from_numpy(np.asarray(v))[None] if isinstance(v, np.ndarray) else v for n, v in called.items()}
    with torch.no_grad(), wide():
        out = model(**given)
    return (out.logits if "logits" in out else out.last_hidden_state).numpy().reshape(-1, *(out[0].shape[2:]))


def main(names):
    print(f"transformers {transformers.__version__}, PyTorch {torch.__version__}, {SEEDS} random models each")
    torch.set_num_threads(1)
    bad = 0
    for name in names or FAMILIES:
        family, worst, largest = importlib.import_module(name), 0.0, 0.0
        for seed in range(SEEDS):
            c = family.small(seed)
            W, inputs = common.seeded(family.shapes(c), seed), family.draw(c, np.random.Generator(np.random.PCG64(seed)))
            ours = family.logits(c, W, inputs)
            other = theirs(family, c, W, inputs).reshape(ours.shape)
            worst, largest = max(worst, np.abs(ours - other).max()), max(largest, np.abs(ours).max())
        bad += not worst <= BOUND * largest
        print(f"{name:10s} largest difference {worst:.1e} of logits up to {largest:.3g}{'' if worst <= BOUND * largest else '  WRONG'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
