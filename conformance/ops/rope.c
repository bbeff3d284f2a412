/* SPDX-License-Identifier: MIT
 * rope: cases, known answers and a second derivation (complex product in long double). */
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/suite.h"
#include "assay/params/rope.h"
#include <complex.h>
#include <math.h>
#include <string.h>

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
    { "origin", ASSAY_TAG_EXACT, origin, .says = "position 0: the identity" },
    { "quarter", ASSAY_TAG_ADVERSARIAL, quarter, .says = "quarter turns: pairs change places and signs",
      .tight = true },
    { "far", ASSAY_TAG_ADVERSARIAL, far, .says = "positions up to 131,071", .tight = true },
    { "scattered", ASSAY_TAG_ADVERSARIAL, scattered, .says = "positions in no order, one negative, one twice",
      .tight = true },
    { "neighbours", ASSAY_TAG_ADVERSARIAL, neighbours, .says = "positions that follow each other", .tight = true },
    { "faint", ASSAY_TAG_ADVERSARIAL, faint, .tight = true, .says = "products that are subnormal" },
    { "unit", ASSAY_TAG_ADVERSARIAL, unit, .says = "one element of each head is 1", .tight = true },
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
    { "T=4 H=3 D=64 base={1,500,500000} " BOTH "gen={uniform,far}", ASSAY_QUICK },
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

/* ---- known answers, worked out outside this project ------------------------------------------------- */

typedef struct answer {
    const char *what;
    assay_rope_params p;
    int64_t D, F;
    double pos, x[6], f[3], y[6];
} answer;

static const answer answers[] = {
    { "P3 interleaved",
      { ASSAY_ROPE_INTERLEAVED, 0, 0 },
      4,
      0,
      3,
      { 1, 2, 3, 4 },
      { 0 },
      { -1.27223251272, -1.838864985141, 2.878668100437, 4.088186635603 } },
    { "P3 half",
      { ASSAY_ROPE_HALF, 0, 0 },
      4,
      0,
      3,
      { 1, 2, 3, 4 },
      { 0 },
      { -1.41335252078, 1.879118066688, -2.828857481741, 4.058191135401 } },
    { "P4 partial",
      { ASSAY_ROPE_HALF, 4, 0 },
      6,
      0,
      2,
      { 1, 2, 3, 4, 5, 6 },
      { 0 },
      { -3.144039117024, 1.91960534656, -0.3391430828157, 4.039197360053, 5, 6 } },
    { "P4 proportional",
      { ASSAY_ROPE_HALF, 0, 0 },
      6,
      3,
      2,
      { 1, 2, 3, 4, 5, 6 },
      { 1, 0.046415888336127789, 0 },
      { -4.05333654385, 1.527895944354, 3, -0.7552899193629, 5.163868122176, 6 } },
    { "base 10000 by default",
      { ASSAY_ROPE_HALF, 0, 10000 },
      4,
      0,
      3,
      { 1, 2, 3, 4 },
      { 0 },
      { -1.41335252078, 1.879118066688, -2.828857481741, 4.058191135401 } },
};

static void turn(const assay_rope_params *p, int64_t T, int64_t D, int64_t F, double *x, double *pos, double *f,
                 double *y)
{
    void *operand[4] = { x, pos, F ? f : NULL, y }, *before[4] = { NULL };
    const int64_t dim[4] = { T, 1, D, F };
    const assay_dense a = { operand, before, dim, p };
    assay_op_find("rope")->oracle(&a);
}

static bool worked_out(assay_why *why)
{
    for (size_t i = 0; i < ASSAY_COUNT_OF(answers); i++) {
        answer k = answers[i];
        double y[6];
        turn(&k.p, 1, k.D, k.F, k.x, &k.pos, k.f, y);
        for (int64_t d = 0; d < k.D; d++)
            if (!(fabs(y[d] - k.y[d]) <= 1e-12 * 6)) {
                assay_fail(why, ASSAY_ERR_ARG, "rope: %s: y[%d] is %.13g, known %.13g", k.what, (int)d, y[d], k.y[d]);
                return false;
            }
    }
    return true;
}

/* (a + i b) e^(i theta), theta in long double. */
static bool as_complex_product(assay_why *why)
{
    enum { T = 3, D = 16, R = 12 };
    double x[T * D], y[T * D], pos[T] = { 5, 131071, 77 }, f[R / 2];
    assay_rng g = { 5, 0, 0 };
    for (int run = 0; run < 40; run++) {
        const assay_rope_params p = { run & 1, R, run & 4 ? 500000 : 0 };
        for (int i = 0; i < T * D; i++)
            x[i] = assay_rng_normal(&g);
        for (int r = 0; r < R / 2; r++)
            f[r] = assay_rng_uniform(&g);
        turn(&p, T, D, run & 2 ? R / 2 : 0, x, pos, f, y);
        for (int i = 0; i < T * R / 2; i++) {
            const int t = i / (R / 2), r = i % (R / 2), k = t * D + (run & 1 ? r : 2 * r),
                      m = run & 1 ? k + R / 2 : k + 1;
            const long double rate = powl(run & 4 ? 500000 : 10000, -2 * (long double)r / R);
            const long double theta = (long double)pos[t] * (run & 2 ? (long double)f[r] : rate);
            const long double complex v = ((long double)x[k] + (long double)x[m] * I) * cexpl(theta * I);
            /* the oracle's angle is right to 2^-51, its sine and cosine to 2^-52 */
            const double slack = 0x1p-50 * (1 + (double)fabsl(theta)) * (fabs(x[k]) + fabs(x[m]));
            if (!(fabsl(creall(v) - (long double)y[k]) <= slack) || !(fabsl(cimagl(v) - (long double)y[m]) <= slack)) {
                assay_fail(why, ASSAY_ERR_ARG,
                           "rope: run %d, position %g, pair %d: (%.17g, %.17g) is not the complex product", run, pos[t],
                           r, y[k], y[m]);
                return false;
            }
        }
    }
    return true;
}

/* q.k depends on the distance of their positions alone, and is the same for both layouts of pairs. */
static bool relative(assay_why *why)
{
    enum { D = 8 };
    double q[D], k[D], turned[2][D], first = 0;
    assay_rng g = { 9, 0, 0 };
    for (int i = 0; i < D; i++)
        q[i] = assay_rng_normal(&g), k[i] = assay_rng_normal(&g);
    for (int run = 0; run < 4; run++) {
        const assay_rope_params p = { ASSAY_ROPE_HALF, 0, 0 };
        double at = 10.0 * run, to = at + 3, dot = 0;
        turn(&p, 1, D, 0, q, &at, NULL, turned[0]);
        turn(&p, 1, D, 0, k, &to, NULL, turned[1]);
        for (int i = 0; i < D; i++)
            dot += turned[0][i] * turned[1][i];
        first = run ? first : dot;
        if (!(fabs(dot - first) <= 1e-12)) {
            assay_fail(why, ASSAY_ERR_ARG, "rope: q.k at distance 3 is %.17g and %.17g", first, dot);
            return false;
        }
    }
    return true;
}

static bool known(assay_why *why)
{
    return worked_out(why) && as_complex_product(why) && relative(why);
}

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

const assay_suite assay_suite_rope = {
    .mend = mend,
    .op = "rope",
    .draws_own = true,
    .land = land,
    .second = second_rope,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .holes = holes,
    .unseen = unseen,
    .known = known,
};
