/* SPDX-License-Identifier: MIT
 * layernorm: cases; means that are large beside what is left of them, variances of the size of eps. */
#include "assay/params/layernorm.h"
#include "norm.h"

static double offset(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const int64_t r = row_of(c, j) + (int64_t)(c->seed % 14);
    const double mean = ldexp(r % 2 ? -1 : 1, 2 * (int)(r % 7) + 2), spread = r % 14 < 7 ? 1 : fabs(mean) * 0x1p-10;
    return i ? assay_rng_normal(rng) : mean + spread * assay_rng_normal(rng);
}
static double level(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return i ? assay_rng_normal(rng) : 1.1 + 0x1p-23 * (double)assay_rng_below(rng, 2) + (double)(row_of(c, j) % 5);
}
static const assay_gen gens[] = {
    TIGHT_DRAW("offset", ADVERSARIAL, offset, "means of 4 to 16384; deviations of 1, or 2^-10 of the mean"),
    NEAR_EPS,
    TIGHT_DRAW("level", ADVERSARIAL, level, "one number or the next: the mean's own rounding decides"),
};

#define GIVEN "w={none,f32} bias={none,f32}"
static const assay_rows rows[] = {
    { "R={1,3} C={1..17} " GIVEN " eps=1e-05 gen={gauss,offset,spike}", ASSAY_QUICK },
    { "R=14 C={31,64,768} " GIVEN " eps=1e-05 gen={gauss,offset,positive}", ASSAY_QUICK },
    { "R=10 C={1,5,33,64} " GIVEN " eps={1e-12,1e-05,0.1} gen={near-eps,level}", ASSAY_QUICK },
    { "R=2 C={8,33} w=f32 bias=f32 eps={0,1e-05} gen={gauss,tiny,wide,equal,ramp}", ASSAY_QUICK },
    { "R=2 C={17,32} eps=1e-05 x={f16,bf16} w={f32,f16} bias={f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "R={0,1} C=0 eps=1e-05 gen=gauss", ASSAY_QUICK },
    { "R={1,3} C={9,40} " GIVEN " eps=1e-05 gen={zero,signed-zero,denormal}", ASSAY_QUICK },
    { "R=66 C={1..8} w=f32 bias=f32 eps=1e-05 gen={short,offset}", ASSAY_QUICK },
    { "R=1 C={4096,32768} bias=f32 eps=1e-05 gen={gauss,offset,equal,ramp,spike}", ASSAY_QUICK },
    { "R=65600 C=2 eps=1e-05 gen=gauss", ASSAY_QUICK }, /* of one element nothing is left but the bias */
    /* values at every place */
    { "R=7 C=37 w=f32 bias=f32 eps={0,1e-05} gen=" ASSAY_VALUES "@{x,w,bias}", ASSAY_QUICK },
    { "R=1 C={5,19,64} w=f32 eps=1e-05 gen={zero-nan,zero-inf}@x", ASSAY_QUICK }, /* each factor by itself */
    { "R=1 C={5,19,64} bias=f32 eps=1e-05 gen={zero-nan,zero-inf}@x", ASSAY_QUICK },
    { "R=7 C=37 w=f32 bias=f32 eps={0,1e-12,1e-05,0.1} gen={zero-inf,square-under,square-over}@{x,w,bias}",
      ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} w={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
};

static const assay_known_answer answers[] = {
    { "C=4 w=f32 bias=f32 eps=1e-05",
      { { 1, 2, 3, 5 }, { 1, 0.5, 2, -1 }, { 0, 1, 0, 0.5 } },
      { -1.183213252136, 0.7464543031138, 0.3380609291816, -1.021274181317 } },
    { "C=4 w=f32 bias=f32", { { 5, 5, 5, 5 }, { 1, 0.5, 2, -1 }, { 0, 1, 0, 0.5 } }, { 0, 1, 0, 0.5 } },
};

/* Without a mean: x - m is the mean of the differences to all others, v half the mean of their squares. */
SECOND(layernorm)
{
    const assay_layernorm_params *p = a->params;
    const double *x = a->operand[0], *w = a->operand[1], *bias = a->operand[2];
    double *y = a->operand[3];
    const int64_t C = a->dim[1];
    for (int64_t r = 0; r < a->dim[0]; r++, x += C, y += C) {
        long double v = 0;
        for (int64_t j = 0; j < C; j++)
            for (int64_t k = 0; k < j; k++)
                v += ((long double)x[j] - x[k]) * ((long double)x[j] - x[k]) / C / C;
        for (int64_t c = 0; c < C; c++) {
            long double d = 0;
            for (int64_t j = 0; j < C; j++)
                d += ((long double)x[c] - x[j]) / C;
            d = v + p->eps == 0 && !isnan(d) ? 0 : d / sqrtl(v + p->eps);
            y[c] = (double)((w ? w[c] : 1) * d + (bias ? bias[c] : 0));
        }
    }
}

static const assay_workload workloads[] = {
    { "gpt2.decode", "R=1 C=768 w=f32 bias=f32 eps=1e-05", 1 },
    { "gpt2.prefill512", "R=512 C=768 w=f32 bias=f32 eps=1e-05", 512 },
    { "bert-large.encode128", "R=128 C=1024 w=f32 bias=f32 eps=1e-12", 128 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=3 C=17 w=f32 bias=f32 eps=1e-05 gen=offset" },
    { "bare", "R=4 C=33 eps=1e-05 gen=near-eps" },
    { "special", "R=12 C=9 w=f32 eps=1e-05 gen=inf-inf@x" },
    { "f16", "R=2 C=31 x=f16 w=bf16 bias=f32 y=f16 eps=1e-05 gen=gauss" },
};

#define LAYER "R=5 C={7,43} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("x + 8: the same", LAYER " eps=1e-5", "x", 1, 8, 1, LOOSE),
    AFFINE("16 x, eps 0: the same", LAYER, "x", 16, 0, 1, LOOSE),
    AFFINE("-x: -y", LAYER " eps=1e-5", "x", -1, 0, -1, LOOSE),
    AFFINE("4 w, 4 bias: 4 y", LAYER " w=f32 bias=f32 eps=1e-5", "w bias", 4, 0, 4, 0),
    ALONG(REVERSE, "columns in reverse: in y too", LAYER " w=f32 bias=f32 eps=1e-5", "C", LOOSE),
    ALONG(CUT, "rows in two calls: the same", LAYER " w=f32 bias=f32 eps=1e-5", "R", LOOSE),
};

SUITE(layernorm) = { USUAL_TABLES(layernorm) };
TABLES(layernorm);
