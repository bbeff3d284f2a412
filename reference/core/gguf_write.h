/* SPDX-License-Identifier: MIT
 * gguf_write.h - writes a GGUF file, version 3, little-endian, into a stream: the head, then as many keys as it says,
 * then as many tensors, then their data in the same order, each with assay_gguf_put_bytes after assay_gguf_pad.  Errors
 * of the stream are found by whoever closes it (save.h). */
#ifndef ASSAY_CORE_GGUF_WRITE_H
#define ASSAY_CORE_GGUF_WRITE_H
#include "gguf.h"

typedef struct assay_gguf_writer {
    FILE *f;
    uint64_t at;        /* bytes so far */
    uint64_t offset;    /* in the data section, of the next tensor that is listed */
    uint32_t alignment; /* a power of two; another than 32 needs the key general.alignment */
} assay_gguf_writer;

void assay_gguf_put_head(assay_gguf_writer *w, uint64_t n_tensors, uint64_t n_keys);
void assay_gguf_put_u32(assay_gguf_writer *w, const char *key, uint32_t x);
void assay_gguf_put_f32(assay_gguf_writer *w, const char *key, float x);
void assay_gguf_put_text(assay_gguf_writer *w, const char *key, const char *text);
void assay_gguf_put_value(assay_gguf_writer *w, const assay_gguf_value *v); /* of another file, as it stands there */
/* An array: n items follow, by put_int or put_string. */
void assay_gguf_put_array(assay_gguf_writer *w, const char *key, assay_gguf_kind item, uint64_t n);
void assay_gguf_put_int(assay_gguf_writer *w, uint64_t x, int bytes);
void assay_gguf_put_string(assay_gguf_writer *w, assay_span text);
/* Lists a tensor of rank 1 .. 4, dim outermost first, whole blocks in a row; its data go behind those of the one
 * before. */
void assay_gguf_put_tensor(assay_gguf_writer *w, assay_span name, assay_dtype type, int rank, const int64_t *dim);
void assay_gguf_pad(assay_gguf_writer *w); /* up to the next multiple of the alignment */
void assay_gguf_put_bytes(assay_gguf_writer *w, const void *p, size_t n);

/* Has the format this element type?  Some numbers are our own. */
bool assay_gguf_stores(assay_dtype t);
#endif
