/* SPDX-License-Identifier: MIT
 * matmul_int8: cases.  Codes are drawn over their whole range by whatever generator fills the scales. */
#include "../../reference/core/status.h"
#include "../../reference/core/suite.h"
#include "../../reference/core/values.h"
#include "tables.h"
#include <math.h>

enum { X, W, X_SCALE, W_SCALE, X_ZERO, W_ZERO, BIAS, Y };

static int64_t length(const assay_case *c)
{
    return c->dim[2] ? c->dim[2] : 1;
}
static bool is_code(int i)
{
    return i == X || i == W || i == X_ZERO || i == W_ZERO;
}
static double any_code(assay_rng *r)
{
    return (double)(assay_rng_below(r, 256) - 128);
}

/* Scales are powers of two, the bias whole: of sums below 2^24 nothing is rounded. */
static double whole_scale(int i, int64_t j, assay_rng *r)
{
    return i == BIAS ? (double)(assay_rng_below(r, 129) - 64) : ldexp(1, (int)(j % 4) - 3);
}
static double whole(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    (void)c;
    return is_code(i) ? any_code(r) : whole_scale(i, j, r);
}
/* Rows of 127 and of -128, zero points at the other end. */
static double ends(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const int64_t row = i == X || i == W ? j / length(c) : j;
    const bool low = (row + (i == W || i == W_ZERO)) % 3 == 0;
    return !is_code(i) ? whole_scale(i, j, r) : low == (i == X || i == W) ? -128 : 127;
}

/* The codes that mean 0, as the x and w of `balanced` lie about them. */
static int zero_of(int i, int64_t row)
{
    return (int)((row + 1) * (i == X || i == X_ZERO ? 37 : 53) % 121) - 60;
}
/* Neighbours in x lie at one distance on both sides of the zero point, those in w are alike: what the sum is made of
 * is far larger than the sum. */
static bool balanced(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t K = length(c);
    int64_t d = 0;
    for (int64_t j = 0; j < n; j++) {
        const int64_t k = j % K;
        if (i == X_ZERO || i == W_ZERO)
            value[i][j] = zero_of(i, j);
        else if (i == X)
            value[i][j] = zero_of(i, j / K) + (k % 2 ? -1.0 : 1.0) * (double)(d = k % 2 ? d : assay_rng_below(r, 60));
        else if (i == W)
            value[i][j] = k % 2 ? value[i][j - 1] + (double)assay_rng_below(r, 3) - 1
                                : zero_of(i, j / K) + (double)assay_rng_below(r, 120) - 60;
        else
            value[i][j] = assay_rng_normal(r);
    }
    return true;
}

/* Scales of neighbours that differ by up to 2^20. */
static double uneven(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    (void)c;
    return is_code(i) ? any_code(r) : ldexp(x, (int)(j * 7 % 11) * 2 - 10);
}
/* A bias beside which the products are small: it alone rounds. */
static double leaning(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    (void)c, (void)j;
    return is_code(i) ? any_code(r) : i == BIAS ? x : ldexp(x, -14);
}
/* The product of the scales is subnormal, or less than that. */
static double faint(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    (void)c;
    return is_code(i) ? any_code(r) : ldexp(x, (i == BIAS ? -132 : i == X_SCALE ? -70 : -64) - (int)(j % 12));
}
/* One scale times the sum overflows, the other brings it back. */
static double vast(const assay_case *c, int i, int64_t j, assay_rng *r)
{
    const double x = 1 + assay_rng_uniform(r);
    (void)c;
    return is_code(i) ? any_code(r) : ldexp(x, (i == BIAS ? 10 : i == X_SCALE ? 120 : -112) - (int)(j % 12));
}
/* Every other token is nothing but its zero point: 0 times scales that are numbers, infinite, or none. */
static bool nothing(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    static const double scales[] = { 1.5, INFINITY, 0, NAN, -0.0, -INFINITY, 0x1p100, -2 };
    const bool zero = c->present >> X_ZERO & 1;
    for (int64_t j = 0; j < n; j++)
        value[i][j] = i == X && j / length(c) % 2 == 0 ? (zero ? zero_of(i, j / length(c)) : 0)
                      : i == X_ZERO                    ? zero_of(i, j)
                      : is_code(i)                     ? any_code(r)
                      : i == BIAS                      ? assay_rng_normal(r)
                                                       : scales[(j + assay_rng_below(r, 2)) % 8];
    return true;
}
static const assay_gen gens[] = {
    GEN_DRAW("whole", EXACT, whole, "all codes, scales that are powers of two, a whole bias"),
    GEN_DRAW("ends", EXACT, ends, "rows of 127 and of -128, zero points at the other end"),
    TIGHT_FILL("balanced", ADVERSARIAL, balanced, "sums that are small beside what they are made of"),
    GEN_DRAW("uneven", ADVERSARIAL, uneven, "scales of neighbours that differ by up to 2^20"),
    TIGHT_DRAW("leaning", ADVERSARIAL, leaning, "a bias beside which the products are small"),
    TIGHT_DRAW("faint", ADVERSARIAL, faint, "scales whose product is subnormal"),
    GEN_DRAW("vast", ADVERSARIAL, vast, "scales of which one times the sum overflows"),
    GEN_FILL("nothing", CLASS, nothing, "tokens of zero points alone, under scales that are infinite, NaN or 0"),
};
static const char *const exact[] = { "zero", NULL };

