/* SPDX-License-Identifier: MIT
 * Which matrices a method is about, what they are multiplied with, and what becomes of their numbers before they are
 * rounded. */
#include "requant_method.h"
#include "../core/dtype.h"
#include "../core/plain.h"
#include "../core/status.h"
#include "../quantize/methods.h"
#include "requant.h"
#include "requant_groups.h"
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static const char *const names[] = { "none", "awq", "gptq", "smoothquant" };

typedef struct setting {
    const char *name;
    unsigned methods; /* bit of each that has it */
    char kind;        /* b: true, i: whole, d: real */
    size_t at;
    double low, high;
    bool grid; /* of a layout's codes: an element type has its own */
} setting;

#define OF(member) offsetof(assay_requant_how, member)
static const setting settings[] = {
    { "bits", 6, 'i', OF(bits), 2, 8, true },
    { "group", 6, 'i', OF(group), -1, 1 << 30, true },
    { "sym", 6, 'b', OF(sym), 0, 1, true },
    { "act_order", 4, 'b', OF(act_order), 0, 1, true },
    { "static", 4, 'b', OF(fixed), 0, 1, true },
    { "mse", 4, 'b', OF(mse), 0, 1, true },
    { "damping", 4, 'd', OF(damping), 0, 1e3, false },
    { "duo", 2, 'b', OF(duo), 0, 1, false },
    { "clip", 2, 'b', OF(clip), 0, 1, true },
    { "alpha", 8, 'd', OF(alpha), 0, 1, false },
};

const char *assay_method_name(assay_method m)
{
    return names[m];
}

static assay_status set(assay_requant_how *h, const char *text, size_t n, assay_why *why)
{
    const char *equal = memchr(text, '=', n);
    const size_t name = equal ? (size_t)(equal - text) : n;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const setting *s = &settings[i];
        if (strlen(s->name) != name || memcmp(s->name, text, name) != 0 || !(s->methods >> h->method & 1))
            continue;
        char *end = NULL;
        const double v = equal ? strtod(equal + 1, &end) : 1;
        const bool whole = s->kind == 'd' || v == nearbyint(v);
        if ((equal ? end != text + n || end == equal + 1 : s->kind != 'b') || !(v >= s->low && v <= s->high) || !whole)
            return assay_fail(why, ASSAY_ERR_ARG, "%s: %.*s: %g to %g is right%s", names[h->method], (int)n, text,
                              s->low, s->high, s->kind == 'd' ? "" : ", whole");
        char *at = (char *)h + s->at;
        if (s->grid)
            h->of_grid = s->name;
        if (s->kind == 'b')
            *(bool *)at = v != 0;
        else if (s->kind == 'i')
            *(int64_t *)at = (int64_t)v;
        else
            *(double *)at = v;
        return ASSAY_OK;
    }
    char all[200] = "";
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].methods >> h->method & 1)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all ? " " : "", settings[i].name);
    return assay_fail(why, ASSAY_ERR_ARG, "%s has no setting '%.*s' (%s)", names[h->method], (int)name, text, all);
}

assay_status assay_method_parse(const char *text, assay_requant_how *h, assay_why *why)
{
    const size_t n = strcspn(text, ",");
    h->method = ASSAY_METHOD_NONE;
    for (int i = ASSAY_METHOD_AWQ; i <= ASSAY_METHOD_SMOOTH; i++)
        if (strlen(names[i]) == n && !memcmp(names[i], text, n))
            h->method = (assay_method)i;
    if (h->method == ASSAY_METHOD_NONE)
        return assay_fail(why, ASSAY_ERR_ARG, "no method '%.*s' (awq gptq smoothquant)", (int)(n < 40 ? n : 40), text);
    h->bits = 4, h->group = 128, h->alpha = 0.5, h->damping = 0.01;
    assay_status s = ASSAY_OK;
    for (const char *at = text + n; *at && !s; at += strcspn(at, ",")) {
        at++;
        s = set(h, at, strcspn(at, ","), why);
    }
    return !s && h->group == 0 ? assay_fail(why, ASSAY_ERR_ARG, "group=0: a group has an input at least") : s;
}

/* ---- whose activations are whose ---- */

static assay_status fits(const assay_requant *r, const assay_requant_tensor *t, const assay_st_tensor *x,
                         assay_why *why)
{
    const assay_dtype_info *d = x->type->type == ASSAY_DTYPE_END ? NULL : assay_dtype_of(x->type->type);
    if (!d || !(d->u > 0) || x->rank != 2 || x->dim[0] < 1 || x->dim[1] != t->width)
        return assay_fail(why, ASSAY_ERR_SHAPE,
                          "%s: tensor '%.80s' is %s of rank %d, %" PRId64 " x %" PRId64
                          "; '%.*s' needs floats (tokens, %" PRId64 ")",
                          r->how.activations, x->name, x->type->name, x->rank, x->rank > 0 ? x->dim[0] : 0,
                          x->rank > 1 ? x->dim[1] : 0, (int)(t->name.n < 80 ? t->name.n : 80), t->name.at, t->width);
    return ASSAY_OK;
}

