/* SPDX-License-Identifier: MIT
 * The plan: the tensors of the source, and what each becomes. */
#include "../core/case.h"
#include "../core/dtype.h"
#include "../core/dtype_weighted.h"
#include "../core/gguf_write.h"
#include "../core/registry.h"
#include "../core/status.h"
#include "keys.h"
#include "requant.h"
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool takes(const char *op_name, const char *operand, assay_dtype t)
{
    const assay_op *op = assay_op_find(op_name);
    const int i = op ? assay_op_operand(op, operand) : -1;
    return i >= 0 && ASSAY_HAS(op->operands[i].types, t);
}

/* What a table of embeddings may be is what weights are stored as: forms of activations alone (q8_1) are not. */
bool assay_requant_writes(assay_dtype t)
{
    return assay_gguf_stores(t) && takes("embedding", "table", t);
}

bool assay_requant_runs(assay_dtype t)
{
    return takes("matmul", "w", t) && takes("embedding", "table", t);
}

const char *assay_requant_why_text(assay_requant_why why)
{
    static const char *const text[] = { "as asked", "by --tensor", "vectors", "by name", "whole numbers", "fall-back" };
    return text[why];
}

static bool is_float(assay_dtype t) /* not a count, an index, a table of tokens */
{
    const assay_dtype_info *d = assay_dtype_of(t);
    return d->u > 0 || d->block > 1;
}

/* Matrices whose rounding changes more than its size is worth: those that choose (routers), that are few numbers of
 * many uses, that are added to or multiply everything. */
static bool kept_by_name(const char *name)
{
    static const char *const kept[] = { "*norm*",          "*ffn_gate_inp*",       "*.router.*",    "*mlp.gate.weight",
                                        "*position_embd*", "*position_embedding*", "*token_types*", "*ssm_conv1d*" };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!fnmatch(kept[i], name, 0))
            return true;
    return false;
}

static bool fits(assay_dtype t, int64_t width)
{
    return width % assay_dtype_of(t)->block == 0;
}

static double bits(assay_dtype t)
{
    return 8.0 * assay_dtype_of(t)->bytes / assay_dtype_of(t)->block;
}

/* The narrowest that is at least as wide as `t` and whose blocks fill the row; of two, one that a model is run with,
 * then one whose encoder searches.  f16 always fits. */
static assay_dtype narrowest(assay_dtype t, int64_t width)
{
    assay_dtype best = ASSAY_f16;
    for (int i = 0; i < ASSAY_DTYPE_END; i++) {
        const assay_dtype x = (assay_dtype)i;
        if (!assay_requant_writes(x) || !fits(x, width) || bits(x) < bits(t) || bits(x) > bits(best) ||
            assay_requant_runs(x) < assay_requant_runs(t))
            continue;
        const bool better = assay_dtype_of(x)->search && !assay_dtype_of(best)->search;
        if (bits(x) < bits(best) || better)
            best = x;
    }
    return best;
}

/* A vector, or what stays as it is, keeps its type where GGUF has it and kernels read it; else f32 holds it exactly. */
static assay_dtype plain(const assay_requant_tensor *t)
{
    const bool narrow = t->from == ASSAY_f16 || t->from == ASSAY_bf16;
    return (t->rank == 1 && narrow) || !assay_gguf_stores(t->from) ? ASSAY_f32 : t->from;
}

static assay_status decide(const assay_requant *r, assay_requant_tensor *t, assay_why *why)
{
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)t->name.n, t->name.at);
    t->to = plain(t);
    t->why = ASSAY_REQUANT_INTEGER;
    if (!is_float(t->from))
        return ASSAY_OK;
    for (int i = r->n_rules; i-- > 0;) { /* the last that matches */
        if (fnmatch(r->rule[i].pattern, name, 0))
            continue;
        t->why = ASSAY_REQUANT_RULED;
        t->kept = r->rule[i].type == ASSAY_DTYPE_END;
        if (!t->kept)
            t->to = r->rule[i].type;
        return fits(t->to, t->width) ? ASSAY_OK
                                     : assay_fail(why, ASSAY_ERR_SHAPE,
                                                  "%s: tensor '%.80s': rows of %" PRId64
                                                  " weights are no whole blocks of %d (--tensor '%.40s=%s')",
                                                  r->in, name, t->width, assay_dtype_of(t->to)->block,
                                                  r->rule[i].pattern, assay_dtype_of(t->to)->name);
    }
    t->why = t->rank == 1 ? ASSAY_REQUANT_VECTOR : kept_by_name(name) ? ASSAY_REQUANT_NAMED : ASSAY_REQUANT_ASKED;
    if (t->why != ASSAY_REQUANT_ASKED)
        return ASSAY_OK;
    t->to = r->type;
    if (!fits(t->to, t->width)) {
        t->why = ASSAY_REQUANT_SHORT;
        t->to = r->fallback == ASSAY_DTYPE_END ? narrowest(r->type, t->width) : r->fallback;
    }
    return fits(t->to, t->width)
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_SHAPE,
                            "%s: tensor '%.80s': rows of %" PRId64
                            " weights are whole blocks neither of %s (%d) nor of the fall-back %s (%d)",
                            r->in, name, t->width, assay_dtype_of(r->type)->name, assay_dtype_of(r->type)->block,
                            assay_dtype_of(t->to)->name, assay_dtype_of(t->to)->block);
}

