/* SPDX-License-Identifier: MIT
 * matmul_8.h - weights of 8 bits, read in plain C and summed one after the other, and what goes wrong in that. */
#ifndef ASSAY_FAULTS_MATMUL_8_H
#define ASSAY_FAULTS_MATMUL_8_H
#include "matmul_dot.h"
#include <stdlib.h>

static float number_8(uint8_t code, assay_dtype t, mode m)
{
    const bool e4m3 = (t == ASSAY_e4m3) != (m == OTHER_8);
    const int bits = e4m3 ? 3 : 2, bias = (e4m3 ? 7 : 15) + (m == FNUZ_8), e = code % 128 >> bits,
              fraction = code % (1 << bits);
    const bool last = e4m3 ? code % 128 == 127 && m != END_8 : e == 31 && m != INF_8;
    float v = e || m == NORMAL_8 ? ldexpf((float)(fraction + (1 << bits)), e - bias - bits)
                                 : ldexpf((float)fraction, 1 - bias - bits);
    if (last)
        v = e4m3 || fraction ? NAN : INFINITY;
    if ((m == FLUSH_8 && e == 0) || (m == SWALLOW_8 && isnan(v)))
        v = 0;
    if (m == ZERO_8 && code == 128)
        v = NAN;
    return code < 128 ? v : -v;
}

static assay_status kernel_8(const assay_args *a)
{
    const mode m = (mode)mode_of(a);
    const int64_t columns = a->dim[N], n = a->dim[K];
    const assay_tensor *tx = &a->operand[X], *tw = &a->operand[W], *ty = &a->operand[Y];
    const float *bias = a->operand[BIAS].data;
    float *w = malloc((size_t)(n + 1) * sizeof *w);
    for (int64_t c = a->begin; w && c < a->end; c++) {
        const int64_t row = m == PAIR_8 && (c ^ 1) < columns ? c ^ 1 : c;
        for (int64_t k = 0; k < n; k++) {
            w[k] = number_8(((const uint8_t *)tw->data + row * tw->stride[0])[k], tw->type, m);
            w[k] = m == FAINT_8 ? w[k] / 256 : w[k];
        }
        for (int64_t t = 0; t < a->dim[T]; t++) {
            const float s = chain((const float *)((const char *)tx->data + t * tx->stride[0]), w, n, 1, false);
            ((float *)((char *)ty->data + t * ty->stride[0]))[c] = (m == FAINT_8 ? s * 256 : s) + (bias ? bias[c] : 0);
        }
    }
    const assay_status status = w ? ASSAY_OK : ASSAY_ERR_NOMEM;
    free(w);
    return status;
}
#endif
