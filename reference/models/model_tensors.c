/* SPDX-License-Identifier: MIT
 * What a model holds: a tensor by GGUF's name, found by what its file calls it and brought into GGUF's form. */
#include "../core/dtype.h"
#include "../core/execute.h"
#include "../core/status.h"
#include "family.h"
#include "model_parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int order(const void *name, const void *tensor)
{
    return strcmp(name, ((const assay_model_tensor *)tensor)->name);
}

static assay_model_tensor *look(const assay_model *m, const char *name)
{
    return m->n_tensors ? bsearch(name, m->tensor, m->n_tensors, sizeof *m->tensor, order) : NULL;
}

/* Is name the pattern, with a number for #?  *number: that one, *rest: what follows in name. */
static bool matches(const char *pattern, const char *name, int64_t *number, const char **rest)
{
    for (; *pattern; pattern++) {
        if (*pattern != '#') {
            if (*pattern != *name++)
                return false;
            continue;
        }
        char *end;
        if (*name < '0' || *name > '9')
            return false;
        *number = strtoll(name, &end, 10);
        name = end;
    }
    *rest = name;
    return !*name || !strcmp(name, ".weight") || !strcmp(name, ".bias");
}

/* One of the names of a pattern, n characters, with # and * filled in and what followed behind. */
static void fill(const char *pattern, size_t n, int64_t number, int64_t expert, const char *rest, char out[192])
{
    size_t k = 0;
    for (size_t i = 0; i < n && k < 160; i++)
        if (pattern[i] == '#' || pattern[i] == '*')
            k += (size_t)snprintf(out + k, 192 - k, "%" PRId64, pattern[i] == '#' ? number : expert);
        else
            out[k++] = pattern[i];
    snprintf(out + k, 192 - k, "%s", rest);
}

typedef struct place {            /* where a tensor lies in its file */
    const assay_tensor_name *row; /* NULL: under GGUF's own name */
    const char *pattern, *rest;
    size_t n;
    int64_t number;
    assay_model_tensor *first; /* the tensor; of experts apart from each other the first */
} place;

static bool find(const assay_model *m, const char *name, place *p)
{
    char file_name[192];
    *p = (place){ 0 };
    if (!m->hf) {
        p->first = look(m, name);
        return p->first != NULL;
    }
    const assay_tensor_name *const tables[] = { m->family->names, m->family->also };
    for (int t = 0; t < 2 && !p->row; t++)
        for (const assay_tensor_name *r = tables[t]; r && r->gguf; r++) {
            if (!matches(r->gguf, name, &p->number, &p->rest))
                continue;
            p->row = r;
            for (p->pattern = r->hf; *p->pattern && !p->first; p->pattern += p->n + (p->pattern[p->n] == '|')) {
                p->n = strcspn(p->pattern, "|");
                fill(p->pattern, p->n, p->number, 0, p->rest, file_name);
                if ((p->first = look(m, file_name)) != NULL)
                    return true;
            }
        }
    return false;
}

bool assay_model_has(const assay_model *m, const char *name)
{
    place p;
    return !m->blank && find(m, name, &p);
}

assay_status assay_model_room(assay_model *m, const char *name, assay_tensor *t, assay_why *why)
{
    const size_t bytes = assay_tensor_bytes(t);
    const assay_status s = m->shapes ? ASSAY_OK : assay_memory_need(bytes, name, why);
    if (s || m->shapes)
        return s;
    t->data = assay_aligned(bytes);
    if (!t->data)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu bytes", name, bytes);
    assay_model_keep(m, t->data);
    return ASSAY_OK;
}

/* The experts' matrices, one behind the other: (E, rows, columns). */
static assay_status stack(assay_model *m, const place *p, const char *name, int64_t experts, assay_tensor *out,
                          assay_why *why)
{
    const assay_tensor one = p->first->t;
    int64_t dim[ASSAY_MAX_RANK] = { experts };
    if (one.rank + 1 > ASSAY_MAX_RANK)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: rank %d", p->first->name, one.rank);
    memcpy(dim + 1, one.dim, (size_t)one.rank * sizeof *dim);
    *out = assay_tensor_dense(one.type, 0, one.rank + 1, dim);
    assay_status s = assay_model_room(m, name, out, why);
    const size_t bytes = assay_tensor_bytes(&one);
    for (int64_t e = 0; e < experts && !s; e++) {
        char file_name[192];
        fill(p->pattern, p->n, p->number, e, p->rest, file_name);
        assay_model_tensor *x = look(m, file_name);
        if (!x)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' is missing", m->label, file_name);
        if (x->t.type != one.type || x->t.rank != one.rank || memcmp(x->t.dim, one.dim, (size_t)one.rank * sizeof *dim))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' has another shape or type than '%s'", m->label,
                              file_name, p->first->name);
        x->used = true;
        if (out->data)
            memcpy((char *)out->data + (size_t)e * bytes, x->t.data, bytes);
    }
    return s;
}

