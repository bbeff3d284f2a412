/* SPDX-License-Identifier: MIT
 * matmul: cases.  Where the golden is exact weights in blocks are integers, written by their bytes (integer_blocks.h).
 */
#include "../../reference/core/dtype.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "integer_blocks.h"
#include "tables.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { X, W, BIAS, Y };

static double sign(assay_rng *r)
{
    return assay_rng_below(r, 2) ? 1 : -1;
}

static double symmetric(assay_rng *r, int64_t most)
{
    return (double)(assay_rng_below(r, 2 * most + 1) - most);
}

/* Weights share a scale in runs of this many. */
static int64_t group(assay_dtype type)
{
    const bool of_16 = type == ASSAY_q2_k || type == ASSAY_q3_k || type == ASSAY_q6_k;
    return of_16 ? 16 : assay_dtype_of(type)->block > 1 ? 32 : 1;
}

/* Small integers; of weights in blocks raw() writes the bytes. */
static bool ints_narrow(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = symmetric(r, i == W ? 7 : 8);
    return true;
}

/* Odd integers of 10 bits (as many as the type and sums below 2^24 allow) against -2 .. 2: what rounds x on the way to
 * bf16, or keeps short sums, is seen. */
static bool ints_wide(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t half = i == X && c->type[X] == ASSAY_bf16 ? 64 : 512;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == W ? symmetric(r, 2) : (double)(2 * assay_rng_below(r, 2 * half) - 2 * half + 1);
    return true;
}

/* Activations that rounding to q8_0 or q8_1 leaves alone: integers with one +-127 in each block of 32. */
static bool q8_exact(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    ints_narrow(c, i, n, value, r);
    for (int64_t k = 0; i == X && k + 32 <= n; k += 32) {
        const double pivot = 127 * sign(r);
        value[X][k + assay_rng_below(r, 32)] = pivot;
    }
    return true;
}

/* Every activation +-127 and every weight an extreme one of its type (of blocks raw() writes the bytes), one sign per
 * row: nothing cancels, pair sums and block sums are as large as they get. */
static bool saturate(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1;
    const double most = i == X || c->type[i] == ASSAY_f32 ? 127 : 8;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == BIAS ? symmetric(r, 8) : k / K % 2 ? -most : most;
    return true;
}

/* Activations half-way between two codes of q8_0, where the scale of each 32 is 1: rounded to even they are others. */
static bool half_codes(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == W ? symmetric(r, 7) : i == X && k % K % 32 == 0 ? 127 * sign(r) : symmetric(r, 126) + 0.5;
    return true;
}

/* Scales of neighbouring blocks of w differ by up to 2^20, rows and columns unlike: one block's scale used for another
 * shows. */
static bool wide_blocks(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1;
    for (int64_t k = 0; k < n; k++)
        value[i][k] =
            assay_rng_normal(r) * (i == W ? ldexp(1, (int)((k / K * 5 + k % K / group(c->type[W]) * 8) % 21) - 10) : 1);
    return true;
}

/* Subnormal activations, large weights: sums are normal numbers, so a kernel that flushes its inputs loses everything.
 */
static bool subnormal(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_normal(r) * (i == X ? 0x1p-131 : i == W ? 0x1p14 : 0x1p-115);
    return true;
}

/* Products that are subnormal: what they lose is the error. */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c, (void)j;
    return assay_rng_normal(r) * (i == BIAS ? 0x1p-140 : 0x1p-70);
}

/* Weights of 8 bits are any codes (raw writes them), against activations of which every other row is so faint that
 * what sums lose is less than a step of the smallest numbers. */
static double codes(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t row = c->dim[2] ? j / c->dim[2] : 0;
    return assay_rng_normal(r) * (i == X && row % 2 && c->type[X] == ASSAY_f32 ? 0x1p-140 : 1);
}

