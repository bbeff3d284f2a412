/* SPDX-License-Identifier: MIT
 * softmax: cases; rows whose answer is exact. */
#include "tables.h"
#include "assay/params/softmax.h"
#include <math.h>

enum { X, MASK };

static bool masked(const assay_case *c)
{
    return c->present >> MASK & 1;
}
/* Winners at the same logit, every other one below by 1024 and more, so that its exponential is 0 also when scaled. */
static void winners(const assay_case *c, double *x, int64_t count, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t r = 0; r < c->dim[0]; r++, x += C) {
        const double top = 8 * (double)(assay_rng_below(rng, 17) - 8);
        const int64_t first = C ? assay_rng_below(rng, C) : 0;
        for (int64_t i = 0; i < C; i++)
            x[i] = top - 1024 - 8 * (double)assay_rng_below(rng, 32);
        for (int64_t i = 0; i < count && i < C; i++)
            x[(first + i * (C / count)) % C] = top;
    }
}
/* Losers may also be masked; winners (the maximum of their row) never are. */
static void mask_losers(const assay_case *c, double *mask, const double *x, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t r = 0; r < c->dim[0]; r++, x += C, mask += C) {
        double top = -INFINITY;
        for (int64_t i = 0; i < C; i++)
            top = fmax(top, x[i]);
        for (int64_t i = 0; i < C; i++)
            mask[i] = x[i] < top && assay_rng_below(rng, 2) ? -INFINITY : 0;
    }
}
static bool some_winners(const assay_case *c, int i, int64_t count, double *const *value, assay_rng *rng)
{
    if (i == X)
        winners(c, value[X], count, rng);
    else
        mask_losers(c, value[MASK], value[X], rng);
    return true;
}
static bool one_hot(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)n;
    return some_winners(c, i, 1, value, rng);
}
static bool pair(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)n;
    return some_winners(c, i, 2, value, rng);
}
/* The largest 2^k <= C winners: each gets exactly 2^-k. */
static bool uniform_2k(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)n;
    int64_t k = 1;
    while (2 * k <= c->dim[1])
        k *= 2;
    return some_winners(c, i, k, value, rng);
}

/* What masks do, one kind per row: all masked; all at -FLT_MAX (uniform); only the last or the first visible; the
 * first half masked; NaN and infinity where masked (must not leak); every other one.  Without a mask x carries it. */
static bool masked_rows(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / C % 7, col = k % C;
        const bool hide = kind == 0 || (kind == 2 && col != C - 1) || (kind == 3 && col != 0) ||
                          ((kind == 4 || kind == 5) && col < C / 2) || (kind == 6 && col % 2);
        if (i == MASK)
            value[i][k] = hide ? -INFINITY : kind == 1 ? -0x1.fffffep127 : 0;
        else if (masked(c))
            value[i][k] = kind == 1 ? 0 : hide && kind == 5 ? (col % 2 ? NAN : INFINITY) : assay_rng_normal(rng);
        else
            value[i][k] = hide ? -INFINITY : kind == 1 ? -0x1.fffffep127 : assay_rng_normal(rng);
    }
    return true;
}

/* Rows without anything above -inf: NaN under the mask only (0), one visible NaN (all NaN), x itself -inf (0). */
static bool hollow(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / C % 3, at = C - 1 - k / C % C;
        const bool here = k % C == at;
        if (i == MASK)
            value[i][k] = kind == 2 || (kind == 1 && here) ? 0 : -INFINITY;
        else if (kind == 2 || !masked(c))
            value[i][k] = kind == 1 && here ? NAN : -INFINITY;
        else
            value[i][k] = here ? NAN : assay_rng_normal(rng);
    }
    return true;
}

/* An additive mask that is neither 0 nor -inf (ALiBi), and logits that are large, one kind per row. */
static bool huge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double offset[] = { 0, 1000, -1000, 0, -1e5, 1e4 }, spread[] = { 88, 1, 1, 1e4, 2, 30 };
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / c->dim[1] % 6;
        value[i][k] = i == MASK ? -0.0625 * (double)(k % c->dim[1])
                                : offset[kind] + spread[kind] * (2 * assay_rng_uniform(rng) - 1);
    }
    return true;
}
/* Ascending, descending, and in steps of 16, one kind per row: the rescaling of an online softmax. */
static bool ramp(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / c->dim[1] % 3, col = k % c->dim[1];
        const double step = kind == 0 ? (double)col : kind == 1 ? (double)-col : (double)(col / 16) * 16;
        value[i][k] = i == MASK ? 0 : 0.37 * step + 0.01 * assay_rng_uniform(rng);
    }
    return true;
}
/* Ascending (even rows) or descending by less than any weight loses: an online softmax rescales everything that it has,
 * at every element. */
