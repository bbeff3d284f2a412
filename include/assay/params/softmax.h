/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_SOFTMAX_H
#define ASSAY_PARAMS_SOFTMAX_H
#include <stdint.h>

typedef struct assay_softmax_params {
    float scale; /* y = softmax(scale x + mask); 0: 1                                 */
} assay_softmax_params;

#endif
