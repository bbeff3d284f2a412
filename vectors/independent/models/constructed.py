# SPDX-License-Identifier: MIT
"""constructed.py copy|reverse FOLDER [interleaved|halves]: a Transformer of 2017 whose weights are written down, not trained: it copies or
reverses any text of up to 20 symbols, so what greedy and beam search must say is known.  First it proves, on 50 random texts, that both
say it; then it writes config.json, model.safetensors and golden.safetensors: these texts [50, 21] (with </s>, then padding), the outputs
[50, 21], and of one text ids, decoder_ids and logits.

A vector has, besides the sinusoids of its position, coordinates in the sines of slow waves, which are nearly 0 at all positions in use: one
for each symbol, and two for `one`, which every vector has, as 120 and -120, so large that all vectors have nearly the same length: a norm
is then nearly a constant factor.  A coordinate is read less the mean of some that nothing is written to (so the norm's mean cancels).
  encoder    self-attention: from every token to </s>, whose position n is fetched; FFN: the token's own symbol is made longer
  decoder 0  self-attention: asks for position t + 1, which the causal mask hides, and gets t, the most alike of what it sees;
             cross-attention: asks for position t, gets n; FFN: a unit for each (n, t), which writes the position to be read
  decoder 1  self-attention: gets this position again; cross-attention: the symbol there; FFN: makes it longer
Scores are sums of cosines of differences of positions: the largest where they are equal."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common  # noqa: E402
import search  # noqa: E402
import transformer  # noqa: E402

PAD, BOS, EOS, V, LONGEST, D, H, UNITS = 0, 1, 2, 16, 20, 128, 4, 256
TASKS = {"copy": lambda n, t: t, "reverse": lambda n, t: n - 1 - t if t < n else n}  # the position that is read for output t
WAVES, FEW = 16, 8           # so many of the fastest waves tell a position, and n
NEXT, NEXT_FEW = 1.85, 1.65  # by so much at least is the sum of their cosines smaller at another position
ONE, SYMBOL = 120.0, 6.0     # lengths of coordinates in an embedding
SHARP, MARGIN = 30.0, 25.0   # by so much does a score of attention win, and a logit


class Space:
    """Which coordinate means what; rows that read them."""

    def __init__(self, table):
        i = np.arange(D // 2)
        sine, cosine = (2 * i, 2 * i + 1) if table == "interleaved" else (i, D // 2 + i)
        self.symbol, self.one, self.zero = sine[40:40 + V], sine[56:58], sine[58:]
        self.n, self.still = cosine[40:40 + 2 * FEW], cosine[56:]  # cosines of slow waves are nearly 1
        self.fast, self.few = (np.concatenate([sine[:count], cosine[:count]]) for count in (WAVES, FEW))
        self.place = transformer.sinusoids(LONGEST + 1, D, table)
        a, b = np.diag(self.place[1][sine[:WAVES]]), np.diag(self.place[1][cosine[:WAVES]])
        self.turn = np.block([[b, a], [-a, b]])  # sinusoids of t + 1 from those of t

    def read(self, at):
        R, rest = np.eye(D)[at], self.still if at is self.n else self.zero
        R[:, rest] -= 1 / len(rest)
        return R

    def read_one(self):
        R = np.zeros((1, D))
        R[0, self.one] = 0.5, -0.5
        return R


class Builder:
    """Weights of no effect but the embeddings', then one sublayer after the other.  In what follows lengths are those of an embedding:
    scale() says how many times smaller they are behind the norms."""

    def __init__(self, task, table):
        self.S, self.task = Space(table), task
        self.c = dict(model_type="transformer", architectures=["Transformer"], vocab_size=V, d_model=D, num_heads=H, d_ff=UNITS, num_layers=1,
                      num_decoder_layers=2, layer_norm_eps=1e-6, position_table=table, attention_bias=False, pad_token_id=PAD, bos_token_id=BOS,
                      eos_token_id=EOS, decoder_start_token_id=BOS)
        self.W = {n: np.full(s, float(n.endswith("norm.weight"))) for n, s in transformer.shapes(self.c).items()}
        self.W["embed.weight"][np.arange(V), self.S.symbol] = SYMBOL / D**0.5
        self.W["embed.weight"][:, self.S.one] = np.array([ONE, -ONE]) / D**0.5
        self.ids = [*range(3, 13), EOS]
        self.decoder_ids = [BOS, *(self.ids[task(10, t)] for t in range(10))]

    def scale(self, side):
        x = transformer.encode(self.c, self.W, self.ids)
        x = x if side == "encoder" else transformer.stack(self.c, self.W, side, self.decoder_ids, x)
        return ONE / (x @ self.S.read_one().T).mean()

    def attention(self, where, q, k, score, fetched, written, length, kept=1.0):
        """All heads ask with q and look at k (rows that read, in lengths of an embedding), so that a match is worth score; each fetches
        its part of the coordinates `fetched`, which are `kept` long there, and writes them `length` long at `written`."""
        S, side = self.S, where.split(".")[0]
        here, there = self.scale(side), self.scale("encoder" if "cross" in where else side)
        sharp, W, part, d = (score * (D / H) ** 0.5) ** 0.5, self.W, len(fetched) // H, D // H
        for h in range(H):
            W[where + ".q_proj.weight"][h * d:h * d + len(q)] = q * here * sharp
            W[where + ".k_proj.weight"][h * d:h * d + len(k)] = k * there * sharp
            mine = slice(h * part, (h + 1) * part)
            W[where + ".v_proj.weight"][h * d:h * d + part] = S.read(fetched)[mine] * there
            W[where + ".o_proj.weight"][written[mine], np.arange(h * d, h * d + part)] = length / kept / here

    def ffn(self, layer, rows, bias, columns):
        """relu(rows x + bias) times columns is added."""
        k, n = self.scale(layer.split(".")[0]), len(rows)
        self.W[layer + ".fc1.weight"][:n], self.W[layer + ".fc1.bias"][:n] = rows * k, bias
        self.W[layer + ".fc2.weight"][:, :n] = columns / k

    def longer(self, layer, now, then):
        """A symbol's coordinate, of length now (the others: below half of that), becomes about `then` long."""
        rows = self.S.read(self.S.symbol)
        self.ffn(layer, rows, -now / 2, np.eye(D)[:, self.S.symbol] * (then - now) / (now / 2))

    def gates(self, layer, n_long, t_long):
        """For each n and t a unit that is about 1/2 where these are read and 0 for all others; it writes the position to be read."""
        S, pairs = self.S, [(n, t) for n in range(LONGEST + 1) for t in range(n + 1)]
        n, t = np.array(pairs).T
        to = np.array([self.task(*p) for p in pairs])
        rows = S.place[n][:, S.few] @ S.read(S.n) / n_long / NEXT_FEW + S.place[t][:, S.fast] @ S.read(S.fast) / t_long / NEXT
        columns = np.eye(D)[:, S.fast] @ (24 * S.place[to] - 2 * t_long * S.place[t])[:, S.fast].T
        self.ffn(layer, rows, 0.5 - FEW / NEXT_FEW - WAVES / NEXT, columns)

    def build(self):
        S, at, wins = self.S, self.S.read(self.S.fast), SHARP / NEXT
        self.attention("encoder.layers.0.self_attn", S.read_one(), S.read(S.symbol[EOS:EOS + 1]), SHARP / ONE / SYMBOL, S.few, S.n, 8)
        self.longer("encoder.layers.0", SYMBOL, 20)
        self.attention("decoder.layers.0.self_attn", S.turn @ at, at, wins, S.fast, S.fast, 3)
        self.attention("decoder.layers.0.cross_attn", at / 4, at, wins, S.n, S.n, 8, 8)
        self.gates("decoder.layers.0", 8, 4)
        self.attention("decoder.layers.1.self_attn", at / 12, at / 12, wins, S.fast, S.fast, 12, 12)
        self.attention("decoder.layers.1.cross_attn", at / 24, at, wins, S.symbol, S.symbol, 100, 20)
        self.longer("decoder.layers.1", 100, 300)
        z = np.sort(transformer.logits(self.c, self.W, dict(ids=self.ids, decoder_ids=self.decoder_ids)), axis=1)
        self.W["decoder.layers.1.ffn_norm.weight"] *= MARGIN / (z[:, -1] - z[:, -2]).min()
        return self.c, {n: w.astype(np.float32).astype(np.float64) for n, w in self.W.items()}


