/* SPDX-License-Identifier: MIT */
#include "importance.h"
#include "../core/dtype.h"
#include "../core/gguf_write.h"
#include "../core/safetensors.h"
#include "../core/save.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static assay_importance_of *find(assay_importance *w, const char *name, int64_t width)
{
    for (size_t i = 0; i < w->n; i++)
        if (!strcmp(w->at[i].name, name))
            return &w->at[i];
    w->at = assay_grown(w->at, w->n, sizeof *w->at);
    assay_importance_of *m = &w->at[w->n++];
    *m = (assay_importance_of){ .width = width, .sum = assay_zeros((size_t)width, sizeof *m->sum) };
    snprintf(m->name, sizeof m->name, "%s", name);
    return m;
}

/* The operand that the rows of this weight (N, K) are multiplied with: another input (..., K). */
static int input_of(const assay_op *op, int weight)
{
    const char last = op->operands[weight].shape[1];
    for (int i = 0; i < op->n_operands; i++) {
        const assay_operand *o = &op->operands[i];
        const size_t n = strlen(o->shape);
        if (o->access == ASSAY_IN && !(o->flags & (ASSAY_WEIGHT | ASSAY_INDEX)) && n && o->shape[n - 1] == last)
            return i;
    }
    return -1;
}

/* Room for `rows` more, twice as much each time. */
static float *more(float *x, int64_t has, int64_t rows, int64_t width)
{
    int64_t room = 64;
    while (room < has)
        room *= 2;
    if (x && has + rows <= room)
        return x;
    while (room < has + rows)
        room *= 2;
    float *y = assay_room((size_t)(room * width), sizeof *y);
    if (x)
        memcpy(y, x, (size_t)(has * width) * sizeof *y);
    free(x);
    return y;
}

void assay_importance_add(assay_importance *w, const assay_session *s, const assay_entry *e)
{
    const assay_op *op = e->node.op;
    for (int i = 0; i < op->n_operands && e->node.layer >= 0; i++) {
        const int x =
            strlen(op->operands[i].shape) == 2 && (op->operands[i].flags & ASSAY_WEIGHT) ? input_of(op, i) : -1;
        if (x < 0 || e->node.operand[i] < 0 || e->node.operand[x] < 0)
            continue;
        const assay_slot *weight = &s->slot[e->node.operand[i]], *in = &s->slot[e->node.operand[x]];
        const int64_t width = weight->v.dim[1], rows = assay_tensor_count(&e->t[x]) / width;
        assay_importance_of *m = find(w, weight->v.name, width);
        double *row = assay_room((size_t)width, sizeof *row);
        const char *data = assay_slot_at(s, e->node.operand[x]);
        if (w->keeps)
            m->x = more(m->x, m->rows, rows, width);
        for (int64_t r = 0; r < rows; r++) {
            assay_dtype_of(in->store)->decode(row, data + assay_dtype_bytes(in->store, r * width), width);
            for (int64_t k = 0; k < width; k++) {
                m->sum[k] += row[k] * row[k];
                if (w->keeps)
                    m->x[(m->rows + r) * width + k] = (float)row[k];
            }
        }
        m->rows += rows;
        free(row);
    }
}

assay_status assay_importance_save(const assay_importance *w, const char *path, const char *model, assay_why *why)
{
    assay_save save;
    char name[80];
    const assay_status s = assay_save_open(&save, path, why);
    if (s)
        return s;
    const char *slash = strrchr(model, '/');
    assay_gguf_writer g = { .f = save.f, .alignment = 32 };
    assay_gguf_put_head(&g, 2 * w->n, 5);
    assay_gguf_put_text(&g, "general.type", "imatrix");
    assay_gguf_put_text(&g, "general.name", slash ? slash + 1 : model);
    assay_gguf_put_array(&g, "imatrix.datasets", ASSAY_GGUF_STRING, 1);
    assay_gguf_put_string(&g, (assay_span){ "assay run", 9 });
    assay_gguf_put_u32(&g, "imatrix.chunk_count", 1);
    assay_gguf_put_u32(&g, "imatrix.chunk_size", w->n ? (uint32_t)w->at[0].rows : 0);
    for (size_t i = 0; i < w->n; i++)
        for (int count = 0; count < 2; count++) {
            const int64_t dim = count ? 1 : w->at[i].width;
            const int n = snprintf(name, sizeof name, "%s.%s", w->at[i].name, count ? "counts" : "in_sum2");
            assay_gguf_put_tensor(&g, (assay_span){ name, (size_t)n }, ASSAY_f32, 1, &dim);
        }
    for (size_t i = 0; i < w->n; i++) {
        assay_gguf_pad(&g);
        for (int64_t k = 0; k < w->at[i].width; k++) {
            const float sum = (float)w->at[i].sum[k];
            assay_gguf_put_bytes(&g, &sum, sizeof sum);
        }
        const float rows = (float)w->at[i].rows;
        assay_gguf_pad(&g);
        assay_gguf_put_bytes(&g, &rows, sizeof rows);
    }
    assay_gguf_pad(&g);
    return assay_save_commit(&save, why);
}

/* Up to the second dot: "blk.7". */
static size_t layer_of(const char *name)
{
    const char *dot = strchr(name, '.');
    dot = dot ? strchr(dot + 1, '.') : NULL;
    return dot ? (size_t)(dot - name) : strlen(name);
}

static bool same_input(const assay_importance_of *a, const assay_importance_of *b)
{
    const size_t n = layer_of(a->name);
    return layer_of(b->name) == n && !memcmp(a->name, b->name, n) && a->width == b->width && a->rows == b->rows &&
           !memcmp(a->x, b->x, (size_t)(a->width * a->rows) * sizeof *a->x);
}

assay_status assay_importance_save_inputs(const assay_importance *w, const char *path, assay_why *why)
{
    assay_st_tensor *t = assay_zeros(w->n, sizeof *t);
    assay_st_pair *meta = assay_zeros(w->n, sizeof *meta);
    size_t n = 0, n_meta = 0;
    for (size_t i = 0; i < w->n; i++) {
        const assay_importance_of *m = &w->at[i];
        size_t k = 0;
        while (k < i && !same_input(&w->at[k], m))
            k++;
        if (k < i) {
            meta[n_meta++] = (assay_st_pair){ m->name, w->at[k].name };
            continue;
        }
        t[n++] = (assay_st_tensor){ .name = m->name,
                                    .type = assay_st_type_of(ASSAY_f32),
                                    .rank = 2,
                                    .dim = { m->rows, m->width },
                                    .data = m->x,
                                    .bytes = (uint64_t)(m->rows * m->width) * sizeof *m->x };
    }
    const assay_status s = assay_safetensors_write(path, t, n, meta, n_meta, why);
    free(t);
    free(meta);
    return s;
}

void assay_importance_free(assay_importance *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->at[i].sum);
        free(w->at[i].x);
    }
    free(w->at);
    *w = (assay_importance){ 0 };
}
