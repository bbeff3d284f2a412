/* SPDX-License-Identifier: MIT
 * GGUF: "GGUF", u32 version, u64 tensors, u64 keys; then the keys (string, u32 kind, value), then the tensors (string,
 * u32 rank, u64 dim[rank] innermost first, u32 type, u64 offset); then, at the next multiple of the alignment, the
 * data. A string is u64 length and bytes; an array is u32 kind, u64 count and items. */
#include "gguf.h"
#include "dtype.h"
#include "status.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 65535, MAX_NESTING = 4, MAX_GGUF_RANK = 4, MAX_ALIGNMENT = 1 << 20 };

static const uint8_t kind_bytes[ASSAY_GGUF_END] = { 1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8 }; /* at least, per item */
static const char *const kind_names[ASSAY_GGUF_END] = { "u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                                        "bool", "string", "array", "u64", "i64", "f64" };

typedef struct cursor {
    const unsigned char *base, *at, *end;
    const char *label;
    assay_why *why;
} cursor;

static size_t left(const cursor *c)
{
    return (size_t)(c->end - c->at);
}

static assay_status truncated(const cursor *c, const char *what, uint64_t need)
{
    return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: %s at byte %zu needs %" PRIu64 " bytes, the file has %zu more",
                      c->label, what, (size_t)(c->at - c->base), need, left(c));
}

static uint64_t little(const unsigned char *p, int bytes)
{
    uint64_t x = 0;
    for (int i = bytes; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

static assay_status take(cursor *c, int bytes, const char *what, uint64_t *out)
{
    if (left(c) < (size_t)bytes)
        return truncated(c, what, (uint64_t)bytes);
    *out = little(c->at, bytes);
    c->at += bytes;
    return ASSAY_OK;
}

static assay_status take_text(cursor *c, const char *what, assay_span *out)
{
    uint64_t n = 0;
    const assay_status s = take(c, 8, what, &n);
    if (s)
        return s;
    if (n > left(c))
        return truncated(c, what, n);
    *out = (assay_span){ (const char *)c->at, (size_t)n };
    c->at += n;
    return ASSAY_OK;
}

static assay_status take_name(cursor *c, const char *what, assay_span *out)
{
    const assay_status s = take_text(c, what, out);
    if (s)
        return s;
    if (out->n == 0 || out->n > MAX_NAME || memchr(out->at, 0, out->n))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: a %s of %zu bytes (1 to %d without NUL are legal)", c->label,
                          what, out->n, MAX_NAME);
    return ASSAY_OK;
}

/* Length of a span for %.*s in a message. */
static int shown(assay_span s)
{
    return s.n < 80 ? (int)s.n : 80;
}

static assay_status take_items(cursor *c, assay_gguf_value *v, int depth);

static assay_status take_array(cursor *c, assay_gguf_value *v, int depth)
{
    uint64_t item = 0;
    assay_status s = take(c, 4, "an array's kind", &item);
    if (!s)
        s = take(c, 8, "an array's length", &v->count);
    if (s)
        return s;
    if (item >= ASSAY_GGUF_END)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s': array items of unknown kind %" PRIu64, c->label,
                          shown(v->key), v->key.at, item);
    if (depth >= MAX_NESTING)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s': arrays nested deeper than %d", c->label,
                          shown(v->key), v->key.at, MAX_NESTING);
    if (v->count > left(c) / kind_bytes[item])
        return assay_fail(c->why, ASSAY_ERR_FORMAT,
                          "%s: key '%.*s': an array of %" PRIu64
                          " items of kind %s needs at least %d bytes each, the file has %zu "
                          "more",
                          c->label, shown(v->key), v->key.at, v->count, kind_names[item], kind_bytes[item], left(c));
    v->item = (assay_gguf_kind)item;
    v->data = c->at;
    return take_items(c, v, depth + 1);
}

/* Walks over the items of an array whose fixed-size part is known to fit. */
static assay_status take_items(cursor *c, assay_gguf_value *v, int depth)
{
    assay_status s = ASSAY_OK;
    if (v->item == ASSAY_GGUF_STRING) {
        assay_span ignored;
        for (uint64_t i = 0; i < v->count && !s; i++)
            s = take_text(c, "a string of an array", &ignored);
    } else if (v->item == ASSAY_GGUF_ARRAY) {
        for (uint64_t i = 0; i < v->count && !s; i++) {
            assay_gguf_value inner = { .key = v->key };
            s = take_array(c, &inner, depth);
        }
    } else {
        c->at += v->count * kind_bytes[v->item];
    }
    return s;
}

