/* SPDX-License-Identifier: MIT
 * moe_combine: cases. */
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "../../reference/names.h"
#include "tables.h"
#include <math.h>

enum { W, SLOTS, X, SHARED, GATE, Y };

static int64_t width(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
/* One term in four was dropped; the sign of a slot counts, and not that of its lower half. */
static bool slots(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    static const double kept[] = { 0, 1, 7, 40000, 65536 }, lost[] = { -1, -40000 };
    for (int64_t k = 0; i == SLOTS && k < n; k++)
        value[i][k] = assay_rng_below(r, 4) ? kept[assay_rng_below(r, 5)] : lost[assay_rng_below(r, 2)];
    return i == SLOTS;
}
/* What a gate gives: weights of one token sum to 1, most of it to the first. */
static double routed(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r), share = assay_rng_uniform(r);
    (void)j;
    return i == W ? (j % (c->dim[1] ? c->dim[1] : 1) ? 0.2 * share : 0.8) : x;
}
/* The second half of a token's experts, and the shared one, undo the first half. */
static double across(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t K = c->dim[1], k = j / width(c) % (K ? K : 1);
    const double little = assay_rng_normal(r) / 64;
    return i == W ? 0.5 : i == GATE ? 0 : i == SHARED ? -3 * (double)(K % 2) + little : (2 * k < K ? 3 : -3) + little;
}
/* Gates half open to almost shut; what is routed does not count beside them. */
static double gated(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double x = assay_rng_normal(r);
    return i == GATE ? -15 * assay_rng_uniform(r) : i == W ? ldexp(x, -40) : x;
}
/* What was dropped holds NaN, infinity or the largest number, whatever its weight. */
static bool dropped(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const double spoilt[] = { NAN, INFINITY, -0x1.fffffep127 };
    for (int64_t k = 0; k < n; k++) {
        const double x = assay_rng_normal(r);
        const bool lost = i == X && (c->present >> SLOTS & 1) && value[SLOTS][k / width(c)] < 0;
        value[i][k] = lost ? spoilt[k % 3] : x;
    }
    return true;
}

/* Weights of 0 for infinities, and infinite weights for zeros. */
static double zero_inf(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = assay_rng_normal(r);
    const int64_t k = i == X ? j / width(c) : j;
    if (i != W && i != X)
        return x;
    return k % 3 == 0 ? (i == W ? 0 : j % 2 ? INFINITY : x) : k % 3 == 1 ? (i == W ? INFINITY : j % 2 ? 0 : x) : x;
}

static const assay_gen gens[] = {
    TIGHT_DRAW("routed", ADVERSARIAL, routed, "weights that sum to 1, most of it for the first"),
    GEN_DRAW("across", ADVERSARIAL, across, "terms that cancel"),
    TIGHT_DRAW("gated", ADVERSARIAL, gated, "gates half open to almost shut, and nothing else that counts"),
    GEN_DRAW("zero-times-inf", CLASS, zero_inf, "weights of 0 for infinities, infinite weights for zeros"),
    GEN_FILL("dropped", ADVERSARIAL, dropped, "NaN, infinity and the largest number where a term was dropped"),
};
static const char *const exact[] = { "ints-narrow", NULL };

