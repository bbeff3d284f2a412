/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_ROPE_H
#define ASSAY_PARAMS_ROPE_H
#include <stdint.h>

enum { ASSAY_ROPE_INTERLEAVED, ASSAY_ROPE_HALF };
typedef struct assay_rope_params {
    int32_t mode;    /* interleaved: pairs (2r, 2r + 1); half: (r, r + n_dims / 2)  */
    int32_t n_dims;  /* rotated elements of a head, even; 0: D                      */
    float base;      /* 0: 10000                                                    */
    float magnitude; /* cosine and sine are multiplied by it; 0: 1                  */
} assay_rope_params;

#endif
