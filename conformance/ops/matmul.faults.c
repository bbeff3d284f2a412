/* SPDX-License-Identifier: MIT
 * matmul: kernels that are wrong on purpose, and legal ones that must pass.  One loop over the outputs; what a mode
 * does otherwise stands where it happens: here, in the sum (matmul_dot.h), in blocks (matmul_blocks.h), in their groups
 * (matmul_groups.h) or in weights of 8 bits (matmul_8.h). */
#include "variants.h"
#include "matmul_8.h"
#include "matmul_blocks.h"
#include "matmul_dot.h"
#include "matmul_groups.h"
#include <stdlib.h>

static assay_status f32_kernel(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const int64_t rows = a->dim[T], columns = a->dim[N], n = a->dim[K];
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    int64_t begin = a->begin, end = a->end;
    if (m == NOBODY)
        begin *= columns / 4, end *= columns / 4;
    if (m == TILE4 && end < columns)
        end = end / 4 * 4;
    for (int64_t t = 0; t < rows; t++)
        for (int64_t c = begin; c < end; c++) {
            const float *x = (const float *)((const char *)tx->data + t * tx->stride[0]);
            const int64_t w_row = m == INDEX15 ? (c * n & 0x7fff) / (n ? n : 1) : c;
            const float *w = (const float *)((const char *)tw->data + w_row * tw->stride[0]);
            const int64_t y_row = m == DENSE_ROWS ? columns * (int64_t)sizeof(float) : ty->stride[0];
            float *y = (float *)((char *)ty->data + t * y_row) + c, b = bias ? bias[c] : 0, v;
            if (m == TAIL_N && columns % 8 == 7 && c >= (columns & ~INT64_C(7)))
                continue;
            if (m == PANEL4 && n > 1) { /* element k of the row as the walk over panels of 4 finds it in panels of 16 */
                float *mixed = malloc((size_t)n * sizeof *mixed);
                for (int64_t k = 0; mixed && k < n; k++) {
                    const int64_t at = (c % 16 / 4 * n + k) * 4 + c % 4, row = c / 16 * 16 + at % 16;
                    const char *src = (const char *)tw->data + row * tw->stride[0];
                    mixed[k] = row < columns ? ((const float *)src)[at / 16] : 0;
                }
                v = mixed ? chain(x, mixed, n, 1, false) : 0;
                free(mixed);
            } else if (m == BIAS_TWICE || m == PIECE) {
                v = pieces(x, w, n, b, m), b = 0;
            } else if (m == BIAS_FIRST) {
                v = b, b = 0;
                for (int64_t k = 0; k < n; k++)
                    v += x[k] * w[k];
            } else {
                v = dot(x, w, n, m);
            }
            v = m == NO_BIAS ? v : v + b;
            if (m == UNZEROED) /* what the register held before the call */
                v += *(const float *)a->scratch;
            if (m == EDGE_BETA && c >= (columns & ~INT64_C(7)))
                v += 0 * *y;
            const bool last = t == rows - 1 && c == columns - 1;
            *y = m == STALE && last ? 0 : m == PERCENT && last ? v * 1.01f : v;
        }
    return ASSAY_OK;
}

/* y is bf16: cut off (the fault), or rounded to nearest even. */
static assay_status bf16_kernel(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t c = a->begin; c < a->end; c++) {
            const float *x = (const float *)((const char *)tx->data + t * tx->stride[0]);
            const float *w = (const float *)((const char *)tw->data + c * tw->stride[0]);
            const float v = chain(x, w, a->dim[K], 1, false) + (bias ? bias[c] : 0);
            uint32_t bits;
            memcpy(&bits, &v, sizeof bits);
            ((uint16_t *)((char *)ty->data + t * ty->stride[0]))[c] =
                m == TRUNCATED ? (uint16_t)(bits >> 16) : assay_bf16_from_f64(v);
        }
    return ASSAY_OK;
}

