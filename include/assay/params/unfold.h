/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_UNFOLD_H
#define ASSAY_PARAMS_UNFOLD_H
#include <stdint.h>

typedef struct assay_unfold_params {
    int32_t kernel_h, kernel_w; /* rows and columns of a patch; 0: 1 */
    int32_t stride_h, stride_w; /* from one patch to the next; 0: as the kernel, so that patches lie side by side */
    int32_t pad_h, pad_w;       /* zeros before and behind each column, each row, of the image */
} assay_unfold_params;

#endif
