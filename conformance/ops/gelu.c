/* SPDX-License-Identifier: MIT
 * gelu: cases; around 0, both tails down to where nothing is left; the definitions by a series and a continued
 * fraction. */
#include "gauss.h"
#include "tables.h"
#include "../../reference/core/values.h"
#include "assay/params/gelu.h"
#include <math.h>

/* Where each form's exponential leaves the range of f32: Phi(-13), e^(2 z) at 10, e^(1.702 x) at 52. */
static double end_of(const assay_case *c)
{
    static const double end[] = { 13.2, 9.9, 52 };
    const assay_gelu_params *p = (const assay_gelu_params *)c->params;
    return end[p->form];
}
static double range(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i, (void)j;
    return 2.4 * end_of(c) * (assay_rng_uniform(rng) - 0.5);
}
static double edge(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i;
    return (j % 2 ? -1 : 1) * end_of(c) * (0.93 + 0.1 * assay_rng_uniform(rng));
}
/* 2^-24 to 4: y = x/2 there at first, then bends */
static double origin(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)i;
    return ldexp(assay_rng_normal(rng), -(int)(j % 25));
}
/* 0.5 to 2, both sides: where y bends what the argument is off counts most */
static double bend(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)i;
    return (j % 2 ? -1 : 1) * (0.5 + 1.5 * assay_rng_uniform(rng));
}
/* NaN, +inf and both zeros in every lane.  No -inf: see holes. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -0.0, 0.0, 0x1.fffffep127, -0x1.fffffep127 };
    (void)c, (void)i, (void)j;
    return assay_rng_below(rng, 2) ? odd[assay_rng_below(rng, 6)] : assay_rng_normal(rng);
}

static const assay_gen gens[] = {
    TIGHT_DRAW("range", ADVERSARIAL, range, "evenly, past where each form's tail ends in f32"),
    GEN_DRAW("edge", ADVERSARIAL, edge, "both sides, where each form's tail ends in f32"),
    TIGHT_DRAW("origin", ADVERSARIAL, origin, "2^-24 to 4"),
    TIGHT_DRAW("bend", ADVERSARIAL, bend, "0.5 to 2 on both sides: where y bends"),
    GEN_DRAW("special", CLASS, special, "NaN, inf, zeros and the largest f32"),
};
static const char *const exact[] = { "zero", NULL };
static const char *const holes[] = { "special: x = -inf: 0 (the limit) and NaN (what x (1 + erf) gives) are both right",
                                     NULL };

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} form={erf,tanh,quick} gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C={7,33,67} form={erf,tanh,quick} gen={edge,origin,bend,special,spike,wide,denormal,signed-zero,zero}",
      ASSAY_QUICK },
    { "R=5 C={64,576} form={erf,tanh,quick} gen={gauss,uniform,positive,range,origin}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} form={erf,tanh,quick} x={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,range}", ASSAY_QUICK },
    { "R=2 C={3072,4097,8200} form={erf,tanh,quick} gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C=14336 form={erf,tanh,quick} gen={gauss,range}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=37 form={erf,tanh,quick} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} y={f16,bf16} form={erf,tanh,quick} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=3 C=37 x={f32,bf16} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
    { "R=7 C=37 form={erf,tanh,quick} gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
};

static const assay_known_answer answers[] = {
    { "C=7",
      { { -3, -1, -0.5, 0.5, 1, 3, -6 } },
      { -0.00404969409489, -0.1586552539315, -0.154268769363, 0.345731230637, 0.8413447460685, 2.995950305905,
        -5.919525870226e-09 } },
    { "C=6 form=tanh",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.003637392081773, -0.1588080093917, -0.1542859901749, 0.3457140098251, 0.8411919906083, 2.996362607918 } },
    { "C=6 form=quick",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.01807130970779, -0.1542042340672, -0.1496115633936, 0.3503884366064, 0.8457957659328, 2.981928690292 } },
    { "C=3", { { INFINITY, -INFINITY, 0 } }, { INFINITY, -0.0, 0 } },
    { "C=3 form=tanh", { { INFINITY, -INFINITY, 0 } }, { INFINITY, -0.0, 0 } },
    { "C=3 form=quick", { { INFINITY, -INFINITY, 0 } }, { INFINITY, -0.0, 0 } },
};

SECOND(gelu)
{
    const assay_gelu_params *p = a->params;
    const double *x = a->operand[0];
    double *y = a->operand[1];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        y[i] = (double)gelu_of(x[i], p->form);
}

/* So far up gelu is the identity. */
static double land(const assay_case *c, int i, int64_t j)
{
    (void)i;
    return fabs(assay_landing(c, j));
}

static const assay_workload workloads[] = {
    { "gpt2.decode.ffn", "R=1 C=3072 form=tanh", 1 },
    { "gpt2.prefill512.ffn", "R=512 C=3072 form=tanh", 512 },
    { "bert-base.encode128.ffn", "R=128 C=3072", 128 },
    { "clip-vit-b32.encode50.ffn", "R=50 C=3072 form=quick", 50 },
};

static const assay_vector_case vectors[] = {
    { "erf", "R=3 C=33 gen=range" },
    { "tanh", "R=3 C=33 form=tanh gen=range" },
    { "quick", "R=3 C=33 form=quick gen=range" },
    { "origin", "R=2 C=25 gen=origin" },
    { "special", "R=3 C=9 form=tanh gen=special" },
    { "f16", "R=2 C=17 x=f16 y=bf16 gen=gauss" },
};

#define GELU "R=5 C={7,43} form={erf,tanh,quick} gen=gauss seed=3"
static const assay_relation relations[] = {
    ALONG(REVERSE, "columns in reverse: in y too", GELU, "C", LOOSE),
    ALONG(CUT, "columns in two calls: the same", GELU, "C", LOOSE),
    { "-x: y - x", GELU, ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x", .slack = LOOSE },
};

SUITE(gelu) = { USUAL_TABLES(gelu), .land = land, .exact = exact, .holes = holes };
TABLES(gelu);
