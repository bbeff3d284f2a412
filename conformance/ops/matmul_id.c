/* SPDX-License-Identifier: MIT
 * matmul_id: cases: routes in which an expert has all tokens, or none, or a token twice. */
#include "../../reference/core/values.h"
#include "tables.h"

enum { X, W, IDS, BIAS, Y };

/* Integers so small that no order of a sum rounds; ids as the generator has them. */
static double small_integer(assay_rng *r)
{
    return (double)(assay_rng_below(r, 17) - 8);
}
static int64_t experts(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
/* All tokens to one expert, the first or the last. */
static bool one_expert(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const double e = assay_rng_below(r, 2) ? (double)(experts(c) - 1) : 0;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == IDS ? e : small_integer(r);
    return true;
}
/* As a gate routes: every expert of a token another, every third expert has none. */
static bool routed(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t A = c->dim[1] ? c->dim[1] : 1, E = experts(c);
    const int64_t first = assay_rng_below(r, E);
    for (int64_t k = 0; k < n; k++) {
        const int64_t e = (first + 5 * (k / A) + k % A) % E;
        value[i][k] = i == IDS ? (double)(e % 3 == 1 ? (e + 1) % E : e) : small_integer(r);
    }
    return true;
}
/* Experts of a token in pairs: a, b, a, b, ...: each is named again after another. */
static bool twice(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t A = c->dim[1] ? c->dim[1] : 1, E = experts(c);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == IDS ? (double)((k / A + k % A % 2) % E) : small_integer(r);
    return true;
}
/* Terms of like size and both signs. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    const double x = 1 + assay_rng_uniform(r);
    return i == W && j % 2 ? -x : x;
}

static const assay_gen gens[] = {
    GEN_FILL("one-expert", EXACT, one_expert, "all tokens to the first expert or to the last; small integers"),
    GEN_FILL("routed", EXACT, routed, "as a gate routes, one expert in three without a token; small integers"),
    GEN_FILL("twice", EXACT, twice, "each expert of a token twice; small integers"),
    GEN_DRAW("across", ADVERSARIAL, across, "terms of both signs"),
};
static const char *const exact[] = { "ints-narrow", NULL };

#define ROUTES "gen={gauss,one-expert,routed,twice}"
static const assay_rows rows[] = {
    { "T=5 A=2 X=3 N=3 K={1..17} bias={f32,none} gen={gauss,routed}", ASSAY_QUICK },
    { "T={0,1,2,3,9,17} A={1,2,4} X={1,2,7} N=3 K=9 " ROUTES, ASSAY_QUICK },
    { "T=3 A=2 X=3 N={1..17,33} K=5 bias=f32 gen={gauss,twice}", ASSAY_QUICK },
    { "T=4 A={0..9} X=5 N=3 K=7 gen={gauss,twice}", ASSAY_QUICK },
    { "T=9 A=4 X=5 N=19 K={31,64,65,100} bias=f32 " ROUTES, ASSAY_QUICK },
    { "T=5 A=2 X=3 N=5 K=33 x={f32,f16,bf16} w={f32,f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "T=9 A=2 X=3 N=5 K={32,96} w={q8_0,q4_0,q4_1,e4m3,e5m2} bias={f32,none} gen={gauss,across}", ASSAY_QUICK },
    { "T=9 A=2 X=3 N=3 K=256 w={q5_0,q5_1,iq4_nl,iq4_xs,mxfp4,q2_k,q3_k,q4_k,q5_k,q6_k} gen=gauss", ASSAY_QUICK },
    { "T=2 A=2 X={1..17} N=2 K=3 gen={gauss,one-expert}", ASSAY_QUICK },
    { "T=3 A=2 X=65600 N=1 K={1,2} gen=one-expert", ASSAY_QUICK },
    { "T=33 A=2 X=4 N=40 K=120 gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "T=3 A=2 X=2 N=3 K=33 x={f32,bf16} w={f32,f16} bias=f32 gen=" ASSAY_VALUES "@{x,w,bias}", ASSAY_QUICK },
    { "T=5 A=2 X=3 N=5 K=33 bias=f32 gen={special,zero,signed-zero,denormal,wide}", ASSAY_QUICK },
    { "T=5 A=2 X=3 N=5 K={3,33} w={e4m3,e5m2} gen={special,wide}", ASSAY_QUICK },
    { "A=2 X=2 K={1,33} gen=zero-inf@{x,w}", ASSAY_QUICK },
    { "T=9 A=2 X=2 N=5 K=9 y={f16,bf16} bias=f32 gen=end@y", ASSAY_QUICK },
};

/* There is an expert wherever there is an id. */
static void mend(assay_case *c)
{
    if (c->dim[0] && c->dim[1] && !c->dim[2])
        c->dim[2] = 1;
}
/* Integers are exact in f32 and in what holds 8 bits; blocks scale them. */
static bool fits(const assay_case *c, assay_why *why)
{
    if (c->gen->tag != ASSAY_TAG_EXACT || c->type[W] == ASSAY_f32 || c->type[W] == ASSAY_f16 ||
        c->type[W] == ASSAY_bf16)
        return true;
    (void)why;
    return false;
}
/* As matmul's. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[4], t = i == X && K ? j / K : 0, k = i == X && K ? (j + 3 * t) % K : 0;
    const double to = assay_landing(c, t), near = assay_held(c->type[X], to);
    return i == W ? 1 : i == BIAS ? (double)(j % 33 - 16) : k == 0 ? near : k == 1 ? to - near : 0;
}

static const assay_known_answer answers[] = {
    { "T=2 A=2 X=2 K=2", { { 1, 2, 3, -1 }, { 2, 0.5, -1, 4 }, { 1, 0, 1, 1 } }, { 7, 3, -7, -7 } },
    { "A=2 X=2 K=2 bias=f32", { { 1, 2 }, { 2, 0.5, -1, 4 }, { 1, 0 }, { 10, -1 } }, { 6, 13 } },
};

/* Expert by expert, all tokens that name it; every sum in long double, from the last term to the first. */
SECOND(matmul_id)
{
    const int64_t T = a->dim[0], A = a->dim[1], E = a->dim[2], N = a->dim[3], K = a->dim[4];
    const double *x = a->operand[X], *w = a->operand[W], *ids = a->operand[IDS], *bias = a->operand[BIAS];
    for (int64_t e = 0; e < E; e++)
        for (int64_t i = 0; i < T * A * N; i++) {
            const int64_t n = i % N;
            long double sum = 0;
            if (ids[i / N] != (double)e)
                continue;
            for (int64_t k = K - 1; k >= 0; k--)
                sum += (long double)x[i / N / A * K + k] * w[(e * N + n) * K + k];
            ((double *)a->operand[Y])[i] = (double)(bias ? sum + bias[e * N + n] : sum);
        }
}

static const assay_workload workloads[] = {
    { "granite-1b-a400m.decode.up", "T=1 A=8 X=32 N=512 K=1024 w={f32,f16,q8_0,q4_0}", 1 },
    { "olmoe-1b-7b.decode.up", "T=1 A=8 X=64 N=1024 K=2048 w={f32,f16,q8_0,q4_0}", 1 },
    { "olmoe-1b-7b.decode.down", "T=8 A=1 X=64 N=2048 K=1024 w={f32,f16,q8_0,q4_0}", 1 },
    { "olmoe-1b-7b.prefill512.up", "T=512 A=8 X=64 N=1024 K=2048 w={f32,q8_0}", 512 },
    { "olmoe-1b-7b.batch8.up", "T=8 A=8 X=64 N=1024 K=2048 w={f32,q8_0}", 8 },
};

static const assay_vector_case vectors[] = {
    { "f32", "T=3 A=2 X=4 N=5 K=33 bias=f32 gen=gauss" },   { "f16", "T=3 A=2 X=3 N=5 K=17 w=f16 gen=gauss" },
    { "bf16", "T=3 A=2 X=3 N=5 K=17 w=bf16 gen=gauss" },    { "q8_0", "T=3 A=2 X=3 N=5 K=64 w=q8_0 gen=gauss" },
    { "q4_k", "T=2 A=2 X=2 N=3 K=256 w=q4_k gen=gauss" },   { "twice", "T=3 A=4 X=3 N=5 K=9 gen=twice" },
    { "one_expert", "T=4 A=2 X=3 N=5 K=9 gen=one-expert" }, { "e4m3", "T=3 A=2 X=3 N=5 K=17 w=e4m3 gen=gauss" },
};

#define INTS "T=5 A=2 X=3 N=19 K={9,33} gen=ints-narrow seed=3"
static const assay_relation relations[] = {
    AFFINE("8 x, 8 bias: 8 y", "T=3 A=2 X=3 N=17 K=33 bias=f32 gen=gauss seed=3", "x bias", 8, 0, 8, 0),
    AFFINE("-x: -y", "T=3 A=2 X=3 N=17 K=33 w={f32,e4m3,e5m2} gen=gauss seed=3", "x", -1, 0, -1, 0),
    ALONG(REVERSE, "tokens in reverse: in y too", INTS, "T", 0),
    ALONG(REVERSE, "ids of a token in reverse: in y too", INTS, "A", 0),
    ALONG(REVERSE, "rows of w in reverse: columns of y too", INTS, "N", 0),
    ALONG(REVERSE, "terms of the sum in reverse: the same", INTS, "K", 0),
    MORE("three experts more: the same", INTS, "X", "", 0, 0),
    MORE("three terms of 0 more: the same", INTS, "K", "", 0, 0),
    ALONG(ADD, "x is a sum: y is the sum of two", INTS, "x", 0),
};

static const char *const unseen[] = {
    "skips-w-bias: a bias is added, not multiplied",
    "skips-bias-w: a bias is added, not multiplied",
    NULL,
};

SUITE(matmul_id) = {
    USUAL_TABLES(matmul_id), .mend = mend, .fits = fits, .land = land, .exact = exact, .unseen = unseen
};
TABLES(matmul_id);
