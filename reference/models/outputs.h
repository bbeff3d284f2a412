/* SPDX-License-Identifier: MIT
 * outputs.h - what a model answers to given inputs, all rows, as files: what `assay logits` does, and golden answers
 * are held against. */
#ifndef ASSAY_MODELS_OUTPUTS_H
#define ASSAY_MODELS_OUTPUTS_H
#include "session.h"

typedef struct assay_outputs {
    const char *model, *inputs, *path; /* inputs: inputs.h; path NULL: nothing is written */
    const char *impl_text;
    assay_impl impl;
    int threads;
    int64_t chunk; /* tokens of a step; 0: all at once */
    /* results */
    const char *family;
    int64_t rows, width;
    double seconds;
    bool compared;              /* inputs hold logits, too */
    double difference, largest; /* from them: the largest, and the largest of theirs */
} assay_outputs;

/* Inputs: inputs.h.
 * Output: logits (rows, width), F64; of an encoder with hidden states "hidden" (T, d) besides. */
assay_status assay_outputs_run(assay_outputs *o, assay_why *why);
#endif
