/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_MOE_BALANCE_H
#define ASSAY_PARAMS_MOE_BALANCE_H
#include <stdint.h>

enum { ASSAY_BALANCE_ONE, ASSAY_BALANCE_K };
typedef struct assay_moe_balance_params {
    int32_t share; /* what the shares f of the experts sum to: 1 (Switch), or the K experts of a token (Mixtral) */
} assay_moe_balance_params;

#endif