static assay_status take_value(cursor *c, assay_gguf_value *v)
{
    uint64_t kind = 0;
    assay_status s = take_name(c, "key", &v->key);
    if (!s)
        s = take(c, 4, "a value's kind", &kind);
    if (s)
        return s;
    if (kind >= ASSAY_GGUF_END)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s' has unknown kind %" PRIu64, c->label, shown(v->key),
                          v->key.at, kind);
    v->kind = (assay_gguf_kind)kind;
    v->item = v->kind;
    v->count = 1;
    if (v->kind == ASSAY_GGUF_ARRAY)
        return take_array(c, v, 0);
    if (v->kind == ASSAY_GGUF_STRING) {
        assay_span text;
        s = take_text(c, "a string", &text);
        v->data = (const unsigned char *)text.at;
        v->count = text.n;
        return s;
    }
    if (left(c) < kind_bytes[kind])
        return truncated(c, "a value", kind_bytes[kind]);
    v->data = c->at;
    c->at += kind_bytes[kind];
    if (v->kind == ASSAY_GGUF_BOOL && *v->data > 1)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s' is a bool of value %d", c->label, shown(v->key),
                          v->key.at, *v->data);
    return ASSAY_OK;
}

static const char *other_type(uint64_t type) /* element types of GGUF that Assay does not have yet */
{
    static const struct {
        uint8_t number;
        const char *name;
    } known[] = {
        { 6, "q5_0" },     { 7, "q5_1" },    { 10, "q2_k" },    { 11, "q3_k" },  { 13, "q5_k" },   { 15, "q8_k" },
        { 16, "iq2_xxs" }, { 17, "iq2_xs" }, { 18, "iq3_xxs" }, { 19, "iq1_s" }, { 20, "iq4_nl" }, { 21, "iq3_s" },
        { 22, "iq2_s" },   { 23, "iq4_xs" }, { 25, "i16" },     { 29, "iq1_m" }, { 34, "tq1_0" },  { 35, "tq2_0" },
        { 39, "mxfp4" },   { 40, "nvfp4" },  { 41, "q1_0" },    { 42, "q2_0" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == type)
            return known[i].name;
    return NULL;
}

/* Type and dims to a dense view with its bytes; every product is checked. */
static assay_status shape_tensor(cursor *c, assay_gguf_tensor *x, uint64_t type, uint64_t rank, const uint64_t *ne)
{
    const assay_span n = x->name;
    const assay_dtype_info *info = type < 64 ? assay_dtype_of((assay_dtype)type) : NULL;
    if (!info && other_type(type))
        return assay_fail(c->why, ASSAY_UNSUPPORTED,
                          "%s: tensor '%.*s' has element type %s (%" PRIu64 "), which Assay does not have", c->label,
                          shown(n), n.at, other_type(type), type);
    if (!info)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s' has unknown element type %" PRIu64, c->label,
                          shown(n), n.at, type);
    if (ne[0] % (uint64_t)info->block)
        return assay_fail(c->why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.*s': rows of %" PRIu64 " elements are no whole blocks of %d (%s)", c->label,
                          shown(n), n.at, ne[0], info->block, info->name);
    uint64_t count = 1;
    bool empty = false;
    for (uint64_t i = 0; i < rank; i++) {
        empty |= ne[i] == 0;
        if (ne[i] > INT64_MAX || (ne[i] && count > (uint64_t)INT64_MAX / ne[i]))
            return assay_fail(c->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.*s': dimension %" PRIu64 " of %" PRIu64 " overflows", c->label, shown(n),
                              n.at, i, ne[i]);
        count *= ne[i] ? ne[i] : 1;
    }
    const uint64_t blocks = count / (uint64_t)info->block;
    if (blocks > (uint64_t)INT64_MAX / (uint64_t)info->bytes)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s': %" PRIu64 " elements overflow", c->label,
                          shown(n), n.at, count);
    x->bytes = empty ? 0 : blocks * (uint64_t)info->bytes;
    x->t = (assay_tensor){ .type = (assay_dtype)type, .rank = (int32_t)rank };
    int64_t step = info->bytes;
    for (int i = (int)rank; i-- > 0;) {
        const int64_t length = (int64_t)ne[(int)rank - 1 - i];
        x->t.dim[i] = length;
        x->t.stride[i] = step;
        step *= i == (int)rank - 1 ? length / info->block : length;
    }
    return ASSAY_OK;
}

