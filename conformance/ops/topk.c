/* SPDX-License-Identifier: MIT
 * topk: cases. */
#include "ranks.h"
#include "tables.h"

static const char *const exact[] = { "gauss", "uniform", "special", "denormal", "ramp", NULL };

static const assay_rows rows[] = {
    { "R=9 V={2,17,40} K={1,2,5} gen=ends", ASSAY_QUICK },
    { "R=6 V={1..70} K={1,3} gen={gauss,ties,places,nans}", ASSAY_QUICK },
    { "R=6 V={1,5,31,32,33,64,65,70} K={0..17,40} values=f32 gen={gauss,ties,nans}", ASSAY_QUICK },
    { "R=5 V={1,2,7,8,9,31,32,33,65} K={1,4,40} values={none,f32} "
      "gen={uniform,zeros,all-nan,masked,special,denormal,ramp}",
      ASSAY_QUICK },
    { "R=9 V={511,513,1025,1087,2051} K={1,10,64} values=f32 gen={gauss,ties,places,nans,masked,all-nan}",
      ASSAY_QUICK },
    { "R=2 V={0,1} K={0,3} values=f32 gen=gauss", ASSAY_QUICK },
    { "R={0,1,7,8,10..17} V=5 K=3 values=f32 gen={gauss,ties}", ASSAY_QUICK },
    { "R=2 V=2051 K={500,2050,2051,3000} values=f32 gen={gauss,ties,nans,ramp}", ASSAY_QUICK },
    { "R=2 V=32768 K=40 gen={places,gauss}", ASSAY_QUICK }, /* the end of every block that is a power of 2 */
    { "R=1 V=131073 K=50 gen={gauss,ramp,ties}", ASSAY_QUICK },
    { "R=3 V={32768,49152} K={40,1000} values=f32 gen={gauss,ties,nans,masked}", ASSAY_FULL },
    /* values at every place */
    { "R=7 V={37,150} K={4,40} values=f32 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
};

static const assay_known_answer answers[] = {
    { "V=5 K=2", { { 1, 3, 2, 2, 0 } }, { 1, 2 } },
    { "V=5 K=2", { { 1, 2, 2, 2, 0 } }, { 1, 2 } },
    { "V=5 K=3", { { 5, NAN, 7, NAN, 9 } }, { 1, 3, 4 } },
    { "V=3 K=5", { { -INFINITY, 4, -INFINITY } }, { 1, 0, 2, -1, -1 } },
    { "V=5 K=4", { { 0, -0.0, 0, -1, -2 } }, { 0, 1, 2, 3 } },
    { "V=5 K=5", { { 1, 2, INFINITY, 3, -NAN } }, { 4, 2, 3, 1, 0 } },
};

/* By counting: an element's place is how many come before it. */
SECOND(topk)
{
    const int64_t V = a->dim[1], K = a->dim[2];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const double *x = (const double *)a->operand[0] + r * V;
        double *ids = (double *)a->operand[1] + r * K, *values = a->operand[2];
        for (int64_t k = 0; k < K; k++) {
            ids[k] = -1;
            if (values)
                values[r * K + k] = -INFINITY;
        }
        for (int64_t v = 0; v < V; v++) {
            int64_t place = 0;
            for (int64_t w = 0; w < V; w++)
                place += isnan(x[v]) ? w < v && isnan(x[w]) : isnan(x[w]) || x[w] > x[v] || (w < v && x[w] == x[v]);
            if (place < K)
                ids[place] = (double)v;
            if (place < K && values)
                values[r * K + place] = x[v];
        }
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.top40", "R=1 V=49152 K=40", 1 },
    { "llama3-8b.decode.top40", "R=1 V=128256 K=40", 1 },
    { "llama3-8b.beam4.top8", "R=4 V=128256 K=8 values=f32", 4 },
    { "minilm.nearest10", "R=8 V=1000000 K=10 values=f32", 0 },
    { "mixtral-8x7b.prefill512.router", "R=512 V=8 K=2 values=f32", 512 },
    { "deepseek-v3.prefill512.router", "R=512 V=256 K=8 values=f32", 512 },
};

static const assay_vector_case vectors[] = {
    { "ties", "R=8 V=37 K=5 values=f32 gen=ties" },  { "nans", "R=8 V=37 K=7 values=f32 gen=nans" },
    { "masked", "R=6 V=70 K=3 gen=masked" },         { "gauss", "R=4 V=1031 K=40 values=f32 gen=gauss" },
    { "short", "R=3 V=5 K=8 values=f32 gen=gauss" },
};

static const assay_relation relations[] = {
    AFFINE("4 x: the same places", "R=9 V={5,43} K=4 gen=gauss seed=3", "x", 4, 0, 1, 0),
    AFFINE("x + 8: the same places", "R=9 V={5,43} K=4 gen=ints-narrow seed=3", "x", 1, 8, 1, 0),
    MORE("three scores of -inf more: the same", "R=9 V={5,43} K=4 values=f32 gen=gauss seed=3", "V", "x",
         (double)-INFINITY, 0),
    ALONG(REVERSE, "rows in reverse: in ids, too", "R=9 V={5,43} K=4 values=f32 gen=gauss seed=3", "R", 0),
    ALONG(PREFIX, "the first half of K: the same", "R=9 V={5,43} K=4 values=f32 gen=gauss seed=3", "K", 0),
    ALONG(CUT, "rows in two calls: the same", "R=9 V={5,43} K=4 values=f32 gen=gauss seed=3", "R", 0),
};

SUITE(topk) = { USUAL_TABLES(topk), .exact = exact };
TABLES(topk);
