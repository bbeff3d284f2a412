/* SPDX-License-Identifier: MIT
 * The relations.  Bit for bit where every legal order gives the same bits: powers of two, signs, integers whose sums
 * are exact; else within 1024 u of the row's largest number, far above what rounding does at these lengths. */
#include "metamorphic.h"
#include <math.h>

#define LOOSE  1024
#define INTS   "matmul T=5 N={19,23} K={9,33} gen=ints-narrow seed=3"
#define QUANT  "matmul T=5 N=20 K=64 w={q8_0,q4_0,q4_1} gen=gauss seed=3"
#define RMS    "rmsnorm R=5 C={7,43} eps=1e-5 gen=gauss seed=3"
#define LAYER  "layernorm R=5 C={7,43} gen=gauss seed=3"
#define SOFT   "softmax R=5 C={7,43} gen=gauss seed=3"
#define ATT    "attention B=3 T=3 S={7,43} H=4 G=2 D=16 E={8,16} scale=0.25 gen=gauss seed=3"
#define ATTM   "attention B=2 T=3 S={7,43} H=4 G=2 D=16 E={8,16} mask=f32 scale=0.25 gen=gauss seed=3"
#define CAUSAL "attention B=2 T=14 S=14 H=4 G=2 D=16 E=8 scale=0.25 causal=1 window={0,3} gen=gauss seed=3"
#define ROPE   "rope T=4 H=3 D={12,44} mode={interleaved,half} base=1e4 gen=gauss seed=3"
#define GELU   "gelu R=5 C={7,43} form={erf,tanh,quick} gen=gauss seed=3"
#define GATE   "gate_up T=5 N={19,23} K=33 gen=gauss seed=3"
#define GATEQ  "gate_up T=5 N=20 K=64 gate={q8_0,q4_0,q4_1} up={q8_0,q4_0,q4_1} gen=gauss seed=3"
#define TABLE  "embedding T=6 V=9 D=43 table={f32,f16} gen=gauss seed=3"

#define AFFINE(op, says, line, names, factor, shift, scaled, u)                                                        \
    {                                                                                                                  \
        op, says, line, ASSAY_ACT_AFFINE, .on = names, .by = factor, .plus = shift, .out = scaled, .slack = u          \
    }
#define ALONG(op, act, says, line, letter, u)                                                                          \
    {                                                                                                                  \
        op, says, line, ASSAY_ACT_##act, .on = letter, .slack = u                                                      \
    }
#define MORE(op, says, line, letter, names, value, u)                                                                  \
    {                                                                                                                  \
        op, says, line, ASSAY_ACT_APPEND, .on = letter, .fill = names, .plus = value, .slack = u                       \
    }

