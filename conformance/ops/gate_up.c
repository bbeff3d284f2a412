/* SPDX-License-Identifier: MIT
 * gate_up: cases.  Where the gate is 32 or more silu(g) = g to the last bit of f32, and below -1024 it is -0; so
 * integers on the grid of the weights' type, and activations that rounding to q8_0 leaves alone, give y = RN(g u)
 * exactly. */
#include "../../reference/core/dtype.h"
#include "../../reference/core/fused.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/status.h"
#include "../../reference/core/values.h"
#include "assay/blocks.h"
#include "tables.h"
#include <math.h>
#include <string.h>

enum { X, GATE, UP, Y };

static bool even_row(const assay_case *c, int64_t k)
{
    return c->dim[2] == 0 || k / c->dim[2] % 2 == 0;
}

/* Activations 1 .. 8 with 127 first in each block of 32.  Gate: all of one sign in a row, so g is far from 0; the first
 * two of a block hold the extremes that make its scale 1.  Up: the same extremes, the rest of any sign. */
static bool open_or_shut(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1;
    for (int64_t j = 0; j < n; j++) {
        const int64_t at = j % K % 32;
        const double sign = i == X || even_row(c, j) ? 1 : -1, first = c->type[i] == ASSAY_q8_0 ? 127 : 7;
        double v = (double)(i == UP ? assay_rng_below(r, 13) - 6 : 1 + assay_rng_below(r, 6));
        if (i == X)
            v = at == 0 ? 127 : at == 1 ? 1 : v;
        else if (at < 2)
            v = at == 0 ? first : -8;
        value[i][j] = sign * v;
    }
    return true;
}

/* Every activation +-127 and every weight an extreme code, one sign per row: pair sums and block sums are as large as
 * they get. */
static bool saturate(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    (void)r;
    for (int64_t j = 0; j < n; j++) {
        const double sign = i == X || even_row(c, j) ? 1 : -1;
        const bool planted = c->type[i] == ASSAY_q4_1 && j % 32 == 31;
        value[i][j] = i == X                     ? 127
                      : c->type[i] == ASSAY_q4_1 ? ((sign > 0) != planted ? 7 : -8)
                      : c->type[i] == ASSAY_q4_0 ? -8 * sign
                      : c->type[i] == ASSAY_q8_0 ? 127 * sign
                                                 : 64 * sign;
    }
    return true;
}

/* Products of unit variance times `spread`: where silu bends, or far out on both sides. */
static void spread(const assay_case *c, int i, int64_t n, double by, double *v, assay_rng *r)
{
    const double scale = i == X ? 1 : by / sqrt(c->dim[2] ? (double)c->dim[2] : 1);
    for (int64_t j = 0; j < n; j++)
        v[j] = scale * assay_rng_normal(r);
}
static bool unit(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    spread(c, i, n, 1, value[i], r);
    return true;
}
static bool far(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    spread(c, i, n, i == GATE ? 40 : 1, value[i], r);
    return true;
}

/* Scales of neighbouring blocks differ by up to 2^16, so that one block's scale used for another shows. */
static bool wide_blocks(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    const int64_t K = c->dim[2] ? c->dim[2] : 1;
    spread(c, i, n, 1, value[i], r);
    for (int64_t j = 0; j < n && i != X; j++)
        value[i][j] = ldexp(value[i][j], (int)((j / K * 5 + j % K / 32 * 7) % 17) - 8);
    return true;
}

/* Blocks of 32 equal, large activations: d sum(q) passes 65504 where it is kept as f16. */
static bool large_equal(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i != X)
        return unit(c, i, n, value, r);
    for (int64_t j = 0; j < n; j++)
        value[i][j] = 4000 + (double)(j / 32 % 8) * 500;
    return true;
}

/* A NaN in one row of x: that row of y is NaN, the others are not. */
static bool one_nan(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    unit(c, i, n, value, r);
    if (i == X && n)
        value[i][assay_rng_below(r, n)] = NAN;
    return true;
}

/* Weights by raw(): codes that no encoder writes; activations of both signs after the first of a block. */
static bool any_codes(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    open_or_shut(c, i, n, value, r);
    for (int64_t j = 0; i == X && j < n; j++)
        if (j % 32)
            value[X][j] *= assay_rng_below(r, 2) ? 1 : -1;
    return true;
}