static assay_status take_tensor(cursor *c, assay_gguf_tensor *x)
{
    uint64_t rank = 0, ne[MAX_GGUF_RANK] = { 0 }, type = 0;
    assay_status s = take_name(c, "tensor name", &x->name);
    if (!s)
        s = take(c, 4, "a tensor's rank", &rank);
    if (!s && (rank < 1 || rank > MAX_GGUF_RANK))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s' has rank %" PRIu64 " (1 to %d are legal)",
                          c->label, shown(x->name), x->name.at, rank, MAX_GGUF_RANK);
    for (uint64_t i = 0; !s && i < rank; i++)
        s = take(c, 8, "a tensor's dimension", &ne[i]);
    if (!s)
        s = take(c, 4, "a tensor's type", &type);
    if (!s)
        s = take(c, 8, "a tensor's offset", &x->offset);
    return s ? s : shape_tensor(c, x, type, rank, ne);
}

static int by_span(assay_span a, assay_span b)
{
    const int d = memcmp(a.at, b.at, a.n < b.n ? a.n : b.n);
    return d ? d : (a.n > b.n) - (a.n < b.n);
}

static int by_key(const void *a, const void *b)
{
    return by_span(((const assay_gguf_value *)a)->key, ((const assay_gguf_value *)b)->key);
}

static int by_name(const void *a, const void *b)
{
    return by_span(((const assay_gguf_tensor *)a)->name, ((const assay_gguf_tensor *)b)->name);
}

