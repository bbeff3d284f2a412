/* SPDX-License-Identifier: MIT
 * panel.h - block-quantized weights (N,K) in panels of 16 rows, and activations (T,K) rounded to q8_0: the storage that
 * all kernels of this folder share.  One layout serves GEMM, skinny and GEMV; scales stay f16.
 *
 *   panel   codes [K/32][groups][16 rows][4 bytes], then d [K/32][16], then m [K/32][16] (q4_1)
 *           q8_0: group j holds k = 4j .. 4j+3 (8 groups); q4: low halves k = 4j .. 4j+3, high halves k + 16 (4 groups)
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
#if defined(ASSAY_EMULATE) || defined(__SANITIZE_ADDRESS__) || defined(QUANT_PLAIN)
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
static inline int64_t codes_bytes(quant_format f, int64_t nb)
{
    return nb * quant_groups(f) * PANEL * 4;
}
static inline int64_t panel_bytes(quant_format f, int64_t nb)
{
    return (codes_bytes(f, nb) + nb * PANEL * (f == QUANT_Q4_1 ? 4 : 2) + 63) / 64 * 64;
}
static inline int64_t panel_count(int64_t N)
{
    return (N + PANEL - 1) / PANEL;
}

typedef struct panel { /* of one call: w[0] or gate and up, at the same 16 rows */
    const uint8_t *codes;
    const uint16_t *d, *m;
} panel;

static inline panel panel_at(const void *packed, quant_format f, int64_t nb, int64_t index)
{
    const uint8_t *p = (const uint8_t *)packed + index * panel_bytes(f, nb);
    const uint16_t *d = (const uint16_t *)(const void *)(p + codes_bytes(f, nb));
    const panel r = { p, d, d + nb * PANEL };
    return r;
}

/* One row of w into place r of its panel.  flip: what the codes are combined with by exclusive or. */
static inline void panel_row(uint8_t *p, quant_format f, int64_t nb, int64_t r, const uint8_t *row, uint8_t flip)
{
    const int64_t groups = quant_groups(f), head = f == QUANT_Q4_1 ? 4 : 2, bytes = head + 4 * groups;
    uint8_t *d = p + codes_bytes(f, nb) + 2 * r, *m = d + nb * PANEL * 2;
    for (int64_t b = 0; b < nb; b++, row += bytes) {
        memcpy(d + b * PANEL * 2, row, 2);
        if (f == QUANT_Q4_1)
            memcpy(m + b * PANEL * 2, row + 2, 2);
        for (int64_t i = 0; i < 4 * groups; i++)
            p[((b * groups + i / 4) * PANEL + r) * 4 + i % 4] = (uint8_t)(row[head + i] ^ flip);
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
