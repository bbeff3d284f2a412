/* SPDX-License-Identifier: MIT */
#include "gguf_write.h"
#include "dtype.h"
#include <string.h>

enum { OURS = 48 }; /* numbers from here on are our own (dtypes.def counts down from 63) */

void assay_gguf_put_bytes(assay_gguf_writer *w, const void *p, size_t n)
{
    fwrite(p, 1, n, w->f);
    w->at += n;
}

void assay_gguf_put_int(assay_gguf_writer *w, uint64_t x, int bytes)
{
    unsigned char b[8];
    for (int i = 0; i < bytes; i++)
        b[i] = (unsigned char)(x >> 8 * i);
    assay_gguf_put_bytes(w, b, (size_t)bytes);
}

void assay_gguf_put_string(assay_gguf_writer *w, assay_span text)
{
    assay_gguf_put_int(w, text.n, 8);
    assay_gguf_put_bytes(w, text.at, text.n);
}

static void put_key(assay_gguf_writer *w, const char *key, assay_gguf_kind kind)
{
    assay_gguf_put_string(w, (assay_span){ key, strlen(key) });
    assay_gguf_put_int(w, kind, 4);
}

void assay_gguf_put_head(assay_gguf_writer *w, uint64_t n_tensors, uint64_t n_keys)
{
    assay_gguf_put_bytes(w, "GGUF", 4);
    assay_gguf_put_int(w, 3, 4);
    assay_gguf_put_int(w, n_tensors, 8);
    assay_gguf_put_int(w, n_keys, 8);
}

void assay_gguf_put_u32(assay_gguf_writer *w, const char *key, uint32_t x)
{
    put_key(w, key, ASSAY_GGUF_U32);
    assay_gguf_put_int(w, x, 4);
}

void assay_gguf_put_f32(assay_gguf_writer *w, const char *key, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_key(w, key, ASSAY_GGUF_F32);
    assay_gguf_put_int(w, bits, 4);
}

void assay_gguf_put_text(assay_gguf_writer *w, const char *key, const char *text)
{
    put_key(w, key, ASSAY_GGUF_STRING);
    assay_gguf_put_string(w, (assay_span){ text, strlen(text) });
}

void assay_gguf_put_array(assay_gguf_writer *w, const char *key, assay_gguf_kind item, uint64_t n)
{
    put_key(w, key, ASSAY_GGUF_ARRAY);
    assay_gguf_put_int(w, item, 4);
    assay_gguf_put_int(w, n, 8);
}

void assay_gguf_put_value(assay_gguf_writer *w, const assay_gguf_value *v)
{
    assay_gguf_put_string(w, v->key);
    assay_gguf_put_int(w, v->kind, 4);
    if (v->kind == ASSAY_GGUF_ARRAY)
        assay_gguf_put_int(w, v->item, 4);
    if (v->kind == ASSAY_GGUF_ARRAY || v->kind == ASSAY_GGUF_STRING)
        assay_gguf_put_int(w, v->count, 8);
    assay_gguf_put_bytes(w, v->data, v->bytes);
}

static uint64_t padded(const assay_gguf_writer *w, uint64_t n)
{
    return (n + w->alignment - 1) / w->alignment * w->alignment;
}

void assay_gguf_put_tensor(assay_gguf_writer *w, assay_span name, assay_dtype type, int rank, const int64_t *dim)
{
    int64_t count = 1;
    assay_gguf_put_string(w, name);
    assay_gguf_put_int(w, (uint64_t)rank, 4);
    for (int i = rank; i-- > 0;) {
        assay_gguf_put_int(w, (uint64_t)dim[i], 8);
        count *= dim[i];
    }
    assay_gguf_put_int(w, type, 4);
    assay_gguf_put_int(w, w->offset, 8);
    w->offset += padded(w, (uint64_t)assay_dtype_bytes(type, count));
}

void assay_gguf_pad(assay_gguf_writer *w)
{
    static const char zero[64];
    uint64_t n = padded(w, w->at) - w->at;
    for (; n > sizeof zero; n -= sizeof zero)
        assay_gguf_put_bytes(w, zero, sizeof zero);
    assay_gguf_put_bytes(w, zero, (size_t)n);
}

bool assay_gguf_stores(assay_dtype t)
{
    return assay_dtype_of(t) && (int)t < OURS;
}
