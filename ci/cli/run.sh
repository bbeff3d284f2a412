#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# assay run and assay tokenize on a synthetic model: text, ids, JSON, logits, wrong use, hostile files, a full disk.
set -uo pipefail
bad=0
# shellcheck source=ci/cli/tiny
. "$(dirname "$0")/tiny" "$1"
same() { # WHAT A B
  [ "$2" = "$3" ] || { echo "$1: '$2', not '$3'"; bad=1; }
}

same ids "$("$assay" tokenize "$model" 'x<|im_end|>' --special)" '123 2'
same decode "$("$assay" tokenize "$model" --decode '123,104')" 'xe'
same bytes "$(printf 'a\0b\xff' | "$assay" tokenize "$model")" '100 3 101 258'
text=$'Stra\xc3\x9fe \xe5\xae\xb6 12\n'
same 'round trip' "$("$assay" tokenize "$model" --decode "$(printf '%s' "$text" | "$assay" tokenize "$model")" | od -c)" "$(printf '%s' "$text" | od -c)"
expect 0 '^Usage' "$assay" tokenize --help
expect 2 'FILE is missing' "$assay" tokenize
expect 2 'exclude each other' "$assay" tokenize "$model" x -j
same lines "$(printf '"x"\n"e\\u0065t"\n""\n' | "$assay" tokenize "$model" -j)" $'[123]\n[259,119]\n[]'
same 'a wrong line' "$(printf '"x"\nx\n' | "$assay" tokenize "$model" -j 2>&1 >/dev/null)" 'assay tokenize: line 2 is no text in JSON: x'
printf '[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n,\n' >"$dir/vocab.txt"
same words "$("$assay" tokenize "$dir/vocab.txt" 'Unaffable, unfit')" '2 4 5 6 7 1 3'
same 'words, back' "$("$assay" tokenize "$dir/vocab.txt" -d 2,4,5,6,7,4,3)" 'unaffable , un'
printf '{"do_lower_case":false}' >"$dir/tokenizer_config.json"
same 'cased words' "$("$assay" tokenize "$dir/vocab.txt" 'Unaffable, unaffable')" '2 1 7 4 5 6 3'
printf '{"do_lower_case":"no"}' >"$dir/tokenizer_config.json"
expect 2 'tokenizer_config.json: do_lower_case is neither' "$assay" tokenize "$dir/vocab.txt" x
rm "$dir/tokenizer_config.json"
printf '{"model":{"vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}}' >"$dir/tokenizer.json"
expect 2 'its pre_tokenizer is {"type":"Whitespace"}; those of' "$assay" tokenize "$dir/tokenizer.json" x
json() { # ADDED FRAME: byte-level BPE of all bytes, or, with a third, WordPiece of a few words
  python3 - "$@" >"$dir/tokenizer.json" <<'PY'
import json, sys
added, frame = map(json.loads, sys.argv[1:3])
printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
rest = [b for b in range(256) if b not in printed]
model = {"type": "BPE", "vocab": {chr(b) if b in printed else chr(256 + rest.index(b)): b for b in range(256)}, "merges": []}
pre, normalizer = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}, None
if len(sys.argv) > 3:
    model = {"type": "WordPiece", "vocab": {"[UNK]": 0, "ab": 1, "##c": 2, "c": 3}, "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100}
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    pre = {"type": "BertPreTokenizer"}
json.dump({"added_tokens": added, "normalizer": normalizer, "pre_tokenizer": pre, "post_processor": frame, "model": model}, sys.stdout)
PY
}
same 'added tokens, the longest first; a hole in the ids' "$(json '[{"id":300,"content":"ab","special":true},{"id":256,"content":"abc"}]' null
  "$assay" tokenize "$dir/tokenizer.json" -s 'xabcab')" '120 256 300'
single='"single":[{"SpecialToken":{"id":"B"}},{"Sequence":{"id":"A"}}]'
same 'the ids of a template' "$(json '[]' '{"type":"TemplateProcessing",'"$single"',"special_tokens":{"B":{"ids":[7]}}}'
  "$assay" tokenize "$dir/tokenizer.json" x)" '7 120'
