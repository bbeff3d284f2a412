/* SPDX-License-Identifier: MIT
 * activation: cases; where each form bends and where its exponential leaves the range of f32; the definitions by
 * series, continued fractions and identities. */
#include "tables.h"
#include "../../reference/core/values.h"
#include "assay/params/activation.h"
#include <math.h>

#define ALL    "form={relu,relu2,sigmoid,tanh,softplus,hardswish,elu,mish,softcap}"
#define FIELDS "R=7 C=37 alpha={0.3,1.7} beta={2.3,0.7} cap={50.7,0.1} threshold={20,1.5}"

static const assay_activation_params *params_of(const assay_case *c)
{
    return (const assay_activation_params *)c->params;
}
/* What x is measured in: of softplus 1 / beta, of softcap cap. */
static double unit_of(const assay_case *c)
{
    const assay_activation_params *p = params_of(c);
    return p->form == ASSAY_ACTIVATION_SOFTPLUS && p->beta > 0 ? 1 / (double)p->beta
           : p->form == ASSAY_ACTIVATION_SOFTCAP               ? (p->cap > 0 ? p->cap : 30)
                                                               : 1;
}
/* Where nothing is left but x, 0 or an end: e^-x and x^2 leave f32 (of e^-x subnormals too), tanh is 1, e^x is lost
 * beside 1, hardswish has done bending. */
static double end_of(const assay_case *c)
{
    static const double end[] = { 1, 0x1p63, 88.7, 9.02, 88.7, 3, 17.4, 88.7, 9.02 };
    return end[params_of(c)->form] * unit_of(c);
}
static double range(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i, (void)j;
    return 3.4 * end_of(c) * (assay_rng_uniform(rng) - 0.5);
}
static double edge(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i;
    return (j % 2 ? -1 : 1) * end_of(c) * (0.97 + 0.06 * assay_rng_uniform(rng));
}
/* 2^-24 to 4 units: each form is straight at first, then bends */
static double origin(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i;
    return ldexp(assay_rng_normal(rng), -(int)(j % 25)) * unit_of(c);
}
/* 0.4 to 2.4 units on both sides: where most forms bend, and 0.6, where a tanh may pass from one formula to the next */
static double bend(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)i;
    return (j % 2 ? -1 : 1) * (0.4 + 2 * assay_rng_uniform(rng)) * unit_of(c);
}
/* At the threshold (of softplus and mish, 20 where there is none), a step beside it, and a hundredth */
static double step(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const float t = params_of(c)->threshold > 0 ? params_of(c)->threshold : 20, at = t * (float)unit_of(c);
    (void)i;
    switch (j % 4) {
    case 0:
        return at;
    case 1:
        return nextafterf(at, INFINITY);
    case 2:
        return nextafterf(at, 0);
    default:
        return at * (0.99 + 0.02 * assay_rng_uniform(rng));
    }
}
/* NaN, +inf and both zeros in every lane.  No -inf: see holes. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -0.0, 0.0, 0x1.fffffep127, -0x1.fffffep127 };
    (void)c, (void)i, (void)j;
    return assay_rng_below(rng, 2) ? odd[assay_rng_below(rng, 6)] : assay_rng_normal(rng);
}

static const assay_gen gens[] = {
    TIGHT_DRAW("range", ADVERSARIAL, range, "evenly, past where each form's exponential ends in f32"),
    GEN_DRAW("edge", ADVERSARIAL, edge, "both sides, where each form's exponential ends in f32"),
    TIGHT_DRAW("origin", ADVERSARIAL, origin, "2^-24 to 4, of softcap times cap, of softplus over beta"),
    TIGHT_DRAW("bend", ADVERSARIAL, bend, "0.4 to 2.4 on both sides, times cap, over beta"),
    GEN_DRAW("step", ADVERSARIAL, step, "at the threshold and beside it"),
    GEN_DRAW("special", CLASS, special, "NaN, inf, zeros and the largest f32"),
};
static const char *const holes[] = {
    "special: hardswish and mish of -inf: 0 (the limit) and NaN (what x times 0 gives) are both right", NULL
};

static const assay_rows rows[] = {
    { "R=1 C={1..40} form={relu,softplus,mish} gen=range", ASSAY_QUICK },
    { "R={1,3} C={1,2,5,8,13,16,31,40} " ALL " gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C={7,33,67} " ALL " gen={edge,origin,bend,special,spike,wide,denormal,signed-zero,zero}", ASSAY_QUICK },
    { "R=5 C={64,576} " ALL " gen={gauss,uniform,positive,range,origin}", ASSAY_QUICK },
    { FIELDS " " ALL " gen={range,origin,bend}", ASSAY_QUICK },
    { "R=3 C=37 beta={1,2.3,0.7,3} threshold={20,1.5,0.3} form={softplus,mish} gen={step,range}", ASSAY_QUICK },
    { "R=3 C=37 alpha={0.3,1,300} form=elu gen={gauss,range,origin}", ASSAY_QUICK },
    { "R=3 C=37 cap={0.01,30,50.7,4000} form=softcap gen={gauss,range,origin,edge}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} " ALL " x={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,range}", ASSAY_QUICK },
    { "R=2 C={3072,4097,8200} " ALL " gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C=14336 " ALL " gen={gauss,range}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=37 " ALL " gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} y={f16,bf16} " ALL " gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=3 C=37 x={f32,bf16} y={f32,f16,bf16} " ALL " gen=end@y", ASSAY_QUICK },
    { "R=7 C=37 " ALL " gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
};

/* ln(1 + t), 0 <= t <= 1: 2 artanh s, s = t / (2 + t) */
static long double log_above_one(long double t)
{
    const long double s = t / (2 + t);
    long double power = s, sum = 0;
    for (int k = 1; k < 90; k += 2)
        sum += power / k, power *= s * s;
    return 2 * sum;
}
/* softplus(z) = z + softplus(-z) */
static long double soft(long double z)
{
    return z > 0 ? z + log_above_one(expl(-z)) : log_above_one(expl(z));
}
/* Lambert's continued fraction x / (1 + x^2 / (3 + ..)); above 1 by e^-2x */
static long double tangent(long double x)
{
    long double below = 61;
    if (fabsl(x) > 1)
        return copysignl(1 - 2 / (1 + expl(2 * fabsl(x))), x);
    for (int k = 59; k > 0; k -= 2)
        below = k + x * x / below;
    return x / below;
}
/* e^x - 1 by its series, where that ends soon */
static long double less_one(long double x)
{
    long double term = x, sum = 0;
    if (fabsl(x) > 1)
        return expl(x) - 1;
    for (int k = 2; k < 40; k++)
        sum += term, term *= x / k;
    return sum;
}

