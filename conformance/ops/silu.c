/* SPDX-License-Identifier: MIT
 * silu: cases; the whole range of the exponential, both tails included; the definition in wide precision. */
#include "tables.h"
#include "../../reference/core/values.h"
#include <math.h>

/* -110 .. 110: e^x overflows, is subnormal and is 0 in f32 inside it */
static bool range(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = 220 * (assay_rng_uniform(rng) - 0.5);
    return true;
}
/* e^-x overflows f32, x e^x is still a normal number: 88.73 < -x < 91.9 */
static bool edge(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = (k % 2 ? -1 : 1) * (86 + 6 * assay_rng_uniform(rng));
    return true;
}
/* NaN, +inf and both zeros in every lane.  No -inf: see holes. */
static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -0.0, 0.0, 0x1.fffffep127, -0x1.fffffep127 };
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(rng, 2) ? odd[assay_rng_below(rng, 6)] : assay_rng_normal(rng);
    return true;
}

static const assay_gen gens[] = {
    TIGHT_FILL("range", ADVERSARIAL, range, "-110 to 110, evenly"),
    TIGHT_FILL("edge", ADVERSARIAL, edge, "86 to 92 on both sides: e^-x overflows, x e^x does not"),
    GEN_FILL("special", CLASS, special, "NaN, inf, zeros and the largest f32"),
};
static const char *const exact[] = { "zero", NULL };
static const char *const holes[] = {
    "special: x = -inf: 0 (the limit) and NaN (what x/(1 + e^-x) gives) are both right", NULL
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C={7,16,33,67} gen={edge,special,spike,wide,denormal,signed-zero,zero}", ASSAY_QUICK },
    { "R=5 C={31,64,576} gen={gauss,uniform,positive,range}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} x={f16,bf16} y={f32,f16,bf16} gen={gauss,range}", ASSAY_QUICK },
    { "R=2 C={17,32} x=f32 y={f16,bf16} gen={gauss,range}", ASSAY_QUICK },
    { "R=2 C={1536,4095,4096,4097,8200} gen={gauss,range}", ASSAY_QUICK },
    { "R=3 C=14336 gen={gauss,range}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=37 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=5 C=35 x={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=37 gen=" ASSAY_SQUARES "@x", ASSAY_QUICK },
    { "R=3 C=37 x={f32,bf16} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* So far up silu is the identity. */
static double land(const assay_case *c, int i, int64_t j)
{
    (void)i;
    return fabs(assay_landing(c, j));
}

static const assay_known_answer answers[] = {
    { "C=6",
      { { -3, -1, -0.5, 0.5, 1, 3 } },
      { -0.1422776195327, -0.26894142137, -0.1887703343991, 0.3112296656009, 0.73105857863, 2.857722380467 } },
    { "C=3", { { INFINITY, -INFINITY, 0 } }, { INFINITY, -0.0, 0 } },
};

/* x sigmoid(x); at -inf its limit. */
SECOND(silu)
{
    const double *x = a->operand[0];
    double *y = a->operand[1];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        y[i] = x[i] == -INFINITY ? -0.0 : (double)(x[i] / (1 + expl(-(long double)x[i])));
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.ffn", "R=1 C=1536", 1 },
    { "smollm2-135m.prefill512.ffn", "R=512 C=1536", 512 },
    { "llama3-8b.decode.ffn", "R=1 C=14336", 1 },
    { "llama3-8b.prefill512.ffn", "R=512 C=14336", 512 },
};

static const assay_vector_case vectors[] = {
    { "gauss", "R=3 C=33 gen=gauss" },
    { "huge", "R=3 C=9 gen=huge" },
    { "f16", "R=2 C=17 x=f16 y=bf16 gen=gauss" },
};

static const assay_relation relations[] = {
    ALONG(REVERSE, "columns in reverse: in y too", "R=5 C={7,43} gen=gauss seed=3", "C", LOOSE),
    ALONG(CUT, "columns in two calls: the same", "R=5 C={7,43} gen=gauss seed=3", "C", LOOSE),
    { "-x: y - x", "R=5 C={7,43} gen=gauss seed=3", ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x",
      .slack = LOOSE },
    { "-x: y - x", "R=5 C={7,43} gen=wide seed=3", ASSAY_ACT_AFFINE, .on = "x", .by = -1, .less = "x", .slack = LOOSE },
};

SUITE(silu) = { USUAL_TABLES(silu), .land = land, .exact = exact, .holes = holes };
TABLES(silu);
