/* SPDX-License-Identifier: MIT
 * contrast: cases; contexts that repeat a candidate or its opposite, rows of zeros, rows of all sizes. */
#include "tables.h"
#include "assay/params/contrast.h"
#include <math.h>

enum { P, H, CONTEXT, SCORE };

static int64_t length(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
/* Rows of the context are candidates times 1/2, -1 and 3, one after the other. */
static bool repeated(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double factor[] = { 0.5, -1, 3 };
    const int64_t D = length(c), K = c->dim[0];
    for (int64_t j = 0; j < n; j++)
        value[i][j] = i == P                   ? assay_rng_uniform(rng)
                      : i != CONTEXT || K == 0 ? assay_rng_normal(rng)
                                               : factor[j / D % 3] * value[H][j / D % K * D + j % D];
    return true;
}
/* Rows of h are about 1 in each place, of the context about -1: every cosine is below 0. */
static double opposed(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)j;
    return i == P ? assay_rng_uniform(rng) : (i == H ? 1 : -1) + assay_rng_normal(rng) / 4;
}
/* About 3 in each place: cosines next to 1, all nearly the largest. */
static double alike(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)j;
    return i == P ? assay_rng_uniform(rng) : 3 + assay_rng_normal(rng) / 64;
}
/* Chances beside which cosines are little: of any scale they are as right. */
static double weighty(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)j;
    return i == P ? 64 * (1 + assay_rng_uniform(rng)) : assay_rng_normal(rng);
}
/* Of the candidates one in three is 0, of the context every second row, and the others have cosines below 0. */
static double zero_rows(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const double x = opposed(c, i, j, rng);
    const int64_t row = j / length(c);
    return i == H && row % 3 == 1 ? copysign(0, x) : i == CONTEXT && row % 2 == 1 ? copysign(0, x) : x;
}
/* Rows of zeros against rows with NaN or infinity in one place: the norm of the one does not say that the product is 0.
 */
static double zeros_meet(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const int64_t row = j / length(c), rows = i == H ? 2 : 3, place = row % length(c);
    const double x = assay_rng_normal(rng);
    return i == P                   ? x
           : row % rows == 0        ? copysign(0, x)
           : j % length(c) != place ? x
           : row % rows == 1        ? NAN
                                    : copysign(INFINITY, x);
}
/* Rows of sizes from 2^-54 to 2^54: the squares hold, the product of two of them does not. */
static double scaled(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return i == P ? assay_rng_uniform(rng) : ldexp(assay_rng_normal(rng), 18 * (int)(j / length(c) % 7) - 54);
}
/* Rows of 1e-4 and below: a guard against small norms takes them for 0. */
static double small(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const double x = 1 + assay_rng_uniform(rng);
    return i == P ? x - 1 : ldexp(x, -14 - 4 * (int)(j / length(c) % 4));
}

static const assay_gen gens[] = {
    TIGHT_FILL("repeated", ADVERSARIAL, repeated,
               "rows of the context are multiples of candidates: cosines of 1 and -1"),
    TIGHT_DRAW("opposed", ADVERSARIAL, opposed, "every cosine is below 0"),
    TIGHT_DRAW("alike", ADVERSARIAL, alike, "cosines next to 1, all nearly the largest"),
    TIGHT_DRAW("weighty", ADVERSARIAL, weighty, "chances of 64 and more, beside which cosines are little"),
    GEN_DRAW("zero-rows", ADVERSARIAL, zero_rows, "rows of zeros, and cosines below 0 besides"),
    GEN_DRAW("zeros-meet", CLASS, zeros_meet, "rows of zeros against rows with NaN or infinity in one place"),
    GEN_DRAW("scaled", ADVERSARIAL, scaled, "rows from 2^-54 to 2^54 in size"),
    TIGHT_DRAW("small", ADVERSARIAL, small, "rows of 1e-4 and less"),
};

