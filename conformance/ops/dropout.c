/* SPDX-License-Identifier: MIT
 * dropout: cases; words at the threshold and at both ends; blocks whose number is carried into its upper half. */
#include "assay/params/dropout.h"
#include "tables.h"
#include "../../reference/core/values.h"
#include <math.h>

/* NaN, infinities, zeros and the largest f32 in every lane, kept and dropped */
static bool special(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *rng)
{
    static const double odd[] = { NAN, INFINITY, -INFINITY, -0.0, 0.0, 0x1.fffffep127, -0x1.fffffep127 };
    (void)c;
    for (int64_t k = 0; k < n; k++)
        value[i][k] = assay_rng_below(rng, 2) ? odd[assay_rng_below(rng, 7)] : assay_rng_normal(rng);
    return true;
}

/* Subnormal, and about as many normal: what underflows, and what a kernel flushes */
static double small(const assay_case *c, int i, int64_t j, assay_rng *rng)
{
    (void)c, (void)i;
    return assay_rng_normal(rng) * exp2(j % 2 ? -140 : -126);
}

static const assay_gen gens[] = {
    GEN_FILL("special", CLASS, special, "NaN, inf, zeros and the largest f32"),
    TIGHT_DRAW("small", ADVERSARIAL, small, "numbers about 2^-140 and 2^-126"),
};

static const assay_rows rows[] = {
    { "R={1,3} C={1..20} p={0.1,0.5} key=42 gen={gauss,uniform}", ASSAY_QUICK },
    { "R=5 C={31,64,66,67,130} p={0,0.3,0.9,1} key=5 step=3 offset=7 gen={gauss,special,signed-zero}", ASSAY_QUICK },
    { "R=3 C=41 p=0.25 key=7 gen={denormal,small,huge,wide,spike,zero,special}", ASSAY_QUICK },
    { "R={0,1} C={0,1} p={0,0.5} gen=gauss", ASSAY_QUICK },
    { "R=2 C={17,32} p={0.1,0.5} key=9 x={f16,bf16} y={f32,f16,bf16} gen={gauss,special}", ASSAY_QUICK },
    { "R=2 C={17,32} p={0,0.1} key=9 y={f16,bf16} gen=gauss", ASSAY_QUICK },
    { "R=2 C={4097,8201} p=0.1 key=3 gen={gauss,uniform}", ASSAY_QUICK },
    /* each half of the key and of the counter, its highest bit too, which is no sign; more bits than f32 has */
    { "R=3 C=22 p=0.3 key={5000000000,16777217,3000000000,12884901888} step={1,16777217,4294967296,3000000000} "
      "gen=gauss",
      ASSAY_QUICK },
    { "R=3 C=22 p=0.3 key=1 offset={1,3,16777217,65537,3000000000,12884901888,9007199254740992} gen=gauss",
      ASSAY_QUICK },
    { "R=3 C=22 p=0.3 key=1 step={65537,9007199254740992,12884901888} gen=gauss", ASSAY_QUICK },
    /* the carry into the upper half of a block's number: between two blocks, between two rows, before the first */
    { "R=3 C={4,7,22,67} p=0.5 key=6 offset={4294967295,4294967294,4294967290,8589934590,4294967296} gen=gauss",
      ASSAY_QUICK },
    /* a word at p 2^24, a quarter, half and three quarters of a step below it: at odd and even, below p = 1/2 and above
     */
    { "R=1 C=16 key=42 p={0.612959862,0.987718642,0.0732316971,0.468586504,0.825866818,0.65831548} gen=uniform",
      ASSAY_QUICK },
    { "R=1 C=24 key=42 p={0.073231712,0.0732317269,0.0732317418,0.0517838746,0.0517838895,0.0517839044} gen=uniform",
      ASSAY_QUICK },
    /* words whose upper 24 bits are 0, and all 1: at the least p that drops one, below it, and at the largest below 1
     */
    { "R=1 C=8 key=1343428 p={0,1e-30,2.98023206e-08,2.98023224e-08,5.96046448e-08} gen=uniform", ASSAY_QUICK },
    { "R=1 C=8 key=12121362 p={0,2.98023206e-08,2.98023224e-08} gen=uniform", ASSAY_QUICK },
    { "R=1 C=8 key=39075 p={0.99999994,0.9999999,0.99999,1} gen={gauss,denormal}", ASSAY_QUICK },
    { "R=1 C=12 key={810476,1142540} p={0.99999994,1} gen={gauss,uniform}", ASSAY_QUICK },
    { "R=7 C=149 p={0.96875,0.999} key=2 gen={gauss,denormal}", ASSAY_QUICK },
    /* values at every place */
    { "R=7 C=37 p=0.1 key=11 gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=7 C=37 p={0.7,1} key=11 gen={nan,inf,minus-inf,signed-zero,end}@x", ASSAY_QUICK },
    { "R=5 C=35 p=0.3 key=8 x={f16,bf16} y={f16,bf16} gen=" ASSAY_VALUES "@x", ASSAY_QUICK },
    { "R=3 C=37 p={0,0.1} key=4 x={f32,bf16} y={f32,f16,bf16} gen=end@y", ASSAY_QUICK },
};

