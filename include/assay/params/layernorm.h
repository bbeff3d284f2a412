/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_LAYERNORM_H
#define ASSAY_PARAMS_LAYERNORM_H
typedef struct assay_layernorm_params {
    float eps; /* added to the variance */
} assay_layernorm_params;

#endif
