/* SPDX-License-Identifier: MIT
 * add_rmsnorm: cases; sums that are small beside their terms, in the middle of two floats, of the size of eps. */
#include "../../reference/core/values.h"
#include "assay/params/rmsnorm.h"
#include "norm.h"
#include "tables.h"

enum { X, RESIDUAL, W, Y, SUM };

/* Both terms small: eps decides. */
static double small(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    return near_eps(c, i == W, j, rng);
}
/* The residual is -x, and a little: up to 20 bits of the sum are lost where it is rounded on the way. */
static bool cancelled(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    for (int64_t k = 0; k < n; k++) {
        const double v = assay_rng_normal(rng);
        value[i][k] = i == RESIDUAL ? ldexp(v, -(int)(row_of(c, k) * 5 % 21)) - value[X][k] : v;
    }
    return true;
}
/* Pairs whose sum lies in the middle of two floats, or a little beside it, and a few that are small. */
static double halfway(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    const double odd = (double)(2 * assay_rng_below(rng, 1 << 11) + 1), beside = assay_rng_below(rng, 2) ? 0 : 0x1p-17;
    if (i == W || (c->dim[1] && j % c->dim[1] % 4 == 3))
        return assay_rng_normal(rng);
    return i == X ? 0x1p24 : odd + (odd < 64 ? beside : 0);
}
/* What w times the sum loses to underflow is multiplied by 1/sqrt(eps). */
static double underflow(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)j;
    const int e = i == W ? -(int)assay_rng_below(rng, 14) : -122 - (int)assay_rng_below(rng, 14);
    return ldexp(assay_rng_normal(rng), e);
}
/* NaN and zeros, in two rows of three: in x in one, in the residual in the next. */
static double special(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    static const double odd[] = { NAN, 0.0, -0.0, 0x1p60, 0x1p-70 };
    const int64_t C = c->dim[1] ? c->dim[1] : 1;
    return i != W && j / C % 3 == i && assay_rng_below(rng, C) < 2 ? odd[assay_rng_below(rng, 5)]
                                                                   : assay_rng_normal(rng);
}
static const assay_gen gens[] = {
    TIGHT_DRAW("near-eps", ADVERSARIAL, small, "sums of one size in a row, from 2^-18 to 2: eps decides"),
    TIGHT_FILL("cancelled", ADVERSARIAL, cancelled, "the residual is -x, and a little"),
    GEN_DRAW("halfway", ADVERSARIAL, halfway, "sums in the middle of two floats, or a little beside it"),
    TIGHT_DRAW("underflow", ADVERSARIAL, underflow, "terms near the end of the range, small weights"),
    GEN_DRAW("special", CLASS, special, "NaN, zeros and large numbers, in two rows of three"),
};

static const char *const unseen[] = { "unsigned-w: the sum has none of it, and y's zeros no sign that is judged",
                                      NULL };

static const assay_rows rows[] = {
    { "R={1,3} C={1..17} eps=1e-05 gen={gauss,positive,spike}", ASSAY_QUICK },
    { "R=70 C={31,64,576} eps=1e-05 gen={gauss,uniform}", ASSAY_QUICK },
    { "R=2 C={8,33} eps={0,1e-05,1e-06} plus_one={0,1} gen={gauss,tiny,wide,equal}", ASSAY_QUICK },
    { "R=10 C={1,5,16,33,64} eps={1e-06,1e-05,0.1} gen={near-eps,cancelled}", ASSAY_QUICK },
    { "R=21 C={33,130} eps=1e-05 gen={cancelled,halfway}", ASSAY_QUICK },
    { "R=2 C={17,32} eps=1e-05 x={f16,bf16} residual={f32,f16,bf16} w={f32,f16,bf16} y={f32,f16,bf16} gen=gauss",
      ASSAY_QUICK },
    { "R=3 C=33 eps=1e-05 x={f32,bf16} residual={f32,bf16} y={f32,bf16} sum={f32,f16,bf16} gen={gauss,cancelled}",
      ASSAY_QUICK },
    { "R={0,1} C=0 eps=1e-05 gen=gauss", ASSAY_QUICK },
    { "R=6 C={8,33} eps=1e-06 gen=underflow", ASSAY_QUICK },
    { "R=6 C={9,40} eps=1e-05 gen={special,zero,signed-zero,denormal}", ASSAY_QUICK },
    { "R=66 C={1..8} eps=1e-05 gen=short", ASSAY_QUICK },
    { "R=1 C={4096,32768} eps=1e-05 gen={gauss,positive,equal,ramp,spike,near-eps}", ASSAY_QUICK },
    { "R=2 C={1021,4096} eps=1e-05 gen={gauss,positive,equal,ramp}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=70 eps={0,1e-05} gen=" ASSAY_VALUES "@{x,residual,w}", ASSAY_QUICK },
    { "R=1 C=37 eps={0,1e-05,1e-06,0.1} gen=zero-inf@{x,residual,w}",
      ASSAY_QUICK }, /* a weight that no other row reads */
    { "R=7 C=37 eps={0,1e-05} plus_one={0,1} gen={zero-inf,square-under,square-over}@{x,residual,w}", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} residual={f16,bf16} w=f16 y={f16,bf16} gen=" ASSAY_VALUES "@{x,residual,w}", ASSAY_QUICK },
    { "R=3 C=37 w={f32,bf16} y={f32,f16,bf16} eps={0,1e-05} gen=end@y", ASSAY_QUICK },
    { "R=3 C=37 x={f32,f16,bf16} residual={f32,f16} sum={f32,f16,bf16} gen=end@sum", ASSAY_QUICK },
};

