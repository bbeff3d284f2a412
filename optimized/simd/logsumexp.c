/* SPDX-License-Identifier: MIT
 * logsumexp: maximum; sum of the exponentials, which are not kept; the maximum and the sum's logarithm. */
#include "../isa/ln.h"
#include "../isa/logits.h"

static inline __attribute__((always_inline)) float logsumexp_row(const logits *l, int64_t C)
{
    const float top = logits_top(l, C);
    return top > -INFINITY ? top + ln_of(logits_sum(l, C, top)) : logits_hollow(l, C, -INFINITY);
}

static assay_status run(const assay_args *a)
{
    const assay_softmax_params *p = a->params;
    const assay_tensor *mask = &a->operand[1];
    logits l = { .scale = vec_set(p->scale) };
    float *lse = a->operand[2].data;
    for (int64_t r = a->begin; r < a->end; r++) {
        l.x = tensor_row(&a->operand[0], r);
        l.mask = NULL;
        if (mask->data) {
            l.mask = tensor_row(mask, r);
            lse[r] = logsumexp_row(&l, a->dim[1]);
        } else {
            lse[r] = logsumexp_row(&l, a->dim[1]);
        }
    }
    return ASSAY_OK;
}

SIMD_KERNEL(logsumexp) = {
    SIMD_ROWS,
    .op = "logsumexp",
    .flags = SIMD_PROMISES & ~ASSAY_INPLACE,
    .contract = &logits_contract,
};
