/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_DROPOUT_H
#define ASSAY_PARAMS_DROPOUT_H
#include <stdint.h>

typedef struct assay_dropout_params {
    int64_t key, step; /* Philox4x32-10: key, and the upper half of the counter, whose lower half is the block */
    int64_t offset;    /* block of the first element; a block is four elements */
    float p;           /* the chance to be dropped; 0: y is x */
} assay_dropout_params;

#endif
