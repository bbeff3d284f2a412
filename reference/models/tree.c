/* SPDX-License-Identifier: MIT */
#include "tree.h"
#include "../core/status.h"
#include <stdlib.h>

assay_status assay_tree_make(assay_tree *t, size_t bytes, const char *label, assay_why *why)
{
    const size_t nodes = bytes + 1;
    size_t slots = 16;
    *t = (assay_tree){ 0 };
    if (nodes > INT32_MAX / 2)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: %zu bytes of tokens are too many to look for", label, bytes);
    while (slots < 2 * nodes)
        slots *= 2;
    t->mask = slots - 1;
    t->edge = calloc(slots, sizeof *t->edge);
    t->value = malloc(nodes * sizeof *t->value);
    if (!t->edge || !t->value) {
        assay_tree_free(t);
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tree of %zu bytes of tokens", label, bytes);
    }
    t->value[t->nodes++] = -1;
    return ASSAY_OK;
}

void assay_tree_add(assay_tree *t, assay_span key, int32_t value)
{
    int32_t at = 0;
    for (size_t i = 0; i < key.n; i++) {
        assay_tree_edge *e = assay_tree_slot(t, at, (uint8_t)key.at[i]);
        if (!e->to) {
            *e = (assay_tree_edge){ at, t->nodes, (uint8_t)key.at[i] };
            t->value[t->nodes++] = -1;
        }
        at = e->to;
    }
    if (key.n && t->value[at] < 0)
        t->value[at] = value;
}

void assay_tree_free(assay_tree *t)
{
    free(t->edge);
    free(t->value);
    *t = (assay_tree){ 0 };
}
