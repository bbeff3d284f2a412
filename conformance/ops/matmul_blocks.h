/* SPDX-License-Identifier: MIT
 * matmul_blocks.h - weights in blocks, in each mode: x is rounded to q8_0, block sums in integers. */
#ifndef ASSAY_FAULTS_MATMUL_BLOCKS_H
#define ASSAY_FAULTS_MATMUL_BLOCKS_H
#include "../../reference/core/dtype.h"
#include "assay/blocks.h"
#include "faults.h"
#include "matmul_modes.h"
#include <stdlib.h>

static int saturate16(int v)
{
    return v > 32767 ? 32767 : v < -32768 ? -32768 : v;
}

/* Code k of the block; the stored form of q4_0: 0 .. 15. */
static int code(const assay_tensor *w, const void *block, int k, mode m)
{
    if (w->type == ASSAY_q8_0)
        return ((const assay_q8_0 *)block)->q[k];
    const uint8_t *q = ((const assay_q4_0 *)block)->q;
    return m == NIBBLES ? q[k / 2] >> (k % 2 * 4) & 15 : q[k % 16] >> (k / 16 * 4) & 15;
}

static float block_dot(const assay_tensor *w, const void *block, const void *scale, const assay_q8_0 *x, mode m)
{
    const bool sign = m == SIGN; /* x gives its sign to w, and the byte -(-128) is -128 again */
    const bool q8 = w->type == ASSAY_q8_0;
    int sum = 0, offset = 0;
    for (int k = 0; k < 32; k += 2) {
        const int a = code(w, block, k, m), b = code(w, block, k + 1, m);
        if (m == MADDUBS) /* x + 128 is the unsigned side */
            sum += saturate16((x->q[k] + 128) * a + (x->q[k + 1] + 128) * b) - 128 * (a + b);
        else
            sum += (sign && a == -128 && x->q[k] < 0 ? -x->q[k] : x->q[k]) * a +
                   (sign && b == -128 && x->q[k + 1] < 0 ? -x->q[k + 1] : x->q[k + 1]) * b;
        offset += x->q[k] + x->q[k + 1];
        if (m == INT16)
            sum = (int16_t)(uint16_t)sum;
    }
    uint16_t d;
    memcpy(&d, scale, sizeof d);
    return assay_f16_to_f32(d) * assay_f16_to_f32(x->d) * (float)(q8 || m == NO_OFFSET ? sum : sum - 8 * offset);
}

static assay_status block_kernel(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const int64_t n = a->dim[K] / 32, size = assay_dtype_of(a->operand[W].type)->bytes;
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    double *dense = malloc((size_t)(a->dim[K] + 1) * sizeof *dense);
    assay_q8_0 *xq = malloc((size_t)(n + 1) * sizeof(assay_q8_1));
    for (int64_t t = 0; dense && xq && t < a->dim[T]; t++) {
        assay_dtype_of(ASSAY_f32)->decode(dense, (const char *)tx->data + t * tx->stride[0], a->dim[K]);
        assay_dtype_of(m == FORM ? ASSAY_q8_1 : ASSAY_q8_0)->encode(xq, dense, a->dim[K]);
        for (int64_t c = a->begin; c < a->end; c++) {
            const char *row = (const char *)tw->data + (m == ROW_BYTES ? c * a->dim[K] / 2 : c * tw->stride[0]);
            float s = 0;
            const int64_t blocks_read = m == ODD_BLOCK ? n & ~INT64_C(1) : n - (m == SKIP_BLOCK && n > 1);
            for (int64_t b = 0; b < blocks_read; b++) {
                const int64_t from = m == NEXT_SCALE && b + 1 < n               ? b + 1
                                     : m == REMAINDER && b >= (n & ~INT64_C(3)) ? n & ~INT64_C(3)
                                                                                : b;
                s += block_dot(tw, row + b * size, row + from * size, &xq[b], m);
            }
            ((float *)((char *)ty->data + t * ty->stride[0]))[c] = s + (bias ? bias[c] : 0);
        }
    }
    const assay_status status = dense && xq ? ASSAY_OK : ASSAY_ERR_NOMEM;
    free(dense);
    free(xq);
    return status;
}
#endif
