/* SPDX-License-Identifier: MIT */
#include "../core/status.h"
#include "encoding.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

const uint8_t assay_by_plainness[] = { ASSAY_TOKEN_NORMAL,  ASSAY_TOKEN_UNUSED,  ASSAY_TOKEN_USER,
                                       ASSAY_TOKEN_CONTROL, ASSAY_TOKEN_UNKNOWN, ASSAY_TOKEN_BYTE };

/* The slot of a token with these bytes, or the free slot where it belongs. */
static int32_t *slot_of(const assay_tokenizer *t, const char *bytes, size_t n)
{
    const assay_lookup *l = t->lookup;
    size_t i = (size_t)XXH3_64bits(bytes, n) & l->mask;
    for (; l->slot[i] >= 0; i = (i + 1) & l->mask) {
        const assay_span have = t->bytes[l->slot[i]];
        if (have.n == n && memcmp(have.at, bytes, n) == 0)
            break;
    }
    return &l->slot[i];
}

int32_t assay_lookup_find(const assay_tokenizer *t, const char *bytes, size_t n)
{
    return *slot_of(t, bytes, n);
}

void assay_lookup_fill(assay_tokenizer *t)
{
    assay_lookup *l = t->lookup;
    memset(l->slot, 0xff, (l->mask + 1) * sizeof *l->slot);
    for (int k = 0; k < ASSAY_PLAIN; k++)
        for (int32_t id = 0; id < t->n; id++)
            if (t->type[id] == assay_by_plainness[k] && t->bytes[id].n && !t->hidden[id]) {
                int32_t *slot = slot_of(t, t->bytes[id].at, t->bytes[id].n);
                if (*slot < 0)
                    *slot = id;
            }
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        l->byte[c] = assay_lookup_find(t, &byte, 1);
    }
}

int assay_lookup_bytes(const assay_tokenizer *t, int32_t byte[256])
{
    int n = 0;
    memset(byte, 0xff, 256 * sizeof *byte);
    for (int32_t id = 0; id < t->n; id++) {
        const assay_span is = t->bytes[id];
        if (t->type[id] == ASSAY_TOKEN_BYTE && is.n == 1 && byte[(unsigned char)*is.at] < 0) {
            byte[(unsigned char)*is.at] = id;
            n++;
        }
    }
    return n;
}

assay_status assay_lookup_make(assay_tokenizer *t, assay_why *why)
{
    size_t slots = 16;
    while (slots < 2 * (size_t)t->n)
        slots *= 2;
    assay_lookup *l = t->lookup = calloc(1, sizeof *l);
    if (l) {
        l->mask = slots - 1;
        l->slot = malloc(slots * sizeof *l->slot);
    }
    if (!l || !l->slot)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory to look up %d tokens", (int)t->n);
    assay_lookup_fill(t);
    return ASSAY_OK;
}

void assay_lookup_free(assay_lookup *l)
{
    if (l)
        free(l->slot);
    free(l);
}
