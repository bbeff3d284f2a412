/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_SIMILARITY_H
#define ASSAY_PARAMS_SIMILARITY_H
#include <stdint.h>

enum { ASSAY_SIMILARITY_DOT, ASSAY_SIMILARITY_COSINE, ASSAY_SIMILARITY_L2 };
typedef struct assay_similarity_params {
    int32_t form; /* dot: a b; cosine: a b / (|a| |b|), 0 if either is 0; l2: |a - b|, a distance */
} assay_similarity_params;

#endif
