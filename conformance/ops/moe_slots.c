/* SPDX-License-Identifier: MIT
 * moe_slots: cases. */
#include "assay/params/moe_slots.h"
#include "tables.h"

enum { IDS, SLOTS, COUNT };

static int64_t experts(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
/* Half of all choose the first expert, half of the others the second, and so on. */
static bool skewed(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t e = 0;
        while (e + 1 < experts(c) && assay_rng_below(r, 2))
            e++;
        value[i][k] = (double)e;
    }
    return true;
}
/* As a gate chooses: those of one token are in no order, and none is there twice while they last. */
static bool distinct(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t X = experts(c), K = c->dim[3] ? c->dim[3] : 1;
    for (int64_t t = 0; t < n; t += K) {
        const int64_t first = assay_rng_below(r, X), step = X % 3 ? 3 : X % 2 ? 2 : 1; /* no factor of X, unless 1 */
        for (int64_t k = 0; k < K && t + k < n; k++)
            value[i][t + k] = (double)((first + k * step) % X);
    }
    return true;
}
static bool one_expert(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t e = assay_rng_below(r, 2) ? experts(c) - 1 : 0;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)e;
    return true;
}
/* The second half of the experts, the last of all most of the time. */
static bool last_ones(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t X = experts(c);
    for (int64_t k = 0; k < n; k++) {
        const int64_t back = assay_rng_below(r, 3) ? 0 : assay_rng_below(r, (X + 1) / 2);
        value[i][k] = (double)(X - 1 - back);
    }
    return true;
}
/* One choice in three is none; of a negative number only the sign counts, and not that of its lower half. */
static bool nobody(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const double none[] = { -1, -2, -65535, -65536, -2147483647.0 - 1 };
    for (int64_t k = 0; k < n; k++) {
        const int64_t e = assay_rng_below(r, experts(c)), which = assay_rng_below(r, 15);
        value[i][k] = which < 5 ? none[which] : (double)e;
    }
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("skewed", ADVERSARIAL, skewed, "half of all choose the first expert, half of the rest the second"),
    GEN_FILL("distinct", EXACT, distinct, "no token names an expert twice, if there are enough"),
    GEN_FILL("one-expert", ADVERSARIAL, one_expert, "all choose the first expert, or the last"),
    GEN_FILL("last-ones", ADVERSARIAL, last_ones, "the last expert, or one of the second half"),
    GEN_FILL("nobody", CLASS, nobody, "some choices are none"),
};

#define ORDERS "order={tokens,choices} "
static const assay_rows rows[] = {
    { "B=2 T={1..17} X=3 K=2 count=i32 capacity={0,2} " ORDERS "gen={gauss,skewed}", ASSAY_QUICK },
    { "B=2 T=7 X={1..17} K={1,3} count=i32 capacity=1 " ORDERS "gen={distinct,nobody}", ASSAY_QUICK },
    { "B={0..17} T=5 X=4 K=2 count={i32,none} capacity=3 " ORDERS "gen=skewed", ASSAY_QUICK },
    { "B=2 T=5 X=4 K={0..17} capacity={0,4} " ORDERS "gen={uniform,nobody}", ASSAY_QUICK },
    { "B=2 T={0,1} X={1,3} K={0,1} count=i32 capacity=1 gen=nobody", ASSAY_QUICK },
    { "B=3 T={33,100} X={8,31,64} K={1,2,8} count=i32 capacity={0,5,16} " ORDERS "gen={skewed,distinct,nobody}",
      ASSAY_QUICK },
    { "B=2 T=300 X=2 K={1,2} count=i32 capacity={0,257,298,299,300} " ORDERS "gen=one-expert", ASSAY_QUICK },
    { "B=1 T=66000 X=2 K=1 count=i32 capacity={0,65538} gen=one-expert", ASSAY_QUICK },
    { "B=1 T=4 X=65600 K=2 count=i32 capacity=2 gen=last-ones", ASSAY_QUICK },
    { "B=65600 T=2 count=i32 capacity=1 gen=nobody", ASSAY_QUICK },
};

static void mend(assay_case *c)
{
    if (c->dim[0] && c->dim[1] && c->dim[3] && !c->dim[2])
        c->dim[2] = 1;
}

/* M4 and M5 of the definitions */
#define FIRST_AND_SECOND                                                                                               \
    {                                                                                                                  \
        {                                                                                                              \
            0, 1, 0, 1, 0, 2, 1, 0                                                                                     \
        }                                                                                                              \
    }