/* w = d q + m, x as it is: the codes in one chain, the minima in another. */
static assay_status two_chains(const assay_args *a)
{
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    for (int64_t t = 0; t < a->dim[T]; t++)
        for (int64_t c = a->begin; c < a->end; c++) {
            const float *x = (const float *)((const char *)tx->data + t * tx->stride[0]);
            const assay_q4_1 *w = (const assay_q4_1 *)((const char *)tw->data + c * tw->stride[0]);
            float codes = 0, minima = 0;
            for (int64_t k = 0; k < a->dim[K]; k++) {
                const assay_q4_1 *b = &w[k / 32];
                codes += x[k] * (assay_f16_to_f32(b->d) * (float)(b->q[k % 16] >> (k / 16 % 2 * 4) & 15));
                minima += x[k] * assay_f16_to_f32(b->m);
            }
            ((float *)((char *)ty->data + t * ty->stride[0]))[c] = codes + minima + (bias ? bias[c] : 0);
        }
    return ASSAY_OK;
}

static int64_t four(const assay_args *a)
{
    (void)a;
    return 4;
}

static size_t one_register(const assay_args *a)
{
    (void)a;
    return 64;
}

#define PLAIN ASSAY_TYPES(ASSAY_T(f32))
static const assay_typeset f32_types[] = { PLAIN, PLAIN, PLAIN, PLAIN };
static const assay_typeset bf16_types[] = { PLAIN, PLAIN, PLAIN, ASSAY_TYPES(ASSAY_T(bf16)) };
static const assay_typeset q8_types[] = { PLAIN, ASSAY_TYPES(ASSAY_T(q8_0)), PLAIN, PLAIN };
static const assay_typeset q4_types[] = { PLAIN, ASSAY_TYPES(ASSAY_T(q4_0)), PLAIN, PLAIN };
static const assay_typeset q4_1_types[] = { PLAIN, ASSAY_TYPES(ASSAY_T(q4_1)), PLAIN, PLAIN };
/* with groups of 16; signed scales; an offset of 32; codes of 5 bits and more; and others */
#define WEIGHTS(types)                                                                                                 \
    {                                                                                                                  \
        PLAIN, ASSAY_TYPES(types), PLAIN, PLAIN                                                                        \
    }
static const assay_typeset halves[] = WEIGHTS(ASSAY_T(q3_k) | ASSAY_T(q6_k)),
                           signed_scales[] = WEIGHTS(ASSAY_T(q3_k) | ASSAY_T(q6_k) | ASSAY_T(iq4_xs)),
                           of_32[] = WEIGHTS(ASSAY_T(q6_k)), split_codes[] = WEIGHTS(ASSAY_T(q5_0) | ASSAY_T(q6_k)),
                           powers[] = WEIGHTS(ASSAY_T(mxfp4)),
                           supers[] = WEIGHTS(ASSAY_T(q2_k) | ASSAY_T(q4_k) | ASSAY_T(q5_k)),
                           two_bits[] = WEIGHTS(ASSAY_T(q2_k)), of_e4m3[] = WEIGHTS(ASSAY_T(e4m3)),
                           of_e5m2[] = WEIGHTS(ASSAY_T(e5m2)), of_8[] = WEIGHTS(ASSAY_T(e4m3) | ASSAY_T(e5m2));
static const assay_contract apart = { .split_min = 1 };
/* whole blocks in integers: a chain of K / 32 terms */
static const assay_contract rounds = BLOCK_CONTRACT(32, 0);

#define F32_KERNEL(m, title)                                                                                           \
    .op = "matmul", .name = title, .types = f32_types, .run = f32_kernel, .variant = MODE_OF(m),                       \
    .units = m == NOBODY ? four : NULL, .scratch = m == UNZEROED ? one_register : NULL
#define BLOCK_KERNEL(m, title, ty)                                                                                     \
    .op = "matmul", .name = title, .types = ty, .contract = &rounds, .run = block_kernel, .variant = MODE_OF(m)
#define F32_FAULT(m, title, where) { ASSAY_FAULT, { F32_KERNEL(m, title) }, where },
#define F32_LEGAL(m, title, where) { ASSAY_LEGAL, { F32_KERNEL(m, title) }, where },
#define Q8_FAULT(m, title, where)  { ASSAY_FAULT, { BLOCK_KERNEL(m, title, q8_types) }, where },
#define Q4_FAULT(m, title, where)  { ASSAY_FAULT, { BLOCK_KERNEL(m, title, q4_types) }, where },
#define GROUP_KERNEL(m, title, ty, c)                                                                                  \
    .op = "matmul", .name = title, .types = ty, .contract = c, .run = group_kernel, .variant = MODE_OF(m)
