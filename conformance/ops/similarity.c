/* SPDX-License-Identifier: MIT
 * similarity: cases; embeddings that are parallel, alike, far from 0, zero, or of sizes whose squares are lost
 * together. */
#include "tables.h"
#include "assay/params/similarity.h"
#include <math.h>

enum { A, B };

static int64_t length(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
/* Rows of b are rows of a times 1/2, -1 and 3, one after the other. */
static bool parallel(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double factor[] = { 0.5, -1, 3 };
    const int64_t D = length(c), T = c->dim[0];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == A || T == 0 ? assay_rng_normal(rng) : factor[k / D % 3] * value[A][k / D % T * D + k % D];
    return true;
}
/* Rows of b are rows of a, or differ from them in one place by a little; all about 100: their difference cancels. */
static bool alike(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t D = length(c), T = c->dim[0];
    for (int64_t k = 0; k < n; k++) {
        const bool other = k / D % 2 && k % D == k / D % D;
        value[i][k] =
            i == A || T == 0 ? 100 + assay_rng_normal(rng) : value[A][k / D % T * D + k % D] + (other ? 0x1p-10 : 0);
    }
    return true;
}
/* About 300 in each place: distances are small beside the sizes, cosines next to 1. */
static double offset(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)i, (void)j;
    return 300 + assay_rng_normal(rng);
}
/* One row in three is 0, of either sign. */
static double zero_rows(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const double x = assay_rng_normal(rng);
    return j / length(c) % 3 == 1 + i % 2 ? copysign(0, x) : x;
}
/* Rows of zeros against rows with NaN or infinity in one place: the norm of the one does not say that the product is 0.
 */
static double zeros_meet(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const int64_t row = j / length(c), rows = i == A ? 2 : 3, place = row % length(c);
    const double x = assay_rng_normal(rng);
    return row % rows == 0          ? copysign(0, x)
           : j % length(c) != place ? x
           : row % rows == 1        ? NAN
                                    : copysign(INFINITY, x);
}
/* Rows of sizes from 2^-54 to 2^54: the squares hold, the product of two of them does not. */
static double scaled(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i;
    return ldexp(assay_rng_normal(rng), 18 * (int)(j / length(c) % 7) - 54);
}
/* Rows of 1e-4 and below: a guard against small norms takes them for 0. */
static double small(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i;
    return ldexp(1 + assay_rng_uniform(rng), -14 - 4 * (int)(j / length(c) % 4));
}
/* The second half of b undoes the first: products of like size that cancel. */
static bool across(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t D = length(c);
    for (int64_t k = 0; k < n; k++) {
        const int64_t d = k % D, twin = D - 1 - d;
        value[i][k] = d < twin    ? 1 + assay_rng_uniform(rng)
                      : d == twin ? 0x1p-8
                                  : value[i][k - d + twin] * (i == A ? 1 : -1);
    }
    return true;
}

static const assay_gen gens[] = {
    TIGHT_FILL("parallel", ADVERSARIAL, parallel, "rows of b are multiples of rows of a: cosines of 1 and -1"),
    GEN_FILL("alike", ADVERSARIAL, alike, "rows of b are rows of a, or differ in one place by 2^-10"),
    TIGHT_DRAW("offset", ADVERSARIAL, offset, "all about 300: distances small beside the sizes, cosines next to 1"),
    GEN_DRAW("zero-rows", ADVERSARIAL, zero_rows, "one row in three is 0"),
    GEN_DRAW("zeros-meet", CLASS, zeros_meet, "rows of zeros against rows with NaN or infinity in one place"),
    GEN_DRAW("scaled", ADVERSARIAL, scaled, "rows from 2^-54 to 2^54 in size"),
    TIGHT_DRAW("small", ADVERSARIAL, small, "rows of 1e-4 and less"),
    GEN_FILL("across", ADVERSARIAL, across, "products that cancel"),
};

#define FORMS "form={dot,cosine,l2}"
static const assay_rows rows[] = {
    { "T={1,3} N={1,5} D={1..40} " FORMS " gen={gauss,parallel}", ASSAY_QUICK },
    { "T=2 N=7 D={1,3,4,7,8,31,64} " FORMS " gen={alike,offset,zero-rows,scaled,small,across}", ASSAY_QUICK },
    { "T=3 N={2..17} D=19 " FORMS " gen=gauss", ASSAY_QUICK },
    { "T={4..17} N=3 D=9 " FORMS " gen=gauss", ASSAY_QUICK },
    { "T=4 N=9 D={32,33,64,96} b={f16,bf16} " FORMS " gen={gauss,parallel,offset,zero-rows}", ASSAY_QUICK },
    { "T=4 N=9 D={32,64,96} b=q8_0 " FORMS " gen={gauss,parallel,offset,zero-rows}", ASSAY_QUICK },
    { "T=2 N=3 D={384,768,1021,4096} " FORMS " gen={gauss,positive,offset}", ASSAY_QUICK },
    { "T={0,1} N={0,2} D={0,3} " FORMS " gen=gauss", ASSAY_QUICK },
    { "T=2 N=5 D={9,40} " FORMS " gen={special,zero,signed-zero,denormal,equal,spike,wide}", ASSAY_QUICK },
    { "T={1,2} N=6 D={9,40} " FORMS " gen=zeros-meet", ASSAY_QUICK },
    { "T=1 N=600 D=64 " FORMS " gen=gauss", ASSAY_QUICK },
    { "T=1 N=20 D=32768 " FORMS " gen=gauss", ASSAY_FULL },
    /* values at every place */
    { "T=3 N=5 D=37 " FORMS " gen=" ASSAY_VALUES "@{a,b}", ASSAY_QUICK },
    { "T=3 N=5 D=37 " FORMS " gen=" ASSAY_SQUARES "@{a,b}", ASSAY_QUICK },
    { "T=3 N=5 D=35 b={f16,bf16} " FORMS " gen=" ASSAY_VALUES "@b", ASSAY_QUICK },
    { "T={1,3} N={1,5} D=37 " FORMS " gen=zero-inf@{a,b}", ASSAY_QUICK }, /* alone, nobody else reads the same number */
};