static const assay_known_answer answers[] = {
    { "T=8 X=3 capacity=4", { { 0, 1, 0, 0, 2, 0, 1, 0 } }, { 0, 0, 1, 2, 0, 3, 1, -1 } },
    { "T=8 X=3 capacity=3", { { 0, 1, 0, 0, 2, 0, 1, 0 } }, { 0, 0, 1, 2, 0, -1, 1, -1 } },
    { "T=8 X=3", { { 0, 1, 0, 0, 2, 0, 1, 0 } }, { 0, 0, 1, 2, 0, 3, 1, 4 } },
    { "T=4 X=3 K=2 capacity=2 order=choices", FIRST_AND_SECOND, { 0, 1, 1, -1, -1, 0, 0, -1 } },
    { "T=4 X=3 K=2 capacity=2", FIRST_AND_SECOND, { 0, 0, 1, 1, -1, 0, -1, -1 } },
    { "T=4 X=3 count=i32 capacity=1", { { 2, -1, 2, 0 } }, { 0, -1, -1, 0, 1, 0, 2 } },
    { "B=2 T=2 X=2 count=i32 capacity=1", { { 1, 1, 1, 0 } }, { 0, -1, 0, 0, 0, 2, 1, 1 } },
    { "T=2 X=2 K=2 count=i32", { { 1, 1, 1, 1 } }, { 0, 1, 2, 3, 0, 4 } }, /* named twice */
};

/* Each expert calls its own, one behind the other. */
SECOND(moe_slots)
{
    const assay_moe_slots_params *p = a->params;
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const bool by_choice = p->order == ASSAY_SLOTS_CHOICES;
    const int64_t outer = by_choice ? K : T, inner = by_choice ? T : K;
    double *count = a->operand[COUNT];
    for (int64_t i = 0; i < a->dim[0] * T * K; i++)
        ((double *)a->operand[SLOTS])[i] = -1;
    for (int64_t expert = 0; expert < a->dim[0] * X; expert++) {
        const double *ids = (const double *)a->operand[IDS] + expert / X * T * K;
        double *slots = (double *)a->operand[SLOTS] + expert / X * T * K;
        int64_t called = 0;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t i = 0; i < inner; i++) {
                const int64_t at = by_choice ? i * K + o : o * K + i;
                if (ids[at] != (double)(expert % X))
                    continue;
                called++;
                if (called <= p->capacity || p->capacity == 0)
                    slots[at] = (double)(called - 1);
            }
        if (count)
            count[expert] = (double)called;
    }
}

static const assay_workload workloads[] = {
    { "switch-base-8.train512", "B=8 T=512 X=8 K=1 count=i32 capacity=80", 4096 },
    { "mixtral-8x7b.prefill512", "B=1 T=512 X=8 K=2 count=i32", 512 },
    { "nllb-moe-54b.encode512", "B=1 T=512 X=128 K=2 count=i32 capacity=64 order=choices", 512 },
    { "deepseek-v3.prefill4096", "B=1 T=4096 X=256 K=8 count=i32", 4096 },
};

static const assay_vector_case vectors[] = {
    { "switch", "B=3 T=19 X=5 K=1 count=i32 capacity=4 gen=skewed" },
    { "gshard", "B=3 T=19 X=5 K=2 count=i32 capacity=7 order=choices gen=distinct" },
    { "tokens", "B=2 T=19 X=5 K=3 count=i32 capacity=11 gen=gauss" },
    { "choices", "B=2 T=19 X=5 K=3 capacity=11 order=choices gen=skewed" },
    { "all_kept", "B=2 T=9 X=4 K=2 count=i32 gen=one-expert" },
    { "nobody", "B=2 T=19 X=5 K=2 count=i32 capacity=3 order=choices gen=nobody" },
};

#define GROUPS      "B=3 T=11 X=5 K=2 count=i32 capacity={0,3} order={tokens,choices} gen=skewed seed=3"
#define SLOTS_ALONE "B=3 T=11 X=8 K=4 capacity={0,3} "
static const assay_relation relations[] = {
    ALONG(REVERSE, "groups in reverse: in both results, too", GROUPS, "B", 0),
    ALONG(CUT, "groups in two calls: the same", GROUPS, "B", 0),
    ALONG(PREFIX, "the first half of the tokens: their slots", SLOTS_ALONE "gen=skewed seed=3", "T", 0),
    ALONG(PREFIX, "the first half of the choices: their slots", SLOTS_ALONE "order=choices gen=skewed seed=3", "K", 0),
    AFFINE("experts numbered from the last: the same slots", SLOTS_ALONE "order={tokens,choices} gen=gauss seed=3",
           "ids", -1, 7, 1, 0),
    MORE("three tokens more that chose none: the same", GROUPS, "T", "ids", -1, 0),
    MORE("three choices more that are none: the same", GROUPS, "K", "ids", -1, 0),
    MORE("three experts more: the same", GROUPS, "X", NULL, 0, 0),
};

SUITE(moe_slots) = { USUAL_TABLES(moe_slots), .mend = mend };
TABLES(moe_slots);
