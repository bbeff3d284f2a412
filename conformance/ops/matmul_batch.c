/* SPDX-License-Identifier: MIT
 * matmul_batch: cases: both operands each way round, dense, shared by all products, and each of them by itself. */
#include "../../reference/core/values.h"
#include "tables.h"
#include <math.h>

enum { X, XT, W, WT, Y };
enum { B, T, N, K };

/* Terms of like size and both signs. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    const double x = 1 + assay_rng_uniform(r);
    return i >= W && j % 2 ? -x : x;
}
/* Each product has small integers of a size of its own, so that no other's operand passes for it. */
static double apart(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t matrix = (i <= XT ? c->dim[T] : c->dim[N]) * c->dim[K];
    return (double)(assay_rng_below(r, 9) - 4) + (double)(matrix ? j / matrix % 5 : 0);
}

/* Products that are subnormal: what they lose is the error. */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)i, (void)j;
    return 0x1p-70 * assay_rng_normal(r);
}

/* Of a product's first term one factor is 0 and the other infinite, by turns: what passes over either is wrong. */
static double passed(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t across = i == XT ? c->dim[T] : i == WT ? c->dim[N] : 1, length = c->dim[K] ? c->dim[K] : 1;
    const int64_t high = i <= XT ? c->dim[T] : c->dim[N];
    const bool first = j / (across ? across : 1) % length == 0, odd = j / (length * (high ? high : 1)) % 2;
    return !first ? assay_rng_uniform(r) - 0.5 : odd == (i >= W) ? INFINITY : 0;
}

/* One factor's odd rows are 0 along a run of terms, the other's hold an infinity within it, by turns of the products:
 * only where both meet y is NaN, and what passes over terms, or tiles of them, that are 0 has a number there. */
static double skipped(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t high = i <= XT ? c->dim[T] : c->dim[N], length = c->dim[K], matrix = high * length;
    const bool turned = i == XT || i == WT;
    const int64_t k = turned ? j / high % length : j % length, row = turned ? j % high : j / length % high;
    const int64_t tile = length < 16 ? 0 : length / 16, at = length < 16 ? length - 1 : 8 * tile + 3;
    const bool zeros = j / matrix % 2 == (i >= W), within = length < 16 ? k > 0 : k / 8 == tile;
    return row % 2 && zeros && within ? 0 : row % 2 && !zeros && k == at ? INFINITY : assay_rng_uniform(r) - 0.5;
}

static const assay_gen gens[] = {
    GEN_DRAW("across", ADVERSARIAL, across, "terms of both signs"),
    GEN_DRAW("apart", EXACT, apart, "small integers about 0 1 2 3 4, by the product that they are of"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "products that are subnormal"),
    GEN_DRAW("passed", CLASS, passed, "0 times infinity in each product's first term, by turns in x and in w"),
    GEN_DRAW("skipped", CLASS, skipped,
             "a run of zeros in odd rows, by turns of x and of w, against an infinity within it"),
};
static const char *const exact[] = { "ints-narrow", NULL };

/* Each way round: x w^T as scores have it, x w as weights times values, and both with x transposed, as gradients have.
 */
#define ROW(line)                                                                                                      \
    {                                                                                                                  \
        line, ASSAY_QUICK                                                                                              \
    }
#define WAYS(rest)                                                                                                     \
    ROW("x=f32 w=f32 " rest), ROW("x=f32 wt=f32 " rest), ROW("xt=f32 w=f32 " rest), ROW("xt=f32 wt=f32 " rest)