static const assay_gen gens[] = {
    { .name = "open-or-shut",
      .tag = ASSAY_TAG_EXACT,
      .fill = open_or_shut,
      .says = "gates far from 0, so that silu is the identity or 0: integers" },
    { .name = "saturate",
      .tag = ASSAY_TAG_EXACT,
      .fill = saturate,
      .says = "activations of 127 against extreme codes, one sign a row" },
    { .name = "any-codes", .tag = ASSAY_TAG_EXACT, .fill = any_codes, .says = "codes that no encoder writes" },
    { .name = "unit", .tag = ASSAY_TAG_RANDOM, .fill = unit, .says = "products of unit variance, where silu bends" },
    { .name = "far",
      .tag = ASSAY_TAG_ADVERSARIAL,
      .fill = far,
      .says = "gates of variance 1600, far out on both sides" },
    { .name = "wide-blocks",
      .tag = ASSAY_TAG_ADVERSARIAL,
      .fill = wide_blocks,
      .says = "scales of neighbouring blocks that differ by up to 2^16" },
    { .name = "large-equal",
      .tag = ASSAY_TAG_ADVERSARIAL,
      .fill = large_equal,
      .says = "large equal activations: their sum passes 65504" },
    { .name = "one-nan", .tag = ASSAY_TAG_CLASS, .fill = one_nan, .says = "a NaN in one row of x" },
};

/* q8_0 codes, a quarter of them -128.  The gate's scale is -1 and its first code of a block, -128, meets the activation
 * 127: g is far above 0. */
static bool raw(const assay_case *c, int i, void *data, size_t n, assay_rng *r)
{
    if (i == X || c->type[i] != ASSAY_q8_0 || strcmp(c->gen->name, "any-codes") != 0)
        return false;
    char *p = data;
    for (size_t at = 0; at + sizeof(assay_q8_0) <= n; at += sizeof(assay_q8_0)) {
        assay_q8_0 b = { .d = i == GATE ? 0xbc00 : 0x3c00 }; /* -1, 1 */
        for (int j = 0; j < 32; j++)
            b.q[j] = (int8_t)(assay_rng_below(r, 4) ? assay_rng_below(r, 9) - 4 : -128);
        if (i == GATE)
            b.q[0] = -128;
        memcpy(p + at, &b, sizeof b);
    }
    return true;
}

#define BOTH(t) "gate=" #t " up=" #t " "
#define ROWS(t)                                                                                                        \
    { "T=1 N={1..17,33,64,100,131} K=64 " BOTH(t) "gen=open-or-shut", ASSAY_QUICK },                                   \
        { "T={1..9,13} N=17 K=96 " BOTH(t) "gen={open-or-shut,unit}", ASSAY_QUICK },                                   \
        { "T={3,7} N=17 K={32,288} " BOTH(t) "gen={saturate,far,wide-blocks,large-equal,one-nan,unit}", ASSAY_QUICK }, \
    {                                                                                                                  \
        "T={1,5} N={16,50} K={576,1536} " BOTH(t) "gen={open-or-shut,unit,far}", true                                  \
    }
#define OF_BLOCKS(t)                                                                                                   \
    {                                                                                                                  \
        "T={1,5} N={3,35} K=512 " BOTH(t) "gen={unit,far,wide-blocks}", ASSAY_QUICK                                    \
    }
