/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_GROUPNORM_H
#define ASSAY_PARAMS_GROUPNORM_H

typedef struct assay_groupnorm_params {
    float eps; /* added to the variance */
} assay_groupnorm_params;

#endif
