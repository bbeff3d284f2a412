/* SPDX-License-Identifier: MIT
 * matmul: kernels that are wrong on purpose, and legal ones that must pass. */
#include "faults.h"

#define MODES(X) X(0) X(1) X(2)

static assay_status go(const assay_args *a, int mode)
{
    const int64_t T = a->dim[0], K = a->dim[2];
    const float *bias = a->operand[2].data;
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = a->begin; n < a->end; n++) {
            const float *x = (const float *)((char *)a->operand[0].data + t * a->operand[0].stride[0]);
            const float *w = (const float *)((char *)a->operand[1].data + n * a->operand[1].stride[0]);
            float s = 0;
            for (int64_t k = 0; k < (mode == 1 ? K - 1 : K); k++)
                s += mode == 2 ? x[K - 1 - k] * w[K - 1 - k] : x[k] * w[k];
            *(float *)((char *)a->operand[3].data + t * a->operand[3].stride[0] + n * (int64_t)sizeof(float)) =
                s + (bias ? bias[n] : 0);
        }
    return ASSAY_OK;
}
FAULT_STUBS(MODES)

static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)),
                                       ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "matmul", .types = types
static const assay_fault table[] = {
    BAD(1, "last-k-dropped", "numerics 3"),
    GOOD(0, "sequential", "legal: one by one"),
    GOOD(2, "reversed", "legal: last to first"),
};

extern const assay_faults assay_faults_matmul;
const assay_faults assay_faults_matmul = { "matmul", table, ASSAY_COUNT_OF(table) };
