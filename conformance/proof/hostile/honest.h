/* SPDX-License-Identifier: MIT
 * honest.h - the kernel that every hostile plug-in has beside its tricks: rmsnorm, as docs/plugin.md writes it. */
#ifndef ASSAY_HONEST_H
#define ASSAY_HONEST_H
#include "assay/assay.h"
#include "assay/params/rmsnorm.h"
#include <math.h>

const assay_plugin *assay_plugin_v1(void);

static assay_status honest(const assay_args *a)
{
    const assay_rmsnorm_params *p = a->params;
    const float *w = a->operand[1].data;
    for (int64_t r = a->begin; r < a->end; r++) {
        const float *x = (const float *)((const char *)a->operand[0].data + r * a->operand[0].stride[0]);
        float *y = (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]), ss = 0;
        for (int64_t c = 0; c < a->dim[1]; c++)
            ss += x[c] * x[c];
        for (int64_t c = 0; c < a->dim[1]; c++)
            y[c] = (w[c] + (p->plus_one ? 1 : 0)) * (x[c] / sqrtf(ss / (float)a->dim[1] + p->eps));
    }
    return ASSAY_OK;
}

static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
#endif
