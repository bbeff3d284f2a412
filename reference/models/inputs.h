/* SPDX-License-Identifier: MIT
 * inputs.h - what a model is given, as numbers in a safetensors file (any type that the format has):
 *   ids (T)          of a decoder alone, or of an encoder          types (T)   which text of a pair each is of
 *   decoder_ids (U)  of a decoder behind an encoder                mel (M, frames), pixels (channels, h, w)
 *   logits (rows, width): the answers, to compare with. */
#ifndef ASSAY_MODELS_INPUTS_H
#define ASSAY_MODELS_INPUTS_H
#include "graph.h"

typedef struct assay_given { /* one of them; x NULL: it is not there */
    double *x;
    int32_t *whole;  /* ids */
    int64_t n, last; /* numbers, length of the last dimension */
} assay_given;

typedef struct assay_inputs {
    const char *label;
    assay_safetensors file;
    assay_given ids, types, decoder_ids, frames, logits;
    float *narrow; /* frames */
} assay_inputs;

/* ERR_FORMAT, ERR_IO, with a sentence; free in any case. */
assay_status assay_inputs_open(const char *path, assay_inputs *in, assay_why *why);
void assay_inputs_free(assay_inputs *in);
/* Rows that the encoder's pass has: tokens, or what the stem makes of frames (the graph's value says how many a row).
 */
assay_status assay_inputs_rows(const assay_inputs *in, const assay_graph *g, int64_t *T, assay_why *why);
#endif
