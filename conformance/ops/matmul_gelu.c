/* SPDX-License-Identifier: MIT
 * matmul_gelu: cases; sums where gelu bends, where its tail ends, and far out on both sides. */
#include "../../reference/core/values.h"
#include "assay/params/gelu.h"
#include "gauss.h"
#include "tables.h"
#include <math.h>

enum { X, W, BIAS, Y };

/* Weights so that the product has the deviation `by` */
static double spread(const assay_case *c, int i, double by, assay_rng *r)
{
    return assay_rng_normal(r) * (i == W ? by / sqrt(c->dim[2] ? (double)c->dim[2] : 1) : i == BIAS ? by : 1);
}
static double unit(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)j;
    return spread(c, i, 1, r);
}
static double far(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)j;
    return spread(c, i, 12, r);
}
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return assay_rng_normal(r) * (i == BIAS ? 0x1p-140 : 0x1p-70);
}

/* One term a row: sums from -6.5 to 6.5 in even steps, exact but for the bias, which is small. */
static double steps(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1;
    return i == W      ? (j % K == 0 ? (double)(j / K % 53) / 8 - 3.25 : 0)
           : i == BIAS ? 0x1p-6 * assay_rng_normal(r)
                       : (j / K % 2 ? -2 : 1);
}

/* NaN, infinities but -inf times what is no zero, and zeros */
static double special(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    static const double odd[] = { NAN, INFINITY, -0.0, 0.0, 0x1p100 };
    (void)c, (void)j;
    return i == W                  ? fabs(assay_rng_normal(r))
           : assay_rng_below(r, 8) ? assay_rng_normal(r)
                                   : odd[assay_rng_below(r, 5)];
}

static const assay_gen gens[] = {
    TIGHT_DRAW("unit", ADVERSARIAL, unit, "sums of unit variance: where gelu bends"),
    TIGHT_DRAW("far", ADVERSARIAL, far, "sums of deviation 12: both tails"),
    TIGHT_DRAW("steps", ADVERSARIAL, steps, "one term a sum, -6.5 to 6.5"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "products that are subnormal"),
    GEN_DRAW("special", CLASS, special, "NaN, inf, zeros and large activations against weights above 0"),
};
static const char *const exact[] = { "zero", NULL };

