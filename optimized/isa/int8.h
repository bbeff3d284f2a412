/* SPDX-License-Identifier: MIT
 * int8.h - matmul_int8 by tiles: what all instruction sets share.  A file that includes this defines first
 *   STEP, WIDE, ROWS   how many k are multiplied in one step; a tile is ROWS tokens by WIDE panels of 16 channels
 *   T_BLOCK            tokens that a unit of work takes, so that their codes stay in L2
 *   OFFSET             what is added to the codes of w, so that they are unsigned: 128, or 0
 *   code, TILES        the type that codes of x are multiplied in; tiles of 1 to ROWS tokens
 * and then tile(), which multiplies.
 *
 *   panel  16 rows of w, [K / STEP][16][STEP] bytes, then their sums, [16] of 32 bits; rows past N are zero
 *   row    of x, as `code`, filled up with zeros to whole steps; then its sum, 32 bits
 *
 * Codes are multiplied as they are, with OFFSET: sum (x - zx) (w - zw) = sum x (w + OFFSET) - (zw + OFFSET) sum x
 * - zx (sum w - K zw), all in 32 bits that may wrap on the way. */
#ifndef ASSAY_ISA_INT8_H
#define ASSAY_ISA_INT8_H
#include "rows.h"
#include "unroll.h"
#include <string.h>

enum { T, N, K }; /* dims */
enum { X, W, X_SCALE, W_SCALE, X_ZERO, W_ZERO, BIAS, Y };
enum { PANEL = 16 };

typedef struct tile_job {
    const code *x; /* rows of ldx codes */
    const uint8_t *w;
    int64_t ldx, panel, steps; /* panel: bytes from one panel to the next */
    int32_t sum[ROWS][WIDE][PANEL];
} tile_job;

/* sum = the first `rows` tokens times the panels */
INLINE void tile(tile_job *j, int rows);

#define TILE_STUB(rows)                                                                                                \
    static void tile_##rows(tile_job *j)                                                                               \
    {                                                                                                                  \
        tile(j, rows);                                                                                                 \
    }
TILES(TILE_STUB)
#define TILE_ROW(rows) [rows] = tile_##rows,
static void (*const tiles[ROWS + 1])(tile_job *j) = { TILES(TILE_ROW) };

static inline int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t steps_of(const assay_args *a)
{
    return (a->dim[K] + STEP - 1) / STEP;
}
static inline int64_t panel_codes(const assay_args *a) /* bytes before the sums */
{
    return steps_of(a) * STEP * PANEL;
}
static inline int64_t panel_bytes(const assay_args *a)
{
    return panel_codes(a) + PANEL * (int64_t)sizeof(int32_t);
}
static inline int64_t panels_of(const assay_args *a) /* a whole number of tiles */
{
    return (a->dim[N] + PANEL * WIDE - 1) / (PANEL * WIDE) * WIDE;
}
static inline int64_t
row_codes(const assay_args *a) /* from row to row: the sum behind the codes has a line of its own */
{
    const int64_t line = 64 / (int64_t)sizeof(code);
    return (steps_of(a) * STEP + line - 1) / line * line + line;
}
static inline int64_t blocks_of(const assay_args *a)
{
    return (a->dim[T] + T_BLOCK - 1) / T_BLOCK;
}

/* Element i, whose step is 0 where it is spread over all */
static inline float scale_at(const assay_tensor *t, int64_t i)
{
    return *(const float *)tensor_row(t, i);
}
static inline int32_t zero_at(const assay_tensor *t, int64_t i)
{
    return t->data ? *(const int8_t *)tensor_row(t, i) : 0;
}

static size_t packed_bytes(const assay_args *a)
{
    return (size_t)(panels_of(a) * panel_bytes(a));
}
static void pack(const assay_args *a, void *dst)
{
    const int64_t n_codes = panel_codes(a);
    for (int64_t n = 0; n < panels_of(a) * PANEL; n++) {
        uint8_t *panel = (uint8_t *)dst + n / PANEL * panel_bytes(a);
        const int8_t *row = n < a->dim[N] ? tensor_row(&a->operand[W], n) : NULL;
        int32_t sum = 0;
        for (int64_t k = 0; k < steps_of(a) * STEP; k++) {
            const int w = row && k < a->dim[K] ? row[k] : 0;
            panel[(k / STEP * PANEL + n % PANEL) * STEP + k % STEP] = (uint8_t)(w + OFFSET);
            sum += w;
        }
        memcpy(panel + n_codes + n % PANEL * (int64_t)sizeof sum, &sum, sizeof sum);
    }
}

/* Phase 0: rows of x into shared; phase 1: WIDE panels by T_BLOCK rows. */
static uint32_t phases(const assay_args *a)
{
    (void)a;
    return 2;
}
static int64_t units(const assay_args *a)
{
    return a->phase == 0 ? a->dim[T] : blocks_of(a) * (panels_of(a) / WIDE);
}
static size_t shared(const assay_args *a)
{
    return (size_t)(a->dim[T] * row_codes(a)) * sizeof(code);
}

