/* SPDX-License-Identifier: MIT
 * onnx_ops.h - a kernel as a node of ONNX: onnx_ops.c says which, onnxruntime.c runs it. */
#ifndef ASSAY_PEERS_ONNX_OPS_H
#define ASSAY_PEERS_ONNX_OPS_H
#include "assay/assay.h"
#include "onnx_model.h"

typedef struct onnx_packed { /* stands before the data of the constants, each at a multiple of 64 bytes */
    uint64_t id;             /* a hash of all that follows */
    uint32_t refused;        /* 1: the node cannot say these weights */
    uint32_t left_out;       /* inputs, a bit each, that the weights made needless */
} onnx_packed;

typedef struct onnx_way {
    /* The node of a call: inputs, attributes.  When packed only what is known of the weights is there. */
    void (*describe)(const assay_args *a, onnx_node *n);
    /* Constant input i, dense, from the weights as they come; may set what is left out or refused. */
    void (*fill)(const assay_args *a, const onnx_node *n, int i, void *dst, onnx_packed *p);
    int level; /* MatMulNBits: accuracy_level: 1: x stays in f32, 4: x is rounded to 8 bits by blocks */
} onnx_way;

/* onnxruntime.c: what the kernels are made of */
assay_status onnx_run(const assay_args *a);
size_t onnx_scratch(const assay_args *a);
size_t onnx_packed_bytes(const assay_args *a);
void onnx_pack(const assay_args *a, void *dst);

extern const assay_kernel onnx_kernels[];
extern const size_t onnx_n_kernels;
#endif
