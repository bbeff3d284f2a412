/* SPDX-License-Identifier: MIT
 * The sums of the ops, as far as their terms can be signed and chosen: which operand carries the terms, along which
 * dimension, what the others hold meanwhile, and how the sum is read from the output. */
#include "order.h"

#define PRODUCT(name, fixed, ...)                                                                                      \
    {                                                                                                                  \
        .op = name, .says = "products along K", .carrier = { "x" }, .along = "K", .fix = fixed, .cases = {             \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define FIX(...)                                                                                                       \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define NORM(name, fixed, ...)                                                                                         \
    {                                                                                                                  \
        .op = name, .says = "the mean's terms", .carrier = { "x" }, .along = __VA_ARGS__,                              \
        .reading = ASSAY_READ_CENTRED, .fix = fixed                                                                    \
    }
#define NONE(name, what, why)                                                                                          \
    {                                                                                                                  \
        .op = name, .says = what, .none = why                                                                          \
    }
#define ONE_SIGN "have one sign: no two of them cancel"

const assay_sum_rule assay_sum_rules[] = {
    PRODUCT("matmul", FIX({ "w", 1, 0, false }), "T={1,4} N=16 K={64,1000}", "T={1,4} N=16 K=1024 w=*"),
    PRODUCT("matmul_add", FIX({ "residual", 0, 0, false }), "T={1,4} N=16 K={64,1000}", "T={1,4} N=16 K=1024 w=*"),
    PRODUCT("matmul_gelu", FIX({ "w", 64, 0, true }), "T={1,4} N=16 K={64,1000}", "T={1,4} N=16 K=1024 w=*"),
    PRODUCT("matmul_id", FIX({ "w", 1, 0, false }), "T={1,4} A=2 X=2 N=16 K={64,1000}",
            "T={1,4} A=2 X=2 N=16 K=1024 w=*"),
    PRODUCT("matmul_scaled", FIX({ "w", 1, 0, false }), "T={1,4} N=16 K=1024 R=16 G=8 rows=1 group=128 w=*",
            "T={1,4} N=16 K=1024 R=16 rows=1"),
    { .op = "gate_up",
      .says = "products along K",
      .carrier = { "x" },
      .along = "K",
      .reading = ASSAY_READ_FIRST,
      .fix = { { "gate", 64, 0, true }, { "up", 1, 'K', false } },
      .cases = { "T={1,4} N=16 K=1024 gate=q4_0 up=q4_0", "T={1,4} N=16 K=1024 gate=q8_0 up=q8_0",
                 "T={1,4} N=16 K=1024 gate=q4_k up=q4_k" } },
    { .op = "matmul_batch",
      .says = "products along K",
      .carrier = { "x", "xt" },
      .along = "K",
      .cases = { "B=2 T={1,4} N=16 K={64,1000} x=f32 w=f32", "B=2 T={1,4} N=16 K=1024 x=f32 wt=f32",
                 "B=2 T={1,4} N=16 K=1024 xt=f32 wt=f32" } },
    { .op = "similarity",
      .says = "products along D",
      .carrier = { "a" },
      .along = "D",
      .cases = { "T={1,4} N=16 D={64,1000} form=dot", "T={1,4} N=16 D=1024 form=dot b=*" } },
    { .op = "scores",
      .says = "products along D",
      .carrier = { "q" },
      .along = "D",
      .cases = { "B=1 T={1,4} S=16 H=1 G=1 D={64,100,128} stage=product scale=1" } },
    { .op = "attention",
      .says = "products of a score along D",
      .carrier = { "k" },
      .along = "D",
      .first = 'S',
      .reading = ASSAY_READ_ODDS,
      .fix = { { "v", 1, 'S', false } },
      .cases = { "B=1 T={1,4} S=2 H=1 G=1 D={64,100,128,576} E=16 scale=0.0078125" } },
    { .op = "attention",
      .says = "values along S",
      .carrier = { "v" },
      .along = "S",
      .reading = ASSAY_READ_MEAN,
      .fix = { { "q", 0, 0, false }, { "k", 0, 0, false } },
      .cases = { "B=1 T={1,4} S={64,1024} H=1 G=1 D=16 E=16", "B=1 T={1,4} S=1000 H=1 G=1 D=16 E=32 v={f16,q8_0}" } },
    { .op = "attention_merge",
      .says = "parts",
      .carrier = { "o" },
      .along = "P",
      .reading = ASSAY_READ_MEAN,
      .fix = { { "lse", 0, 0, false } },
      .cases = { "P={8,32} R={1,4} E=16" } },
    { .op = "conv1d",
      .says = "taps",
      .carrier = { "w" },
      .along = "K",
      .cases = { "B=1 T={1,4} D=32 K={4,16} state=f32" } },
    { .op = "moe_combine",
      .says = "experts",
      .carrier = { "w" },
      .along = "K",
      .cases = { "T={1,4} K={4,16,64} D=64" } },
    { .op = "ssm_scan",
      .says = "states that are read",
      .carrier = { "state" },
      .along = "N",
      .fix = { { "x", 0, 0, false }, { "a", 0, 0, false } },
      .cases = { "B=1 T={1,4} D=32 N={16,64,256} state=f32" } },
    { .op = "gated_linear",
      .says = "states that are read",
      .carrier = { "state" },
      .along = "D",
      .fix = { { "k", 0, 0, false } },
      .cases = { "B=1 T={1,4} H=2 D={16,64,128} E=32 state=f32" },
      .chains = true },
    NORM("layernorm", FIX({ "bias", 0, 0, false }), "C", .cases = { "R={1,4} C={64,1000,1024}" }),
    NORM("add_layernorm", FIX({ "residual", 0, 0, false }), "C", .cases = { "R={1,4} C={64,1000,1024}" }),
    NORM("groupnorm", FIX({ "bias", 0, 0, false }), "DS", .cases = { "B={1,4} G=2 D=4 S={64,250,256}" }),
    NONE("layernorm", "the variance's terms", ONE_SIGN),
    NONE("add_layernorm", "the variance's terms", ONE_SIGN),
    NONE("groupnorm", "the variance's terms", ONE_SIGN),
    NONE("rmsnorm", "squares", ONE_SIGN),
    NONE("add_rmsnorm", "squares", ONE_SIGN),
    NONE("l2norm", "squares", ONE_SIGN),
    NONE("softmax", "exponentials", ONE_SIGN),
    NONE("log_softmax", "exponentials", ONE_SIGN),
    NONE("logsumexp", "exponentials", ONE_SIGN),
    NONE("matmul_int8", "products along K", "are whole numbers of 8 bits: their sum is exact in any order"),
    { .op = NULL },
};
