/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_RMSNORM_H
#define ASSAY_PARAMS_RMSNORM_H
#include <stdint.h>

typedef struct assay_rmsnorm_params {
    float eps;        /* added to the mean square                              */
    int32_t plus_one; /* 1: the weight is 1 + w (Gemma)                        */
} assay_rmsnorm_params;

#endif
