/* SPDX-License-Identifier: MIT
 * speculate: cases. */
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "tables.h"
#include <math.h>

enum { P, Q, LAST, DRAFT, U, W, COUNT, TOKEN, OPERANDS };

static double uniform(assay_rng *r)
{
    return (double)assay_rng_below(r, 1 << 24) * 0x1p-24;
}
static int64_t row_of(const assay_case *c)
{
    return c->dim[2] > 0 ? c->dim[2] : 1;
}
/* Any generator's u and w, but where it tries values there. */
static bool uniforms(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if ((i != U && i != W) || c->gen_at == 1 + i || c->gen->fill)
        return false;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = uniform(r);
    return true;
}

/* Each row sums to 1, nearly. */
static void share(double *x, int64_t n, int64_t V)
{
    for (int64_t row = 0; row < n / V; row++, x += V) {
        double sum = 0;
        for (int64_t v = 0; v < V; v++)
            sum += x[v];
        for (int64_t v = 0; v < V; v++)
            x[v] = sum > 0 ? x[v] / sum : 0;
    }
}
/* What a draft draws by its q. */
static void drawn(const double *q, double *draft, int64_t n, int64_t V, assay_rng *r)
{
    for (int64_t t = 0; t < n; t++, q += V) {
        const double u = uniform(r);
        double upto = 0;
        draft[t] = 0;
        for (int64_t v = 0; v < V && upto <= u; upto += q[v++])
            draft[t] = (double)v;
    }
}

/* Where the model has no chance the draft has one. */
static double like(double p)
{
    return p > 0 && p <= 1 ? p : 0.1;
}
/* Chances as models have them, those of a draft like them. */
static bool model(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = row_of(c);
    if (i == DRAFT)
        drawn(value[Q], value[i], n, c->dim[2], r);
    else
        for (int64_t k = 0; k < n; k++)
            value[i][k] = i == U || i == W ? uniform(r)
                          : i == Q         ? like(value[P][k]) * exp(0.5 * assay_rng_normal(r))
                                           : exp(2 * assay_rng_normal(r));
    if (i == P || i == Q || i == LAST)
        share(value[i], n, V);
    return true;
}
/* Eighths: u q is often p, and w sum often a sum up to an id. */
static bool eighths(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; i != DRAFT && k < n; k++)
        value[i][k] = (double)assay_rng_below(r, i == U || i == W ? 8 : 4) / 8;
    return i != DRAFT;
}
/* u within a few steps of p / q on both sides. */
static bool at_ratio(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[2];
    if (i != U || V == 0)
        return model(c, i, n, value, r);
    for (int64_t t = 0; t < n; t++) {
        const int64_t at = t * V + (int64_t)value[DRAFT][t];
        const double ratio = value[P][at] / value[Q][at], beside = (double)(assay_rng_below(r, 33) - 16) * 0x1p-23;
        value[i][t] = ratio < 0.99 ? ratio * (1 + beside) : uniform(r);
    }
    return true;
}
/* A draft that is as good: all is accepted, and where it is not nothing is left. One place of T or so, so that drafts
 * of any length are accepted to their end, and end anywhere. */
static bool as_good(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = row_of(c), T = c->dim[1] > 3 ? c->dim[1] : 3;
    if (i != Q)
        return model(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++)
        value[i][k] = value[P][k];
    for (int64_t row = 0; row < n / V; row++)
        if (assay_rng_below(r, T) == 0)
            value[i][row * V + assay_rng_below(r, V)] += 1;
    return true;
}
/* Most chances are 0, here or there; draws from one end to the other. */
static bool forbidden(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i == DRAFT || !model(c, i, n, value, r))
        return false;
    for (int64_t k = 0; k < n; k++) {
        const int64_t which = assay_rng_below(r, 3);
        if (i == U || i == W)
            value[i][k] = which == 0 ? 0 : which == 1 ? 1 - 0x1p-24 : value[i][k];
        else if (i == Q ? which == 0 : which != 0)
            value[i][k] = 0;
    }
    return true;
}
/* Numbers that are no chances, no draws: one in each third row, one draw of eight; and zeros beside them. */
static bool invalid(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const double odd[] = { NAN, INFINITY, -0.25, -INFINITY, 1 };
    const bool draws = i == U || i == W;
    const int64_t step = draws ? 1 : row_of(c);
    if (!model(c, i, n, value, r) || i == DRAFT)
        return true;
    for (int64_t k = 0; k < n; k++)
        value[i][k] *= assay_rng_below(r, 3) != 0;
    for (int64_t k = 0; k + step <= n; k += step)
        if (assay_rng_below(r, draws ? 8 : 3) == 0)
            value[i][k + assay_rng_below(r, step)] = odd[assay_rng_below(r, draws ? 5 : 4)];
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("model", ADVERSARIAL, model, "chances as models have them, a draft that is like its model"),
    GEN_FILL("eighths", ADVERSARIAL, eighths, "chances and draws in eighths: many are equal"),
    GEN_FILL("at-ratio", ADVERSARIAL, at_ratio, "draws about p / q"),
    GEN_FILL("as-good", ADVERSARIAL, as_good, "q is p, or more"),
    GEN_FILL("forbidden", ADVERSARIAL, forbidden, "most chances 0, draws at both ends"),
    GEN_FILL("invalid", CLASS, invalid, "numbers that are no chances, no draws"),
};

