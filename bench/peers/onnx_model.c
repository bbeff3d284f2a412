/* SPDX-License-Identifier: MIT
 * onnx_model.c - protobuf's wire format: a field is its number and kind in a varint, then a varint, four bytes, or a
 * length and so many bytes. */
#include "onnx_model.h"
#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, COUNTED = 2, FOUR = 5 };
enum { IR_VERSION = 10, OPSET = 23, CONTRIB = 1 }; /* ONNX 1.18; onnxruntime's own operators */

static void put(onnx_bytes *b, const void *data, size_t n)
{
    if (b->room - b->n < n) {
        const size_t room = (b->n + n) * 2 + 256;
        unsigned char *more = realloc(b->data, room);
        if (!more)
            abort();
        b->data = more, b->room = room;
    }
    if (n)
        memcpy(b->data + b->n, data, n);
    b->n += n;
}
static void varint(onnx_bytes *b, uint64_t v)
{
    do {
        const unsigned char low = (unsigned char)((v & 127) | (v > 127 ? 128 : 0));
        put(b, &low, 1);
    } while (v >>= 7);
}
static void whole(onnx_bytes *b, int field, int64_t v)
{
    varint(b, (uint64_t)field << 3 | VARINT);
    varint(b, (uint64_t)v);
}
static void counted(onnx_bytes *b, int field, const void *data, size_t n)
{
    varint(b, (uint64_t)field << 3 | COUNTED);
    varint(b, n);
    put(b, data, n);
}
static void text(onnx_bytes *b, int field, const char *s)
{
    counted(b, field, s, strlen(s));
}
static void message(onnx_bytes *b, int field, onnx_bytes *inner)
{
    counted(b, field, inner->data, inner->n);
    free(inner->data);
    *inner = (onnx_bytes){ 0 };
}

static void attribute(onnx_bytes *node, const onnx_attribute *a)
{
    enum { NAME = 1, F, I, S, TYPE = 20 }; /* AttributeProto; its types: 1 real, 2 whole, 3 text */
    static const int types[] = { 2, 1, 3 };
    onnx_bytes m = { 0 };
    text(&m, NAME, a->name);
    if (a->kind == ONNX_IS_REAL) {
        varint(&m, F << 3 | FOUR);
        put(&m, &a->f, 4);
    } else if (a->kind == ONNX_IS_INT) {
        whole(&m, I, a->i);
    } else {
        text(&m, S, a->s);
    }
    whole(&m, TYPE, types[a->kind]);
    message(node, 5, &m);
}

static void value(onnx_bytes *graph, int field, const onnx_tensor *t)
{
    onnx_bytes shape = { 0 }, tensor = { 0 }, type = { 0 }, info = { 0 };
    for (int i = 0; i < t->rank; i++) {
        onnx_bytes length = { 0 }; /* empty: not said */
        if (t->last_known && i == t->rank - 1)
            whole(&length, 1, t->dim[i]);
        message(&shape, 1, &length);
    }
    whole(&tensor, 1, t->type);
    message(&tensor, 2, &shape);
    message(&type, 1, &tensor);
    text(&info, 1, t->name);
    message(&info, 2, &type);
    message(graph, field, &info);
}

static void initializer(onnx_bytes *graph, const onnx_tensor *t, const void *data)
{
    enum { DIMS = 1, TYPE, NAME = 8, RAW };
    onnx_bytes m = { 0 };
    for (int i = 0; i < t->rank; i++)
        whole(&m, DIMS, t->dim[i]);
    whole(&m, TYPE, t->type);
    text(&m, NAME, t->name);
    counted(&m, RAW, data, onnx_size(t));
    message(graph, 5, &m);
}

static void opset(onnx_bytes *model, const char *domain, int version)
{
    onnx_bytes m = { 0 };
    text(&m, 1, domain);
    whole(&m, 2, version);
    message(model, 8, &m);
}

size_t onnx_size(const onnx_tensor *t)
{
    size_t n = t->type == ONNX_FLOAT ? 4 : t->type == ONNX_INT64 ? 8 : 1;
    for (int i = 0; i < t->rank; i++)
        n *= (size_t)t->dim[i];
    return n;
}

onnx_bytes onnx_model(const onnx_node *n, const void *const *constant)
{
    enum { INPUT = 1, OUTPUT, OP_TYPE = 4, DOMAIN = 7 }; /* NodeProto */
    onnx_bytes node = { 0 }, graph = { 0 }, model = { 0 };
    for (int i = 0; i < n->n_in; i++)
        text(&node, INPUT, n->in[i].name ? n->in[i].name : "");
    text(&node, OUTPUT, n->out.name);
    text(&node, OP_TYPE, n->op);
    for (int i = 0; i < ONNX_MOST_ATTRIBUTES && n->attribute[i].name; i++)
        attribute(&node, &n->attribute[i]);
    text(&node, DOMAIN, n->domain);
    message(&graph, 1, &node);
    text(&graph, 2, "one");
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i].name && n->in[i].constant)
            initializer(&graph, &n->in[i], constant[i]);
        else if (n->in[i].name)
            value(&graph, 11, &n->in[i]);
    value(&graph, 12, &n->out);
    whole(&model, 1, IR_VERSION);
    message(&model, 7, &graph);
    opset(&model, "", OPSET);
    opset(&model, "com.microsoft", CONTRIB);
    return model;
}
