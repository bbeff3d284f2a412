/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_CONTRAST_H
#define ASSAY_PARAMS_CONTRAST_H

typedef struct assay_contrast_params {
    float alpha; /* how much likeness to the context counts, 0 to 1; 0: the chances alone */
} assay_contrast_params;

#endif
