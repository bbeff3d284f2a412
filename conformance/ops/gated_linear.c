/* SPDX-License-Identifier: MIT
 * gated_linear: cases; states that remember and states that forget, one head unlike the next. */
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "../../reference/names.h"
#include "tables.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { Q, K, V, DECAY, GATE, STATE, Y, LAST };

static double sparse(const assay_case *c, int i, int64_t j, assay_rng *r);

/* A decay lies between 0 and 1, and so does what a gate is the logarithm of, or else states would grow without end;
 * where what is left decides, one gate of eight is the logarithm of a subnormal number.  Of what is not finite a gate
 * may be NaN or -inf, but not +inf beside another operand's zeros; and beside infinities elsewhere states do not grow:
 * one that overflows keeps its sign, which an infinite query would show. */
static bool falling(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const bool elsewhere = c->gen_at && c->gen_at != 1 + DECAY && c->gen_at != 1 + GATE;
    const bool infinite = elsewhere ? strstr(c->gen->name, "inf") != NULL : strcmp(c->gen->name, "special") == 0;
    const bool class = c->gen->tag == ASSAY_TAG_CLASS && !infinite;
    const bool ours = (i == DECAY || i == GATE) && c->gen_at != 1 + i && !class;
    for (int64_t j = 0; ours && j < n; j++)
        value[i][j] =
            i == GATE ? -fabs(assay_rng_normal(r)) / 2 : 1 - ldexp(1 + assay_rng_uniform(r), -1 - (int)(j % 7));
    for (int64_t j = 0; ours && i == GATE && c->gen->draw == sparse && j < n; j++)
        if (assay_rng_below(r, 8) == 0)
            value[i][j] = -88 - 12 * assay_rng_uniform(r);
    return ours;
}
/* Queries alternate, keys are alike: what is read cancels. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t D = c->dim[3] ? c->dim[3] : 1;
    const double little = assay_rng_normal(r) / 64;
    return (i == Q && j % D % 2 ? -1 : i == STATE ? 3 : 1) + little;
}
/* One token in three has a key; what is read of the others is what is left of it. */
static double sparse(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t row = c->dim[2] * c->dim[3], t = j / (row ? row : 1) % 3;
    const double x = assay_rng_normal(r);
    return i == K && t ? 0 : x;
}
/* Infinite values without a key and infinite keys without a value, but for one head of three: there queries are 0 in
 * each row that a gate of -inf forgets. */
static double zero_inf(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r);
    const int64_t H = c->dim[2] ? c->dim[2] : 1, D = c->dim[3] ? c->dim[3] : 1, E = c->dim[4] ? c->dim[4] : 1;
    const bool plain = j / (i == V ? E : i == STATE ? D * E : D) % H % 3 == 2;
    switch (i) {
    case K:
    case V:
        return plain ? x : j % 7 == 0 ? 0 : j % 7 == 3 ? INFINITY : x;
    case Q:
        return (plain ? j % D % 2 == 0 : j % 5 != 0) ? x : 0;
    case DECAY:
        return j % 3 == 1 ? 0 : 0.5;
    case GATE:
        return plain && j % D % 2 ? -INFINITY : !plain && j % 49 == 42 ? NAN : -fabs(x); /* a key is 0 there */
    default:
        return plain || j % 3 ? x : j % 2 ? 0 : INFINITY;
    }
}
static const assay_gen gens[] = {
    GEN_DRAW("across", ADVERSARIAL, across, "what is read cancels"),
    TIGHT_DRAW("sparse", ADVERSARIAL, sparse, "keys of 0 at two tokens of three: what is left of the last decides"),
    GEN_DRAW("zero-times-inf", CLASS, zero_inf, "what is not finite beside zeros, in every operand"),
};
static const char *const exact[] = { "ints-narrow", NULL };

