# SPDX-License-Identifier: MIT
"""known_cells.py: the steps of lstm.py and rnnsearch.py against the sheet's answers for single cells, the search against its table of
beams; exit 1 on a relative difference above 1e-12."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lstm  # noqa: E402
import rnnsearch  # noqa: E402
import search  # noqa: E402
from vit import F  # noqa: E402


def numbers(text):
    return np.array([float(n) for n in text.split()])


def gru_with_biases():
    """The sheet's reset-before cell is Cho's: two biases, and z keeps what is old.  sg(-a) = 1 - sg(a) turns z; a bias is an input of 1."""
    turn = np.array([1.0, 1, -1, -1, 1, 1])
    x = (F(4, 6, 3) @ F(1, 3) + F(6, 6) + F(7, 6)) * turn
    return rnnsearch.gru(x, F(2, 2), F(5, 6, 2) * turn[:, None])


def cells():
    """What, what is computed, what the sheet says."""
    h, c = lstm.cell(F(1, 3), F(2, 2), F(3, 2), F(4, 8, 3), F(5, 8, 2), F(6, 8), F(7, 8))
    yield "LSTM h", h, "-0.031500552635141 -0.00638726673829441"
    yield "LSTM c", c, "-0.0630846577264209 -0.026692295876818"
    yield "GRU, reset before", gru_with_biases(), "-0.15219691779916 -0.240581637368116"
    context = rnnsearch.attend(F(1, 2), F(2, 3, 4) @ F(4, 3, 4).T, F(2, 3, 4), F(3, 3, 2), F(5, 3))
    yield "attention", context, "-0.128755164047646 0.00281606238328659 0.246244835952354 -0.253755164047646"
    s = rnnsearch.gru(F(1, 6, 3) @ F(4, 3) + F(3, 6, 4) @ context, F(1, 2), F(2, 6, 2))
    yield "RNNsearch decoder", s, "-0.370071402900924 0.223627103354551"


TABLE = np.log([[0.6, 0.15, 0.1, 0.15], [0.2, 0.05, 0.1, 0.65], [0.15, 0.45, 0.05, 0.35], [0.45, 0.35, 0.05, 0.15]])
BEAMS = [(1, False, 5, "130 -0.759704245603 0 -0.7985076962178"), (1, True, 5, "0 -0.7985076962178 10 -1.329630018466"),
         (1, "never", 5, "13130 -0.75194355548 130 -0.759704245603"), (0, False, 5, "0 -0.7985076962178 130 -2.279112736809"),
         (0, True, 5, "0 -0.7985076962178 10 -2.659260036933"), (0, "never", 5, "0 -0.7985076962178 130 -2.279112736809"),
         (2, False, 5, "13130 -0.150388711096 13131 -0.1604412882272"), (2, True, 5, "10 -0.6648150092332 0 -0.7985076962178"),
         (2, "never", 5, "13130 -0.150388711096 13131 -0.1604412882272"), (1, False, 4, "13130 -0.75194355548 130 -0.759704245603")]


def beams():
    for power, early, stop, want in BEAMS:
        found = search.beam(lambda ids: TABLE[ids[-1]], 3, {0}, 2, 5, power, early, stop)
        got = " ".join(f"{''.join(map(str, ids))} {score!r}" for ids, score in found)
        yield f"beams, length penalty {power}, early {early}, stop {stop}", numbers(got), want


def main():
    bad = 0
    for what, got, want in [*cells(), *beams()]:
        want = numbers(want)
        off = np.max(np.abs(got - want) / np.maximum(np.abs(want), 1e-30)) if got.shape == want.shape else np.inf
        bad += not off <= 1e-12
        print(f"{what:50s} off by {off:.1e}{'' if off <= 1e-12 else '  WRONG'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
