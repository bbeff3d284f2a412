/* SPDX-License-Identifier: MIT
 * params.h - one struct per op that has parameters.
 * What a shape tells is not a parameter (GQA: H query heads over G kv heads); what has elements is an operand
 * (mask, sinks, slopes, positions); what is left is a scalar, and its zero means "off" or "the usual value". */
#ifndef ASSAY_PARAMS_H
#define ASSAY_PARAMS_H
#include <stdint.h>

typedef struct assay_rmsnorm_params {
    float eps;        /* added to the mean square                              */
    int32_t plus_one; /* 1: the weight is 1 + w (Gemma)                        */
} assay_rmsnorm_params;

#endif