/* y: two sums take turns, so that w can be smaller than the outputs of the larger one.  sum: x is as near as its type
 * comes, the residual the rest. */
static double land(const assay_case *c, int i, int64_t j)
{
    const assay_rmsnorm_params *p = (const assay_rmsnorm_params *)(const void *)c->params;
    if (c->gen_at == 1 + SUM) {
        const double to = assay_landing(c, j), near = assay_held(c->type[X], to);
        return i == X ? near : i == RESIDUAL ? to - near : 1;
    }
    const double C = (double)c->dim[1], odd = floor(C / 2), mean = (128 * 128 * (C - odd) + 32 * 32 * odd) / C;
    const double t = (i == W ? j : j % c->dim[1]) % 2 ? 32 : 128;
    return i == W ? assay_landing(c, j) * sqrt(mean + p->eps) / t - p->plus_one : t / 2;
}

/* F6 of x + residual = 1 2 3 5 */
static const assay_known_answer answers[] = {
    { "C=4 eps=1e-06",
      { { 0.5, 4, -1, 2 }, { 0.5, -2, 4, 3 }, { 1, 0.5, 2, -1 } },
      { 0.3202562911868, 0.3202562911868, 1.921537747121, -1.601281455934, 1, 2, 3, 5 } },
    { "C=4 eps=1e-06 plus_one=1",
      { { 0.5, 4, -1, 2 }, { 0.5, -2, 4, 3 }, { 1, 0.5, 2, -1 } },
      { 0.6405125823736, 0.9607688735603, 2.882306620681, 0, 1, 2, 3, 5 } },
};

/* The sum rounded once; each of its elements over the root of their mean square and eps, times its weight. */
SECOND(add_rmsnorm)
{
    const assay_rmsnorm_params *p = a->params;
    const double *x = a->operand[X], *residual = a->operand[RESIDUAL], *w = a->operand[W];
    double *y = a->operand[Y], *sum = a->operand[SUM];
    for (int64_t r = 0; r < a->dim[0]; r++) {
        const int64_t C = a->dim[1], first = r * C;
        long double squares = 0;
        for (int64_t c = C - 1; c >= 0; c--) {
            const float t = (float)((long double)x[first + c] + residual[first + c]);
            sum[first + c] = (double)t, squares += (long double)t * t;
        }
        const long double root = sqrtl(squares / C + p->eps);
        for (int64_t c = 0; c < C; c++)
            y[first + c] = (double)((w[c] + (p->plus_one ? 1.0L : 0)) * (sum[first + c] / root));
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode", "R=1 C=576 eps=1e-05", 1 },
    { "smollm2-135m.prefill512", "R=512 C=576 eps=1e-05", 512 },
    { "llama3-8b.decode", "R=1 C=4096 eps=1e-05", 1 },
    { "llama3-8b.prefill512", "R=512 C=4096 eps=1e-05", 512 },
};

static const assay_vector_case vectors[] = {
    { "plain", "R=3 C=17 eps=1e-05 gen=gauss" },
    { "plus_one", "R=2 C=8 eps=1e-06 plus_one=1 gen=gauss" },
    { "cancelled", "R=5 C=33 eps=1e-05 gen=cancelled" },
    { "special", "R=6 C=9 eps=1e-05 gen=special" },
    { "bf16", "R=2 C=31 x=bf16 residual=f16 w=bf16 y=f16 sum=bf16 eps=1e-05 gen=gauss" },
};

#define ADD_RMS "R=5 C={7,43} eps=1e-5 gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("-x, -residual: -y and the sum too", ADD_RMS, "x residual", -1, 0, -1, 0),
    ALONG(REVERSE, "columns in reverse: in y and the sum too", ADD_RMS, "C", LOOSE),
    ALONG(REVERSE, "rows in reverse: in y and the sum too", ADD_RMS, "R", LOOSE),
    ALONG(CUT, "rows in two calls: the same", ADD_RMS, "R", LOOSE),
    { "x and the residual swapped: the same", ADD_RMS, ASSAY_ACT_SWAP, .on = "x residual" },
};

SUITE(add_rmsnorm) = { USUAL_TABLES(add_rmsnorm), .land = land, .unseen = unseen };
TABLES(add_rmsnorm);
