/* SPDX-License-Identifier: MIT
 * matmul_add: cases. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "tables.h"
#include <math.h>

enum { X, W, BIAS, RESIDUAL, Y };

static double symmetric(assay_rng *r, int64_t most)
{
    return (double)(assay_rng_below(r, 2 * most + 1) - most);
}

/* Small integers that floats of 8 bits hold, a residual of up to 11 bits, or 8 where it is of bf16. */
static double ints_narrow(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)j;
    return symmetric(r, i == W ? 7 : i == X || c->type[i] == ASSAY_bf16 ? 8 : i == RESIDUAL ? 1000 : 100);
}

/* Odd integers of 10 bits (6 in bf16) against -2 .. 2, and a residual of 21 bits, where it is of f32: what rounds it,
 * or x, on the way is seen. */
static double ints_wide(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t half = c->type[i] == ASSAY_bf16 ? 64 : i == RESIDUAL && c->type[i] == ASSAY_f32 ? 1 << 20 : 512;
    (void)j;
    return i == W ? symmetric(r, 2) : (double)(2 * assay_rng_below(r, 2 * half) - 2 * half + 1);
}

/* The residual is what the product lacks of a small number, but for what its type loses: what is added in another
 * precision, or twice, shows. */
static bool opposed(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t N = c->dim[1], K = c->dim[2];
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t k = 0; i == RESIDUAL && k < K; k++)
            sum += value[X][j / N * K + k] * value[W][j % N * K + k];
        value[i][j] = i == RESIDUAL ? -(double)(float)sum : assay_rng_normal(r);
    }
    return true;
}

/* A residual far above the product, as deep models have in a few channels; far below it in the others. */
static double outliers(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double v = assay_rng_normal(r);
    return i == RESIDUAL ? v * (j % (c->dim[1] ? c->dim[1] : 1) % 8 == 3 ? 3000 : 0x1p-12) : v;
}

/* Products that are subnormal, and the residual: what they lose is the error. */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return assay_rng_normal(r) * (i == BIAS || i == RESIDUAL ? 0x1p-140 : 0x1p-70);
}

static const assay_gen gens[] = {
    GEN_DRAW("ints-narrow", EXACT, ints_narrow, "small integers that the formats hold exactly"),
    GEN_DRAW("ints-wide", EXACT, ints_wide, "odd integers of 10 bits against -2 to 2, a residual of 21"),
    GEN_FILL("opposed", ADVERSARIAL, opposed, "a residual that cancels the product"),
    GEN_DRAW("outliers", ADVERSARIAL, outliers, "a residual far above the product in one channel of eight"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "products and residuals that are subnormal"),
};
static const char *const exact[] = { "zero", "probe", NULL };

