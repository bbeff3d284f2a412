/* SPDX-License-Identifier: MIT
 * matmul in any order of the sum over K, the bias first or last.  Weights of any type are decoded, exactly. */
#include "variants.h"
#include <stdlib.h>

enum { T, N, K };
enum { X, W, BIAS, Y };

assay_status assay_vary_matmul(const assay_args *a)
{
    const assay_sum *s = a->variant;
    const int64_t k = a->dim[K], step = k + 1;
    float *x = malloc((size_t)((a->dim[T] + 1) * step) * sizeof *x);
    if (!x)
        return ASSAY_ERR_NOMEM;
    float *w = x + a->dim[T] * step;
    for (int64_t t = 0; t < a->dim[T]; t++) {
        assay_vary_read(&a->operand[X], t, 0, k, x + t * step + 1);
        x[t * step] = 1;
    }
    for (int64_t n = 0; n < a->dim[N]; n++) {
        const int first = a->operand[BIAS].data && s->row % 2 ? 0 : 1; /* the bias is the first term */
        float bias = 0;
        assay_vary_read(&a->operand[W], n, 0, k, w + 1);
        if (a->operand[BIAS].data)
            assay_vary_read(&a->operand[BIAS], 0, n, 1, &bias);
        w[0] = bias;
        for (int64_t t = 0; t < a->dim[T]; t++) {
            const float sum = assay_sum_of(s, x + t * step + first, 1, w + first, 1, k + 1 - first);
            const float y = first && a->operand[BIAS].data ? sum + bias : sum;
            assay_vary_write(&a->operand[Y], t, n, 1, &y);
        }
    }
    free(x);
    return ASSAY_OK;
}