static const assay_rows rows[] = {
    ROWS(f32),
    ROWS(q8_0),
    ROWS(q4_0),
    ROWS(q4_1),
    { "T=1 N=2 K={4096,32768} gate=f32 up=f32 gen={unit,far,positive,equal,ramp,spike}", ASSAY_QUICK },
    { "T=1 N=2 K={4096,32768} gate=q8_0 up=q8_0 gen={unit,positive,equal,ramp}", ASSAY_QUICK },
    { "T={1,4} N={3,31} K={32,352} gate=q8_0 up=q8_0 gen=any-codes", ASSAY_QUICK },
    { "T=2 N=3 K={0..33} gen={open-or-shut,unit}", ASSAY_QUICK },
    { "T=66 N=5 K={1,2} gen=short", ASSAY_QUICK },
    { "T={0,1} N={0,5} K=64 gate={f32,q8_0,q4_1} up={f32,q8_0} gen=unit", ASSAY_QUICK },
    { "T={1..16} N=2 K=256 gate={q4_k,q6_k} up={q4_k,q6_k} gen=unit", ASSAY_QUICK },
    OF_BLOCKS(q5_0),
    OF_BLOCKS(q5_1),
    OF_BLOCKS(iq4_nl),
    OF_BLOCKS(iq4_xs),
    OF_BLOCKS(mxfp4),
    OF_BLOCKS(q2_k),
    OF_BLOCKS(q3_k),
    OF_BLOCKS(q4_k),
    OF_BLOCKS(q5_k),
    OF_BLOCKS(q6_k),
    { "T=2 N=5 K={32,64} gate={f16,bf16,q4_0} up={f16,bf16,q4_1} gen={open-or-shut,far}", ASSAY_QUICK },
    /* values at every place */
    { "T=4 N=9 K=70 gen=" ASSAY_VALUES "@{x,gate,up}", ASSAY_QUICK },
    { "T=4 N=9 K=40 gate={f16,bf16} up={f16,bf16} gen=" ASSAY_VALUES "@{gate,up}", ASSAY_QUICK },
    { "T=4 N=9 K=40 gen={zero-inf,square-under,square-over}@{x,gate,up}", ASSAY_QUICK },
    { "T=4 N=9 K=40 gen=end@y", ASSAY_QUICK },
    { "T={1,4} N={1,9} K=40 gen=zero-inf@{x,gate,up}", ASSAY_QUICK }, /* alone, nobody else reads the same number */
    { "N=9 K=64 gate=f32 up=q4_0 gen=zero-inf@x", ASSAY_QUICK },      /* and only one of the two holds infinity */
    { "N=9 K=64 gate=q4_0 up=f32 gen=zero-inf@x", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q8_0 up=q8_0 gen=" ASSAY_SCALES "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q4_0 up=q4_0 gen=" ASSAY_SCALES "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q4_1 up=q4_1 gen=" ASSAY_SCALES "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q4_k up=q4_k gen=" ASSAY_SCALES "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q6_k up=q6_k gen=" ASSAY_SCALES "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=iq4_xs up=iq4_xs gen=" ASSAY_SCALES "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q4_1 up=q4_1 gen=" ASSAY_MINIMA "@{gate,up}", ASSAY_QUICK },
    { "T={1,4} N=9 K=256 gate=q4_k up=q4_k gen=" ASSAY_MINIMA "@{gate,up}", ASSAY_QUICK },
};

/* x = (1, 2), gate = (3, -1) and (-0.25, 0), up = (0.5, 1) and (2, -4): g = 1, -0.25; u = 2.5, -6. */
static bool known(assay_why *why)
{
    static const double want[2] = { 1.8276464465750122, 0.656735248671303 };
    double x[] = { 1, 2 }, gate[] = { 3, -1, -0.25, 0 }, up[] = { 0.5, 1, 2, -4 }, y[2];
    const assay_dense d = { (void *[]){ x, gate, up, y }, NULL, (const int64_t[]){ 1, 2, 2 }, NULL };
    if (assay_reference(assay_op_find("gate_up"), &d, sizeof(double), why))
        return false;
    for (int i = 0; i < 2; i++)
        if (!(fabs(y[i] - want[i]) <= 1e-14))
            return assay_fail(why, ASSAY_OK, "y[%d] is %.17g, want %.17g", i, y[i], want[i]), false;
    return true;
}

/* Each element by itself: both products of it in one loop, from the last to the first, and what silu makes of the one,
 * whose limit at -inf is -0. */
SECOND(gate_up)
{
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    for (int64_t i = 0; i < T * N; i++) {
        const double *x = (const double *)a->operand[X] + i / N * K;
        const double *gate = (const double *)a->operand[GATE] + i % N * K;
        const double *up = (const double *)a->operand[UP] + i % N * K;
        long double g = 0, u = 0;
        for (int64_t k = K - 1; k >= 0; k--) {
            g += (long double)x[k] * gate[k];
            u += (long double)x[k] * up[k];
        }
        ((double *)a->operand[Y])[i] = (double)(u * (g == -INFINITY ? -0.0L : g / (1 + expl(-g))));
    }
}

/* Integers as long as the weights' types hold extreme codes exactly and their sums stay below 2^24; codes that no
 * encoder writes leave the gate far from 0 in q8_0 alone. */
static bool fits(const assay_case *c, assay_why *why)
{
    static const struct {
        const char *gen;
        int64_t most;
        bool gate_q8;
    } exact[] = { { "saturate", 1024, false }, { "open-or-shut", 16384, false }, { "any-codes", 16384, true } };
    const uint64_t grids = ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16) | ASSAY_T(q8_0) | ASSAY_T(q4_0) | ASSAY_T(q4_1);
    const bool held = grids >> c->type[GATE] & grids >> c->type[UP] & 1;
    size_t i = 0;
    while (i < ASSAY_COUNT_OF(exact) && strcmp(exact[i].gen, c->gen->name) != 0)
        i++;
    if (i == ASSAY_COUNT_OF(exact) ||
        (held && c->dim[2] <= exact[i].most && !(exact[i].gate_q8 && c->type[GATE] != ASSAY_q8_0)))
        return true;
    assay_fail(why, ASSAY_OK, "gate_up: gen=%s is exact for K to %lld, floats, q8_0, q4_0, q4_1%s", exact[i].gen,
               (long long)exact[i].most, exact[i].gate_q8 ? ", and gate=q8_0" : "");
    return false;
}

