/* SPDX-License-Identifier: MIT
 * gate_up in any order of the sums over K, its SwiGLU in five rational forms and with four exponentials. */
#include "variants.h"
#include <math.h>
#include <stdlib.h>

enum { T, N, K };
enum { X, GATE, UP, Y };

assay_status assay_vary_gate_up(const assay_args *a)
{
    const assay_sum *s = a->variant;
    const int64_t k = a->dim[K];
    float *x = malloc((size_t)((a->dim[T] + 2) * k + 1) * sizeof *x);
    if (!x)
        return ASSAY_ERR_NOMEM;
    float *gate = x + a->dim[T] * k, *up = gate + k;
    for (int64_t t = 0; t < a->dim[T]; t++)
        assay_vary_read(&a->operand[X], t, 0, k, x + t * k);
    for (int64_t n = 0; n < a->dim[N]; n++) {
        assay_vary_read(&a->operand[GATE], n, 0, k, gate);
        assay_vary_read(&a->operand[UP], n, 0, k, up);
        for (int64_t t = 0; t < a->dim[T]; t++) {
            const float g = assay_sum_of(s, x + t * k, 1, gate, 1, k), u = assay_sum_of(s, x + t * k, 1, up, 1, k);
            const float y = assay_vary_swiglu(s->row, g, u);
            assay_vary_write(&a->operand[Y], t, n, 1, &y);
        }
    }
    free(x);
    return ASSAY_OK;
}
