/* SPDX-License-Identifier: MIT */
#include "outputs.h"
#include "../core/clock.h"
#include "../core/status.h"
#include "family.h"
#include "feed.h"
#include "load.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct work {
    assay_outputs *o;
    assay_loaded l;
    assay_inputs in;
    assay_session *session;
    double *rows, *hidden;
    int64_t n_hidden, d;
} work;

static void keep(void *ctx, const assay_session *s, int64_t row, int64_t n)
{
    work *w = ctx;
    const assay_graph *g = &w->l.graph;
    if (g->hidden >= 0 && !w->hidden) {
        w->d = g->value[g->hidden].dim[1];
        w->hidden = assay_room((size_t)(w->n_hidden * w->d), sizeof *w->hidden);
        for (int64_t r = 0; r < w->n_hidden; r++)
            assay_session_hidden(s, r, w->hidden + r * w->d);
    }
    for (int64_t r = 0; r < n; r++)
        assay_session_logits(s, r, w->rows + (row + r) * w->o->width);
}

static assay_status run(work *w, assay_why *why)
{
    assay_outputs *o = w->o;
    assay_feed feed = {
        .g = &w->l.graph, .in = &w->in, .batch = o->chunk ? o->chunk : INT64_MAX, .window = INT64_MAX, .bos = -1
    };
    assay_status s = assay_feed_fit(&feed, why);
    if (s)
        return s;
    o->width = w->l.graph.width;
    o->rows = feed.rows;
    w->n_hidden = feed.T;
    w->rows = assay_room((size_t)(o->rows * o->width), sizeof *w->rows);
    s = assay_feed_session(&feed, &o->impl, o->threads, &w->session, why);
    const double begin = assay_seconds();
    if (!s)
        s = assay_feed_run(&feed, w->session, keep, w, why);
    o->seconds = assay_seconds() - begin;
    return s;
}

static assay_status compare(work *w, assay_why *why)
{
    assay_outputs *o = w->o;
    if (!w->in.logits.x)
        return ASSAY_OK;
    if (w->in.logits.n != o->rows * o->width || w->in.logits.last != o->width)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%s: its logits are %" PRId64 " numbers in rows of %" PRId64 ", the model's %" PRId64
                          " rows of %" PRId64,
                          o->inputs, w->in.logits.n, w->in.logits.last, o->rows, o->width);
    o->compared = true;
    for (int64_t i = 0; i < w->in.logits.n; i++) {
        const double d = fabs(w->rows[i] - w->in.logits.x[i]);
        o->difference = isnan(o->difference) || d <= o->difference ? o->difference : d;
        o->largest = fmax(o->largest, fabs(w->in.logits.x[i]));
    }
    return ASSAY_OK;
}

static assay_status save(const work *w, assay_why *why)
{
    const assay_outputs *o = w->o;
    const assay_st_tensor t[] = {
        { "logits", assay_st_type_find("F64"), 2, { o->rows, o->width }, w->rows, (uint64_t)(o->rows * o->width) * 8 },
        { "hidden",
          assay_st_type_find("F64"),
          2,
          { w->n_hidden, w->d },
          w->hidden,
          (uint64_t)(w->n_hidden * w->d) * 8 },
    };
    const assay_st_pair meta[] = { { "model", o->model }, { "impl", o->impl_text } };
    return o->path ? assay_safetensors_write(o->path, t, w->hidden ? 2 : 1, meta, 2, why) : ASSAY_OK;
}

assay_status assay_outputs_run(assay_outputs *o, assay_why *why)
{
    work w = { .o = o };
    assay_status s = assay_inputs_open(o->inputs, &w.in, why);
    if (!s)
        s = assay_load(o->model, ASSAY_f32, w.in.ids.n, ASSAY_WANTS_NUMBERS, &w.l, why);
    if (!s) {
        o->family = w.l.model.family->name;
        s = run(&w, why);
    }
    if (!s)
        s = compare(&w, why);
    if (!s)
        s = save(&w, why);
    assay_session_free(w.session);
    assay_loaded_free(&w.l);
    assay_inputs_free(&w.in);
    free(w.rows);
    free(w.hidden);
    return s;
}