static bool creep(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double at = ldexp((double)(k % c->dim[1]) + 0.5 * assay_rng_uniform(rng), -13);
        value[i][k] = i == MASK ? 0 : k / c->dim[1] % 2 ? -at : at;
    }
    return true;
}
/* Just below a power of two, of both signs: to add anything before the maximum is subtracted costs a bit. */
static bool binades(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double at = ldexp(1, (int)(k / c->dim[1] % 4) * 3) - assay_rng_uniform(rng);
        value[i][k] = i == MASK ? 0 : k / c->dim[1] % 2 ? -at : at;
    }
    return true;
}
static bool spread(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == MASK ? (assay_rng_below(rng, 4) ? 0 : -INFINITY) : 6 * assay_rng_normal(rng);
    return true;
}

/* One element takes all, the others' weights are subnormal. */
static bool faint(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == MASK || k % c->dim[1] == 0 ? 0 : -88 - 14 * assay_rng_uniform(rng);
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("one-hot", EXACT, one_hot, "one element takes all"),
    GEN_FILL("pair", EXACT, pair, "two elements take a half each"),
    GEN_FILL("uniform-2k", EXACT, uniform_2k, "2^k elements take 2^-k each"),
    TIGHT_FILL("masked-rows", ADVERSARIAL, masked_rows,
               "rows masked wholly, by half, but for one element; NaN and inf where masked"),
    GEN_FILL("hollow", CLASS, hollow, "rows with nothing above -inf, some with a NaN"),
    TIGHT_FILL("huge", ADVERSARIAL, huge, "large logits, a mask that is neither 0 nor -inf"),
    GEN_FILL("creep", ADVERSARIAL, creep, "logits that rise or fall so slowly that no weight is lost"),
    GEN_FILL("ramp", ADVERSARIAL, ramp, "logits that rise, fall, or climb in steps of 16"),
    GEN_FILL("spread", RANDOM, spread, "normal deviates times 6, a quarter masked"),
    TIGHT_FILL("faint", ADVERSARIAL, faint, "weights that are subnormal"),
    TIGHT_FILL("binades", ADVERSARIAL, binades, "logits just below powers of two"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} gen={masked-rows,hollow,pair,uniform-2k}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} mask=f32 gen={masked-rows,hollow,one-hot,pair,spread}", ASSAY_QUICK },
    { "R=6 C={8,17,63,130} mask=f32 scale={0,0.125,0.3} gen={huge,ramp,gauss}", ASSAY_QUICK },
    { "R=6 C={9,40,67} scale={0,0.125,0.3,2} gen={huge,ramp,spread,uniform-2k}", ASSAY_QUICK },
    { "R=66 C={1..8} gen=short", ASSAY_QUICK },
    { "R=8 C={2,5,9} gen=binades", ASSAY_QUICK },
    { "R=6 C={5,40} gen=faint", ASSAY_QUICK },
    { "R=66 C={1..9} mask=f32 scale=0.125 gen=spread", ASSAY_QUICK },
    { "R=70 C={31,64,257} gen={gauss,uniform,spread}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=3 C={9,40} gen={special,zero,signed-zero,denormal,equal,positive,spike,wide}", ASSAY_QUICK },
    { "R=2 C={17,32} x={f16,bf16} y={f32,f16,bf16} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=2 C={17,32} x=f32 y={f16,bf16} mask=f32 gen={spread,one-hot}", ASSAY_QUICK },
    { "R=2 C={512,1021,1024} gen={gauss,equal,uniform-2k,ramp,creep}", ASSAY_QUICK },
    { "R=1 C={4096,32768} gen={gauss,positive,equal,ramp,creep,huge,uniform-2k}", ASSAY_QUICK },
    { "R=6 C=4096 gen={gauss,equal,ramp,huge,one-hot}", ASSAY_FULL },
    { "R=1 C=49152 scale={0,0.7} gen={gauss,spread,uniform-2k}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=37 x={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_MASK_VALUES "@mask", ASSAY_QUICK },
    { "R=7 C=70 gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
    { "R=13 C=8 x={f32,bf16} mask={none,f32} scale=2 gen=end@x", ASSAY_QUICK }, /* the largest logit overflows */
};

static const char *const unseen[] = { "out-inf-y: results lie between 0 and 1",
                                      "flushed-mask: it adds less than 2^-126 to a logit, which no exponential shows",
                                      NULL };
/* What the softmax is of; -inf: a key that is not seen. */
static long double logit(const assay_dense *a, int64_t i)
{
    const assay_softmax_params *p = a->params;
    const double *x = a->operand[X], *mask = a->operand[MASK];
    const long double m = mask ? mask[i] : 0;
    return m == -INFINITY ? m : m + (p->scale == 0 ? 1 : p->scale) * (long double)x[i];
}

/* Worked out outside this project, and what is ours to say: a row that is masked wholly is 0, a NaN under a mask
 * hidden. */
static const assay_known_answer answers[] = {
    { "C=3 mask=f32", { { 1, 2, 1000 } }, { 0, 0, 1 } },
    { "C=3 mask=f32", { { 0.1, 0.2, 0.3 } }, { 0.30060960535572734, 0.3322249935333473, 0.3671654011109253 } },
    { "C=3 mask=f32", { { 1, 2, 3 }, { -INFINITY, -INFINITY, -INFINITY } }, { 0, 0, 0 } },
    { "C=3 mask=f32", { { NAN, 7, 7 }, { -INFINITY, 0, 0 } }, { 0, 0.5, 0.5 } },
    { "C=3 mask=f32",
      { { 3, 2, 1 }, { -0x1.fffffep127, -0x1.fffffep127, -0x1.fffffep127 } },
      { 1 / 3.0, 1 / 3.0, 1 / 3.0 } },
};

/* In one pass: the highest logit so far, and the sum beside it, brought down whenever a higher one comes. */
SECOND(softmax)
{
    const int64_t C = a->dim[1];
    double *y = a->operand[2];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        long double top = -INFINITY, sum = 0;
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const long double z = logit(a, i);
            if (z > top)
                sum = sum * expl(top - z) + 1, top = z;
            else if (z != -INFINITY)
                sum += expl(z - top);
        }
        for (int64_t i = r * C; i < (r + 1) * C; i++)
            y[i] = isnan(sum) || top == INFINITY ? NAN
                   : logit(a, i) == -INFINITY    ? 0
                                                 : (double)(expl(logit(a, i) - top) / sum);
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.scores1024", "R=9 C=1024 scale=0.125", 1 },
    { "smollm2-135m.prefill512.scores", "R=4608 C=512 scale=0.125 mask=f32", 512 },
    { "smollm2-135m.decode.vocab", "R=1 C=49152", 1 },
    { "llama3-8b.decode.scores4096", "R=32 C=4096 scale=0.08838834764831845", 1 },
    { "llama3-8b.decode.vocab", "R=1 C=128256", 1 },
    { "square.4096", "R=4096 C=4096", 0 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=4 C=17 gen=gauss" },
    { "masked", "R=5 C=19 mask=f32 scale=0.125 gen=gauss" },
    { "huge", "R=4 C=12 gen=huge" },
    { "bf16", "R=3 C=9 x=bf16 y=f16 gen=gauss" },
};

#define SOFT "R=5 C={7,43} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("x + 8: the same", SOFT, "x", 1, 8, 1, LOOSE),
    ALONG(REVERSE, "columns in reverse: in y too", SOFT, "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in y too", SOFT, "R", LOOSE),
    MORE("three logits of -inf more: the same", SOFT, "C", "x", (double)-INFINITY, LOOSE),
    MORE("three masked columns more: the same", "R=5 C={7,43} mask=f32 gen=gauss seed=3", "C", "mask",
         (double)-INFINITY, LOOSE),
    AFFINE("mask + 4: the same", "R=5 C={7,43} mask=f32 gen=gauss seed=3", "mask", 1, 4, 1, LOOSE),
    ALONG(CUT, "rows in two calls: the same", SOFT, "R", LOOSE),
    { "rows sum to 1", SOFT, ASSAY_ACT_TOTAL, .by = 1, .slack = LOOSE },
    { "rows sum to 1", "R=5 C={7,43} scale=0.3 gen=huge seed=3", ASSAY_ACT_TOTAL, .by = 1, .slack = LOOSE },
};

SUITE(softmax) = { USUAL_TABLES(softmax), .unseen = unseen };
TABLES(softmax);
