/* SPDX-License-Identifier: MIT
 * A GGUF file's keys: string, u32 kind, value.  A string is u64 length and bytes; an array is u32 kind, u64 count and
 * items. */
#include "gguf_parts.h"
#include "status.h"
#include <inttypes.h>
#include <string.h>

enum { MAX_NAME = 65535, MAX_NESTING = 4 };

static const uint8_t kind_bytes[ASSAY_GGUF_END] = { 1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8 }; /* at least, per item */
const char *const assay_gguf_kind_name[ASSAY_GGUF_END] = { "u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                                           "bool", "string", "array", "u64", "i64", "f64" };

size_t assay_gguf_left(const assay_gguf_cursor *c)
{
    return (size_t)(c->end - c->at);
}

static assay_status truncated(const assay_gguf_cursor *c, const char *what, uint64_t need)
{
    return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: %s at byte %zu needs %" PRIu64 " bytes, the file has %zu more",
                      c->label, what, (size_t)(c->at - c->base), need, assay_gguf_left(c));
}

uint64_t assay_gguf_little(const unsigned char *p, int bytes)
{
    uint64_t x = 0;
    for (int i = bytes; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

assay_status assay_gguf_take(assay_gguf_cursor *c, int bytes, const char *what, uint64_t *out)
{
    if (assay_gguf_left(c) < (size_t)bytes)
        return truncated(c, what, (uint64_t)bytes);
    *out = assay_gguf_little(c->at, bytes);
    c->at += bytes;
    return ASSAY_OK;
}

static assay_status take_text(assay_gguf_cursor *c, const char *what, assay_span *out)
{
    uint64_t n = 0;
    const assay_status s = assay_gguf_take(c, 8, what, &n);
    if (s)
        return s;
    if (n > assay_gguf_left(c))
        return truncated(c, what, n);
    *out = (assay_span){ (const char *)c->at, (size_t)n };
    c->at += n;
    return ASSAY_OK;
}

assay_status assay_gguf_take_name(assay_gguf_cursor *c, const char *what, assay_span *out)
{
    const assay_status s = take_text(c, what, out);
    if (s)
        return s;
    if (out->n == 0 || out->n > MAX_NAME || memchr(out->at, 0, out->n))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: a %s of %zu bytes (1 to %d without NUL are legal)", c->label,
                          what, out->n, MAX_NAME);
    return ASSAY_OK;
}

int assay_gguf_shown(assay_span s)
{
    return s.n < 80 ? (int)s.n : 80;
}

static assay_status take_items(assay_gguf_cursor *c, assay_gguf_value *v, int depth);

static assay_status take_array(assay_gguf_cursor *c, assay_gguf_value *v, int depth)
{
    uint64_t item = 0;
    assay_status s = assay_gguf_take(c, 4, "an array's kind", &item);
    if (!s)
        s = assay_gguf_take(c, 8, "an array's length", &v->count);
    if (s)
        return s;
    if (item >= ASSAY_GGUF_END)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s': array items of unknown kind %" PRIu64, c->label,
                          assay_gguf_shown(v->key), v->key.at, item);
    if (depth >= MAX_NESTING)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s': arrays nested deeper than %d", c->label,
                          assay_gguf_shown(v->key), v->key.at, MAX_NESTING);
    if (v->count > assay_gguf_left(c) / kind_bytes[item])
        return assay_fail(c->why, ASSAY_ERR_FORMAT,
                          "%s: key '%.*s': an array of %" PRIu64
                          " items of kind %s needs at least %d bytes each, the file has %zu "
                          "more",
                          c->label, assay_gguf_shown(v->key), v->key.at, v->count, assay_gguf_kind_name[item],
                          kind_bytes[item], assay_gguf_left(c));
    v->item = (assay_gguf_kind)item;
    v->data = c->at;
    return take_items(c, v, depth + 1);
}

/* Walks over the items of an array whose fixed-size part is known to fit. */
static assay_status take_items(assay_gguf_cursor *c, assay_gguf_value *v, int depth)
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

static assay_status take_one(assay_gguf_cursor *c, assay_gguf_value *v)
{
    if (v->kind == ASSAY_GGUF_ARRAY)
        return take_array(c, v, 0);
    if (v->kind == ASSAY_GGUF_STRING) {
        assay_span text;
        const assay_status s = take_text(c, "a string", &text);
        v->data = (const unsigned char *)text.at;
        v->count = text.n;
        return s;
    }
    if (assay_gguf_left(c) < kind_bytes[v->kind])
        return truncated(c, "a value", kind_bytes[v->kind]);
    v->data = c->at;
    c->at += kind_bytes[v->kind];
    if (v->kind == ASSAY_GGUF_BOOL && *v->data > 1)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s' is a bool of value %d", c->label,
                          assay_gguf_shown(v->key), v->key.at, *v->data);
    return ASSAY_OK;
}

assay_status assay_gguf_take_value(assay_gguf_cursor *c, assay_gguf_value *v)
{
    uint64_t kind = 0;
    assay_status s = assay_gguf_take_name(c, "key", &v->key);
    if (!s)
        s = assay_gguf_take(c, 4, "a value's kind", &kind);
    if (s)
        return s;
    if (kind >= ASSAY_GGUF_END)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s' has unknown kind %" PRIu64, c->label,
                          assay_gguf_shown(v->key), v->key.at, kind);
    v->kind = (assay_gguf_kind)kind;
    v->item = v->kind;
    v->count = 1;
    s = take_one(c, v);
    v->bytes = s ? 0 : (size_t)(c->at - v->data);
    return s;
}
