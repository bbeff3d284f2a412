# SPDX-License-Identifier: MIT
"""Scores of SentencePiece's pieces as real logits: of a unigram model logarithms of probabilities (netra-nmt), of BPE ranks of merges
(mistral-common).  See real.py."""
import glob
import os
import struct

import numpy as np
import torch

from real_record import Layers

NORMAL, KINDS = 1, {1: "unigram", 2: "BPE"}


def fields(data):
    """Numbers and values of a message of protocol buffers."""
    at = 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte, at = data[at], at + 1
            n |= (byte & 127) << shift
            if byte < 128:
                return n
            shift += 7
    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or number()
            yield key >> 3, data[at:at + size]
            at += size


def read(path):
    """The kind of a model, and the score of each normal piece."""
    with open(path, "rb") as f:
        data = f.read()
    kind, scores = 1, []
    for key, value in fields(data):
        if key == 1:
            piece = dict(fields(value))
            if piece.get(3, NORMAL) == NORMAL:
                scores.append(struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0)
        elif key == 2:
            kind = dict(fields(value)).get(3, 1)
    return KINDS[kind], np.array(scores, "f4")


def pieces(r, package):
    said = {}
    for path in sorted(glob.glob(os.path.join(package, "*", "data", "*.model*")) + glob.glob(os.path.join(package, "*", "assets", "*.model"))):
        kind, scores = read(path)
        if scores.tobytes() in said:
            continue
        x = torch.from_numpy(scores)[None]
        Layers(r, f"pieces {kind}", {}, 1).chosen(torch.cat([x, x / 16]), 40)
        said[scores.tobytes()] = f"{os.path.basename(path)} {len(scores)} scores of {kind}, probabilities add up to {np.exp(scores.astype('f8')).sum():.4f}"
    return "; ".join(said.values())
