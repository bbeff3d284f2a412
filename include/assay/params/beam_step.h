/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_BEAM_STEP_H
#define ASSAY_PARAMS_BEAM_STEP_H
#include <stdint.h>

enum { ASSAY_EARLY_FALSE, ASSAY_EARLY_TRUE, ASSAY_EARLY_NEVER };
enum { ASSAY_STOP_V5, ASSAY_STOP_V4 };

typedef struct assay_beam_step_params {
    int32_t n;            /* tokens generated before this step */
    int32_t most;         /* and at most, with this one; 0: no limit */
    float length_penalty; /* a finished score is divided by its length to this power */
    int32_t early, stop;  /* when a search ends */
} assay_beam_step_params;

#endif