static int by_offset(const void *a, const void *b)
{
    const assay_gguf_tensor *x = *(const assay_gguf_tensor *const *)a, *y = *(const assay_gguf_tensor *const *)b;
    return x->offset != y->offset ? (x->offset > y->offset) - (x->offset < y->offset)
                                  : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static assay_status check_overlap(cursor *c, const assay_gguf *g)
{
    if (g->n_tensors < 2)
        return ASSAY_OK;
    const assay_gguf_tensor **order = malloc(g->n_tensors * sizeof *order);
    if (!order)
        return assay_fail(c->why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tensors", c->label, g->n_tensors);
    for (size_t i = 0; i < g->n_tensors; i++)
        order[i] = &g->tensor[i];
    qsort(order, g->n_tensors, sizeof *order, by_offset);
    assay_status s = ASSAY_OK;
    for (size_t i = 1; i < g->n_tensors && !s; i++) {
        const assay_gguf_tensor *a = order[i - 1], *b = order[i];
        if (b->offset < a->offset + a->bytes)
            s = assay_fail(
                c->why, ASSAY_ERR_FORMAT,
                "%s: tensor '%.*s' (offset %" PRIu64 ", %" PRIu64 " bytes) overlaps '%.*s' (offset %" PRIu64 ")",
                c->label, shown(a->name), a->name.at, a->offset, a->bytes, shown(b->name), b->name.at, b->offset);
    }
    free(order);
    return s;
}

/* Places the tensors in the data section. */
static assay_status place(cursor *c, assay_gguf *g)
{
    int64_t alignment = 32;
    const assay_status s = assay_gguf_int(g, "general.alignment", false, 8, MAX_ALIGNMENT, &alignment, c->why);
    if (s)
        return s;
    if (alignment & (alignment - 1))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: general.alignment %" PRId64 " is no power of two", c->label,
                          alignment);
    g->alignment = (uint32_t)alignment;
    const size_t align = (size_t)alignment, used = (size_t)(c->at - c->base), size = (size_t)(c->end - c->base);
    const size_t start = (used + align - 1) / align * align;
    const uint64_t room = start < size ? size - start : 0;
    for (size_t i = 0; i < g->n_tensors; i++) {
        assay_gguf_tensor *x = &g->tensor[i];
        if (x->offset % align)
            return assay_fail(c->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.*s': offset %" PRIu64 " is no multiple of the alignment %zu", c->label,
                              shown(x->name), x->name.at, x->offset, align);
        if (x->offset > room || x->bytes > room - x->offset)
            return assay_fail(c->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.*s': %" PRIu64 " bytes at offset %" PRIu64
                              " end beyond the data section of %" PRIu64 " bytes",
                              c->label, shown(x->name), x->name.at, x->bytes, x->offset, room);
        x->t.data = (void *)(uintptr_t)(c->base + (x->bytes ? start + x->offset : 0));
    }
    return check_overlap(c, g);
}

static assay_status read_all(cursor *c, assay_gguf *g)
{
    uint64_t version = 0, n_tensors = 0, n_values = 0;
    if (left(c) < 4 || memcmp(c->at, "GGUF", 4))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: not a GGUF file (%zu bytes that do not begin with 'GGUF')",
                          c->label, left(c));
    c->at += 4;
    assay_status s = take(c, 4, "the version", &version);
    if (!s && version != 2 && version != 3)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: GGUF version %" PRIu64 "%s (2 and 3 are read)", c->label,
                          version, version && !(version & 0xffff) ? ", a big-endian file" : "");
    if (!s)
        s = take(c, 8, "the number of tensors", &n_tensors);
    if (!s)
        s = take(c, 8, "the number of keys", &n_values);
    if (s)
        return s;
    /* the smallest key is 8 + 1 + 4 + 1 bytes, the smallest tensor 8 + 1 + 4 + 8 + 4 + 8 */
    if (n_values > left(c) / 14 || n_tensors > left(c) / 33)
        return assay_fail(c->why, ASSAY_ERR_FORMAT,
                          "%s: %" PRIu64 " keys and %" PRIu64 " tensors do not fit into %zu bytes", c->label, n_values,
                          n_tensors, left(c));
    g->version = (uint32_t)version;
    g->value = calloc((size_t)n_values + 1, sizeof *g->value);
    g->tensor = calloc((size_t)n_tensors + 1, sizeof *g->tensor);
    if (!g->value || !g->tensor)
        return assay_fail(c->why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRIu64 " keys and %" PRIu64 " tensors",
                          c->label, n_values, n_tensors);
    for (; g->n_values < n_values && !s; g->n_values += !s)
        s = take_value(c, &g->value[g->n_values]);
    for (; g->n_tensors < n_tensors && !s; g->n_tensors += !s)
        s = take_tensor(c, &g->tensor[g->n_tensors]);
    if (s)
        return s;
    qsort(g->value, g->n_values, sizeof *g->value, by_key);
    qsort(g->tensor, g->n_tensors, sizeof *g->tensor, by_name);
    for (size_t i = 1; i < g->n_values; i++)
        if (by_key(&g->value[i - 1], &g->value[i]) == 0)
            return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s' stands there twice", c->label,
                              shown(g->value[i].key), g->value[i].key.at);
    for (size_t i = 1; i < g->n_tensors; i++)
        if (by_name(&g->tensor[i - 1], &g->tensor[i]) == 0)
            return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s' stands there twice", c->label,
                              shown(g->tensor[i].name), g->tensor[i].name.at);
    return place(c, g);
}

assay_status assay_gguf_parse(const void *data, size_t n, const char *label, assay_gguf *g, assay_why *why)
{
    const unsigned char *base = data ? data : (const unsigned char *)"";
    cursor c = { base, base, base + (data ? n : 0), label, why };
    *g = (assay_gguf){ .label = label };
    const assay_status s = read_all(&c, g);
    if (s)
        assay_gguf_close(g);
    return s;
}

assay_status assay_gguf_open(const char *path, assay_gguf *g, assay_why *why)
{
    assay_map map;
    assay_status s = assay_map_open(path, &map, why);
    if (s)
        return s;
    s = assay_gguf_parse(map.data, map.n, path, g, why);
    if (s)
        assay_map_close(&map);
    else
        g->map = map;
    return s;
}

void assay_gguf_close(assay_gguf *g)
{
    free(g->value);
    free(g->tensor);
    assay_map_close(&g->map);
    *g = (assay_gguf){ 0 };
}

const assay_gguf_value *assay_gguf_find(const assay_gguf *g, const char *key)
{
    const assay_gguf_value want = { .key = { key, strlen(key) } };
    return g->n_values ? bsearch(&want, g->value, g->n_values, sizeof want, by_key) : NULL;
}

const assay_gguf_tensor *assay_gguf_find_tensor(const assay_gguf *g, const char *name)
{
    const assay_gguf_tensor want = { .name = { name, strlen(name) } };
    return g->n_tensors ? bsearch(&want, g->tensor, g->n_tensors, sizeof want, by_name) : NULL;
}
