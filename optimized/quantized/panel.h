/* SPDX-License-Identifier: MIT
 * panel.h - block-quantized weights (N,K) in panels of 16 rows, and activations (T,K) rounded to q8_0: the storage that
 * all kernels of this folder share.  One layout serves GEMM, skinny and GEMV, which reads all panels as one stream.
 * FORMAT is the weights' type, a compile definition (CMakeLists.txt); F its row of formats.h.
 *
 *   panel   per span: its blocks of 32, then d [16] and, with minima, m [16] as 16 bits
 *   block   codes, [F.low][16 rows][4 bytes]: group j of 4 weights (k = 4j .. 4j+3) is vector j % F.low, F.low bits
 * from bit F.low (j / F.low) on; then in the same way the F.high upper bits; then, of spans of 8, a byte for each
 *           scale, [32 / F.group][16 rows], and for each minimum
 *   column  per block: codes in 8 groups of 4 bytes, d (f32), a fold (32 bits whose meaning is the kernel's) for each
 *           F.group; G columns that are multiplied together interleave: [K/32]{ [8][w][4], d[w], fold[..][w] }, w <= G
 *
 * Rows past N are zero.  fold is what the offset of unsigned codes costs: it starts the integer sum, or it is
 * d sum(q) for formats with a minimum. */
#ifndef ASSAY_QUANT_PANEL_H
#define ASSAY_QUANT_PANEL_H
#include "../isa/rows.h"
#include "formats.h"

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

#define CAT_(a, b) a##b
#define CAT(a, b)  CAT_(a, b)
#define F          quant_formats[CAT(ASSAY_, FORMAT)]

enum { PANEL = 16, BLOCK = 32 };

typedef enum quant_op { QUANT_MATMUL, QUANT_GATE_UP } quant_op; /* operands x, w, bias, y  or  x, gate, up, y */

static inline int quant_parts(quant_op op)
{
    return op == QUANT_GATE_UP ? 2 : 1;
}
static inline int quant_groups(void) /* of a block */
{
    return BLOCK / F.group;
}
static inline int64_t codes_bytes(void) /* of one block of 16 rows, and all of it */
{
    return (F.low + F.high) * PANEL * 4;
}
static inline int64_t block_bytes(void)
{
    return codes_bytes() + (F.span > 1 ? (F.minimum ? 2 : 1) * quant_groups() * PANEL : 0);
}
static inline int64_t span_bytes(void)
{
    return F.span * block_bytes() + (F.minimum ? 2 : 1) * PANEL * 2;
}
static inline int64_t quant_spans(const assay_args *a) /* of a row */
{
    return a->dim[2] / (BLOCK * F.span);
}
static inline int64_t panel_bytes(const assay_args *a)
{
    return quant_spans(a) * span_bytes();
}
static inline int64_t panel_count(int64_t N)
{
    return (N + PANEL - 1) / PANEL;
}
static inline const uint8_t *panel_at(const assay_args *a, int64_t index)
{
    return (const uint8_t *)a->packed + index * panel_bytes(a);
}

/* Scales (i = 0) and minima (i = 1) of a span, and of group g of a block */
static inline const uint16_t *span_scales(const uint8_t *span, int i)
{
    return (const uint16_t *)(const void *)(span + F.span * block_bytes()) + i * PANEL;
}
static inline const uint8_t *group_scales(const uint8_t *block, int g, int i)
{
    return block + codes_bytes() + (i * quant_groups() + g) * PANEL;
}

/* The i-th group of 4 weights that is multiplied: where all share a scale those of one vector follow one another. */
static inline int quant_order(int i)
{
    return F.group == BLOCK && F.low == 4 ? i / 2 + i % 2 * 4 : i;
}

/* `bits` bits of codes from bit `from` on into place (r, k) of vectors of fields */
static inline void put_field(uint8_t *p, int bits, int64_t r, int k, int code)
{
    const int j = k / 4;
    if (bits)
        p[(j % bits * PANEL + r) * 4 + k % 4] |= (uint8_t)((code & ((1 << bits) - 1)) << j / bits * bits);
}

