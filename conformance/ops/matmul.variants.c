/* SPDX-License-Identifier: MIT
 * matmul, and ops that are made of it, in any order of the sum over K, the bias and a residual first or last.  Weights
 * of any type are decoded, exactly. */
#include "variants.h"
#include <stdlib.h>

enum { T, N, K };
enum { X, W, BIAS };

assay_status assay_vary_product(const assay_args *a, const assay_sum *s, int residual, int out, assay_vary_map *map,
                                int32_t kind)
{
    const int64_t k = a->dim[K], step = k + 2; /* before w: bias and residual; before x: what they are times */
    const int added = (a->operand[BIAS].data != NULL) + (residual >= 0), first = s->row % 2 ? 2 - added : 2;
    float *x = malloc((size_t)((a->dim[T] + 1) * step) * sizeof *x);
    if (!x)
        return ASSAY_ERR_NOMEM;
    float *w = x + a->dim[T] * step, *last = w + 1;
    for (int64_t t = 0; t < a->dim[T]; t++) {
        x[t * step] = x[t * step + 1] = 1;
        assay_vary_read(&a->operand[X], t, 0, k, x + t * step + 2);
    }
    for (int64_t n = 0; n < a->dim[N]; n++) {
        assay_vary_read(&a->operand[W], n, 0, k, w + 2);
        if (a->operand[BIAS].data)
            assay_vary_read(&a->operand[BIAS], 0, n, 1, residual < 0 ? last : w);
        for (int64_t t = 0; t < a->dim[T]; t++) {
            if (residual >= 0)
                assay_vary_read(&a->operand[residual], t, n, 1, last);
            float y = assay_sum_of(s, x + t * step + first, 1, w + first, 1, step - first);
            for (int i = 2 - added; first == 2 && i < 2; i++)
                y += w[i];
            y = map ? map(a->params, y, kind) : y;
            assay_vary_write(&a->operand[out], t, n, 1, &y);
        }
    }
    free(x);
    return ASSAY_OK;
}

assay_status assay_vary_matmul(const assay_args *a)
{
    return assay_vary_product(a, a->variant, -1, BIAS + 1, NULL, 0);
}
