/* SPDX-License-Identifier: MIT
 * matmul_groups.h - weights whose groups of 16 or 32 have integer scales and minima, or whose codes stand for others: x
 * is rounded to q8_0, sums in integers, and what may go wrong in them. */
#ifndef ASSAY_FAULTS_MATMUL_GROUPS_H
#define ASSAY_FAULTS_MATMUL_GROUPS_H
#include "block_integers.h"
#include "faults.h"
#include "matmul_modes.h"
#include <stdlib.h>

/* Of the 32 weights the integers of half h: sum(q x), and of x alone. */
static void half_sums(const block_integers *v, const assay_q8_0 *x, int h, mode m, int *codes, int *all)
{
    *codes = *all = 0;
    for (int k = 16 * h; k < 16 * h + 16; k++) {
        const int q = m == LOW_BITS ? v->q[k] & 15 : v->q[k];
        *codes += q * x->q[k];
        *all += x->q[k];
    }
}

static float group_row(assay_dtype t, const void *row, const assay_q8_0 *x, int64_t n, mode m)
{
    assay_super super, other;
    block_integers v, next;
    float s = 0;
    for (int64_t b = 0; b < n; b++) {
        int codes[2], all[2], sum = 0, minima = 0;
        take_integers(&v, &super, t, row, b);
        if (m == NEXT_SUPER && b / 8 * 8 + 8 < n) {
            take_integers(&next, &other, t, row, b / 8 * 8 + 8);
            v.d = next.d;
        }
        for (int h = 0; h < 2; h++)
            half_sums(&v, &x[b], h, m, &codes[h], &all[h]);
        for (int h = 0; h < 2; h++) {
            const int scale = m == SWAP_HALVES ? v.scale[1 - h] : m == UNSIGNED_SCALE ? v.scale[h] & 255 : v.scale[h];
            const int shown = m == WRAP_SUPER ? (int16_t)(uint16_t)(codes[h] * scale) : codes[h] * scale;
            sum += m == HALF_START ? shown + 32 * scale * (all[h] - all[0]) : shown;
            minima += v.minimum[h] * (m == WHOLE_SUM ? all[0] + all[1] : all[h]);
        }
        const float dx = assay_f16_to_f32(x[b].d), d = m == TWICE ? 2 * v.d : v.d;
        s += (float)sum * dx * d;
        s += (m == PLUS_MINIMA ? -v.m : v.m) * (dx * (float)minima);
    }
    return s;
}

static assay_status group_kernel(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const int64_t n = a->dim[K] / 32;
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    double *dense = malloc((size_t)(a->dim[K] + 1) * sizeof *dense);
    assay_q8_0 *x = malloc((size_t)(n + 1) * sizeof *x);
    for (int64_t t = 0; dense && x && t < a->dim[T]; t++) {
        assay_dtype_of(ASSAY_f32)->decode(dense, (const char *)tx->data + t * tx->stride[0], a->dim[K]);
        assay_dtype_of(ASSAY_q8_0)->encode(x, dense, a->dim[K]);
        for (int64_t c = a->begin; c < a->end; c++)
            ((float *)((char *)ty->data + t * ty->stride[0]))[c] =
                group_row(tw->type, (const char *)tw->data + c * tw->stride[0], x, n, m) + (bias ? bias[c] : 0);
    }
    const assay_status status = dense && x ? ASSAY_OK : ASSAY_ERR_NOMEM;
    free(dense);
    free(x);
    return status;
}
#endif