def prove(c, W, task, texts):
    """Greedy and beam search say what they must; the smallest margin of a logit, and of the best beam over the next."""
    margin = lead = np.inf
    for text in texts:
        n, memory = len(text), transformer.encode(c, W, [*text, EOS])
        want = [[*text, EOS][task(n, t)] for t in range(n + 1)]
        said, least = search.greedy(lambda ids: transformer.decode(c, W, memory, ids)[-1], BOS, {EOS}, LONGEST + 1)
        beams = search.beam(lambda ids: transformer.decode(c, W, memory, ids)[-1], BOS, {EOS}, 3, LONGEST + 1)
        if said != want or beams[0][0] != want:
            raise SystemExit(f"{text}: greedy says {said}, beams {beams}, not {want}")
        margin, lead = min(margin, least), min(lead, beams[0][1] - beams[1][1])
    return margin, lead


def padded(texts):
    return np.array([[*text, *[PAD] * (LONGEST + 1 - len(text))] for text in texts], dtype=np.int32)


def main(name, folder, table="interleaved"):
    task, rng = TASKS[name], np.random.Generator(np.random.PCG64(17))
    c, W = Builder(task, table).build()
    texts = [rng.integers(3, V, n % (LONGEST + 1)).tolist() for n in range(50)]
    margin, lead = prove(c, W, task, texts)
    sources = [[*text, EOS] for text in texts]
    outputs = [[source[task(len(source) - 1, t)] for t in range(len(source))] for source in sources]
    ids, decoder_ids = np.array(sources[20], dtype=np.int32), np.array([BOS, *outputs[20][:-1]], dtype=np.int32)
    common.write_model(folder, c, W)
    golden = dict(texts=padded(sources), outputs=padded(outputs), ids=ids, decoder_ids=decoder_ids)
    golden["logits"] = transformer.logits(c, W, golden)
    common.write(os.path.join(folder, "golden.safetensors"), golden)
    print(f"{folder}: {name}, {table}: {len(texts)} texts as they must be, by greedy (logits win by {margin:.3g}) and beams (scores by {lead:.3g})")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in TASKS:
        sys.exit(__doc__)
    main(*sys.argv[1:])
