# SPDX-License-Identifier: MIT
"""models.py ASSAY: what a model file says is done or refused by its name: tiny files and their logits in float64 (tiny.py)."""
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "models")]
import common  # noqa: E402
import llama  # noqa: E402
import search  # noqa: E402
import tiny  # noqa: E402

LETTER, S = tiny.LETTER, tiny.mapped(" ")

assay = os.path.abspath(sys.argv[1])
IDS = [104, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100, 33]
bad = 0


def run(*args, text=None, room=None):
    """room: MB of address space."""
    limit = (lambda: resource.setrlimit(resource.RLIMIT_AS, (room << 20, room << 20))) if room else None
    return subprocess.run([assay, *args], input=text, capture_output=True, timeout=120, preexec_fn=limit)


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
    r = a + "rope.scaling."
    divisors = np.array([1, 1.5, 3, 8], np.float32)  # of a width of 8
    factors = lambda d: (lambda w: w.update({"rope_freqs.weight": np.asarray(d, np.float32)}))
    kind = {r + "type": "yarn", r + "factor": 8.0, r + "original_context_length": 1024}
    for impl in "oracle", "scalar", "best":
        model("yarn", dict(scaling=dict(s=8.0, original=1024)), impl, keys=kind, base=100.0)
        model("rope_freqs", dict(divisor=divisors), impl, change=factors(divisors))
    model("yarn with other turns", dict(scaling=dict(s=8.0, original=1024, fast=100.0, slow=4.0)), base=100.0,
          keys={**kind, r + "yarn_beta_fast": 100.0, r + "yarn_beta_slow": 4.0, r + "yarn_ext_factor": 1.0})
    model("yarn of the context that the file promises", dict(scaling=dict(s=4.0, original=128)), base=10.0,
          keys={r + "type": "yarn", r + "factor": 4.0, r + "finetuned": True})
    model("yarn with a factor, a scale and divisors", dict(scaling=dict(s=8.0, original=1024), m=1.2, scale=0.5, divisor=divisors), base=100.0,
          keys={**kind, r + "attn_factor": 1.2, a + "attention.scale": 0.5}, change=factors(divisors))
    model("a factor of cosine and sine alone", dict(m=1.2), keys={r + "attn_factor": 1.2})
    for impl in "oracle", "scalar", "best":
        model("a factor, and elements that are not rotated", dict(m=1.2, rotary=4), impl, keys={r + "attn_factor": 1.2, a + "rope.dimension_count": 4})
    model("linear, and divisors", dict(stretch=4.0, divisor=divisors), keys={r + "factor": 4.0}, change=factors(divisors))
    refused("longrope", "rope scaling of type 'longrope' is not known; none, linear and yarn are", keys={r + "type": "longrope"})
    refused("a factor below 1", "rope scaling linear: factor is 0.5", keys={r + "factor": 0.5})
    refused("yarn in a short context", "an original context length of 3 does not go with base 10", base=10.0, keys={**kind, r + "original_context_length": 3})
    refused("half a mixture", "yarn_ext_factor' is 0.5: with rope scaling of type yarn only 1 is known", keys={**kind, r + "yarn_ext_factor": 0.5})
    refused("a mixture without yarn", "with rope scaling of type linear only 0 is known", keys={r + "yarn_ext_factor": 1.0})
    refused("divisors of another length", "tensor 'rope_freqs.weight' is of rank 1 and 2 x 1", change=factors([1, 2]))
    refused("a divisor of 0", "divisor 1 of 4 is 0", change=factors([1, 0, 1, 1]))
    refused("two factors", "which is it", keys={a + "rope.scaling.factor": 2.0, a + "rope.scale_linear": 4.0})
    refused("values of another length", "values of 16 elements", keys={a + "attention.value_length": 16})
    for key, x, said in ((a + "rope.scaling.yarn_log_multiplier", 0.1, "is 0.100000001: rotated values are multiplied"), (a + "logit_scale", 0.5, "is 0.5"),
                         (a + "attention.clamp_kqv", 8.0, "clamped"), (a + "final_logit_softcapping", 30.0, "capped"), (a + "expert_shared_count", 8, "experts"),
                         (a + "attention.causal", False, "later keys"), (a + "residual_scale", float("nan"), "is nan"),
                         (a + "swiglu_clamp", 7.0, "not understood"), (a + "rope.dimension_sections", [1, 2], "not understood"),
                         ("tokenizer.ggml.add_space_prefix", True, "a blank in front"), ("tokenizer.ggml.suppress_tokens", [5], "has 1 items"),
                         ("tokenizer.ggml.add_sep_token", True, "separator"), ("tokenizer.ggml.normalizer.lowercase", True, "lower case"),
                         ("tokenizer.ggml.normalizer.strip_accents", True, "accents"), ("tokenizer.ggml.mood", "good", "not understood")):
        refused(key, f"'{key}'", keys={key: x})
        refused(key, said, keys={key: x})
    refused("a tokenizer's key", "'tokenizer.ggml.remove_extra_whitespaces' is 1", ("tokenize", "x"), keys={"tokenizer.ggml.remove_extra_whitespaces": True})