static void copy_row(const assay_args *a, int64_t t)
{
    const int8_t *x = tensor_row(&a->operand[X], t);
    code *to = (code *)a->shared + t * row_codes(a);
    int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < a->dim[K]; k++) {
        to[k] = x[k];
        sum += x[k];
    }
    for (int64_t k = a->dim[K]; k < steps_of(a) * STEP; k++)
        to[k] = 0;
    memcpy(to + row_codes(a) - 64 / (int64_t)sizeof(code), &sum, sizeof sum);
}

typedef struct channels { /* of a panel, n of them, none past the last: what their sums are scaled and shifted by */
    float scale[PANEL], bias[PANEL];
    uint32_t less[PANEL], of_w[PANEL]; /* zw + OFFSET; sum w - K zw */
    int64_t n, first;
} channels;

static channels channels_of(const assay_args *a, const uint8_t *panel, int64_t first)
{
    const float *bias = a->operand[BIAS].data;
    channels c = { .n = min64(PANEL, a->dim[N] - first), .first = first };
    memcpy(c.of_w, panel + panel_codes(a), sizeof c.of_w);
    for (int64_t i = 0; i < c.n; i++) {
        const uint32_t zero = (uint32_t)zero_at(&a->operand[W_ZERO], first + i);
        c.scale[i] = scale_at(&a->operand[W_SCALE], first + i);
        c.bias[i] = bias ? bias[first + i] : 0;
        c.less[i] = zero + OFFSET;
        c.of_w[i] -= (uint32_t)a->dim[K] * zero;
    }
    return c;
}

/* Token t of a panel's channels */
static void put(const assay_args *a, const channels *c, const int32_t *product, int64_t t)
{
    const code *row = (const code *)a->shared + (t + 1) * row_codes(a) - 64 / (int64_t)sizeof(code);
    const float scale = scale_at(&a->operand[X_SCALE], t);
    const uint32_t zero = (uint32_t)zero_at(&a->operand[X_ZERO], t);
    uint32_t x_sum;
    float y[PANEL], *to = (float *)tensor_row(&a->operand[Y], t) + c->first;
    memcpy(&x_sum, row, sizeof x_sum);
    for (int i = 0; i < PANEL; i++) {
        const uint32_t sum = (uint32_t)product[i] - c->less[i] * x_sum - zero * c->of_w[i];
        y[i] = scale * c->scale[i] * (float)(int32_t)sum + c->bias[i];
    }
    if (c->n == PANEL)
        memcpy(to, y, sizeof y);
    else
        for (int64_t i = 0; i < c->n; i++)
            to[i] = y[i];
}

static void block(const assay_args *a, int64_t t0, int64_t t1, int64_t panel)
{
    const uint8_t *w = (const uint8_t *)a->packed + panel * panel_bytes(a);
    tile_job j = { .w = w, .ldx = row_codes(a), .panel = panel_bytes(a), .steps = steps_of(a) };
    const int64_t n_tiles = (t1 - t0 + ROWS - 1) / ROWS;
    channels c[WIDE];
    for (int64_t p = 0; p < WIDE; p++)
        c[p] = channels_of(a, w + p * j.panel, (panel + p) * PANEL);
    for (int64_t i = 0; i < n_tiles; i++) {
        const int64_t t = t0 + (t1 - t0) * i / n_tiles, rows = t0 + (t1 - t0) * (i + 1) / n_tiles - t;
        j.x = (const code *)a->shared + t * j.ldx;
        tiles[rows](&j);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t p = 0; p < WIDE && c[p].n > 0; p++)
                put(a, &c[p], j.sum[r][p], t + r);
    }
}

static assay_status run(const assay_args *a)
{
    const int64_t groups = panels_of(a) / WIDE, blocks = blocks_of(a);
    for (int64_t u = a->begin; u < a->end; u++)
        if (a->phase == 0)
            copy_row(a, u);
        else
            block(a, a->dim[T] * (u / groups) / blocks, a->dim[T] * (u / groups + 1) / blocks, u % groups * WIDE);
    return ASSAY_OK;
}

#define F32 ASSAY_TYPES(ASSAY_T(f32))
#define I8  ASSAY_TYPES(ASSAY_T(i8))
static const assay_typeset types[] = { I8, I8, F32, F32, I8, I8, F32, F32 };
/* INT8_KERNEL(avx2, "_bytes"): how w is packed */
#define INT8_KERNEL(tier, form)                                                                                        \
    const assay_kernel assay_matmul_int8_##tier = {                                                                    \
        .op = "matmul_int8",                                                                                           \
        .name = #tier,                                                                                                 \
        .isa = ASSAY_ISA_##tier,                                                                                       \
        .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,                                                          \
        .types = types,                                                                                                \
        .packing = "int8_panel16_" form,                                                                               \
        .run = run,                                                                                                    \
        .phases = phases,                                                                                              \
        .units = units,                                                                                                \
        .shared = shared,                                                                                              \
        .packed_bytes = packed_bytes,                                                                                  \
        .pack = pack,                                                                                                  \
    }
#endif
