/* SPDX-License-Identifier: MIT
 * penalize: cases. */
#include "assay/params/penalize.h"
#include "tables.h"
#include <math.h>
#include <string.h>

enum { LOGITS, COUNTS, SEEN, BIAS, Y };

/* Whole numbers, most of them 0, and marks: what the history of a text is. */
static bool history(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if ((i != COUNTS && i != SEEN) || c->gen_at == 1 + i || (c->gen_at && !strncmp(c->gen->name, "zero-", 5)))
        return false; /* the generator's own numbers, also where it brings infinity to another operand's zeros */
    for (int64_t k = 0; k < n; k++) {
        const bool often = assay_rng_below(r, 9) == 0, some = assay_rng_below(r, 2) != 0;
        const double times = often ? (double)assay_rng_below(r, 70) : (double)assay_rng_below(r, 4);
        value[i][k] = i == SEEN ? (double)some : some ? times : 0;
    }
    return true;
}
/* Logits on both sides of 0, and near it: bias and penalty take them across. */
static double about_zero(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return i == BIAS ? assay_rng_normal(r) : 0.25 * assay_rng_normal(r);
}
/* Most ids are forbidden by their bias, some are forced by it. */
static double forbidden(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    const double z = 3 * assay_rng_normal(r);
    return i != BIAS ? z : assay_rng_below(r, 3) ? -INFINITY : assay_rng_below(r, 2) ? 100 : 0;
}

static const assay_gen gens[] = {
    TIGHT_DRAW("about-zero", ADVERSARIAL, about_zero, "logits near 0, of both signs"),
    GEN_DRAW("forbidden", ADVERSARIAL, forbidden, "two biases of three are -inf, one of six is 100"),
};

#define ALL "repetition=1.3 frequency=0.7 presence=0.4 "
static const assay_rows rows[] = {
    { "R={1,3} V={1..17} " ALL "seen={f32,none} bias={f32,none} gen={gauss,about-zero}", ASSAY_QUICK },
    { "R=5 V={33,300} repetition={0,1.1,1.7,0.5} frequency={0,0.3,-1.6} presence={0,0.9,-1.5} gen=gauss", ASSAY_QUICK },
    { "R=5 V=150 repetition={0,1.2} frequency={0,0.3} presence={0,0.9} seen=f32 bias={f32,none} "
      "gen={gauss,about-zero,wide}",
      ASSAY_QUICK },
    { "R=9 V=67 " ALL "seen={f32,none} bias=f32 gen={forbidden,special,spike,denormal,signed-zero,zero}", ASSAY_QUICK },
    { "R=2 V=40 repetition={0.01,100} frequency={-100,100} presence={-100,100} bias={f32,none} gen={gauss,wide}",
      ASSAY_QUICK },
    { "R={0,1} V={0,1} " ALL "gen=gauss", ASSAY_QUICK },
    { "R=1 V=49152 " ALL "bias=f32 gen=gauss", ASSAY_FULL },
    /* values at every place */
    { "R=7 V=70 " ALL "seen=f32 bias=f32 gen=" ASSAY_VALUES "@{logits,counts,seen,bias}", ASSAY_QUICK },
    { "R=7 V=37 repetition=1.3 gen=" ASSAY_VALUES "@{logits,counts}", ASSAY_QUICK },
    { "R=7 V=37 " ALL "seen=f32 bias=f32 gen=zero-inf@{logits,counts,seen,bias}", ASSAY_QUICK },
};

static const char *const unseen[] = {
    "nan*-seen: a NaN is not above 0, as 0 is not",
    "skips-seen-*: seen is not multiplied: it is above 0 or not",
    "inf-seen: of what is above 0 nothing else counts",
    NULL,
};

static const assay_known_answer answers[] = {
    { "V=5 repetition=1.2",
      { { 2, 1, 0.5, -1, -3 }, { 1, 0, 0, 7, 0 } },
      { 1.66666660043928, 1, 0.5, -1.20000004768372, -3 } },
    { "V=5 repetition=1 frequency=0.1 presence=0.4",
      { { 2, 1, 0.5, -1, -3 }, { 3, 0, 1, 0, 0 } },
      { 1.29999998956919, 1, -7.450580596924e-09, -1, -3 } },
    { "V=4 repetition=2 frequency=0.5 presence=1 seen=f32 bias=f32",
      { { 1, -1, 1, 4 }, { 2, 2, 0, 1 }, { 1, 1, 1, 0 }, { 1, -1, -3, 0 } },
      { -1, -6, -4, 2.5 } },
};

/* Term by term, each taken off by itself. */
SECOND(penalize)
{
    const assay_penalize_params *p = a->params;
    const double *counts = a->operand[COUNTS], *seen = a->operand[SEEN], *bias = a->operand[BIAS];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        long double z = ((const double *)a->operand[LOGITS])[i];
        const bool was = (seen ? seen : counts)[i] > 0;
        z = bias ? z + bias[i] : z;
        if (was && signbit(z))
            z *= p->repetition;
        else if (was)
            z /= p->repetition;
        z -= (long double)p->frequency * counts[i];
        ((double *)a->operand[Y])[i] = (double)(counts[i] > 0 ? z - p->presence : z);
    }
}

#define USUAL_PENALTIES "repetition=1.1 frequency=0.2 presence=0.1"
static const assay_workload workloads[] = {
    { "smollm2-135m.decode.penalties", "R=1 V=49152 " USUAL_PENALTIES, 1 },
    { "llama3-8b.decode.penalties", "R=1 V=128256 " USUAL_PENALTIES, 1 },
    { "llama3-8b.batch8.penalties", "R=8 V=128256 seen=f32 bias=f32 " USUAL_PENALTIES, 8 },
};

static const assay_vector_case vectors[] = {
    { "repetition", "R=3 V=33 repetition=1.3 gen=about-zero" },
    { "prompt_too", "R=3 V=33 repetition=1.3 frequency=0.2 seen=f32 gen=gauss" },
    { "counted", "R=3 V=33 frequency=0.3 presence=0.8 gen=gauss" },
    { "all", "R=3 V=33 " ALL "seen=f32 bias=f32 gen=gauss" },
    { "forbidden", "R=3 V=33 " ALL "bias=f32 gen=forbidden" },
};

#define PLAINLY "R=5 V={7,43} seen=f32 bias=f32 gen=gauss seed=3 "
static const assay_relation relations[] = {
    AFFINE("4 times logits and bias: 4 y, without counts", PLAINLY "repetition=1.3", "logits bias", 4, 0, 4, 0),
    ALONG(REVERSE, "ids in reverse: in y too", PLAINLY ALL, "V", 0),
    ALONG(REVERSE, "rows in reverse: in y too", PLAINLY ALL, "R", 0),
    ALONG(PREFIX, "the first half of the ids: the same", PLAINLY ALL, "V", 0),
    ALONG(CUT, "rows in two calls: the same", PLAINLY ALL, "R", 0),
};

SUITE(penalize) = { USUAL_TABLES(penalize), .fill = history, .unseen = unseen };
TABLES(penalize);