/* Codes, for the generators that know only of numbers */
static bool codes(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const bool own = assay_fills(c, gens, ASSAY_COUNT_OF(gens));
    for (int64_t j = 0; !own && is_code(i) && j < n; j++)
        value[i][j] = any_code(r);
    return !own && is_code(i);
}

/* Sums below 2^24, whatever the codes */
static bool fits(const assay_case *c, assay_why *why)
{
    const bool exact_sums = c->gen == &gens[0] || c->gen == &gens[1];
    if (!exact_sums || c->dim[2] <= 257)
        return true;
    return assay_fail(why, ASSAY_ERR_ARG, "matmul_int8: gen=%s is not exact beyond K=257", c->gen->name) == ASSAY_OK;
}
/* Rows that are too long for zero points, on both sides or on one */
static void mend(assay_case *c)
{
    if (c->dim[2] > 33025)
        c->present &= ~(1u << W_ZERO);
    if (c->dim[2] > 65793)
        c->present &= ~(1u << X_ZERO);
}
static const char *const unseen[] = { "value-16-*: codes have 8 bits", NULL };

/* One code of a row is 1, the others and the zero points are 0. */
static double land(const assay_case *c, int i, int64_t j)
{
    return i == X || i == W ? j % length(c) == 0 : i == W_SCALE ? 1 : i == X_SCALE ? assay_landing(c, j) : 0;
}

