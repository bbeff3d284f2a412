/* SPDX-License-Identifier: MIT
 * argmax: cases, known answers and a second derivation (from the last element to the first). */
#include "../../reference/core/status.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/suite.h"
#include <math.h>
#include <string.h>

/* Few values: the maximum stands at many places. */
static bool ties(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (double)(assay_rng_below(r, 3) - 1);
    return true;
}
/* Zeros of both signs are equal; everything else is below. */
static bool zeros(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(r, 4) ? -1.5 : assay_rng_below(r, 2) ? 0.0 : -0.0;
    return true;
}
/* Row r: the maximum stands at place r from the start, row r + 1: from the end, twice. */
static bool places(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = k / V, at = row % 2 ? V - 1 - row / 2 % V : row / 2 % V;
        value[i][k] = k % V == at ? 3 : -assay_rng_uniform(r);
    }
    return true;
}
/* NaNs of both signs among infinities: the first NaN is the answer, before and after the maximum. */
static bool nans(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(r, 8) ? assay_rng_normal(r) : INFINITY;
    for (int64_t row = 0; V && row < n / V; row++)
        for (int64_t k = assay_rng_below(r, V); k < V; k += 1 + assay_rng_below(r, V))
            value[i][row * V + k] = row % 2 ? NAN : -NAN;
    return true;
}
static bool all_nan(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c, (void)r;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k % 2 ? NAN : -NAN;
    return true;
}
/* Nothing but -inf, but for one finite element in every other row (logits after top-k). */
static bool masked(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = -INFINITY;
    for (int64_t row = 0; V && row < n / V; row += 2)
        value[i][row * V + assay_rng_below(r, V)] = -3e38;
    return true;
}

/* The largest finite number, then infinity. */
static bool ends(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t V = c->dim[1];
    for (int64_t k = 0; k < n; k++)
        value[i][k] = k % V < V / 2 ? 0x1.fffffep127 : assay_rng_normal(r);
    for (int64_t row = 0; V && row < n / V; row++)
        value[i][row * V + V - 1 - row % ((V + 1) / 2)] = INFINITY;
    return true;
}

static const assay_gen gens[] = {
    { "ends", ASSAY_TAG_EXACT, ends, .says = "the largest finite number, at many places, and infinity behind it" },
    { "ties", ASSAY_TAG_EXACT, ties, .says = "-1, 0 and 1: the maximum stands at many places" },
    { "zeros", ASSAY_TAG_EXACT, zeros, .says = "zeros of both signs, all else below" },
    { "places", ASSAY_TAG_EXACT, places,
      .says = "the maximum at every place in turn, from the start and from the end" },
    { "nans", ASSAY_TAG_EXACT, nans, .says = "NaN of both signs among infinities, before and after the maximum" },
    { "all-nan", ASSAY_TAG_EXACT, all_nan, .says = "nothing but NaN" },
    { "masked", ASSAY_TAG_EXACT, masked, .says = "nothing but -inf, and one finite element in every other row" },
};
static const char *const exact[] = { "gauss", "uniform", "special", "denormal", "ramp", NULL };

static const assay_rows rows[] = {
    { "R=9 V={2,17,40} gen=ends", ASSAY_QUICK },
    { "R=3 V=131073 gen=gauss", ASSAY_QUICK },
    { "R=6 V={1..70} gen={gauss,ties,places,nans}", ASSAY_QUICK },
    { "R=5 V={1,2,7,8,9,31,32,33,65} gen={uniform,zeros,all-nan,masked,special,denormal,ramp}", ASSAY_QUICK },
    { "R=9 V={511,512,513,514,1023,1024,1025,1031,1087,2051} gen={gauss,ties,places,nans,masked,all-nan}",
      ASSAY_QUICK },
    { "R={0,1} V=5 gen=gauss", ASSAY_QUICK },
    { "R=3 V={32768,49152} gen={gauss,ties,places,nans,masked}", ASSAY_FULL },
    /* values at every place */
    { "R=7 V={37,150} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
};

/* ---- known answers --------------------------------------------------------------------------------------- */

static int64_t oracle(double *x, int64_t V)
{
    double id = -1;
    void *operand[2] = { x, &id }, *before[2] = { NULL };
    const int64_t dim[2] = { 1, V };
    const assay_dense a = { operand, before, dim, NULL };
    assay_op_find("argmax")->oracle(&a);
    return (int64_t)id;
}

static bool known(assay_why *why)
{
    static const struct {
        double x[5];
        int64_t id;
    } answers[] = {
        { { 1, 3, 2, 3, 0 }, 1 },        { { 0, -0.0, 0, -1, -2 }, 0 },
        { { 5, NAN, 7, NAN, 9 }, 1 },    { { -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY }, 0 },
        { { NAN, 1, 2, 3, 4 }, 0 },      { { NAN, NAN, NAN, NAN, NAN }, 0 },
        { { 1, 2, INFINITY, 3, 4 }, 2 }, { { INFINITY, 2, 3, 4, -NAN }, 4 },
    };
    assay_rng g = { 3, 0, 0 };
    double x[40];
    for (size_t i = 0; i < ASSAY_COUNT_OF(answers); i++) {
        memcpy(x, answers[i].x, sizeof answers[i].x);
        if (oracle(x, 5) != answers[i].id) {
            assay_fail(why, ASSAY_ERR_ARG, "argmax: answer %d is %d, known %d", (int)i, (int)oracle(x, 5),
                       (int)answers[i].id);
            return false;
        }
    }
    for (int run = 0; run < 500; run++) { /* backwards: what is not less than the best takes its place */
        const int64_t V = 1 + assay_rng_below(&g, 40);
        for (int64_t v = 0; v < V; v++)
            x[v] = assay_rng_below(&g, 60) ? (double)assay_rng_below(&g, 9) : NAN;
        int64_t best = V - 1;
        for (int64_t v = V - 1; v >= 0; v--)
            best = isnan(x[v]) || (!isnan(x[best]) && !(x[v] < x[best])) ? v : best;
        if (oracle(x, V) != best) {
            assay_fail(why, ASSAY_ERR_ARG, "argmax: run %d: %d, backwards %d", run, (int)oracle(x, V), (int)best);
            return false;
        }
    }
    return true;
}

/* From the last to the first: what is no less than the best so far, or NaN, is better. */
SECOND(argmax)
{
    const double *x = a->operand[0];
    double *id = a->operand[1];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const double *row = x + r * a->dim[1];
        int64_t best = a->dim[1] > 0 ? a->dim[1] - 1 : 0;
        for (int64_t v = best - 1; v >= 0; v--)
            best = isnan(row[v]) || (!isnan(row[best]) && row[v] >= row[best]) ? v : best;
        id[r] = (double)best;
    }
}

const assay_suite assay_suite_argmax = {
    .op = "argmax",
    .draws_own = true,
    .second = second_argmax,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .exact = exact,
    .known = known,
};