def files():
    shard = lambda no, all=21, count=2: {"split.no": no, "split.count": count, "split.tensors.count": all}
    second = {"tokenizer.ggml.model": None, "general.architecture": None}
    refused("a shard by another name", "one of 2 parts of a model, whose name does not end with -00001-of-00002.gguf", keys=shard(0), tensors=lambda n: n[:12])
    refused("text, by the second shard", "shard 2 of 2", ("tokenize", "x"), keys={**shard(1), "tokenizer.ggml.model": None})
    whole = tiny.write("s-00001-of-00002.gguf", keys=shard(0), tensors=lambda n: n[:12])
    lone = "run", "s-00001-of-00002.gguf", "--ids", "1", "-n", "1"
    expect("a shard without the other", run(*lone), 2, "s-00002-of-00002.gguf: No such file")
    tiny.write("s-00002-of-00002.gguf", keys={**shard(1), **second}, tensors=lambda n: n[12:])
    for name in "s-00001-of-00002.gguf", "s-00002-of-00002.gguf":
        expect(name, run("run", name, "--ids", ",".join(map(str, IDS)), "-n", "0", "--impl", "oracle", "--logits", "l.safetensors"), 0)
        if np.abs(read_logits("l.safetensors") - tiny.logits(whole, IDS)).max() > 1e-4:
            fail(f"{name}: logits off")
    for what, said, changed in (("a shard that says another number", "says it is part 1 of 2; its name says 2 of 2", shard(0)),
                                ("shards of too few tensors", "hold 21 tensors, not 22", shard(1, 22)), ("a shard of another model", "says it is part 2 of 3", shard(1, 21, 3))):
        tiny.write("s-00002-of-00002.gguf", keys={**changed, **second}, tensors=lambda n: n[12:])
        expect(what, run(*lone), 2, said)
    tiny.write("s-00002-of-00002.gguf", keys={**shard(1), **second}, tensors=lambda n: n[11:])
    expect("a tensor in two shards", run(*lone), 2, "22 tensors, not 21")
    for name in "s-00001-of-00002.gguf", "s-00002-of-00002.gguf":
        os.remove(name)
    refused("an adapter", "an adapter (LoRA)", keys={"general.type": "adapter", "adapter.type": "lora", "tokenizer.ggml.model": None})
    refused("a projector", "general.type is 'mmproj'", keys={"general.type": "mmproj"})


def ids(what, want, text, *flags, said="", **changes):
    """The ids of a text, and what is said beside them on stderr."""
    tiny.write("m.gguf", layers=1, **changes)
    p = run("tokenize", *flags, "m.gguf", text=text if isinstance(text, bytes) else text.encode())
    got = [int(i) for i in p.stdout.split()]
    if p.returncode or got != want or (said not in p.stderr.decode() if said else p.stderr):
        fail(f"{what}: exit {p.returncode}, ids {got}, not {want}; {p.stderr.decode()}")