/* A matrix of floats that is rounded; of smoothquant any, for whoever rounds later. */
static bool rounded(const assay_requant *r, const assay_requant_tensor *t)
{
    const bool chosen = t->why == ASSAY_REQUANT_ASKED || t->why == ASSAY_REQUANT_SHORT || t->why == ASSAY_REQUANT_RULED;
    return t->rank == 2 && chosen && !t->kept &&
           (r->how.packs || t->from != t->to || r->how.method == ASSAY_METHOD_SMOOTH);
}

/* What there is to do, for whoever waits: a layout's file is made anew as a whole. */
static int64_t work(const assay_requant *r)
{
    int64_t n = r->searched;
    bool *scaled = assay_zeros(r->n_tensors, sizeof *scaled);
    for (int i = 0; i < r->n_scaled; i++) {
        const assay_requant_group *g = &r->group[i];
        scaled[g->maker] = true;
        for (int k = 0; k < g->users; k++)
            scaled[g->user[k]] = true;
    }
    for (size_t i = 0; i < r->n_tensors; i++)
        if (r->how.packs || scaled[i] || r->tensor[i].from != r->tensor[i].to)
            n += r->tensor[i].rows * r->tensor[i].width;
    free(scaled);
    return n;
}

assay_status assay_method_begin(assay_requant *r, assay_why *why)
{
    size_t known = 0;
    char name[256];
    assay_status s = assay_safetensors_open(r->how.activations, &r->x, why);
    if (s)
        return s;
    if (r->how.packs && r->gguf.n_tensors)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: layouts are of safetensors files, and this is GGUF", r->in);
    if (r->how.packs && r->config.found)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: it is packed already", r->in);
    r->change = assay_zeros(r->n_tensors, sizeof *r->change);
    for (size_t i = 0; i < r->n_tensors && !s; i++) {
        const assay_requant_tensor *t = &r->tensor[i];
        r->change[i].power = -1;
        if (!rounded(r, t) || t->name.n >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)t->name.n, t->name.at);
        const char *other = assay_safetensors_meta(&r->x, name);
        const assay_st_tensor *x = assay_safetensors_find(&r->x, name);
        r->change[i].x = x ? x : other ? assay_safetensors_find(&r->x, other) : NULL;
        if (r->change[i].x)
            s = fits(r, t, r->change[i].x, why);
        known += r->change[i].x != NULL;
    }
    if (!s && !known)
        s = assay_fail(why, ASSAY_ERR_FORMAT,
                       "%s: none of its %zu tensors has the name of a matrix of %s that is rounded", r->how.activations,
                       r->x.n_tensors, r->in);
    if (!s && r->how.method != ASSAY_METHOD_GPTQ)
        s = assay_groups_make(r, why);
    if (!s)
        r->weights = work(r);
    return s;
}

double *assay_method_inputs(const assay_requant *r, const assay_requant_tensor *t, assay_why *why)
{
    const assay_requant_change *c = &r->change[t - r->tensor];
    const assay_st_tensor *x = c->x;
    const int64_t n = x->dim[0] * x->dim[1];
    double *all = assay_room((size_t)n, sizeof *all);
    assay_dtype_of(x->type->type)->decode(all, x->data, n);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(all[i])) {
            assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s': %g in row %" PRId64 ", column %" PRId64,
                       r->how.activations, x->name, all[i], i / x->dim[1], i % x->dim[1]);
            free(all);
            return NULL;
        }
    for (int64_t i = 0; c->columns && i < n; i++)
        all[i] /= c->columns[i % x->dim[1]];
    return all;
}

bool assay_method_changes(const assay_requant *r, const assay_requant_tensor *t)
{
    const assay_requant_change *c = r->change ? &r->change[t - r->tensor] : NULL;
    return c && (c->columns || c->rows || (r->how.method == ASSAY_METHOD_GPTQ && c->x));
}

