/* SPDX-License-Identifier: MIT
 * pick.h - the next token from a row of logits, by the ops argmax and sample. */
#ifndef ASSAY_MODELS_PICK_H
#define ASSAY_MODELS_PICK_H
#include "assay/assay.h"

typedef struct assay_picker {
    double temp, top_p; /* temp 0: greedy */
    int64_t top_k, seed;
    uint64_t isa; /* features that kernels may use */
} assay_picker;

/* logits: (1, V), f32 or f64 (rounded to f32 first); step counts the tokens picked so far. */
assay_status assay_pick(const assay_picker *p, const assay_tensor *logits, int64_t step, int32_t *id, assay_why *why);
#endif
