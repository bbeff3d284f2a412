/* SPDX-License-Identifier: MIT */
#include "safetensors.h"
#include "save.h"
#include "status.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct text { /* a string that grows; n counts on when memory is out */
    char *at;
    size_t n, room;
    bool lost;
} text;

static void put(text *t, const char *s, size_t n)
{
    if (t->n + n > t->room) {
        const size_t room = 2 * (t->n + n) + 256;
        char *more = t->lost ? NULL : realloc(t->at, room);
        if (!more) {
            t->lost = true;
            return;
        }
        t->at = more;
        t->room = room;
    }
    memcpy(t->at + t->n, s, n);
    t->n += n;
}

static void put_string(text *t, const char *s)
{
    char escape[8];
    put(t, "\"", 1);
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == '"' || *s == '\\')
            put(t, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)*s));
        else
            put(t, s, 1);
    put(t, "\"", 1);
}

static void put_tensor(text *t, const assay_st_tensor *x, uint64_t begin)
{
    char number[64];
    put_string(t, x->name);
    put(t, ":{\"dtype\":", 10);
    put_string(t, x->type->name);
    put(t, ",\"shape\":[", 10);
    for (int32_t i = 0; i < x->rank; i++)
        put(t, number, (size_t)snprintf(number, sizeof number, "%s%" PRId64, i ? "," : "", x->dim[i]));
    put(t, number,
        (size_t)snprintf(number, sizeof number, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin,
                         begin + x->bytes));
}

static assay_status check(const char *path, const assay_st_tensor *x, assay_why *why)
{
    if (!x->type || x->rank < 0 || x->rank > ASSAY_MAX_RANK)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: tensor '%.80s' of rank %d cannot be written", path, x->name,
                          x->rank);
    uint64_t bytes = (uint64_t)x->type->bytes;
    for (int32_t i = 0; i < x->rank; i++)
        bytes *= (uint64_t)x->dim[i];
    return bytes == x->bytes
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_SHAPE, "%s: tensor '%.80s' has %" PRIu64 " bytes, its shape needs %" PRIu64,
                            path, x->name, x->bytes, bytes);
}

/* The header, padded so that the data begins at a multiple of 64; order[] is sorted. */
static void put_header(text *t, const assay_st_tensor *const *order, size_t n, const assay_st_pair *meta, size_t n_meta)
{
    uint64_t at = 0;
    put(t, "{", 1);
    if (n_meta)
        put(t, "\"__metadata__\":{", 16);
    for (size_t i = 0; i < n_meta; i++) {
        if (i)
            put(t, ",", 1);
        put_string(t, meta[i].key);
        put(t, ":", 1);
        put_string(t, meta[i].value);
    }
    if (n_meta)
        put(t, n ? "}," : "}", n ? 2 : 1);
    for (size_t i = 0; i < n; i++) {
        if (i)
            put(t, ",", 1);
        put_tensor(t, order[i], at);
        at += order[i]->bytes;
    }
    put(t, "}", 1);
    while (!t->lost && (8 + t->n) % 64)
        put(t, " ", 1);
}

/* Stable: by descending element size. */
static void sort(const assay_st_tensor *x, size_t n, const assay_st_tensor **order)
{
    size_t k = 0;
    for (int bytes = 8; bytes; bytes /= 2)
        for (size_t i = 0; i < n; i++)
            if (x[i].type->bytes == bytes)
                order[k++] = &x[i];
}

assay_status assay_safetensors_write(const char *path, const assay_st_tensor *tensor, size_t n_tensors,
                                     const assay_st_pair *meta, size_t n_meta, assay_why *why)
{
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < n_tensors && !s; i++)
        s = check(path, &tensor[i], why);
    if (s)
        return s;
    const assay_st_tensor **order = calloc(n_tensors + 1, sizeof *order);
    text header = { 0 };
    assay_save save = { 0 };
    if (order) {
        sort(tensor, n_tensors, order);
        put_header(&header, order, n_tensors, meta, n_meta);
    }
    if (!order || header.lost)
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for the header of %zu tensors", path, n_tensors);
    else
        s = assay_save_open(&save, path, why);
    if (!s) {
        unsigned char length[8];
        for (int i = 0; i < 8; i++)
            length[i] = (unsigned char)((uint64_t)header.n >> 8 * i);
        fwrite(length, 1, 8, save.f);
        fwrite(header.at, 1, header.n, save.f);
        for (size_t i = 0; i < n_tensors; i++)
            if (order[i]->bytes)
                fwrite(order[i]->data, 1, (size_t)order[i]->bytes, save.f);
        s = assay_save_commit(&save, why);
    }
    free(order);
    free(header.at);
    return s;
}
