/* SPDX-License-Identifier: MIT
 * groupnorm: cases; means that are large beside what is left of them, variances of the size of eps, groups and channels
 * that differ in size from each other. */
#include "../../reference/core/suite.h"
#include "assay/params/groupnorm.h"
#include "tables.h"
#include <math.h>

enum { X, W, BIAS };

static int64_t group_of(const assay_case *c, int64_t j)
{
    const int64_t n = c->dim[2] * c->dim[3];
    return j / (n ? n : 1);
}
static double offset(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const int64_t r = group_of(c, j) + (int64_t)(c->seed % 14);
    const double mean = ldexp(r % 2 ? -1 : 1, 2 * (int)(r % 7) + 2), spread = r % 14 < 7 ? 1 : fabs(mean) * 0x1p-10;
    return i == X ? mean + spread * assay_rng_normal(rng) : assay_rng_normal(rng);
}
static double near_eps(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return i == X ? ldexp(assay_rng_normal(rng), -2 * (int)(group_of(c, j) % 10)) : assay_rng_normal(rng);
}
static double level(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const double at = (double)(group_of(c, j) % 5);
    return i == X ? 1.1 + 0x1p-23 * (double)assay_rng_below(rng, 2) + at : assay_rng_normal(rng);
}
/* Each channel about a mean of its own, so that a group's is none of them. */
static double channels(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const int64_t S = c->dim[3] ? c->dim[3] : 1;
    return i == X ? (double)(j / S * 7 % 23) - 11 + assay_rng_normal(rng) : assay_rng_normal(rng);
}
/* NaN, infinities and zeros: x in two groups of three; w and bias so that each meets a 0 of every other. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -INFINITY, 0.0, -0.0, 0x1p60, 0x1p-70 };
    const int64_t n = c->dim[2] * c->dim[3];
    if (i == X && group_of(c, j) % 3 && assay_rng_below(rng, n) == 0)
        return odd[assay_rng_below(rng, 7)];
    if (i == X ? j % 3 == 0 : i == W ? j % 4 == 1 : j % 5 == 1 || j % 5 == 2)
        return 0;
    return (i == W && j % 4 == 0) || (i == BIAS && j % 5 == 0) ? INFINITY : assay_rng_normal(rng);
}
static const assay_gen gens[] = {
    TIGHT_DRAW("offset", ADVERSARIAL, offset, "means of 4 to 16384; deviations of 1, or 2^-10 of the mean"),
    TIGHT_DRAW("near-eps", ADVERSARIAL, near_eps, "groups of one size, from 2^-18 to 2: eps decides"),
    TIGHT_DRAW("level", ADVERSARIAL, level, "one number or the next: the mean's own rounding decides"),
    TIGHT_DRAW("channels", ADVERSARIAL, channels, "each channel about a mean of its own, from -11 to 11"),
    GEN_DRAW("special", CLASS, special, "NaN, inf, zeros and large numbers, in every operand"),
};

#define GIVEN "w={none,f32} bias={none,f32}"
static const assay_rows rows[] = {
    { "B=2 G={1,3} D={1,2,5} S={1,4,9} " GIVEN " eps=1e-05 gen=channels", ASSAY_QUICK },
    { "B=1 G=2 D={1..17} S=3 w=f32 bias={none,f32} eps=1e-05 gen={gauss,spike}", ASSAY_QUICK },
    { "B=2 G=1 D=3 S={1..17} w={none,f32} bias=f32 eps=1e-05 gen={gauss,spike}", ASSAY_QUICK },
    { "B=2 G=7 D={4,10} S={16,65} " GIVEN " eps=1e-05 gen={gauss,offset,positive}", ASSAY_QUICK },
    { "B=2 G=5 D={1,5} S={1,33} " GIVEN " eps={1e-12,1e-05,0.1} gen={near-eps,level}", ASSAY_QUICK },
    { "B=1 G=2 D=3 S={8,33} w=f32 bias=f32 eps={0,1e-05} gen={gauss,tiny,wide,equal,ramp}", ASSAY_QUICK },
    { "B=2 G=2 D=4 S=5 eps=1e-05 x={f16,bf16} w={f32,f16} bias={f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "B={0,1} G={0,2} D={0,2} S=0 eps=1e-05 gen=gauss", ASSAY_QUICK },
    { "B=2 G=3 D=3 S=5 " GIVEN " eps=1e-05 gen={special,zero,signed-zero,denormal}", ASSAY_QUICK },
    { "B=3 G=22 D={1..3} S={1..3} w=f32 bias=f32 eps=1e-05 gen={short,offset}", ASSAY_QUICK },
    { "B=1 G=1 D={1,8} S=4096 bias=f32 eps=1e-05 gen={gauss,offset,equal,ramp,spike}", ASSAY_QUICK },
    { "B=8 G=8200 D=2 S=1 w=f32 eps=1e-05 gen=gauss", ASSAY_QUICK },
    /* values at every place */
    { "B=1 G=4 D=3 S=7 w=f32 bias=f32 eps={0,1e-05} gen=" ASSAY_VALUES "@{x,w,bias}", ASSAY_QUICK },
    { "B=1 G=4 D=3 S=7 w=f32 eps={0,1e-05} gen={square-under,square-over}@{x,w}", ASSAY_QUICK },
    { "B=1 G=4 D=3 S=7 w=f32 bias=f32 eps={0,1e-05} gen=zero-inf@{w,bias}", ASSAY_QUICK },
    { "B=1 G=3 D=3 S=5 x={f16,bf16} w={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
};

