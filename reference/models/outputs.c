/* SPDX-License-Identifier: MIT */
#include "outputs.h"
#include "../core/clock.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "family.h"
#include "load.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct given { /* one of the inputs, NULL: not there */
    double *x;
    int32_t *whole;
    int64_t n, last; /* numbers, length of the last dimension */
} given;

typedef struct work {
    assay_outputs *o;
    assay_loaded l;
    assay_safetensors file;
    given ids, types, decoder_ids, frames, logits;
    float *narrow; /* frames */
    assay_session *session;
    double *rows, *hidden;
    int64_t n_hidden, d;
} work;

static assay_status take(const work *w, const char *name, bool whole, given *g, assay_why *why)
{
    const assay_st_tensor *t = assay_safetensors_find(&w->file, name);
    if (!t)
        return ASSAY_OK;
    if (t->type->type == ASSAY_DTYPE_END || t->rank < 1)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' is of type %s and rank %d, no list of numbers", w->o->inputs,
                          name, t->type->name, t->rank);
    assay_tensor x = assay_tensor_dense(t->type->type, 0, t->rank, t->dim);
    void *copy = assay_room(t->bytes + 1, 1); /* data may lie at any byte */
    memcpy(copy, t->data, t->bytes);
    x.data = copy;
    g->n = assay_tensor_count(&x), g->last = t->dim[t->rank - 1];
    g->x = assay_room((size_t)g->n, sizeof *g->x);
    assay_tensor_decode(g->x, &x);
    free(copy);
    g->whole = whole ? assay_room((size_t)g->n, sizeof *g->whole) : NULL;
    for (int64_t i = 0; whole && i < g->n; i++) {
        if (!(g->x[i] >= INT32_MIN && g->x[i] <= INT32_MAX && g->x[i] == floor(g->x[i])))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s[%" PRId64 "] is %.9g, no id", w->o->inputs, name, i,
                              g->x[i]);
        g->whole[i] = (int32_t)g->x[i];
    }
    return ASSAY_OK;
}

static assay_status take_all(work *w, assay_why *why)
{
    const struct {
        const char *name;
        bool whole;
        given *to;
    } all[] = { { "ids", true, &w->ids },     { "types", true, &w->types },    { "decoder_ids", true, &w->decoder_ids },
                { "mel", false, &w->frames }, { "pixels", false, &w->frames }, { "logits", false, &w->logits } };
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && !s; i++)
        s = take(w, all[i].name, all[i].whole, all[i].to, why);
    w->narrow = assay_room((size_t)w->frames.n, sizeof *w->narrow);
    for (int64_t i = 0; i < w->frames.n; i++)
        w->narrow[i] = (float)w->frames.x[i];
    return s;
}

/* Rows that the encoder's pass has: tokens, or what the stem makes of frames (the graph's value says how many a row).
 */
static assay_status source_rows(const work *w, int64_t *T, assay_why *why)
{
    const assay_graph *g = &w->l.graph;
    const assay_value *frames = NULL;
    for (int i = 0; i < g->n_values; i++)
        if (g->value[i].kind == ASSAY_VALUE_FRAMES)
            frames = &g->value[i];
    *T = w->ids.n;
    if (!frames)
        return w->ids.whole ? ASSAY_OK
                            : assay_fail(why, ASSAY_ERR_ARG, "%s: no ids, which a model of family %s reads",
                                         w->o->inputs, g->family);
    if (!w->frames.n)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: no mel and no pixels, which a model of family %s reads",
                          w->o->inputs, g->family);
    int64_t each = 1, per = 0; /* numbers but for those that count rows; frames of a row */
    for (int i = 0; i < frames->rank; i++)
        if (frames->dim[i] >= 0)
            each *= frames->dim[i];
        else
            per = (-frames->dim[i] - 1) / 16 + 1;
    const bool whole = per ? w->frames.n % (each * per) == 0 : w->frames.n == each;
    if (!whole)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: %" PRId64 " numbers, where the model reads %s%" PRId64, w->o->inputs,
                          w->frames.n, per ? "a multiple of " : "", per ? each * per : each);
    const int64_t last = per ? w->frames.n / each : frames->dim[frames->rank - 1];
    if (w->frames.last != last)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: rows of %" PRId64 " numbers, where the model reads rows of %" PRId64,
                          w->o->inputs, w->frames.last, last);
    *T = per ? w->frames.n / (each * per) : (int64_t)g->value[g->hidden].dim[0];
    return ASSAY_OK;
}

static void keep(work *w, int64_t from, int64_t n)
{
    for (int64_t r = 0; r < n; r++)
        assay_session_logits(w->session, r, w->rows + (from + r) * w->o->width);
}

static assay_status steps(work *w, const given *ids, assay_why *why)
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
    const given *ids = g->encodes ? &w->decoder_ids : &w->ids;
    int64_t T = 0;
    assay_status s = g->encodes ? source_rows(w, &T, why) : ASSAY_OK;
    if (!s && g->steps && ids->n < 1)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: no %s, which a model of family %s reads", o->inputs,
                       g->encodes ? "decoder_ids" : "ids", g->family);
    if (!s && w->types.n && w->types.n != T)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: %" PRId64 " types of %" PRId64 " tokens", o->inputs, w->types.n, T);
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
            w->session, &(assay_source){ .ids = w->ids.whole, .types = w->types.whole, .frames = w->narrow, .T = T },
            why);
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
    if (!w->logits.x)
        return ASSAY_OK;
    if (w->logits.n != o->rows * o->width || w->logits.last != o->width)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%s: its logits are %" PRId64 " numbers in rows of %" PRId64 ", the model's %" PRId64
                          " rows of %" PRId64,
                          o->inputs, w->logits.n, w->logits.last, o->rows, o->width);
    o->compared = true;
    for (int64_t i = 0; i < w->logits.n; i++) {
        const double d = fabs(w->rows[i] - w->logits.x[i]);
        o->difference = d <= o->difference ? o->difference : d; /* NaN stays */
        o->largest = fmax(o->largest, fabs(w->logits.x[i]));
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
    assay_status s = assay_safetensors_open(o->inputs, &w.file, why);
    if (s)
        return s;
    s = take_all(&w, why);
    if (!s)
        s = assay_load(o->model, ASSAY_f32, w.ids.n, ASSAY_WANTS_NUMBERS, &w.l, why);
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
    assay_safetensors_close(&w.file);
    given *const all[] = { &w.ids, &w.types, &w.decoder_ids, &w.frames, &w.logits };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]->x);
        free(all[i]->whole);
    }
    free(w.narrow);
    free(w.rows);
    free(w.hidden);
    return s;
}