same 'two ids of one name' "$(json '[]' '{"type":"TemplateProcessing",'"$single"',"special_tokens":{"B":{"ids":[7,8]}}}'
  "$assay" tokenize "$dir/tokenizer.json" x)" '7 8 120'
json '[]' '{"type":"TemplateProcessing","single":[],"special_tokens":{}}'
expect 2 'it has no text' "$assay" tokenize "$dir/tokenizer.json" x
json '[{"id":9,"content":"a"}]' null
expect 2 "'a' has the id 97, and another, 9" "$assay" tokenize "$dir/tokenizer.json" x
same 'blanks behind a token' "$(json '[{"id":256,"content":"zz","rstrip":true}]' null; "$assay" tokenize "$dir/tokenizer.json" 'zz  x')" '256 120'
same 'words of a tokenizer.json' "$(json '[]' null words; "$assay" tokenize "$dir/tokenizer.json" 'ABC c abd')" '1 2 3 0'
json '[{"id":4,"content":"zz","special":true,"normalized":true}]' null words
expect 2 'looked for in normalized text' "$assay" tokenize "$dir/tokenizer.json" x
same 'an added word' "$(json '[{"id":4,"content":"zz"}]' null words; "$assay" tokenize "$dir/tokenizer.json" 'c zzab')" '3 4 1'
same 'a NUL' "$(printf '"a\\u0000b"\n' | "$assay" tokenize "$model" -j 2>&1)" 'assay tokenize: line 1: U+0000 in a text of JSON is not read'
same 'what follows' "$(printf '"a" "b"\n' | "$assay" tokenize "$model" -j 2>&1)" 'assay tokenize: line 1 is no text in JSON: "a" "b"'
printf '{"model":{}}' >"$dir/tokenizer.json"
expect 2 'it has no model.vocab' "$assay" tokenize "$dir/tokenizer.json" x
printf '{"model":' >"$dir/tokenizer.json"
expect 2 'no JSON from byte' "$assay" tokenize "$dir/tokenizer.json" x
expect 2 'No such file' "$assay" tokenize "$dir/none.gguf" x
expect 2 'is no token id' "$assay" tokenize "$model" --decode 1,x
expect 2 'is no token id' "$assay" tokenize "$model" --decode 352

args=(--prompt hello -n 6 --ignore-eos) # each token is 0.3 ahead of the next: no kernel's rounding makes another of it
expect 0 'tokens/s' "$assay" run "$model" "${args[@]}" --json "$dir/a.json" --logits "$dir/a.safetensors"
for impl in scalar oracle matmul=scalar best,rmsnorm=oracle; do
  expect 0 'time to the first token' "$assay" run "$model" "${args[@]}" --impl "$impl" --json "$dir/b.json"
  same "ids of $impl" "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["ids"])' "$dir/b.json")" \
    "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["ids"])' "$dir/a.json")"
done
for kv in f16 q8_0; do expect 0 "kv $kv" "$assay" run "$model" "${args[@]}" --kv "$kv" --threads 2 --batch 2; done
expect 0 'implementation best' "$assay" run "$model" --ids 5,6,7 -n 3 --temperature 0.8 --top-k 20 --top-p 0.9 --seed 3
python3 - "$dir/a.json" "$dir/a.safetensors" <<'PY' || bad=1
import json, struct, sys
run = json.load(open(sys.argv[1]))
raw = open(sys.argv[2], "rb").read()
n, = struct.unpack("<Q", raw[:8])
head = json.loads(raw[8:8 + n])
rows, vocab = head["logits"]["shape"]
assert run["schema"] == 1 and len(run["ids"]) == 6 and len(run["steps"]) == 6, run
assert (8 + n) % 64 == 0 and rows == len(run["prompt_ids"]) + 5 and vocab == 352, head
begin, end = head["logits"]["data_offsets"]
logits = struct.unpack("<%df" % (rows * vocab), raw[8 + n + begin:8 + n + end])
for i, step in enumerate(run["steps"]):
    row = logits[(len(run["prompt_ids"]) - 1 + i) * vocab:][:vocab]
    assert len(step["top"]) == 5 and step["top"][0]["id"] == step["id"] == row.index(max(row)), step
    assert all(abs(t["logit"] - row[t["id"]]) < 1e-5 for t in step["top"])
