#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ONNX's node tests, judged: what the ops of ours can express becomes vectors, and ONNX's stated outputs are held to our bounds.

usage: onnx_cases.py ASSAY [DIR]     the vectors are kept in DIR, if it is given
Needs the PyPI package onnx (pip install onnx numpy), which brings its tests as code that makes them.  On demand, in no test;
docs/vectors.md has the counts of the last run.
exit 0: all stated outputs that can be judged are right, and so are our kernels; 1: not; 77: no onnx"""
import collections
import os
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper
    from onnx.backend.test.case.node import collect_testcases
    from onnx.reference import ReferenceEvaluator
except ImportError as e:
    print(f"onnx_cases.py: {e}: not judged (pip install onnx numpy)", file=sys.stderr)
    sys.exit(77)
import onnx_codes
import onnx_ops
import onnx_patches
import onnx_pick
import onnx_sequence
from onnx_ops import Left, Node, spoiled
from vector import write

OPS = {**onnx_ops.OPS, **onnx_codes.OPS, **onnx_patches.OPS, **onnx_pick.OPS, **onnx_sequence.OPS}


class Seen(list):
    """Outputs, which remember of which of them something was asked."""

    def __init__(self, a):
        super().__init__(a)
        self.unseen = {i for i, x in enumerate(a) if x is not None}

    def __getitem__(self, i):
        self.unseen.discard(i)
        return super().__getitem__(i)

    def __iter__(self):
        self.unseen.clear()
        return super().__iter__()


class Graph:
    """An attribute that is a graph of one input: a function."""

    def __init__(self, graph):
        self.ops = [n.op_type for n in graph.node]
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        self.run, self.name = ReferenceEvaluator(model), graph.input[0].name

    def __call__(self, x):
        return self.run.run(None, {self.name: x})[0]


def value(a):
    """An attribute: strings as text, graphs as functions."""
    v = helper.get_attribute_value(a)
    return v.decode() if isinstance(v, bytes) else Graph(v) if isinstance(v, onnx.GraphProto) else v


def array(a):
    return numpy_helper.to_array(a) if isinstance(a, onnx.TensorProto) else a


def node_of(test):
    graph = test.model.graph
    (node,) = graph.node
    inputs, outputs = test.data_sets[0]
    named = dict(zip([i.name for i in graph.input], inputs)) | dict(zip([o.name for o in graph.output], outputs))
    x, y = [[array(named[name]) if name else None for name in names] for names in (node.input, node.output)]
    return Node(node.op_type, {a.name: value(a) for a in node.attribute}, x, Seen(y))


class Tally:
    """Of one ONNX op: tests, those that are judged, wholly or in part, and those whose outputs are wrong."""

    def __init__(self):
        self.tests = self.judged = self.part = self.wrong = 0


class Session:
    def __init__(self, assay, folder):
        self.assay, self.folder, self.paths, self.contracts, self.spoiled, self.unnoticed = assay, folder, [], 0, 0, 0
        self.ops, self.left = collections.defaultdict(Tally), collections.defaultdict(collections.Counter)

    def verify(self, path):
        """What is wrong with the answer of a file, or nothing."""
        r = subprocess.run([self.assay, "vectors", "verify", path], capture_output=True, text=True)
        said = (r.stdout + r.stderr).replace(path + ": ", "").splitlines()
        return next((l.strip() for l in said if "FAIL" in l), "") or (f"exit {r.returncode}" if r.returncode else "")

    def convert(self, test, node):
        """Paths of the test's vectors."""
        for i, (meta, tensors) in enumerate(OPS[node.op](node)):
            path = os.path.join(self.folder, f"{test.name}-{i}.safetensors")
            write(path, meta, tensors)
            self.contracts += i == 0 and "contract" in meta
            yield path
            for name, other in spoiled(meta, tensors):
                write(path + ".spoiled", meta, other)
                self.spoiled += 1
                if not self.verify(path + ".spoiled"):
                    self.unnoticed += 1
                    print(f"  {test.name}: {name} may be spoiled")
                os.remove(path + ".spoiled")

    def judge(self, test):
        kind = test.model.graph.node[0].op_type if len(test.model.graph.node) == 1 else "graphs of several"
        if kind not in OPS:
            self.left["no op of ours"][kind] += 1
            return
        tally, node = self.ops[kind], node_of(test)
        tally.tests += 1
        try:
            paths = list(self.convert(test, node))
        except Left as reason:
            self.left[str(reason)][kind] += 1
            return
        self.paths += paths
        tally.judged += 1
        tally.part += bool(node.y.unseen)
        wrong = [s for s in map(self.verify, paths) if s]
        tally.wrong += bool(wrong)
        print("".join(f"  {test.name}: {s}\n" for s in wrong), end="")

    def report(self):
        print(f"{'op':26} {'tests':>6} {'judged':>6} {'in part':>7} {'wrong':>6}")
        for kind, t in sorted(self.ops.items()):
            print(f"{kind:26} {t.tests:6} {t.judged:6} {t.part or '':7} {t.wrong or '':6}")
        total = [sum(getattr(t, f) for t in self.ops.values()) for f in ("tests", "judged", "part", "wrong")]
        print(f"{'all':26} {total[0]:6} {total[1]:6} {total[2]:7} {total[3]:6}   ({self.contracts} under a contract)")
        for reason, kinds in sorted(self.left.items(), key=lambda r: -sum(r[1].values())):
            print(f"left out, {sum(kinds.values())}: {reason}: " + ", ".join(f"{k} {n}" for k, n in kinds.most_common()))
        print(f"outputs with one number changed: {self.spoiled}, not noticed {self.unnoticed}")
        return total[3] + self.unnoticed


def run(assay, folder):
    session, tests = Session(assay, folder), collect_testcases(None)
    own = [t for t in tests if "_expanded" not in t.name]
    print(f"onnx {onnx.__version__}: {len(tests)} node tests; {len(tests) - len(own)} of them have the data of another, and its function's body")
    for test in own:
        session.judge(test)
    wrong = session.report()
    kernels = subprocess.run([assay, "vectors", "check", *session.paths], capture_output=True, text=True)
    print("\n".join(kernels.stdout.splitlines()[-1:]))
    return 1 if wrong or kernels.returncode else 0


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: onnx_cases.py ASSAY [DIR]")
    warnings.simplefilter("ignore")
    if len(sys.argv) > 2:
        os.makedirs(sys.argv[2], exist_ok=True)
        return run(*sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        return run(sys.argv[1], folder)


if __name__ == "__main__":
    sys.exit(main())
