/* SPDX-License-Identifier: MIT
 * onnx.h - the graph of an ONNX file (onnx.proto of ONNX 1.18): nodes, and the shapes and types of what they read and
 * write.  Weights are not read, but for short whole numbers that shapes are computed from.  A file is hostile: every
 * length and offset is checked. */
#ifndef ASSAY_MODELS_ONNX_H
#define ASSAY_MODELS_ONNX_H
#include "../core/file.h"

enum { ASSAY_ONNX_VALUES = 16, ASSAY_ONNX_INPUTS = 16 }; /* of a folded tensor; of a node, as inputs are counted */
enum { ONNX_FLOAT = 1, ONNX_INT8 = 3, ONNX_INT32 = 6, ONNX_INT64, ONNX_FLOAT16 = 10, ONNX_BF16 = 16 };

/* Elements of a shape: at most ASSAY_MAX_RANK lengths of at most 2^30 each. */
typedef struct assay_onnx_tensor {
    assay_span name;
    int type; /* TensorProto.DataType; 0: not known */
    int rank; /* -1: not known */
    int64_t dim[ASSAY_MAX_RANK];
    bool constant; /* an initializer */
    int n_values;  /* -1: not known or more than that; a scalar has one */
    int64_t value[ASSAY_ONNX_VALUES];
} assay_onnx_tensor;

typedef struct assay_onnx_node {
    assay_span op, domain, bytes; /* bytes: the whole NodeProto, where attributes are looked up */
    int64_t inner;                /* nodes of graphs that it holds (If, Loop) */
    size_t first;                 /* of onnx->operand: n_in inputs, then n_out outputs; -1: left out */
    int n_in, n_out;
} assay_onnx_node;

typedef struct assay_onnx {
    char label[256]; /* the file's path, for sentences */
    assay_onnx_tensor *tensor;
    assay_onnx_node *node;
    int *operand;
    size_t n_tensors, n_nodes, n_operands, n_slots;
    size_t *slot; /* names hashed: index of a tensor + 1 */
    int64_t opset;
    double parameters;
} assay_onnx;

/* What a length that has a name stands for; input: one of the graph's inputs has it; false: nobody said. */
typedef bool assay_onnx_length(void *ctx, assay_span name, bool input, int64_t *length);

/* Lengths without a number are asked for by their name, those without one as INPUT:AXIS.  An input's must be known,
 * else ERR_ARG with its name.  data must outlive *g.  FORMAT: not such a file, with what is wrong.  Free in any case.
 */
assay_status assay_onnx_parse(const unsigned char *data, size_t n, const char *label, assay_onnx_length *length,
                              void *ctx, assay_onnx *g, assay_why *why);
void assay_onnx_free(assay_onnx *g);
/* Shapes of what the nodes write, from the shapes of what they read: in the order of the nodes, which ONNX asks to be
 * sorted.  What is not understood keeps rank -1. */
void assay_onnx_shapes(assay_onnx *g);

/* Input or output k of a node; NULL: left out. */
assay_onnx_tensor *assay_onnx_in(const assay_onnx *g, const assay_onnx_node *n, int k);
assay_onnx_tensor *assay_onnx_out(const assay_onnx *g, const assay_onnx_node *n, int k);
int64_t assay_onnx_int(const assay_onnx_node *n, const char *attribute, int64_t otherwise);
float assay_onnx_real(const assay_onnx_node *n, const char *attribute, float otherwise);
assay_span assay_onnx_text(const assay_onnx_node *n, const char *attribute);
/* Whole numbers of an attribute, at most n; -1: there is none, or more. */
int assay_onnx_ints(const assay_onnx_node *n, const char *attribute, int64_t *list, int most);
/* The tensor of a Constant's attribute; false: none that is understood. */
bool assay_onnx_constant(const assay_onnx_node *n, assay_onnx_tensor *t);
#endif