assert run["decode"]["tokens"] == 5 and abs(sum(s["share"] for s in run["prefill"]["shares"]) - 1) < 1e-9
PY
# How times vary: of the steps of one run, of few and of many; of repetitions, which all write the same.
grep -q '^each token of 5: p50 [0-9.]* ms, p95 n/a (fewer than 20 tokens), p99 n/a (fewer than 100 tokens)$' <("$assay" run "$model" "${args[@]}") ||
  { echo 'no percentiles of a short run, or more than it has'; bad=1; }
expect 0 '^deviation: n/a (one run)$' "$assay" run "$model" "${args[@]}"
expect 0 '^each token of 100: p50 [0-9.]* ms, p95 [0-9.]* ms, p99 [0-9.]* ms$' "$assay" run "$model" --ids 5,6 -n 101 --ignore-eos
expect 0 '^  decode: [0-9.]* tokens/s, deviation n/a (one repetition)$' "$assay" run "$model" "${args[@]}" --repeat 1
for more in '' '--temperature 2 --mirostat 2' "--draft $model"; do
  # shellcheck disable=SC2086 # words
  expect 0 '^  decode: [0-9.]* tokens/s, deviation [0-9.]*, 95 % interval [-0-9.]* .. [0-9.]*$' \
    "$assay" run "$model" --ids 5,6,7 -n 8 --ignore-eos --repeat 3 --json "$dir/laps.json" $more
  grep -q '^3 repetitions in the same session, of the same text:$' "$dir/out" || { echo "$more: other texts"; cat "$dir/out"; bad=1; }
done
expect 0 '^2 repetitions in the same session, of the same text:$' "$assay" run "$model" --ids 5,6,7 -n 4 --beams 3 --repeat 2
expect 2 'it does not go with --logits' "$assay" run "$model" "${args[@]}" --repeat 2 --logits "$dir/b.safetensors"
expect 2 'does not go with --repeat' "$assay" run "$model" --perplexity "$0" --repeat 2
expect 0 tokens/s "$assay" run "$model" --ids 5,6,7 -n 30 --ignore-eos --repeat 4 --json "$dir/laps.json"
python3 - "$dir/laps.json" <<'PY' || bad=1
import json, math, sys
run = json.load(open(sys.argv[1]))
laps, spread, p = run["repetitions"], run["spread"], run["percentiles"]
assert len(laps) == 4 and run["same_text"] and len(run["step_seconds"]) == 29, run
assert all(len(l["step_seconds"]) == 29 and sum(l["step_seconds"]) <= l["decode_seconds"] for l in laps)
for name in "first_token_seconds", "prefill_tokens_per_second", "decode_tokens_per_second":
    x, s = [l[name] for l in laps], spread[name]
    mean = math.fsum(x) / 4
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / 3)
    near = lambda a, b: abs(a - b) <= 1e-9 * (abs(mean) + deviation)
    assert near(s["mean"], mean) and near(s["deviation"], deviation) and near((s["low"] + s["high"]) / 2, mean), (name, s, x)
    assert abs((s["high"] - mean) / (deviation / 2) - 3.1824) < 1e-4, (name, s)  # Student's t of 3 degrees