static const assay_known_answer answers[] = {
    { "D=3 form=dot", { { 1, 2, 3 }, { -1, 0.5, 2 } }, { 6 } },
    { "D=3 form=cosine", { { 1, 2, 3 }, { -1, 0.5, 2 } }, { 0.6998542122237653 } },
    { "D=3 form=l2", { { 1, 2, 3 }, { -1, 0.5, 2 } }, { 2.692582403567252 } },
    { "N=2 D=3 form=cosine", { { 1, 2, 3 }, { 0, 0, 0, -2, -4, -6 } }, { 0, -1 } },
    { "D=2 form=l2", { { 1e8, 1 }, { 1e8, 4 } }, { 3 } },
};

/* From the last place to the first; the cosine of unit vectors, the distance by the largest difference. */
SECOND(similarity)
{
    const assay_similarity_params *p = a->params;
    const int64_t N = a->dim[1], D = a->dim[2];
    for (int64_t i = 0; i < a->dim[0] * N; i++) {
        const double *x = (const double *)a->operand[A] + i / N * D, *y = (const double *)a->operand[B] + i % N * D;
        long double nx = 0, ny = 0, most = 0, dot = 0, cosine = 0, apart = 0;
        for (int64_t d = D - 1; d >= 0; d--) {
            nx += (long double)x[d] * x[d], ny += (long double)y[d] * y[d];
            dot += (long double)x[d] * y[d];
            most = fmaxl(most, fabsl((long double)x[d] - y[d]));
        }
        nx = sqrtl(nx), ny = sqrtl(ny);
        for (int64_t d = D - 1; d >= 0; d--) {
            const long double away = fabsl((long double)x[d] - y[d]);
            cosine += nx * ny == 0 ? 0 : x[d] / nx * (y[d] / ny);
            apart += most > 0 && isfinite(most) ? away / most * (away / most) : away;
        }
        ((double *)a->operand[2])[i] = (double)(p->form == ASSAY_SIMILARITY_DOT      ? dot
                                                : p->form == ASSAY_SIMILARITY_COSINE ? cosine
                                                : isfinite(most)                     ? most * sqrtl(apart)
                                                                                     : apart);
    }
}

static const assay_workload workloads[] = {
    { "minilm.nearest", "T=1 N=100000 D=384 form=cosine", 0 },
    { "minilm.batch8.nearest", "T=8 N=20000 D=384 form=cosine", 0 },
    { "minilm.nearest.dot", "T=1 N=100000 D=384 form=dot b={f32,f16}", 0 },
    { "smollm2-135m.vocab.cosine", "T=1 N=49152 D=576 form=cosine b=f16", 0 },
    { "sift.nearest", "T=1 N=200000 D=128 form=l2", 0 },
};

static const assay_vector_case vectors[] = {
    { "dot", "T=2 N=5 D=17 gen=gauss" },
    { "cosine", "T=3 N=5 D=17 form=cosine gen=zero-rows" },
    { "l2", "T=2 N=5 D=17 form=l2 gen=offset" },
    { "f16", "T=2 N=5 D=17 b=f16 form=cosine gen=gauss" },
    { "bf16", "T=2 N=5 D=17 b=bf16 form=l2 gen=gauss" },
    { "q8_0", "T=2 N=5 D=64 b=q8_0 form=cosine gen=gauss" },
};

#define LINE(form) "T=3 N={5,19} D={7,43} form=" form " gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 a: 4 s", LINE("dot"), "a", 4, 0, 4, 0),
    AFFINE("-a: -s", LINE("dot"), "a", -1, 0, -1, 0),
    AFFINE("-a: -s", LINE("cosine"), "a", -1, 0, -1, LOOSE),
    AFFINE("8 b: the same", LINE("cosine"), "b", 8, 0, 1, LOOSE),
    AFFINE("4 a, 4 b: 4 s", LINE("l2"), "a b", 4, 0, 4, LOOSE),
    AFFINE("-a, -b: the same", LINE("l2"), "a b", -1, 0, 1, 0),
    ALONG(REVERSE, "rows of b in reverse: in s, too", LINE("{dot,cosine,l2}"), "N", LOOSE),
    ALONG(REVERSE, "rows of a in reverse: in s, too", LINE("{dot,cosine,l2}"), "T", LOOSE),
    ALONG(REVERSE, "places in reverse: the same", LINE("{dot,cosine,l2}"), "D", LOOSE),
    MORE("three places of 0 more: the same", LINE("{dot,cosine,l2}"), "D", "", 0, LOOSE),
    ALONG(CUT, "rows of b in two calls: the same", LINE("{dot,cosine,l2}"), "N", LOOSE),
};

SUITE(similarity) = { USUAL_TABLES(similarity) };
TABLES(similarity);
