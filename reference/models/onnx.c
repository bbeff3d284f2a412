/* SPDX-License-Identifier: MIT
 * onnx.c - protobuf's wire format: a field is its number and kind in a varint, then a varint, eight bytes, a length and
 * so many bytes, or four bytes. */
#include "onnx.h"
#include "../core/status.h"
#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, EIGHT = 1, COUNTED = 2, FOUR = 5 };
enum { MAX_LENGTH = 1 << 30, MAX_NODES = 1 << 15 };

typedef struct reader {
    const unsigned char *at, *end;
    bool bad;
} reader;

typedef struct field {
    uint64_t number, value; /* value: of a varint, or the bits of four and eight bytes */
    int kind;
    assay_span bytes; /* of COUNTED */
} field;

static reader reader_of(assay_span s)
{
    const unsigned char *at = (const unsigned char *)s.at;
    return (reader){ at, s.n ? at + s.n : at, false };
}

static uint64_t varint(reader *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        const unsigned char c = *r->at++;
        v |= (uint64_t)(c & 127) << shift;
        if (c < 128)
            return v;
    }
    r->bad = true;
    return 0;
}

/* False at the end and where the bytes are none of a message (r->bad). */
static bool next(reader *r, field *f)
{
    if (r->bad || r->at == r->end)
        return false;
    const uint64_t key = varint(r);
    *f = (field){ .number = key >> 3, .kind = (int)(key & 7) };
    uint64_t n = f->kind == EIGHT ? 8 : f->kind == FOUR ? 4 : 0;
    if (f->kind == VARINT)
        f->value = varint(r);
    else if (f->kind == COUNTED)
        n = varint(r);
    else if (!n)
        r->bad = true;
    if (r->bad || n > (uint64_t)(r->end - r->at) || !f->number) {
        r->bad = true;
        return false;
    }
    if (f->kind == COUNTED)
        f->bytes = (assay_span){ (const char *)r->at, (size_t)n };
    else
        for (uint64_t i = 0; i < n; i++)
            f->value |= (uint64_t)r->at[i] << 8 * i;
    r->at += n;
    return true;
}

/* The last field of this number and kind. */
static bool find(assay_span message, uint64_t number, int kind, field *found)
{
    reader r = reader_of(message);
    bool any = false;
    for (field f; next(&r, &f);)
        if (f.number == number && f.kind == kind)
            *found = f, any = true;
    return any;
}

/* Whole numbers, packed or one by one, behind those that list has; false: more than most. */
static bool add_ints(const field *f, int64_t *list, int most, int *n)
{
    reader r = reader_of(f->bytes);
    bool more = f->kind == VARINT || r.at < r.end;
    while (more) {
        const uint64_t v = f->kind == VARINT ? f->value : varint(&r);
        if (r.bad || *n == most)
            return false;
        list[(*n)++] = (int64_t)v;
        more = f->kind != VARINT && r.at < r.end;
    }
    return true;
}

static bool attribute(const assay_onnx_node *n, const char *name, assay_span *found)
{
    reader r = reader_of(n->bytes);
    for (field f, s; next(&r, &f);)
        if (f.number == 5 && f.kind == COUNTED && find(f.bytes, 1, COUNTED, &s) && assay_span_is(s.bytes, name)) {
            *found = f.bytes;
            return true;
        }
    return false;
}

int64_t assay_onnx_int(const assay_onnx_node *n, const char *name, int64_t otherwise)
{
    assay_span a;
    field f;
    return attribute(n, name, &a) && find(a, 3, VARINT, &f) ? (int64_t)f.value : otherwise;
}