#define ALL "slots=i32 shared=f32 gate=f32 "
static const assay_rows rows[] = {
    { "T=5 K={1,2} D={1..17} " ALL "gen={gauss,routed,gated}", ASSAY_QUICK },
    { "T=5 K=2 D={1..17} gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "T=3 K={0..17} D=5 slots={i32,none} shared={f32,none} gen={gauss,across,dropped}", ASSAY_QUICK },
    { "T={0,1,6..17} K=3 D={0,7} shared=f32 gate=f32 gen={gauss,gated}", ASSAY_QUICK },
    { "T=4 K={2,8} D={31,33,64,65} slots={i32,none} shared=f32 gate={f32,none} gen={routed,across,dropped}",
      ASSAY_QUICK },
    { "T=4 K=3 D={19,32} x={f16,bf16} shared={f32,f16,bf16} y={f32,f16,bf16} slots=i32 gate=f32 gen={gauss,gated}",
      ASSAY_QUICK },
    { "T=9 K={1,2} D={3,8} slots={i32,none} gen=zero-times-inf", ASSAY_QUICK },
    { "T=2 K={33,70} D=40 " ALL "gen={gauss,routed}", ASSAY_QUICK },
    /* values at every place */
    { "T=5 K=3 D=37 x={f32,f16,bf16} " ALL "gen=" ASSAY_VALUES "@{x,w,shared,gate}", ASSAY_QUICK },
    { "T=5 K=3 D=37 " ALL "gen={special,zero,signed-zero,denormal,wide}", ASSAY_QUICK },
    { "T=9 K=5 D=37 y={f16,bf16} gen=end@y", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "made-up-gate: without shared there is nothing to weigh",
    "value-16-slots: of a slot only the sign counts",
    "inf-gate: the sigmoid of the largest number is that of infinity",
    "flushed-gate: the sigmoid of a subnormal is that of 0",
    NULL,
};

/* Sums of integers are exact, a sigmoid is not. */
static bool fits(const assay_case *c, assay_why *why)
{
    if (c->gen->tag != ASSAY_TAG_EXACT || !(c->present >> GATE & 1))
        return true;
    return assay_fail(why, ASSAY_ERR_ARG, "moe_combine: gen=%s is not exact under a gate", c->gen->name) == ASSAY_OK;
}
static void mend(assay_case *c)
{
    if (c->present >> GATE & 1)
        c->present |= 1u << SHARED;
}
/* Weights are 1 for the first expert and 0 for the rest. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[1] ? c->dim[1] : 1, D = width(c);
    return i == W ? j % K == 0 : i == X && j / D % K == 0 ? assay_landing(c, j / D / K * D + j % D) : 0;
}

static const assay_known_answer answers[] = {
    { "K=2 D=2 shared=f32", { { 1, 0.5 }, { 0 }, { 0, -1, 2, -2 }, { 0.5, 4 } }, { 1.5, 2 } },
    { "D=2 shared=f32 slots=i32", { { 7 }, { -1 }, { NAN, INFINITY }, { 0.5, 4 } }, { 0.5, 4 } },
};

REFERENCE_OF(moe_combine, double);
/* The gate is the fifth operand: beyond what a row of answers[] gives. */
static bool with_a_gate(assay_why *why)
{
    double w[] = { 1 }, x[] = { 1, -2 }, shared[] = { 0.5, 4 }, gate[] = { 0.3 }, y[2];
    const double want[] = { 1.287221258406, 0.2977700672466 };
    assay_moe_combine_double(&(assay_dense){ .operand = (void *const[]){ w, NULL, x, shared, gate, y },
                                             .dim = (const int64_t[]){ 1, 1, 2 } });
    for (int i = 0; i < 2; i++)
        if (fabs(y[i] - want[i]) > 1e-12)
            return assay_fail(why, ASSAY_ERR_ARG, "moe_combine: known answer: y[%d] is %.13g, not %.13g", i, y[i],
                              want[i]) == ASSAY_OK;
    return true;
}

/* Each term goes to its token, the last first. */
SECOND(moe_combine)
{
    const int64_t T = a->dim[0], K = a->dim[1], D = a->dim[2];
    const double *w = a->operand[W], *slots = a->operand[SLOTS], *x = a->operand[X];
    const double *shared = a->operand[SHARED], *gate = a->operand[GATE];
    for (int64_t i = 0; i < T * D; i++) {
        long double sum = 0;
        if (shared)
            sum = gate ? shared[i] * (1 / (1 + expl(-(long double)gate[i / D]))) : (long double)shared[i];
        for (int64_t k = K - 1; k >= 0; k--)
            sum +=
                slots && slots[i / D * K + k] < 0 ? 0 : (long double)w[i / D * K + k] * x[(i / D * K + k) * D + i % D];
        ((double *)a->operand[Y])[i] = (double)sum;
    }
}

static const assay_workload workloads[] = {
    { "mixtral-8x7b.prefill512", "T=512 K=2 D=4096", 512 },
    { "qwen2-57b-a14b.prefill512", "T=512 K=8 D=3584 shared=f32 gate=f32", 512 },
    { "deepseek-v3.decode", "T=1 K=8 D=7168 shared=f32", 1 },
    { "switch-base.prefill512", "T=512 K=1 D=768 slots=i32", 512 },
};

static const assay_vector_case vectors[] = {
    { "plain", "T=5 K=3 D=19 gen=routed" },
    { "dropped", "T=5 K=3 D=19 slots=i32 gen=dropped" },
    { "shared", "T=5 K=3 D=19 slots=i32 shared=f32 gen=across" },
    { "gated", "T=5 K=3 D=19 slots=i32 shared=f32 gate=f32 gen=gated" },
    { "narrow", "T=5 K=3 D=19 x=bf16 shared=f16 y=f16 gen=gauss" },
};

#define SUM "T=6 K=4 D=43 shared=f32 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 x and 4 shared: 4 y", SUM, "x shared", 4, 0, 4, 0),
    ALONG(REVERSE, "tokens in reverse: in y too", SUM, "T", 0),
    ALONG(REVERSE, "channels in reverse: in y too", SUM, "D", 0),
    ALONG(REVERSE, "experts in reverse: the same", SUM, "K", LOOSE),
    MORE("three experts of weight 0 more: the same", SUM, "K", "w", 0, LOOSE),
    MORE("three experts more that dropped the token: the same", SUM " slots=i32", "K", "w slots x", -1, LOOSE),
    ALONG(CUT, "tokens in two calls: the same", SUM, "T", 0),
};

SUITE(moe_combine) = {
    USUAL_TABLES(moe_combine), .fill = slots,   .mend = mend, .fits = fits, .land = land, .exact = exact,
    .known = with_a_gate,      .unseen = unseen
};
TABLES(moe_combine);
