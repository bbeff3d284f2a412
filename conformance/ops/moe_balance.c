/* SPDX-License-Identifier: MIT
 * moe_balance: cases. */
#include "assay/params/moe_balance.h"
#include "../../reference/core/status.h"
#include "../../reference/names.h"
#include "tables.h"
#include <math.h>

enum { P, IDS, LSE, LOSS, Z };

static int64_t experts(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
/* Probabilities that sum to about 1, and logsumexps about 3. */
static double routed(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)j;
    return i == P ? 2 * assay_rng_uniform(r) / (double)experts(c) : 3 + assay_rng_normal(r);
}
/* All tokens to one expert, which has all that there is. */
static bool one_expert(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t X = experts(c), e = assay_rng_below(r, 2) ? X - 1 : 0;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == IDS ? (double)e : i == P ? (k % X == 0 || k % X == X - 1) * (1 + assay_rng_uniform(r)) : 12;
    return true;
}
/* Experts in turn, and probabilities alike: as even as can be. */
static bool even(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == IDS ? (double)(k % experts(c)) : i == P ? 1 / (double)experts(c) : -0.1;
    return true;
}

static const assay_gen gens[] = {
    TIGHT_DRAW("routed", ADVERSARIAL, routed, "probabilities that sum to about 1, logsumexps about 3"),
    GEN_FILL("one-expert", ADVERSARIAL, one_expert, "all tokens to the first expert or to the last"),
    GEN_FILL("even", ADVERSARIAL, even, "experts in turn, with probabilities alike"),
};

#define BOTH "lse=f32 z=f32 "
static const assay_rows rows[] = {
    { "B=2 T={1..17} X=3 K=2 " BOTH "share={one,k} gen={routed,one-expert}", ASSAY_QUICK },
    { "B=2 T=5 X={1..17} K={1,2} share={one,k} gen={routed,gauss,even}", ASSAY_QUICK },
    { "B={0..17} T=4 X=3 K=2 " BOTH "gen=routed", ASSAY_QUICK },
    { "B=2 T=5 X=4 K={0..17} share={one,k} gen=routed", ASSAY_QUICK },
    { "B=2 T={0,1} X={1,3} K={0,1} " BOTH "gen=routed", ASSAY_QUICK },
    { "B=2 T={33,100} X={8,31,64} K={1,8} " BOTH "share={one,k} gen={routed,one-expert,even}", ASSAY_QUICK },
    { "B=1 T=2051 X=5 K=2 " BOTH "gen={routed,one-expert}", ASSAY_QUICK },
    { "B=1 T=3 X=65600 K=2 gen=one-expert", ASSAY_QUICK },
    { "B=65600 " BOTH "gen=routed", ASSAY_QUICK },
    /* values at every place */
    { "B=3 T=5 X=37 K=2 " BOTH "gen=" ASSAY_VALUES "@{p,lse}", ASSAY_QUICK },
    { "B=3 T=5 X=7 K=2 " BOTH "share={one,k} gen={special,zero,signed-zero,denormal,wide}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "skips-p-lse: lse is no factor of p",
    "skips-lse-p: p is no factor of lse",
    "short-ids-T: of so many tokens one more or less changes no loss beyond its bound",
    "transposed-ids-TK: who chose an expert is not asked, only how often it was",
    "made-up-lse: without z nothing comes of it",
    "inf-lse: the square of the largest number is infinite",
    "flushed-lse: the square of a subnormal is 0",
    NULL,
};

static void mend(assay_case *c)
{
    const uint32_t both = 1u << LSE | 1u << Z;
    if (c->present & both)
        c->present |= both;
    if (c->dim[0] && c->dim[1] && c->dim[3] && !c->dim[2])
        c->dim[2] = 1;
}

static const assay_known_answer answers[] = {
    { "T=2 X=2 lse=f32 z=f32", { { 0.75, 0.25, 0.5, 0.5 }, { 0, 0 }, { 1, 3 } }, { 1.25, 5 } },
    { "T=2 X=2 K=2 share=k", { { 0.75, 0.25, 0.5, 0.5 }, { 0, 1, 0, 1 } }, { 2 } },
    { "T=0 lse=f32 z=f32", { { 0 } }, { 0, 0 } },
};

/* M6 of the definitions: softmax, choice and losses of four tokens and three experts, more than answers[] holds */
REFERENCE_OF(moe_balance, double);
static bool of_four_tokens(assay_why *why)
{
    const double logits[4][3] = { { 2, 1, 0 }, { 0.5, 1.5, 1 }, { 1, 0, 3 }, { 2.5, 0, 0.5 } };
    static const double want[] = { 1.085094168347, 2.088629196286, 6.967610223484 };
    double p[12], lse[4], first[] = { 0, 1, 2, 0 }, two[] = { 0, 1, 1, 2, 2, 0, 0, 2 }, got[4];
    for (int i = 0; i < 12; i++) {
        const double *z = logits[i / 3];
        lse[i / 3] = log(exp(z[0]) + exp(z[1]) + exp(z[2]));
        p[i] = exp(z[i % 3] - lse[i / 3]);
    }
    const assay_moe_balance_params one = { ASSAY_BALANCE_ONE }, k = { ASSAY_BALANCE_K };
    assay_moe_balance_double(&(assay_dense){ .operand = (void *const[]){ p, first, lse, &got[0], &got[2] },
                                             .dim = (const int64_t[]){ 1, 4, 3, 1 },
                                             .params = &one });
    assay_moe_balance_double(&(assay_dense){ .operand = (void *const[]){ p, two, lse, &got[1], &got[3] },
                                             .dim = (const int64_t[]){ 1, 4, 3, 2 },
                                             .params = &k });
    for (int i = 0; i < 3; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-11))
            return assay_fail(why, ASSAY_ERR_ARG, "moe_balance: known answer %d is %.13g, not %.13g", i, got[i],
                              want[i]) == ASSAY_OK;
    return true;
}

