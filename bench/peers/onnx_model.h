/* SPDX-License-Identifier: MIT
 * onnx_model.h - an ONNX model of one node, made in memory: just what the plug-in needs of the format (onnx.proto3's
 * field numbers).  Lengths of inputs and outputs are left open, but for a last one that the node is to know; what is
 * constant is an initializer. */
#ifndef ASSAY_PEERS_ONNX_MODEL_H
#define ASSAY_PEERS_ONNX_MODEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ONNX_FLOAT = 1, ONNX_UINT8 = 2, ONNX_INT8 = 3, ONNX_INT64 = 7 };
enum { ONNX_MOST_INPUTS = 8, ONNX_MOST_ATTRIBUTES = 8, ONNX_MOST_RANK = 4 };

typedef struct onnx_tensor {
    const char *name;  /* NULL: this input is left out */
    int type, operand; /* operand: of the call, which it is made of */
    bool constant;
    int rank;
    int64_t dim[ONNX_MOST_RANK];
    bool last_known;
} onnx_tensor;

typedef struct onnx_attribute {
    const char *name; /* NULL: the end of the list */
    enum { ONNX_IS_INT, ONNX_IS_REAL, ONNX_IS_TEXT } kind;
    int64_t i;
    float f;
    const char *s;
} onnx_attribute;

typedef struct onnx_node {
    const char *op, *domain;
    int n_in;
    onnx_tensor in[ONNX_MOST_INPUTS], out;
    onnx_attribute attribute[ONNX_MOST_ATTRIBUTES];
} onnx_node;

typedef struct onnx_bytes {
    unsigned char *data;
    size_t n, room;
} onnx_bytes;

size_t onnx_size(const onnx_tensor *t); /* bytes of its data */
/* constant: for each input that is one its data, dense.  The caller frees data. */
onnx_bytes onnx_model(const onnx_node *node, const void *const *constant);
#endif