/* What is dropped is 0 wherever it was to land. */
static double land(const assay_case *c, int i, int64_t j)
{
    const double p = (double)((const assay_dropout_params *)(const void *)c->params)->p;
    (void)i;
    return assay_landing(c, j) * (p < 1 ? 1 - p : 1);
}

/* Kept by `seed 42`: 1000101011111110 of p = 1/2, 1101111111111111 of 0.1, which in f32 is 1.49e-9 more. */
#define TENTH 1.11111111295
static const assay_known_answer answers[] = {
    { "C=8 key=42 p=0.5", { { 1, 2, 3, 4, 5, 6, 7, 8 } }, { 2, 0, 0, 0, 10, 0, 14, 0 } },
    { "C=8 key=42 p=0.5 offset=2", { { 1, 2, 3, 4, 5, 6, 7, 8 } }, { 2, 4, 6, 8, 10, 12, 14, 0 } },
    { "R=2 C=4 key=42 p=0.1",
      { { 1, 1, NAN, 1, 1, 1, 1, 1 } },
      { TENTH, TENTH, 0, TENTH, TENTH, TENTH, TENTH, TENTH } },
    { "C=8 key=42 p=0.1 offset=2",
      { { 1, 1, 1, 1, 1, 1, 1, 1 } },
      { TENTH, TENTH, TENTH, TENTH, TENTH, TENTH, TENTH, TENTH } },
    { "C=5 key=42", { { 1, -0.0, INFINITY, 4, 5 } }, { 1, -0.0, INFINITY, 4, 5 } },
    { "C=5 key=42 p=1", { { 1, NAN, INFINITY, 4, 5 } }, { 0, 0, 0, 0, 0 } },
};

/* A word by itself, by quotients and remainders; kept if u + 2^-25 is more than p. */
static uint64_t word_of(const assay_dropout_params *p, uint64_t i)
{
    const uint64_t two32 = UINT64_C(1) << 32, block = (uint64_t)p->offset + i / 4;
    uint64_t k[2] = { (uint64_t)p->key % two32, (uint64_t)p->key / two32 };
    uint64_t c[4] = { block % two32, block / two32, (uint64_t)p->step % two32, (uint64_t)p->step / two32 };
    for (int round = 0; round < 10; round++) {
        const uint64_t b = 3449720151u * c[2], a = 3528531795u * c[0];
        const uint64_t next[4] = { b / two32 ^ c[1] ^ k[0], b % two32, a / two32 ^ c[3] ^ k[1], a % two32 };
        for (int w = 0; w < 4; w++)
            c[w] = next[w];
        k[0] = (k[0] + 2654435769u) % two32, k[1] = (k[1] + 3144134277u) % two32;
    }
    return c[i % 4];
}
SECOND(dropout)
{
    const assay_dropout_params *p = a->params;
    const double *x = a->operand[0];
    double *y = a->operand[1];
    for (int64_t i = 0; i < a->dim[0] * a->dim[1]; i++) {
        const double u = (double)(word_of(p, (uint64_t)i) / 256) / 16777216;
        y[i] = u + 0x1p-25 > (double)p->p ? (double)(x[i] / (1 - (long double)p->p)) : 0;
    }
}

static const assay_workload workloads[] = {
    { "transformer-base.train", "R=4096 C=512 p=0.1 key=1", 4096 },
    { "transformer-big.train", "R=4096 C=1024 p=0.3 key=1", 4096 },
    { "bert-base.train", "R=4096 C=768 p=0.1 key=1", 4096 },
    { "bert-base.train.attention", "R=6144 C=512 p=0.1 key=1", 512 },
    { "zaremba-medium.train", "R=700 C=650 p=0.5 key=1", 700 },
};

static const assay_vector_case vectors[] = {
    { "half", "R=3 C=17 p=0.5 key=42 gen=gauss" },
    { "tenth", "R=3 C=17 p=0.1 key=5000000000 step=7 gen=gauss" },
    { "carried", "R=3 C=9 p=0.3 key=1 step=12884901889 offset=4294967293 gen=gauss" },
    { "all", "R=2 C=9 key=42 gen=special" },
    { "none", "R=2 C=9 p=1 key=42 gen=special" },
    { "special", "R=3 C=33 p=0.4 key=11 gen=special" },
    { "threshold", "R=1 C=16 key=42 p=0.987718642 gen=uniform" },
    { "nearly_all", "R=1 C=8 key=39075 p=0.99999994 gen=gauss" },
    { "narrow", "R=2 C=17 p=0.25 key=3 x=f16 y=bf16 gen=gauss" },
};

#define SOME "R=6 C={7,43} p={0.3,0.5} key=9 offset={0,4294967290} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 x: 4 y", SOME, "x", 4, 0, 4, 0),
    AFFINE("-x: -y", SOME, "x", -1, 0, -1, 0),
    ALONG(PREFIX, "the first rows alone: the same", SOME, "R", 0),
};

SUITE(dropout) = { USUAL_TABLES(dropout), .land = land };
TABLES(dropout);