float assay_onnx_real(const assay_onnx_node *n, const char *name, float otherwise)
{
    assay_span a;
    field f;
    if (!attribute(n, name, &a) || !find(a, 2, FOUR, &f))
        return otherwise;
    const uint32_t bits = (uint32_t)f.value;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

assay_span assay_onnx_text(const assay_onnx_node *n, const char *name)
{
    assay_span a;
    field f;
    return attribute(n, name, &a) && find(a, 4, COUNTED, &f) ? f.bytes : (assay_span){ "", 0 };
}

int assay_onnx_ints(const assay_onnx_node *n, const char *name, int64_t *list, int most)
{
    assay_span a;
    int got = 0;
    if (!attribute(n, name, &a))
        return -1;
    reader r = reader_of(a);
    for (field f; next(&r, &f);)
        if (f.number == 8 && (f.kind == VARINT || f.kind == COUNTED) && !add_ints(&f, list, most, &got))
            return -1;
    return r.bad ? -1 : got;
}

/* TensorProto: its shape, and its values where they are few whole numbers that stand in the file itself. */
static bool tensor(assay_span bytes, assay_onnx_tensor *t)
{
    enum { DIMS = 1, TYPE, INT32S = 5, INT64S = 7, NAME, RAW };
    reader r = reader_of(bytes);
    int64_t elements = 1;
    *t = (assay_onnx_tensor){ .constant = true, .n_values = -1 };
    assay_span raw = { NULL, 0 };
    int listed = 0;
    bool whole = true;
    for (field f; next(&r, &f);) {
        const bool ints = f.kind == VARINT || f.kind == COUNTED;
        if (f.number == DIMS && ints && !add_ints(&f, t->dim, ASSAY_MAX_RANK, &t->rank))
            return false;
        if (f.number == TYPE && f.kind == VARINT)
            t->type = f.value < 64 ? (int)f.value : 0;
        if ((f.number == INT32S || f.number == INT64S) && ints)
            whole &= add_ints(&f, t->value, ASSAY_ONNX_VALUES, &listed);
        if (f.number == NAME && f.kind == COUNTED)
            t->name = f.bytes;
        if (f.number == RAW && f.kind == COUNTED)
            raw = f.bytes;
    }
    for (int i = 0; i < t->rank; i++) {
        if (t->dim[i] < 0 || t->dim[i] > MAX_LENGTH)
            return false;
        elements = elements > MAX_LENGTH ? elements : elements * t->dim[i];
    }
    const size_t size = t->type == ONNX_INT64 ? 8 : t->type == ONNX_INT32 ? 4 : 0;
    if (r.bad || !size || elements > ASSAY_ONNX_VALUES)
        return !r.bad;
    if (raw.at && raw.n == size * (size_t)elements)
        for (listed = 0; listed < elements; listed++) {
            uint64_t v = 0;
            for (size_t b = 0; b < size; b++)
                v |= (uint64_t)(unsigned char)raw.at[(size_t)listed * size + b] << 8 * b;
            t->value[listed] = size == 4 ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v;
        }
    t->n_values = whole && listed == elements ? listed : -1;
    return true;
}

bool assay_onnx_constant(const assay_onnx_node *n, assay_onnx_tensor *t)
{
    assay_span a;
    field f;
    if (attribute(n, "value", &a) && find(a, 5, COUNTED, &f))
        return tensor(f.bytes, t);
    *t = (assay_onnx_tensor){ .type = ONNX_INT64, .constant = true };
    if (attribute(n, "value_int", &a) && find(a, 3, VARINT, &f))
        t->n_values = 1, t->value[0] = (int64_t)f.value;
    else if ((t->n_values = assay_onnx_ints(n, "value_ints", t->value, ASSAY_ONNX_VALUES)) >= 0)
        t->rank = 1, t->dim[0] = t->n_values;
    else
        return false;
    return true;
}

static size_t *slot_of(assay_onnx *g, assay_span name)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.at[i]) * 1099511628211u;
    size_t *s = &g->slot[h & (g->n_slots - 1)];
    while (*s && (g->tensor[*s - 1].name.n != name.n || memcmp(g->tensor[*s - 1].name.at, name.at, name.n) != 0))
        s = s + 1 < g->slot + g->n_slots ? s + 1 : g->slot;
    return s;
}

/* The tensor of this name, made where there is none. */
static int named(assay_onnx *g, assay_span name)
{
    size_t *s = slot_of(g, name);
    if (!*s) {
        g->tensor[g->n_tensors] = (assay_onnx_tensor){ .name = name, .rank = -1, .n_values = -1 };
        *s = ++g->n_tensors;
    }
    return (int)(*s - 1);
}

