/* SPDX-License-Identifier: MIT */
#include "inputs.h"
#include "../core/memory.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static assay_status take(const assay_inputs *in, const char *name, bool whole, assay_given *g, assay_why *why)
{
    const assay_st_tensor *t = assay_safetensors_find(&in->file, name);
    if (!t)
        return ASSAY_OK;
    if (t->type->type == ASSAY_DTYPE_END || t->rank < 1)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' is of type %s and rank %d, no list of numbers", in->label,
                          name, t->type->name, t->rank);
    if (g->x)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: mel and pixels: a model reads one of them", in->label);
    for (int i = 0; i < t->rank - 1 && whole; i++)
        if (t->dim[i] != 1)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' is of rank %d with %" PRId64 " in front, not one list",
                              in->label, name, t->rank, t->dim[i]);
    assay_tensor x = assay_tensor_dense(t->type->type, 0, t->rank, t->dim);
    const assay_status s = assay_memory_need(t->bytes + (uint64_t)assay_tensor_count(&x) * 12, in->label, why);
    if (s)
        return s;
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
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s[%" PRId64 "] is %.9g, no id", in->label, name, i, g->x[i]);
        g->whole[i] = (int32_t)g->x[i];
    }
    return ASSAY_OK;
}

static assay_status take_all(assay_inputs *in, assay_why *why)
{
    const struct {
        const char *name;
        bool whole;
        assay_given *to;
    } all[] = {
        { "ids", true, &in->ids },     { "types", true, &in->types },    { "decoder_ids", true, &in->decoder_ids },
        { "mel", false, &in->frames }, { "pixels", false, &in->frames }, { "logits", false, &in->logits }
    };
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && !s; i++)
        s = take(in, all[i].name, all[i].whole, all[i].to, why);
    in->narrow = assay_room((size_t)in->frames.n, sizeof *in->narrow);
    for (int64_t i = 0; i < in->frames.n; i++)
        in->narrow[i] = (float)in->frames.x[i];
    return s;
}

/* Rows that the encoder's pass has: tokens, or what the stem makes of frames (the graph's value says how many a row).
 */
assay_status assay_inputs_rows(const assay_inputs *in, const assay_graph *g, int64_t *T, assay_why *why)
{
    const assay_value *frames = NULL;
    for (int i = 0; i < g->n_values; i++)
        if (g->value[i].kind == ASSAY_VALUE_FRAMES)
            frames = &g->value[i];
    *T = in->ids.n;
    if (!frames)
        return in->ids.whole ? ASSAY_OK
                             : assay_fail(why, ASSAY_ERR_ARG, "%s: no ids, which a model of family %s reads", in->label,
                                          g->family);
    if (!in->frames.n)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: no mel and no pixels, which a model of family %s reads", in->label,
                          g->family);
    int64_t each = 1, per = 0; /* numbers but for those that count rows; frames of a row */
    for (int i = 0; i < frames->rank; i++)
        if (frames->dim[i] >= 0)
            each *= frames->dim[i];
        else
            per = (-frames->dim[i] - 1) / 16 + 1;
    const bool whole = per ? in->frames.n % (each * per) == 0 : in->frames.n == each;
    if (!whole)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: %" PRId64 " numbers, where the model reads %s%" PRId64, in->label,
                          in->frames.n, per ? "a multiple of " : "", per ? each * per : each);
    const int64_t last = per ? in->frames.n / each : frames->dim[frames->rank - 1];
    if (in->frames.last != last)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%s: %" PRId64 " rows of %" PRId64 " numbers, where the model reads %" PRId64
                          " rows of %s%" PRId64,
                          in->label, in->frames.n / in->frames.last, in->frames.last, per ? each : in->frames.n / last,
                          per ? "a multiple of " : "", per ? per : last);
    *T = per ? in->frames.n / (each * per) : (int64_t)g->value[g->hidden].dim[0];
    return ASSAY_OK;
}

assay_status assay_inputs_open(const char *path, assay_inputs *in, assay_why *why)
{
    *in = (assay_inputs){ .label = path };
    const assay_status s = assay_safetensors_open(path, &in->file, why);
    return s ? s : take_all(in, why);
}

void assay_inputs_free(assay_inputs *in)
{
    assay_given *const all[] = { &in->ids, &in->types, &in->decoder_ids, &in->frames, &in->logits };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]->x);
        free(all[i]->whole);
    }
    free(in->narrow);
    assay_safetensors_close(&in->file);
    *in = (assay_inputs){ 0 };
}
