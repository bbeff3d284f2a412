/* SPDX-License-Identifier: MIT
 * rmsnorm: seeded faults. */
#include "faults.h"

static assay_status go(const assay_args *a, int mode)
{
    const assay_rmsnorm_params *p = a->params;
    const float eps = mode == 1 ? 0 : p->eps, *w = a->operand[1].data;
    const int64_t C = a->dim[1];
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]), ss = 0;
        for (int64_t c = 0; c < C - (mode == 2 && C > 1); c++)
            ss += x[c] * x[c];
        const float s = 1 / sqrtf(ss / (float)C + eps);
        for (int64_t c = 0; c < C; c++)
            y[c] = (p->plus_one ? 1 + w[c] : w[c]) * (s * x[c]);
    }
    return ASSAY_OK;
}

#define MODES(X) X(0) X(1) X(2)
FAULT_STUBS(MODES)
static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
#define KERNEL_BASE .op = "rmsnorm", .types = types
static const assay_fault table[] = {
    BAD(1, "no-eps", "numerics 3"),
    BAD(2, "lost-tail", "numerics 3"),
    GOOD(0, "sequential", "legal: one by one"),
};
extern const assay_faults assay_faults_rmsnorm;
const assay_faults assay_faults_rmsnorm = { "rmsnorm", table, ASSAY_COUNT_OF(table) };
