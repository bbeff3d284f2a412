/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_SINUSOID_H
#define ASSAY_PARAMS_SINUSOID_H
#include <stdint.h>

enum { ASSAY_SINUSOID_INTERLEAVED, ASSAY_SINUSOID_CONCATENATED };
enum { ASSAY_SINUSOID_PAPER, ASSAY_SINUSOID_TENSOR2TENSOR };
typedef struct assay_sinusoid_params {
    int32_t layout;  /* interleaved: sine at 2r, cosine at 2r + 1; concatenated: at r and at D/2 + r */
    int32_t spacing; /* pair r turns by 10000^(-r/(D/2)) a position, or 10000^(-r/(D/2 - 1))        */
} assay_sinusoid_params;

#endif
