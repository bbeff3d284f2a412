/* SPDX-License-Identifier: MIT
 * conv1d: cases. */
#include "../../reference/core/suite.h"
#include "../../reference/core/values.h"
#include "tables.h"
#include <math.h>

enum { X, W, BIAS, STATE };

/* What stands behind a tap that undoes the one before: tokens alternate, and taps are alike. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t D = c->dim[2] ? c->dim[2] : 1, t = i == X ? j / D : i == STATE ? j / D + 1 : 0;
    const double little = assay_rng_normal(r) / 64;
    return i == W ? 1 + little : i == BIAS ? little : (t % 2 ? 3 : -3) + little;
}
/* Taps of 0 for infinities, and infinite taps, or an infinite bias, for zeros: in one channel of three each. */
static double zero_inf(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r);
    const int64_t D = c->dim[2] ? c->dim[2] : 1, K = c->dim[3] ? c->dim[3] : 1, d = i == W ? j / K % 3 : j % D % 3;
    if (d == 2)
        return i == BIAS ? INFINITY : i != W && j % 2 ? 0 : x;
    if (i == BIAS)
        return x;
    return (i == W) == (d == 0) ? (j % 2 ? 0 : x) : j % 3 ? x : INFINITY;
}
static const assay_gen gens[] = {
    TIGHT_DRAW("across", ADVERSARIAL, across, "tokens that alternate under taps that are alike"),
    GEN_DRAW("zero-times-inf", CLASS, zero_inf,
             "taps of 0 for infinities, infinite taps or an infinite bias for zeros"),
};
static const char *const exact[] = { "ints-narrow", NULL };

