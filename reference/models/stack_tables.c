/* SPDX-License-Identifier: MIT
 * Tables of tokens, positions and the head: how many rows they have, and whether a file has them. */
#include "../core/tensor.h"
#include "stack.h"
#include <inttypes.h>

#define LIST ASSAY_LIST
enum { T = ASSAY_DIM_T };

int64_t assay_build_rows(assay_graph *g, assay_model *m, const char *tensor, const char *key)
{
    int64_t n = 0;
    if (g->status)
        return 0;
    if (m->blank) {
        g->status = assay_model_int(m, key, true, 1, INT32_MAX, &n, &g->why);
        return n;
    }
    assay_tensor t = { 0 };
    assay_why ignored = { "" };
    const int64_t any[] = { -1, -1 };
    if (assay_model_has(m, tensor))
        assay_model_weight(m, tensor, 2, any, &t, &ignored); /* its shape is not what was asked for */
    if (t.rank != 2)
        assay_graph_fail(g, ASSAY_ERR_FORMAT, "%s: tensor '%s' is missing or no matrix", m->label, tensor);
    return t.rank == 2 ? t.dim[0] : 0;
}

bool assay_build_own_head(assay_graph *g, assay_model *m, bool usually_tied)
{
    const bool there = assay_model_has(m, "output.weight");
    bool tied = !there || (m->hf && usually_tied);
    if (g->status)
        return there;
    g->status = assay_model_truth(m, "tie_word_embeddings", &tied, &g->why);
    if (tied && there) { /* a copy of the tokens' table: not looked at */
        assay_tensor ignored;
        assay_why why;
        assay_model_weight(m, "output.weight", 2, LIST(-1, -1), &ignored, &why);
    }
    return !tied;
}

int assay_build_placed(const assay_builder *b, int x, const char *tensor, int64_t shift)
{
    const int64_t d = b->s->d;
    const int64_t rows = assay_build_rows(b->g, b->m, tensor, "context_length") + (b->m->blank ? shift : 0);
    const int table = assay_graph_weight(b->g, b->m, 2, LIST(rows, d), "%s", tensor);
    int pos = b->pos;
    if (shift) {
        pos = assay_graph_value(b->g, ASSAY_VALUE_POS, ASSAY_i32, 1, LIST(T), "%s.row", tensor);
        if (!b->g->status)
            b->g->value[pos].shift = shift;
    }
    const int at = assay_build_lookup(b, pos, T, table, rows, d, "position");
    return assay_build_add(b, x, at, T, d, "embedding.placed", -1);
}
