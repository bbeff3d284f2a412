/* SPDX-License-Identifier: MIT
 * add_layernorm: cases; sums whose mean is large beside what is left of it, that are small beside their terms, of the
 * size of eps. */
#include "../../reference/core/values.h"
#include "assay/params/add_layernorm.h"
#include "norm.h"
#include "tables.h"

enum { X, RESIDUAL, W, BIAS, Y, SUM };

static double alpha_of(const assay_case *c)
{
    const assay_add_layernorm_params *p = (const assay_add_layernorm_params *)(const void *)c->params;
    return p->alpha == 0 ? 1 : p->alpha;
}
static double offset(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const int64_t r = row_of(c, j) + (int64_t)(c->seed % 14);
    const double mean = ldexp(r % 2 ? -1 : 1, 2 * (int)(r % 7) + 1), spread = r % 14 < 7 ? 1 : fabs(mean) * 0x1p-10;
    return i < W ? mean + spread * assay_rng_normal(rng) : assay_rng_normal(rng);
}
static double small(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return near_eps(c, i >= W, j, rng);
}
/* x is -alpha residual, and a little: of the sum only what rounding the product leaves is right. */
static bool cancelled(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double v = assay_rng_normal(rng);
        value[i][k] = i == RESIDUAL ? (ldexp(v, -(int)(row_of(c, k) * 5 % 21)) - value[X][k]) / alpha_of(c) : v;
    }
    return true;
}
/* NaN, infinities and zeros: in x and the residual in two rows of three; w and bias so that each meets a 0 of every
 * other. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -INFINITY, 0.0, -0.0, 0x1p60, 0x1p-70 };
    const int64_t C = c->dim[1] ? c->dim[1] : 1, at = j % C;
    if (i < W && row_of(c, j) % 3 == i + 1 && assay_rng_below(rng, C) == 0)
        return odd[assay_rng_below(rng, 7)];
    if (i < W ? at % 3 == 0 : i == W ? at % 4 == 1 : at % 5 == 1 || at % 5 == 2)
        return 0;
    return (i == W && at % 4 == 0) || (i == BIAS && at % 5 == 0) ? INFINITY : assay_rng_normal(rng);
}
static const assay_gen gens[] = {
    TIGHT_DRAW("offset", ADVERSARIAL, offset, "means of 4 to 16384; deviations of 1, or 2^-10 of the mean"),
    TIGHT_DRAW("near-eps", ADVERSARIAL, small, "sums of one size in a row, from 2^-18 to 2: eps decides"),
    TIGHT_FILL("cancelled", ADVERSARIAL, cancelled, "x is -alpha residual, and a little"),
    GEN_DRAW("special", CLASS, special, "NaN, inf, zeros and large numbers, in every operand"),
};

#define GIVEN "w={none,f32} bias={none,f32}"
static const assay_rows rows[] = {
    { "R={1,3} C={1..17} " GIVEN " eps=1e-05 alpha={0,3} gen=gauss", ASSAY_QUICK },
    { "R=14 C={31,64,768} " GIVEN " sum={none,f32} eps=1e-05 alpha=1.8612097 gen={gauss,offset,positive}",
      ASSAY_QUICK },
    { "R=10 C={1,5,33,64} " GIVEN " alpha={1,3} eps={1e-12,1e-05,0.1} gen=near-eps", ASSAY_QUICK },
    { "R=10 C={5,33} w=f32 sum=f32 alpha={0,0.5,3} eps={1e-05,0.1} gen={cancelled,spike}", ASSAY_QUICK },
    { "R=2 C={8,33} w=f32 bias=f32 sum=f32 alpha={0,3} eps={0,1e-05} gen={gauss,tiny,wide,equal,ramp}", ASSAY_QUICK },
    { "R=2 C=17 eps=1e-05 alpha={0,3} x={f16,bf16} residual={f32,f16} w={f32,f16} bias={f16,bf16} y={f32,f16,bf16} "
      "sum={f32,bf16} gen=gauss",
      ASSAY_QUICK },
    { "R=3 C=33 eps=1e-05 x={f32,bf16} residual={f32,bf16} y={f32,bf16} sum={f32,f16,bf16} gen={gauss,cancelled}",
      ASSAY_QUICK },
    { "R={0,1} C=0 eps=1e-05 gen=gauss", ASSAY_QUICK },
    { "R=6 C={9,40} " GIVEN " sum=f32 eps=1e-05 gen={special,zero,signed-zero,denormal}", ASSAY_QUICK },
    { "R=66 C={1..8} w=f32 bias=f32 eps=1e-05 alpha=3 gen={short,offset}", ASSAY_QUICK },
    { "R=1 C={4096,32768} bias=f32 eps=1e-05 alpha=3 gen={gauss,offset,equal,ramp,spike}", ASSAY_QUICK },
    { "R=65600 C=2 sum=f32 eps=1e-05 gen=gauss", ASSAY_QUICK },
    { "R=2 C=65600 sum=f32 eps=1e-05 gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "R=7 C=37 w=f32 bias=f32 sum=f32 alpha=3 eps={0,1e-05} gen=" ASSAY_VALUES "@{x,residual,w,bias}", ASSAY_QUICK },
    { "R=7 C=37 w=f32 sum=f32 eps={0,1e-05} gen={square-under,square-over}@{x,residual,w}", ASSAY_QUICK },
    { "R=7 C=37 w=f32 bias=f32 sum=f32 eps={0,1e-05} gen=zero-inf@{x,residual,w,bias}", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} residual=f16 w={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{x,residual,w}", ASSAY_QUICK },
    { "R=3 C=37 x={f32,f16,bf16} residual={f32,f16} sum={f32,f16,bf16} gen=end@sum", ASSAY_QUICK },
};

/* The sum: x is as near as its type comes, the residual the rest. */
static double land(const assay_case *c, int i, int64_t j)
{
    const double to = assay_landing(c, j), near = assay_held(c->type[X], to);
    return i == X ? near : i == RESIDUAL ? (to - near) / alpha_of(c) : 1;
}