def texts():
    special = [("<|bos|>", tiny.CONTROL), ("<|eot_id|>", tiny.CONTROL), ("<|user|>", tiny.USER), ("<unk>", tiny.UNKNOWN)]  # 257 .. 260
    bos, eos = {"tokenizer.ggml.bos_token_id": 257}, {"tokenizer.ggml.eos_token_id": 258}
    add = lambda what, yes: {f"tokenizer.ggml.add_{what}_token": yes}
    ids("nothing around", [97, 98], "ab", extra=special, keys={**bos, **eos})
    ids("both around", [257, 97, 98, 258], "ab", extra=special, keys={**bos, **eos, **add("bos", True), **add("eos", True)})
    ids("llama-bpe begins with bos", [257, 97], "a", extra=special, pre="llama-bpe", keys=bos)
    ids("unless told not to", [97], "a", extra=special, pre="llama-bpe", keys={**bos, **add("bos", False)})
    ids("llama-bpe without bos", [97], "a", said="does not name", extra=special, pre="llama-bpe")
    ids("bos twice", [257, 257, 97], "<|bos|>a", "-s", said="twice", extra=special, keys={**bos, **add("bos", True)})
    ids("empty, with bos", [257], "", extra=special, keys={**bos, **add("bos", True)})
    ids("plain control text", [ord(c) for c in "<|bos|>"], "<|bos|>", extra=special)
    ids("a user-defined token", [97, 259], "a<|user|>", extra=special)
    ids("an end token of user type", [ord(c) for c in "<|eot_id|>"], "<|eot_id|>", extra=[("<|eot_id|>", tiny.USER)])
    ids("and if asked", [257], "<|eot_id|>", "-s", extra=[("<|eot_id|>", tiny.USER)])
    t = "tokenizer.ggml."
    token = lambda *w: {t + "model": "bert", t + "tokens": list(w), t + "token_type": [3] * 3 + [1] * (len(w) - 3)}
    words = token("[UNK]", "[CLS]", "[SEP]", "\u2581a", "b", "\u2581ab", "\u2581,")
    ids("words", [1, 5, 6, 3, 2], "\u00c1b, a\n", keys=words)
    ids("a word that is unknown", [1, 0, 5, 2], "abc ab", keys=words)
    ids("words, cased", [1, 0, 3, 2], "A a", keys={**words, t + "normalizer.lowercase": False})
    ids("words, cased, without accents", [1, 3, 0, 2], "\u00e1 A", keys={**words, t + "normalizer.lowercase": False, t + "normalizer.strip_accents": True})
    ids("words by keys", [4, 3, 6], "a", keys={**words, t + "cls_token_id": 4, t + "bos_token_id": 5, t + "seperator_token_id": 6, t + "eos_token_id": 5})
    ids("words by other keys", [4, 3, 5], "a", keys={**words, t + "bos_token_id": 4, t + "separator_token_id": 5, t + "unknown_token_id": 3})
    ids("words with nothing around", [3], "a", keys={**words, **add("bos", False), **add("eos", False), **add("sep", True), t + "token_type_count": 2})
    refused("words without an unknown token", "no unknown token, [UNK], is named", ("tokenize", "x"), keys=token("[CLS]", "[SEP]", "[PAD]", "\u2581a"))
    refused("bos asked for, not named", "add_bos_token without bos_token_id", ("tokenize", "x"), keys=add("bos", True))
    refused("eos asked for, not named", "add_eos_token without eos_token_id", ("tokenize", "x"), keys=add("eos", True))

    lacks = {LETTER[0x1d]: tiny.CONTROL, LETTER[0xc3]: tiny.CONTROL}  # bytes whose own tokens are none for text
    for keys in {}, {"tokenizer.ggml.unknown_token_id": 0}:
        ids("a byte without a token", [97, 98], b"a\x1db", said="1 byte of the text has no token and was left out (the first is 0x1d)", extra=lacks.items(), keys=keys)
    ids("more of them", [0xa9], "\x1d\u00e9\x1d", said="3 bytes of the text have no token", extra=lacks.items())

    e = [f"{'=' * (1 << i)} {'=' * (1 << i)}" for i in range(11)]  # up to a token of 2048 characters
    ids("a merge of 2049 bytes", [266, 61], "=" * 2049, merges=e)
    ids("merges that name later tokens", [256, 32, 120], "    x", merges=[f"{S} {S * 2}", f"{S} {S}", f"{S * 2} {S}"])
    ids("a user-defined result", [256, 99], "abc", merges=["a b"], extra=[("ab", tiny.USER)])
    ids("cut out before merges", [256, 99], "abc", merges=["a b", "ab c"], extra=[("ab", tiny.USER)])
    ids("but not in mapped characters", [257], " ab", merges=[f"{S} a", f"{S}a b"], extra=[(f"{S}a", tiny.USER)])
    ids("a result that is not written in mapped characters", [256], " a", merges=[f"{S} a"],
        keys={"tokenizer.ggml.tokens": [*map(LETTER.get, range(256)), " a"], "tokenizer.ggml.token_type": [1] * 256 + [tiny.USER]})
    ids("an unused result", [256], "ab", merges=["a b"], extra=[("ab", tiny.UNUSED)])
    for kind, name in (tiny.CONTROL, "control"), (tiny.UNKNOWN, "unknown"):
        refused(f"a merge to a token of type {name}", f"merge 0, 'a b', would turn text into token 256, which is of type {name}", ("tokenize", "x"),
                merges=["a b"], extra=[("ab", kind)])
    refused("a merge without a token", "merge 1, 'b c': the whole is no token", ("tokenize", "x"), merges=["a b", "b c"],
            keys={"tokenizer.ggml.tokens": [*map(LETTER.get, range(256)), "ab"], "tokenizer.ggml.token_type": [1] * 257})
    refused("no merge", "'abc', is not two tokens with a blank between", ("tokenize", "x"), keys={"tokenizer.ggml.merges": ["a b", "abc"]},
            merges=["a b"])
    tiny.write("m.gguf", extra=[("<0x41>", tiny.BYTE)])
    expect("a byte token's text", run("tokenize", "m.gguf", "-d", "257"), 0, "A")