static const assay_known_answer answers[] = {
    { "C=6", { { -3, -1, -0.5, 0.5, 1, 3 } }, { 0, 0, 0, 0.5, 1, 3 } },
    { "C=6 form=relu2", { { -3, -1, -0.5, 0.5, 1, 3 } }, { 0, 0, 0, 0.25, 1, 9 } },
    { "C=6 form=sigmoid",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { 0.04742587317757, 0.26894142137, 0.3775406687981, 0.6224593312019, 0.73105857863, 0.9525741268224 } },
    { "C=6 form=tanh",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.9950547536867, -0.7615941559558, -0.46211715726, 0.46211715726, 0.7615941559558, 0.9950547536867 } },
    { "C=6 form=softplus beta=1",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { 0.04858735157374, 0.3132616875182, 0.4740769841801, 0.9740769841801, 1.313261687518, 3.048587351574 } },
    { "C=3 form=softplus beta=2 threshold=20", { { 9.5, 10, 10.5 } }, { 9.500000002801, 10.00000000103, 10.5 } },
    { "C=3 form=softplus beta=2", { { 9.5, 10, 10.5 } }, { 9.500000002801, 10.00000000103, 10.50000000038 } },
    { "C=6 form=hardswish",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.0, -0.3333333333333333, -0.2083333333333333, 0.2916666666666667, 0.6666666666666667, 3 } },
    { "C=6 form=elu alpha=1",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.9502129316321, -0.6321205588286, -0.3934693402874, 0.5, 1, 3 } },
    { "C=6 form=mish",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.1456474612756, -0.3034014613741, -0.2207437746517, 0.3752452113049, 0.8650983882673, 2.986535004968 } },
    { "C=5 form=softcap cap=30",
      { { 2, 1, 0.5, -1, -3 } },
      { 1.997042295068, 0.9996297941647, 0.4999537088472, -0.9996297941647, -2.990039838749 } },
    { "C=3", { { NAN, INFINITY, -INFINITY } }, { NAN, INFINITY, 0 } },
    { "C=3 form=relu2", { { NAN, INFINITY, -INFINITY } }, { NAN, INFINITY, 0 } },
    { "C=3 form=sigmoid", { { NAN, INFINITY, -INFINITY } }, { NAN, 1, 0 } },
    { "C=3 form=tanh", { { NAN, INFINITY, -INFINITY } }, { NAN, 1, -1 } },
    { "C=3 form=softplus beta=1", { { NAN, INFINITY, -INFINITY } }, { NAN, INFINITY, 0 } },
    { "C=3 form=hardswish", { { NAN, INFINITY, -INFINITY } }, { NAN, INFINITY, -0.0 } },
    { "C=3 form=elu alpha=2", { { NAN, INFINITY, -INFINITY } }, { NAN, INFINITY, -2 } },
    { "C=3 form=mish", { { NAN, INFINITY, -INFINITY } }, { NAN, INFINITY, -0.0 } },
    { "C=3 form=softcap cap=30", { { NAN, INFINITY, -INFINITY } }, { NAN, 30, -30 } },
};