/* Each choice of each token adds what all tokens think of that expert. */
SECOND(moe_balance)
{
    const assay_moe_balance_params *par = a->params;
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const double *p = a->operand[P], *ids = a->operand[IDS], *lse = a->operand[LSE];
    for (int64_t b = 0; b < a->dim[0]; b++) {
        long double loss = 0, z = 0;
        for (int64_t e = 0; e < X; e++) {
            long double mass = 0;
            int64_t chosen = 0;
            for (int64_t t = T - 1; t >= 0; t--)
                mass += p[(b * T + t) * X + e];
            for (int64_t k = T * K - 1; k >= 0; k--)
                chosen += ids[b * T * K + k] == (double)e;
            loss += mass * (long double)chosen;
        }
        for (int64_t t = T - 1; lse && t >= 0; t--)
            z += (long double)lse[b * T + t] * lse[b * T + t];
        const long double each = (long double)T * T * (par->share == ASSAY_BALANCE_K ? 1 : K);
        ((double *)a->operand[LOSS])[b] = T > 0 && K > 0 ? (double)(loss * X / each) : 0;
        if (lse)
            ((double *)a->operand[Z])[b] = T ? (double)(z / T) : 0;
    }
}

static const assay_workload workloads[] = {
    { "switch-base-8.train512", "B=12 T=512 X=8 K=1 " BOTH, 512 },
    { "mixtral-8x7b.train512", "B=32 T=512 X=8 K=2 share=k", 512 },
    { "olmoe-1b-7b.train512", "B=16 T=512 X=64 K=8 " BOTH, 512 },
};

static const assay_vector_case vectors[] = {
    { "switch", "B=3 T=9 X=5 K=1 " BOTH "gen=routed" },
    { "mixtral", "B=3 T=9 X=5 K=2 share=k gen=routed" },
    { "one", "B=3 T=9 X=5 K=2 " BOTH "gen=gauss" },
    { "one_expert", "B=2 T=7 X=4 K=2 gen=one-expert" },
};

#define LOSSES "B=5 T=9 X=7 K=2 " BOTH "share={one,k} gen=routed seed=3"
static const assay_relation relations[] = {
    AFFINE("4 p: 4 times the loss", "B=5 T=9 X=7 K=2 share={one,k} gen=routed seed=3", "p", 4, 0, 4, 0),
    ALONG(REVERSE, "layers in reverse: losses too", LOSSES, "B", 0),
    ALONG(REVERSE, "tokens in reverse: the same", LOSSES, "T", LOOSE),
    ALONG(REVERSE, "choices in reverse: the same", LOSSES, "K", LOOSE),
    ALONG(CUT, "layers in two calls: the same", LOSSES, "B", 0),
};

SUITE(moe_balance) = { USUAL_TABLES(moe_balance), .mend = mend, .known = of_four_tokens, .unseen = unseen };
TABLES(moe_balance);
