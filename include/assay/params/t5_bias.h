/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_T5_BIAS_H
#define ASSAY_PARAMS_T5_BIAS_H
#include <stdint.h>

typedef struct assay_t5_bias_params {
    int32_t causal; /* 1: keys ahead share bucket 0 with the query's own; 0: they have the second half of the table */
    int32_t max_distance; /* from here on all is the last bucket; 0: 128 */
} assay_t5_bias_params;

#endif
