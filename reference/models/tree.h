/* SPDX-License-Identifier: MIT
 * tree.h - keys by their bytes: a tree whose edges lie in a hash table (private to reference/models).  A key is
 * followed byte by byte from the root, 0, so that all keys that begin a text are found in one walk. */
#ifndef ASSAY_MODELS_TREE_H
#define ASSAY_MODELS_TREE_H
#include "../core/file.h"

typedef struct assay_tree_edge { /* a slot of the hash table; to 0, which is the root: free */
    int32_t from, to;
    uint8_t byte;
} assay_tree_edge;

typedef struct assay_tree {
    assay_tree_edge *edge; /* NULL: no keys */
    int32_t *value;        /* [nodes] of the key that ends here; -1: none does */
    size_t mask;
    int32_t nodes;
} assay_tree;

/* An empty tree with room for keys of so many bytes together. */
assay_status assay_tree_make(assay_tree *t, size_t bytes, const char *label, assay_why *why);
/* Of equal keys the first counts; one of 0 bytes is none. */
void assay_tree_add(assay_tree *t, assay_span key, int32_t value);
void assay_tree_free(assay_tree *t);

static inline assay_tree_edge *assay_tree_slot(const assay_tree *t, int32_t from, uint8_t byte)
{
    const uint64_t key = (uint64_t)(uint32_t)from << 8 | byte;
    size_t i = (size_t)(key * 0x9E3779B97F4A7C15u >> 20) & t->mask;
    while (t->edge[i].to && (t->edge[i].from != from || t->edge[i].byte != byte))
        i = (i + 1) & t->mask;
    return &t->edge[i];
}

/* The node behind a byte; 0: no key goes on so.  The tree has room for keys. */
static inline int32_t assay_tree_step(const assay_tree *t, int32_t from, uint8_t byte)
{
    return assay_tree_slot(t, from, byte)->to;
}
#endif
