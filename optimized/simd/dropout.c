/* SPDX-License-Identifier: MIT
 * dropout: CHUNK blocks of Philox4x32-10 at a time, in plain C side by side, then scaled and chosen by vectors. */
#include "assay/params/dropout.h"
#include "../isa/rows.h"
#include "../isa/simd.h"

enum { CHUNK = 16, DRAWN = 4 * CHUNK }; /* blocks; elements of them */

/* The upper 24 bits of the words of CHUNK blocks, as floats, which hold them. */
static void draw(const assay_dropout_params *p, uint64_t block, float drawn[DRAWN])
{
    const uint64_t key = (uint64_t)p->key, step = (uint64_t)p->step;
    uint32_t c[4][CHUNK], k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int l = 0; l < CHUNK; l++) {
        c[0][l] = (uint32_t)(block + (uint64_t)l), c[1][l] = (uint32_t)((block + (uint64_t)l) >> 32);
        c[2][l] = (uint32_t)step, c[3][l] = (uint32_t)(step >> 32);
    }
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
        for (int l = 0; l < CHUNK; l++) {
            const uint32_t low = 0xD2511F53u * c[0][l], high = (uint32_t)((uint64_t)0xD2511F53u * c[0][l] >> 32);
            const uint32_t other = 0xCD9E8D57u * c[2][l], up = (uint32_t)((uint64_t)0xCD9E8D57u * c[2][l] >> 32);
            c[0][l] = up ^ c[1][l] ^ k0;
            c[2][l] = high ^ c[3][l] ^ k1;
            c[1][l] = other;
            c[3][l] = low;
        }
    for (int l = 0; l < CHUNK; l++)
        for (int w = 0; w < 4; w++)
            drawn[4 * l + w] = (float)(int32_t)(c[w][l] >> 8);
}

/* Of n elements from the i-th on, counted through all rows: at most a chunk. */
static void choose(const float *drawn, const float *x, float *y, int64_t n, float least, float scale)
{
    for (int64_t c = 0; c < n; c += LANES) {
        const vec below = vec_sub(vec_load_rest(drawn + c, n - c), vec_set(least)); /* exact */
        const vec kept = vec_mul(vec_load_rest(x + c, n - c), vec_set(scale));
        vec_store_rest(y + c, vec_pick(vec_negative(below), vec_zero(), kept), n - c);
    }
}

static assay_status run(const assay_args *a)
{
    const assay_dropout_params *p = a->params;
    const float least = (float)(int32_t)((double)p->p * 0x1p24 + 0.5), scale = p->p < 1 ? 1 / (1 - p->p) : 0;
    float drawn[DRAWN];
    for (int64_t u = a->begin; u < a->end; u++) {
        const row_block at = row_block_at(a, u);
        const float *x = (const float *)tensor_row(&a->operand[0], at.r) + at.c;
        float *y = (float *)tensor_row(&a->operand[1], at.r) + at.c;
        const int64_t first = at.r * a->dim[1] + at.c;
        for (int64_t c = 0, n; c < at.n; c += n) {
            const int64_t before = (first + c) % 4; /* of its block are in the row above */
            n = at.n - c < DRAWN - before ? at.n - c : DRAWN - before;
            draw(p, (uint64_t)p->offset + (uint64_t)(first + c) / 4, drawn);
            choose(drawn + before, x + c, y + c, n, least, scale);
        }
    }
    return ASSAY_OK;
}

SIMD_KERNEL(dropout) = {
    SIMD_ROWS,
    .op = "dropout",
    .flags = ASSAY_INPLACE | ASSAY_DETERMINISTIC,
    .units = row_blocks,
};
