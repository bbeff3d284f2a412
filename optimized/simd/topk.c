/* SPDX-License-Identifier: MIT
 * topk: the K best so far lie in ids as a heap, the last of them in order at its root; vectors are only asked whether
 * any of their elements beats it, which in a row without order few do.  At the end the heap is sorted where it lies. */
#include "../isa/simd.h"

/* Does element i come before j?  NaN first, then the larger, then the lower index. */
static inline bool before(const float *x, int32_t i, int32_t j)
{
    if (x[i] != x[i] || x[j] != x[j])
        return x[i] != x[i] && (x[j] == x[j] || i < j);
    return x[i] > x[j] || (i < j && x[i] == x[j]);
}

/* Places element i into the heap of n, from place `at` down */
static void sink(const float *x, int32_t *heap, int64_t n, int64_t at, int32_t i)
{
    for (int64_t k = 2 * at + 1; k < n; at = k, k = 2 * at + 1) {
        if (k + 1 < n && before(x, heap[k], heap[k + 1]))
            k++;
        if (before(x, heap[k], i))
            break;
        heap[at] = heap[k];
    }
    heap[at] = i;
}

/* Is there a number above root among the 4 LANES at x, or a NaN?  Where root is -inf, -inf is none. */
static inline bool any_above(const float *x, vec root)
{
    const vec a = vec_load_once(x), b = vec_load_once(x + LANES);
    const vec c = vec_load_once(x + 2 * LANES), d = vec_load_once(x + 3 * LANES);
    const vec most = vec_max(vec_max(vec_max(root, a), vec_max(root, b)), vec_max(vec_max(root, c), vec_max(root, d)));
    const vec above = vec_pick(vec_eq(most, root), vec_set(1.0f), vec_set(-1.0f));
    return vec_any(vec_either(vec_negative(above), vec_either(vec_unordered(a, b), vec_unordered(c, d))));
}

static void row(const float *x, int64_t V, int32_t *ids, float *values, int64_t K)
{
    const int64_t n = K < V ? K : V;
    int64_t v = 0;
    for (; v < n; v++)
        ids[v] = (int32_t)v;
    for (int64_t i = n / 2; i-- > 0;)
        sink(x, ids, n, i, ids[i]);
    while (n > 0 && v < V) {
        const float least = x[ids[0]];
        if (least != least) /* NaN, and all that follows has a higher index */
            break;
        if (v + 4 * LANES <= V && !any_above(x + v, vec_set(least))) {
            v += 4 * LANES;
            continue;
        }
        for (const int64_t end = v + 4 * LANES < V ? v + 4 * LANES : V; v < end; v++)
            if (before(x, (int32_t)v, ids[0]))
                sink(x, ids, n, 0, (int32_t)v);
    }
    for (int64_t left = n - 1; left > 0; left--) {
        const int32_t last = ids[0];
        sink(x, ids, left, 0, ids[left]);
        ids[left] = last;
    }
    for (int64_t k = n; k < K; k++)
        ids[k] = -1;
    for (int64_t k = 0; values && k < K; k++)
        values[k] = k < n ? x[ids[k]] : -INFINITY;
}

static assay_status run(const assay_args *a)
{
    const assay_tensor *values = &a->operand[2];
    for (int64_t r = a->begin; r < a->end; r++)
        row(tensor_row(&a->operand[0], r), a->dim[1], tensor_row(&a->operand[1], r),
            values->data ? tensor_row(values, r) : NULL, a->dim[2]);
    return ASSAY_OK;
}

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(i32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };

SIMD_KERNEL(topk) = {
    .op = "topk",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
};
