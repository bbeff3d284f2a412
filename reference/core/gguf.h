/* SPDX-License-Identifier: MIT
 * gguf.h - reader of GGUF files, versions 2 and 3, little-endian (ggml-org/ggml docs/gguf.md).  A file is hostile:
 * every length, offset, type and name is checked against the bytes that are there before it is used; what fails is one
 * sentence with the name and the numbers, status ERR_FORMAT (UNSUPPORTED for element types that Assay lacks).
 *
 * Everything points into the file's bytes; nothing is copied and nothing in it is NUL-terminated. */
#ifndef ASSAY_CORE_GGUF_H
#define ASSAY_CORE_GGUF_H
#include "file.h"

typedef enum assay_gguf_kind {
    ASSAY_GGUF_U8,
    ASSAY_GGUF_I8,
    ASSAY_GGUF_U16,
    ASSAY_GGUF_I16,
    ASSAY_GGUF_U32,
    ASSAY_GGUF_I32,
    ASSAY_GGUF_F32,
    ASSAY_GGUF_BOOL,
    ASSAY_GGUF_STRING,
    ASSAY_GGUF_ARRAY,
    ASSAY_GGUF_U64,
    ASSAY_GGUF_I64,
    ASSAY_GGUF_F64,
    ASSAY_GGUF_END
} assay_gguf_kind;

typedef struct assay_gguf_value {
    assay_span key;
    assay_gguf_kind kind;
    assay_gguf_kind item;      /* arrays: kind of the items                          */
    uint64_t count;            /* arrays: items; strings: bytes; else 1              */
    const unsigned char *data; /* first item, unaligned; strings: the text           */
    size_t bytes;              /* of all that lies there                             */
} assay_gguf_value;

typedef struct assay_gguf_tensor {
    assay_span name;
    assay_tensor t;         /* dense view, outermost dimension first (the file lists them the other way round) */
    uint64_t offset, bytes; /* from the start of the data section */
} assay_gguf_tensor;

typedef struct assay_gguf {
    assay_map map;     /* data NULL when parsed from memory */
    const char *label; /* path or what the caller called it; the caller keeps it alive */
    uint32_t version, alignment;
    size_t n_values, n_tensors;
    const unsigned char *end;  /* of the bytes */
    assay_gguf_value *value;   /* sorted by key  */
    assay_gguf_tensor *tensor; /* sorted by name */
} assay_gguf;

assay_status assay_gguf_open(const char *path, assay_gguf *g, assay_why *why);
assay_status assay_gguf_parse(const void *data, size_t n, const char *label, assay_gguf *g,
                              assay_why *why); /* data 64-byte aligned */
void assay_gguf_close(assay_gguf *g);

const assay_gguf_value *assay_gguf_find(const assay_gguf *g, const char *key);          /* NULL: no such key */
const assay_gguf_tensor *assay_gguf_find_tensor(const assay_gguf *g, const char *name); /* NULL: no such tensor */

/* Typed reads.  An absent key leaves *out as it was: ERR_FORMAT if required, else OK.  Wrong kind or range: ERR_FORMAT.
 */
assay_status assay_gguf_int(const assay_gguf *g, const char *key, bool required, int64_t lo, int64_t hi, int64_t *out,
                            assay_why *why);
assay_status assay_gguf_real(const assay_gguf *g, const char *key, bool required, double lo, double hi, double *out,
                             assay_why *why);
assay_status assay_gguf_text(const assay_gguf *g, const char *key, bool required, assay_span *out, assay_why *why);
assay_status assay_gguf_bool(const assay_gguf *g, const char *key, bool required, bool *out, assay_why *why);
/* An integer, real or bool of any width; false: the value is no number. */
bool assay_gguf_number(const assay_gguf_value *v, double *out);
/* An array of strings: *out is allocated (free()) with *n spans. */
assay_status assay_gguf_texts(const assay_gguf *g, const char *key, assay_span **out, size_t *n, assay_why *why);
#endif
