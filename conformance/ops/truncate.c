/* SPDX-License-Identifier: MIT
 * truncate: cases. */
#include "assay/params/truncate.h"
#include "tables.h"
#include "vocabulary.h"
#include <stdlib.h>

static const assay_truncate_params *params_of(const assay_case *c)
{
    return (const assay_truncate_params *)(const void *)c->params;
}
/* Logits within 16 steps of f32 of min_p's threshold, on both sides, below one that is the largest. */
static bool at_threshold(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const assay_truncate_params *p = params_of(c);
    const double a = p->amount > 0 && p->amount < 1 ? p->amount : 0.5, top = 4 * assay_rng_uniform(r);
    for (int64_t k = 0; k < n; k++) {
        const double beside = (double)(assay_rng_below(r, 33) - 16) * 0x1p-22;
        value[i][k] = top + (k % c->dim[1] ? p->temp * log(a) + beside : 0);
    }
    return true;
}
/* Pairs of ids as far above the mean surprise as below it, nearly; a few that decide the mean. */
static bool mirrored(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    for (int64_t k = 0; k < n; k++) {
        const double side = k % c->dim[1] % 2 ? 1 : -1;
        value[i][k] = side * (double)(k % c->dim[1] / 2 % 5) * 0.5 + 0x1p-18 * assay_rng_normal(r);
    }
    return true;
}
/* Two likely ids of three tokens' worth, and a long tail that holds half of all. */
static bool long_tail(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const double tail = log((double)(c->dim[1] > 2 ? c->dim[1] : 2));
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k % c->dim[1] == c->dim[1] / 2 ? 0.2 : k % c->dim[1] == 0 ? 0 : 0.3 * assay_rng_normal(r) - tail;
    return true;
}

static const assay_gen gens[] = {
    VOCABULARY_GENS,
    GEN_FILL("at-threshold", ADVERSARIAL, at_threshold, "logits about the threshold of min_p"),
    GEN_FILL("mirrored", ADVERSARIAL, mirrored, "pairs about as far above the mean as below it"),
    GEN_FILL("long-tail", ADVERSARIAL, long_tail, "two likely ids, and a tail that holds a third"),
};

#define EACH "gen={model,few-values,forbidden}"
static const assay_rows rows[] = {
    { "R=5 V={1..17} rule=top_k k=3 gen=few-values", ASSAY_QUICK },
    { "R=5 V={1..5,8,9,15,17} rule={top_p,min_p,typical} amount=0.6 gen={model,few-values}", ASSAY_QUICK },
    { "R=5 V={1..5,8,9,15,17} rule=surprise amount=2 gen={model,few-values}", ASSAY_QUICK },
    { "R=5 V=9 rule={top_k,top_p,min_p,typical,surprise} gen=model", ASSAY_QUICK }, /* off */
    { "R=6 V=40 rule=top_k k={1,5,39,40,41} temp=0.8 gen={model,few-values,near-ties}", ASSAY_QUICK },
    { "R=6 V=40 rule=top_p amount={0.05,0.5,0.75,0.9,1} temp={0,0.5} gen={model,few-values,halving}", ASSAY_QUICK },
    { "R=6 V=40 rule=min_p amount={0.01,0.1,1} temp={0,2} gen={model,few-values,near-ties}", ASSAY_QUICK },
    { "R=6 V=40 rule=typical amount={0.05,0.5,0.9,1} temp={0,0.5} gen={model,few-values,peaked}", ASSAY_QUICK },
    { "R=6 V=40 rule=surprise amount={0.5,2,2.6,4,40} temp={0,0.5} gen={model,few-values}", ASSAY_QUICK },
    { "R=9 V=33 rule={top_p,min_p,typical,surprise} amount=0.7 temp=1.5 gen={at-threshold,mirrored,long-tail}",
      ASSAY_QUICK },
    { "R=9 V=33 rule=surprise amount=5 temp=1.5 gen={mirrored,long-tail}", ASSAY_QUICK },
    { "R=9 V=40 rule={top_p,min_p,typical,surprise} amount=0.9 temp={0.0001,30} gen={huge,invalid,gauss,forbidden}",
      ASSAY_QUICK },
    { "R=9 V=40 rule=top_k k=3 temp=1e6 gen={huge,invalid,gauss,one-left}", ASSAY_QUICK },
    { "R=2 V=1000 rule={top_p,min_p,typical} amount={0.3,0.95} temp=0.9 gen={model,long-tail}", ASSAY_QUICK },
    { "R=2 V=1000 rule={top_k,surprise} k=999 amount=9 gen={model,few-values}", ASSAY_QUICK },
    { "R={0,1} V={0,1} rule={top_k,typical} amount=0.5 k=1 gen=model", ASSAY_QUICK },
    { "R=1 V=70001 rule=top_k k=66000 gen=gauss", ASSAY_QUICK },
    { "R=1 V=49152 rule={top_p,min_p,typical} amount=0.9 gen=model", ASSAY_FULL },
    /* values at every place */
    { "R=7 V=70 rule={top_k,top_p,typical} k=5 amount=0.6 gen=" ASSAY_VALUES "@logits", ASSAY_QUICK },
    { "R=7 V=37 rule={min_p,surprise} amount=0.6 gen=" ASSAY_VALUES "@logits", ASSAY_QUICK },
};

