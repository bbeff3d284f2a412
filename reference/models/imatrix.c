/* SPDX-License-Identifier: MIT */
#include "imatrix.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char sums[] = ".in_sum2", counts[] = ".counts";

static int shown(assay_span s)
{
    return s.n < 80 ? (int)s.n : 80;
}

/* The entry whose sums are tensor x. */
static assay_status take(const assay_gguf *g, const assay_gguf_tensor *x, assay_imatrix_entry *e, assay_why *why)
{
    char name[512];
    const assay_span of = { x->name.at, x->name.n - (sizeof sums - 1) };
    snprintf(name, sizeof name, "%.*s%s", of.n < 400 ? (int)of.n : 400, of.at, counts);
    const assay_gguf_tensor *c = assay_gguf_find_tensor(g, name);
    if (!c || c->t.type != ASSAY_f32 || x->t.type != ASSAY_f32)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%.*s' has no f32 sums or no f32 counts beside them", g->label,
                          shown(of), of.at);
    const int64_t n = assay_tensor_count(&x->t), m = assay_tensor_count(&c->t);
    const int64_t width = x->t.dim[x->t.rank - 1];
    if (n < 1 || width * m != n)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: '%.*s': %" PRId64 " sums are not %" PRId64 " for each of %" PRId64 " counts", g->label,
                          shown(of), of.at, n, width, m);
    e->name = of, e->width = width, e->matrices = m;
    e->mean = assay_room((size_t)n, sizeof *e->mean);
    for (int64_t i = 0; i < n; i++) {
        float sum, count;
        memcpy(&sum, (const char *)x->t.data + i * 4, sizeof sum);
        memcpy(&count, (const char *)c->t.data + i / width * 4, sizeof count);
        e->mean[i] = count > 0 ? sum / count : 1;
        if (!(sum >= 0 && count >= 0 && isfinite(e->mean[i])))
            return assay_fail(why, ASSAY_ERR_FORMAT,
                              "%s: '%.*s': sum %g of %g rows in column %" PRId64 " is no mean of squares", g->label,
                              shown(of), of.at, (double)sum, (double)count, i % width);
    }
    return ASSAY_OK;
}

assay_status assay_imatrix_open(const char *path, assay_imatrix *m, assay_why *why)
{
    assay_span type = { "", 0 };
    *m = (assay_imatrix){ 0 };
    assay_status s = assay_gguf_open(path, &m->file, why);
    if (!s)
        s = assay_gguf_text(&m->file, "general.type", false, &type, why);
    if (!s && !assay_span_is(type, "imatrix"))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no importance matrix: general.type is '%.*s', not imatrix", path,
                       shown(type), type.at);
    if (!s)
        m->entry = assay_zeros(m->file.n_tensors, sizeof *m->entry);
    for (size_t i = 0; i < m->file.n_tensors && !s; i++) {
        const assay_gguf_tensor *x = &m->file.tensor[i];
        const size_t tail = sizeof sums - 1;
        if (x->name.n > tail && !memcmp(x->name.at + x->name.n - tail, sums, tail))
            s = take(&m->file, x, &m->entry[m->n++], why);
    }
    if (s)
        assay_imatrix_close(m);
    return s;
}

void assay_imatrix_close(assay_imatrix *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->entry[i].mean);
    free(m->entry);
    assay_gguf_close(&m->file);
    *m = (assay_imatrix){ 0 };
}

assay_status assay_imatrix_find(const assay_imatrix *m, assay_span name, int64_t width, int64_t matrices,
                                const float **mean, int64_t *found, assay_why *why)
{
    *mean = NULL;
    for (size_t i = 0; i < m->n; i++) {
        const assay_imatrix_entry *e = &m->entry[i];
        if (e->name.n != name.n || memcmp(e->name.at, name.at, name.n) != 0)
            continue;
        if (e->width != width || (e->matrices != 1 && e->matrices != matrices))
            return assay_fail(why, ASSAY_ERR_SHAPE,
                              "%s: '%.*s' has %" PRId64 " columns of %" PRId64 " matrices, the model's has %" PRId64
                              " of %" PRId64,
                              m->file.label, shown(name), name.at, e->width, e->matrices, width, matrices);
        *mean = e->mean, *found = e->matrices;
        return ASSAY_OK;
    }
    return ASSAY_OK;
}
