/* SPDX-License-Identifier: MIT
 * topk: ids[r,k] = the index of the k-th largest element of x[r,], values[r,k] = that element; of equal ones the lower
 * index comes first, and a NaN before everything (as argmax, PyTorch's topk and NumPy's argmax).  Where a row has fewer
 * than K elements the rest is -1 and -inf. */
#include "ref.h"
#include <stdlib.h>

/* Does element i come before j? */
static bool before(const real *x, int32_t i, int32_t j)
{
    if (isnan(x[i]) || isnan(x[j]))
        return isnan(x[i]) && (!isnan(x[j]) || i < j);
    return x[i] > x[j] || (i < j && x[i] == x[j]);
}

/* A heap of n indices, the first in order at its top, but for place i */
static void sift(const real *x, int32_t *heap, int64_t n, int64_t i)
{
    for (int64_t k = 2 * i + 1; k < n; i = k, k = 2 * i + 1) {
        if (k + 1 < n && before(x, heap[k + 1], heap[k]))
            k++;
        if (!before(x, heap[k], heap[i]))
            return;
        const int32_t t = heap[i];
        heap[i] = heap[k], heap[k] = t;
    }
}

REFERENCE(topk)
{
    const int64_t R = a->dim[0], V = a->dim[1], K = a->dim[2];
    const real *x = a->operand[0];                      /* (R,V) */
    real *ids = a->operand[1], *values = a->operand[2]; /* (R,K) (R,K) */
    int32_t *heap = malloc((size_t)V * sizeof *heap);

    for (int64_t r = 0; heap && r < R; r++, x += V) {
        for (int64_t v = 0; v < V; v++)
            heap[v] = (int32_t)v;
        for (int64_t i = V / 2; i-- > 0;)
            sift(x, heap, V, i);
        for (int64_t k = r * K, left = V; k < (r + 1) * K; k++) {
            ids[k] = left > 0 ? heap[0] : -1;
            if (values)
                values[k] = left > 0 ? x[heap[0]] : -INFINITY;
            if (left > 0) {
                heap[0] = heap[--left];
                sift(x, heap, left, 0);
            }
        }
    }
    free(heap);
}
