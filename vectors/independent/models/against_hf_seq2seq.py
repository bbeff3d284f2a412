# SPDX-License-Identifier: MIT
"""Graphs with an encoder against Hugging Face's transformers in float64 (eager attention), on small random models; the Transformer of 2017
against PyTorch's layers, the LSTM against its nn.LSTM, as transformers has neither.

usage: against_hf_seq2seq.py [FAMILY..]
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

FAMILIES, SEEDS, BOUND = ("bert", "roberta", "vit", "t5", "bart", "whisper", "transformer", "lstm"), 8, 1e-11
TIED = "decoder.weight", "decoder.bias", "embed_tokens.weight", "lm_head.weight", "proj_out.weight", "position_ids"


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
    missing = [n for n in missing if not n.endswith(TIED)]
    if unexpected or missing:
        raise SystemExit(f"{model_name}: names {unexpected} are not theirs, {missing} not ours")
    given = {n: torch.from_numpy(np.asarray(v))[None] if isinstance(v, np.ndarray) else v for n, v in called.items()}
    with torch.no_grad(), wide():
        out = model(**given)
    return (out.logits if "logits" in out else out.last_hidden_state).numpy().reshape(-1, *(out[0].shape[2:]))


def layers_of_2017(family, c, W, inputs):
    """nn.Transformer{Encoder,Decoder}Layer, norm_first false, fed with embeddings that are made here."""
    def packed(p, n):
        missing = np.zeros(c["d_model"])
        return np.concatenate([W.get(f"{p}.{k}_proj.{n}", missing) for k in "qkv"])

    def of(side, i):
        make = torch.nn.TransformerEncoderLayer if side == "encoder" else torch.nn.TransformerDecoderLayer
        layer, l = make(c["d_model"], c["num_heads"], c["d_ff"], 0.0, "relu", c["layer_norm_eps"], batch_first=True), f"{side}.layers.{i}."
        state, kinds = {}, ["self_attn"] + ["cross_attn"] * (side == "decoder")
        for kind, name in zip(kinds, ("self_attn", "multihead_attn")):
            for n in ("weight", "bias"):
                state[f"{name}.in_proj_{n}"] = packed(l + kind, n)
                state[f"{name}.out_proj.{n}"] = W.get(f"{l}{kind}.o_proj.{n}", np.zeros(c["d_model"]))
        for j, kind in enumerate(kinds + ["ffn"]):
            state |= {f"norm{j + 1}.{n}": W[f"{l}{kind}_norm.{n}"] for n in ("weight", "bias")}
        state |= {f"linear{j}.{n}": W[f"{l}fc{j}.{n}"] for j in (1, 2) for n in ("weight", "bias")}
        layer.double().eval().load_state_dict({n: torch.from_numpy(w) for n, w in state.items()})
        return layer

    def embedded(side, ids):
        table = torch.nn.functional.embedding(torch.as_tensor(ids), torch.from_numpy(W.get("embed.weight", W.get(side + ".embed.weight"))))
        place = W.get(side + ".positions.weight")
        place = family.sinusoids(len(ids), c["d_model"], c["position_table"]) if place is None else place[:len(ids)]
        return (table * c["d_model"] ** 0.5 + torch.from_numpy(place))[None]
    memory, x = embedded("encoder", inputs["ids"]), embedded("decoder", inputs["decoder_ids"])
    with torch.no_grad():
        for i in range(c["num_layers"]):
            memory = of("encoder", i)(memory)
        seen = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        for i in range(c["num_decoder_layers"]):
            x = of("decoder", i)(x, memory, tgt_mask=seen)
    return x[0].numpy() @ W.get("embed.weight", W.get("output.weight")).T + W.get("output.bias", 0)


def rnn(family, c, W, inputs):
    net = torch.nn.LSTM(c["embedding_size"], c["hidden_size"], c["num_layers"]).double()
    net.load_state_dict({n.removeprefix("rnn."): torch.from_numpy(w) for n, w in W.items() if n.startswith("rnn.")})
    with torch.no_grad():
        x = net(torch.from_numpy(W["encoder.weight"][inputs["ids"]]))[0].numpy()
    return x @ W.get("decoder.weight", W["encoder.weight"]).T + W["decoder.bias"]


PEERS = {"transformer": layers_of_2017, "lstm": rnn}


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
            other = PEERS.get(name, theirs)(family, c, W, inputs).reshape(ours.shape)
            worst, largest = max(worst, np.abs(ours - other).max()), max(largest, np.abs(ours).max())
        bad += not worst <= BOUND * largest
        print(f"{name:10s} largest difference {worst:.1e} of logits up to {largest:.3g}{'' if worst <= BOUND * largest else '  WRONG'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
