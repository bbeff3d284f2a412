/* SPDX-License-Identifier: MIT
 * best.h - heaps of ids, ordered by a row of floats: the K largest of a row, and all in order of another row. */
#ifndef ASSAY_ISA_BEST_H
#define ASSAY_ISA_BEST_H
#include "simd.h"

/* Does element i come before j?  NaN first, then the larger, then the lower index. */
static inline bool best_before(const float *x, int32_t i, int32_t j)
{
    if (x[i] != x[i] || x[j] != x[j])
        return x[i] != x[i] && (x[j] == x[j] || i < j);
    return x[i] > x[j] || (i < j && x[i] == x[j]);
}

/* Places element i into the heap of n, the last in order at its root, from place `at` down */
static inline void best_sink(const float *x, int32_t *heap, int64_t n, int64_t at, int32_t i)
{
    for (int64_t k = 2 * at + 1; k < n; at = k, k = 2 * at + 1) {
        if (k + 1 < n && best_before(x, heap[k], heap[k + 1]))
            k++;
        if (best_before(x, heap[k], i))
            break;
        heap[at] = heap[k];
    }
    heap[at] = i;
}

/* Is there a number above root among the 4 LANES at x, or a NaN?  Where root is -inf, -inf is none. */
static inline bool best_above(const float *x, vec root)
{
    const vec a = vec_load_once(x), b = vec_load_once(x + LANES);
    const vec c = vec_load_once(x + 2 * LANES), d = vec_load_once(x + 3 * LANES);
    const vec most = vec_max(vec_max(vec_max(root, a), vec_max(root, b)), vec_max(vec_max(root, c), vec_max(root, d)));
    const vec above = vec_pick(vec_eq(most, root), vec_set(1.0f), vec_set(-1.0f));
    return vec_any(vec_either(vec_negative(above), vec_either(vec_unordered(a, b), vec_unordered(c, d))));
}

/* ids: the n best of the V elements of x, n <= V, as a heap.  Vectors are only asked whether any of their elements
 * beats the last so far, which in a row without order few do. */
static inline void best_of(const float *x, int64_t V, int32_t *ids, int64_t n)
{
    int64_t v = 0;
    for (; v < n; v++)
        ids[v] = (int32_t)v;
    for (int64_t i = n / 2; i-- > 0;)
        best_sink(x, ids, n, i, ids[i]);
    while (n > 0 && v < V) {
        const float least = x[ids[0]];
        if (least != least) /* NaN, and all that follows has a higher index */
            break;
        if (v + 4 * LANES <= V && !best_above(x + v, vec_set(least))) {
            v += 4 * LANES;
            continue;
        }
        for (const int64_t end = v + 4 * LANES < V ? v + 4 * LANES : V; v < end; v++)
            if (best_before(x, (int32_t)v, ids[0]))
                best_sink(x, ids, n, 0, (int32_t)v);
    }
}

/* The heap where it lies, in order. */
static inline void best_sort(const float *x, int32_t *ids, int64_t n)
{
    for (int64_t left = n - 1; left > 0; left--) {
        const int32_t last = ids[0];
        best_sink(x, ids, left, 0, ids[left]);
        ids[left] = last;
    }
}
#endif
