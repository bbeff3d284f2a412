/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_SCORES_H
#define ASSAY_PARAMS_SCORES_H
#include <stdint.h>

enum { ASSAY_SCORES_MASKED, ASSAY_SCORES_PRODUCT, ASSAY_SCORES_CAPPED, ASSAY_SCORES_WEIGHTS };
typedef struct assay_scores_params {
    float scale;    /* of q.k; 0: 1/sqrt(D)                                               */
    float softcap;  /* c: c tanh(scale q.k / c) before any mask or bias; 0: off           */
    int32_t causal; /* 1: a key is visible if its position is not after the query's       */
    int32_t window; /* W: |query position - key position| < W; 0: all                     */
    int32_t right;  /* R: key position - query position < R, in place of W; 0: as W       */
    int32_t stage;  /* which number is written: masked, product, capped or weights        */
} assay_scores_params;

#endif
