/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_EMBED_SUM_H
#define ASSAY_PARAMS_EMBED_SUM_H
#include <stdint.h>

typedef struct assay_embed_sum_params {
    int32_t offset; /* of positions in their table: 2 in BART and OPT */
} assay_embed_sum_params;

#endif