double *assay_method_weights(const assay_requant *r, const assay_requant_tensor *t)
{
    const assay_requant_change *c = r->change ? &r->change[t - r->tensor] : NULL;
    const int64_t n = t->rows * t->width;
    double *w = assay_room((size_t)n, sizeof *w);
    if (t->packed && t->packed->scaled)
        assay_scaled_decode(&t->packed->s, w, r->threads > 1 ? r->threads : 1);
    else if (t->packed)
        assay_packed_decode(&t->packed->p, w, r->threads > 1 ? r->threads : 1);
    else
        assay_dtype_of(t->from)->decode(w, t->data, n);
    if (c && c->columns)
        assay_fold_columns(w, t->rows, t->width, c->columns);
    if (c && c->rows && t->rank == 1) /* a norm's factors: a row each */
        assay_fold_rows(w, t->width, 1, c->rows);
    else if (c && c->rows)
        assay_fold_rows(w, t->rows, t->width, c->rows);
    return w;
}

assay_status assay_method_finite(const assay_requant *r, const assay_requant_tensor *t, const double *w,
                                 const char *form, assay_why *why)
{
    for (int64_t i = 0; i < t->rows * t->width; i++)
        if (!isfinite(w[i]))
            return assay_fail(
                why, ASSAY_ERR_FORMAT, "%s: tensor '%.*s': %g in row %" PRId64 ", column %" PRId64 " has no form in %s",
                r->in, (int)(t->name.n < 80 ? t->name.n : 80), t->name.at, w[i], i / t->width, i % t->width, form);
    return ASSAY_OK;
}

/* ---- gptq into an element type ---- */

static void through(void *ctx, double *w, int64_t rows, int64_t n, int64_t row)
{
    const assay_dtype to = *(const assay_dtype *)ctx;
    const assay_dtype_info *d = assay_dtype_of(to);
    unsigned char *bytes = assay_room((size_t)assay_dtype_bytes(to, n), 1);
    (void)row;
    for (int64_t i = 0; i < rows; i++) {
        d->encode(bytes, w + i * n, n);
        d->decode(w + i * n, bytes, n);
    }
    free(bytes);
}

assay_status assay_method_compensate(const assay_requant *r, assay_requant_tensor *t, double *w, assay_why *why)
{
    assay_requant_change *c = &r->change[t - r->tensor];
    const int64_t n = t->width, all = t->rows * n;
    double *x = assay_method_inputs(r, t, why);
    if (!x)
        return ASSAY_ERR_FORMAT;
    double *h = assay_room((size_t)(n * n), sizeof *h), *was = assay_room((size_t)all, sizeof *was);
    double *y = assay_room((size_t)all, sizeof *y);
    memcpy(was, w, (size_t)all * sizeof *was);
    assay_gram(x, c->x->dim[0], n, h, r->threads, &r->pulse);
    assay_status s = assay_gptq_blocks(w, h, t->rows, n, assay_dtype_of(t->to)->block, r->how.damping, r->threads,
                                       &r->pulse, through, &t->to, why);
    for (int pass = 0; pass < 2 && !s; pass++) {
        memcpy(y, pass ? w : was, (size_t)all * sizeof *y);
        through(&t->to, y, t->rows, n, 0);
        *(pass ? &c->loss : &c->plain) = assay_product_loss(y, was, x, c->x->dim[0], t->rows, n, r->threads, &r->pulse);
    }
    c->size = assay_product_loss(was, NULL, x, c->x->dim[0], t->rows, n, r->threads, &r->pulse);
    if (!assay_goes_on(&r->pulse))
        s = assay_requant_stopped(r, why);
    free(x);
    free(h);
    free(was);
    free(y);
    return s;
}

/* ---- words ---- */

void assay_method_print(const assay_requant *r, bool each)
{
    int n = 0;
    double loss = 0, plain = 0, size = 0;
    char name[128];
    for (size_t i = 0; i < r->n_tensors; i++) {
        const assay_requant_change *c = &r->change[i];
        if (!(c->size > 0))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)r->tensor[i].name.n, r->tensor[i].name.at);
        if (each)
            printf("%-40s loss %-9.3g rounded plainly %-9.3g", assay_plain(name), c->loss / c->size,
                   c->plain / c->size);
        if (each && c->power >= 0)
            printf(" power %g", c->power);
        if (each)
            printf("\n");
        n++;
        loss += c->loss / c->size, plain += c->plain / c->size, size++;
    }
    if (n)
        printf("%s: %d matrices lose %.4g of their outputs' mean square over these inputs, rounded plainly %.4g "
               "(means)\n",
               names[r->how.method], n, loss / size, plain / size);
    if (r->how.method != ASSAY_METHOD_GPTQ)
        printf("%s: %d inputs scaled, of %d that the names tell\n", names[r->how.method], r->n_scaled, r->n_groups);
}

void assay_method_free(assay_requant *r)
{
    for (size_t i = 0; r->change && i < r->n_tensors; i++) {
        free(r->change[i].columns);
        free(r->change[i].rows);
    }
    free(r->change);
    free(r->group);
    assay_safetensors_close(&r->x);
    r->change = NULL;
    r->group = NULL;
}
