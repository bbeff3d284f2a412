/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_ADD_LAYERNORM_H
#define ASSAY_PARAMS_ADD_LAYERNORM_H

typedef struct assay_add_layernorm_params {
    float eps;   /* added to the variance */
    float alpha; /* of the residual; 0: 1 */
} assay_add_layernorm_params;

#endif
