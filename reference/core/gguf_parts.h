/* SPDX-License-Identifier: MIT
 * gguf_parts.h - what gguf.c, gguf_value.c, gguf_tensor.c and gguf_get.c share. */
#ifndef ASSAY_CORE_GGUF_PARTS_H
#define ASSAY_CORE_GGUF_PARTS_H
#include "gguf.h"

typedef struct assay_gguf_cursor {
    const unsigned char *base, *at, *end;
    const char *label;
    assay_why *why;
} assay_gguf_cursor;

extern const char *const assay_gguf_kind_name[ASSAY_GGUF_END];

size_t assay_gguf_left(const assay_gguf_cursor *c);
uint64_t assay_gguf_little(const unsigned char *p, int bytes);
int assay_gguf_shown(assay_span s); /* length of a span for %.*s in a message */

/* Read what comes next, and go on behind it; what: its name in a message. */
assay_status assay_gguf_take(assay_gguf_cursor *c, int bytes, const char *what, uint64_t *out);
assay_status assay_gguf_take_name(assay_gguf_cursor *c, const char *what, assay_span *out);
assay_status assay_gguf_take_value(assay_gguf_cursor *c, assay_gguf_value *v);
assay_status assay_gguf_take_tensor(assay_gguf_cursor *c, assay_gguf_tensor *x);
#endif
