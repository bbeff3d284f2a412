/* SPDX-License-Identifier: MIT */
#include "outputs.h"
#include "../core/clock.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "family.h"
#include "inputs.h"
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

static void keep(work *w, int64_t from, int64_t n)
{
    for (int64_t r = 0; r < n; r++)
        assay_session_logits(w->session, r, w->rows + (from + r) * w->o->width);
}

static assay_status steps(work *w, const assay_given *ids, assay_why *why)
{
    assay_status s = ASSAY_OK;
    const int64_t chunk = w->o->chunk ? w->o->chunk : ids->n;
    for (int64_t at = 0; at < ids->n && !s; at += chunk) {
        const int64_t T = ids->n - at < chunk ? ids->n - at : chunk;
        s = assay_session_step(w->session, ids->whole + at, T, T, why);
        if (!s)
            keep(w, at, T);
    }
    return s;
}

static assay_status run(work *w, assay_why *why)
{
    const assay_graph *g = &w->l.graph;
    assay_outputs *o = w->o;
    const assay_given *ids = g->encodes ? &w->in.decoder_ids : &w->in.ids;
    int64_t T = 0;
    assay_status s = g->encodes ? assay_inputs_rows(&w->in, g, &T, why) : ASSAY_OK;
    if (!s && g->steps && ids->n < 1)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: no %s, which a model of family %s reads", o->inputs,
                       g->encodes ? "decoder_ids" : "ids", g->family);
    if (!s && w->in.types.n && w->in.types.n != T)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: %" PRId64 " types of %" PRId64 " tokens", o->inputs, w->in.types.n, T);
    if (s)
        return s;
    const bool one = !g->steps && g->value[g->logits].dim[0] == 1;
    o->width = g->width;
    o->rows = g->steps ? ids->n : one ? 1 : T;
    w->rows = assay_room((size_t)(o->rows * o->width), sizeof *w->rows);
    const int64_t step = !g->steps ? 0 : o->chunk && o->chunk < ids->n ? o->chunk : ids->n;
    s = assay_session_make(&w->l.graph, &o->impl, step, step, g->steps ? ids->n : 0, T, o->threads, &w->session, why);
    const double begin = assay_seconds();
    if (!s && g->encodes)
        s = assay_session_encode(
            w->session,
            &(assay_source){ .ids = w->in.ids.whole, .types = w->in.types.whole, .frames = w->in.narrow, .T = T }, why);
    if (!s && g->hidden >= 0) {
        w->d = g->value[g->hidden].dim[1], w->n_hidden = T;
        w->hidden = assay_room((size_t)(T * w->d), sizeof *w->hidden);
        for (int64_t r = 0; r < T; r++)
            assay_session_hidden(w->session, r, w->hidden + r * w->d);
    }
    if (!s && g->steps)
        s = steps(w, ids, why);
    else if (!s)
        keep(w, 0, o->rows);
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
        o->difference = d <= o->difference ? o->difference : d; /* NaN stays */
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
