/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_GUMBEL_H
#define ASSAY_PARAMS_GUMBEL_H
#include <stdint.h>

typedef struct assay_gumbel_params {
    int64_t key, step; /* Philox4x32-10: key, and the upper half of the counter, whose lower half is (id / 4, row) */
    float temp;        /* 0: greedy */
} assay_gumbel_params;

#endif
