# SPDX-License-Identifier: MIT
"""convert_silero.py PACKAGE FOLDER: silero-vad for 16 kHz (the unpacked wheel; needs PyTorch to read it) as silero.py has it, and
golden.safetensors: wave, and logits, the probabilities of its chunks."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402
import mel  # noqa: E402
import silero  # noqa: E402


def main(package, folder):
    import torch  # here alone, so that without it the file can still be looked at
    theirs = torch.jit.load(os.path.join(package, "silero_vad", "data", "silero_vad.jit"))
    T = {n: t.detach().double().numpy() for n, t in [*theirs.named_parameters(), *theirs.named_buffers()] if n.startswith("_model.")}
    W = {"stft.weight": T["_model.stft.forward_basis_buffer"], "head.weight": T["_model.decoder.decoder.2.weight"][:, :, 0],
         "head.bias": T["_model.decoder.decoder.2.bias"]}
    W |= {f"encoder.{i}.{n}": T[f"_model.encoder.{i}.reparam_conv.{n}"] for i in range(4) for n in ("weight", "bias")}
    W |= {"lstm." + n: T["_model.decoder.rnn." + n] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    c = silero.REAL
    assert {n: w.shape for n, w in W.items()} == silero.shapes(c)
    wave = mel.hum(1.5)
    wave = wave[:len(wave) // c["chunk"] * c["chunk"]]
    said = silero.logits(c, W, dict(wave=wave))
    with torch.no_grad():
        other = [theirs(torch.from_numpy(chunk.astype(np.float32))[None], 16000).item() for chunk in wave.reshape(-1, c["chunk"])]
    off = np.abs(said[:, 0] - other).max()
    assert off < 1e-5, f"off by {off:.3g} from the package's own program"
    common.write_model(folder, c, W)
    common.write(os.path.join(folder, "golden.safetensors"), dict(wave=wave.astype(np.float32), logits=said))
    print(f"{folder}: {len(W)} tensors, {len(said)} chunks, probabilities {said.min():.3g} to {said.max():.3g}, as its own program's to {off:.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:])
