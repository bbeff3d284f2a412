/* SPDX-License-Identifier: MIT
 * attention: what is measured, golden vectors, and what must hold without a golden. */
#include "tables.h"
#include <math.h>

static const assay_workload workloads[] = {
    /* decode reads the whole cache for one token; a prefill works through its causal half */
    { "smollm2-135m.prefill512", "T=512 S=512 H=9 G=3 D=64 E=64 causal=1", 512 },
    { "smollm2-135m.prefill512.f16", "T=512 S=512 k=f16 v=f16 H=9 G=3 D=64 E=64 causal=1", 512 },
    { "smollm2-135m.prefill512x4096", "T=512 S=4096 H=9 G=3 D=64 E=64 causal=1", 512 },
    { "smollm2-135m.prefill512x4096.f16-panel", "T=512 S=4096 k=f16:kpanel16 v=f16 H=9 G=3 D=64 E=64 causal=1", 512 },
    { "smollm2-135m.decode512", "T=1 S=512 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode512.f16", "T=1 S=512 k=f16 v=f16 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096", "T=1 S=4096 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.panel", "T=1 S=4096 k=f32:kpanel16 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.f16", "T=1 S=4096 k=f16 v=f16 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.f16-panel", "T=1 S=4096 k=f16:kpanel16 v=f16 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.q8_0", "T=1 S=4096 k=q8_0 v=q8_0 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.q4_0", "T=1 S=4096 k=q4_0 v=q4_0 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.e4m3", "T=1 S=4096 k=e4m3 v=e4m3 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "smollm2-135m.decode4096.e5m2", "T=1 S=4096 k=e5m2 v=e5m2 H=9 G=3 D=64 E=64 causal=1", 1 },
    { "sparse.prefill2048", "T=2048 S=2048 X=32 Y=32 allow=i8/XY tile=64 H=9 G=3 D=64 E=64 causal=1", 2048 },
    { "deepseek-v3.absorbed.decode4096", "T=1 S=4096 k=bf16 v=bf16 H=128 G=1 D=576 E=512 causal=1", 1 },
    { "llama3-8b.prefill512", "T=512 S=512 k=f16 v=f16 H=32 G=8 D=128 E=128 causal=1", 512 },
    { "llama3-8b.prefill512.bf16", "T=512 S=512 q=bf16 k=bf16 v=bf16 o=bf16 H=32 G=8 D=128 E=128 causal=1", 512 },
    { "llama3-8b.decode4096", "T=1 S=4096 k=f16 v=f16 H=32 G=8 D=128 E=128 causal=1", 1 },
    { "llama3-8b.decode4096.bf16", "T=1 S=4096 q=bf16 k=bf16 v=bf16 o=bf16 H=32 G=8 D=128 E=128 causal=1", 1 },
    { "llama3-8b.decode4096.panel", "T=1 S=4096 k=f16:kpanel16 v=f16 H=32 G=8 D=128 E=128 causal=1", 1 },
};

static const assay_vector_case vectors[] = {
    { "prefill", "T=5 S=5 H=4 G=2 D=8 E=6 causal=1 gen=gauss" },
    { "decode", "B=2 T=1 S=19 H=4 G=1 D=8 E=8 causal=1 gen=gauss" },
    { "window", "T=6 S=15 H=2 D=8 E=4 causal=1 window=4 gen=gauss" },
    { "selection", "T=3 S=17 H=4 G=2 D=16 E=8 causal=1 gen=selection" },
    { "masked_rows", "B=2 T=3 S=13 H=2 D=8 E=4 mask=f32 gen=masked-rows" },
    { "mask_ts", "B=2 T=3 S=11 H=2 D=8 E=4 mask=f32/TS causal=1 gen=gauss" },
    { "everything",
      "B=2 T=3 S=13 H=4 G=2 D=8 E=4 mask=f32 slopes=f32 sinks=f32 len=i32 softcap=20 causal=1 gen=gauss" },
    { "positions", "B=2 T=3 S=13 H=2 G=1 D=8 E=4 kpos=i32 qpos=i32 causal=1 window=6 gen=gauss" },
    { "pages", "B=2 T=2 S=32 P=4 H=2 G=1 D=8 E=4 len=i32 pages=i32 page=8 causal=1 gen=gauss" },
    { "f16", "T=2 S=17 H=2 G=1 D=16 E=8 k=f16 v=bf16 causal=1 gen=gauss" },
    { "q8_0", "T=2 S=17 H=2 G=1 D=32 E=32 k=q8_0 v=q8_0 causal=1 gen=gauss" },
    { "prefix", "T=6 S=15 H=2 D=8 E=4 causal=1 prefix=12 right=3 window=8 gen=gauss" },
    { "chunks", "B=2 T=6 S=15 H=2 D=8 E=4 o=f16 causal=1 chunk=4 gen=gauss" },
    { "tiles", "B=2 T=5 S=13 X=2 Y=5 H=4 G=2 D=8 E=4 allow=i8/HXY tile=3 o=bf16 gen=gauss" },
    { "q4_0", "T=2 S=17 H=2 G=1 D=32 E=32 k=q4_0 v=e4m3 causal=1 gen=gauss" },
    { "bf16", "T=2 S=17 H=2 G=1 D=16 E=8 q=bf16 k=bf16 v=bf16 mask=bf16/TS o=bf16 causal=1 gen=gauss" },
    { "half_masks", "B=2 T=4 S=13 H=2 D=8 E=4 q=f16 mask=f16 gen=masked-rows" },
    { "e5m2", "B=2 T=2 S=17 H=2 G=1 D=16 E=8 q=bf16 k=e5m2 v=e5m2 mask=bf16/BS causal=1 gen=gauss" },
    { "kpanel16", "T=2 S=19 H=4 G=2 D=8 E=8 k=f16:kpanel16 v=f16 causal=1 gen=gauss" },
};

#define ATT    "B=3 T=3 S={7,43} H=4 G=2 D=16 E={8,16} scale=0.25 gen=gauss seed=3"
#define ATTM   "B=2 T=3 S={7,43} H=4 G=2 D=16 E={8,16} mask=f32 scale=0.25 gen=gauss seed=3"
#define CAUSAL "B=2 T=14 S=14 H=4 G=2 D=16 E=8 scale=0.25 causal=1 window={0,3} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 v: 4 o", ATT, "v", 4, 0, 4, 0),
    AFFINE("-v: -o", ATT, "v", -1, 0, -1, 0),
    AFFINE("equal values: that value", ATT, "v", 0, 3, 1, LOOSE),
    AFFINE("mask + 4: the same", ATTM, "mask", 1, 4, 1, LOOSE),
    ALONG(REVERSE, "sequences in reverse: in o too", ATT, "B", LOOSE),
    ALONG(CUT, "sequences in two calls: the same", ATT, "B", LOOSE),
    AFFINE("equal values, causal: that value", CAUSAL, "v", 0, 3, 1, LOOSE),
    ALONG(PREFIX, "causal: what comes later changes nothing", CAUSAL, "TS", LOOSE),
    ALONG(REVERSE, "heads and kv heads in reverse: in o too", ATT, "HG", LOOSE),
    ALONG(PREFIX, "half of the heads and kv heads: the same", ATT, "HG", LOOSE),
    ALONG(REVERSE, "keys in reverse: the same", ATT, "S", LOOSE),
    ALONG(REVERSE, "keys and mask in reverse: the same", ATTM, "S", LOOSE),
    MORE("three masked keys more: the same", ATTM, "S", "mask", (double)-INFINITY, LOOSE),
    ALONG(REVERSE, "channels of q and k in reverse: the same", ATT, "D", LOOSE),
    ALONG(REVERSE, "channels of v in reverse: in o too", ATT, "E", LOOSE),
};

TABLES(attention);
