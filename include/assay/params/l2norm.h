/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_L2NORM_H
#define ASSAY_PARAMS_L2NORM_H
#include <stdint.h>

enum { ASSAY_L2_MAX, ASSAY_L2_SUM };

typedef struct assay_l2norm_params {
    float eps;    /* the smallest divisor, or added to the sum of the squares */
    int32_t form; /* which of them */
} assay_l2norm_params;

#endif
