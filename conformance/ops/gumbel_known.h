/* SPDX-License-Identifier: MIT
 * gumbel_known.h - that the draw has softmax's chances, and verify() takes no other id. */
#ifndef ASSAY_GUMBEL_KNOWN_H
#define ASSAY_GUMBEL_KNOWN_H
#include "../../reference/core/registry.h"
#include "../../reference/core/rng.h"
#include "../../reference/core/status.h"
#include "assay/params/gumbel.h"
#include <math.h>

/* u of an id, from the definition */
static float open_uniform(const assay_gumbel_params *p, int64_t row, int64_t id)
{
    const uint64_t key = (uint64_t)p->key, step = (uint64_t)p->step;
    const uint32_t k[2] = { (uint32_t)key, (uint32_t)(key >> 32) };
    const uint32_t counter[4] = { (uint32_t)(id / 4), (uint32_t)row, (uint32_t)step, (uint32_t)(step >> 32) };
    uint32_t word[4];
    assay_philox4x32(counter, k, word);
    return ldexpf((float)(word[id % 4] >> 9 << 1 | 1), -24);
}

/* 40,000 draws of the page's logits (chances by float64 NumPy), at both temperatures by rows and by
 * steps.  chi-square of 4 degrees of freedom exceeds 47.9 once in 10^9 (its tail is e^(-x/2) (1 + x/2)). */
static bool chances(assay_why *why)
{
    enum { ROWS = 200, STEPS = 200, V = 5 };
    static const struct {
        float temp;
        double p[V];
    } page[] = {
        { 1, { 0.6069675197545, 0.2232908719765, 0.1354327598877, 0.03021913340309, 0.004089714978272 } },
        { 0.7F, { 0.7291156773938, 0.1747333277734, 0.08553924325808, 0.01003539268737, 0.0005763588874148 } },
    };
    static const double z[V] = { 2, 1, 0.5, -1, -3 };
    static double logits[ROWS * V], id[ROWS];
    for (int k = 0; k < ROWS * V; k++)
        logits[k] = z[k % V];
    for (size_t t = 0; t < ASSAY_COUNT_OF(page); t++) {
        int64_t count[V] = { 0 };
        double chi = 0;
        for (int64_t step = 0; step < STEPS; step++) {
            const assay_gumbel_params p = { .key = 1, .step = step, .temp = page[t].temp };
            const assay_dense a = { (void *[]){ logits, id }, (void *[]){ NULL, NULL }, (const int64_t[]){ ROWS, V },
                                    &p };
            assay_op_find("gumbel")->oracle(&a);
            for (int r = 0; r < ROWS; r++)
                if (id[r] >= 0 && id[r] < V)
                    count[(int)id[r]]++;
        }
        for (int v = 0; v < V; v++) {
            const double expected = page[t].p[v] * ROWS * STEPS;
            chi += ((double)count[v] - expected) * ((double)count[v] - expected) / expected;
        }
        if (!(chi < 47.9))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "gumbel: chi-square of %d draws at temperature %g is %.1f, above 47.9", ROWS * STEPS,
                              (double)page[t].temp, chi) == ASSAY_OK;
    }
    return true;
}

/* verify() takes the reference's id and, but for sums within the bound of each other (1e-5), no other. */
static bool no_other(assay_why *why)
{
    enum { MOST = 8 };
    static const assay_contract strict;
    assay_rng g = { 17, 0, 0 };
    int let = 0;
    for (int run = 0; run < 300; run++) {
        const int64_t V = 1 + assay_rng_below(&g, MOST);
        assay_gumbel_params p = { .key = assay_rng_below(&g, 1 << 30) << 8, .step = run };
        p.temp = (float)(0.3 + 2 * assay_rng_uniform(&g));
        double z[MOST] = { 0 }, id = -1;
        for (int64_t i = 0; i < V; i++)
            z[i] = run % 5 ? (double)(float)assay_rng_normal(&g) : (double)assay_rng_below(&g, 3);
        const assay_dense a = { (void *[]){ z, &id }, (void *[]){ NULL, NULL }, (const int64_t[]){ 1, V }, &p };
        assay_op_find("gumbel")->oracle(&a);
        for (int64_t other = -1; other <= V; other++) {
            double got = (double)other;
            const bool ok = assay_op_find("gumbel")->verify(&a, (void *[]){ NULL, &got }, &strict, NULL);
            let += ok && got != id;
            if (!ok && got == id)
                return assay_fail(why, ASSAY_ERR_ARG, "gumbel: run %d: verify() refuses the reference's id %g", run,
                                  id) == ASSAY_OK;
        }
    }
    return let <= 1 ||
           assay_fail(why, ASSAY_ERR_ARG, "gumbel: verify() lets %d wrong ids of 300 rows through", let) == ASSAY_OK;
}

static bool gumbel_known(assay_why *why)
{
    return chances(why) && no_other(why);
}
#endif
