/* SPDX-License-Identifier: MIT
 * logsumexp: maximum; sum of the exponentials, which are not kept; the maximum and the sum's logarithm. */
#include "../isa/ln.h"
#include "../isa/logits.h"

LOGITS_INLINE void logsumexp_row(const logits *l, float *lse, int64_t C)
{
    const float top = logits_top(l, C);
    *lse = top > -INFINITY ? top + ln_of(logits_sum(l, C, top)) : logits_hollow(l, C, -INFINITY);
}

static assay_status run(const assay_args *a)
{
    return logits_rows(a, NULL, &a->operand[2], logsumexp_row);
}

SIMD_KERNEL(logsumexp) = {
    SIMD_ROWS,
    .op = "logsumexp",
    .flags = SIMD_PROMISES & ~ASSAY_INPLACE,
    .contract = &logits_contract,
};
