/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_MOE_SLOTS_H
#define ASSAY_PARAMS_MOE_SLOTS_H
#include <stdint.h>

enum { ASSAY_SLOTS_TOKENS, ASSAY_SLOTS_CHOICES };
typedef struct assay_moe_slots_params {
    int32_t capacity; /* slots that an expert has in each group; 0: as many as choose it */
    int32_t order;    /* who comes first: all choices of earlier tokens (Switch), or all earlier choices (GShard) */
} assay_moe_slots_params;

#endif