/* F9: f(z) = 2 z + 1, x = 1 2 3 5, here the residual; F5 of a sum */
static const assay_known_answer answers[] = {
    { "C=4 alpha=2 eps=1e-05",
      { { 3, 5, 7, 11 }, { 1, 2, 3, 5 } },
      { -1.183215787589, -0.5070924803953, 0.1690308267984, 1.521277441186 } },
    { "C=4 sum=f32 alpha=1 eps=1e-05",
      { { 3, 5, 7, 11 }, { 1, 2, 3, 5 } },
      { -1.183215656121, -0.5070924240517, 0.1690308080172, 1.521277272155, 4, 7, 10, 16 } },
    { "C=4 w=f32 bias=f32 sum=f32 alpha=1 eps=1e-05",
      { { 0.5, 4, -1, 2 }, { 0.5, -2, 4, 3 }, { 1, 0.5, 2, -1 }, { 0, 1, 0, 0.5 } },
      { -1.183213252136, 0.7464543031138, 0.3380609291816, -1.021274181317, 1, 2, 3, 5 } },
    { "C=4 w=f32 bias=f32 alpha=1",
      { { 2, 2, 3, 4 }, { 3, 3, 2, 1 }, { 1, 0.5, 2, -1 }, { 0, 1, 0, 0.5 } },
      { 0, 1, 0, 0.5 } },
};

/* In one pass over the sums, by Welford's update. */
SECOND(add_layernorm)
{
    const assay_add_layernorm_params *p = a->params;
    const double *w = a->operand[W], *bias = a->operand[BIAS];
    const int64_t C = a->dim[1];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const double *x = (const double *)a->operand[X] + r * C,
                     *residual = (const double *)a->operand[RESIDUAL] + r * C;
        double *y = (double *)a->operand[Y] + r * C, *sum = a->operand[SUM];
        long double mean = 0, squares = 0;
        for (int64_t c = 0; c < C; c++) {
            const long double t = x[c] + (long double)p->alpha * residual[c], before = t - mean;
            mean += before / (c + 1), squares += before * (t - mean);
        }
        const long double v = squares / C + p->eps;
        for (int64_t c = 0; c < C; c++) {
            const long double t = x[c] + (long double)p->alpha * residual[c];
            if (sum)
                sum[r * C + c] = (double)t;
            y[c] = (double)((w ? w[c] : 1) * (v == 0 ? 0 : (t - mean) / sqrtl(v)) + (bias ? bias[c] : 0));
        }
    }
}

static const assay_workload workloads[] = {
    { "bert-large.encode128", "R=128 C=1024 w=f32 bias=f32 eps=1e-12", 128 },
    { "gpt2.prefill512.sum", "R=512 C=768 w=f32 bias=f32 sum=f32 eps=1e-05", 512 },
    { "deepnet-200.prefill512", "R=512 C=512 w=f32 bias=f32 eps=1e-05 alpha=4.4721360", 512 }, /* (2 200)^(1/4) */
    { "glm-130b.decode", "R=1 C=12288 w=f32 bias=f32 eps=1e-05 alpha=11.832160", 1 },          /* (2 70)^(1/2) */
};

static const assay_vector_case vectors[] = {
    { "plain", "R=3 C=17 w=f32 bias=f32 sum=f32 eps=1e-05 gen=offset" },
    { "deepnorm", "R=3 C=17 w=f32 bias=f32 eps=1e-05 alpha=1.8612097 gen=gauss" },
    { "bare", "R=4 C=33 alpha=3 eps=1e-05 gen=near-eps" },
    { "cancelled", "R=5 C=9 sum=f32 alpha=3 eps=1e-05 gen=cancelled" },
    { "special", "R=12 C=9 w=f32 sum=f32 eps=1e-05 gen=special" },
    { "f16", "R=2 C=31 x=f16 residual=bf16 w=bf16 bias=f32 y=f16 sum=bf16 eps=1e-05 gen=gauss" },
};

#define ADD_LAYER "R=5 C={7,43} sum=f32 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("-x, -residual: -y and the sum too", ADD_LAYER " alpha=3 eps=1e-5", "x residual", -1, 0, -1, 0),
    AFFINE("x + 8: y the same", "R=5 C={7,43} gen=gauss seed=3 alpha=3 eps=1e-5", "x", 1, 8, 1, LOOSE),
    AFFINE("4 w, 4 bias: 4 y", "R=5 C={7,43} w=f32 bias=f32 gen=gauss seed=3 alpha=3 eps=1e-5", "w bias", 4, 0, 4, 0),
    ALONG(REVERSE, "columns in reverse: in y and the sum too", ADD_LAYER " w=f32 eps=1e-5", "C", LOOSE),
    ALONG(CUT, "rows in two calls: the same", ADD_LAYER " w=f32 eps=1e-5", "R", LOOSE),
    { "x and the residual swapped: the same", ADD_LAYER " eps=1e-5", ASSAY_ACT_SWAP, .on = "x residual" },
};

SUITE(add_layernorm) = { USUAL_TABLES(add_layernorm), .land = land };
TABLES(add_layernorm);