/* One row of w into place r of its panel.  flip: what codes of 8 bits are combined with by exclusive or. */
static inline void panel_row(uint8_t *p, int64_t spans, int64_t r, const uint8_t *row, int flip)
{
    const assay_dtype type = CAT(ASSAY_, FORMAT);
    const int64_t step = row_bytes(type, BLOCK * F.span);
    for (int64_t n = 0; n < spans; n++, row += step, p += span_bytes()) {
        uint16_t *heads = (uint16_t *)(void *)(p + F.span * block_bytes());
        quant_span s;
        if (F.span > 1)
            read_super(&s, type, row);
        else
            read_block(&s, type, row);
        heads[r] = s.d;
        if (F.minimum)
            heads[PANEL + r] = s.m;
        for (int b = 0; b < F.span; b++) {
            uint8_t *block = p + b * block_bytes(), *scales = block + codes_bytes();
            for (int k = 0; k < BLOCK; k++) {
                const int code = s.code[b * BLOCK + k] ^ flip;
                put_field(block, F.low, r, k, code);
                put_field(block + F.low * PANEL * 4, F.high, r, k, code >> F.low);
            }
            for (int g = 0; F.span > 1 && g < quant_groups(); g++) {
                scales[g * PANEL + r] = s.scale[b * quant_groups() + g];
                if (F.minimum)
                    scales[(quant_groups() + g) * PANEL + r] = s.minimum[b * quant_groups() + g];
            }
        }
    }
}

static inline size_t quant_packed_bytes(const assay_args *a, quant_op op)
{
    return (size_t)(quant_parts(op) * panel_count(a->dim[1]) * panel_bytes(a));
}

/* Panel p of part i of the call stands at index p * parts + i. */
static inline void quant_pack(const assay_args *a, void *dst, quant_op op, int flip)
{
    const int64_t N = a->dim[1], size = panel_bytes(a);
    const int parts = quant_parts(op);
    memset(dst, 0, quant_packed_bytes(a, op));
    for (int i = 0; i < parts; i++)
        for (int64_t n = 0; n < N; n++)
            panel_row((uint8_t *)dst + (n / PANEL * parts + i) * size, quant_spans(a), n % PANEL,
                      tensor_row(&a->operand[1 + i], n), flip);
}

/* ---- activations ---- */

static inline int64_t column_bytes(void) /* of one column of one block */
{
    return BLOCK + 4 + 4 * quant_groups();
}
static inline int64_t columns_bytes(const assay_args *a)
{
    return a->dim[2] / BLOCK * column_bytes();
}
/* What stands behind the codes of a block of w columns: their scales, and what group g adds */
static inline const uint8_t *column_scales(const uint8_t *q, int w)
{
    return q + w * BLOCK;
}
static inline const uint8_t *column_folds(const uint8_t *q, int w, int g)
{
    return q + w * (BLOCK + 4 + 4 * g);
}
static inline float f32_at(const uint8_t *p)
{
    float v;
    memcpy(&v, p, 4);
    return v;
}
static inline int32_t i32_at(const uint8_t *p)
{
    int32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* ---- work units: phase 0, a row of x; phase 1, `wide` panels by a chunk of columns that stay in L2 ---- */

static inline int64_t quant_chunk(const assay_args *a, int64_t G)
{
    const int64_t fit = (192 << 10) / (columns_bytes(a) + 1) / G * G;
    return fit < 2 * G ? 2 * G : fit;
}
static inline int64_t quant_units(const assay_args *a, int64_t G, int64_t wide)
{
    const int64_t chunk = quant_chunk(a, G);
    return a->phase == 0 ? a->dim[0] : (panel_count(a->dim[1]) + wide - 1) / wide * ((a->dim[0] + chunk - 1) / chunk);
}

typedef struct column_group { /* columns [t, t + w) of the activations */
    uint8_t *data;
    int64_t t, w;
} column_group;

static inline column_group group_of(const assay_args *a, int64_t t, int64_t G)
{
    const int64_t first = t / G * G, left = a->dim[0] - first;
    const column_group g = { (uint8_t *)a->shared + first * columns_bytes(a), first, left < G ? left : G };
    return g;
}
/* Column c of w, block b: its codes are put in groups, its scale and its folds behind all codes of the block. */
static inline void column_put(const column_group *g, int64_t c, int64_t b, const int8_t q[BLOCK], float d,
                              const int32_t fold[2])
{
    uint8_t *p = g->data + b * g->w * column_bytes();
    for (int64_t j = 0; j < 8; j++)
        memcpy(p + (j * g->w + c) * 4, q + 4 * j, 4);
    memcpy(p + g->w * BLOCK + c * 4, &d, 4);
    for (int64_t i = 0; i < quant_groups(); i++)
        memcpy(p + g->w * (BLOCK + 4 + 4 * i) + c * 4, &fold[i], 4);
}
#endif
