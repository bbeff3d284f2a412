/* SPDX-License-Identifier: MIT
 * moe_slots: each choice waits for the count of its expert, so vectors have nothing to do together: one counter after
 * the other, without a branch.  What chose none counts on a counter of its own that is full from the start. */
#include "assay/params/moe_slots.h"
#include "../isa/simd.h"

enum { IDS, SLOTS, COUNT };

static int32_t *row(const assay_tensor *x, int64_t b, int64_t t)
{
    return (int32_t *)(void *)((char *)x->data + b * x->stride[0] + t * x->stride[1]);
}

/* n choices of a token */
static inline void seat(const int32_t *ids, int32_t *slots, int64_t n, int32_t X, int32_t capacity, int32_t *chosen)
{
    for (int64_t k = 0; k < n; k++) {
        const int32_t before = chosen[ids[k] < 0 ? X : ids[k]]++;
        slots[k] = before < capacity ? before : -1;
    }
}

static void group(const assay_args *a, int64_t b, int32_t *chosen)
{
    const assay_moe_slots_params *p = a->params;
    const int64_t T = a->dim[1], X = a->dim[2], K = a->dim[3];
    const int64_t rounds = p->order == ASSAY_SLOTS_CHOICES ? K : 1, n = p->order == ASSAY_SLOTS_CHOICES ? 1 : K;
    const int32_t capacity = p->capacity ? p->capacity : (int32_t)(T * K);
    for (int64_t e = 0; e < X; e++)
        chosen[e] = 0;
    chosen[X] = capacity;
    for (int64_t k = 0; k < rounds; k++)
        for (int64_t t = 0; t < T; t++)
            seat(row(&a->operand[IDS], b, t) + k, row(&a->operand[SLOTS], b, t) + k, n, (int32_t)X, capacity, chosen);
    if (a->operand[COUNT].data)
        for (int64_t e = 0; e < X; e++)
            row(&a->operand[COUNT], b, 0)[e] = chosen[e];
}

static assay_status run(const assay_args *a)
{
    for (int64_t b = a->begin; b < a->end; b++)
        group(a, b, a->scratch);
    return ASSAY_OK;
}

static size_t scratch(const assay_args *a)
{
    return ((size_t)a->dim[2] + 1) * sizeof(int32_t);
}

#define I32 ASSAY_TYPES(ASSAY_T(i32))
static const assay_typeset types[] = { I32, I32, I32 };

SIMD_KERNEL(moe_slots) = {
    .op = "moe_slots",
    .name = SIMD_TIER,
    .isa = SIMD_ISA,
    .flags = ASSAY_BITEXACT | ASSAY_DETERMINISTIC | ASSAY_BATCH_INVARIANT,
    .types = types,
    .run = run,
    .scratch = scratch,
};
