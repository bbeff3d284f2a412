/* SPDX-License-Identifier: MIT
 * Probe: a result whose length the data decides.  The nucleus of each row of probabilities: the ids of the smallest set
 * of most probable tokens (the lower id first where two are equal) whose sum reaches p, and their COUNT; beyond the
 * count the poison must stand.  Order is exact; where the sum passes p within its rounding, either count is right. */
#include "probe.h"
#include <stdlib.h>

typedef struct params {
    float p; /* 0: 1, everything */
} params;

enum { PROBS, IDS, N };
static const assay_operand operands[] = {
    { .name = "probs", .shape = "BV", .types = F32 },
    { .name = "ids", .shape = "BV", .types = I32, .access = ASSAY_OUT, .verdict = ASSAY_DISCRETE },
    { .name = "n",
      .shape = "B",
      .types = I32,
      .access = ASSAY_OUT,
      .flags = ASSAY_COUNT,
      .index_of = 'V',
      .verdict = ASSAY_DISCRETE },
};
static const assay_field fields[] = { ASSAY_FIELD(params, p, 0, 1) };

typedef struct token {
    double p, id;
} token;

static int by_rank(const void *a, const void *b) /* the most probable first */
{
    const token *x = a, *y = b;
    return x->p != y->p ? (x->p < y->p) - (x->p > y->p) : (x->id > y->id) - (x->id < y->id);
}
static void oracle(const assay_dense *a)
{
    const params *p = a->params;
    const int64_t V = a->dim[1];
    const double *x = a->operand[PROBS], want = p->p == 0 ? 1 : p->p;
    double *ids = a->operand[IDS], *n = a->operand[N];
    token *row = assay_room((size_t)V, sizeof *row);
    for (int64_t b = 0; b < a->dim[0]; b++, x += V, ids += V) {
        double sum = 0;
        for (int64_t i = 0; i < V; i++)
            row[i] = (token){ x[i], (double)i };
        qsort(row, (size_t)V, sizeof *row, by_rank);
        for (int64_t i = 0; i < V; i++)
            ids[i] = row[i].id;
        for (n[b] = 0; n[b] < (double)V && sum < want; n[b]++)
            sum += x[(int64_t)ids[(int64_t)n[b]]];
    }
    free(row);
}
/* Multiples of 2^-20 that sum to 1: no order of additions rounds, so nothing excuses another count. */
static double slack_of(const double *x, int64_t V, const assay_contract *c)
{
    for (int64_t i = 0; i < V; i++)
        if (x[i] * 0x1p20 != nearbyint(x[i] * 0x1p20))
            return bound_c(c, (double)V, 1);
    return 0;
}
static bool verify(const assay_dense *a, void *const *got, const assay_contract *c, assay_why *why)
{
    const params *p = a->params;
    const int64_t V = a->dim[1];
    const double want = p->p == 0 ? 1 : p->p;
    for (int64_t b = 0; b < a->dim[0]; b++) {
        const double *x = (const double *)a->operand[PROBS] + b * V, *ids = (const double *)a->operand[IDS] + b * V;
        const double *mine = (const double *)got[IDS] + b * V, n = ((const double *)got[N])[b];
        const double slack = slack_of(x, V, c);
        double sum = 0, last = 0;
        if (!(n >= 0 && n <= (double)V))
            return assay_fail(why, ASSAY_OK, "n[%lld]=%g is no count", (long long)b, n) != ASSAY_OK;
        for (int64_t i = 0; i < (int64_t)n; i++) {
            if (mine[i] != ids[i])
                return assay_fail(why, ASSAY_OK, "ids[%lld,%lld]: got %g, want %g", (long long)b, (long long)i, mine[i],
                                  ids[i]) != ASSAY_OK;
            if (!(mine[i] >= 0 && mine[i] < (double)V))
                return assay_fail(why, ASSAY_OK, "ids[%lld,%lld]: %g is no id", (long long)b, (long long)i, mine[i]) !=
                       ASSAY_OK;
            sum += last = x[(int64_t)mine[i]];
        }
        if (sum + slack < want && n < (double)V)
            return assay_fail(why, ASSAY_OK, "n[%lld]=%g: their sum %.9g does not reach p", (long long)b, n, sum) !=
                   ASSAY_OK;
        if (n > 0 && sum - last - slack >= want)
            return assay_fail(why, ASSAY_OK, "n[%lld]=%g: one less already reaches p", (long long)b, n) != ASSAY_OK;
    }
    return true;
}
static double flops(const assay_args *a)
{
    return (double)(a->dim[0] * a->dim[1]);
}