static long double second(long double x, const assay_activation_params *p)
{
    const bool copied = p->threshold > 0 && (long double)p->beta * x > p->threshold;
    switch (p->form) {
    case ASSAY_ACTIVATION_RELU:
        return isless(x, 0) ? 0 : x;
    case ASSAY_ACTIVATION_RELU2:
        return isless(x, 0) ? 0 : x * x;
    case ASSAY_ACTIVATION_SIGMOID:
        return 1 / (1 + expl(-x));
    case ASSAY_ACTIVATION_TANH:
        return tangent(x);
    case ASSAY_ACTIVATION_SOFTPLUS:
        return copied ? x : soft(p->beta * x) / p->beta;
    case ASSAY_ACTIVATION_HARDSWISH:
        return x < -3 ? -0.0L : x > 3 ? x : (x * x + 3 * x) / 6;
    case ASSAY_ACTIVATION_ELU:
        return x > 0 ? x : p->alpha * less_one(x);
    case ASSAY_ACTIVATION_MISH:
        if (isinf(x))
            return x > 0 ? x : -0.0L;
        return x * tangent(p->threshold > 0 && x > p->threshold ? x : soft(x));
    default:
        return p->cap * tangent(x / p->cap);
    }
}
SECOND(activation)
{
    double *y = a->operand[1];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        y[i] = (double)second(((const double *)a->operand[0])[i], a->params);
}

/* So far up most forms are the identity, and relu2 is the square. */
static double land(const assay_case *c, int i, int64_t j)
{
    const double y = fabs(assay_landing(c, j));
    (void)i;
    return params_of(c)->form == ASSAY_ACTIVATION_RELU2 ? sqrt(y) : y;
}

static const assay_workload workloads[] = {
    { "opt-1.3b.prefill512.ffn", "R=512 C=8192", 512 },
    { "nemotron4-15b.decode.ffn", "R=1 C=24576 form=relu2", 1 },
    { "nemotron4-15b.prefill512.ffn", "R=512 C=24576 form=relu2", 512 },
    { "deepseek-v3.prefill512.gate", "R=512 C=256 form=sigmoid", 512 },
    { "bert-base.encode128.pooler", "R=128 C=768 form=tanh", 128 },
    { "mamba-2.8b.prefill512.dt", "R=512 C=5120 form=softplus threshold=20", 512 },
    { "mobilenet-v3.hardswish", "R=240 C=196 form=hardswish", 0 },
    { "512x4096.elu", "R=512 C=4096 form=elu", 0 },
    { "512x4096.mish", "R=512 C=4096 form=mish", 0 },
    { "gemma2-2b.decode.logits", "R=1 C=256000 form=softcap cap=30", 1 },
};

static const assay_vector_case vectors[] = {
    { "relu", "R=3 C=33 gen=range" },
    { "relu2", "R=3 C=33 form=relu2 gen=range" },
    { "sigmoid", "R=3 C=33 form=sigmoid gen=range" },
    { "tanh", "R=3 C=33 form=tanh gen=range" },
    { "softplus", "R=3 C=33 form=softplus gen=range" },
    { "softplus_step", "R=3 C=33 form=softplus beta=0.7 threshold=1.5 gen=step" },
    { "softplus_at", "R=2 C=9 form=softplus threshold=1.5 gen=step" },
    { "softplus_beta", "R=2 C=25 form=softplus beta=3 gen=origin" },
    { "hardswish", "R=3 C=33 form=hardswish gen=range" },
    { "elu", "R=3 C=33 form=elu alpha=1.7 gen=bend" },
    { "elu_origin", "R=2 C=25 form=elu gen=origin" },
    { "mish", "R=3 C=33 form=mish gen=range" },
    { "mish_step", "R=3 C=33 form=mish threshold=1.5 gen=step" },
    { "softcap", "R=3 C=33 form=softcap cap=50 gen=range" },
    { "softcap_small", "R=2 C=17 form=softcap cap=50 gen=denormal" },
    { "special", "R=3 C=9 form=mish gen=special" },
    { "f16", "R=2 C=17 x=f16 y=bf16 form=tanh gen=gauss" },
};

#define EACH     "R=5 C={7,43} " ALL " gen=gauss seed=3"
#define OF(form) "R=5 C={7,43} form=" form " gen={gauss,range} seed=3"
static const assay_relation relations[] = {
    ALONG(REVERSE, "columns in reverse: in y too", EACH, "C", LOOSE),
    ALONG(CUT, "columns in two calls: the same", EACH, "C", LOOSE),
    AFFINE("4 x: 4 y", OF("relu"), "x", 4, 0, 4, 0),
    AFFINE("4 x: 16 y", "R=5 C={7,43} form=relu2 gen=gauss seed=3", "x", 4, 0, 16, 0),
    AFFINE("-x: -y", OF("{tanh,softcap}"), "x", -1, 0, -1, 0),
    { "-x: y - x", OF("{relu,softplus,hardswish}"), ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x",
      .slack = LOOSE },
};

SUITE(activation) = { USUAL_TABLES(activation), .land = land, .holes = holes };
TABLES(activation);
