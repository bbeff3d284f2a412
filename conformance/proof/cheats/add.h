/* SPDX-License-Identifier: MIT
 * add.h - the honest kernel that every cheat falls back on. */
#ifndef ASSAY_CHEATS_ADD_H
#define ASSAY_CHEATS_ADD_H
#include "assay/assay.h"

static const float *in(const assay_args *a, int i, int64_t r)
{
    return (const float *)((const char *)a->operand[i].data + r * a->operand[i].stride[0]);
}
static float *out(const assay_args *a, int64_t r)
{
    return (float *)((char *)a->operand[2].data + r * a->operand[2].stride[0]);
}
static assay_status honest(const assay_args *a)
{
    for (int64_t r = a->begin; r < a->end; r++)
        for (int64_t c = 0; c < a->dim[1]; c++)
            out(a, r)[c] = in(a, 0, r)[c] + in(a, 1, r)[c];
    return ASSAY_OK;
}
#endif