#define ALL   "decay=f32 gate=f32 state=f32 last=f32 "
#define GIVEN "decay={f32,none} gate={f32,none} state={f32,none} "
static const assay_rows rows[] = {
    { "B=2 T={1..5} H=2 D=3 E=2 " GIVEN "last=f32 gen=gauss", ASSAY_QUICK },
    { "B=1 T=3 H=2 D={1..17} E=3 " ALL "gen={gauss,sparse}", ASSAY_QUICK },
    { "B=1 T=3 H=2 D=3 E={1..17} decay=f32 state=f32 last={f32,none} gen={gauss,across}", ASSAY_QUICK },
    { "B=1 T={6..17} H=1 D=3 E=2 " ALL "gen={gauss,sparse}", ASSAY_QUICK },
    { "B={0,1} T={0,2} H={0,1} D={0,3} E={0,2} " ALL "gen=gauss", ASSAY_QUICK },
    { "B=2 T=5 H={1,2,3} D=4 E=3 gen=ints-narrow", ASSAY_QUICK },
    { "B=1 T=3 H=2 D={16,33,64} E={16,33,65,130} " GIVEN "last=f32 gen=sparse", ASSAY_QUICK },
    { "B=2 T=4 H=2 D=3 E=5 q={f16,bf16} k={f32,f16,bf16} v={f16,bf16} y={f32,f16,bf16} decay=f32 gen=gauss",
      ASSAY_QUICK },
    { "B=1 T={33,300} H=2 D=3 E=2 " GIVEN "last=f32 gen={gauss,across}", ASSAY_QUICK },
    { "B=1 T=2 H={3..17} D=2 E=3 decay=f32 gate=f32 last=f32 gen=gauss", ASSAY_QUICK },
    { "B=1 T=3 H=32 D=1 E=1 decay=f32 gen=gauss", ASSAY_QUICK },
    { "B=65540 T=1 H=1 D=1 E=1 last=f32 gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "B=2 T=5 H=2 D=3 E=4 " ALL "gen=" ASSAY_VALUES "@{q,k,v,state}", ASSAY_QUICK },
    { "B=2 T=5 H=2 D=3 E=4 " ALL "gen={nan,minus-inf,signed-zero,subnormal,smallest-normal,zero-tile}@{decay,gate}",
      ASSAY_QUICK },
    { "B=1 T=2 H=70 D=1 E=1 " ALL "gen=nan@decay", ASSAY_QUICK },
    { "B=2 T=5 H=2 D=3 E=4 " ALL "gen={low-tile,all-low}@gate", ASSAY_QUICK },
    { "B=2 T=5 H=2 D=3 E=4 q={f16,bf16} k={f16,bf16} v={f16,bf16} gen={nan,inf,subnormal,end}@{q,k,v}", ASSAY_QUICK },
    { "B=2 T=5 H=3 D=4 E=5 " GIVEN "last=f32 gen={special,zero,signed-zero,denormal,wide,zero-times-inf}",
      ASSAY_QUICK },
    { "B=2 T=5 H=2 D=3 E=4 y={f16,bf16} " ALL "gen=end@y", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "flushed-gate: the exponential of a subnormal is 1",
    "inf-gate: the exponential of the largest number is that of infinity",
    NULL,
};

/* Sums of integers are exact as long as they are short; a factor is none.  Products of factors far above 1 overflow
 * before what they are multiplied by is 0 again; -10,000 is a gate, but no decay. */
static bool fits(const assay_case *c, assay_why *why)
{
    const bool factor = c->present >> DECAY & 1 || c->present >> GATE & 1;
    static const char *const large[] = { "inf", "inf-inf", "end", "one-spike", "square-over", "low-tile", "all-low" };
    const size_t all = ASSAY_COUNT_OF(large), n = c->gen_at == 1 + DECAY ? all : c->gen_at == 1 + GATE ? all - 2 : 0;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(c->gen->name, large[i]))
            return assay_fail(why, ASSAY_ERR_ARG, "gated_linear: gen=%s makes factors that overflow", large[i]) ==
                   ASSAY_OK;
    if (c->gen->tag != ASSAY_TAG_EXACT || (!factor && c->dim[1] * c->dim[3] < 1 << 14))
        return true;
    return assay_fail(why, ASSAY_ERR_ARG, "gated_linear: gen=%s is not exact with factors, or beyond T D = 2^14",
                      c->gen->name) == ASSAY_OK;
}

/* Each token forgets what was; its first query and key are 1. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t D = c->dim[3] ? c->dim[3] : 1;
    return i == Q || i == K ? j % D == 0 : i == V ? assay_landing(c, j) : 0;
}

/* By NumPy in float64: RetNet's first head, queries divided by the root of 2 */
#define HALF 0.70710678118654752
static const assay_known_answer answers[] = {
    { "T=3 D=2 E=2 decay=f32",
      { { HALF, HALF / 2, HALF / 2, -HALF, HALF, HALF },
        { 0.6, 0.8, 1, 0, 0, 1 },
        { 1, 2, -1, 0.5, 3, 1 },
        { 0.96875 } },
      { 0.7071067811865, 1.414213562373, -0.6960582377305, -0.5082329989778, 2.365355047145, 2.907700424043 } },
};

REFERENCE_OF(gated_linear, double);
/* GLA: the gate is the fifth operand, beyond what a row of answers[] gives. */
static bool with_a_gate(assay_why *why)
{
    double q[] = { 1, 0.5, 0.5, -1, 1, 1 }, k[] = { 0.6, 0.8, 1, 0, 0, 1 }, v[] = { 1, 2, -1, 0.5, 3, 1 };
    double gate[] = { 0.9, 0.5, 0.8, 1, 0.25, 0.75 }, y[10], *last = y + 6;
    const double want[] = { 0.7071067811865,
                            1.414213562373,
                            -0.7495331880577,
                            -0.6151828996323,
                            2.453660530717,
                            1.813728893743,
                            -0.13,
                            0.365,
                            3.6,
                            2.2 };
    for (int i = 0; i < 6; i++)
        q[i] *= HALF, gate[i] = log(gate[i]);
    assay_gated_linear_double(&(assay_dense){ .operand = (void *const[]){ q, k, v, NULL, gate, NULL, y, last },
                                              .dim = (const int64_t[]){ 1, 3, 1, 2, 2 } });
    for (int i = 0; i < 10; i++)
        if (fabs(y[i] - want[i]) > 2e-12)
            return assay_fail(why, ASSAY_ERR_ARG, "gated_linear: known answer: number %d is %.13g, not %.13g", i, y[i],
                              want[i]) == ASSAY_OK;
    return true;
}

/* Without a state: each token's value with its share in each later one, as attention without a softmax. */
SECOND(gated_linear)
{
    const int64_t T = a->dim[1], H = a->dim[2], D = a->dim[3], E = a->dim[4];
    const double *q = a->operand[Q], *k = a->operand[K], *v = a->operand[V], *state = a->operand[STATE];
    const double *decay = a->operand[DECAY], *gate = a->operand[GATE];
    double *y = a->operand[Y], *last = a->operand[LAST];
    long double *s = assay_zeros((size_t)(E * (T + 1) + 1), sizeof *s), *sum = s + E; /* (E) of one key, (T,E) of all */
    for (int64_t i = 0; i < a->dim[0] * H; i++) {
        const int64_t b = i / H, h = i % H;
        for (int64_t j = 0; j < T * E; j++)
            sum[j] = 0;
        for (int64_t d = 0; d < D; d++)
            for (int64_t t = T ? 0 : -1; t < T; t++) {
                long double gates = 0, power = 1;
                for (int64_t e = 0; e < E; e++)
                    s[e] = 0;
                for (int64_t from = t; from >= 0; from--) {
                    const int64_t row = (b * T + from) * H + h;
                    const long double share = power * (gate ? expl(gates) : 1);
                    for (int64_t e = 0; e < E; e++)
                        s[e] += share * ((long double)k[row * D + d] * v[row * E + e]);
                    gates += gate ? gate[row * D + d] : 0;
                    power *= decay ? decay[h] : 1;
                }
                const long double share = power * expl(gates);
                for (int64_t e = 0; e < E; e++) {
                    s[e] += share * (state ? state[(i * D + d) * E + e] : 0);
                    if (t >= 0)
                        sum[t * E + e] += q[((b * T + t) * H + h) * D + d] * s[e];
                    if (last && t == T - 1)
                        last[(i * D + d) * E + e] = (double)s[e];
                }
            }
        for (int64_t j = 0; j < T * E; j++)
            y[((b * T + j / E) * H + h) * E + j % E] = (double)sum[j];
    }
    free(s);
}

static const assay_workload workloads[] = {
    { "retnet-1.3b.prefill512", "B=1 T=512 H=8 D=256 E=512 decay=f32 last=f32", 512 },
    { "retnet-1.3b.decode", "B=1 T=1 H=8 D=256 E=512 decay=f32 state=f32 last=f32", 1 },
    { "gla-1.3b.prefill512", "B=1 T=512 H=4 D=256 E=512 gate=f32 last=f32", 512 },
    { "gla-1.3b.decode", "B=1 T=1 H=4 D=256 E=512 gate=f32 state=f32 last=f32", 1 },
};

static const assay_vector_case vectors[] = {
    { "plain", "B=2 T=5 H=2 D=3 E=4 gen=ints-narrow" },
    { "decay", "B=2 T=5 H=3 D=3 E=4 decay=f32 state=f32 last=f32 gen=gauss" },
    { "gate", "B=2 T=5 H=2 D=3 E=4 gate=f32 last=f32 gen=sparse" },
    { "both", "B=1 T=5 H=2 D=3 E=4 decay=f32 gate=f32 state=f32 last=f32 gen=across" },
    { "special", "B=1 T=3 H=3 D=4 E=5 decay=f32 gate=f32 state=f32 last=f32 gen=zero-times-inf" },
    { "narrow", "B=1 T=4 H=2 D=5 E=3 q=bf16 k=f16 v=bf16 y=f16 decay=f32 gen=gauss" },
};

#define WHOLE "B=2 T={1,2,9} H=3 D={3,19} E={4,37} decay=f32 gate=f32 state=f32 last=f32 gen=gauss seed=3"
#define READS "B=2 T=9 H=3 D=19 E=37 decay=f32 gate=f32 state=f32 gen=gauss seed=3"
static const assay_relation relations[] = {
    CARRY("in pieces: the same", WHOLE, "T", "last", "state", LOOSE),
    AFFINE("4 v and 4 state: 4 y", WHOLE, "v state", 4, 0, 4, 0),
    AFFINE("4 k and 4 state: 4 y", WHOLE, "k state", 4, 0, 4, 0),
    AFFINE("4 q: 4 y", READS, "q", 4, 0, 4, 0),
    ALONG(REVERSE, "heads in reverse: in y too", WHOLE, "H", LOOSE),
    ALONG(REVERSE, "rows of the state in reverse: in last too", WHOLE, "D", LOOSE),
    ALONG(REVERSE, "values in reverse: in y too", WHOLE, "E", LOOSE),
    ALONG(CUT, "heads in two calls: the same", WHOLE, "H", LOOSE),
    ALONG(CUT, "values in two calls: the same", WHOLE, "E", LOOSE),
    ALONG(PREFIX, "what comes later: the same", READS, "T", LOOSE),
};

SUITE(gated_linear) = { USUAL_TABLES(gated_linear), .fill = falling, .fits = fits, .land = land, .exact = exact,
                        .known = with_a_gate,       .unseen = unseen };
TABLES(gated_linear);
