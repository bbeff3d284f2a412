/* SPDX-License-Identifier: MIT
 * matmul: cases.  Block weights need values that survive their encoder, so that the golden is exact: each generator
 * below puts every weight on the grid of its type (the largest magnitude of each block is planted). */
#include "../reference/core/suite.h"

enum { X, W, BIAS, Y };

/* The weights of one block: integers (q4_k: multiples of 63, so that its scale of 6 bits times d is 63 * 1), small
 * apart from the planted extremes that make the block's scale a power of two. */
static void grid_block(assay_dtype type, int64_t n, int64_t small, double *v, assay_rng *r)
{
    for (int64_t i = 0; i < n; i++)
        v[i] = (double)(assay_rng_below(r, 2 * small + 1) - small);
    const int64_t p = assay_rng_below(r, n), q = (p + 1 + assay_rng_below(r, n - 1)) % n;
    switch (type) {
    case ASSAY_q8_0:
        v[p] = assay_rng_below(r, 2) ? 127 : -127;
        break;
    case ASSAY_q4_0:
        v[p] = -8;
        break;
    case ASSAY_q4_1:
        v[p] = -8, v[q] = 7;
        break;
    case ASSAY_q6_k:
        v[p] = -32;
        break;
    case ASSAY_q4_k:
        for (int64_t i = 0; i < n; i++)
            v[i] = 63 * (v[i] + (double)small);
        v[p] = 0, v[q] = 63 * 15;
        break;
    default:
        break;
    }
}

static void grid(const assay_case *c, int64_t n, int64_t small, double *v, assay_rng *r)
{
    const int64_t block = c->type[W] == ASSAY_q6_k ? 16 : 32;
    if (ASSAY_HAS((assay_typeset)ASSAY_TYPES(ASSAY_T(f32) | ASSAY_T(f16) | ASSAY_T(bf16)), c->type[W]))
        for (int64_t i = 0; i < n; i++)
            v[i] = (double)(assay_rng_below(r, 2 * small + 1) - small);
    else
        for (int64_t i = 0; i + block <= n; i += block)
            grid_block(c->type[W], block, small, v + i, r);
}

static bool ints_narrow(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i == W)
        grid(c, n, 7, value[i], r);
    else
        for (int64_t k = 0; k < n; k++)
            value[i][k] = (double)(assay_rng_below(r, 17) - 8);
    return true;
}

/* Odd integers of 11 bits against -2 .. 2: what rounds x to bf16 or f16 on the way, or keeps short sums, is seen. */
static bool ints_wide(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i == W)
        grid(c, n, 2, value[i], r);
    else
        for (int64_t k = 0; k < n; k++) {
            const int64_t half = i == X && c->type[X] == ASSAY_bf16 ? 64 : 512;
            value[i][k] = (double)(2 * assay_rng_below(r, 2 * half) - 2 * half + 1);
        }
    return true;
}

/* Activations that rounding to q8_0 or q8_1 leaves alone: integers with one +-127 in each block of 32. */
static bool q8_exact(const assay_case *c, int i, int64_t n, double *const *value, assay_rng *r)
{
    if (i != X)
        return ints_narrow(c, i, n, value, r);
    for (int64_t k = 0; k < n; k++)
        value[X][k] = (double)(assay_rng_below(r, 17) - 8);
    for (int64_t k = 0; k + 32 <= n; k += 32)
        value[X][k + assay_rng_below(r, 32)] = assay_rng_below(r, 2) ? 127 : -127;
    return true;
}

static const assay_gen gens[] = {
    { "ints-narrow", ASSAY_TAG_EXACT, ints_narrow },
    { "ints-wide", ASSAY_TAG_EXACT, ints_wide },
    { "q8-exact", ASSAY_TAG_EXACT, q8_exact },
};
static const char *const exact[] = { "zero", NULL };

static const assay_rows rows[] = {
    { "T={1..17} N={1,5,16} K={1,7,33} bias=f32 gen=ints-narrow", false },
    { "T=1 N={1..40} K=64 w={f32,f16,bf16,q8_0,q4_0,q4_1} gen={ints-narrow,gauss}", false },
    { "T={1,5} N=3 K=256 w=* gen={ints-narrow,ints-wide,q8-exact,gauss}", false },
    { "T=2 N=3 K={0..70} gen={ints-wide,gauss}", false },
};

extern const assay_suite assay_suite_matmul;
const assay_suite assay_suite_matmul = {
    .op = "matmul",
    .rows = rows,
    .n_rows = ASSAY_COUNT_OF(rows),
    .gens = gens,
    .n_gens = ASSAY_COUNT_OF(gens),
    .exact = exact,
};
