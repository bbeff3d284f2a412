/* SPDX-License-Identifier: MIT
 * panel.h - block-quantized weights (N,K) in panels of 16 rows, and activations (T,K) rounded to q8_0: the storage that
 * all kernels of this folder share.  One layout serves GEMM, skinny and GEMV; scales stay f16.
 *
 *   panel   per block of 32: codes [groups][16 rows][4 bytes], d [16], m [16] (q4_1): GEMV reads all panels as one
 * stream q8_0: group j holds k = 4j .. 4j+3 (8 groups); q4: low halves k = 4j .. 4j+3, high halves k + 16 (4 groups)
 *   column  per block of 32: codes in 8 groups of 4 bytes, d (f32), fold (32 bits whose meaning is the kernel's);
 *           G columns that are multiplied together interleave: [K/32]{ [8][w][4], d[w], fold[w] }, w <= G
 *
 * Rows past N are zero.  fold is what the offset of unsigned codes costs: it starts the integer sum, or it is
 * d sum(q) for formats with a minimum. */
#ifndef ASSAY_QUANT_PANEL_H
#define ASSAY_QUANT_PANEL_H
#include "../isa/rows.h"
#include "assay/blocks.h"
#include <string.h>

/* Emulated instructions are functions, and sanitizers watch each access: unrolled and inlined they take minutes to
 * compile */
#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define QUANT_PLAIN
#endif
#endif
#if defined(ASSAY_SIMDE) || defined(__SANITIZE_ADDRESS__) || defined(QUANT_PLAIN)
#define ALWAYS_INLINE static inline
#define UNROLL
#else
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#ifdef __clang__ /* before a loop over registers: its length is a constant, its arrays never reach memory */
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#endif

enum { PANEL = 16, BLOCK = 32, COLUMN = BLOCK + 8 /* bytes of one column of one block */ };

typedef enum quant_format { QUANT_Q8_0, QUANT_Q4_0, QUANT_Q4_1 } quant_format;
typedef enum quant_op { QUANT_MATMUL, QUANT_GATE_UP } quant_op; /* operands x, w, bias, y  or  x, gate, up, y */

static inline int quant_parts(quant_op op)
{
    return op == QUANT_GATE_UP ? 2 : 1;
}
static inline int64_t quant_groups(quant_format f)
{
    return f == QUANT_Q8_0 ? 8 : 4;
}
static inline int64_t codes_bytes(quant_format f) /* of one block of 16 rows, and all of it */
{
    return quant_groups(f) * PANEL * 4;
}
static inline int64_t block_bytes(quant_format f)
{
    return codes_bytes(f) + PANEL * (f == QUANT_Q4_1 ? 4 : 2);
}
static inline int64_t panel_bytes(quant_format f, int64_t nb)
{
    return nb * block_bytes(f);
}
static inline int64_t panel_count(int64_t N)
{
    return (N + PANEL - 1) / PANEL;
}

static inline const uint8_t *panel_at(const void *packed, quant_format f, int64_t nb, int64_t index)
{
    return (const uint8_t *)packed + index * panel_bytes(f, nb);
}
/* Scales (i = 0) and minima (i = 1) of a block, f16 as they came. */
static inline const uint16_t *block_scales(const uint8_t *block, quant_format f, int i)
{
    return (const uint16_t *)(const void *)(block + codes_bytes(f)) + i * PANEL;
}

/* One row of w into place r of its panel.  flip: what the codes are combined with by exclusive or. */
static inline void panel_row(uint8_t *p, quant_format f, int64_t nb, int64_t r, const uint8_t *row, uint8_t flip)
{
    const int64_t codes = codes_bytes(f), n = 4 * quant_groups(f), head = f == QUANT_Q4_1 ? 4 : 2;
    for (int64_t b = 0; b < nb; b++, row += head + n, p += block_bytes(f)) {
        memcpy(p + codes + 2 * r, row, 2);
        if (f == QUANT_Q4_1)
            memcpy(p + codes + 2 * (PANEL + r), row + 2, 2);
        for (int64_t i = 0; i < n; i++)
            p[(i / 4 * PANEL + r) * 4 + i % 4] = (uint8_t)(row[head + i] ^ flip);
    }
}

static inline size_t quant_packed_bytes(const assay_args *a, quant_format f, quant_op op)
{
    return (size_t)(quant_parts(op) * panel_count(a->dim[1]) * panel_bytes(f, a->dim[2] / BLOCK));
}

/* Panel p of part i of the call stands at index p * parts + i. */
static inline void quant_pack(const assay_args *a, void *dst, quant_format f, quant_op op, uint8_t flip)
{
    const int64_t N = a->dim[1], nb = a->dim[2] / BLOCK, size = panel_bytes(f, nb);
    const int parts = quant_parts(op);
    memset(dst, 0, quant_packed_bytes(a, f, op));
    for (int i = 0; i < parts; i++)
        for (int64_t n = 0; n < N; n++)
            panel_row((uint8_t *)dst + (n / PANEL * parts + i) * size, f, nb, n % PANEL,
                      tensor_row(&a->operand[1 + i], n), flip);
}

/* ---- work units: phase 0, a row of x; phase 1, `wide` panels by a chunk of columns that stay in L2 ---- */

static inline int64_t quant_chunk(const assay_args *a, int64_t G)
{
    const int64_t column = a->dim[2] / BLOCK * COLUMN + 1, fit = (192 << 10) / column / G * G;
    return fit < 2 * G ? 2 * G : fit;
}
static inline int64_t quant_units(const assay_args *a, int64_t G, int64_t wide)
{
    const int64_t chunk = quant_chunk(a, G);
    return a->phase == 0 ? a->dim[0] : (panel_count(a->dim[1]) + wide - 1) / wide * ((a->dim[0] + chunk - 1) / chunk);
}
static inline size_t quant_shared(const assay_args *a)
{
    return (size_t)(a->dim[0] * (a->dim[2] / BLOCK) * COLUMN);
}

typedef struct column_group { /* columns [t, t + w) of the activations */
    uint8_t *data;
    int64_t t, w;
} column_group;

static inline column_group group_of(const assay_args *a, int64_t t, int64_t G)
{
    const int64_t first = t / G * G, left = a->dim[0] - first;
    const column_group g = { (uint8_t *)a->shared + first * (a->dim[2] / BLOCK) * COLUMN, first, left < G ? left : G };
    return g;
}
/* Column c of w, block b: its codes are put in groups, its scale and its fold behind all codes of the block. */
static inline void column_put(const column_group *g, int64_t c, int64_t b, const int8_t q[BLOCK], float d, int32_t fold)
{
    uint8_t *p = g->data + b * g->w * COLUMN;
    for (int64_t j = 0; j < 8; j++)
        memcpy(p + (j * g->w + c) * 4, q + 4 * j, 4);
    memcpy(p + g->w * BLOCK + c * 4, &d, 4);
    memcpy(p + g->w * (BLOCK + 4) + c * 4, &fold, 4);
}
#endif