/* Selection: the best of what is left, until the sum reaches p; what is taken already lies before the last one. */
static assay_status run(const assay_args *a)
{
    const params *p = a->params;
    const float want = p->p == 0 ? 1 : p->p;
    for (int64_t b = a->begin; b < a->end; b++) {
        const float *x = at(&a->operand[PROBS], b, 0, 0);
        int32_t *ids = at(&a->operand[IDS], b, 0, 0), n = 0;
        for (float sum = 0; n < a->dim[1] && sum < want; n++) {
            const int32_t last = n ? ids[n - 1] : -1;
            int32_t best = -1;
            for (int32_t i = 0; i < a->dim[1]; i++)
                if (last < 0 || x[i] < x[last] || (i > last && x[i] == x[last]))
                    best = best < 0 || x[i] > x[best] ? i : best;
            ids[n] = best;
            sum += x[best];
        }
        *(int32_t *)at(&a->operand[N], b, 0, 0) = n;
    }
    return ASSAY_OK;
}

/* Rows that sum to 1: flat, peaked, and sixteenths with many equal ones, where every sum is exact. */
static bool sixteenths(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = 0;
    for (int64_t b = 0; V && b < c->dim[0]; b++)
        for (int j = 0; j < 16; j++)
            value[i][b * V + assay_rng_below(rng, V)] += 0.0625;
    return true;
}
static bool peaked(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t V = c->dim[1];
    for (int64_t b = 0; V && b < n / V; b++) {
        double *x = value[i] + b * V, sum = 0;
        for (int64_t k = 0; k < V; k++)
            sum += x[k] = exp((double)(b % 4) * assay_rng_normal(rng));
        for (int64_t k = 0; k < V; k++)
            x[k] /= sum;
    }
    return true;
}
static bool rising(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const double V = (double)c->dim[1];
    (void)rng;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = 2 * ((double)(k % c->dim[1]) + 1) / (V * (V + 1));
    return true;
}
static const assay_gen gens[] = {
    { "rising", ASSAY_TAG_ADVERSARIAL, rising, .says = "the last ids are the most probable" },
    { "sixteenths", ASSAY_TAG_EXACT, sixteenths, .says = "probabilities that are multiples of 1/16" },
    { "peaked", ASSAY_TAG_RANDOM, peaked, .says = "probabilities from even to steep" },
};
static const char *const unseen[] = { "nan-*probs: probabilities are finite", "inf-probs: probabilities are finite",
                                      NULL };
static const char *const holes[] = { "tag class: probabilities are finite", "tag adversarial: sixteenths hold the ties",
                                     NULL };
static const assay_rows rows[] = {
    { "B={0,1,6} V={1..17,64} p={0,0.25,0.5001,0.9} gen={sixteenths,peaked}", ASSAY_QUICK },
    { "B=2 V=9 gen=denormal", ASSAY_QUICK },
    { "V=65600 p=0.01 gen=rising", ASSAY_QUICK },
};

static const assay_typeset types[] = { F32, I32, I32 };
const assay_op assay_op_probe_top_p = {
    .name = "probe_top_p",
    .formula = "ids of the smallest set of most probable tokens that reaches p, and their count",
    .dims = "BV",
    .role = { ASSAY_ROLE_ROWS },
    .split = 'B',
    OPERANDS(operands),
    FIELDS(fields, params),
    .oracle = oracle,
    .verify = verify,
    .flops = flops,
};
const assay_suite assay_suite_probe_top_p = {
    .op = "probe_top_p", ROWS(rows), GENS(gens), .holes = holes, .unseen = unseen
};
const assay_kernel assay_kernel_probe_top_p = { .op = "probe_top_p", .name = "select", .types = types, .run = run };