#define ALL "bias=f32 state=f32 last=f32 "
static const assay_rows rows[] = {
    { "B=2 T={1..6} D=5 K={1..4} bias={f32,none} state={f32,none} last=f32 gen=gauss", ASSAY_QUICK },
    { "B=2 T=3 D={1..17} K=4 " ALL "gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "B=1 T={6..17} D=3 K=5 " ALL "gen={gauss,across}", ASSAY_QUICK },
    { "B=1 T=3 D=3 K={5..17} " ALL "gen={gauss,across}", ASSAY_QUICK },
    { "B={0,1} T={0,2} D={0,3} K={0,2} " ALL "gen=gauss", ASSAY_QUICK },
    { "B=3 T=5 D={31,33,64,65,130} K={2,4} bias={f32,none} state={f32,none} gen=across", ASSAY_QUICK },
    { "B=2 T=6 D=9 K=4 x={f16,bf16} w={f32,f16,bf16} y={f32,f16,bf16} state=f32 last={f32,none} gen=gauss",
      ASSAY_QUICK },
    { "B=1 T=2 D=3 K={33,300} " ALL "gen={gauss,spike}", ASSAY_QUICK },
    { "B=1 T=300 D=7 K=4 " ALL "gen={gauss,across}", ASSAY_QUICK },
    { "B=1 T=1 D=65540 K=2 state=f32 last=f32 gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "B=2 T=7 D=6 K=4 " ALL "gen=" ASSAY_VALUES "@{x,w,bias,state}", ASSAY_QUICK },
    { "B=2 T=3 D=70 K=4 " ALL "gen={nan,zero-inf}@{bias,state}", ASSAY_QUICK },
    { "B=2 T=7 D=6 K=4 x={f16,bf16} w={f16,bf16} " ALL "gen={nan,inf,subnormal,end}@{x,w}", ASSAY_QUICK },
    { "B=2 T={3,7} D=6 K=4 bias={f32,none} state={f32,none} last=f32 "
      "gen={special,zero,signed-zero,denormal,wide,zero-times-inf}",
      ASSAY_QUICK },
    { "B=2 T=7 D=6 K=4 y={f16,bf16} last=f32 gen=end@y", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "unsigned-w: a tap goes into y alone, where a 0 may have either sign",
    "unsigned-bias: it is added to y alone, where a 0 may have either sign",
    NULL,
};

/* The newest tap is 1, the others 0. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[3] ? c->dim[3] : 1;
    return i == W ? j % K == K - 1 : i == X ? assay_landing(c, j) : 0;
}

/* By hand */
static const assay_known_answer answers[] = {
    { "T=3 D=2 K=2 bias=f32", { { 1, 2, 3, -1, 0.5, 4 }, { 2, -1, 0.5, 3 }, { 10, -2 } }, { 9, 4, 9, -4, 15.5, 9.5 } },
    { "T=2 K=3 state=f32 last=f32", { { 1, -1 }, { 4, 0.5, 2 }, { 0 }, { 100, 3, 5 } }, { 16.5, 18.5, 5, 1, -1 } },
    { "K=3 state=f32 last=f32", { { 7 }, { 1, 10, 100 }, { 0 }, { 1, 2, 3 } }, { 732, 2, 3, 7 } },
};

/* By distance: how much of each output comes from the token e before it. */
SECOND(conv1d)
{
    const int64_t T = a->dim[1], D = a->dim[2], K = a->dim[3];
    const double *x = a->operand[X], *w = a->operand[W], *bias = a->operand[BIAS], *state = a->operand[STATE];
    double *y = a->operand[4], *last = a->operand[5];
    for (int64_t b = 0; b < a->dim[0]; b++, x += T * D, y += T * D, state += state ? K * D : 0) {
        for (int64_t i = 0; i < T * D; i++) {
            long double sum = bias ? bias[i % D] : 0;
            for (int64_t e = 0; e < K; e++) {
                const double *from = i - e * D >= 0 ? x + i - e * D : state ? state + (K - e) * D + i : NULL;
                sum += from ? (long double)*from * w[(i % D + 1) * K - 1 - e] : 0 * w[(i % D + 1) * K - 1 - e];
            }
            y[i] = (double)sum;
        }
        for (int64_t i = 0; last && i < K * D; i++)
            *last++ = i + T * D >= K * D ? x[i + (T - K) * D] : state ? state[i + T * D] : 0;
    }
}

static const assay_workload workloads[] = {
    { "mamba-130m.prefill512", "B=1 T=512 D=1536 K=4 bias=f32 last=f32", 512 },
    { "mamba-2.8b.prefill512", "B=1 T=512 D=5120 K=4 bias=f32 last=f32", 512 },
    { "mamba-2.8b.decode", "B=1 T=1 D=5120 K=4 bias=f32 state=f32 last=f32", 1 },
};

static const assay_vector_case vectors[] = {
    { "plain", "B=2 T=7 D=5 K=4 gen=gauss" },
    { "carried", "B=2 T=7 D=5 K=4 bias=f32 state=f32 last=f32 gen=gauss" },
    { "short", "B=2 T=2 D=5 K=4 bias=f32 state=f32 last=f32 gen=across" },
    { "first", "B=2 T=2 D=5 K=4 last=f32 gen=gauss" },
    { "special", "B=2 T=7 D=5 K=4 state=f32 last=f32 gen=zero-times-inf" },
    { "narrow", "B=2 T=7 D=5 K=3 x=bf16 w=f16 bias=f32 state=f32 y=f16 last=f32 gen=gauss" },
};

#define WHOLE "B=3 T={1,2,9} D={5,43} K=4 bias=f32 state=f32 last=f32 gen=gauss seed=3"
static const assay_relation relations[] = {
    CARRY("in pieces: the same", WHOLE, "T", "last", "state", LOOSE),
    AFFINE("4 x, state and bias: 4 y", WHOLE, "x state bias", 4, 0, 4, 0),
    AFFINE("4 w and bias: 4 y", "B=3 T=9 D={5,43} K=4 bias=f32 state=f32 gen=gauss seed=3", "w bias", 4, 0, 4, 0),
    ALONG(REVERSE, "channels in reverse: in y too", WHOLE, "D", LOOSE),
    ALONG(REVERSE, "sequences in reverse: in y too", WHOLE, "B", LOOSE),
    ALONG(CUT, "sequences in two calls: the same", WHOLE, "B", LOOSE),
    ALONG(PREFIX, "what comes later: the same", "B=2 T=9 D=43 K=4 bias=f32 state=f32 gen=gauss seed=3", "T", LOOSE),
};

SUITE(conv1d) = { USUAL_TABLES(conv1d), .land = land, .exact = exact, .unseen = unseen };
TABLES(conv1d);