/* Every second of the last dimension and, but for rows of numbers each, rows and columns turned: (E, out, in). */
static assay_status turn(assay_model *m, const char *name, assay_form form, assay_tensor *t, assay_why *why)
{
    const assay_dtype_info *info = assay_dtype_of(t->type);
    const int r = t->rank;
    const bool half = form != ASSAY_FORM_TURNED, turned = strstr(name, ".bias") == NULL;
    if (info->block != 1 || r < 1 || (turned && r < 2) || (half && t->dim[r - 1] % 2))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' of %s and rank %d cannot be turned", m->label, name,
                          info->name, r);
    const int64_t step = half ? 2 : 1, first = form == ASSAY_FORM_ODD, n = t->dim[r - 1], out_n = n / step;
    const int64_t rows = turned ? t->dim[r - 2] : 1;
    const int64_t all = n && rows ? assay_tensor_count(t) / (n * rows) : 0;
    const size_t size = (size_t)info->bytes;
    int64_t dim[ASSAY_MAX_RANK];
    memcpy(dim, t->dim, sizeof dim);
    dim[r - 1] = out_n;
    if (turned)
        dim[r - 2] = out_n, dim[r - 1] = rows;
    assay_tensor out = assay_tensor_dense(t->type, 0, r, dim);
    const assay_status s = assay_model_room(m, name, &out, why);
    for (int64_t a = 0; a < all && out.data; a++)
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < out_n; j++)
                memcpy((char *)out.data + (size_t)((a * out_n + j) * rows + i) * size,
                       (const char *)t->data + (size_t)((a * rows + i) * n + first + j * step) * size, size);
    *t = out;
    return s;
}

/* The tensor of powers that lies beside one of blocks, and mxfp4 of both. */
static assay_status four(assay_model *m, const assay_model_tensor *blocks, assay_form form, assay_tensor *out,
                         assay_why *why)
{
    static const char end[] = "_blocks", other[] = "_scales";
    char name[sizeof blocks->name];
    strcpy(name, blocks->name);
    strcpy(name + strlen(name) - strlen(end), other); /* of one length */
    assay_model_tensor *scales = look(m, name);
    if (!scales)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' is missing", m->label, name);
    scales->used = true;
    return assay_model_four(m, blocks, scales, form == ASSAY_FORM_FOUR_ODD, form == ASSAY_FORM_FOUR ? 1 : 2, out, why);
}

/* Lengths of 1 in front go until the rank is that which is needed. */
static void flatten(assay_tensor *t, int rank)
{
    int cut = 0;
    while (t->rank - cut > rank && t->dim[cut] == 1)
        cut++;
    int64_t dim[ASSAY_MAX_RANK];
    memcpy(dim, t->dim + cut, (size_t)(t->rank - cut) * sizeof *dim);
    void *data = t->data;
    *t = assay_tensor_dense(t->type, 0, t->rank - cut, dim);
    t->data = data;
}

/* Heads lie by groups: the queries that share a key, that key, its value.  All queries go first, then keys, values. */
static assay_status regroup(assay_model *m, const char *name, assay_tensor *t, assay_why *why)
{
    const int64_t H = m->heads, G = m->kv_heads, all = H + 2 * G;
    if (G < 1 || H % G || t->rank < 1 || t->dim[0] % all)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%s' of %" PRId64 " rows is not made of %" PRId64 " heads with %" PRId64
                          " keys and values",
                          m->label, name, t->rank ? t->dim[0] : 0, H, G);
    assay_tensor out = assay_tensor_dense(t->type, 0, t->rank, t->dim);
    const assay_status s = assay_model_room(m, name, &out, why);
    const int64_t each = H / G;
    const size_t bytes = assay_tensor_bytes(t) / (size_t)all;
    for (int64_t h = 0; h < all && out.data; h++) {
        const int64_t from = h < H       ? h / each * (each + 2) + h % each
                             : h < H + G ? (h - H) * (each + 2) + each
                                         : (h - H - G) * (each + 2) + each + 1;
        memcpy((char *)out.data + (size_t)h * bytes, (const char *)t->data + (size_t)from * bytes, bytes);
    }
    *t = out;
    return s;
}

static assay_status note(assay_model *m, const char *name, int rank, const int64_t *dim, assay_tensor *out)
{
    m->wanted = assay_grown(m->wanted, m->n_wanted, sizeof *m->wanted);
    assay_wanted *w = &m->wanted[m->n_wanted++];
    *w = (assay_wanted){ .rank = rank };
    snprintf(w->name, sizeof w->name, "%s", name);
    memcpy(w->dim, dim, (size_t)rank * sizeof *dim);
    *out = assay_tensor_dense(ASSAY_f32, 0, rank, dim);
    return ASSAY_OK;
}

