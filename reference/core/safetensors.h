/* SPDX-License-Identifier: MIT
 * safetensors.h - reader and writer of safetensors files: u64 length of a JSON header, the header, the data.
 * The reader takes files from strangers: every number is checked against the bytes that are there, tensors must cover
 * the data without hole or overlap (as the format's own reader demands); what fails is one sentence, ERR_FORMAT.
 * A tensor's data may lie at any byte: copy it out before you read it as numbers. */
#ifndef ASSAY_CORE_SAFETENSORS_H
#define ASSAY_CORE_SAFETENSORS_H
#include "file.h"

typedef struct assay_st_type {
    const char *name; /* "F32", "U8", "BOOL": as the file says */
    int bytes;        /* per element */
    assay_dtype type; /* ASSAY_DTYPE_END: Assay has no such element type (U8: raw bytes, for example blocks) */
} assay_st_type;

typedef struct assay_st_tensor {
    const char *name;
    const assay_st_type *type;
    int32_t rank;
    int64_t dim[ASSAY_MAX_RANK]; /* outermost first */
    const void *data;
    uint64_t bytes;
} assay_st_tensor;

typedef struct assay_st_pair {
    const char *key, *value;
} assay_st_pair;

typedef struct assay_safetensors {
    assay_map map; /* data NULL when parsed from memory */
    size_t n_tensors, n_meta;
    assay_st_tensor *tensor; /* by ascending place in the file */
    assay_st_pair *meta;     /* __metadata__, in the file's order */
    void *json;              /* owns the names */
} assay_safetensors;

assay_status assay_safetensors_open(const char *path, assay_safetensors *s, assay_why *why);
assay_status assay_safetensors_parse(const void *data, size_t n, const char *label, assay_safetensors *s,
                                     assay_why *why);
void assay_safetensors_close(assay_safetensors *s);
const assay_st_tensor *assay_safetensors_find(const assay_safetensors *s, const char *name); /* NULL: none */
const char *assay_safetensors_meta(const assay_safetensors *s, const char *key);             /* NULL: none */

const assay_st_type *assay_st_type_find(const char *name); /* "F32"; NULL: none */
const assay_st_type *assay_st_type_of(assay_dtype t);      /* NULL: blocks and types that the format lacks */

/* Writes tensors (data dense, bytes = product of dims times the element size; both are checked) by descending element
 * size, the data section 64-aligned; the path holds the old content or the whole new one. */
assay_status assay_safetensors_write(const char *path, const assay_st_tensor *tensor, size_t n_tensors,
                                     const assay_st_pair *meta, size_t n_meta, assay_why *why);
#endif
