/* SPDX-License-Identifier: MIT
 * onnx_calls.h - the calls of our ops that an ONNX graph makes: one pass over its lengths. */
#ifndef ASSAY_MODELS_ONNX_CALLS_H
#define ASSAY_MODELS_ONNX_CALLS_H
#include "../core/calls.h"

/* An assay_calls_lister for a file *.onnx.  Names of lengths: asked->length; else those of a batch are 1, of a sequence
 * the prompt.  Nodes that none of our ops computes are counted in c->other with the reason. */
assay_status assay_onnx_calls(const assay_calls_asked *asked, assay_calls *c, assay_why *why);
/* The same of a file in memory. */
assay_status assay_onnx_calls_of(const assay_calls_asked *asked, const unsigned char *data, size_t n, assay_calls *c,
                                 assay_why *why);
#endif
