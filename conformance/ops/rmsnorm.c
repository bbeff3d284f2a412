/* SPDX-License-Identifier: MIT
 * rmsnorm: cases. */
#include "../../reference/core/values.h"
#include "assay/params/rmsnorm.h"
#include "norm.h"

/* NaN and zeros, in two rows of three.  No infinity: see holes. */
static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double odd[] = { NAN, 0.0, -0.0, 0x1p60, 0x1p-70 };
    const int64_t C = c->dim[1] ? c->dim[1] : 1;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == 0 && k / C % 3 < 2 && assay_rng_below(rng, C) == 0 ? odd[assay_rng_below(rng, 5)]
                                                                              : assay_rng_normal(rng);
    return true;
}
/* What w x loses to underflow is multiplied by 1/sqrt(eps). */
static double underflow(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)j;
    const int e = i == 0 ? -122 - (int)assay_rng_below(rng, 14) : -(int)assay_rng_below(rng, 14);
    return ldexp(assay_rng_normal(rng), e);
}
static const assay_gen gens[] = {
    TIGHT_DRAW("underflow", ADVERSARIAL, underflow, "x near the end of the range, small weights"),
    NEAR_EPS,
    GEN_FILL("special", CLASS, special, "NaN, zeros and large numbers, in two rows of three"),
};
static const char *const unseen[] = { "inf-x: where x is infinite 0 and NaN are both right (holes)", NULL };
static const char *const holes[] = { "special: an infinite x makes the root infinite: 0 for the others (x / inf) and "
                                     "NaN (a refined rsqrt) are both right",
                                     NULL };

