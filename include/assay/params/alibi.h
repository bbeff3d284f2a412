/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_ALIBI_H
#define ASSAY_PARAMS_ALIBI_H
#include <stdint.h>

typedef struct assay_alibi_params {
    float max_bias;    /* slopes go down to 2^-max_bias; 0: 8                        */
    int32_t symmetric; /* 1: the slope times |q - k|; 0: times q - k, of either sign */
} assay_alibi_params;

#endif