#define NARROW "{f16,bf16,e4m3,e5m2}"
#define BLOCKS "{q8_0,q4_0,q4_1,q4_k,q6_k,mxfp4}"
static const assay_rows rows[] = {
    /* every tail of every dimension */
    { "T={1..14} N={1,5,33} K={1,7,33} bias=f32 gen=ints-narrow", ASSAY_QUICK },
    { "T={1,2} N={1..34,63..66,130} K=20 w={f32,f16,bf16} gen=ints-wide", ASSAY_QUICK },
    { "T=2 N=3 K={0..40} gen={ints-wide,gauss}", ASSAY_QUICK },
    /* empty operands: y is the residual and the bias */
    { "T={0,1,3,20} N={0,1,20} K=0 bias={none,f32} gen=gauss", ASSAY_QUICK },
    /* pieces of K, blocks of T */
    { "T={1,7} N={17,33} K={255..257,512,513,600} bias=f32 gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "T={1,14} N=36 K=300 w=" NARROW " bias={none,f32} gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "T={127..129,191..193,389} N=36 K=5 w={f32,bf16} gen=ints-narrow", ASSAY_QUICK },
    { "T=130 N=34 K=300 w={f32,e4m3} bias=f32 gen=gauss", ASSAY_QUICK },
    /* every element type */
    { "T={1,5} N=3 K=256 w=* gen={gauss,zero}", ASSAY_QUICK },
    { "T=3 N=17 K=33 x={f32,f16,bf16} residual={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,ints-narrow}", ASSAY_QUICK },
    /* one type for all, as kernels of 16 bits have them, at tails of tiles */
    { "T={1,2,8} N={9,48,64,71} K={9,31,64} x=f16 w=f16 residual=f16 y=f16 bias={none,f32} gen=gauss", ASSAY_QUICK },
    { "T={1,2,8} N={9,48,64,71} K={9,31,64} x=bf16 w=bf16 residual=bf16 y=bf16 bias={none,f32} gen=gauss",
      ASSAY_QUICK },
    { "T={1,2} N={48,64,71} K={9,31} residual={f32,f16,bf16} y={f16,bf16} gen=gauss", ASSAY_QUICK },
    { "T={1,3} N=20 K=256 w=" BLOCKS " bias=f32 gen={gauss,opposed}", ASSAY_QUICK },
    /* whole tiles in every dimension, which kernels have a way of their own for; many rows of every type; long rows */
    { "T={8,16,64} N={16,64} K={64,128} bias={none,f32} gen=gauss", ASSAY_QUICK },
    { "T=8 N=16 K=64 bias=f32 gen=nan@{x,w,bias,residual}", ASSAY_QUICK },
    { "T=33 N=3 K=512 w=* gen=gauss", ASSAY_QUICK },
    { "T=9 N=5 K={1024,2080} gen={gauss,ints-wide,one-spike@x}", ASSAY_QUICK },
    { "T=1 N={512,576} K=64 bias={none,f32} residual={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    /* adversarial numbers */
    { "T=3 N=20 K={31,64,257} bias={none,f32} gen={opposed,outliers,spike,cancel,wide,positive,ramp,denormal,huge}",
      ASSAY_QUICK },
    { "T={1,4} N=9 K={1,17,40} w={f32,f16,e4m3} gen={special,signed-zero}", ASSAY_QUICK },
    { "T=20 N=5 K={1..8} bias={none,f32} gen=faint", ASSAY_QUICK },
    { "T=1 N=2 K={4096,32768} gen={gauss,positive,ramp,opposed}", ASSAY_QUICK },
    /* values at every place */
    { "T={1,5} N=9 K=70 bias=f32 gen=" ASSAY_VALUES "@{x,w,bias,residual}", ASSAY_QUICK },
    { "T=5 N=9 K=33 x={f16,bf16} residual={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{x,residual}", ASSAY_QUICK },
    { "T={1,5} N={1,9} K=70 w={f32,bf16} gen={zero-inf,square-under,square-over}@{x,w,residual}", ASSAY_QUICK },
    { "T={1,5} N=9 K={2,33} bias={none,f32} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
    { "T={33,130} N=70 K=1021 bias=f32 gen={gauss,uniform}", ASSAY_FULL },
};

/* Weights are 1, x has one number that is not 0; the residual is the rest, bias takes a small step for each output. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1, N = c->dim[1] ? c->dim[1] : 1;
    const int64_t t = i == X ? j / K : i == RESIDUAL ? j / N : 0;
    const double to = assay_landing(c, t), near = c->dim[2] ? assay_held(c->type[X], to) : 0;
    return i == W ? 1 : i == BIAS ? (double)(j % 33 - 16) : i == RESIDUAL ? to - near : (j + 3 * t) % K == 0 ? near : 0;
}

/* Sums of integers are exact below 2^24, and of weights that hold them. */
static bool fits(const assay_case *c, assay_why *why)
{
    const bool wide = c->gen == &gens[1], blocks = assay_dtype_of(c->type[W])->block > 1;
    if (wide && c->dim[2] > 4096)
        assay_fail(why, ASSAY_OK, "matmul_add: gen=ints-wide is exact for K to 4096");
    else if ((wide || c->gen == &gens[0]) && blocks)
        assay_fail(why, ASSAY_OK, "matmul_add: gen=%s is exact for weights that are floats", c->gen->name);
    else
        return true;
    return false;
}

static const assay_known_answer answers[] = {
    { "T=2 N=2 K=3",
      { { 1, 2, 3, -1, 0.5, 4 }, { 2, 0, 1, -3, 4, 0.25 }, { 0 }, { 100, 0, -2, 0.5 } },
      { 105, 5.75, 0, 6.5 } },
    { "T=2 N=2 K=3 bias=f32",
      { { 1, 2, 3, -1, 0.5, 4 }, { 2, 0, 1, -3, 4, 0.25 }, { 10, -1 }, { 100, 0, -2, 0.5 } },
      { 115, 4.75, 10, 5.5 } },
};

/* The bias, then every product, from the last to the first, in long double.  The residual is added to the double next
 * to that, as its definition by two ops has it: their sum is rounded to f32 after all, and where it is half-way between
 * two floats what a double loses decides. */
SECOND(matmul_add)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const double *x = a->operand[X], *w = a->operand[W], *bias = a->operand[BIAS], *residual = a->operand[RESIDUAL];
    double *y = a->operand[Y];
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < N; n++) {
            long double sum = bias ? bias[n] : 0;
            for (int64_t k = K - 1; k >= 0; k--)
                sum += (long double)x[t * K + k] * w[n * K + k];
            y[t * N + n] = (float)((double)sum + residual[t * N + n]);
        }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.o", "T=1 N=576 K=576 w={f32,f16,bf16}", 1 },
    { "smollm2-135m.decode.ffn_down", "T=1 N=576 K=1536 w={f32,f16,bf16}", 1 },
    { "bert-base.128.o", "T=128 N=768 K=768 w={f32,bf16} bias=f32", 128 },
    { "smollm2-135m.prefill512.o", "T=512 N=576 K=576 w={f32,f16,bf16}", 512 },
    { "smollm2-135m.prefill512.ffn_down", "T=512 N=576 K=1536 w={f32,f16,bf16}", 512 },
    { "llama3-8b.decode.ffn_down", "T=1 N=4096 K=14336 w=bf16", 1 },
};