/* Weights are 1, one number of each row of x is not 0: y is its square. */
static double land(const assay_case *c, int i, int64_t j)
{
    const int64_t K = c->dim[2], t = K ? j / K : 0;
    return i != 0 ? 1 : (j + 3 * t) % K == 0 ? sqrt(fabs(assay_landing(c, t))) : 0;
}

static const assay_workload workloads[] = {
    { "smollm2-135m.decode.ffn.f32", "T=1 N=1536 K=576 gate=f32 up=f32", 1 },
    { "smollm2-135m.decode.ffn.q8_0", "T=1 N=1536 K=576 gate=q8_0 up=q8_0", 1 },
    { "smollm2-135m.decode.ffn.q4_0", "T=1 N=1536 K=576 gate=q4_0 up=q4_0", 1 },
    { "smollm2-135m.decode.ffn.q4_1", "T=1 N=1536 K=576 gate=q4_1 up=q4_1", 1 },
    { "smollm2-135m.prefill512.ffn.f32", "T=512 N=1536 K=576 gate=f32 up=f32", 512 },
    { "smollm2-135m.prefill512.ffn.q8_0", "T=512 N=1536 K=576 gate=q8_0 up=q8_0", 512 },
    { "smollm2-135m.prefill512.ffn.q4_0", "T=512 N=1536 K=576 gate=q4_0 up=q4_0", 512 },
    { "smollm2-135m.prefill512.ffn.q4_1", "T=512 N=1536 K=576 gate=q4_1 up=q4_1", 512 },
    { "llama3-8b.decode.ffn.f32", "T=1 N=14336 K=4096 gate=f32 up=f32", 1 },
    { "llama3-8b.decode.ffn.q8_0", "T=1 N=14336 K=4096 gate=q8_0 up=q8_0", 1 },
    { "llama3-8b.decode.ffn.q4_0", "T=1 N=14336 K=4096 gate=q4_0 up=q4_0", 1 },
    { "llama3-8b.decode.ffn.q4_1", "T=1 N=14336 K=4096 gate=q4_1 up=q4_1", 1 },
    { "llama3-8b.prefill512.ffn.f32", "T=512 N=14336 K=4096 gate=f32 up=f32", 512 },
    { "llama3-8b.prefill512.ffn.q8_0", "T=512 N=14336 K=4096 gate=q8_0 up=q8_0", 512 },
    { "llama3-8b.prefill512.ffn.q4_0", "T=512 N=14336 K=4096 gate=q4_0 up=q4_0", 512 },
    { "llama3-8b.prefill512.ffn.q4_1", "T=512 N=14336 K=4096 gate=q4_1 up=q4_1", 512 },
};

static const assay_vector_case vectors[] = {
    { "f32", "T=2 N=5 K=33 gen=unit" },
    { "q8_0", "T=2 N=5 K=64 gate=q8_0 up=q8_0 gen=unit" },
    { "q4_k_q6_k", "T=2 N=3 K=256 gate=q4_k up=q6_k gen=unit" },
    { "q5_k_mxfp4", "T=2 N=3 K=256 gate=q5_k up=mxfp4 gen=unit" },
    { "iq4_xs", "T=2 N=3 K=256 gate=iq4_xs up=iq4_xs gen=unit" },
    { "open_or_shut", "T=2 N=5 K=32 gate=f16 up=q4_1 gen=open-or-shut" },
};

#define GATE  "T=5 N={19,23} K=33 gen=gauss seed=3"
#define GATEQ "T=5 N=20 K=64 gate={q8_0,q4_0,q4_1} up={q8_0,q4_0,q4_1} gen=gauss seed=3"
static const assay_relation relations[] = {
    AFFINE("4 up: 4 y", GATE, "up", 4, 0, 4, 0),
    AFFINE("-up: -y", GATE, "up", -1, 0, -1, 0),
    ALONG(REVERSE, "rows of x in reverse: rows of y too", GATE, "T", LOOSE),
    ALONG(REVERSE, "rows of the weights in reverse: columns of y too", GATE, "N", LOOSE),
    ALONG(REVERSE, "rows of the weights in reverse: columns of y too", GATEQ, "N", LOOSE),
    ALONG(REVERSE, "terms of the sums in reverse: the same", GATE, "K", LOOSE),
    MORE("three terms of 0 more: the same", GATE, "K", "", 0, LOOSE),
    ALONG(CUT, "columns in two calls: the same", GATE, "N", LOOSE),
    ALONG(CUT, "columns in two calls: the same", GATEQ, "N", LOOSE),
};

const assay_suite assay_suite_gate_up = {
    .op = "gate_up",
    .draws_own = true,
    .land = land,
    .fits = fits,
    .second = second_gate_up,
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .raw = raw,
    .known = known,
};
TABLES(gate_up);