/* ValueInfoProto; false: no tensor's.  A length that nobody knows leaves rank -1, its name in *unknown. */
static bool value_info(assay_span bytes, bool input, assay_onnx_length *length, void *ctx, assay_onnx_tensor *t,
                       char unknown[128])
{
    field name = { 0 }, f;
    *t = (assay_onnx_tensor){ .rank = -1, .n_values = -1 };
    if (!find(bytes, 1, COUNTED, &name) || !find(bytes, 2, COUNTED, &f) || !find(f.bytes, 1, COUNTED, &f))
        return false;
    t->name = name.bytes;
    field type = { 0 }, dim;
    if (find(f.bytes, 1, VARINT, &type) && type.value < 64)
        t->type = (int)type.value;
    if (!find(f.bytes, 2, COUNTED, &f))
        return true;
    reader r = reader_of(f.bytes);
    int rank = 0;
    for (field d; next(&r, &d);) {
        if (d.number != 1 || d.kind != COUNTED)
            continue;
        if (rank == ASSAY_MAX_RANK)
            return false;
        char own[128];
        const int cut = name.bytes.n < 100 ? (int)name.bytes.n : 100;
        snprintf(own, sizeof own, "%.*s:%d", cut, name.bytes.at ? name.bytes.at : "", rank);
        assay_span said = { own, strlen(own) };
        if (find(d.bytes, 2, COUNTED, &dim) && dim.bytes.n)
            said = dim.bytes;
        int64_t n = 0;
        if (find(d.bytes, 1, VARINT, &dim))
            n = (int64_t)dim.value;
        else if (!length(ctx, said, input, &n)) {
            snprintf(unknown, 128, "%.*s", said.n < 120 ? (int)said.n : 120, said.at);
            return true;
        }
        if (n < 0 || n > MAX_LENGTH)
            return false;
        t->dim[rank++] = n;
    }
    t->rank = rank;
    return !r.bad;
}

/* Nodes of the graphs that an attribute holds. */
static int64_t inner_nodes(assay_span attribute_bytes)
{
    reader r = reader_of(attribute_bytes);
    int64_t n = 0;
    for (field f, k; next(&r, &f);)
        if ((f.number == 6 || f.number == 11) && f.kind == COUNTED) {
            reader graph = reader_of(f.bytes);
            while (next(&graph, &k))
                n += k.number == 1 && k.kind == COUNTED;
        }
    return n;
}

static bool node(assay_onnx *g, assay_span bytes)
{
    assay_onnx_node *n = &g->node[g->n_nodes++];
    *n = (assay_onnx_node){ .bytes = bytes, .first = g->n_operands };
    for (int side = 1; side <= 2; side++) { /* inputs, then outputs */
        reader r = reader_of(bytes);
        for (field f; next(&r, &f);)
            if (f.number == (uint64_t)side && f.kind == COUNTED) {
                if ((side == 1 ? n->n_in : n->n_out) >= 1 << 20)
                    return false;
                g->operand[g->n_operands++] = f.bytes.n ? named(g, f.bytes) : -1;
                *(side == 1 ? &n->n_in : &n->n_out) += 1;
            } else if (side == 1 && f.kind == COUNTED) {
                n->op = f.number == 4 ? f.bytes : n->op;
                n->domain = f.number == 7 ? f.bytes : n->domain;
                n->inner += f.number == 5 ? inner_nodes(f.bytes) : 0;
            }
        if (r.bad)
            return false;
    }
    return n->op.n > 0;
}

/* How much room names, nodes and operands take at most. */
static bool count(assay_span graph, size_t *names, size_t *nodes)
{
    reader r = reader_of(graph);
    *names = *nodes = 0;
    for (field f, k; next(&r, &f);) {
        *names += 1;
        if (f.number != 1 || f.kind != COUNTED)
            continue;
        *nodes += 1;
        reader n = reader_of(f.bytes);
        while (next(&n, &k))
            *names += k.number <= 2;
    }
    return !r.bad && *names < INT32_MAX / 4;
}

