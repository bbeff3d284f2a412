/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_TRUNCATE_H
#define ASSAY_PARAMS_TRUNCATE_H
#include <stdint.h>

enum { ASSAY_TOP_K, ASSAY_TOP_P, ASSAY_MIN_P, ASSAY_TYPICAL, ASSAY_SURPRISE };

typedef struct assay_truncate_params {
    int32_t rule;
    int32_t k;    /* of top_k; 0: off                                                        */
    float amount; /* of the other rules: a sum, a share of the largest, a sum, bits; 0: off  */
    float temp;   /* at which probabilities are taken; kernels never see 0: 1                */
} assay_truncate_params;

#endif
