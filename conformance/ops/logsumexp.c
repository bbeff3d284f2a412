/* SPDX-License-Identifier: MIT
 * logsumexp: cases; rows whose maximum and logarithm cancel. */
#include "logits.h"
#include "tables.h"

/* All near -ln C: m + ln s is what rounding leaves of it. */
static bool cancel(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    const double C = (double)c->dim[1];
    for (int64_t k = 0; k < n; k++) {
        const double spread = ldexp(1, -4 * (int)(k / c->dim[1] % 4));
        value[i][k] = i == MASK ? 0 : -log(C) + spread * (assay_rng_uniform(rng) - 0.5);
    }
    return true;
}

/* The maximum, and all others (ln 2)/2 below it, where a polynomial for e^x is off the most; they sum to 1, about. */
static double half_step(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const double C = (double)c->dim[1], below = 0.345 + 0x1p-10 * assay_rng_uniform(rng);
    return i == MASK ? 0 : -log(1 + (C - 1) * exp(-0.345)) - (j % c->dim[1] ? below : 0);
}

static const assay_gen gens[] = {
    LOGIT_GENS,
    GEN_FILL("faint", ADVERSARIAL, faint, "weights that are subnormal"),
    TIGHT_FILL("cancel", ADVERSARIAL, cancel, "logits about -ln C: the maximum and the logarithm of the sum cancel"),
    GEN_DRAW("half-step", ADVERSARIAL, half_step,
             "all (ln 2)/2 below the maximum, where an exponential's polynomial ends"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} gen={masked-rows,hollow}", ASSAY_QUICK },
    { "R=7 C={2..19,31..33,64,67} mask=f32 gen={masked-rows,hollow,one-hot,spread}", ASSAY_QUICK },
    { "R=40 C={1..9,33,130} gen=cancel", ASSAY_QUICK },
    { "R=9 C={5,17,31} gen=half-step", ASSAY_QUICK },
    { "R=6 C={8,17,63,130} mask=f32 scale={0,0.125,0.3} gen={huge,ramp,gauss}", ASSAY_QUICK },
    { "R=6 C={9,40,67} scale={0,0.125,0.3,2.3} gen={huge,ramp,spread,one-hot}", ASSAY_QUICK },
    { "R=66 C={1..8} gen=short", ASSAY_QUICK },
    { "R=2 C=70001 mask=f32 gen=masked-rows", ASSAY_QUICK },
    { "R=8 C={2,5,9} gen=binades", ASSAY_QUICK },
    { "R=6 C={5,40} gen=faint", ASSAY_QUICK },
    { "R=70 C={31,64,257} gen={gauss,uniform,spread}", ASSAY_QUICK },
    { "R={10..15,20} C=5 gen={gauss,cancel}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=3 C={9,40} gen={special,zero,signed-zero,denormal,equal,positive,spike,wide}", ASSAY_QUICK },
    { "R=9 C={17,32} x={f16,bf16} gen={gauss,one-hot}", ASSAY_QUICK },
    { "R=2 C={512,1021,1024} gen={gauss,equal,ramp,creep}", ASSAY_QUICK },
    { "R=1 C={4096,32768} gen={gauss,positive,equal,ramp,creep,huge,cancel}", ASSAY_QUICK },
    { "R=6 C=4096 gen={gauss,equal,ramp,huge,one-hot}", ASSAY_FULL },
    { "R=1 C=49152 scale={0,0.7} gen={gauss,spread}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=37 x={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=70 mask=f32 scale=0.125 gen=" ASSAY_MASK_VALUES "@mask", ASSAY_QUICK },
    { "R=7 C=70 gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
    { "R=13 C=8 x={f32,bf16} mask={none,f32} scale=2.3 gen=end@x", ASSAY_QUICK }, /* the largest logit overflows */
};

static const char *const unseen[] = {
    "flushed-mask: it adds less than 2^-126 to a logit, of which a rounding of the sum takes more",
    "out-flushed-lse: where it is subnormal a rounding of the sum takes more", NULL
};

/* Worked out outside this project, and what is ours to say: a row that is masked wholly is -inf, a NaN under a mask
 * hidden. */
static const assay_known_answer answers[] = {
    { "C=3", { { 1, 2, 1000 } }, { 1000 } },
    { "C=3 mask=f32", { { 0.1, 0.2, 0.3 } }, { 1.301942848229 } },
    { "C=3 mask=f32", { { 1, 2, 3 }, { -INFINITY, -INFINITY, -INFINITY } }, { -INFINITY } },
    { "C=3 mask=f32", { { NAN, 7, 7 }, { -INFINITY, 0, 0 } }, { 7.693147180559945 } },
    { "C=4", { { -2, -2, -2, -2 } }, { -0.613705638880109 } },
};

SECOND(logsumexp)
{
    for (int64_t r = 0; r < a->dim[0]; r++) {
        long double top;
        const long double sum = sum_below(a, r, &top);
        ((double *)a->operand[2])[r] = isnan(sum) || top == INFINITY ? NAN : (double)(top + logl(sum));
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.vocab", "R=1 C=49152", 1 },
    { "smollm2-135m.train512.vocab", "R=512 C=49152", 512 },
    { "llama3-8b.decode.vocab", "R=1 C=128256", 1 },
    { "mixtral-8x7b.prefill512.router", "R=512 C=8", 512 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=4 C=17 gen=gauss" },      { "masked", "R=5 C=19 mask=f32 scale=0.125 gen=gauss" },
    { "huge", "R=6 C=12 gen=huge" },        { "cancel", "R=8 C=5 gen=cancel" },
    { "bf16", "R=3 C=9 x=bf16 gen=gauss" },
};

#define SOFT "R=5 C={7,43} gen=gauss seed=3"
static const assay_relation relations[] = {
    ALONG(REVERSE, "columns in reverse: the same", SOFT, "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in lse too", SOFT, "R", LOOSE),
    MORE("three logits of -inf more: the same", SOFT, "C", "x", (double)-INFINITY, LOOSE),
    MORE("three masked columns more: the same", "R=5 C={7,43} mask=f32 gen=gauss seed=3", "C", "mask",
         (double)-INFINITY, LOOSE),
    { "x + 8: lse + 8", SOFT, ASSAY_ACT_AFFINE, .on = "x", .by = 1, .plus = 8, .more = 8, .slack = LOOSE },
    ALONG(CUT, "rows in two calls: the same", SOFT, "R", LOOSE),
};

SUITE(logsumexp) = { USUAL_TABLES(logsumexp), .unseen = unseen };
TABLES(logsumexp);
