/* SPDX-License-Identifier: MIT */
#ifndef ASSAY_PARAMS_MOE_GATE_H
#define ASSAY_PARAMS_MOE_GATE_H
#include <stdint.h>

enum { ASSAY_GATE_SOFTMAX, ASSAY_GATE_SIGMOID, ASSAY_GATE_CHOSEN };
enum { ASSAY_GATE_TWO, ASSAY_GATE_MOST };
typedef struct assay_moe_gate_params {
    int32_t score;  /* what is weighed: softmax of all logits, sigmoid, or softmax of the chosen logits alone */
    int32_t groups; /* the experts stand in so many groups of one size; 0: 1 */
    int32_t keep;   /* and are chosen from so many of them; 0: all */
    int32_t best;   /* a group's score: the sum of its two largest, or the largest */
    int32_t norm;   /* not 0: weights are divided by their sum + 1e-20 (of CHOSEN they sum to 1) */
    float scale;    /* of the weights, last; 0: 1 */
} assay_moe_gate_params;

#endif