assay_status assay_model_weight(assay_model *m, const char *name, int rank, const int64_t *dim, assay_tensor *out,
                                assay_why *why)
{
    place p;
    char file_name[192];
    assay_status s = ASSAY_OK;
    if (m->blank)
        return note(m, name, rank, dim, out);
    if (!find(m, name, &p)) {
        snprintf(file_name, sizeof file_name, "%s", name);
        if (p.row)
            fill(p.row->hf, strcspn(p.row->hf, "|"), p.number, 0, p.rest, file_name);
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' is missing", m->label, file_name);
    }
    p.first->used = true;
    *out = p.first->t;
    if (p.row && memchr(p.pattern, '*', p.n))
        s = stack(m, &p, name, dim[0], out, why);
    if (!s && p.row && p.row->form == ASSAY_FORM_FLAT)
        flatten(out, rank);
    else if (!s && p.row && p.row->form == ASSAY_FORM_GROUPS)
        s = regroup(m, name, out, why);
    else if (!s && p.row && p.row->form >= ASSAY_FORM_FOUR)
        s = four(m, p.first, p.row->form, out, why);
    else if (!s && p.row && p.row->form != ASSAY_FORM_SAME &&
             (p.row->form != ASSAY_FORM_TURNED || !strstr(name, ".bias")))
        s = turn(m, name, p.row->form, out, why);
    if (!s && (out->type == ASSAY_i8 || out->type == ASSAY_i32 || out->type == ASSAY_i64))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' holds integers or bytes, the model needs reals",
                          m->label, p.first->name);
    bool same = !s && out->rank == rank;
    for (int i = 0; i < rank && same; i++)
        same = out->dim[i] == dim[i];
    if (s || same)
        return s;
    return assay_fail(why, ASSAY_ERR_FORMAT,
                      "%s: tensor '%s' is of rank %d and %" PRId64 " x %" PRId64
                      ", the model needs rank %d and %" PRId64 " x %" PRId64,
                      m->label, p.first->name, out->rank, out->dim[0], out->rank > 1 ? out->dim[1] : 1, rank, dim[0],
                      rank > 1 ? dim[1] : 1);
}

/* Do these rules say that the key changes nothing?  *known: one is about it; *means: what it says. */
static bool ruled(const assay_key_rule *r, const assay_model_key *k, bool *known, const char **means)
{
    for (; r && r->key; r++) {
        const size_t n = strlen(r->key);
        if (r->key[n - 1] == '*' ? strncmp(k->name, r->key, n - 1) != 0 : strcmp(k->name, r->key) != 0)
            continue;
        *known = true, *means = r->means;
        const bool number = k->kind == ASSAY_KEY_NUMBER || k->kind == ASSAY_KEY_TRUTH;
        const bool empty = (k->kind == ASSAY_KEY_LIST && k->number == 0) || (k->kind == ASSAY_KEY_TEXT && !k->text.n);
        return r->harmless || empty || (number && (k->number == r->neutral[0] || k->number == r->neutral[1]));
    }
    return false;
}

/* A tensor that the format keeps and no graph needs. */
static bool dropped(const assay_family *f, const char *name)
{
    int64_t number;
    const char *rest;
    const assay_tensor_name *const tables[] = { f->names, f->also };
    for (int t = 0; t < 2; t++)
        for (const assay_tensor_name *r = tables[t]; r && r->gguf; r++)
            if (!*r->gguf && matches(r->hf, name, &number, &rest))
                return true;
    return false;
}

const char *assay_model_key_use(const assay_model *m, const assay_model_key *k, bool *understood)
{
    const char *means = "read";
    bool known = false;
    *understood =
        k->used || ruled(m->family->keys, k, &known, &means) || (!known && ruled(assay_key_rules, k, &known, &means));
    return k->used || known ? means : NULL;
}

assay_status assay_model_rest(assay_model *m, assay_why *why)
{
    const char *const dot = m->hf ? "" : ".", *const arch = m->hf ? "" : m->arch;
    m->whole = true;
    for (size_t i = 0; i < m->n_keys; i++) {
        const assay_model_key *k = &m->key[i];
        bool understood;
        const char *means = assay_model_key_use(m, k, &understood);
        if (understood)
            continue;
        if (!means)
            return assay_fail(why, ASSAY_UNSUPPORTED,
                              "%s: key '%s%s%.80s' is not understood; what it says might change the answer", m->label,
                              arch, dot, k->name);
        const bool number = k->kind == ASSAY_KEY_NUMBER || k->kind == ASSAY_KEY_TRUTH;
        char is[64];
        if (number)
            snprintf(is, sizeof is, "is %.9g", k->number);
        else if (k->kind == ASSAY_KEY_TEXT)
            snprintf(is, sizeof is, "is '%.*s'", k->text.n < 40 ? (int)k->text.n : 40, k->text.at);
        else
            snprintf(is, sizeof is, "has %.0f items", k->number);
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: key '%s%s%s' %s: %s, which Assay does not do", m->label, arch,
                          dot, k->name, is, means);
    }
    const char *unused = NULL;
    size_t n = 0;
    for (size_t i = 0; i < m->n_tensors; i++)
        if (!m->tensor[i].used && !dropped(m->family, m->tensor[i].name)) {
            unused = unused ? unused : m->tensor[i].name;
            n++;
        }
    return unused ? assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%s' is no part of the %s graph (%zu such tensors)",
                               m->label, unused, m->family->name, n)
                  : ASSAY_OK;
}