/* Codes of 8 bits, all of them, but NaN and infinities in one row of eight only. */
static void any_bytes(assay_dtype t, int64_t K, unsigned char *data, size_t n, assay_rng *r)
{
    const int first = t == ASSAY_e4m3 ? 0x7f : 0x7c; /* that is no number */
    for (size_t k = 0; k < n; k++) {
        const int code = (int)assay_rng_below(r, 256);
        data[k] = (unsigned char)(code % 128 >= first && (int64_t)k / K % 8 != 5 ? code - first : code);
    }
}

/* Codes of q8_0 that no encoder writes, a quarter of them. */
static void any_codes(unsigned char *data, size_t n, assay_rng *r)
{
    for (size_t at = 0; at + sizeof(assay_q8_0) <= n; at += sizeof(assay_q8_0))
        for (size_t j = 0; j < 32; j++)
            if (!assay_rng_below(r, 4))
                data[at + offsetof(assay_q8_0, q) + j] = 0x80;
}

/* Weights in blocks that are integers: what these generators say holds for every format.  Weights of 8 bits. */
static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    static const char *const names[] = {
        "any-codes", "ints-narrow", "ints-wide", "q8-exact", "saturate", "half-codes"
    };
    const assay_dtype_info *type = assay_dtype_of(c->type[i]);
    const bool ours = i == W && type->block > 1;
    if (i == W && type->block == 1 && type->bytes == 1 && !strcmp(c->gen->name, "codes")) {
        any_bytes(c->type[W], c->dim[2], data, n, r);
        return true;
    }
    for (size_t k = 0; ours && k < ASSAY_COUNT_OF(names); k++)
        if (!strcmp(c->gen->name, names[k])) {
            integer_blocks(c->type[i], !strcmp(names[k], "saturate"), c->dim[2], data, n, r);
            if (c->type[i] == ASSAY_q8_0 && k == 0)
                any_codes(data, n, r);
            return true;
        }
    return false;
}

static const assay_gen gens[] = {
    GEN_FILL("any-codes", EXACT, q8_exact, "codes that no encoder writes, against activations that q8_0 holds exactly"),
    GEN_FILL("ints-narrow", EXACT, ints_narrow, "small integers that the formats hold exactly"),
    GEN_FILL("ints-wide", EXACT, ints_wide, "odd integers of 10 bits against -2 to 2"),
    GEN_FILL("q8-exact", EXACT, q8_exact, "integers that rounding to q8_0 or q8_1 leaves alone"),
    GEN_FILL("saturate", EXACT, saturate, "activations of 127 against extreme codes, one sign a row"),
    GEN_FILL("half-codes", ADVERSARIAL, half_codes, "activations half-way between two codes of q8_0"),
    GEN_FILL("wide-blocks", ADVERSARIAL, wide_blocks, "scales of neighbouring blocks that differ by up to 2^20"),
    GEN_DRAW("codes", ADVERSARIAL, codes, "any codes of 8 bits, activations usual and faint by turns"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "products that are subnormal"),
    GEN_FILL("subnormal", ADVERSARIAL, subnormal, "subnormal activations against large weights"),
};
static const char *const exact[] = { "zero", "probe", NULL };

