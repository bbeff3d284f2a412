/* SPDX-License-Identifier: MIT
 * GGUF: "GGUF", u32 version, u64 tensors, u64 keys; then the keys (gguf_value.c), then the tensors (gguf_tensor.c);
 * then, at the next multiple of the alignment, the data. */
#include "gguf_parts.h"
#include "status.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ALIGNMENT = 1 << 20 };

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

static assay_status check_overlap(assay_gguf_cursor *c, const assay_gguf *g)
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
            s = assay_fail(c->why, ASSAY_ERR_FORMAT,
                           "%s: tensor '%.*s' (offset %" PRIu64 ", %" PRIu64 " bytes) overlaps '%.*s' (offset %" PRIu64
                           ")",
                           c->label, assay_gguf_shown(a->name), a->name.at, a->offset, a->bytes,
                           assay_gguf_shown(b->name), b->name.at, b->offset);
    }
    free(order);
    return s;
}

/* Places the tensors in the data section. */
static assay_status place(assay_gguf_cursor *c, assay_gguf *g)
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
                              assay_gguf_shown(x->name), x->name.at, x->offset, align);
        if (x->offset > room || x->bytes > room - x->offset)
            return assay_fail(c->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.*s': %" PRIu64 " bytes at offset %" PRIu64
                              " end beyond the data section of %" PRIu64 " bytes",
                              c->label, assay_gguf_shown(x->name), x->name.at, x->bytes, x->offset, room);
        x->t.data = (void *)(uintptr_t)(c->base + (x->bytes ? start + x->offset : 0));
    }
    return check_overlap(c, g);
}

static assay_status read_all(assay_gguf_cursor *c, assay_gguf *g)
{
    uint64_t version = 0, n_tensors = 0, n_values = 0;
    if (assay_gguf_left(c) < 4 || memcmp(c->at, "GGUF", 4))
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: not a GGUF file (%zu bytes that do not begin with 'GGUF')",
                          c->label, assay_gguf_left(c));
    c->at += 4;
    assay_status s = assay_gguf_take(c, 4, "the version", &version);
    if (!s && version != 2 && version != 3)
        return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: GGUF version %" PRIu64 "%s (2 and 3 are read)", c->label,
                          version, version && !(version & 0xffff) ? ", a big-endian file" : "");
    if (!s)
        s = assay_gguf_take(c, 8, "the number of tensors", &n_tensors);
    if (!s)
        s = assay_gguf_take(c, 8, "the number of keys", &n_values);
    if (s)
        return s;
    /* the smallest key is 8 + 1 + 4 + 1 bytes, the smallest tensor 8 + 1 + 4 + 8 + 4 + 8 */
    if (n_values > assay_gguf_left(c) / 14 || n_tensors > assay_gguf_left(c) / 33)
        return assay_fail(c->why, ASSAY_ERR_FORMAT,
                          "%s: %" PRIu64 " keys and %" PRIu64 " tensors do not fit into %zu bytes", c->label, n_values,
                          n_tensors, assay_gguf_left(c));
    g->version = (uint32_t)version;
    g->value = calloc((size_t)n_values + 1, sizeof *g->value);
    g->tensor = calloc((size_t)n_tensors + 1, sizeof *g->tensor);
    if (!g->value || !g->tensor)
        return assay_fail(c->why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRIu64 " keys and %" PRIu64 " tensors",
                          c->label, n_values, n_tensors);
    for (; g->n_values < n_values && !s; g->n_values += !s)
        s = assay_gguf_take_value(c, &g->value[g->n_values]);
    for (; g->n_tensors < n_tensors && !s; g->n_tensors += !s)
        s = assay_gguf_take_tensor(c, &g->tensor[g->n_tensors]);
    if (s)
        return s;
    qsort(g->value, g->n_values, sizeof *g->value, by_key);
    qsort(g->tensor, g->n_tensors, sizeof *g->tensor, by_name);
    for (size_t i = 1; i < g->n_values; i++)
        if (by_key(&g->value[i - 1], &g->value[i]) == 0)
            return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: key '%.*s' stands there twice", c->label,
                              assay_gguf_shown(g->value[i].key), g->value[i].key.at);
    for (size_t i = 1; i < g->n_tensors; i++)
        if (by_name(&g->tensor[i - 1], &g->tensor[i]) == 0)
            return assay_fail(c->why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s' stands there twice", c->label,
                              assay_gguf_shown(g->tensor[i].name), g->tensor[i].name.at);
    return place(c, g);
}

assay_status assay_gguf_parse(const void *data, size_t n, const char *label, assay_gguf *g, assay_why *why)
{
    const unsigned char *base = data ? data : (const unsigned char *)"";
    assay_gguf_cursor c = { base, base, base + (data ? n : 0), label, why };
    *g = (assay_gguf){ .label = label, .end = c.end };
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