const assay_relation assay_relations[] = {
    AFFINE("matmul", "8 x, 8 bias: 8 y", "matmul T=3 N=17 K=33 bias=f32 gen=gauss seed=3", "x bias", 8, 0, 8, 0),
    AFFINE("matmul", "8 x: 8 y", QUANT, "x", 8, 0, 8, 0),
    AFFINE("matmul", "w / 4: y / 4", "matmul T=3 N=17 K=33 w={f32,f16,bf16} gen=gauss seed=3", "w", 0.25, 0, 0.25, 0),
    AFFINE("matmul", "-x: -y", "matmul T=3 N=17 K=33 gen=gauss seed=3", "x", -1, 0, -1, 0),
    AFFINE("matmul", "-x: -y", "matmul T=3 N=17 K=33 y=bf16 gen=gauss seed=3", "x", -1, 0, -1, 0),
    ALONG("matmul", REVERSE, "rows of x in reverse: rows of y too", INTS, "T", 0),
    ALONG("matmul", REVERSE, "rows of w in reverse: columns of y too", INTS, "N", 0),
    ALONG("matmul", REVERSE, "terms of the sum in reverse: the same", INTS, "K", 0),
    ALONG("matmul", REVERSE, "rows of x in reverse: rows of y too", QUANT, "T", LOOSE),
    ALONG("matmul", REVERSE, "rows of w in reverse: columns of y too", QUANT, "N", LOOSE),
    MORE("matmul", "three terms of 0 more: the same", INTS, "K", "", 0, 0),
    ALONG("matmul", CUT, "rows in two calls: the same", INTS, "T", 0),
    ALONG("matmul", CUT, "columns in two calls: the same", INTS, "N", 0),
    ALONG("matmul", CUT, "columns in two calls: the same", QUANT, "N", LOOSE),
    ALONG("matmul", ADD, "x is a sum: y is the sum of two", INTS, "x", 0),
    ALONG("matmul", ADD, "x is a sum: y is the sum of two", "matmul T=5 N=19 K={9,33} gen=ints-wide seed=3", "x", 0),
    { "matmul", "bias + 8: y + 8", "matmul T=5 N=19 K={9,300} bias=f32 gen=ints-narrow seed=3", ASSAY_ACT_AFFINE,
      .on = "bias", .by = 1, .plus = 8, .more = 8 },

    AFFINE("gate_up", "4 up: 4 y", GATE, "up", 4, 0, 4, 0),
    AFFINE("gate_up", "-up: -y", GATE, "up", -1, 0, -1, 0),
    ALONG("gate_up", REVERSE, "rows of x in reverse: rows of y too", GATE, "T", LOOSE),
    ALONG("gate_up", REVERSE, "rows of the weights in reverse: columns of y too", GATE, "N", LOOSE),
    ALONG("gate_up", REVERSE, "rows of the weights in reverse: columns of y too", GATEQ, "N", LOOSE),
    ALONG("gate_up", REVERSE, "terms of the sums in reverse: the same", GATE, "K", LOOSE),
    MORE("gate_up", "three terms of 0 more: the same", GATE, "K", "", 0, LOOSE),
    ALONG("gate_up", CUT, "columns in two calls: the same", GATE, "N", LOOSE),
    ALONG("gate_up", CUT, "columns in two calls: the same", GATEQ, "N", LOOSE),

    AFFINE("rmsnorm", "16 x, eps 0: the same", "rmsnorm R=5 C={7,43} gen=gauss seed=3", "x", 16, 0, 1, LOOSE),
    AFFINE("rmsnorm", "4 w: 4 y", RMS, "w", 4, 0, 4, 0),
    AFFINE("rmsnorm", "-x: -y", RMS, "x", -1, 0, -1, 0),
    ALONG("rmsnorm", REVERSE, "columns in reverse: in y too", RMS, "C", LOOSE),
    ALONG("rmsnorm", REVERSE, "rows in reverse: in y too", RMS, "R", LOOSE),
    ALONG("rmsnorm", CUT, "rows in two calls: the same", RMS, "R", LOOSE),

    AFFINE("layernorm", "x + 8: the same", LAYER " eps=1e-5", "x", 1, 8, 1, LOOSE),
    AFFINE("layernorm", "16 x, eps 0: the same", LAYER, "x", 16, 0, 1, LOOSE),
    AFFINE("layernorm", "-x: -y", LAYER " eps=1e-5", "x", -1, 0, -1, LOOSE),
    AFFINE("layernorm", "4 w, 4 bias: 4 y", LAYER " w=f32 bias=f32 eps=1e-5", "w bias", 4, 0, 4, 0),
    ALONG("layernorm", REVERSE, "columns in reverse: in y too", LAYER " w=f32 bias=f32 eps=1e-5", "C", LOOSE),
    ALONG("layernorm", CUT, "rows in two calls: the same", LAYER " w=f32 bias=f32 eps=1e-5", "R", LOOSE),

    AFFINE("softmax", "x + 8: the same", SOFT, "x", 1, 8, 1, LOOSE),
    ALONG("softmax", REVERSE, "columns in reverse: in y too", SOFT, "C", LOOSE),
    ALONG("softmax", REVERSE, "rows in reverse: in y too", SOFT, "R", LOOSE),
    MORE("softmax", "three logits of -inf more: the same", SOFT, "C", "x", (double)-INFINITY, LOOSE),
    MORE("softmax", "three masked columns more: the same", "softmax R=5 C={7,43} mask=f32 gen=gauss seed=3", "C",
         "mask", (double)-INFINITY, LOOSE),
    AFFINE("softmax", "mask + 4: the same", "softmax R=5 C={7,43} mask=f32 gen=gauss seed=3", "mask", 1, 4, 1, LOOSE),
    ALONG("softmax", CUT, "rows in two calls: the same", SOFT, "R", LOOSE),
    { "softmax", "rows sum to 1", SOFT, ASSAY_ACT_TOTAL, .by = 1, .slack = LOOSE },
    { "softmax", "rows sum to 1", "softmax R=5 C={7,43} scale=0.3 gen=huge seed=3", ASSAY_ACT_TOTAL, .by = 1,
      .slack = LOOSE },

    AFFINE("attention", "4 v: 4 o", ATT, "v", 4, 0, 4, 0),
    AFFINE("attention", "-v: -o", ATT, "v", -1, 0, -1, 0),
    AFFINE("attention", "equal values: that value", ATT, "v", 0, 3, 1, LOOSE),
    AFFINE("attention", "mask + 4: the same", ATTM, "mask", 1, 4, 1, LOOSE),
    ALONG("attention", REVERSE, "sequences in reverse: in o too", ATT, "B", LOOSE),
    ALONG("attention", CUT, "sequences in two calls: the same", ATT, "B", LOOSE),
    AFFINE("attention", "equal values, causal: that value", CAUSAL, "v", 0, 3, 1, LOOSE),
    ALONG("attention", PREFIX, "causal: what comes later changes nothing", CAUSAL, "TS", LOOSE),
    ALONG("attention", REVERSE, "heads and kv heads in reverse: in o too", ATT, "HG", LOOSE),
    ALONG("attention", PREFIX, "half of the heads and kv heads: the same", ATT, "HG", LOOSE),
    ALONG("attention", REVERSE, "keys in reverse: the same", ATT, "S", LOOSE),
    ALONG("attention", REVERSE, "keys and mask in reverse: the same", ATTM, "S", LOOSE),
    MORE("attention", "three masked keys more: the same", ATTM, "S", "mask", (double)-INFINITY, LOOSE),
    ALONG("attention", REVERSE, "channels of q and k in reverse: the same", ATT, "D", LOOSE),
    ALONG("attention", REVERSE, "channels of v in reverse: in o too", ATT, "E", LOOSE),

    AFFINE("rope", "4 x: 4 y", ROPE, "x", 4, 0, 4, 0),
    AFFINE("rope", "-x: -y", ROPE, "x", -1, 0, -1, 0),
    { "rope", "at position 0: x", ROPE, ASSAY_ACT_AFFINE, .on = "pos", .by = 0, .equals = "x" },
    { "rope", "rows keep their length", ROPE, ASSAY_ACT_NORM, .on = "x", .slack = LOOSE },
    ALONG("rope", REVERSE, "tokens in reverse: in y too", ROPE, "T", LOOSE),
    ALONG("rope", REVERSE, "heads in reverse: in y too", ROPE, "H", LOOSE),
    ALONG("rope", CUT, "tokens in two calls: the same", ROPE, "T", LOOSE),

    ALONG("silu", REVERSE, "columns in reverse: in y too", "silu R=5 C={7,43} gen=gauss seed=3", "C", LOOSE),
    ALONG("silu", CUT, "columns in two calls: the same", "silu R=5 C={7,43} gen=gauss seed=3", "C", LOOSE),
    { "silu", "-x: y - x", "silu R=5 C={7,43} gen=gauss seed=3", ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x",
      .slack = LOOSE },
    { "silu", "-x: y - x", "silu R=5 C={7,43} gen=wide seed=3", ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x",
      .slack = LOOSE },
    ALONG("gelu", REVERSE, "columns in reverse: in y too", GELU, "C", LOOSE),
    ALONG("gelu", CUT, "columns in two calls: the same", GELU, "C", LOOSE),
    { "gelu", "-x: y - x", GELU, ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x", .slack = LOOSE },
    AFFINE("swiglu", "4 up: 4 y", "swiglu R=5 C={7,43} gen=gauss seed=3", "up", 4, 0, 4, 0),
    AFFINE("swiglu", "-up: -y", "swiglu R=5 C={7,43} gen=gauss seed=3", "up", -1, 0, -1, 0),
    ALONG("swiglu", REVERSE, "columns in reverse: in y too", "swiglu R=5 C={7,43} gen=gauss seed=3", "C", LOOSE),

    { "add", "b + a is a + b", "add R=5 C={7,43} gen=gauss seed=3", ASSAY_ACT_SWAP, .on = "a b" },
    AFFINE("add", "4 a, 4 b: 4 y", "add R=5 C={7,43} gen=gauss seed=3", "a b", 4, 0, 4, 0),
    AFFINE("add", "-a, -b: -y", "add R=5 C={7,43} gen=gauss seed=3", "a b", -1, 0, -1, 0),
    ALONG("add", REVERSE, "columns in reverse: in y too", "add R=5 C={7,43} gen=gauss seed=3", "C", 0),
    ALONG("add", REVERSE, "rows in reverse: in y too", "add R=5 C={7,43} gen=gauss seed=3", "R", 0),
    { "mul", "b a is a b", "mul R=5 C={7,43} gen=gauss seed=3", ASSAY_ACT_SWAP, .on = "a b" },
    AFFINE("mul", "4 a: 4 y", "mul R=5 C={7,43} gen=gauss seed=3", "a", 4, 0, 4, 0),
    AFFINE("mul", "-b: -y", "mul R=5 C={7,43} gen=gauss seed=3", "b", -1, 0, -1, 0),
    ALONG("mul", REVERSE, "columns in reverse: in y too", "mul R=5 C={7,43} gen=gauss seed=3", "C", 0),
    ALONG("mul", REVERSE, "rows in reverse: in y too", "mul R=5 C={7,43} gen=gauss seed=3", "R", 0),

    AFFINE("argmax", "x + 8: the same", "argmax R=9 V={5,43} gen=ints-narrow seed=3", "x", 1, 8, 1, 0),
    AFFINE("argmax", "4 x: the same", "argmax R=9 V={5,43} gen=gauss seed=3", "x", 4, 0, 1, 0),
    MORE("argmax", "three logits of -inf more: the same", "argmax R=9 V={5,43} gen=gauss seed=3", "V", "x",
         (double)-INFINITY, 0),
    ALONG("argmax", REVERSE, "rows in reverse: in y too", "argmax R=9 V={5,43} gen=gauss seed=3", "R", 0),
    MORE("sample", "three logits of -inf more: the same", "sample R=9 V={5,43} temp={0,0.7} gen=gauss seed=3", "V",
         "logits", (double)-INFINITY, 0),
    AFFINE("sample", "logits + 8: the same", "sample R=9 V={5,43} temp={0,0.7} gen=ints-narrow seed=3", "logits", 1, 8,
           1, 0),

    AFFINE("quantize", "4 x: 4 y", "quantize R=3 C=64 y={q8_0,q4_0,q4_1} gen=gauss seed=3", "x", 4, 0, 4, 0),
    AFFINE("quantize", "-x: -y", "quantize R=3 C=64 y=q8_0 gen=gauss seed=3", "x", -1, 0, -1, 0),
    ALONG("quantize", REVERSE, "rows in reverse: in y too", "quantize R=3 C=64 y={q8_0,q4_0,q4_1} gen=gauss seed=3",
          "R", 0),
    ALONG("quantize", REVERSE, "columns in reverse: in y too", "quantize R=3 C=64 y=q8_0 gen=gauss seed=3", "C", 0),
    ALONG("quantize", REVERSE, "rows in reverse: in y too", "quantize R=3 C=256 y=q4_k gen=gauss seed=3", "R", 0),
    ALONG("dequantize", REVERSE, "rows in reverse: in y too",
          "dequantize R=3 C=64 x={f16,bf16,q8_0,q4_0,q4_1} gen=gauss seed=3", "R", 0),
    AFFINE("dequantize", "4 x: 4 y", "dequantize R=3 C=64 x={f16,bf16,q8_0} gen=gauss seed=3", "x", 4, 0, 4, 0),
    AFFINE("embedding", "4 table: 4 y", TABLE, "table", 4, 0, 4, 0),
    ALONG("embedding", REVERSE, "tokens in reverse: in y too", TABLE, "T", 0),
    ALONG("embedding", CUT, "tokens in two calls: the same", TABLE, "T", 0),
    ALONG("embedding", REVERSE, "channels in reverse: in y too", TABLE, "D", 0),
    MORE("embedding", "three rows of the table more: the same", TABLE, "V", "", 0, 0),
    AFFINE("cache", "4 x, 4 cache: 4 cache", "cache T=3 S=9 G=3 D=8 cache={f32,f16} gen=gauss seed=3", "x cache", 4, 0,
           4, 0),
    ALONG("cache", REVERSE, "heads in reverse: in the cache too", "cache T=3 S=9 G=3 D=8 gen=gauss seed=3", "G", 0),
    ALONG("cache", REVERSE, "channels in reverse: in the cache too", "cache T=3 S=9 G=3 D=8 gen=gauss seed=3", "D", 0),
};
const size_t assay_n_relations = ASSAY_COUNT_OF(assay_relations);