def ends():
    """The first id is made by far the most likely; a run ends there, or goes on."""
    def favour(i):
        def change(w):
            w["output.weight"][:] *= 1e-3
            w["output_norm.weight"][:] = 0  # all logits are 0 but one, whatever the text
            w["output_norm.weight"][0] = 1
            w["output.weight"][:, 0] = 0
            w["token_embd.weight"][:, 0] = 50
            w["output.weight"][i, 0] = 1
        return change

    def made(what, n, token=("<|x|>", tiny.CONTROL), keys=None, flags=(), more=(), pick=257):
        tiny.write("m.gguf", change=favour(pick), extra=[token, *more], keys=keys)
        expect(what, run("run", "m.gguf", "--ids", "104,101", "-n", "5", "--json", "e.json", *flags), 0)
        got = json.load(open("e.json"))["ids"]
        if got != [pick] * n:
            fail(f"{what}: ids {got}, not {n} times {pick}")

    made("a control token", 5)
    for role in "eos", "eot", "eom", "fim_pad", "fim_rep", "fim_sep":
        made(role, 1, keys={f"tokenizer.ggml.{role}_token_id": 257})
    made("eos, ignored", 5, keys={"tokenizer.ggml.eos_token_id": 257}, flags=["--ignore-eos"])
    for text in "<|eot_id|>", "<|im_end|>", "<|endoftext|>", "<|eom_id|>", "</s>", "<|end|>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "<|fim_pad|>":
        for kind in tiny.CONTROL, tiny.USER, tiny.NORMAL:
            made(f"{text} of type {kind}", 1, (text, kind), keys={"tokenizer.ggml.eos_token_id": 65})
    made("a role that another token has", 5, ("<|fim_pad|>", tiny.CONTROL), keys={"tokenizer.ggml.fim_pad_token_id": 65})
    made("<|end|> beside <|return|> and <|call|>", 5, ("<|end|>", tiny.CONTROL), more=[("<|return|>", tiny.CONTROL), ("<|call|>", tiny.CONTROL)])


