/* SPDX-License-Identifier: MIT
 * argmax: cases. */
#include "ranks.h"
#include "tables.h"

static const char *const exact[] = { "gauss", "uniform", "special", "denormal", "ramp", NULL };

static const assay_rows rows[] = {
    { "R=9 V={2,17,40} gen=ends", ASSAY_QUICK },
    { "R=3 V=131073 gen=gauss", ASSAY_QUICK },
    { "R=6 V={1..70} gen={gauss,ties,places,nans}", ASSAY_QUICK },
    { "R=5 V={1,2,7,8,9,31,32,33,65} gen={uniform,zeros,all-nan,masked,special,denormal,ramp}", ASSAY_QUICK },
    { "R=9 V={511,512,513,514,1023,1024,1025,1031,1087,2051} gen={gauss,ties,places,nans,masked,all-nan}",
      ASSAY_QUICK },
    { "R={0,1} V=5 gen=gauss", ASSAY_QUICK },
    { "R=2 V=32768 gen=places", ASSAY_QUICK }, /* the end of every block that is a power of 2 */
    { "R=3 V={32768,49152} gen={gauss,ties,places,nans,masked}", ASSAY_FULL },
    /* values at every place */
    { "R=7 V={37,150} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
};

static const assay_known_answer answers[] = {
    { "V=5", { { 1, 3, 2, 3, 0 } }, { 1 } },        { "V=5", { { 0, -0.0, 0, -1, -2 } }, { 0 } },
    { "V=5", { { 5, NAN, 7, NAN, 9 } }, { 1 } },    { "V=3", { { -INFINITY, -INFINITY, -INFINITY } }, { 0 } },
    { "V=5", { { NAN, 1, 2, 3, 4 } }, { 0 } },      { "V=5", { { NAN, NAN, NAN, NAN, NAN } }, { 0 } },
    { "V=5", { { 1, 2, INFINITY, 3, 4 } }, { 2 } }, { "V=5", { { INFINITY, 2, 3, 4, -NAN } }, { 4 } },
};

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

static const assay_workload workloads[] = {
    /* greedy choice of one token, and of a batch */
    { "smollm2-135m.decode.greedy", "R=1 V=49152", 1 },
    { "smollm2-135m.batch8.greedy", "R=8 V=49152", 8 },
    { "llama3-8b.decode.greedy", "R=1 V=128256", 1 },
};

static const assay_vector_case vectors[] = {
    { "ties", "R=8 V=37 gen=ties" },
    { "nans", "R=8 V=37 gen=nans" },
    { "masked", "R=6 V=70 gen=masked" },
    { "gauss", "R=4 V=1031 gen=gauss" },
};

static const assay_relation relations[] = {
    AFFINE("x + 8: the same", "R=9 V={5,43} gen=ints-narrow seed=3", "x", 1, 8, 1, 0),
    AFFINE("4 x: the same", "R=9 V={5,43} gen=gauss seed=3", "x", 4, 0, 1, 0),
    MORE("three logits of -inf more: the same", "R=9 V={5,43} gen=gauss seed=3", "V", "x", (double)-INFINITY, 0),
    ALONG(REVERSE, "rows in reverse: in y too", "R=9 V={5,43} gen=gauss seed=3", "R", 0),
};

SUITE(argmax) = { USUAL_TABLES(argmax), .exact = exact };
TABLES(argmax);