static void mend(assay_case *c)
{
    assay_truncate_params *p = (void *)c->params;
    if (p->rule == ASSAY_MIN_P && p->amount > 1)
        p->amount = 1;
}

/* By log p: definitions T3 to T6, and the halves of T4, whose sums are exact */
#define HALVES                                                                                                         \
    {                                                                                                                  \
        0, -0.6931471805599453, -1.3862943611198906, -1.3862943611198906                                               \
    }
#define FIVE                                                                                                           \
    {                                                                                                                  \
        2, 1, 0.5, -1, -3                                                                                              \
    }
#define NO -INFINITY
static const assay_known_answer answers[] = {
    { "V=5 rule=top_k k=2 temp=1", { { 1, 3, 2, 2, 0 } }, { NO, 3, 2, NO, NO } },
    { "V=4 rule=top_p amount=0.6 temp=1", { HALVES }, { 0, -0.6931471805599453, NO, NO } },
    { "V=4 rule=top_p amount=0.76 temp=1", { HALVES }, { 0, -0.6931471805599453, -1.3862943611198906, NO } },
    { "V=4 rule=top_p amount=0.05 temp=1", { HALVES }, { 0, NO, NO, NO } },
    { "V=5 rule=min_p amount=0.2 temp=1", { FIVE }, { 2, 1, 0.5, NO, NO } },
    { "V=5 rule=typical amount=0.5 temp=1", { FIVE }, { 2, 1, NO, NO, NO } },
    { "V=5 rule=typical amount=0.2 temp=1", { FIVE }, { NO, 1, NO, NO, NO } },
    { "V=5 rule=surprise amount=3 temp=1", { FIVE }, { 2, 1, 0.5, NO, NO } },
    { "V=5 rule=surprise amount=0.5 temp=1", { FIVE }, { 2, NO, NO, NO, NO } },
    { "V=4 rule=top_p amount=0.8 temp=2", { { 3, 2, 1, 0 } }, { 3, 2, 1, NO } },  /* T10: temperature first */
    { "V=4 rule=top_p amount=0.8 temp=1", { { 3, 2, 1, 0 } }, { 3, 2, NO, NO } }, /* and last */
};

/* By counting, for each id, what comes before it; -ln p and H as they are defined. */
typedef struct chance {
    double z, by; /* logit; by what it is ranked, the least first */
    long double p, l;
} chance;

static bool stays(const assay_truncate_params *k, const chance *e, int64_t V, int64_t v, long double lowest)
{
    long double sum = 0;
    int64_t ahead = 0;
    for (int64_t w = 0; w < V && k->rule != ASSAY_MIN_P; w++)
        if (e[w].z > -INFINITY && (e[w].by != e[v].by ? e[w].by < e[v].by : w < v))
            sum += e[w].p, ahead++;
    switch (k->rule) {
    case ASSAY_TOP_K:
        return k->k == 0 || ahead < k->k;
    case ASSAY_MIN_P:
        return k->amount == 0 || e[v].l - lowest <= -logl(k->amount);
    case ASSAY_SURPRISE:
        return k->amount == 0 || ahead == 0 || e[v].l / logl(2) <= k->amount;
    default:
        return k->amount == 0 || k->amount >= 1 || sum < k->amount;
    }
}

