/* SPDX-License-Identifier: MIT
 * gumbel: cases. */
#include "assay/params/gumbel.h"
#include "gumbel_known.h"
#include "tables.h"
#include "vocabulary.h"
#include <float.h>

/* Logits that the noise brings level, nearly: the less the larger the row is modulo 5.  An id whose u is the smallest
 * or the largest is a little before the others, or behind: u that are 0 or 1 then show. */
static bool level(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const assay_gumbel_params *p = (const void *)c->params;
    const double temp = p->temp > 0 ? p->temp : 1;
    for (int64_t k = 0; k < n; k++) {
        const int64_t row = k / c->dim[1], id = k % c->dim[1];
        const double u = (double)open_uniform(p, row, id), beside = (double)assay_rng_below(r, 11);
        const double edge = (assay_rng_below(r, 2) ? 1 : -1) * exp2(-3 - beside);
        const double off = assay_rng_normal(r) * exp2(-2 - 3 * (double)(row % 5));
        value[i][k] = temp * (log(-log(u)) + (u < 0x1p-23 || u > 1 - 0x1p-23 ? edge : off));
    }
    return true;
}

static const assay_gen gens[] = {
    VOCABULARY_GENS,
    GEN_FILL("level", ADVERSARIAL, level, "logits that the noise brings level, nearly"),
};

#define EACH "gen={model,few-values,forbidden,level}"
static const assay_rows rows[] = {
    { "R=5 V={1..17} temp={0,1} gen={model,level}", ASSAY_QUICK },
    { "R=20 V={1,2,3,5,17,64} temp={0,1} gen={model,few-values,near-ties,forbidden,one-left}", ASSAY_QUICK },
    { "R=40 V=40 temp={0.25,0.7,1,3} key=42 step=7 " EACH, ASSAY_QUICK },
    { "R=9 V={33,40} temp=2 key={5000000000,16777217} step={1,16777217,4294967296} " EACH, ASSAY_QUICK },
    /* of each half the highest bit, which is no sign */
    { "R=9 V=33 temp=2 key={3000000000,12884901888} step={3000000000,12884901888} gen={model,level}", ASSAY_QUICK },
    { "R=16 V=40 temp={0,0.001,1} gen={huge,invalid,gauss,near-ties}", ASSAY_QUICK },
    /* some u is 2^-24, by a word whose upper 24 bits are 0 or 1 */
    { "R=4 V=8 temp=1 key=77 step={204378,310616,360801,614811,677411,852451,1208803,1408641,1675262,3190159} "
      "gen=level",
      ASSAY_QUICK },
    /* some u is 1 - 2^-24, by a word whose upper 24 bits are 1 but for the last, and by one where all are */
    { "R=4 V=8 temp=1 key=77 step={1051132,1172425,2157917,2974429,2997100,3224959} gen=level", ASSAY_QUICK },
    { "R=4 V=8 temp=1 key=77 step={203662,250959,789035,978004,1098014,1204173} gen=level "
      "seed={1..4}",
      ASSAY_QUICK },
    /* both u are the same in row 1, 3, 2, 0: the lower id */
    { "R=4 V=2 temp=1 key=77 step={3971067,4114934,6541778,6793520} gen=zero", ASSAY_QUICK },
    { "R=2 V=1000 temp=0.9 key=3 gen={model,level}", ASSAY_QUICK },
    { "R=2 V=4103 temp=1.5 key=3 gen=level", ASSAY_QUICK },
    { "R=8 V=4103 temp=0 gen=spike", ASSAY_QUICK }, /* the maximum in what is over of a long row */
    /* row and id in 16 bits, or less; what is no number, far behind, beside a row with an answer */
    { "R=65600 V=2 temp=1 key=7 step=3 gen=level", ASSAY_QUICK },
    { "R=1 V=262160 temp=2 key=3 gen=level", ASSAY_QUICK },
    { "R=2 V=140000 temp=1 gen=nan@logits seed=3", ASSAY_QUICK },
    { "R=3 V=9000 temp=1 gen=inf@logits seed=1", ASSAY_QUICK },
    { "R=64 V=5 temp=1 key=7 gen=inf-inf@logits seed=5", ASSAY_QUICK },
    { "R={0,1} V=1 temp=1 gen=model", ASSAY_QUICK },
    { "R=4 V=49152 temp=0.8 key=11 gen={model,level}", ASSAY_FULL },
    /* values at every place; temperatures at their ends */
    { "R=7 V={37,150} temp={0,1} key=3 gen=" ASSAY_VALUES "@logits", ASSAY_QUICK },
    { "R=7 V=37 temp={1e-30,1e6} key=3 gen={level,end@logits}", ASSAY_QUICK },
};

