/* SPDX-License-Identifier: MIT
 * topk: the K best so far lie in ids as a heap; at the end the heap is sorted where it lies. */
#include "../isa/best.h"

static void row(const float *x, int64_t V, int32_t *ids, float *values, int64_t K)
{
    const int64_t n = K < V ? K : V;
    best_of(x, V, ids, n);
    best_sort(x, ids, n);
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