#define EACH "gen={model,eighths,at-ratio,as-good,forbidden}"
static const assay_rows rows[] = {
    { "R=9 T={0..5} V={1..17} gen={model,forbidden}", ASSAY_QUICK },
    { "R={4,6,10..15} T=2 V=5 gen={model,uniform,zero}", ASSAY_QUICK },
    { "R=40 T={1,4,7} V={2,3,8,33} " EACH, ASSAY_QUICK },
    { "R=40 T={1,5} V={2,5,100} gen=invalid", ASSAY_QUICK },
    { "R=1000 T=1 V=1 gen=invalid", ASSAY_QUICK },                   /* u that is none beside a q of 0 */
    { "R=300 T=0 V=1 gen=subnormal@last seed={1..4}", ASSAY_QUICK }, /* w sum rounds to the sum */
    { "R=9 T={6..17} V=40 gen={as-good,at-ratio}", ASSAY_QUICK },
    { "R=3 T=4 V=1000 " EACH, ASSAY_QUICK },
    { "R={0,1} T=2 V=3 gen=model", ASSAY_QUICK },
    { "R=5 T={32,33,70} V=9 gen={as-good,at-ratio}", ASSAY_QUICK }, /* longer drafts than a kernel may have room for */
    { "R=2 T=2 V=140000 gen=at-ratio", ASSAY_QUICK },
    { "R=3 T=4 V=49152 gen={model,as-good}", ASSAY_FULL },
    /* values at every place */
    { "R=7 T=3 V=37 gen=" ASSAY_VALUES "@{p,q,last,u,w}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "skips-*-last: it never meets p or q",
    "skips-last-p: the same",
    "skips-u-p: where all of p is 0 there is no answer",
    "inf-[uw]: what is 1 or more is none, however large it is",
    "flushed-[uw]: no chance lies so far below another",
    "out-value-16-count: no draft has 2^15 ids",
    NULL,
};

/* By the quotient and by chances that sum to 1, their sums from the end. */
static long double chance(const double *p, const double *q, int64_t v)
{
    return q ? fmaxl((long double)p[v] - q[v], 0) : p[v];
}
static bool valid_row(const double *x, int64_t V)
{
    for (int64_t v = 0; x && v < V; v++)
        if (isnan(x[v]) || isinf(x[v]) || x[v] < 0)
            return false;
    return true;
}
static double drawn_from(const double *p, const double *q, int64_t V, double w)
{
    long double sum = 0, behind = 0;
    if (!valid_row(p, V) || !valid_row(q, V) || !(w >= 0 && w < 1))
        return -1;
    for (int64_t v = V; v-- > 0;)
        sum += chance(p, q, v);
    if (sum == 0)
        return q ? drawn_from(p, NULL, V, w) : -1;
    for (int64_t v = V; v-- > 0;) { /* the last whose own chance reaches down to w */
        const long double own = chance(p, q, v) / sum;
        behind += own;
        if (own > 0 && 1 - behind <= w)
            return (double)v;
    }
    for (int64_t v = 0; v < V; v++)
        if (chance(p, q, v) > 0)
            return (double)v;
    return -1;
}

SECOND(speculate)
{
    const int64_t R = a->dim[0], T = a->dim[1], V = a->dim[2];
    const double *const *in = (const double *const *)a->operand;
    for (int64_t r = 0; r < R; r++) {
        double *count = (double *)a->operand[COUNT] + r, *token = (double *)a->operand[TOKEN] + r;
        const double *p = in[P] + r * T * V, *q = in[Q] + r * T * V;
        bool accepted = true, valid = true;
        int64_t t = 0;
        for (; t < T; t++) {
            const int64_t at = t * V + (int64_t)in[DRAFT][r * T + t];
            const double u = in[U][r * T + t];
            valid = valid_row(p + at, 1) && valid_row(q + at, 1) && u >= 0 && u < 1;
            accepted = valid && p[at] > 0 && (q[at] == 0 || u <= (long double)p[at] / q[at]);
            if (!accepted)
                break;
        }
        *token = !valid     ? -1
                 : accepted ? drawn_from(in[LAST] + r * V, NULL, V, in[W][r])
                            : drawn_from(p + t * V, q + t * V, V, in[W][r]);
        *count = *token < 0 ? -1 : (double)t;
    }
}

/* Three ids and two places; what is not given is 0. */
typedef struct known_draw {
    double p[6], q[6], last[3], draft[2], u[2], w[1], count, token;
} known_draw;
static bool known(assay_why *why)
{
    static const known_draw draws[] = {
        /* by id 1 half is accepted, and what is left is id 0 alone */
        { { .5, .3, .2 }, { .2, .6, .2 }, { 0 }, { 1 }, { .51 }, { .999 }, 0, 0 },
        { { .5, .3, .2, .5, .3, .2 }, { .2, .6, .2, .2, .6, .2 }, { 0 }, { 1, 1 }, { .49, .51 }, { 0 }, 1, 0 },
        { { .5, .3, .2, .5, .3, .2 },
          { .2, .6, .2, .2, .6, .2 },
          { .1, .4, .5 },
          { 0, 2 },
          { .99, .99 },
          { .3 },
          2,
          1 },
        /* left are a quarter of id 1 and three of id 2 */
        { { .1, .3, .6 }, { .6, .2, .2 }, { 0 }, { 0 }, { .2 }, { .19 }, 0, 1 },
        { { .1, .3, .6 }, { .6, .2, .2 }, { 0 }, { 0 }, { .2 }, { .21 }, 0, 2 },
        /* nothing is left; p is 0; there is no answer */
        { { .25, .25, .25 }, { .25, .75, .25 }, { 0 }, { 1 }, { .5 }, { .5 }, 0, 1 },
        { { 0, .5, .5 }, { .5, .5, 0 }, { 0 }, { 0 }, { 0 }, { .5 }, 0, 2 },
        { { .5, -.5, 1 }, { .5, .5, 0 }, { 0 }, { 1 }, { 0 }, { .5 }, -1, -1 },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(draws); i++) {
        known_draw d = draws[i];
        double count = 7, token = 7;
        void *before[OPERANDS] = { NULL };
        assay_op_find("speculate")
            ->oracle(&(assay_dense){ (void *[]){ d.p, d.q, d.last, d.draft, d.u, d.w, &count, &token }, before,
                                     (int64_t[]){ 1, d.p[5] > 0 ? 2 : 1, 3 }, NULL });
        if (count != d.count || token != d.token) {
            assay_fail(why, ASSAY_ERR_ARG, "speculate: draw %zu: %.0f accepted, then %.0f; known: %.0f, then %.0f", i,
                       count, token, d.count, d.token);
            return false;
        }
    }
    return true;
}

static const assay_workload workloads[] = {
    { "smollm2-135m.draft4", "R=1 T=4 V=49152 gen=model", 3 },
    { "llama3-8b.draft5", "R=1 T=5 V=128256 gen=model", 3 },
    { "llama3-8b.draft5.batch8", "R=8 T=5 V=128256 gen=model", 24 },
};

static const assay_vector_case vectors[] = {
    { "model", "R=12 T=3 V=9 gen=model" },          { "eighths", "R=12 T=2 V=7 gen=eighths" },
    { "as_good", "R=8 T=3 V=7 gen=as-good" },       { "forbidden", "R=16 T=2 V=9 gen=forbidden" },
    { "nothing_drafted", "R=9 T=0 V=9 gen=model" }, { "invalid", "R=16 T=2 V=5 gen=invalid" },
};

#define DRAFTS "R=9 T={1,4} V={5,43} gen=model seed=3"
static const assay_relation relations[] = {
    AFFINE("4 times all chances: the same", DRAFTS, "p q last", 4, 0, 1, 0),
    ALONG(REVERSE, "sequences in reverse: in both results, too", DRAFTS, "R", 0),
    ALONG(CUT, "sequences in two calls: the same", DRAFTS, "R", 0),
    MORE("three ids more without a chance: the same", DRAFTS, "V", "p q last", 0, 0),
};

const assay_suite assay_suite_speculate = {
    .op = "speculate",
    .draws_own = true,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .fill = uniforms,
    .unseen = unseen,
    .second = second_speculate,
    .known = known,
};
TABLES(speculate);
