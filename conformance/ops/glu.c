/* SPDX-License-Identifier: MIT
 * glu: cases; gates where each activation bends and ends, clamped ones at their limits; the definitions by a series,
 * by tanh and by exponentials in wide precision. */
#include "gauss.h"
#include "tables.h"
#include "../../reference/core/values.h"
#include "assay/params/glu.h"

#define ALL "form={sigmoid,relu,gelu,gelu_tanh,clamped}"
enum { GATE, UP };

static const assay_glu_params *params_of(const assay_case *c)
{
    return (const assay_glu_params *)c->params;
}
static double limit_of(const assay_case *c)
{
    return params_of(c)->limit > 0 ? params_of(c)->limit : 7;
}
/* Where the gate's exponential leaves the range of f32, subnormals too: of e^x, Phi(-13), e^(2 z) at 10, e^(alpha x) */
static double end_of(const assay_case *c)
{
    static const double end[] = { 88.7, 8, 13.2, 9.9 };
    const assay_glu_params *p = params_of(c);
    return p->form == ASSAY_GLU_CLAMPED ? 88.7 / (p->alpha > 0 ? (double)p->alpha : 1.702) : end[p->form];
}
static double range(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)j;
    return i == GATE ? 2.4 * end_of(c) * (assay_rng_uniform(rng) - 0.5) : assay_rng_normal(rng);
}
/* The gate's exponential is subnormal, or its square is: 0.97 to 1.03 of the end, below 0 three times of four */
static double edge(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return i == GATE ? (j % 4 ? -1 : 1) * end_of(c) * (0.97 + 0.06 * assay_rng_uniform(rng)) : assay_rng_normal(rng);
}
/* Gates of 0.5 to 2, both sides: where y bends what the argument is off counts most */
static double bend(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c;
    return i == GATE ? (j % 2 ? -1 : 1) * (0.5 + 1.5 * assay_rng_uniform(rng)) : assay_rng_normal(rng);
}
/* At the limit, a step beside it and around it, on both sides of 0; up near -1, too, where up + 1 cancels */
static double limits(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const float at = (float)limit_of(c) * (assay_rng_below(rng, 2) ? -1 : 1);
    (void)j;
    switch (assay_rng_below(rng, 5)) {
    case 0:
        return at;
    case 1:
        return nextafterf(at, INFINITY);
    case 2:
        return nextafterf(at, -INFINITY);
    case 3: { /* the exponent first: a call's arguments have no order */
        const int below = i == UP ? (int)assay_rng_below(rng, 25) : 0;
        const double x = assay_rng_normal(rng);
        return i == UP ? -1 + ldexp(x, -below) : x;
    }
    default:
        return 2 * at * assay_rng_uniform(rng);
    }
}
/* NaN, +inf and both zeros in every lane.  No gate of -inf: see holes. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -0.0, 0.0 };
    (void)c, (void)i, (void)j;
    return assay_rng_below(rng, 2) ? odd[assay_rng_below(rng, 4)] : assay_rng_normal(rng);
}

static const assay_gen gens[] = {
    TIGHT_DRAW("range", ADVERSARIAL, range, "gates evenly, past where each form's exponential ends in f32"),
    GEN_DRAW("edge", ADVERSARIAL, edge, "gates where each form's exponential ends in f32"),
    TIGHT_DRAW("bend", ADVERSARIAL, bend, "gates of 0.5 to 2 on both sides: where y bends"),
    GEN_DRAW("limits", ADVERSARIAL, limits, "gate and up at the limit, beside it and around it; up near -1"),
    GEN_DRAW("special", CLASS, special, "NaN, inf and zeros"),
};
static const char *const holes[] = {
    "special: gate = -inf: 0 (the limit) and NaN are both right, but for sigmoid and relu", NULL
};

static const assay_rows rows[] = {
    { "R=1 C={1..40} form={relu,gelu,clamped} gen=range", ASSAY_QUICK },
    { "R={1,3} C={1,2,5,8,13,16,31,40} " ALL " gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C={7,33,67} " ALL " gen={edge,bend,limits,special,spike,wide,denormal,signed-zero,zero}", ASSAY_QUICK },
    { "R=5 C={64,576} " ALL " gen={gauss,uniform,positive,range,bend}", ASSAY_QUICK },
    { "R=3 C=37 form=clamped alpha={0.7,1.702,3} limit={0.5,7.3,30} gen={limits,range,gauss}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} " ALL " gate={f16,bf16} up={f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} " ALL " gate=f32 up={f16,bf16} y={f16,bf16} gen={gauss,range}", ASSAY_QUICK },
    { "R=2 C={2880,4097,8200} " ALL " gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C=14336 " ALL " gen={gauss,range}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=37 " ALL " gen=" ASSAY_VALUES "@{gate,up}", ASSAY_QUICK },
    { "R=5 C=35 gate={f16,bf16} up=f16 y=bf16 " ALL " gen=" ASSAY_VALUES "@{gate,up}", ASSAY_QUICK },
    { "R=7 C=37 " ALL " gen={zero-inf,square-under,square-over}@{gate,up}", ASSAY_QUICK },
    { "R=3 C=37 gate={f32,bf16} up={f32,f16} y={f32,f16,bf16} " ALL " gen=end@y", ASSAY_QUICK },
};

/* Of 56 each activation is 56, or 1; clamped, y has no end: there are numbers of that size. */
static double land(const assay_case *c, int i, int64_t j)
{
    if (i == GATE)
        return 56;
    return assay_landing(c, j) / (params_of(c)->form == ASSAY_GLU_SIGMOID ? 1 : 56);
}

