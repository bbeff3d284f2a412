/* SPDX-License-Identifier: MIT
 * rope: cases. */
#include "../../reference/core/values.h"
#include "tables.h"
#include "assay/params/rope.h"
#include <math.h>

enum { X, POS, FREQ };

/* Frequencies as models have them: base^(-2r/R), the slower half divided by 8 (Llama-3), so that no formula of the
 * op's own gives them. */
static void usual_frequencies(int64_t n, double *f)
{
    for (int64_t r = 0; r < n; r++)
        f[r] = pow(10000, -(double)r / (double)n) / (2 * r < n ? 1 : 8);
}

/* Position 0: the identity, bit for bit. */
static bool origin(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == POS ? 0 : (double)(assay_rng_below(r, 17) - 8);
    return true;
}

/* Quarter turns: pairs change places and signs; every element has a value of its own. */
static bool quarter(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c, (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == POS    ? (double)(k % 4)
                      : i == FREQ ? (double)(1 + k % 3) * 1.57079632679489662
                                  : 1 + (double)k;
    return true;
}

/* As positions, what[k]; vectors are left to gauss. */
static bool placed(int i, int64_t n, double *const *value, const int32_t *what, size_t n_what)
{
    if (i == FREQ)
        usual_frequencies(n, value[i]);
    for (int64_t k = 0; i == POS && k < n; k++)
        value[i][k] = what[(size_t)k % n_what];
    return i != X;
}
static bool far(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 131071, 131070, 100003, 65537, 77777, 32768 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool scattered(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 7, 0, 4096, 1, 131071, 2, 1024, -3, 7, 999999 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
static bool neighbours(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const int32_t p[] = { 255, 256, 257, 258, 259, 260, 15962, 15963 };
    (void)c, (void)r;
    return placed(i, n, value, p, ASSAY_COUNT_OF(p));
}
/* One element of each head is 1: shows which pair it belongs to. */
static bool unit(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t D = c->dim[2];
    (void)r;
    if (i == FREQ)
        usual_frequencies(n, value[i]);
    for (int64_t k = 0; k < n && i != FREQ; k++)
        value[i][k] = i == POS ? (double)(k + 1) : (double)(k % D == k / D % D);
    return true;
}

/* Products that are subnormal. */
static bool faint(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i == FREQ || i == POS)
        return unit(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = 0x1p-140 * assay_rng_normal(r);
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("origin", EXACT, origin, "position 0: the identity"),
    TIGHT_FILL("quarter", ADVERSARIAL, quarter, "quarter turns: pairs change places and signs"),
    TIGHT_FILL("far", ADVERSARIAL, far, "positions up to 131,071"),
    TIGHT_FILL("scattered", ADVERSARIAL, scattered, "positions in no order, one negative, one twice"),
    TIGHT_FILL("neighbours", ADVERSARIAL, neighbours, "positions that follow each other"),
    TIGHT_FILL("faint", ADVERSARIAL, faint, "products that are subnormal"),
    TIGHT_FILL("unit", ADVERSARIAL, unit, "one element of each head is 1"),
};

#define BOTH "mode={interleaved,half} "
/* Every tail of a table of frequencies */
#define TABLE(F, R)                                                                                                    \
    {                                                                                                                  \
        "T=2 H=2 D=40 F=" #F " inv_freq=f32 n_dims=" #R " mode={interleaved,half} gen={gauss,unit}", false             \
    }
static const assay_rows rows[] = {
    TABLE(1, 2),
    TABLE(2, 4),
    TABLE(3, 6),
    TABLE(4, 8),
    TABLE(5, 10),
    TABLE(6, 12),
    TABLE(7, 14),
    TABLE(8, 16),
    TABLE(9, 18),
    TABLE(10, 20),
    TABLE(11, 22),
    TABLE(12, 24),
    TABLE(13, 26),
    TABLE(14, 28),
    TABLE(15, 30),
    { "T=3 H=2 D={2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34} " BOTH "gen={gauss,origin}", ASSAY_QUICK },
    { "T=6 H=2 D={64,80,96,128,256} " BOTH "gen={gauss,far,scattered,neighbours,unit}", ASSAY_QUICK },
    { "T=4 H=3 D=64 base={0.7,500.3,500000} " BOTH "gen={uniform,far}", ASSAY_QUICK },
    { "T=3 H=2 D=40 n_dims={2,6,16,32,38} " BOTH "gen={gauss,far,origin,unit}", ASSAY_QUICK },
    { "T=3 H=2 D={7,9,11,13,15,17,19} n_dims={2,4,6} " BOTH "gen={gauss,unit}", ASSAY_QUICK },
    { "T=3 H=2 D={3,5} n_dims=2 " BOTH "gen={gauss,unit}", ASSAY_QUICK },
    { "T=8 H=2 D=32 F=16 inv_freq=f32 " BOTH "gen={gauss,quarter,far,scattered,neighbours,unit,origin}", ASSAY_QUICK },
    { "T=6 H=1 D=50 n_dims=34 F=17 inv_freq=f32 " BOTH "gen={uniform,quarter,far,unit}", ASSAY_QUICK },
    { "T=6 H=2 D={8,34} " BOTH "gen=faint", ASSAY_QUICK },
    { "T={0,1} H={0,1} D={0,2,34} " BOTH "gen=gauss", ASSAY_QUICK },
    { "T=3 H=2 D={18,32} " BOTH "gen={special,zero,signed-zero,denormal,equal,wide}", ASSAY_QUICK },
    { "T=70 H=9 D=64 F=32 inv_freq=f32 " BOTH "gen={gauss,far}", ASSAY_FULL },
    { "T=40 H=3 D=128 " BOTH "gen={gauss,far,ramp}", ASSAY_FULL },
    /* values at every place */
    { "T=5 H=3 D=40 F=20 mode={interleaved,half} inv_freq=f32 gen=" ASSAY_VALUES "@{x,inv_freq}", ASSAY_QUICK },
    { "T=5 H=3 D=40 mode={interleaved,half} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "T=130 D=262 F=131 inv_freq=f32 gen=gauss", ASSAY_QUICK }, /* a long table of frequencies in many rows */
    { "T=1 H=130 D=262 F=131 inv_freq=f32 gen=gauss", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "field-cut-n_dims-16: at most a head is rotated, and no head is longer than 2^16",
    "flushed-inv_freq: positions end at 2^24, and such an angle is below the error of any sine",
    NULL,
};
static const char *const holes[] = { "D=1: a pair has two elements", NULL };

/* An even number of elements is turned: of an odd D all but the last. */
static void mend(assay_case *c)
{
    assay_rope_params *p = (void *)c->params;
    int64_t R = p->n_dims ? p->n_dims : c->dim[2];
    R = (R < c->dim[2] ? R : c->dim[2]) & ~(int64_t)1;
    if (c->dim[2] == 1)
        c->dim[2] = R = 2;
    p->n_dims = R == c->dim[2] && !p->n_dims ? 0 : (int32_t)R;
    c->dim[3] = c->present >> FREQ & 1 ? R / 2 : 1;
}

/* Position 0 turns by nothing. */
static double land(const assay_case *c, int i, int64_t j)
{
    return i == 0 ? assay_landing(c, j) : 1;
}

static const assay_known_answer answers[] = {
    { "D=4", { { 1, 2, 3, 4 }, { 3 } }, { -1.27223251272, -1.838864985141, 2.878668100437, 4.088186635603 } },
    { "D=4 mode=half", { { 1, 2, 3, 4 }, { 3 } }, { -1.41335252078, 1.879118066688, -2.828857481741, 4.058191135401 } },
    { "D=4 mode=half base=10000",
      { { 1, 2, 3, 4 }, { 3 } },
      { -1.41335252078, 1.879118066688, -2.828857481741, 4.058191135401 } },
    { "D=6 mode=half n_dims=4",
      { { 1, 2, 3, 4, 5, 6 }, { 2 } },
      { -3.144039117024, 1.91960534656, -0.3391430828157, 4.039197360053, 5, 6 } },
    { "D=6 F=3 inv_freq=f32 mode=half",
      { { 1, 2, 3, 4, 5, 6 }, { 2 }, { 1, 0.046415888336127789, 0 } },
      { -4.05333654385, 1.527895944354, 3, -0.7552899193629, 5.163868122176, 6 } },
};

/* Each element of the result by itself: its own times the cosine, its partner's times the sine of the pair's angle,
 * less it if it is the first of the two. */
SECOND(rope)
{
    const assay_rope_params *p = a->params;
    const int64_t H = a->dim[1], D = a->dim[2], R = p->n_dims ? p->n_dims : D;
    const double *x = a->operand[X], *pos = a->operand[POS], *f = a->operand[FREQ];
    const bool half = p->mode == ASSAY_ROPE_HALF;
    double *y = a->operand[3];
    for (int64_t i = 0; i < a->dim[0] * H * D; i++) {
        const int64_t d = i % D, r = half ? d % (R > 1 ? R / 2 : 1) : d / 2;
        const bool first = half ? d < R / 2 : d % 2 == 0;
        const int64_t partner = i + (first ? 1 : -1) * (half ? R / 2 : 1);
        if (d >= R) {
            y[i] = x[i];
            continue;
        }
        const long double rate = f ? (long double)f[r] : powl(p->base > 0 ? p->base : 10000, -2 * (long double)r / R);
        const long double angle = (long double)pos[i / D / H] * rate, turned = sinl(angle) * x[partner];
        y[i] = (double)(cosl(angle) * x[i] + (first ? -turned : turned));
    }
}

static const assay_workload workloads[] = {
    /* q and k of one layer */
    { "smollm2-135m.decode.q", "T=1 H=9 D=64 F=32 inv_freq=f32", 1 },
    { "smollm2-135m.decode.k", "T=1 H=3 D=64 F=32 inv_freq=f32", 1 },
    { "smollm2-135m.prefill512.q", "T=512 H=9 D=64 F=32 inv_freq=f32", 512 },
    { "smollm2-135m.prefill512.q.half", "T=512 H=9 D=64 F=32 inv_freq=f32 mode=half", 512 },
    { "smollm2-135m.prefill512.q.base", "T=512 H=9 D=64 base=100000", 512 },
    { "llama3-8b.decode.q", "T=1 H=32 D=128 F=64 inv_freq=f32", 1 },
    { "llama3-8b.prefill512.q", "T=512 H=32 D=128 F=64 inv_freq=f32", 512 },
    { "llama3-8b.prefill512.q.half", "T=512 H=32 D=128 F=64 inv_freq=f32 mode=half", 512 },
};

static const assay_vector_case vectors[] = {
    { "interleaved", "T=3 H=2 D=20 gen=gauss" },
    { "half", "T=3 H=2 D=20 mode=half gen=gauss" },
    { "partial", "T=3 H=2 D=11 n_dims=6 base=500000 mode=half gen=far" },
    { "far", "T=6 H=1 D=64 mode=half gen=far" },
    { "inv_freq", "T=4 H=2 D=18 F=9 inv_freq=f32 gen=scattered" },
    { "inv_freq_half", "T=4 H=2 D=18 F=9 inv_freq=f32 mode=half gen=quarter" },
    { "origin", "T=2 H=2 D=16 gen=origin" },
};

#define ROPE "T=4 H=3 D={12,44} mode={interleaved,half} base=1e4 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 x: 4 y", ROPE, "x", 4, 0, 4, 0),
    AFFINE("-x: -y", ROPE, "x", -1, 0, -1, 0),
    { "at position 0: x", ROPE, ASSAY_ACT_AFFINE, .on = "pos", .by = 0, .equals = "x" },
    { "rows keep their length", ROPE, ASSAY_ACT_NORM, .on = "x", .slack = LOOSE },
    ALONG(REVERSE, "tokens in reverse: in y too", ROPE, "T", LOOSE),
    ALONG(REVERSE, "heads in reverse: in y too", ROPE, "H", LOOSE),
    ALONG(CUT, "tokens in two calls: the same", ROPE, "T", LOOSE),
};

SUITE(rope) = { USUAL_TABLES(rope), .mend = mend, .land = land, .holes = holes, .unseen = unseen };
TABLES(rope);