steps = sorted(v for l in laps for v in l["step_seconds"])
assert p == {"steps": 116, "p50": steps[57], "p95": steps[110], "p99": steps[114]}, (p, steps)
PY
# A prompt in one piece, in pieces and token by token: the same logits, bit for bit, by whoever declares batch invariance
# (every built-in kernel does); 600 tokens go past the keys that attention gives to units of their own.
ids=$(seq -s, 3 602 | tr ',' '\n' | awk '{ print $1 * 7919 % 256 + 3 }' | paste -sd,)
alike() { # TOKENS ARGUMENTS...
  local prompt
  prompt=$(cut -d, -f "1-$1" <<<"$ids")
  for batch in 512 7 1; do
    expect 0 'tokens/s' "$assay" run "$model" --ids "$prompt" -n 3 --ignore-eos "${@:2}" --batch "$batch" --logits "$dir/$batch.safetensors"
    cmp -s "$dir/512.safetensors" "$dir/$batch.safetensors" || { echo "--batch $batch changes bits: $*"; bad=1; }
  done
}
alike 600
alike 600 --kv f16 --threads 2
alike 90 --kv q8_0
alike 40 --impl scalar
alike 40 --impl oracle
expect 2 'give a prompt' "$assay" run "$model"
expect 2 'MODEL is missing: a GGUF file or a folder' "$assay" run -p x
expect 2 'no kernel' "$assay" run "$model" -p x --impl matmul=none
expect 2 'unknown op' "$assay" run "$model" -p x --impl nothing=scalar
expect 2 'neither oracle' "$assay" run "$model" -p x --impl quick
expect 2 'plugin asks for --plugin FILE.so' "$assay" run "$model" -p x --impl plugin
expect 2 'no such tier' "$assay" run "$model" -p x --isa sse9
for tier in $("$assay" list isa | awk '$2 == "yes" { print $1 }'); do
  expect 0 "\"isa\": \"$tier\"" "$assay" run "$model" --ids 5 -n 1 --isa "$tier" --json -
done
expect 0 "\"isa\": \"$tier\"" "$assay" run "$model" --ids 5 -n 1 --json - # the CPU may have more than any tier
expect 2 'f32, f16 and q8_0' "$assay" run "$model" -p x --kv q4_0
expect 2 'not in 0 .. 351' "$assay" run "$model" --ids 352
expect 2 'exceed the model' "$assay" run "$model" -p x -n 5000
expect 2 '-n ten: a whole number' "$assay" run "$model" -p x -n ten
expect 2 'No space left' "$assay" run "$model" "${args[@]}" --json /dev/full
expect 2 'No space left' "$assay" run "$model" "${args[@]}" --logits /dev/full
expect 2 'cannot be written' "$assay" run "$model" "${args[@]}" --json /proc/nowhere/x
# what stands in a file steers no terminal
python3 - "$model" "$dir/steer.gguf" <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
at = data.index(b"llama", data.index(b"general.architecture"))
open(sys.argv[2], "wb").write(data[:at] + b"\x1b[2J\x9b" + data[at + 5:])
PY
expect 2 '?\[2J?' "$assay" run "$dir/steer.gguf" -p x
if LC_ALL=C grep -q $'[\x1b\x9b]' "$dir/out"; then echo "a model's name reached the terminal"; bad=1; fi
head -c 3000 "$model" >"$dir/cut.gguf"
expect 2 'the file has' "$assay" run "$dir/cut.gguf" -p x
head -c 100000 "$model" >"$dir/short.gguf"
expect 2 'beyond the data section' "$assay" run "$dir/short.gguf" -p x
"${PYTHON:-python3}" - "$model" "$dir/extra.gguf" <<'PY' # one layer fewer than the file has tensors for
import sys
d = open(sys.argv[1], "rb").read()
key = b"llama.block_count" + (4).to_bytes(4, "little")
at = d.index(key) + len(key)
open(sys.argv[2], "wb").write(d[:at] + (2).to_bytes(4, "little") + d[at + 4:])
PY
expect 2 'is no part of the llama graph (9 such tensors)' "$assay" run "$dir/extra.gguf" -p x
expect 2 'not a GGUF file' "$assay" run "$0" -p x
exit "$bad"
