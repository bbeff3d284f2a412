/* SPDX-License-Identifier: MIT
 * onnx_rules.h - which of our calls a node of an ONNX graph is. */
#ifndef ASSAY_MODELS_ONNX_RULES_H
#define ASSAY_MODELS_ONNX_RULES_H
#include "../core/calls.h"
#include "onnx.h"

typedef struct assay_onnx_work {
    assay_calls *c;
    const assay_onnx *g;
    const assay_onnx_node *n;
    const assay_onnx_tensor *in[ASSAY_ONNX_INPUTS]; /* of n, set by assay_onnx_call */
    uint64_t isa;                                   /* that kernels may use; 0: scalar alone */
    assay_why why;
} assay_onnx_work;

/* Adds the calls that w->n makes to w->c's last phase; else returns why it makes none, valid until the next call. */
const char *assay_onnx_call(assay_onnx_work *w);
#endif