static const assay_rows rows[] = {
    WAYS("B=2 T=3 N=3 K={0..17} gen=gauss"),
    WAYS("B=3 T={0..17,19} N=3 K=9 gen=apart"),
    WAYS("B=3 T=2 N={0..17,33,65,130} K=5 gen=apart"),
    WAYS("B={0,1,2,5,9} T=3 N=4 K=7 gen=apart"),
    WAYS("B=2 T=7 N=19 K={31,64,65,100} gen={gauss,across}"),
    WAYS("B=4 T=5 N=5 K=5 gen={gauss,apart}"),
    WAYS("B=2 T=33 N=70 K=40 gen=gauss"),
    /* whole tiles in every dimension, which kernels have a way of their own for; and many products */
    WAYS("B=3 T={4,8,16} N={16,64} K={64,128} gen=gauss"),
    WAYS("B=2 T=8 N=16 K=64 gen=special"),
    { "B=2 T=8 N=16 K=128 x={f32,f16,bf16} w={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "B=2 T=8 N=16 K=128 x={f32,f16,bf16} wt={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    WAYS("B={64..66,70} T=2 N=3 K=3 gen=apart"),
    /* shared: by all products, along each dimension, a single number */
    { "B=3 T=5 N=6 K=9 x={f32,f32/TK,f32/BK,f32/BT,f32/B,f32/T,f32/K} w={f32,f32/NK,f32/BK,f32/BN} gen=apart",
      ASSAY_QUICK },
    { "B=3 T=5 N=6 K=9 xt={f32,f32/TK,f32/BK,f32/BT,f32/BTK} wt={f32,f32/NK,f32/BK,f32/BN,f32/BNK} gen=apart",
      ASSAY_QUICK },
    { "B=4 T=33 N=66 K=20 x=f16/TK wt=bf16/NK gen=gauss", ASSAY_QUICK },
    { "B=2 T=5 N=5 K=33 x={f32,f16,bf16} w={f32,f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "B=2 T=5 N=35 K=19 xt={f32,f16,bf16} wt={f32,f16,bf16} gen={gauss,across}", ASSAY_QUICK },
    /* more than 2^16, which no ladder of B or N has */
    { "B=65600 T=1 N=1 K=1 x=f32 wt=f32 gen=apart", ASSAY_QUICK },
    { "B=1 T=1 N=65600 K=1 x=f32 w=f32 gen=apart", ASSAY_QUICK },
    /* values at every place */
    { "B=2 T=3 N=3 K=33 x=f32 w={f32,f16} gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
    { "B=2 T=3 N=3 K=33 xt=bf16 wt=f32 gen=" ASSAY_VALUES "@{xt,wt}", ASSAY_QUICK },
    WAYS("B=2 T=5 N=5 K=33 gen={special,zero,signed-zero,denormal,wide}"),
    WAYS("B=2 T=3 N=3 K={1,9} gen=passed"),
    WAYS("B=2 T=3 N=4 K={9,33,70,130} gen=skipped"),
    WAYS("B=2 T=5 N=9 K={1,3,8} gen=faint"),
    { "B=2 K={1,33} x=f32 w=f32 gen=zero-inf@{x,w}", ASSAY_QUICK },
    { "B=2 K={1,33} N=17 x=f32 wt=f32 gen=zero-inf@{x,wt}", ASSAY_QUICK },
    { "B=2 T=5 N=5 K=9 x=f32 w=f32 y={f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* Of two operands that stand for one the one is kept that the generator is about, else either. */
static void one_of(assay_case *c, int i, int64_t either)
{
    const int named = c->gen_at - 1 - i, keep = named == 0 || named == 1 ? i + named : i + (int)(either & 1);
    const int gone = 2 * i + 1 - keep;
    if ((c->present >> i & 1) != (c->present >> (i + 1) & 1))
        return;
    c->present = (c->present & ~(3u << i)) | 1u << keep;
    c->type[gone] = ASSAY_f32, c->spread_over[gone] = 0;
}
static void mend(assay_case *c)
{
    one_of(c, X, c->dim[B] + c->dim[T]);
    one_of(c, W, c->dim[N] + c->dim[K]);
}
/* One row of x is a number near the landing, what is missing, and zeros; w is 1. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t high = c->dim[T], length = c->dim[K];
    if (i >= W || !high || !length)
        return 1;
    const int64_t row = i == X ? j / length : j / (length * high) * high + j % high;
    const int64_t k = ((i == X ? j : j / high) + 3 * row) % length;
    const double to = assay_landing(c, row), near = assay_held(c->type[i], to);
    return k == 0 ? near : k == 1 ? to - near : 0;
}

static const assay_known_answer answers[] = {
    { "T=2 N=2 K=2 x=f32 w=f32", { { 1, 2, 3, 4 }, { 0 }, { 5, 6, 7, 8 } }, { 17, 23, 39, 53 } },
    { "T=2 N=2 K=2 x=f32 wt=f32", { { 1, 2, 3, 4 }, { 0 }, { 0 }, { 5, 6, 7, 8 } }, { 19, 22, 43, 50 } },
    { "T=2 N=2 K=2 xt=f32 w=f32", { { 0 }, { 1, 2, 3, 4 }, { 5, 6, 7, 8 } }, { 23, 31, 34, 46 } },
    { "T=2 N=2 K=2 xt=f32 wt=f32", { { 0 }, { 1, 2, 3, 4 }, { 0 }, { 5, 6, 7, 8 } }, { 26, 30, 38, 44 } },
    { "B=2 N=2 K=2 x=f32 wt=f32", { { 1, 2, 3, 4 }, { 0 }, { 0 }, { 1, 0, 0, 1, 2, 1, 1, 2 } }, { 1, 2, 10, 11 } },
    /* what is small is left, of terms that cancel */
    { "T=2 K=4 x=f32 w=f32",
      { { 1, 0x1p60, 1, -0x1p60, 3, 0x1p60, 5, -0x1p60 }, { 0 }, { 1, 0x1p60, 1, 0x1p60 } },
      { 2, 8 } },
};

/* Each output by itself, in long double, from the last term on. */
SECOND(matmul_batch)
{
    const double *x = a->operand[X], *xt = a->operand[XT], *w = a->operand[W], *wt = a->operand[WT];
    const int64_t high = a->dim[T], wide = a->dim[N], length = a->dim[K];
    for (int64_t i = 0; i < a->dim[B] * high * wide; i++) {
        const int64_t row = i / wide, column = row / high * wide + i % wide; /* of x and of w, in all products */
        const double *across_x = xt ? xt + row / high * length * high + row % high : x + row * length;
        const double *across_w = wt ? wt + row / high * length * wide + i % wide : w + column * length;
        long double sum = 0;
        for (int64_t k = length - 1; k >= 0; k--)
            sum += (long double)across_x[xt ? k * high : k] * across_w[wt ? k * wide : k];
        ((double *)a->operand[Y])[i] = (double)sum;
    }
}

static const assay_workload workloads[] = {
    { "bert-base.scores128", "B=12 T=128 N=128 K=64 x=f32 w={f32,f16}", 128 },
    { "bert-base.context128", "B=12 T=128 N=64 K=128 x=f32 wt={f32,f16}", 128 },
    { "bert-base.keys-gradient128", "B=12 T=128 N=64 K=128 xt=f32 wt=f32", 128 },
    { "vit-b16.scores197", "B=12 T=197 N=197 K=64 x=f32 w=f32", 197 },
    { "llama3-8b.prefill512.scores", "B=8 T=2048 N=512 K=128 x=f32 w={f32,f16}", 512 },
    { "llama3-8b.decode2048.scores", "B=8 T=4 N=2048 K=128 x=f32 w={f32,f16}", 1 },
    { "llama3-8b.decode2048.context", "B=8 T=4 N=128 K=2048 x=f32 wt={f32,f16}", 1 },
};

static const assay_vector_case vectors[] = {
    { "rows", "B=2 T=3 N=5 K=33 x=f32 w=f32 gen=gauss" },
    { "wt", "B=2 T=3 N=5 K=17 x=f32 wt=f32 gen=gauss" },
    { "xt", "B=2 T=3 N=5 K=17 xt=f32 w=f32 gen=gauss" },
    { "both", "B=2 T=3 N=5 K=17 xt=f32 wt=f32 gen=apart" },
    { "f16", "B=2 T=3 N=5 K=17 x=f16 w=f16 y=f16 gen=gauss" },
    { "bf16", "B=2 T=3 N=5 K=17 x=bf16 wt=bf16 y=bf16 gen=gauss" },
    { "shared", "B=3 T=3 N=5 K=9 x=f32 w=f32/NK gen=gauss" },
    { "shared_x", "B=3 T=3 N=5 K=9 x=f32/TK wt=f32 gen=gauss" },
};

#define INTS "B=3 T=5 N=19 K={9,33} x=f32 w=f32 gen=ints-narrow seed=3"
#define TURN "B=3 T=5 N=19 K={9,33} xt=f32 wt=f32 gen=ints-narrow seed=3"
static const assay_relation relations[] = {
    AFFINE("8 x: 8 y", "B=2 T=3 N=17 K=33 x=f32 w=f32 gen=gauss seed=3", "x", 8, 0, 8, 0),
    AFFINE("-w: -y", "B=2 T=3 N=17 K=33 x=f32 wt={f32,f16} gen=gauss seed=3", "wt", -1, 0, -1, 0),
    ALONG(REVERSE, "products in reverse: in y too", INTS, "B", 0),
    ALONG(REVERSE, "rows of x in reverse: in y too", INTS, "T", 0),
    ALONG(REVERSE, "rows of w in reverse: columns of y too", INTS, "N", 0),
    ALONG(REVERSE, "columns of xt in reverse: rows of y", TURN, "T", 0),
    ALONG(REVERSE, "columns of wt in reverse: columns of y", TURN, "N", 0),
    ALONG(REVERSE, "terms of the sum in reverse: the same", TURN, "K", 0),
    MORE("three terms of 0 more: the same", INTS, "K", "", 0, 0),
    ALONG(ADD, "x is a sum: y is the sum of two", INTS, "x", 0),
};

#define ALONE(a, b, why) "skips-" a "-" b ": " why, "skips-" b "-" a ": " why
static const char *const unseen[] = {
    ALONE("x", "xt", "one stands for the other"),
    ALONE("w", "wt", "one stands for the other"),
    "made-up-xt: beside x it says nothing",
    "made-up-wt: beside w it says nothing",
    NULL,
};

SUITE(matmul_batch) = { USUAL_TABLES(matmul_batch), .mend = mend, .land = land, .exact = exact, .unseen = unseen };
TABLES(matmul_batch);
