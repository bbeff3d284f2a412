# SPDX-License-Identifier: MIT
"""Greedy and beam search over any function from the ids so far to a row of logits (V), in float64."""
import numpy as np

FAR = -1e9


def log_softmax(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum())


def greedy(step, start, eos, room):
    """The ids after start, up to and with the first of eos, at most room; and the smallest distance of the best logit to the next."""
    ids, margin = [start], np.inf
    while len(ids) <= room and not (len(ids) > 1 and ids[-1] in eos):
        z = step(ids)
        second, first = np.sort(z)[-2:]
        margin = min(margin, first - second)
        ids.append(int(np.argmax(z)))
    return ids[1:], margin


def beam(step, start, eos, K, room, power=1.0, early=False, stop=5):
    """The K best [(ids after start, score)], the best first.  Scores are log-probabilities over (number of new ids, eos counted) ** power.
    early: True (stop once K are finished), False, "never" (go on while any length could win); stop: 5 or 4, which version of
    transformers says when no running beam can win any more.  Equal scores: the lower beam, then the lower id."""
    running = [([], 0.0 if b == 0 else FAR) for b in range(K)]
    finished, improve, n = [([], FAR, False)] * K, True, 0
    while n < room:
        scores = np.concatenate([score + log_softmax(step([start] + ids)) for ids, score in running])
        V, n = len(scores) // K, n + 1
        chosen = np.argsort(-scores, kind="stable")[: max(2, 1 + len(eos)) * K]
        found = [(running[i // V][0] + [int(i % V)], scores[i]) for i in chosen]
        hits = [ids[-1] in eos or n == room for ids, _ in found]
        masked = [score + FAR * hit for (_, score), hit in zip(found, hits)]
        running = [(found[i][0], masked[i]) for i in np.argsort(-np.array(masked), kind="stable")[:K]]
        closed = early is True and all(done for _, _, done in finished)
        new = [(ids, score / n**power + FAR * (closed or not improve), True) for (ids, score), hit in zip(found[:K], hits) if hit]
        finished = sorted(finished + new, key=lambda f: -f[1])[:K]
        length = room if early == "never" and power > 0 else n
        best = (running[0][1] if stop == 5 else found[0][1]) / length**power
        worst = min(score for _, score, _ in finished)
        full = all(done for _, _, done in finished)
        if stop == 5:
            improve = improve and any(best > (worst if done else FAR) for _, _, done in finished)
        else:
            improve = not (full and worst >= best)
        if not improve or early is True and full or all(hits):
            break
    return [(ids, float(score)) for ids, score, _ in finished]
