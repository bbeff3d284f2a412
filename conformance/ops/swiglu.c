/* SPDX-License-Identifier: MIT
 * swiglu: cases; saturated gates, where the answer is an exact product; the definition in wide precision. */
#include "tables.h"
#include "../../reference/core/values.h"
#include <math.h>

enum { GATE, UP };

/* silu(gate) is gate itself above 32 and 0 below -1024: y is an integer product or a zero, bit for bit. */
static bool saturated(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++) {
        const double v = 64 + (double)assay_rng_below(rng, 64);
        value[i][k] = i == UP ? (double)(2 * assay_rng_below(rng, 64) - 63) : assay_rng_below(rng, 4) ? v : -32 * v;
    }
    return true;
}
static bool range(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = i == GATE ? 200 * (assay_rng_uniform(rng) - 0.5) : assay_rng_normal(rng);
    return true;
}
/* e^gate, or silu, is subnormal: -86 to -92. */
static double edge(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)j;
    return i == GATE ? -86 - 6 * assay_rng_uniform(rng) : assay_rng_normal(rng);
}
static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -0.0, 0.0 };
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(rng, 2) ? odd[assay_rng_below(rng, 4)] : assay_rng_normal(rng);
    return true;
}

static const assay_gen gens[] = {
    GEN_FILL("saturated", EXACT, saturated, "silu(gate) is gate itself or 0: integers"),
    TIGHT_DRAW("edge", ADVERSARIAL, edge, "gates of -86 to -92: e^gate becomes subnormal"),
    TIGHT_FILL("range", ADVERSARIAL, range, "gates from -100 to 100, evenly"),
    GEN_FILL("special", CLASS, special, "NaN, inf and zeros"),
};
static const char *const exact[] = { "zero", NULL };
static const char *const holes[] = { "special: gate = -inf: 0 up (the limit) and NaN are both right", NULL };

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,saturated}", ASSAY_QUICK },
    { "R=3 C={7,16,33,67} gen={range,edge,special,spike,wide,denormal,signed-zero,zero}", ASSAY_QUICK },
    { "R=5 C={31,64,576} gen={gauss,uniform,positive,saturated}", ASSAY_QUICK },
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} gate={f16,bf16} up={f16,bf16} y={f32,f16,bf16} gen={gauss,saturated}", ASSAY_QUICK },
    { "R=2 C={17,32} gate=f32 up={f16,bf16} y={f16,bf16} gen={gauss,range}", ASSAY_QUICK },
    { "R=2 C={1536,4097,8200} gen={gauss,saturated}", ASSAY_QUICK },
    { "R=3 C=14336 gen={gauss,range}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=37 gen=" ASSAY_VALUES "@{gate,up}", ASSAY_QUICK },
    { "R=5 C=35 gate={f16,bf16} up={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{gate,up}", ASSAY_QUICK },
    { "R=7 C=37 gen={zero-inf,square-under,square-over}@{gate,up}", ASSAY_QUICK },
    { "R=3 C=37 gate={f32,bf16} up={f32,f16} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* silu(56) is 56 to the last bit, and 65,520 is 56 times an f16. */
static double land(const assay_case *c, int i, int64_t j)
{
    return i == 0 ? 56 : assay_landing(c, j) / 56;
}

static const assay_known_answer answers[] = {
    { "C=3", { { -1, 0.5, 2 }, { 3, -2, 0.5 } }, { -0.80682426411, -0.6224593312019, 0.8807970779779 } },
    { "C=3", { { INFINITY, -INFINITY, 0 }, { 2, 3, 5 } }, { INFINITY, -0.0, 0 } },
};

/* gate sigmoid(gate) up; sigmoid's product at -inf is its limit. */
SECOND(swiglu)
{
    const double *gate = a->operand[0], *up = a->operand[1];
    double *y = a->operand[2];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const long double g = gate[i], s = gate[i] == -INFINITY ? -0.0L : g / (1 + expl(-g));
        y[i] = (double)(s * up[i]);
    }
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.ffn", "R=1 C=1536", 1 },
    { "smollm2-135m.prefill512.ffn", "R=512 C=1536", 512 },
    { "llama3-8b.decode.ffn", "R=1 C=14336", 1 },
    { "llama3-8b.prefill512.ffn", "R=512 C=14336", 512 },
};

static const assay_vector_case vectors[] = {
    { "gauss", "R=3 C=33 gen=gauss" },
    { "wide", "R=3 C=11 gen=wide" },
};

static const assay_relation relations[] = {
    AFFINE("4 up: 4 y", "R=5 C={7,43} gen=gauss seed=3", "up", 4, 0, 4, 0),
    AFFINE("-up: -y", "R=5 C={7,43} gen=gauss seed=3", "up", -1, 0, -1, 0),
    ALONG(REVERSE, "columns in reverse: in y too", "R=5 C={7,43} gen=gauss seed=3", "C", LOOSE),
};

SUITE(swiglu) = { USUAL_TABLES(swiglu), .land = land, .exact = exact, .holes = holes };
TABLES(swiglu);