static const assay_vector_case vectors[] = {
    { "f32", "T=3 N=5 K=33 bias=f32 gen=gauss" },
    { "narrow", "T=2 N=5 K=17 x=bf16 w=bf16 residual=bf16 y=bf16 gen=gauss" },
    { "f16", "T=2 N=5 K=17 w=f16 residual=f16 gen=outliers" },
    { "q8_0", "T=3 N=5 K=96 w=q8_0 gen=gauss" },
    { "exact", "T=2 N=3 K=64 bias=f32 gen=ints-wide" },
    { "opposed", "T=3 N=5 K=33 gen=opposed" },
};

#define INTS "T=5 N={19,23} K={9,33} bias=f32 gen=ints-narrow seed=3"
static const assay_relation relations[] = {
    AFFINE("8 x, 8 bias, 8 residual: 8 y", "T=3 N=17 K=33 bias=f32 gen=gauss seed=3", "x bias residual", 8, 0, 8, 0),
    AFFINE("-x, -residual: -y", "T=3 N=17 K=33 w={f32,e4m3} gen=gauss seed=3", "x residual", -1, 0, -1, 0),
    AFFINE("w / 4, residual / 4: y / 4", "T=3 N=17 K=33 w={f32,f16,bf16} gen=gauss seed=3", "w residual", 0.25, 0, 0.25,
           0),
    ALONG(REVERSE, "rows of x and of the residual in reverse: rows of y too", INTS, "T", 0),
    ALONG(REVERSE, "rows of w and columns of the residual in reverse: columns of y too", INTS, "N", 0),
    ALONG(REVERSE, "terms of the sum in reverse: the same", INTS, "K", 0),
    MORE("three terms of 0 more: the same", INTS, "K", "", 0, 0),
    ALONG(CUT, "rows in two calls: the same", INTS, "T", 0),
    ALONG(CUT, "columns in two calls: the same", INTS, "N", 0),
    { "residual + 8: y + 8", "T=5 N=19 K={9,300} bias=f32 gen=ints-narrow seed=3", ASSAY_ACT_AFFINE, .on = "residual",
      .by = 1, .plus = 8, .more = 8 },
};

SUITE(matmul_add) = { USUAL_TABLES(matmul_add), .land = land, .fits = fits, .exact = exact };
TABLES(matmul_add);
