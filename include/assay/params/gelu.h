/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_GELU_H
#define ASSAY_PARAMS_GELU_H
#include <stdint.h>

enum { ASSAY_GELU_ERF, ASSAY_GELU_TANH, ASSAY_GELU_QUICK };
typedef struct assay_gelu_params {
    int32_t form; /* erf: x Phi(x); tanh: its approximation by tanh; quick: x sigmoid(1.702 x) */
} assay_gelu_params;

#endif
