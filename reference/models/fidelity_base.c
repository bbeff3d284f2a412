/* SPDX-License-Identifier: MIT
 * The base of a comparison as a file: what `assay fidelity -o`, `assay run --logits`, `assay logits -o` and other
 * programs write. */
#include "../core/dtype.h"
#include "../core/safetensors.h"
#include "../core/status.h"
#include "fidelity_parts.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ids of the file, where it has them, against those of this run. */
static assay_status same_ids(const assay_given *theirs, const assay_given *mine, const char *path, const char *name,
                             assay_why *why)
{
    if (!theirs->whole || !mine->whole)
        return ASSAY_OK;
    if (theirs->n != mine->n)
        return assay_fail(why, ASSAY_ERR_ARG, "%s: its logits are of %" PRId64 " %s, this run has %" PRId64, path,
                          theirs->n, name, mine->n);
    for (int64_t i = 0; i < mine->n; i++)
        if (theirs->whole[i] != mine->whole[i])
            return assay_fail(why, ASSAY_ERR_ARG, "%s: its %s[%" PRId64 "] is %" PRId32 ", this run's %" PRId32, path,
                              name, i, theirs->whole[i], mine->whole[i]);
    return ASSAY_OK;
}

/* A number that metadata say, 0 or more; NaN: they do not, or say something else. */
static double said(const assay_safetensors *file, const char *key)
{
    const char *text = assay_safetensors_meta(file, key);
    char *end = NULL;
    const double x = text ? strtod(text, &end) : NAN;
    return text && end != text && !*end && isfinite(x) && x >= 0 ? x : NAN;
}

static void floor_of(const assay_safetensors *file, assay_floor *floor)
{
    const double seeds = said(file, "floor_seeds");
    const assay_floor there = { .seeds = seeds >= 1 && seeds <= 64 ? (int)seeds : 0,
                                .mean = said(file, "floor_mean"),
                                .largest = said(file, "floor_largest"),
                                .difference = said(file, "floor_difference") };
    if (there.seeds && !isnan(there.mean) && !isnan(there.largest) && !isnan(there.difference))
        *floor = there;
}

static assay_status check(assay_fidelity *f, const assay_feed *feed, const assay_inputs *in, assay_why *why)
{
    const assay_st_tensor *t = assay_safetensors_find(&in->file, "logits");
    static const char *const types[] = { "F32", "F16", "BF16", "F64" };
    bool known = false;
    if (!t)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: holds no 'logits'", f->against);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        known |= !strcmp(types[i], t->type->name);
    if (!known)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: its logits are of type %s; F32, F16, BF16 and F64 are read",
                          f->against, t->type->name);
    if (t->rank != 2 || t->dim[0] != feed->rows || t->dim[1] != f->width)
        return assay_fail(why, ASSAY_ERR_ARG,
                          "%s: its logits are of rank %" PRId32 ", %" PRId64 " rows of %" PRId64 ", this run's %" PRId64
                          " rows of %" PRId64,
                          f->against, t->rank, t->rank ? t->dim[0] : 0, t->rank > 1 ? t->dim[1] : 0, feed->rows,
                          f->width);
    assay_status s = same_ids(&in->ids, &feed->in->ids, f->against, "ids", why);
    if (!s)
        s = same_ids(&in->decoder_ids, &feed->in->decoder_ids, f->against, "decoder_ids", why);
    const double window = said(&in->file, "window");
    if (!s && !isnan(window) && window != (double)f->positions)
        s = assay_fail(why, ASSAY_ERR_ARG, "%s: its windows are of %.0f tokens, this run's of %" PRId64 " (--window)",
                       f->against, window, f->positions);
    return s;
}

static void copy_text(char *to, size_t room, const char *from)
{
    snprintf(to, room, "%s", from ? from : "");
}

assay_status assay_fidelity_base_read(assay_fidelity *f, const assay_feed *feed, float *x, assay_why *why)
{
    assay_inputs in;
    assay_status s = assay_inputs_open(f->against, &in, why);
    if (!s)
        s = check(f, feed, &in, why);
    for (int64_t i = 0; i < feed->rows * f->width && !s; i++) {
        x[i] = (float)in.logits.x[i];
        if (!isfinite(x[i]))
            s = assay_fail(why, ASSAY_ERR_FORMAT,
                           "%s: its logit %" PRId64 " of row %" PRId64 " is %.9g, no finite number in f32", f->against,
                           i % f->width, i / f->width, in.logits.x[i]);
    }
    if (!s) {
        floor_of(&in.file, &f->floor);
        copy_text(f->base_impl, sizeof f->base_impl, assay_safetensors_meta(&in.file, "impl"));
        copy_text(f->base_model, sizeof f->base_model, assay_safetensors_meta(&in.file, "model"));
    }
    assay_inputs_free(&in);
    return s;
}

assay_status assay_fidelity_base_write(const assay_fidelity *f, const assay_feed *feed, const float *x, assay_why *why)
{
    const assay_inputs *in = feed->in;
    assay_st_tensor t[3] = { { .name = "logits",
                               .type = assay_st_type_find("F32"),
                               .rank = 2,
                               .dim = { feed->rows, f->width },
                               .data = x,
                               .bytes = (uint64_t)(feed->rows * f->width) * sizeof *x } };
    const struct {
        const char *name;
        const assay_given *given;
    } ids[] = { { "ids", &in->ids }, { "decoder_ids", &in->decoder_ids } };
    char number[5][32];
    size_t n = 1;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i].given->whole)
            t[n++] = (assay_st_tensor){ .name = ids[i].name,
                                        .type = assay_st_type_find("I32"),
                                        .rank = 1,
                                        .dim = { ids[i].given->n },
                                        .data = ids[i].given->whole,
                                        .bytes = (uint64_t)ids[i].given->n * sizeof(int32_t) };
    const double numbers[] = { (double)f->positions, f->floor.seeds, f->floor.mean, f->floor.largest,
                               f->floor.difference };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        snprintf(number[i], sizeof number[i], "%.17g", numbers[i]);
    const assay_st_pair meta[] = {
        { "model", f->model },          { "impl", f->base_impl },         { "kv", assay_dtype_of(f->kv)->name },
        { "window", number[0] },        { "floor_seeds", number[1] },     { "floor_mean", number[2] },
        { "floor_largest", number[3] }, { "floor_difference", number[4] }
    };
    return assay_safetensors_write(f->keep_path, t, n, meta, sizeof meta / sizeof *meta, why);
}