static const assay_rows rows[] = {
    { "R={1,3} C={1..17} eps=1e-05 gen={gauss,positive,spike}", ASSAY_QUICK },
    { "R=70 C={31,64,576} eps=1e-05 gen={gauss,uniform}", ASSAY_QUICK },
    { "R=2 C={8,33} eps={0,1e-05,1e-06} plus_one={0,1} gen={gauss,tiny,wide,equal}", ASSAY_QUICK },
    { "R=10 C={1,5,16,33,64} eps={1e-06,1e-05,0.1} gen=near-eps", ASSAY_QUICK },
    { "R=2 C={17,32} eps=1e-05 x={f16,bf16} w={f32,f16,bf16} y={f32,f16,bf16} gen=gauss", ASSAY_QUICK },
    { "R={0,1} C=0 eps=1e-05 gen=gauss", ASSAY_QUICK },
    { "R=6 C={8,33} eps=1e-06 gen=underflow", ASSAY_QUICK },
    { "R=3 C={9,40} eps=1e-05 gen={special,zero,signed-zero,denormal}", ASSAY_QUICK },
    { "R=66 C={1..8} eps=1e-05 gen=short", ASSAY_QUICK },
    { "R=1 C={4096,32768} eps=1e-05 gen={gauss,positive,equal,ramp,spike,near-eps}", ASSAY_QUICK },
    { "R=2 C={1021,4096} eps=1e-05 gen={gauss,positive,equal,ramp}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 eps={0,1e-05} gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
    { "R=1 C=37 gen=zero-inf@{x,w}", ASSAY_QUICK }, /* a weight that no other row reads */
    { "R=7 C=37 eps={0,1e-05} plus_one={0,1} gen={zero-inf,square-under,square-over}@{x,w}", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} w={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{x,w}", ASSAY_QUICK },
    { "R=3 C=37 w={f32,bf16} y={f32,f16,bf16} eps={0,1e-05} gen=end@y", ASSAY_QUICK },
};

/* Two numbers take turns in x, so that w can be smaller than the outputs of the larger one. */
static double land(const assay_case *c, int i, int64_t j)
{
    const assay_rmsnorm_params *p = (const assay_rmsnorm_params *)(const void *)c->params;
    const double C = (double)c->dim[1], odd = floor(C / 2), mean = (128 * 128 * (C - odd) + 32 * 32 * odd) / C;
    const double x = (i == 0 ? j % c->dim[1] : j) % 2 ? 32 : 128;
    return i == 0 ? x : assay_landing(c, j) * sqrt(mean + p->eps) / x - p->plus_one;
}

static const assay_known_answer answers[] = {
    { "C=4 eps=1e-06",
      { { 1, 2, 3, 5 }, { 1, 0.5, 2, -1 } },
      { 0.3202562911868, 0.3202562911868, 1.921537747121, -1.601281455934 } },
    { "C=4 eps=1e-06 plus_one=1",
      { { 1, 2, 3, 5 }, { 1, 0.5, 2, -1 } },
      { 0.6405125823736, 0.9607688735603, 2.882306620681, 0 } },
    /* A9: queries of two heads, each normed alone, and both at once */
    { "R=2 C=2 eps=1e-06",
      { { 3, 4, 1, -1 }, { 1, 1 } },
      { 0.8485281034827, 1.131370804644, 0.9999995000004, -0.9999995000004 } },
    { "C=4 eps=1e-06",
      { { 3, 4, 1, -1 }, { 1, 1, 1, 1 } },
      { 1.154700452846, 1.539600603795, 0.3849001509486, -0.3849001509486 } },
};

/* Each element over the root of the mean square and eps, times its weight. */
SECOND(rmsnorm)
{
    const assay_rmsnorm_params *p = a->params;
    const double *x = a->operand[0], *w = a->operand[1];
    double *y = a->operand[2];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const int64_t C = a->dim[1], first = r * C;
        long double squares = 0;
        for (int64_t c = C - 1; c >= 0; c--)
            squares += (long double)x[first + c] * x[first + c];
        const long double root = sqrtl(squares / C + p->eps);
        for (int64_t c = 0; c < C; c++)
            y[first + c] = (double)((w[c] + (p->plus_one ? 1.0L : 0)) * (x[first + c] / root));
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode", "R=1 C=576 eps=1e-05", 1 },
    { "smollm2-135m.prefill512", "R=512 C=576 eps=1e-05", 512 },
    { "llama3-8b.decode", "R=1 C=4096 eps=1e-05", 1 },
    { "llama3-8b.prefill512", "R=512 C=4096 eps=1e-05", 512 },
    /* each head of the queries and keys of a layer is a row: 16 of queries, 8 of keys */
    { "qwen3-0.6b.decode.qk", "R=24 C=128 eps=1e-06", 1 },
    { "qwen3-0.6b.prefill512.qk", "R=12288 C=128 eps=1e-06", 512 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=3 C=17 eps=1e-05 gen=gauss" },
    { "plus_one", "R=2 C=8 eps=1e-06 plus_one=1 gen=gauss" },
    { "heads", "R=10 C=16 eps=1e-06 gen=near-eps" }, /* of queries: rows that differ in size */
    { "tiny", "R=4 C=33 eps=1e-05 gen=tiny" },
    { "special", "R=6 C=9 eps=1e-05 gen=special" },
    { "f16", "R=2 C=31 x=f16 w=bf16 y=f16 eps=1e-05 gen=gauss" },
};

#define RMS "R=5 C={7,43} eps=1e-5 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("16 x, eps 0: the same", "R=5 C={7,43} gen=gauss seed=3", "x", 16, 0, 1, LOOSE),
    AFFINE("4 w: 4 y", RMS, "w", 4, 0, 4, 0),
    AFFINE("-x: -y", RMS, "x", -1, 0, -1, 0),
    ALONG(REVERSE, "columns in reverse: in y too", RMS, "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in y too", RMS, "R", LOOSE),
    ALONG(CUT, "rows in two calls: the same", RMS, "R", LOOSE),
};

SUITE(rmsnorm) = { USUAL_TABLES(rmsnorm), .land = land, .holes = holes, .unseen = unseen };
TABLES(rmsnorm);