/* ---- once more: the first to ring of clocks whose times are exponential with the weights as rates ---------------- */

static int64_t first_to_ring(const assay_gumbel_params *p, int64_t row, const double *z, int64_t V)
{
    long double soonest = INFINITY;
    double top = -INFINITY;
    int64_t first = -1;
    for (int64_t i = V; i-- > 0;) {
        if (isnan(z[i]) || z[i] > DBL_MAX)
            return -1;
        first = z[i] >= top && z[i] >= -DBL_MAX ? i : first, top = fmax(top, z[i]);
    }
    for (int64_t i = V; i-- > 0 && first >= 0 && p->temp > 0;) {
        const long double rate = expl(((long double)z[i] - top) / p->temp);
        const long double time = rate > 0 ? -logl((long double)open_uniform(p, row, i)) / rate : INFINITY;
        if (time <= soonest && z[i] >= -DBL_MAX)
            first = time < soonest || i < first ? i : first, soonest = time;
    }
    return first;
}

SECOND(gumbel)
{
    for (int64_t r = 0; r < a->dim[0]; r++)
        ((double *)a->operand[1])[r] =
            (double)first_to_ring(a->params, r, (const double *)a->operand[0] + r * a->dim[1], a->dim[1]);
}

/* Key 42 draws u .61296 .46859 .07323 .34086 .98772 .32706 .51391 .45432 (definitions T15), so the noise is .71446
 * .27703
 * -.96093 -.07351 4.39350 -.11118 .40689 .23704 (mpmath); in row 0 of step 0.  The numbers below lie 0.001 about. */
#define NO -INFINITY
static const assay_known_answer answers[] = {
    { "V=8 key=42 temp=1", { { 0, 0, 0, 0, 0, 0, 0, 0 } }, { 4 } },
    { "V=8 key=42 temp=1", { { 0, 0, 0, 0, NO, 0, 0, 0 } }, { 0 } },
    { "V=8 key=42 temp=1", { { 3.678, 0, 0, 0, 0, 0, 0, 0 } }, { 4 } },
    { "V=8 key=42 temp=1", { { 3.680, 0, 0, 0, 0, 0, 0, 0 } }, { 0 } },
    { "V=8 key=42 temp=2", { { 0, 0, 10.708, 0, 0, 0, 0, 0 } }, { 4 } },
    { "V=8 key=42 temp=2", { { 0, 0, 10.710, 0, 0, 0, 0, 0 } }, { 2 } },
    { "V=4 key=42 temp=0.5", { { 0, 0.218, 0, 0 } }, { 0 } },
    { "V=4 key=42 temp=0.5", { { 0, 0.220, 0, 0 } }, { 1 } },
    { "V=5 key=42", { { 0, 2, 2, 1, 1 } }, { 1 } },
    /* both halves of key and step: -1.23997 at id 3, 2.06344 at id 7 */
    { "V=8 key=4294967296 step=4294967296 temp=1", { { 0, 0, 0, 3.302, 0, 0, 0, 0 } }, { 7 } },
    { "V=8 key=4294967296 step=4294967296 temp=1", { { 0, 0, 0, 3.304, 0, 0, 0, 0 } }, { 3 } },
};

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.gumbel", "R=1 V=49152 temp=0.8", 1 },
    { "llama3-8b.decode.gumbel", "R=1 V=128256 temp=0.6", 1 },
};

static const assay_vector_case vectors[] = {
    { "greedy", "R=6 V=20 gen=few-values" },
    { "temp", "R=40 V=40 temp=0.7 key=42 step=7 gen=model" },
    { "level", "R=40 V=40 temp=1.5 key=7 step=9 gen=level" },
    { "forbidden", "R=40 V=37 temp=2 key=5000000000 step=4294967296 gen=forbidden" },
    { "invalid", "R=8 V=12 temp=1 gen=invalid" },
};

static const assay_relation relations[] = {
    MORE("three logits of -inf more: the same", "R=9 V={5,43} temp={0,0.7} gen=gauss seed=3", "V", "logits",
         (double)-INFINITY, 0),
    AFFINE("logits + 8: the same", "R=9 V={5,43} temp={0,0.7} gen=ints-narrow seed=3", "logits", 1, 8, 1, 0),
};

SUITE(gumbel) = { USUAL_TABLES(gumbel), .known = gumbel_known };
TABLES(gumbel);