static const assay_known_answer answers[] = {
    { "C=3", { { -1, 0.5, 2 }, { 3, -2, 0.5 } }, { 0.80682426411, -1.244918662404, 0.4403985389889 } },
    { "C=3 form=relu", { { -1, 0.5, 2 }, { 3, -2, 0.5 } }, { 0, -1, 1 } },
    { "C=3 form=gelu", { { -1, 0.5, 2 }, { 3, -2, 0.5 } }, { -0.4759657617944, -0.691462461274, 0.9772498680518 } },
    { "C=3 form=gelu_tanh",
      { { -1, 0.5, 2 }, { 3, -2, 0.5 } },
      { -0.4764240281752, -0.6914280196503, 0.9772988470439 } },
    { "C=3 form=clamped alpha=1.702 limit=7",
      { { -9, 0.5, 8 }, { -8, 2, 9 } },
      { 1.201906554666e-05, 1.051165313269, 55.99962502648 } },
    { "C=4", { { INFINITY, -INFINITY, 0, NAN }, { 2, 3, 5, 1 } }, { 2, 0, 2.5, NAN } },
    { "C=4 form=relu", { { INFINITY, -INFINITY, 0, NAN }, { 2, 3, INFINITY, 1 } }, { INFINITY, 0, NAN, NAN } },
    { "C=4 form=gelu", { { INFINITY, -INFINITY, 0, NAN }, { 2, 3, 5, 1 } }, { INFINITY, -0.0, 0, NAN } },
    { "C=4 form=gelu_tanh", { { INFINITY, -INFINITY, 0, NAN }, { 2, 3, 5, 1 } }, { INFINITY, -0.0, 0, NAN } },
    { "C=4 form=clamped alpha=1.702 limit=7", { { -INFINITY, 0, 0, NAN }, { 2, 3, NAN, 1 } }, { -0.0, 0, NAN, NAN } },
};