/* F8, of channels and of places; the same with factors and bias of the channels */
static const assay_known_answer answers[] = {
    { "G=2 D=2 eps=1e-05", { { 1, 2, 4, 8 } }, { -0.9999800006, 0.9999800006, -0.9999987500023, 0.9999987500023 } },
    { "G=2 S=2 eps=1e-05", { { 1, 2, 4, 8 } }, { -0.9999800006, 0.9999800006, -0.9999987500023, 0.9999987500023 } },
    { "G=2 D=2 w=f32 eps=1e-05",
      { { 1, 2, 4, 8 }, { 1, 2, -4, 0.5 } },
      { -0.9999800006, 1.9999600012, 3.9999950000092, 0.49999937500115 } },
    { "G=2 D=2 w=f32 bias=f32", { { 5, 5, 3, 3 }, { 1, 0.5, 2, -1 }, { 0, 1, 0, 0.5 } }, { 0, 1, 0, 0.5 } },
};

/* In one pass, by Welford's update: each element moves the mean, and the sum of squares by what it was off before times
 * what it is off after. */
SECOND(groupnorm)
{
    const assay_groupnorm_params *p = a->params;
    const double *w = a->operand[1], *bias = a->operand[2];
    const int64_t G = a->dim[1], D = a->dim[2], S = a->dim[3], n = D * S;
    for (int64_t r = 0; r < a->dim[0] * G; r++) {
        const double *x = (const double *)a->operand[0] + r * n;
        double *y = (double *)a->operand[3] + r * n;
        long double mean = 0, squares = 0;
        for (int64_t k = 0; k < n; k++) {
            const long double before = x[k] - mean;
            mean += before / (k + 1), squares += before * (x[k] - mean);
        }
        const long double v = squares / n + p->eps;
        for (int64_t k = 0; k < n; k++) {
            const int64_t channel = r % G * D + k / S;
            const long double d = v == 0 ? 0 : (x[k] - mean) / sqrtl(v);
            y[k] = (double)((w ? w[channel] : 1) * d + (bias ? bias[channel] : 0));
        }
    }
}

static const assay_workload workloads[] = {
    { "sd15-unet.64x64.320", "B=1 G=32 D=10 S=4096 w=f32 bias=f32 eps=1e-05", 0 },
    { "sd15-unet.8x8.1280", "B=1 G=32 D=40 S=64 w=f32 bias=f32 eps=1e-05", 0 },
    { "wav2vec2-base.1s.conv0", "B=1 G=512 S=3199 w=f32 bias=f32 eps=1e-05", 0 },
    { "retnet-1.3b.decode.heads", "B=1 G=8 S=512 eps=1e-05", 1 }, /* a head is a group of one channel */
};

static const assay_vector_case vectors[] = {
    { "plain", "B=2 G=3 D=2 S=5 w=f32 bias=f32 eps=1e-05 gen=channels" },
    { "heads", "B=3 G=4 S=9 eps=1e-05 gen=near-eps" },
    { "offset", "B=1 G=7 D=3 S=3 bias=f32 eps=1e-05 gen=offset" },
    { "special", "B=2 G=3 D=3 S=3 w=f32 eps=1e-05 gen=special" },
    { "f16", "B=1 G=2 D=3 S=5 x=f16 w=bf16 bias=f32 y=f16 eps=1e-05 gen=gauss" },
};

#define GROUP "B=3 G=2 D=3 S={5,43} w=f32 bias=f32 eps=1e-5 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("x + 8: the same", GROUP, "x", 1, 8, 1, LOOSE),
    AFFINE("16 x, eps 0: the same", "B=3 G=2 D=3 S={5,43} gen=gauss seed=3", "x", 16, 0, 1, LOOSE),
    AFFINE("-x: -y", "B=3 G=2 D=3 S={5,43} w=f32 eps=1e-5 gen=gauss seed=3", "x", -1, 0, -1, 0),
    AFFINE("4 w, 4 bias: 4 y", GROUP, "w bias", 4, 0, 4, 0),
    ALONG(REVERSE, "places in reverse: in y too", GROUP, "S", LOOSE),
    ALONG(REVERSE, "channels in reverse: in y too", GROUP, "D", LOOSE),
    ALONG(REVERSE, "groups in reverse: in y too", GROUP, "G", LOOSE),
    ALONG(CUT, "samples in two calls: the same", GROUP, "B", LOOSE),
    ALONG(CUT, "groups in two calls: the same", GROUP, "G", LOOSE),
};

SUITE(groupnorm) = { USUAL_TABLES(groupnorm) };
TABLES(groupnorm);