#define BLOCKS "{q5_0,q5_1,iq4_nl,mxfp4,q2_k,q3_k,q4_k,q5_k,q6_k,iq4_xs}" /* besides q8_0, q4_0 and q4_1 */
#define SCALED "{q8_0,q4_0,q4_1,q5_0,q5_1,iq4_nl,q2_k,q3_k,q4_k,q5_k,q6_k,iq4_xs}"
static const assay_rows rows[] = {
    /* every tail of every dimension */
    { "T={1..17} N={1,5,16} K={1,7,33} bias=f32 gen=ints-narrow", ASSAY_QUICK },
    { "T={1,2} N={1..34} K=64 w={f32,f16,bf16} gen=ints-narrow", ASSAY_QUICK },
    { "T=1 N={1..34} K=32 w={q8_0,q4_0,q4_1} gen=ints-narrow", ASSAY_QUICK },
    { "T=1 N={63,64,65,80,127,260} K={32,96} w={q8_0,q4_0,q4_1} bias=f32 gen={ints-narrow,gauss}", ASSAY_QUICK },
    { "T=2 N=3 K={0..70} gen={ints-wide,gauss}", ASSAY_QUICK },
    { "T={1..26} N=33 K=40 w={f32,f16,bf16} bias=f32 gen=gauss", ASSAY_QUICK },
    { "T={18..26} N=20 K=64 w={q8_0,q4_0,q4_1} bias=f32 gen=q8-exact", ASSAY_QUICK },
    /* empty operands: y is the bias or zero */
    { "T={0,1,3,20} N={0,1,20} K=0 gen=gauss", ASSAY_QUICK },
    { "T={1,3,20} N={1,20} K=0 bias=f32 gen=gauss", ASSAY_QUICK },
    { "T=0 N=3 K=32 w={f32,q8_0} gen=gauss", ASSAY_QUICK },
    /* pieces of K, blocks of T */
    { "T={1,7} N=17 K={255,256,257,512,513,600} bias=f32 gen={gauss,ints-narrow,ints-wide}", ASSAY_QUICK },
    { "T={1,7} N=17 K={256,300} w={f16,bf16} gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "T={191,192,193,389} N=36 K=5 gen=ints-narrow", ASSAY_QUICK },
    /* every element type */
    { "T={1,5} N=3 K=256 w=* gen={ints-narrow,ints-wide,q8-exact,gauss,zero}", ASSAY_QUICK },
    { "T=1 N={1,15,16,17,31,33,48} K=256 w=" BLOCKS " gen=ints-narrow", ASSAY_QUICK },
    { "T={2..7,13} N=20 K=256 w=" BLOCKS " bias=f32 gen=q8-exact", ASSAY_QUICK },
    { "T={1,3,9} N=36 K=512 w=" BLOCKS " gen={gauss,wide-blocks,any-codes}", ASSAY_QUICK },
    { "T=4 N=9 K=96 w={q5_0,q5_1,iq4_nl,mxfp4} gen={gauss,half-codes,q8-exact}", ASSAY_QUICK },
    { "T=3 N=17 K=33 x={f32,f16,bf16} y={f32,f16,bf16} gen={gauss,ints-narrow,positive}", ASSAY_QUICK },
    { "T={1,4,9} N=20 K={32,64,96,160,288} w={q8_0,q4_0,q4_1} gen={gauss,wide-blocks,q8-exact,probe}", ASSAY_QUICK },
    { "T={1,6} N=18 K={64,1024} w={f32,q8_0,q4_0,q4_1} gen=saturate", ASSAY_QUICK },
    { "T={1,6} N=18 K={256,1024} w=" BLOCKS " gen=saturate", ASSAY_QUICK },
    { "T={1,4} N={3,31} K={32,352} w=q8_0 gen=any-codes", ASSAY_QUICK },
    { "T={1,4} N=9 K={32,96} w={q8_0,q4_0,q4_1} gen=half-codes", ASSAY_QUICK },
    /* floats of 8 bits: every tail, tile and piece, all their codes */
    { "T={1,14} N={1,2,15..18,31..34} K=37 w={e4m3,e5m2} bias=f32 gen={ints-narrow,codes}", ASSAY_QUICK },
    { "T={1..13,30} N={33,130} K=20 w={e4m3,e5m2} gen=codes", ASSAY_QUICK },
    { "T={1,7,14} N=17 K={0,256,300,600} w={e4m3,e5m2} gen={gauss,codes}", ASSAY_QUICK },
    { "T={1,4} N=9 K={1,17,40} w={e4m3,e5m2} gen={special,signed-zero}", ASSAY_QUICK },
    /* whole tiles in every dimension, which kernels have a way of their own for; many rows of every type; long rows */
    { "T={8,64} N=16 K={64,128} w={f32,bf16,q8_0} bias={none,f32} gen=gauss", ASSAY_QUICK },
    { "T=8 N=16 K=64 w={f32,f16,bf16} bias=f32 gen=nan@{x,w,bias}", ASSAY_QUICK },
    { "T=33 N=2 K=512 w=* gen=gauss", ASSAY_QUICK },
    { "T=9 N=5 K={1024,2080} w={f32,f16,bf16} gen={gauss,ints-wide}", ASSAY_QUICK },
    /* the statistics of T2 want 256 outputs */
    { "T=16 N=20 K={63,255,600} w={f32,f16} gen={gauss,uniform}", ASSAY_QUICK },
    { "T=66 N=5 K={1..8} gen={short,uniform}", ASSAY_QUICK },
    { "T=20 N=5 K={1..8} bias={none,f32} gen=faint", ASSAY_QUICK },
    /* adversarial numbers */
    { "T=3 N=20 K={31,64,257} bias=f32 gen={spike,cancel,wide,positive,equal,ramp,denormal,subnormal,tiny,huge}",
      ASSAY_QUICK },
    { "T=3 N=20 K=64 w={f16,bf16,q8_0,q4_0,q4_1} gen={spike,cancel,wide-blocks,positive,equal,ramp,subnormal}",
      ASSAY_QUICK },
    { "T={1,4,9} N=9 K={1,17,40} w={f32,f16,bf16} gen={special,signed-zero}", ASSAY_QUICK },
    { "T=4 N=9 K=40 bias=f32 gen={special,signed-zero}", ASSAY_QUICK },
    /* long sums, few of them */
    { "T=1 N=2 K={4096,32768} gen={gauss,uniform,positive,equal,ramp,spike,cancel,wide}", ASSAY_QUICK },
    { "T=1 N=2 K={4096,32768} w={f16,q8_0,q4_0,q4_1} gen={positive,equal,ramp}", ASSAY_QUICK },
    { "T={1,8} N=40 K=4096 gen={gauss,positive,equal,ramp,ints-narrow}", ASSAY_FULL },
    { "T={1,8} N=24 K=4096 w={f16,bf16,q8_0,q4_0,q4_1} gen={gauss,positive,equal}", ASSAY_FULL },
    { "T=2 N=8 K=32768 gen={positive,equal,ramp}", ASSAY_FULL },
    { "T={33,130} N=70 K=1021 bias=f32 gen={gauss,uniform}", ASSAY_FULL },
    { "T={33,130} N=70 K=1024 w={f16,bf16,q8_0,q4_0,q4_1} bias=f32 gen={gauss,q8-exact}", ASSAY_FULL },
    /* values at every place */
    { "T={1,5} N=9 K=70 bias=f32 gen=" ASSAY_VALUES "@{x,w,bias}", ASSAY_QUICK },
    { "T=5 N=9 K=33 x={f16,bf16} w={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
    { "T={1,5} N={1,9} K=70 w={f32,bf16} bias=f32 gen={zero-inf,square-under,square-over}@{x,w}", ASSAY_QUICK },
    { "T={1,5} N=19 K=256 w=" SCALED " gen=" ASSAY_SCALES "@w", ASSAY_QUICK },
    { "T={1,5} N=19 K=256 w={q4_1,q5_1,q2_k,q4_k,q5_k} bias=f32 gen=" ASSAY_MINIMA "@w", ASSAY_QUICK },
    { "T={1,5} N=9 K=256 w={q8_0,q4_0,q4_1,q5_0,mxfp4,q2_k,q3_k,q4_k,q6_k,iq4_xs} gen=" ASSAY_VALUES "@x",
      ASSAY_QUICK },
    { "T={1,5} N=9 K={2,33} bias={none,f32} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
};

#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 wide_real;
#else
typedef long double wide_real; /* binary128 on aarch64 */
#endif

enum { KT = 5, KN = 6, KK = 301 };

/* |g - quad| within 2^-52 |g| + K 2^-105 sum|x w|, also where the sum cancels to 2^-40 of that. */
static bool against_binary128(assay_why *why)
{
    static double x[KT * KK], w[KN * KK], bias[KN], y[KT * KN];
    assay_rng r = { 11, 0, 0 };
    for (int64_t i = 0; i < KN * KK; i++)
        w[i] = (float)assay_rng_normal(&r);
    for (int64_t i = 0; i < KN; i++)
        bias[i] = (float)assay_rng_normal(&r);
    for (int64_t i = 0; i < KT * KK; i++) /* pairs that almost cancel against the first row of w */
        x[i] = i % KK % 2 ? (float)(-x[i - 1] * w[i % KK - 1] / w[i % KK])
                          : (float)ldexp(assay_rng_normal(&r), (int)(i % 41));
    assay_op_find("matmul")->oracle(
        &(assay_dense){ .operand = (void *[]){ x, w, bias, y }, .dim = (int64_t[]){ KT, KN, KK } });
    for (int64_t i = 0; i < KT * KN; i++) {
        wide_real g = bias[i % KN], sum = bias[i % KN] < 0 ? -bias[i % KN] : bias[i % KN];
        for (int64_t k = 0; k < KK; k++) {
            const wide_real p = (wide_real)x[i / KN * KK + k] * (wide_real)w[i % KN * KK + k];
            g += p;
            sum += p < 0 ? -p : p;
        }
        const double err = fabs((double)((wide_real)y[i] - g)),
                     most = 0x1p-52 * fabs((double)g) + KK * 0x1p-105 * (double)sum;
        if (!(err <= most))
            return assay_fail(why, ASSAY_OK, "y[%lld] = %.17g is off the binary128 sum by %.3g, at most %.3g",
                              (long long)i, y[i], err, most),
                   false;
    }
    return true;
}

/* Sums of integers are exact below 2^24. */
static bool fits(const assay_case *c, assay_why *why)
{
    const int64_t most = !strcmp(c->gen->name, "saturate")    ? 1024
                         : !strcmp(c->gen->name, "ints-wide") ? 8192
                                                              : INT64_MAX;
    if (c->dim[2] <= most)
        return true;
    assay_fail(why, ASSAY_OK, "matmul: gen=%s is exact for K to %lld", c->gen->name, (long long)most);
    return false;
}

/* Weights are 1, x has two numbers that are not 0: one that is near, and the rest; bias takes a small step for each
 * output. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[2], t = i == X && K ? j / K : 0, k = i == X && K ? (j + 3 * t) % K : 0;
    const double to = assay_landing(c, t), near = assay_held(c->type[X], to);
    return i == W ? 1 : i == BIAS ? (double)(j % 33 - 16) : k == 0 ? near : k == 1 ? to - near : 0;
}

static const assay_known_answer answers[] = {
    { "T=2 N=2 K=3", { { 1, 2, 3, -1, 0.5, 4 }, { 2, 0, 1, -3, 4, 0.25 } }, { 5, 5.75, 2, 6 } },
    { "T=2 N=2 K=3 bias=f32", { { 1, 2, 3, -1, 0.5, 4 }, { 2, 0, 1, -3, 4, 0.25 }, { 10, -1 } }, { 15, 4.75, 12, 5 } },
};

/* Every product of the sum in long double, from the last to the first, then the bias. */
SECOND(matmul)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const double *x = a->operand[0], *w = a->operand[1], *bias = a->operand[2];
    double *y = a->operand[3];
    for (int64_t i = 0; i < T * N; i++) {
        long double sum = 0;
        for (int64_t k = K - 1; k >= 0; k--)
            sum += (long double)x[i / N * K + k] * w[i % N * K + k];
        y[i] = (double)(bias ? sum + bias[i % N] : sum);
    }
}

#define FEW  "{f32,bf16,q8_0,q4_0,q4_1}"
#define MANY "{f32,bf16,q8_0,q4_0,q4_k,q6_k}"
static const assay_workload workloads[] = {
    /* the projections of one layer and the output matrix; every type in one of them for each number of tokens, in which
     * blocks of 256 fit */
    { "smollm2-135m.decode.qkv", "T=1 N=960 K=576 w=" FEW, 1 },
    { "smollm2-135m.decode.o", "T=1 N=576 K=576 w=" FEW, 1 },
    { "smollm2-135m.decode.ffn_up", "T=1 N=1536 K=576 w=" FEW, 1 },
    { "smollm2-135m.decode.ffn_down", "T=1 N=576 K=1536 w=*", 1 },
    { "smollm2-135m.decode.lm_head", "T=1 N=49152 K=576 w=" FEW, 1 },
    { "smollm2-135m.batch8.ffn_up", "T=8 N=1536 K=576 w=" FEW, 8 },
    { "smollm2-135m.batch8.qkv", "T=8 N=960 K=576 w=" FEW, 8 },
    { "smollm2-135m.batch8.ffn_down", "T=8 N=576 K=1536 w=*", 8 },
    { "smollm2-135m.batch8.lm_head", "T=8 N=49152 K=576 w=" FEW, 8 },
    { "smollm2-135m.prefill512.qkv", "T=512 N=960 K=576 w=" FEW, 512 },
    { "smollm2-135m.prefill512.o", "T=512 N=576 K=576 w=" FEW, 512 },
    { "smollm2-135m.prefill512.ffn_up", "T=512 N=1536 K=576 w=" FEW, 512 },
    { "smollm2-135m.prefill512.ffn_down", "T=512 N=576 K=1536 w=*", 512 },
    { "llama3-8b.decode.qkv", "T=1 N=6144 K=4096 w=" MANY, 1 },
    { "llama3-8b.decode.o", "T=1 N=4096 K=4096 w=" MANY, 1 },
    { "llama3-8b.decode.ffn_up", "T=1 N=14336 K=4096 w=" MANY, 1 },
    { "llama3-8b.decode.ffn_down", "T=1 N=4096 K=14336 w=*", 1 },
    { "llama3-8b.decode.lm_head", "T=1 N=128256 K=4096 w=q8_0", 1 },
    { "llama3-8b.batch8.qkv", "T=8 N=6144 K=4096 w=" MANY, 8 },
    { "llama3-8b.batch8.o", "T=8 N=4096 K=4096 w=" MANY, 8 },
    { "llama3-8b.batch8.ffn_up", "T=8 N=14336 K=4096 w=" MANY, 8 },
    { "llama3-8b.batch8.ffn_down", "T=8 N=4096 K=14336 w=*", 8 },
    { "llama3-8b.prefill512.qkv", "T=512 N=6144 K=4096 w=" MANY, 512 },
    { "llama3-8b.prefill512.o", "T=512 N=4096 K=4096 w=" MANY, 512 },
    { "llama3-8b.prefill512.ffn_up", "T=512 N=14336 K=4096 w=" MANY, 512 },
    { "llama3-8b.prefill512.ffn_down", "T=512 N=4096 K=14336 w=*", 512 },
};

static const assay_vector_case vectors[] = {
    { "f32", "T=3 N=5 K=33 bias=f32 gen=gauss" },     { "f16", "T=2 N=5 K=17 w=f16 gen=gauss" },
    { "bf16", "T=2 N=5 K=17 w=bf16 gen=gauss" },      { "q8_0", "T=3 N=5 K=96 w=q8_0 gen=gauss" },
    { "q4_0", "T=3 N=5 K=96 w=q4_0 gen=gauss" },      { "q4_1", "T=3 N=5 K=96 w=q4_1 gen=gauss" },
    { "q5_0", "T=3 N=5 K=96 w=q5_0 gen=gauss" },      { "q5_1", "T=3 N=5 K=96 w=q5_1 gen=gauss" },
    { "iq4_nl", "T=3 N=5 K=96 w=iq4_nl gen=gauss" },  { "mxfp4", "T=3 N=5 K=96 w=mxfp4 gen=gauss" },
    { "q2_k", "T=2 N=3 K=512 w=q2_k gen=gauss" },     { "q3_k", "T=2 N=3 K=512 w=q3_k gen=gauss" },
    { "q4_k", "T=2 N=3 K=512 w=q4_k gen=gauss" },     { "q5_k", "T=2 N=3 K=512 w=q5_k gen=gauss" },
    { "q6_k", "T=2 N=3 K=512 w=q6_k gen=gauss" },     { "exact", "T=2 N=3 K=64 w=q8_0 gen=ints-narrow" },
    { "iq4_xs", "T=2 N=3 K=512 w=iq4_xs gen=gauss" }, { "e4m3", "T=2 N=5 K=97 w=e4m3 gen=codes" },
    { "e5m2", "T=2 N=5 K=97 w=e5m2 gen=codes" },
};

#define INTS  "T=5 N={19,23} K={9,33} gen=ints-narrow seed=3"
#define QUANT "T=5 N=20 K=256 w={q8_0,q4_0,q4_1,q5_0,mxfp4,q2_k,q4_k,q6_k,iq4_xs} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("8 x, 8 bias: 8 y", "T=3 N=17 K=33 bias=f32 gen=gauss seed=3", "x bias", 8, 0, 8, 0),
    AFFINE("8 x: 8 y", QUANT, "x", 8, 0, 8, 0),
    AFFINE("w / 4: y / 4", "T=3 N=17 K=33 w={f32,f16,bf16} gen=gauss seed=3", "w", 0.25, 0, 0.25, 0),
    AFFINE("-x: -y", "T=3 N=17 K=33 w={f32,e4m3,e5m2} gen=gauss seed=3", "x", -1, 0, -1, 0),
    AFFINE("-x: -y", "T=3 N=17 K=33 y=bf16 gen=gauss seed=3", "x", -1, 0, -1, 0),
    ALONG(REVERSE, "rows of x in reverse: rows of y too", INTS, "T", 0),
    ALONG(REVERSE, "rows of w in reverse: columns of y too", INTS, "N", 0),
    ALONG(REVERSE, "terms of the sum in reverse: the same", INTS, "K", 0),
    ALONG(REVERSE, "rows of x in reverse: rows of y too", QUANT, "T", LOOSE),
    ALONG(REVERSE, "rows of w in reverse: columns of y too", QUANT, "N", LOOSE),
    MORE("three terms of 0 more: the same", INTS, "K", "", 0, 0),
    ALONG(CUT, "rows in two calls: the same", INTS, "T", 0),
    ALONG(CUT, "columns in two calls: the same", INTS, "N", 0),
    ALONG(CUT, "columns in two calls: the same", QUANT, "N", LOOSE),
    ALONG(ADD, "x is a sum: y is the sum of two", INTS, "x", 0),
    ALONG(ADD, "x is a sum: y is the sum of two", "T=5 N=19 K={9,33} gen=ints-wide seed=3", "x", 0),
    { "bias + 8: y + 8", "T=5 N=19 K={9,300} bias=f32 gen=ints-narrow seed=3", ASSAY_ACT_AFFINE, .on = "bias", .by = 1,
      .plus = 8, .more = 8 },
};

SUITE(matmul) = { USUAL_TABLES(matmul),       .land = land, .fits = fits, .exact = exact,
                  .known = against_binary128, .raw = raw };
TABLES(matmul);