def numbers():
    """Logits that are no numbers: said once, exit 1, in the JSON too."""
    def poison(name, at, x):
        def change(w):
            w[name][at] = x
        return change

    for what, change, step, first in (("a NaN in every answer", poison("blk.0.ffn_down.weight", (3, 5), np.nan), 0, 0),
                                      ("an infinite row of the head", poison("output.weight", (70, 2), np.inf), 0, 70),
                                      ("a NaN that one token brings", poison("token_embd.weight", (101, 0), np.nan), 0, 0)):
        for impl in "best", "scalar", "oracle":
            tiny.write("m.gguf", change=change)
            p = run("run", "m.gguf", "--ids", "104,101", "-n", "4", "--json", "n.json", "--impl", impl)
            expect(f"{what}, {impl}", p, 1, f"assay run: the logits of step {step} (position 1) are not finite: ")
            n = json.load(open("n.json"), parse_constant=lambda x: fail(f"{what}: {x} in JSON"))
            if n["ids"] or n["not_finite"]["step"] != step or n["not_finite"]["first_id"] != first or p.stderr.count(b"finite") != 1:
                fail(f"{what}: {n['ids']}, {n['not_finite']}, {p.stderr}")
    tiny.write("m.gguf", change=poison("token_embd.weight", (101, 0), np.nan))
    expect("no step, one row", run("run", "m.gguf", "--ids", "104,101,104", "-n", "0", "--logits", "l.safetensors"), 1, "position 1")
    expect("finite before it", run("run", "m.gguf", "--ids", "104,104", "-n", "1"), 0)