#define ALL "x_zero=i8 w_zero=i8 bias=f32 "
static const assay_rows rows[] = {
    { "T={1,3} N={1,5} K={1..17} " ALL "gen={gauss,whole,ends}", ASSAY_QUICK },
    { "T=2 N={1..17} K=9 " ALL "gen={gauss,balanced}", ASSAY_QUICK },
    { "T={2..17} N=3 K=9 " ALL "gen={gauss,balanced}", ASSAY_QUICK },
    { "T={0,2} N={0,3} K={0,5} " ALL "gen=gauss", ASSAY_QUICK },
    { "T=1 N=1040 K=191 gen=gauss", ASSAY_QUICK },
    { "T=1 N=129 K=2060 gen=gauss", ASSAY_QUICK },
    { "T=2 N=3 K={6,33} x_zero={none,i8,i8/} w_zero={none,i8,i8/} bias={f32,none} gen={gauss,whole,ends,balanced}",
      ASSAY_QUICK },
    { "T=3 N=5 K=7 x_scale={f32,f32/} w_scale={f32,f32/} x_zero={none,i8/} w_zero={none,i8} gen={gauss,uneven}",
      ASSAY_QUICK },
    { "T=5 N={31,33,65} K={63,64,65,66} " ALL "gen={gauss,uneven}", ASSAY_QUICK },
    { "T={25,40} N=18 K={130,257} " ALL "gen={gauss,whole,ends}", ASSAY_QUICK },
    { "T=2 N=3 K={500,1021,4099} x_zero={none,i8} w_zero={none,i8} bias={none,f32} gen={gauss,balanced}", ASSAY_QUICK },
    { "T=1 N=2 K=33025 x_zero=i8 w_zero=i8 gen={gauss,balanced}", ASSAY_QUICK },
    { "T=1 N=2 K=65793 x_zero={i8,none} gen=gauss", ASSAY_QUICK },
    { "T=3 N=5 K=9 y={f16,bf16} x_zero=i8 w_zero={i8,none} bias={f32,none} gen={gauss,whole}", ASSAY_QUICK },
    { "T=1 N=65540 K=2 " ALL "gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "T=7 N=9 K=5 " ALL "gen=" ASSAY_VALUES "@{x_scale,w_scale,bias}", ASSAY_QUICK },
    { "T=7 N=9 K=5 x_zero={none,i8} bias={f32,none} gen={special,zero,signed-zero,denormal,wide,spike}", ASSAY_QUICK },
    { "T=4 N=19 K={5,40} x_zero={none,i8} bias=f32 gen=leaning", ASSAY_QUICK },
    { "T=5 N=9 K={2,40} x_zero={none,i8} bias={f32,none} gen={faint,vast,nothing}", ASSAY_QUICK },
    { "T=7 N=9 K=5 y={f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* By hand, and the example of ONNX's MatMulInteger (its codes fit 8 bits with a sign) */
static const assay_known_answer answers[] = {
    { "N=2 K=3", { { 1, -2, 3 }, { 4, 5, 6, -1, 0, 127 }, { 0.5 }, { 0.25, 2 } }, { 1.5, 380 } },
    { "T=2 N=2 K=3 x_zero=i8 w_zero=i8",
      { { 11, 7, 3, 10, 6, 2 }, { 1, 2, 3, 4, 5, 6 }, { 1, 1 }, { 1, 1 }, { 12, 12 }, { 0, 0 } },
      { -38, -83, -44, -98 } },
    { "T=2 N=1 K=2 x_zero=i8 w_zero=i8",
      { { -128, 127, 5, -5 }, { 127, -128 }, { 1, 0.5 }, { 2 }, { 127, -128 }, { -1 } },
      { -65280, 1403 } },
};

/* From four sums that know nothing of each other */
SECOND(matmul_int8)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const double *x_zero = a->operand[X_ZERO], *w_zero = a->operand[W_ZERO], *bias = a->operand[BIAS];
    for (int64_t i = T * N - 1; i >= 0; i--) {
        const double *x = (const double *)a->operand[X] + i / N * K, *w = (const double *)a->operand[W] + i % N * K;
        const long double zx = x_zero ? x_zero[i / N] : 0, zw = w_zero ? w_zero[i % N] : 0;
        long double xw = 0, xs = 0, ws = 0;
        for (int64_t k = K - 1; k >= 0; k--)
            xw += (long double)x[k] * w[k], xs += x[k], ws += w[k];
        const long double sum = xw - zw * xs - zx * ws + zx * zw * K;
        const long double scaled =
            sum * ((const double *)a->operand[W_SCALE])[i % N] * ((const double *)a->operand[X_SCALE])[i / N];
        ((double *)a->operand[Y])[i] = (double)(bias ? scaled + bias[i % N] : scaled);
    }
}

/* Projections of Llama 3 8B, by token and channel as W8A8 is shipped; SmoothQuant's OPT, by tensor */
static const assay_workload workloads[] = {
    { "llama3-8b-w8a8.q.decode", "T=1 N=4096 K=4096", 1 },
    { "llama3-8b-w8a8.q.prefill128", "T=128 N=4096 K=4096", 128 },
    { "llama3-8b-w8a8.q.prefill512", "T=512 N=4096 K=4096", 512 },
    { "llama3-8b-w8a8.q.decode.zeros", "T=1 N=4096 K=4096 x_zero=i8", 1 },
    { "llama3-8b-w8a8.up.decode", "T=1 N=14336 K=4096", 1 },
    { "opt-1.3b-smoothquant.fc1.prefill128", "T=128 N=8192 K=2048 x_scale=f32/ w_scale=f32/ bias=f32", 128 },
};

static const assay_vector_case vectors[] = {
    { "symmetric", "T=3 N=5 K=37 gen=gauss" },
    { "zeros", "T=3 N=5 K=37 x_zero=i8 w_zero=i8 bias=f32 gen=balanced" },
    { "tensor", "T=3 N=5 K=37 x_scale=f32/ w_scale=f32/ x_zero=i8/ gen=uneven" },
    { "ends", "T=4 N=6 K=34 x_zero=i8 w_zero=i8 gen=ends" },
    { "narrow", "T=3 N=5 K=19 w_zero=i8/ bias=f32 y=f16 gen=whole" },
    { "nothing", "T=5 N=7 K=9 x_zero=i8 gen=nothing" },
};

#define LINE "T={1,6} N={5,19} K={9,70} x_zero=i8 w_zero=i8 "
static const assay_relation relations[] = {
    AFFINE("4 x_scale: 4 y", LINE "gen=gauss seed=3", "x_scale", 4, 0, 4, 0),
    AFFINE("-w_scale: -y", LINE "gen=gauss seed=3", "w_scale", -1, 0, -1, 0),
    AFFINE("x and its zero point 3 higher: the same", LINE "gen=balanced seed=3", "x x_zero", 1, 3, 1, 0),
    AFFINE("w and its zero point 3 lower: the same", LINE "gen=balanced seed=3", "w w_zero", 1, -3, 1, 0),
    ALONG(REVERSE, "places in reverse: the same", LINE "bias=f32 gen=gauss seed=3", "K", 0),
    ALONG(REVERSE, "tokens in reverse: in y too", LINE "bias=f32 gen=gauss seed=3", "T", 0),
    ALONG(REVERSE, "channels in reverse: in y too", LINE "bias=f32 gen=gauss seed=3", "N", LOOSE),
    ALONG(CUT, "channels in two calls: the same", LINE "bias=f32 gen=gauss seed=3", "N", LOOSE),
    MORE("three places of 0 more: the same", "T={1,6} N={5,19} K={9,70} bias=f32 gen=gauss seed=3", "K", "", 0, 0),
};

SUITE(matmul_int8) = {
    USUAL_TABLES(matmul_int8), .fill = codes, .mend = mend, .fits = fits, .land = land, .exact = exact, .unseen = unseen
};
TABLES(matmul_int8);
