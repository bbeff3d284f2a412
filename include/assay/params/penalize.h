/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_PENALIZE_H
#define ASSAY_PARAMS_PENALIZE_H

typedef struct assay_penalize_params {
    float repetition; /* seen ids: a logit below 0 times it, another over it; kernels never see 0: 1 */
    float frequency;  /* taken off once for each time                                                */
    float presence;   /* taken off once if there was any                                             */
} assay_penalize_params;

#endif
