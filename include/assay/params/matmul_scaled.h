/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_MATMUL_SCALED_H
#define ASSAY_PARAMS_MATMUL_SCALED_H
#include <stdint.h>

typedef struct assay_matmul_scaled_params {
    int64_t rows;  /* rows of w that share a scale; 0: all */
    int64_t group; /* columns of w, and of x, that share one; 0: all */
} assay_matmul_scaled_params;

#endif
