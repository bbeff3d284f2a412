/* SPDX-License-Identifier: MIT
 * l2norm: two passes per row: sum of the squares, result. */
#include "assay/params/l2norm.h"
#include "../isa/mean.h"

static assay_status run(const assay_args *a)
{
    const assay_l2norm_params *p = a->params;
    const int64_t C = a->dim[1], tail = C % LANES, body = C - tail;

    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = tensor_row(&a->operand[0], r);
        float *y = tensor_row(&a->operand[1], r);
        const vec last = vec_load_n(x + body, tail);
        const float squares = total(x, C, vec_zero(), 2),
                    root = sqrtf(p->form == ASSAY_L2_SUM ? squares + p->eps : squares);
        const vec s = vec_set(1.0f / (p->form == ASSAY_L2_MAX && root < p->eps ? p->eps : root));
        for (int64_t c = 0; c < body; c += LANES)
            vec_store(y + c, vec_mul(s, vec_load(x + c)));
        vec_store_n(y + body, vec_mul(s, last), tail);
    }
    return ASSAY_OK;
}

SIMD_KERNEL(l2norm) = {
    SIMD_ROWS,
    .op = "l2norm",
    .flags = SIMD_PROMISES,
    .contract = &mean_contract,
};
