/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_SAMPLE_H
#define ASSAY_PARAMS_SAMPLE_H
#include <stdint.h>

typedef struct assay_sample_params {
    int64_t key, step; /* Philox4x32-10: key, and the upper half of the counter, whose lower half is row / 4 */
    float temp;        /* 0: greedy                                               */
    float top_p;       /* 0 or >= 1: off                                          */
    int32_t top_k;     /* 0: off                                                  */
} assay_sample_params;

#endif