/* ---- the two kinds of source ---- */

static assay_status list_gguf(assay_requant *r, assay_why *why)
{
    (void)why;
    for (size_t i = 0; i < r->gguf.n_tensors; i++) {
        const assay_gguf_tensor *x = &r->gguf.tensor[i];
        assay_requant_tensor *t = &r->tensor[r->n_tensors++];
        *t = (assay_requant_tensor){ .name = x->name, .data = x->t.data, .from = x->t.type, .rank = x->t.rank };
        memcpy(t->dim, x->t.dim, (size_t)t->rank * sizeof *t->dim);
    }
    return ASSAY_OK;
}

/* A part of a model is no model: NAME-00001-of-00003.safetensors. */
static assay_status not_a_shard(const assay_requant *r, assay_why *why)
{
    const char *slash = strrchr(r->in, '/'), *of = strstr(slash ? slash : r->in, "-of-");
    char *end = NULL;
    const long shards = of ? strtol(of + 4, &end, 10) : 0;
    return shards > 1 && !strcmp(end, ".safetensors")
               ? assay_fail(why, ASSAY_UNSUPPORTED,
                            "%s: its name says that it is one of %ld shards; join them into one file first", r->in,
                            shards)
               : ASSAY_OK;
}

static assay_status open_source(assay_requant *r, assay_why *why)
{
    assay_status s = assay_map_open(r->in, &r->map, why);
    if (s)
        return s;
    r->bytes_in = r->map.n;
    if (r->map.n >= 4 && !memcmp(r->map.data, "GGUF", 4)) {
        s = assay_gguf_parse(r->map.data, r->map.n, r->in, &r->gguf, why);
        if (!s)
            s = assay_keys_one(&r->gguf, why);
    } else if (!(s = not_a_shard(r, why))) {
        s = assay_safetensors_parse(r->map.data, r->map.n, r->in, &r->st, why);
        if (s && why) {
            const assay_why first = *why;
            if (r->map.n && r->map.data[0] == '{' && (r->map.n < 8 || r->map.data[7])) /* no length of a header */
                assay_fail(why, s, "%s: JSON, not a model file; if it lists shards, join them into one file first",
                           r->in);
            else
                assay_fail(why, s, "%s (and no GGUF file, which begins with 'GGUF')", first.text);
        }
    }
    if (s)
        return s;
    const size_t n = r->gguf.n_tensors + r->st.n_tensors;
    if (!n)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: it holds no tensor", r->in);
    r->tensor = assay_zeros(n, sizeof *r->tensor);
    return r->gguf.n_tensors ? list_gguf(r, why) : assay_requant_list_safetensors(r, why);
}

static int by_place(const void *a, const void *b)
{
    const assay_requant_tensor *x = a, *y = b;
    return (x->data > y->data) - (x->data < y->data);
}

assay_status assay_requant_plan(assay_requant *r, assay_why *why)
{
    assay_status s = open_source(r, why);
    if (!s && r->imatrix)
        s = assay_imatrix_open(r->imatrix, &r->importance, why);
    if (s)
        return s;
    qsort(r->tensor, r->n_tensors, sizeof *r->tensor, by_place);
    size_t known = 0, asked = 0;
    for (size_t i = 0; i < r->n_tensors && !s; i++) {
        assay_requant_tensor *t = &r->tensor[i];
        t->width = t->dim[t->rank - 1];
        t->rows = 1;
        for (int k = 0; k + 1 < t->rank; k++)
            t->rows *= t->dim[k];
        s = decide(r, t, why);
        if (s)
            break;
        t->bytes = (uint64_t)assay_dtype_bytes(t->to, t->rows * t->width);
        r->bytes_out += t->bytes;
        r->weights += t->from != t->to ? t->rows * t->width : 0;
        const bool ask = r->imatrix && t->from != t->to && t->rank > 1;
        asked += ask;
        if (ask)
            s = assay_imatrix_find(&r->importance, t->name, t->width, t->rank > 2 ? t->dim[0] : 1, &t->weight,
                                   &t->matrices, why);
        known += t->weight != NULL;
        t->weighted = t->weight && assay_dtype_weighs(t->to);
    }
    if (!s && asked && !known)
        s = assay_fail(why, ASSAY_ERR_FORMAT,
                       "%s: none of its %zu entries is about a matrix of %s that is encoded anew", r->imatrix,
                       r->importance.n, r->in);
    return !s && r->how.method ? assay_method_begin(r, why) : s;
}

void assay_requant_free(assay_requant *r)
{
    assay_method_free(r);
    assay_imatrix_close(&r->importance);
    assay_gguf_close(&r->gguf);
    assay_safetensors_close(&r->st);
    assay_map_close(&r->map);
    free(r->packed);
    free(r->tensor);
    r->tensor = NULL;
    r->packed = NULL;
    r->n_tensors = 0;
}