def places():
    """Whatever the path leads to, and whatever happens to the file: a sentence, not a signal."""
    os.mkfifo("fifo")
    open("empty", "w").close()
    os.mkdir("bare")
    expect("a folder without a model", run("run", "bare", "-p", "x"), 2, "here are none of the former and 0 of the latter")
    expect("a folder's vocabulary", run("tokenize", "bare", "x"), 2, "not a regular file but a folder")
    for path, said in (("fifo", "but a FIFO"), ("/dev/zero", "but a device"), ("empty", "0 bytes"),
                       ("none/m.gguf", "No such file"), ("m.gguf/x", "Not a directory")):
        for command in ("run", "-p", "x"), ("tokenize", "x"):
            expect(f"{command[0]} {path}", run(command[0], path, *command[1:]), 2, said)
    if os.geteuid():
        os.chmod("empty", 0)
        expect("no permission", run("run", "empty", "-p", "x"), 2, "Permission denied")
    for what, after, rc, said in (("cut off", lambda: os.truncate("m.gguf", 4096), 2, "assay: m.gguf: the file became shorter while it was read"),
                                  ("deleted", lambda: os.remove("m.gguf"), -15, "")):
        tiny.write("m.gguf", keys={"llama.context_length": 1 << 20}, change=lambda w: w["output.weight"].fill(0))
        p = subprocess.Popen([assay, "run", "m.gguf", "--ids", "1", "-n", "20000", "--impl", "oracle", "--ignore-eos"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        p.stdout.read(8)  # it runs
        after()
        if rc == 2:
            out = p.communicate(timeout=60)[1].decode()
        else:  # goes on
            p.stdout.read(8)
            p.terminate()
            out = p.communicate(timeout=60)[1].decode()
        if p.returncode != rc or said not in out:
            fail(f"{what}: exit {p.returncode}: {out}")


def drafts():
    """A draft of other weights and fewer layers changes no greedy text; one whose tokens are others, or whose logits are no numbers, is refused."""
    args = "run", "m.gguf", "--ids", "104,101", "--ignore-eos", "--impl", "scalar", "--json", "j.json", "-n"
    ids = lambda *more: expect("a draft", run(*args, *more), 0) or json.load(open("j.json"))["ids"]
    tiny.write("m.gguf")
    for i in range(4):
        tiny.write("d.gguf", seed=7 + i, layers=1 + i % 2, heads=2, ffn=16)
        if ids("40", "--draft", "d.gguf", "--draft-tokens", str(1 + i)) != ids("40"):
            fail(f"draft {i} changes a greedy text")
    for what, said, changes in (("more tokens", "d.gguf: a vocabulary of 258, not the model's of 257", dict(merges=("h e", "l l"))),
                                ("another token", "d.gguf: its token 256 is not the model's", dict(merges=("e l",))),
                                ("a token of another kind", "its token 256 is not", dict(extra=[("he", tiny.USER)])),
                                ("no number", "the draft: no token can be picked", dict(change=lambda w: w["output.weight"].fill(np.nan)))):
        tiny.write("d.gguf", **changes)
        expect(what, run(*args, "3", "--draft", "d.gguf"), 2, said)
    tiny.write("d.gguf")
    tiny.write("m.gguf", change=lambda w: w["output.weight"].fill(np.nan))
    for n in "1", "3":
        expect("a model of no numbers", run(*args, n, "--draft", "d.gguf"), 1, "(position 1) are not finite: 257 of 257")


def room():
    """A table whose decoded copy does not fit is decoded as it goes; what cannot fit at all is refused with its numbers."""
    if b"fsanitize" in run("--version").stdout:
        return print("room: sanitizers need address space without limit: not tried")
    big = dict(rows=65536, d=1024, layers=1, ffn=32, keys={"llama.context_length": 1 << 30})  # 128 MB; as floats 256 MB
    m = tiny.write("m.gguf", **big)
    args = "run", "m.gguf", "--ids", ",".join(map(str, IDS)), "-n", "0", "--logits", "l.safetensors"
    got = []
    for impl, most in ("scalar", None), ("scalar", 420), ("oracle", 420):
        expect(f"a large table, {impl}, {most} MB", run(*args, "--impl", impl, room=most), 0)
        got.append(read_logits("l.safetensors"))
        error = np.abs(got[-1][:, :257] - tiny.logits(m, IDS)).max()
        if not error < 1e-3 or got[-1][:, 257:].any():
            fail(f"a large table, {impl}, {most} MB: off by {error:.2e}")
    if (got[0] != got[1]).any():
        fail("a large table has other logits when it is decoded as it goes")
    expect("a long run", run("run", "m.gguf", "--ids", "1", "-n", "3000000", room=420), 2, "a run of this length needs 0.3")
    expect("all logits", run(*args[:4], "-n", "2000", *args[6:], room=420), 2, "every position's logits needs 0.4")
    expect("a long run, decoded", run(*args[:4], "-n", "1", "--impl", "oracle,matmul=scalar", room=300), 0)


def chats():
    """A user's turn as the model's chat template writes it; a template that is not known is refused."""
    begin = "{% for message in messages %}"
    default = "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe kind<|im_end|>\n' }}{% endif %}"
    turn = "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    answer = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    marks = [("<|im_start|>", tiny.CONTROL), ("<|im_end|>", tiny.CONTROL), ("<s>", tiny.CONTROL)]  # 257 ..

    def written(what, want, template, *flags, extra=marks, keys=None):
        tiny.write("m.gguf", layers=1, extra=extra, keys={"tokenizer.chat_template": template, **(keys or {})})
        p = run("tokenize", "m.gguf", *flags)
        got = [int(i) for i in p.stdout.split()]
        bytes_ = [x for part in want for x in (part.encode() if isinstance(part, str) else [part])]
        if p.returncode or got != bytes_:
            fail(f"{what}: exit {p.returncode}, ids {got}, not {bytes_}; {p.stderr.decode()}")

    end = lambda text: [257, f"user\n{text}", 258, "\n", 257, "assistant\n"]
    written("ChatML", end("hi"), begin + turn + answer, "-c", "hi")
    written("with the template's system", [257, "system\nBe kind", 258, "\n", *end("hi")], begin + default + turn + answer, "-c", "hi")
    written("line ends as Jinja writes them", [257, "system\nBe kind", 258, "\n", *end("hi")], (begin + default + turn + answer).replace("\n", "\\n"), "-c", "hi")
    written("control text in it is text", end("a<|im_end|>\n b "), begin + turn + answer, "-c", "a<|im_end|>\n b ")
    written("begun with bos", [259, *end("")], begin + turn + answer, "-c", "", keys={"tokenizer.ggml.bos_token_id": 259, "tokenizer.ggml.add_bos_token": True})
    for what, said, template, extra in (("a template that is not known", "chat_template is not known", begin + turn, marks),
                                        ("no template", "'tokenizer.chat_template' is missing", None, marks),
                                        ("a template without its tokens", "no token is <|im_end|>", begin + turn + answer, marks[:1])):
        tiny.write("m.gguf", layers=1, extra=extra, keys={"tokenizer.chat_template": template})
        expect(what, run("tokenize", "m.gguf", "-c", "hi"), 2, said)
    tiny.write("m.gguf", extra=marks, keys={"tokenizer.chat_template": begin + default + turn + answer})
    run_ = lambda *flags: run("run", "m.gguf", "-n", "1", "--impl", "oracle", *flags)
    p = run_("-p", "hi", "--chat", "--system", "x", "--json", "j.json")
    expect("run", p, 0)
    want = [257, *b"system\nx", 258, *b"\n", 257, *b"user\nhi", 258, *b"\n", 257, *b"assistant\n"]
    if json.load(open("j.json"))["prompt_ids"] != want:
        fail(f"run: a prompt of {json.load(open('j.json'))['prompt_ids']}, not {want}")
    expect("a system without a chat", run_("-p", "hi", "--system", "x"), 2, "is of --chat")
    expect("a chat of ids", run_("--ids", "1", "--chat"), 2, "it goes with -p TEXT")


def folders():
    """A folder of config.json and model.safetensors: its ids as text where it has no tokenizer, beam search, and its chat template."""
    c = {**llama.small(0), "vocab_size": 300}
    W = common.seeded(llama.shapes(c), 0)
    common.write_model("f", c, W)
    narrow = {k: float(common.narrow(x)) if isinstance(x, float) else x for k, x in c.items()}
    step, said = lambda ids: llama.logits(narrow, W, np.array([5, 6, *ids]))[-1], lambda ids: " ".join(map(str, ids))
    text = search.greedy(step, 7, (), 12)[0]
    for impl in "best", "oracle":
        p = run("run", "f", "--ids", "5,6,7", "-n", "12", "--impl", impl, "--repeat", "2", "--json", "f.json")
        expect(f"a folder, {impl}", p, 0)
        if not p.stdout.decode().startswith(said(text) + "\n") or json.load(open("f.json"))["text"]:
            fail(f"a folder, {impl}: {p.stdout.decode()[:80]}, not {said(text)}")
    expect("a text without a tokenizer", run("run", "f", "-p", "x"), 2, "give ids (--ids) in place of text")

    for K, n in (1, 6), (3, 5), (8, 4):
        p = run("run", "f", "--ids", "5,6,7", "-n", str(n), "--beams", str(K), "--impl", "oracle")
        expect(f"{K} beams", p, 0, f"beam search: {K} beam")
        best = search.beam(step, 7, (), K, n)[0][0]
        if not p.stdout.decode().startswith(said(best) + "\n"):
            fail(f"{K} beams of a folder: {p.stdout.decode()[:80]}, not {said(best)}")
    expect("diverse beams", run("run", "f", "--ids", "5", "-n", "4", "--beams", "4", "--beam-groups", "2", "--diverse", "1", "--length-penalty", "2"), 0,
           "2 groups that differ by 1, 4 steps, length penalty 2")

    tokens = {LETTER[b]: b for b in range(256)}
    marks = [{"id": 256 + i, "content": t, "special": True} for i, t in enumerate(("<|im_start|>", "<|im_end|>"))]
    with open("f/tokenizer.json", "w", encoding="utf-8") as f:
        json.dump({"added_tokens": marks, "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
                   "post_processor": None, "model": {"type": "BPE", "vocab": tokens, "merges": []}}, f)
    turn = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    template = turn + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    want = [256, *b"user\nhi", 257, *b"\n", 256, *b"assistant\n"]

    def chat(what, rc, text, **written):
        for name in "tokenizer_config.json", "chat_template.jinja":
            if os.path.exists("f/" + name):
                os.remove("f/" + name)
        for name, content in written.items():
            with open({"config": "f/tokenizer_config.json", "jinja": "f/chat_template.jinja"}[name], "w", encoding="utf-8") as f:
                f.write(content)
        for command in ("run", "f", "--chat", "-p", "hi", "-n", "1", "--json", "f.json"), ("tokenize", "f/tokenizer.json", "-c", "hi"):
            p = run(*command)
            expect(f"{what}, {command[0]}", p, rc, text)
            got = p.returncode or (json.load(open("f.json"))["prompt_ids"] if command[0] == "run" else [int(i) for i in p.stdout.split()])
            if rc == 0 and got != want:
                fail(f"{what}, {command[0]}: {got}, not {want}")

    config = lambda t: json.dumps({"chat_template": t, "model_max_length": 9})
    chat("a text", 0, "", config=config(template))
    chat("a list", 0, "", config=config([{"name": "tool_use", "template": "{{ 1 }}"}, {"name": "default", "template": template}]))
    chat("a file of its own", 0, "", jinja=template)
    chat("which counts", 0, "", jinja=template, config=config("{{ 1 }}"))
    chat("another template", 2, "its chat_template is not known", config=config("{{ 1 }}"))
    chat("none", 2, "neither chat_template.jinja nor tokenizer_config.json there")
    chat("a file without one", 2, "it has no chat_template", config="{}")
    chat("a list without a default", 2, "a list with none named default", config=config([{"name": "rag", "template": template}]))
    chat("a number", 2, "its chat_template is neither a text nor a list", config=config(3))
    chat("no JSON", 2, "it is no JSON", config="{")


def pieces():
    """SentencePiece BPE as GGUF files have it."""
    b = "\u2581"
    tokens = {"<unk>": tiny.UNKNOWN, "<s>": tiny.CONTROL, "</s>": tiny.CONTROL, b: 1, "a": 1, "b": 1, f"{b}a": 1, "ab": 1, f"{b}ab": tiny.UNUSED, "<x>": tiny.USER}
    scores = [0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -2.0, -1.0, -3.0, 0.0]
    g = "tokenizer.ggml."

    def said(**more):
        return {g + "model": "llama", g + "pre": None, g + "merges": None, g + "tokens": list(tokens), g + "token_type": list(tokens.values()), g + "scores": scores,
                g + "bos_token_id": 1, g + "eos_token_id": 2, **{g + k: v for k, v in more.items()}}

    ids("a blank in front, begun with bos", [1, 6, 3, 5], "a b", keys=said())
    ids("without the blank", [1, 4, 3, 5], "a b", keys=said(add_space_prefix=False))
    ids("blanks count", [1, 3, 3, 6, 3], "  a ", keys=said(pre="default"))
    ids("unless they are taken away", [1, 6], "  a ", keys=said(remove_extra_whitespaces=True))
    ids("an unused piece is split again", [1, 3, 7], "ab", keys=said())
    ids("the higher score first", [7], "ab", keys=said(add_space_prefix=False, add_bos_token=False))
    ids("and eos", [1, 6, 2], "a", keys=said(add_eos_token=True))
    ids("unknown text is one", [1, 6, 0, 5], "a\u00e9zb", keys=said())
    ids("another unknown token", [1, 6, 1], "az", keys=said(unknown_token_id=1))
    ids("a user-defined token", [1, 3, 9, 4, 9], "<x>a<x>", keys=said())
    ids("control text", [1, 6, 2, 6], "a</s>a", "-s", keys=said())
    n = len(tokens)
    more = {g + "tokens": [*tokens, *(f"<0x{i:02X}>" for i in range(256))], g + "token_type": [*tokens.values(), *[tiny.BYTE] * 256], g + "scores": scores + [0.0] * 256}
    ids("bytes", [1, 6, n + 0xc3, n + 0xa9, 5], "a\u00e9b", keys={**said(), **more})
    expect("text", run("tokenize", "m.gguf", "-d", f"6,{n + 0xc3},{n + 0xa9},3,5"), 0, "a\u00e9 b")
    for what, key, x, text in (("no scores", "scores", None, "scores is absent"), ("scores of whole numbers", "scores", [1] * n, "scores is no array of 10 32-bit floats"),
                               ("too few scores", "scores", [0.5], "is no array of 10"), ("a score that is none", "scores", scores[:-1] + [float("nan")], "the score of token 9 is no number"),
                               ("a pre-tokenizer", "pre", "llama-bpe", "ggml.pre is 'llama-bpe'"), ("an unknown token beyond", "unknown_token_id", n, "unknown_token_id"),
                               ("a flag that is none", "add_space_prefix", 1, "add_space_prefix"), ("another model", "model", "plamo2", "llama (SentencePiece BPE)"),
                               ("rules", "precompiled_charsmap", [1.5], "precompiled_charsmap"), ("lower case", "normalizer.lowercase", True, "lower case")):
        refused(what, text, ("tokenize", "x"), keys=said(**{key: x}))


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in keys, files, texts, pieces, chats, folders, ends, numbers, places, drafts, room:
        part()
    os.chdir("/")
sys.exit(bad > 0)