#define FORMS  "form={erf,tanh,quick}"
#define NARROW "{f16,bf16,e4m3,e5m2}"
#define BLOCKS "{q8_0,q4_0,q4_1,q4_k,q6_k,mxfp4}"
static const assay_rows rows[] = {
    /* every tail of every dimension */
    { "T={1..14} N={1,5,33} K={7,33} bias=f32 gen=unit", ASSAY_QUICK },
    { "T={1,2} N={1..34,63..66,130} K=20 w={f32,f16,bf16} gen=unit", ASSAY_QUICK },
    { "T=2 N=3 K={0..40} gen={gauss,unit}", ASSAY_QUICK },
    { "T=2 N=3 K={0..9,31..33} form={tanh,quick} gen={unit,far}", ASSAY_QUICK },
    /* empty operands: y is gelu of the bias, or 0 */
    { "T={0,1,3,20} N={0,1,20} K=0 bias={none,f32} " FORMS " gen=unit", ASSAY_QUICK },
    /* pieces of K, blocks of T */
    { "T={1,7} N={17,33} K={255..257,512,513,600} bias=f32 gen=unit", ASSAY_QUICK },
    { "T={1,14} N=36 K=300 w=" NARROW " bias={none,f32} gen=unit", ASSAY_QUICK },
    { "T=3 N=20 K=257 w=" NARROW " form={tanh,quick} gen={unit,far}", ASSAY_QUICK },
    { "T={127..129,191..193,389} N=36 K=5 w={f32,bf16} gen=unit", ASSAY_QUICK },
    { "T=130 N=34 K=300 w={f32,e4m3} bias=f32 gen=unit", ASSAY_QUICK },
    /* every element type */
    { "T={1,5} N=3 K=256 w=* gen={unit,zero}", ASSAY_QUICK },
    { "T=3 N=17 K=33 x={f32,f16,bf16} y={f32,f16,bf16} " FORMS " gen={unit,far}", ASSAY_QUICK },
    /* one type for all, as kernels of 16 bits have them, at tails of tiles */
    { "T={1,2,8} N={9,48,64,71} K={9,31,64} x=f16 w=f16 y=f16 bias={none,f32} gen=unit", ASSAY_QUICK },
    { "T={1,2,8} N={9,48,64,71} K={9,31,64} x=bf16 w=bf16 y=bf16 bias={none,f32} form=tanh gen=unit", ASSAY_QUICK },
    { "T={1,2} N={48,64,71} K={9,31} y={f16,bf16} gen=unit", ASSAY_QUICK },
    { "T=3 N=20 K=256 w=" BLOCKS " bias=f32 " FORMS " gen=unit", ASSAY_QUICK },
    /* whole tiles in every dimension, which kernels have a way of their own for; many rows of every type; long rows */
    { "T={8,16,64} N={16,64} K={64,128} bias={none,f32} gen=unit", ASSAY_QUICK },
    { "T=8 N=16 K=64 bias=f32 gen=nan@{x,w,bias}", ASSAY_QUICK },
    { "T=33 N=3 K=512 w=* gen=unit", ASSAY_QUICK },
    { "T=9 N=5 K={1024,2080} gen=unit", ASSAY_QUICK },
    { "T=1 N={512,576} K=64 gen=unit", ASSAY_QUICK },
    /* all of gelu, one value at a time */
    { "T=4 N=53 K={1,9} bias={none,f32} " FORMS " gen=steps", ASSAY_QUICK },
    { "T=3 N=20 K={31,64,257} bias={none,f32} " FORMS " gen={spike,cancel,wide,positive,ramp,denormal,faint}",
      ASSAY_QUICK },
    { "T={4,9} N=9 K={1,17,40} w={f32,f16,e4m3} " FORMS " gen={special,signed-zero}", ASSAY_QUICK },
    { "T=20 N=5 K={1..8} bias={none,f32} " FORMS " gen=faint", ASSAY_QUICK },
    { "T=1 N=2 K={4096,32768} " FORMS " gen={unit,positive}", ASSAY_QUICK },
    /* values at every place */
    { "T=5 N=9 K=33 bias=f32 " FORMS " gen=" ASSAY_VALUES "@{x,w,bias}", ASSAY_QUICK },
    { "T=5 N=9 K=33 x={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "T=5 N={1,9} K=70 w={f32,bf16} gen={zero-inf,square-under,square-over}@{x,w}", ASSAY_QUICK },
    { "T={1,5} N=9 K={2,33} bias={none,f32} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
    { "T={33,130} N=70 K=1021 bias=f32 " FORMS " gen={unit,far}", ASSAY_FULL },
};

/* Weights are 1, x has two numbers that are not 0: one that is near, and the rest; bias takes a small step for each
 * output. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[2], t = i == X && K ? j / K : 0, k = i == X && K ? (j + 3 * t) % K : 0;
    const double to = assay_landing(c, t), near = assay_held(c->type[X], to);
    return i == W ? 1 : i == BIAS ? (double)(j % 33 - 16) : k == 0 ? near : k == 1 ? to - near : 0;
}

static const assay_known_answer answers[] = {
    { "T=1 N=7 K=1 bias=f32",
      { { 2 }, { -2, -1, 0, 0, 1, 2, -2 }, { 1, 1, -0.5, 0.5, -1, -1, -2 } },
      { -0.00404969409489, -0.1586552539315, -0.154268769363, 0.345731230637, 0.8413447460685, 2.995950305905,
        -5.919525870226e-09 } },
    { "T=1 N=3 K=1 bias=f32 form=tanh",
      { { 2 }, { 1, -1, 1 }, { 1, 1, -3 } },
      { 2.996362607918, -0.1588080093917, -0.1588080093917 } },
    { "T=1 N=3 K=1 bias=f32 form=quick",
      { { 2 }, { 1, -1, 1 }, { 1, 1, -3 } },
      { 2.981928690292, -0.1542042340672, -0.1542042340672 } },
};

/* The bias, then every product from the last to the first, in long double; x Phi(x) by gauss.h's series and fraction */
SECOND(matmul_gelu)
{
    const assay_gelu_params *p = a->params;
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const double *x = a->operand[X], *w = a->operand[W], *bias = a->operand[BIAS];
    double *y = a->operand[Y];
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            long double s = bias ? bias[n] : 0;
            for (int64_t k = K - 1; k >= 0; k--)
                s += (long double)x[t * K + k] * w[n * K + k];
            y[t * N + n] = (double)gelu_of(s, p->form);
        }
}

static const assay_workload workloads[] = {
    { "bert-base.128.ffn_up", "T=128 N=3072 K=768 w={f32,bf16} bias=f32", 128 },
    { "gpt2.decode.ffn_up", "T=1 N=3072 K=768 w={f32,f16,bf16} bias=f32 form=tanh", 1 },
    { "gpt2.prefill512.ffn_up", "T=512 N=3072 K=768 w={f32,bf16} bias=f32 form=tanh", 512 },
    { "clip-vit-b-32.50.ffn_up", "T=50 N=3072 K=768 w={f32,f16} bias=f32 form=quick", 50 },
    { "whisper-tiny.1500.ffn_up", "T=1500 N=1536 K=384 w=f16 bias=f32", 1500 },
};

static const assay_vector_case vectors[] = {
    { "erf", "T=3 N=5 K=33 bias=f32 gen=unit" },
    { "tanh", "T=3 N=5 K=33 bias=f32 form=tanh gen=unit" },
    { "quick", "T=3 N=5 K=33 form=quick gen=unit" },
    { "tails", "T=4 N=9 K=17 gen=far" },
    { "narrow", "T=2 N=5 K=17 x=bf16 w=bf16 y=bf16 gen=unit" },
    { "q8_0", "T=3 N=5 K=96 w=q8_0 gen=unit" },
};

#define SOME "T=5 N={19,23} K={9,33} bias=f32 " FORMS " gen=unit seed=3"
static const assay_relation relations[] = {
    ALONG(REVERSE, "rows of x in reverse: rows of y too", SOME, "T", 0),
    ALONG(REVERSE, "rows of w in reverse: columns of y too", SOME, "N", LOOSE),
    MORE("three terms of 0 more: the same", SOME, "K", "", 0, LOOSE),
    ALONG(CUT, "rows in two calls: the same", SOME, "T", 0),
    ALONG(CUT, "columns in two calls: the same", SOME, "N", LOOSE),
};

SUITE(matmul_gelu) = { USUAL_TABLES(matmul_gelu), .land = land, .exact = exact };
TABLES(matmul_gelu);
