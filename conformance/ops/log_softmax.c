/* SPDX-License-Identifier: MIT
 * log_softmax: cases; rows in which ln s is large beside z - m, small beside it, or next to nothing. */
#include "../../reference/core/status.h"
#include "logits.h"
#include "tables.h"
#include <string.h>

/* A row's first element, or its last, stands alone: s is 1 and next to nothing, and so is ln s; far off it z - m. */
static bool alone(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const int64_t C = c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const int64_t kind = k / C % 6, at = kind % 2 ? C - 1 : 0;
        const double offset = kind / 2 == 0 ? 0 : kind / 2 == 1 ? 700 : -3e4;
        value[i][k] =
            i == MASK ? 0 : offset + (k % C == at ? 0 : -4 - 3 * (double)(k / C % 5) - assay_rng_uniform(rng));
    }
    return true;
}
/* Close together, far from 0: what is left of m + ln s are few digits. */
static bool far_off(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double at = ldexp(k / c->dim[1] % 2 ? -1 : 1, 8 + (int)(k / c->dim[1] % 9));
        value[i][k] = i == MASK ? 0 : at + 2 * assay_rng_uniform(rng);
    }
    return true;
}

static const assay_gen gens[] = {
    LOGIT_GENS,
    GEN_FILL("faint", ADVERSARIAL, faint, "weights that are subnormal"),
    TIGHT_FILL("alone", ADVERSARIAL, alone, "one element stands alone: the sum is 1 and next to nothing"),
    TIGHT_FILL("far-off", ADVERSARIAL, far_off, "logits close together, up to 65536 from 0"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} gen={masked-rows,hollow}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} mask=f32 gen={masked-rows,hollow,one-hot,spread}", ASSAY_QUICK },
    { "R=18 C={1..9,33} gen={alone,far-off}", ASSAY_QUICK },
    { "R=6 C={8,17,63,130} mask=f32 scale={0,0.125,0.3} gen={huge,ramp,gauss}", ASSAY_QUICK },
    { "R=6 C={9,40,67} scale={0,0.125,0.3,2.3} gen={huge,ramp,spread}", ASSAY_QUICK },
    { "R=66 C={1..8} gen=short", ASSAY_QUICK },
    { "R=8 C={2,5,9} gen=binades", ASSAY_QUICK },
    { "R=6 C={5,40} gen=faint", ASSAY_QUICK },
    { "R=70 C={31,64,257} gen={gauss,uniform,spread}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=3 C={9,40} gen={special,zero,signed-zero,denormal,equal,positive,spike,wide}", ASSAY_QUICK },
    { "R=2 C={17,32} x={f16,bf16} y={f32,f16,bf16} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=2 C={17,32} x=f32 y={f16,bf16} mask=f32 gen={spread,one-hot}", ASSAY_QUICK },
    { "R=2 C={512,1021,1024} gen={gauss,equal,ramp,creep}", ASSAY_QUICK },
    { "R=1 C={4096,32768} gen={gauss,positive,equal,ramp,creep,huge,far-off}", ASSAY_QUICK },
    { "R=6 C=4096 gen={gauss,equal,ramp,huge,one-hot}", ASSAY_FULL },
    { "R=1 C=49152 scale={0,0.7} gen={gauss,spread}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=37 x={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_MASK_VALUES "@mask", ASSAY_QUICK },
    { "R=7 C=70 gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
    { "R=13 C=8 x={f32,bf16} mask={none,f32} scale=2.3 gen=end@x", ASSAY_QUICK }, /* the largest logit overflows */
};

static const char *const unseen[] = {
    "flushed-mask: it adds less than 2^-126 to a logit, of which a rounding of the sum takes more", NULL
};

/* A product that is rounded is no difference to the bit. */
static bool fits(const assay_case *c, assay_why *why)
{
    const assay_softmax_params *p = (const void *)c->params;
    int e;
    if (strcmp(c->gen->name, "one-hot") != 0 || p->scale == 0 || frexpf(p->scale, &e) == 0.5f)
        return true;
    assay_fail(why, ASSAY_OK, "log_softmax: gen=one-hot is exact for a scale that is a power of 2");
    return false;
}

/* Worked out outside this project, and what is ours to say: what is masked is -inf, a NaN under a mask hidden. */
static const assay_known_answer answers[] = {
    { "C=3", { { 1, 2, 1000 } }, { -999, -998, 0 } },
    { "C=3 mask=f32", { { 0.1, 0.2, 0.3 } }, { -1.201942848229, -1.101942848229, -1.001942848229 } },
    { "C=3 mask=f32", { { 1, 2, 3 }, { -INFINITY, -INFINITY, -INFINITY } }, { -INFINITY, -INFINITY, -INFINITY } },
    { "C=3 mask=f32", { { NAN, 7, 7 }, { -INFINITY, 0, 0 } }, { -INFINITY, -0.693147180559945, -0.693147180559945 } },
    { "C=2", { { 0, -3 } }, { -0.0485873515737421, -3.04858735157374 } },
};

SECOND(log_softmax)
{
    const int64_t C = a->dim[1];
    double *y = a->operand[2];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        long double top, others = 0;
        const long double sum = sum_below(a, r, &top);
        bool once = false; /* the sum but for one of the largest: log1p keeps its digits */
        for (int64_t i = r * C; i < (r + 1) * C; i++) {
            const long double z = logit(a, i);
            if (z == top && !once)
                once = true;
            else if (z != -INFINITY)
                others += expl(z - top);
        }
        for (int64_t i = r * C; i < (r + 1) * C; i++)
            y[i] = isnan(sum) || top == INFINITY ? NAN
                   : logit(a, i) == -INFINITY    ? -INFINITY
                                                 : (double)(logit(a, i) - top - log1pl(others));
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.beam4.vocab", "R=4 C=49152", 4 },
    { "smollm2-135m.train512.vocab", "R=512 C=49152", 512 },
    { "llama3-8b.beam4.vocab", "R=4 C=128256", 4 },
    { "whisper-tiny.beam5.vocab", "R=5 C=51865", 5 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=4 C=17 gen=gauss" },
    { "masked", "R=5 C=19 mask=f32 scale=0.125 gen=gauss" },
    { "huge", "R=4 C=12 gen=huge" },
    { "alone", "R=6 C=5 gen=alone" },
    { "bf16", "R=3 C=9 x=bf16 y=f16 gen=gauss" },
};

#define SOFT "R=5 C={7,43} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("x + 8: the same", SOFT, "x", 1, 8, 1, LOOSE),
    ALONG(REVERSE, "columns in reverse: in y too", SOFT, "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in y too", SOFT, "R", LOOSE),
    AFFINE("mask + 4: the same", "R=5 C={7,43} mask=f32 gen=gauss seed=3", "mask", 1, 4, 1, LOOSE),
    ALONG(CUT, "rows in two calls: the same", SOFT, "R", LOOSE),
};

SUITE(log_softmax) = { USUAL_TABLES(log_softmax), .unseen = unseen, .fits = fits };
TABLES(log_softmax);
