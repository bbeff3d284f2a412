# SPDX-License-Identifier: MIT
"""models.py ASSAY: what a model file says is done or refused by its name: tiny files and their logits in float64 (tiny.py)."""
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tiny  # noqa: E402

assay = os.path.abspath(sys.argv[1])
IDS = [104, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100, 33]
bad = 0


def run(*args, text=None):
    return subprocess.run([assay, *args], input=text, capture_output=True, timeout=120)


def fail(what):
    global bad
    bad += 1
    print("FAIL", what)


def expect(what, p, rc, said=""):
    out = (p.stdout + p.stderr).decode(errors="replace")
    if p.returncode != rc or said not in out:
        fail(f"{what}: exit {p.returncode}, not {rc}, or no '{said}' in: {out.strip()[-300:]}")


def read_logits(path):
    raw = open(path, "rb").read()
    n, = struct.unpack("<Q", raw[:8])
    t = json.loads(raw[8:8 + n])["logits"]
    return np.frombuffer(raw[8 + n:][slice(*t["data_offsets"])], np.float32).reshape(t["shape"])


def model(what, truth=None, impl="oracle", **changes):
    """The file's logits are the truth's."""
    m = tiny.write("m.gguf", **changes)
    p = run("run", "m.gguf", "--ids", ",".join(map(str, IDS)), "-n", "0", "--impl", impl, "--logits", "l.safetensors")
    expect(what, p, 0)
    if p.returncode == 0:
        error = np.abs(read_logits("l.safetensors") - tiny.logits(m, IDS, **(truth or {}))).max()
        if not error < 1e-4:
            fail(f"{what}: logits off by {error:.2e}")


def refused(what, said, command=("run", "--ids", "1", "-n", "1"), **changes):
    tiny.write("m.gguf", **changes)
    expect(what, run(command[0], "m.gguf", *command[1:]), 2, said)


def keys():
    a = "llama."
    model("plain")
    for impl in "oracle", "scalar", "best":
        model("a factor without a type", dict(stretch=4.0), impl, keys={a + "rope.scaling.factor": 4.0})
        model("attention.scale", dict(scale=0.5), impl, keys={a + "attention.scale": 0.5})
        model("a window", dict(window=3), impl, keys={a + "attention.sliding_window": 3})
        model("capped scores", dict(cap=2.0), impl, keys={a + "attn_logit_softcapping": 2.0})
    model("the old name", dict(stretch=4.0), keys={a + "rope.scale_linear": 4.0})
    model("linear", dict(stretch=2.5), keys={a + "rope.scaling.type": "linear", a + "rope.scaling.factor": 2.5})
    model("none", keys={a + "rope.scaling.type": "none", a + "rope.scaling.factor": 4.0})
    model("0 is no factor", keys={a + "rope.scaling.factor": 0.0})
    model("neutral keys", keys={a + "logit_scale": 1.0, a + "expert_count": 0, a + "attention.causal": True, a + "vocab_size": 9,
                                a + "rope.scaling.attn_factor": 1.0, "general.type": "model", "general.sampling.temp": 0.5, "split.count": 1,
                                "tokenizer.chat_template.tool_use": "{}", "tokenizer.ggml.precompiled_charsmap": [], "other.key": 3})
    refused("yarn", "rope scaling of type 'yarn'", keys={a + "rope.scaling.type": "yarn", a + "rope.scaling.factor": 4.0})
    refused("yarn by attn_factor alone", "type 'yarn'", keys={a + "rope.scaling.type": "yarn", a + "rope.scaling.attn_factor": 1.2})
    refused("two factors", "which is it", keys={a + "rope.scaling.factor": 2.0, a + "rope.scale_linear": 4.0})
    refused("values of another length", "values of 16 elements", keys={a + "attention.value_length": 16})
    for key, x, said in ((a + "rope.scaling.attn_factor", 1.2, "is 1.20000005: rotated values are multiplied"), (a + "logit_scale", 0.5, "is 0.5"),
                         (a + "attention.clamp_kqv", 8.0, "clamped"), (a + "final_logit_softcapping", 30.0, "capped"), (a + "expert_count", 8, "experts"),
                         (a + "attention.causal", False, "later keys"), (a + "residual_scale", float("nan"), "is nan"),
                         (a + "swiglu_clamp", 7.0, "not understood"), (a + "rope.dimension_sections", [1, 2], "not understood"),
                         ("tokenizer.ggml.add_space_prefix", True, "a blank in front"), ("tokenizer.ggml.suppress_tokens", [5], "has 1 items"),
                         ("tokenizer.ggml.add_sep_token", True, "separator"), ("tokenizer.ggml.mood", "good", "not understood")):
        refused(key, f"'{key}'", keys={key: x})
        refused(key, said, keys={key: x})
    refused("a tokenizer's key", "'tokenizer.ggml.remove_extra_whitespaces' is 1", ("tokenize", "x"), keys={"tokenizer.ggml.remove_extra_whitespaces": True})


def files():
    shard = lambda no: {"split.no": no, "split.count": 2, "split.tensors.count": 21}
    refused("the first shard", "shard 1 of 2 of a split model, with 12 of its tensors", keys=shard(0), tensors=lambda n: n[:12])
    refused("the second shard", "shard 2 of 2", tensors=lambda n: n[12:], keys={**shard(1), "tokenizer.ggml.model": None, "general.architecture": None})
    refused("text, by the second shard", "shard 2 of 2", ("tokenize", "x"), keys={**shard(1), "tokenizer.ggml.model": None})
    refused("an adapter", "an adapter (LoRA)", keys={"general.type": "adapter", "adapter.type": "lora", "tokenizer.ggml.model": None})
    refused("a projector", "general.type is 'mmproj'", keys={"general.type": "mmproj"})


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in keys, files:
        part()
    os.chdir("/")
sys.exit(bad > 0)