/* f(gate) and the other factor */
static long double first_of(long double x, const assay_glu_params *p)
{
    const long double low = x > p->limit ? (long double)p->limit : x, cube = x * x * x;
    switch (p->form) {
    case ASSAY_GLU_SIGMOID:
        return 1 / (1 + expl(-x));
    case ASSAY_GLU_RELU:
        return isless(x, 0) ? 0 : x;
    case ASSAY_GLU_GELU:
        return x == -INFINITY ? -0.0L : x * normal(x);
    case ASSAY_GLU_GELU_TANH:
        return x == -INFINITY ? -0.0L : x / (1 + expl(-2 * sqrtl(0.636619772367581343076L) * (x + 0.044715L * cube)));
    default:
        return low == -INFINITY ? -0.0L : low / (1 + expl(-p->alpha * low));
    }
}
SECOND(glu)
{
    const assay_glu_params *p = a->params;
    const double *gate = a->operand[GATE], *up = a->operand[UP];
    double *y = a->operand[2];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double held = isgreater(fabs(up[i]), p->limit) ? copysign(p->limit, up[i]) : up[i];
        const long double other = p->form == ASSAY_GLU_CLAMPED ? 1 + (long double)held : up[i];
        y[i] = (double)(first_of(gate[i], p) * other);
    }
}

static const assay_workload workloads[] = {
    { "glu-base.prefill512.ffn", "R=512 C=2048", 512 },
    { "reglu-base.prefill512.ffn", "R=512 C=2048 form=relu", 512 },
    { "sdxl.encode1024.geglu", "R=1024 C=2560 form=gelu", 0 },
    { "gemma2-2b.decode.ffn", "R=1 C=9216 form=gelu_tanh", 1 },
    { "gemma2-2b.prefill512.ffn", "R=512 C=9216 form=gelu_tanh", 512 },
    { "t5-v1.1-base.encode128.ffn", "R=128 C=2048 form=gelu_tanh", 128 },
    { "gpt-oss-20b.decode.ffn", "R=4 C=2880 form=clamped alpha=1.702 limit=7", 1 },
    { "gpt-oss-20b.prefill512.ffn", "R=2048 C=2880 form=clamped alpha=1.702 limit=7", 512 },
};

static const assay_vector_case vectors[] = {
    { "gelu", "R=3 C=33 form=gelu gen=range" },
    { "gelu_tanh", "R=3 C=33 form=gelu_tanh gen=range" },
    { "sigmoid", "R=3 C=33 gen=range" },
    { "relu", "R=3 C=33 form=relu gen=gauss" },
    { "clamped", "R=3 C=33 form=clamped gen=limits" },
    { "clamped_own", "R=3 C=33 form=clamped alpha=1 limit=0.5 gen=range" },
    { "edge", "R=2 C=17 form=clamped gen=edge" },
    { "small", "R=2 C=17 form=gelu gen=denormal" },
    { "minus_inf", "R=2 C=9 form=clamped gen=minus-inf@gate" },
    { "minus_inf_relu", "R=2 C=9 form=relu gen=minus-inf@gate" },
    { "special", "R=3 C=9 form=clamped gen=special" },
    { "special_relu", "R=3 C=9 form=relu gen=special" },
    { "f16", "R=2 C=17 gate=f16 up=bf16 y=f16 form=gelu_tanh gen=gauss" },
};

#define LINEAR "R=5 C={7,43} form={sigmoid,relu,gelu,gelu_tanh} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 up: 4 y", LINEAR, "up", 4, 0, 4, 0),
    AFFINE("-up: -y", LINEAR, "up", -1, 0, -1, 0),
    AFFINE("4 gate: 4 y", "R=5 C={7,43} form=relu gen=gauss seed=3", "gate", 4, 0, 4, 0),
    ALONG(REVERSE, "columns in reverse: in y too", "R=5 C={7,43} " ALL " gen=gauss seed=3", "C", LOOSE),
    ALONG(CUT, "columns in two calls: the same", "R=5 C={7,43} " ALL " gen=gauss seed=3", "C", LOOSE),
};

SUITE(glu) = { USUAL_TABLES(glu), .land = land, .holes = holes };
TABLES(glu);
