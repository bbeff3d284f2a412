/* SPDX-License-Identifier: MIT
 * add: cases.  Every input is exact here: one rounding of the exact sum, so NaN apart everything is judged by bits. */
#include "tables.h"
#include "../../reference/core/values.h"
#include <math.h>

/* Pairs whose exact sum lies at, or next to, the middle of two f32: one rounding and two differ. */
static bool halfway(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    (void)c;
    for (int64_t k = 0; k < n; k++) {
        const double odd = (double)(2 * assay_rng_below(rng, 1 << 11) + 1);
        /* 2^24 + an odd number: between two multiples of 2; now and then a little beside the middle */
        const double beside = assay_rng_below(rng, 2) ? 0 : 0x1p-17;
        value[i][k] = i == 0 ? 0x1p24 : odd + (odd < 64 ? beside : 0);
    }
    return true;
}
static const assay_gen gens[] = {
    GEN_FILL("halfway", EXACT, halfway, "2^24 plus odd numbers: sums in the middle of two f32, or a little beside it"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..40} gen={gauss,ints-wide}", ASSAY_QUICK },
    { "R=3 C={7,16,33,67} gen={halfway,special,spike,wide,denormal,signed-zero,zero,huge}", ASSAY_QUICK },
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
    { "R=3 C=19 gen=zero-inf@{a,b}", ASSAY_QUICK },
    { "R=3 C=37 a={f32,f16,bf16} b={f32,f16} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* a is as near as its type comes, b the rest. */
static double land(const assay_case *c, int i, int64_t j)
{
    const double to = assay_landing(c, j), near = assay_held(c->type[0], to);
    return i == 0 ? near : to - near;
}

/* The middle of two floats, each way; zeros. */
static const assay_known_answer answers[] = {
    { "C=4", { { 0x1p24, 0x1p24, -0.0, -0.0 }, { 1, 3, 0, -0.0 } }, { 0x1p24, 0x1p24 + 4, 0, -0.0 } },
};

/* The sum of two floats, which long double holds or is nowhere near the middle of two floats, rounded once. */
SECOND(add)
{
    const double *x = a->operand[0], *b = a->operand[1];
    double *y = a->operand[2];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++)
        y[i] = (float)((long double)x[i] + b[i]);
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode", "R=1 C=576", 1 },
    { "smollm2-135m.prefill512", "R=512 C=576", 512 },
    { "llama3-8b.decode", "R=1 C=4096", 1 },
    { "llama3-8b.prefill512", "R=512 C=4096", 512 },
};

static const assay_vector_case vectors[] = {
    { "gauss", "R=3 C=33 gen=gauss" },
    { "special", "R=6 C=9 gen=special" },
    { "f16", "R=2 C=17 a=f16 b=f32 y=bf16 gen=gauss" },
};

static const assay_relation relations[] = {
    { "b + a is a + b", "R=5 C={7,43} gen=gauss seed=3", ASSAY_ACT_SWAP, .on = "a b" },
    AFFINE("4 a, 4 b: 4 y", "R=5 C={7,43} gen=gauss seed=3", "a b", 4, 0, 4, 0),
    AFFINE("-a, -b: -y", "R=5 C={7,43} gen=gauss seed=3", "a b", -1, 0, -1, 0),
    ALONG(REVERSE, "columns in reverse: in y too", "R=5 C={7,43} gen=gauss seed=3", "C", 0),
    ALONG(REVERSE, "rows in reverse: in y too", "R=5 C={7,43} gen=gauss seed=3", "R", 0),
};

SUITE(add) = { USUAL_TABLES(add), .land = land };
TABLES(add);