#define GROUP_FAULT(m, title, where, ty)   { ASSAY_FAULT, { GROUP_KERNEL(m, title, ty, &rounds) }, where },
#define MINIMUM_FAULT(m, title, where, ty) { ASSAY_FAULT, { GROUP_KERNEL(m, title, ty, &vary_apart) }, where },
#define KERNEL_8(m, title, ty)             .op = "matmul", .name = title, .types = ty, .run = kernel_8, .variant = MODE_OF(m)
#define FLOAT8_FAULT(m, title, where, ty)  { ASSAY_FAULT, { KERNEL_8(m, title, ty) }, where },
#define BF16_FAULT(m, title, where)                                                                                    \
    { ASSAY_FAULT,                                                                                                     \
      { .op = "matmul", .name = title, .types = bf16_types, .run = bf16_kernel, .variant = MODE_OF(m) },               \
      where },

/* ---- legal ones, generated ---- */

#define VARY      assay_vary_matmul
#define VARY_BASE .op = "matmul", .types = vary_types
static const assay_typeset vary_types[] = { VARY_FLOATS, VARY_WEIGHTS_8, VARY_F32, VARY_FLOATS };

#define VARY_BLOCKS assay_vary_matmul_blocks
#define VARY_Q8     .op = "matmul", .types = vary_q8_types, .contract = &rounds
#define VARY_Q4_1   .op = "matmul", .types = vary_q4_1_types, .contract = &vary_apart
static const assay_typeset vary_q8_types[] = { VARY_FLOATS, VARY_CENTRED, VARY_F32, VARY_FLOATS },
                           vary_q4_1_types[] = { VARY_FLOATS, VARY_MINIMA, VARY_F32, VARY_FLOATS };
static const assay_contract vary_apart = BLOCK_CONTRACT(32, 1);

/* as kernels of formats with two groups and two minima a block (q2_k), some of which sum the groups in integers */
static const assay_contract eight = BLOCK_CONTRACT(8, 1), ten = BLOCK_CONTRACT(10, 1);

static const assay_fault table[] = {
    VARY_Q4_1_AS("matmul", "8-lanes", &eight) VARY_Q4_1_AS("matmul", "10-lanes", &ten) SUMS(VARY_ROW)
        BLOCK_SUMS(VARY_Q8_ROW) BLOCK_SUMS(VARY_Q4_1_ROW) FAULTS(F32_FAULT) BF16_FAULTS(BF16_FAULT) Q8_FAULTS(Q8_FAULT)
            Q4_FAULTS(Q4_FAULT) GROUP_FAULTS(GROUP_FAULT) MINIMUM_FAULTS(MINIMUM_FAULT) FLOAT8_FAULTS(FLOAT8_FAULT)
                LEGAL(F32_LEGAL){ ASSAY_LEGAL,
                                  { BLOCK_KERNEL(SEQUENTIAL, "q8_0-blocks-in-integers", q8_types) },
                                  "legal: exact block sums" },
    { ASSAY_LEGAL,
      { .op = "matmul",
        .name = "bf16-output",
        .types = bf16_types,
        .run = bf16_kernel,
        .variant = MODE_OF(SEQUENTIAL) },
      "legal: y rounded once" },
    { ASSAY_LEGAL,
      { .op = "matmul", .name = "q4_1-two-chains", .types = q4_1_types, .contract = &apart, .run = two_chains },
      "legal: codes and minima in a chain each" },
    { ASSAY_LEGAL, { BLOCK_KERNEL(SEQUENTIAL, "q4_0-blocks-in-integers", q4_types) }, "legal: exact block sums" },
    { ASSAY_LEGAL, { KERNEL_8(PLAIN_8, "floats-of-8-bits", of_8) }, "legal: decoded exactly" },
};

const assay_faults assay_faults_matmul = { "matmul", table, ASSAY_COUNT_OF(table) };
