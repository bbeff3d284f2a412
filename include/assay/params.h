/* SPDX-License-Identifier: MIT
 * params.h - one struct per op that has parameters.
 * What a shape tells is not a parameter (GQA: H query heads over G kv heads); what has elements is an operand
 * (mask, sinks, slopes, positions); what is left is a scalar, and its zero means "off" or "the usual value"; a kernel
 * sees no zero of the second sort: the value stands there. */
#ifndef ASSAY_PARAMS_H
#define ASSAY_PARAMS_H
#include <stdint.h>

typedef struct assay_rmsnorm_params {
    float eps;        /* added to the mean square                              */
    int32_t plus_one; /* 1: the weight is 1 + w (Gemma)                        */
} assay_rmsnorm_params;

enum { ASSAY_ROPE_INTERLEAVED, ASSAY_ROPE_HALF };
typedef struct assay_rope_params {
    int32_t mode;   /* interleaved: pairs (2r, 2r + 1); half: (r, r + n_dims / 2)  */
    int32_t n_dims; /* rotated elements of a head, even; 0: D                      */
    float base;     /* 0: 10000                                                    */
} assay_rope_params;

typedef struct assay_sample_params {
    int64_t key, step; /* Philox4x32-10: key, and the upper half of the counter   */
    float temp;        /* 0: greedy                                               */
    float top_p;       /* 0 or >= 1: off                                          */
    int32_t top_k;     /* 0: off                                                  */
} assay_sample_params;

typedef struct assay_softmax_params {
    float scale; /* y = softmax(scale x + mask); 0: 1                                 */
} assay_softmax_params;
typedef struct assay_attention_params {
    float scale;    /* of q.k; 0: 1/sqrt(D)                                               */
    float softcap;  /* c: c tanh(scale q.k / c) before any mask or bias; 0: off           */
    int32_t causal; /* 1: a key is visible if its position is not after the query's       */
    int32_t window; /* W: |query position - key position| < W (W keys, itself among them); 0: all */
    int32_t page;   /* keys per page; not 0 exactly where pages are given                 */
} assay_attention_params;

#endif