static const assay_rows rows[] = {
    { "K={1,4} S={1,5} D={1..40} alpha=0.6 gen={gauss,repeated}", ASSAY_QUICK },
    { "K=4 S=7 D={1,3,4,7,8,31,64} alpha={0.3,0.6} gen={opposed,alike,zero-rows,scaled,small}", ASSAY_QUICK },
    { "K=3 S={2..17} D=19 alpha={0.6,1} gen={gauss,alike}", ASSAY_QUICK },
    { "K=3 S={2..9} D=19 alpha={0.3,0.6} gen=weighty", ASSAY_QUICK },
    { "K={4..17} S=3 D=9 alpha={0,0.6} gen=gauss", ASSAY_QUICK },
    { "K=4 S=9 D={384,768,1021,4096} alpha=0.6 gen={gauss,alike}", ASSAY_QUICK },
    { "K={32,64} S=2 D=5 alpha=0.6 gen={gauss,opposed}", ASSAY_QUICK },
    { "K={0,1} S={1,2} D={0,3} alpha=0.6 gen=gauss", ASSAY_QUICK },
    { "K=3 S=5 D={9,40} alpha=0.6 gen={special,zero,signed-zero,denormal,equal,spike,wide}", ASSAY_QUICK },
    { "K={1,2} S=6 D={9,40} alpha=0.6 gen=zeros-meet", ASSAY_QUICK },
    { "K=2 S={300,600} D=16 alpha=0.6 gen={gauss,alike}", ASSAY_QUICK },
    { "K=1 S=3 D=32768 alpha=0.6 gen=gauss", ASSAY_FULL },
    /* values at every place */
    { "K=3 S=5 D=37 alpha={0,0.6} gen=" ASSAY_VALUES "@{p,h,context}", ASSAY_QUICK },
    { "K=3 S=5 D=37 alpha=0.6 gen=" ASSAY_SQUARES "@{h,context}", ASSAY_QUICK },
    { "K={1,3} S={1,5} D=37 alpha=0.6 gen=zero-inf@{h,context}", ASSAY_QUICK },
    { "K=2 S={1..9} D={5,40} alpha=0.6 gen=nan@{p,h,context}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "repeated-context-S*: of cosines that are there twice the largest is the same",
    "flushed-h: nothing is asked of norms whose squares underflow, and beside others such numbers are nothing",
    "flushed-context: the same",
    NULL,
};

/* The first is the definition's page (T13), by alpha rounded to f32. */
static const assay_known_answer answers[] = {
    { "K=3 S=2 D=2 alpha=0.6",
      { { 0.5, 0.3, 0.2 }, { 0.8, 0.6, 0, 1, 1, -1 }, { 1, 0, 0.6, 0.8 } },
      { -0.37600003480911255, -0.36000002622604366, -0.34426409033903954 } },
    { "K=2 S=2 D=2 alpha=0.5", { { 0.25, 0.75 }, { 0, 0, 3, 4 }, { -3, -4, 0, 0 } }, { 0.125, 0.375 } },
    { "S=3 alpha=1", { { 0.5 }, { 2 }, { -1, -3, -0.5 } }, { 1 } },
    { "S=2 D=2", { { 0.5 }, { 2, 1 }, { -1, -3, 0, 1 } }, { 0.5 } },
};

/* From the last place and token to the first, by unit vectors; sorted by what is like it least. */
SECOND(contrast)
{
    const assay_contrast_params *p = a->params;
    const int64_t K = a->dim[0], S = a->dim[1], D = a->dim[2];
    for (int64_t k = 0; k < K; k++) {
        long double least = INFINITY, chance = ((const double *)a->operand[P])[k];
        const double *x = (const double *)a->operand[H] + k * D;
        for (int64_t s = S - 1; s >= 0; s--) {
            const double *y = (const double *)a->operand[CONTEXT] + s * D;
            long double nx = 0, ny = 0, unlike = 0;
            for (int64_t d = D - 1; d >= 0; d--)
                nx += (long double)x[d] * x[d], ny += (long double)y[d] * y[d];
            nx = sqrtl(nx), ny = sqrtl(ny);
            for (int64_t d = D - 1; d >= 0; d--)
                unlike -= nx * ny == 0 ? 0 : x[d] / nx * (y[d] / ny);
            least = least < unlike || isnan(least) ? least : unlike;
        }
        ((double *)a->operand[SCORE])[k] = (double)((1 - (long double)p->alpha) * chance + p->alpha * least);
    }
}

static const assay_workload workloads[] = {
    { "gpt2.contrastive512", "K=4 S=512 D=768 alpha=0.6", 1 },
    { "opt-6.7b.contrastive2k", "K=6 S=2048 D=4096 alpha=0.6", 1 },
    { "llama3-8b.contrastive8k", "K=4 S=8192 D=4096 alpha=0.6", 1 },
};

static const assay_vector_case vectors[] = {
    { "plain", "K=4 S=9 D=17 alpha=0.6 gen=gauss" },     { "chances", "K=4 S=5 D=17 gen=gauss" },
    { "opposed", "K=4 S=9 D=17 alpha=0.3 gen=opposed" }, { "zeros", "K=4 S=5 D=17 alpha=0.6 gen=zero-rows" },
    { "one", "K=3 S=1 D=40 alpha=1 gen=gauss" },
};

#define WHOLE "K=5 S={1,9} D={7,43} alpha=0.6 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("8 h: the same", WHOLE, "h", 8, 0, 1, LOOSE),
    AFFINE("context / 4: the same", WHOLE, "context", 0.25, 0, 1, LOOSE),
    AFFINE("-h, -context: the same", WHOLE, "h context", -1, 0, 1, 0),
    ALONG(REVERSE, "candidates in reverse: in score, too", WHOLE, "K", LOOSE),
    ALONG(REVERSE, "the context in reverse: the same", WHOLE, "S", LOOSE),
    ALONG(REVERSE, "places in reverse: the same", WHOLE, "D", LOOSE),
    MORE("three places of 0 more: the same", WHOLE, "D", "", 0, LOOSE),
    ALONG(CUT, "candidates in two calls: the same", WHOLE, "K", LOOSE),
};

/* Where the context counts for nothing a long one shows nothing. */
static void mend(assay_case *c)
{
    assay_contrast_params *p = (void *)c->params;
    if (c->dim[1] > UINT16_MAX && p->alpha == 0)
        p->alpha = 0.6F;
}

SUITE(contrast) = { USUAL_TABLES(contrast), .unseen = unseen, .mend = mend };
TABLES(contrast);