/* Fills p and l of a row; returns H. */
static long double chances(chance *e, int64_t V, double top, long double temp)
{
    long double sum = 0, entropy = 0;
    for (int64_t v = V; v-- > 0;)
        sum += expl((e[v].z - (long double)top) / temp);
    for (int64_t v = 0; v < V; v++) {
        e[v].l = logl(sum) - (e[v].z - (long double)top) / temp, e[v].p = expl(-e[v].l);
        entropy += e[v].p > 0 ? -logl(e[v].p) * e[v].p : 0;
    }
    return entropy;
}

SECOND(truncate)
{
    const assay_truncate_params *p = a->params;
    const int64_t V = a->dim[1];
    chance *e = malloc((size_t)V * sizeof *e + 1);
    for (int64_t r = 0; e && r < a->dim[0]; r++) {
        const double *z = (const double *)a->operand[0] + r * V;
        double *y = (double *)a->operand[1] + r * V, top = -INFINITY;
        bool none = false;
        for (int64_t v = 0; v < V; v++) {
            none = none || isnan(z[v]) || z[v] == INFINITY, top = fmax(top, z[v]);
            e[v] = (chance){ .z = z[v], .by = -z[v] };
        }
        none = none || top == -INFINITY;
        const long double entropy = none ? 0 : chances(e, V, top, p->temp);
        long double lowest = INFINITY;
        for (int64_t v = 0; v < V; v++) {
            lowest = fminl(lowest, e[v].l);
            if (p->rule == ASSAY_TYPICAL)
                e[v].by = (double)fabsl(e[v].l - entropy);
        }
        for (int64_t v = 0; v < V; v++)
            y[v] = none || (z[v] > -INFINITY && stays(p, e, V, v, lowest)) ? z[v] : -INFINITY;
    }
    free(e);
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.minp", "R=1 V=49152 rule=min_p amount=0.05 temp=0.8", 1 },
    { "smollm2-135m.decode.topp", "R=1 V=49152 rule=top_p amount=0.95 temp=0.8", 1 },
    { "llama3-8b.decode.topk40", "R=1 V=128256 rule=top_k k=40", 1 },
    { "llama3-8b.decode.topp", "R=1 V=128256 rule=top_p amount=0.9 temp=0.6", 1 },
    { "llama3-8b.decode.typical", "R=1 V=128256 rule=typical amount=0.9 temp=0.7", 1 },
    { "llama3-8b.decode.mirostat", "R=1 V=128256 rule=surprise amount=10", 1 },
};

static const assay_vector_case vectors[] = {
    { "top_k", "R=9 V=33 rule=top_k k=5 gen=few-values" },
    { "top_p", "R=9 V=33 rule=top_p amount=0.8 temp=0.7 gen=model" },
    { "min_p", "R=9 V=33 rule=min_p amount=0.1 temp=1.5 gen=model" },
    { "typical", "R=9 V=33 rule=typical amount=0.6 gen=model" },
    { "typical_forbidden", "R=9 V=33 rule=typical amount=0.9 temp=2 gen=forbidden" },
    { "surprise", "R=9 V=33 rule=surprise amount=3 gen=model" },
    { "invalid", "R=8 V=12 rule=top_p amount=0.9 gen=invalid" },
};

#define OFTEN "R=9 V={5,43} rule={top_p,min_p,typical} amount=0.7 temp={0,0.7} "
static const assay_relation relations[] = {
    MORE("three logits of -inf more: -inf there", OFTEN "gen=gauss seed=3", "V", "logits", (double)-INFINITY, 0),
    ALONG(REVERSE, "rows in reverse: in y, too", OFTEN "gen=gauss seed=3", "R", 0),
    ALONG(REVERSE, "ids in reverse: in y, too", OFTEN "gen=gauss seed=3", "V", 0),
    { "logits + 8: 8 more in y", OFTEN "gen=ints-narrow seed=3", ASSAY_ACT_AFFINE, .on = "logits", .by = 1, .plus = 8,
      .more = 8 },
    ALONG(CUT, "rows in two calls: the same", OFTEN "gen=gauss seed=3", "R", 0),
};

SUITE(truncate) = { USUAL_TABLES(truncate), .mend = mend };
TABLES(truncate);
