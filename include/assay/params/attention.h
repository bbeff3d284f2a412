/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_ATTENTION_H
#define ASSAY_PARAMS_ATTENTION_H
#include <stdint.h>

typedef struct assay_attention_params {
    float scale;    /* of q.k; 0: 1/sqrt(D)                                               */
    float softcap;  /* c: c tanh(scale q.k / c) before any mask or bias; 0: off           */
    int32_t causal; /* 1: a key is visible if its position is not after the query's       */
    int32_t window; /* W: |query position - key position| < W (W keys, itself among them); 0: all */
    int32_t page;   /* keys per page; not 0 exactly where pages are given                 */
    int32_t right;  /* R: key position - query position < R, where the window has its own end; 0: it has not */
    int32_t prefix; /* causal does not hide keys at positions below this                  */
    int32_t chunk;  /* C: a query sees the keys of its own chunk of C positions; 0: all   */
    int32_t tile;   /* queries and keys of a tile of allow; 0: 1                          */
} assay_attention_params;

#endif
