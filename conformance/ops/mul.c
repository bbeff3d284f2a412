/* SPDX-License-Identifier: MIT
 * mul: cases.  Every input is exact here: one rounding of the exact product, so NaN apart everything is judged by bits.
 */
#include "tables.h"
#include "../../reference/core/values.h"
#include <math.h>

/* Pairs whose exact product lies at, or next to, the middle of two f32: one rounding and two differ. */
static bool halfway(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++) {
        const double odd = (double)(2 * assay_rng_below(rng, 1 << 11) + 1);
        /* (2^12 + odd) (2^12 + odd') < 2^25: 25 bits, the last of them set: the middle of two f32, every time */
        value[i][k] = 0x1p12 + fmod(odd, 0x1p10);
    }
    return true;
}
/* Normal factors, subnormal product: the last bits of it are rounded off at 2^-149. */
static double underflow(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c;
    (void)j;
    const int e = i == 0 ? -70 : -65 - (int)assay_rng_below(rng, 12);
    return ldexp(assay_rng_normal(rng), e);
}
static const assay_gen gens[] = {
    GEN_FILL("halfway", EXACT, halfway, "products in the middle of two f32"),
    GEN_DRAW("underflow", EXACT, underflow, "normal factors, subnormal products"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,ints-wide}", ASSAY_QUICK },
    { "R=3 C={7,16,33,67} gen={halfway,underflow,special,spike,wide,denormal,signed-zero,zero,huge}", ASSAY_QUICK },
    { "R=5 C={31,64,576} gen={gauss,uniform,positive,halfway}", ASSAY_QUICK },
    { "R=48 C={3,17} gen=special", ASSAY_QUICK }, /* each odd value in many rows, by no luck of the draw */
    { "R={0,1} C=0 gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} a={f16,bf16} b={f16,bf16} y={f32,f16,bf16} gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "R=2 C={17,32} a=f32 b={f16,bf16} y={f16,bf16} gen={gauss,ints-narrow}", ASSAY_QUICK },
    { "R=9 C=130 a={f32,f16} b={f32,f16} y={f16,bf16} gen={gauss,wide}", ASSAY_QUICK },
    { "R=60 C={5,33} gen=special", ASSAY_QUICK }, /* each odd value five times or so */
    { "R=2 C={1536,4097,8200} gen={gauss,wide}", ASSAY_QUICK },
    { "R=3 C=14336 gen={gauss,wide}", ASSAY_FULL },
    /* values at every place */
    { "R=7 C=37 gen=" ASSAY_VALUES "@{a,b}", ASSAY_QUICK },
    { "R=5 C=35 a={f16,bf16} b={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@{a,b}", ASSAY_QUICK },
    { "R=7 C=19 gen={zero-inf,square-under,square-over}@{a,b}", ASSAY_QUICK },
    { "R=3 C=37 a={f32,f16,bf16} b={f32,f16} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* 65,520, the first that rounds to infinity in f16, is 7 times an f16; so it is in bf16. */
static double land(const assay_case *c, int i, int64_t j)
{
    return i == 0 ? assay_landing(c, j) / 7 : 7;
}

/* The middle of two floats, each way; zeros. */
static const assay_known_answer answers[] = {
    { "C=4", { { 4097, 4099, -0.0, -0.0 }, { 4097, 4097, 2, -2 } }, { 16785408, 16793604, -0.0, 0 } },
};

/* The product of two floats, which long double holds or is nowhere near the middle of two floats, rounded once. */
SECOND(mul)
{
    const double *x = a->operand[0], *b = a->operand[1];
    double *y = a->operand[2];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        y[i] = (float)((long double)x[i] * b[i]);
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.ffn", "R=1 C=1536", 1 },
    { "smollm2-135m.prefill512.ffn", "R=512 C=1536", 512 },
    { "llama3-8b.decode.ffn", "R=1 C=14336", 1 },
    { "llama3-8b.prefill512.ffn", "R=512 C=14336", 512 },
};

static const assay_vector_case vectors[] = {
    { "gauss", "R=3 C=33 gen=gauss" },
    { "denormal", "R=3 C=9 gen=denormal" },
};

static const assay_relation relations[] = {
    { "b a is a b", "R=5 C={7,43} gen=gauss seed=3", ASSAY_ACT_SWAP, .on = "a b" },
    AFFINE("4 a: 4 y", "R=5 C={7,43} gen=gauss seed=3", "a", 4, 0, 4, 0),
    AFFINE("-b: -y", "R=5 C={7,43} gen=gauss seed=3", "b", -1, 0, -1, 0),
    ALONG(REVERSE, "columns in reverse: in y too", "R=5 C={7,43} gen=gauss seed=3", "C", 0),
    ALONG(REVERSE, "rows in reverse: in y too", "R=5 C={7,43} gen=gauss seed=3", "R", 0),
};

SUITE(mul) = { USUAL_TABLES(mul), .land = land };
TABLES(mul);