static assay_status graph(assay_onnx *g, assay_span bytes, assay_onnx_length *length, void *ctx, assay_why *why)
{
    enum { NODE = 1, INITIALIZER = 5, INPUT = 11, OUTPUT, VALUE_INFO };
    size_t names, nodes;
    if (!count(bytes, &names, &nodes))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the graph is cut off or no message", g->label);
    if (nodes > MAX_NODES) /* each may be of a kind of its own */
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu nodes, at most %d", g->label, nodes, MAX_NODES);
    for (g->n_slots = 16; g->n_slots < 2 * names;)
        g->n_slots *= 2;
    g->slot = assay_room(g->n_slots, sizeof *g->slot);
    g->tensor = assay_room(names + 1, sizeof *g->tensor);
    g->operand = assay_room(names + 1, sizeof *g->operand);
    g->node = assay_room(nodes + 1, sizeof *g->node);
    memset(g->slot, 0, g->n_slots * sizeof *g->slot);
    for (int weights = 1; weights >= 0; weights--) { /* old files list weights among the inputs, too */
        reader r = reader_of(bytes);
        for (field f; next(&r, &f);) {
            assay_onnx_tensor t = { 0 };
            char unknown[128] = "";
            if (f.kind != COUNTED || (f.number == INITIALIZER) != weights)
                continue;
            if (f.number == NODE) {
                if (!node(g, f.bytes))
                    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: node %zu is cut off or has no op", g->label,
                                      g->n_nodes - 1);
                continue;
            }
            if (f.number != INITIALIZER && (f.number < INPUT || f.number > VALUE_INFO))
                continue;
            if (!(weights ? tensor(f.bytes, &t) : value_info(f.bytes, f.number == INPUT, length, ctx, &t, unknown))) {
                if (!weights)
                    continue; /* of a sequence, a map, a rank that nobody computes with: its nodes name it */
                return assay_fail(why, ASSAY_ERR_FORMAT,
                                  "%s: a weight, %.*s, is cut off, has more than 6 dimensions or one beyond 2^30",
                                  g->label, t.name.n < 80 ? (int)t.name.n : 80, t.name.at ? t.name.at : "");
            }
            const int i = t.name.n ? named(g, t.name) : -1;
            if (i < 0 || g->tensor[i].constant)
                continue;
            if (*unknown && f.number == INPUT)
                return assay_fail(why, ASSAY_ERR_ARG, "%s: input %.*s has a length that is not known: --dim '%s=N'",
                                  g->label, t.name.n < 80 ? (int)t.name.n : 80, t.name.at, unknown);
            g->tensor[i] = t;
            double n = weights;
            for (int d = 0; d < t.rank; d++)
                n *= (double)t.dim[d];
            g->parameters += n;
        }
    }
    return ASSAY_OK;
}

assay_status assay_onnx_parse(const unsigned char *data, size_t n, const char *label, assay_onnx_length *length,
                              void *ctx, assay_onnx *g, assay_why *why)
{
    enum { GRAPH = 7, OPSET = 8 };
    const assay_span file = { (const char *)data, n };
    *g = (assay_onnx){ .opset = 1 };
    snprintf(g->label, sizeof g->label, "%s", label);
    reader r = reader_of(file);
    field graph_field = { 0 };
    for (field f, k; next(&r, &f);) {
        if (f.kind != COUNTED)
            continue;
        if (f.number == GRAPH)
            graph_field = f;
        if (f.number == OPSET && !(find(f.bytes, 1, COUNTED, &k) && k.bytes.n) && find(f.bytes, 2, VARINT, &k))
            g->opset = k.value < 1 << 20 ? (int64_t)k.value : 0;
    }
    if (r.bad || !graph_field.bytes.at)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s", label,
                          r.bad ? "no ONNX file, or cut off: a field goes beyond its end" : "no ONNX file: no graph");
    return graph(g, graph_field.bytes, length, ctx, why);
}

void assay_onnx_free(assay_onnx *g)
{
    free(g->tensor);
    free(g->node);
    free(g->operand);
    free(g->slot);
    *g = (assay_onnx){ 0 };
}

assay_onnx_tensor *assay_onnx_in(const assay_onnx *g, const assay_onnx_node *n, int k)
{
    const int i = k < n->n_in ? g->operand[n->first + (size_t)k] : -1;
    return i < 0 ? NULL : &g->tensor[i];
}

assay_onnx_tensor *assay_onnx_out(const assay_onnx *g, const assay_onnx_node *n, int k)
{
    const int i = k < n->n_out ? g->operand[n->first + (size_t)(n->n_in + k)] : -1;
    return i < 0 ? NULL : &g->tensor[i];
}
