/* SPDX-License-Identifier: MIT */
#include "scaled.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { SIDE = 128, GROUP = 16 };
static const char *const codes[] = { ".weight", ".weight_packed" };
static const char *const scales[] = { ".weight_scale", ".weight_scale_inv" };
static const char *const seconds[] = { ".weight_scale_2", ".weight_global_scale" };
static const char *const unused[] = { ".input_scale", ".input_global_scale" };

/* How much of a name stands before one of two tails; -1: it ends otherwise. */
static int prefix_of(const char *name, const char *const tail[2])
{
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(name), m = strlen(tail[i]);
        if (n > m && !strcmp(name + n - m, tail[i]))
            return (int)(n - m);
    }
    return -1;
}

static const assay_st_tensor *beside(const assay_safetensors *st, const char *name, int n, const char *const tail[2])
{
    for (size_t i = 0; i < st->n_tensors; i++)
        if (prefix_of(st->tensor[i].name, tail) == n && !strncmp(st->tensor[i].name, name, (size_t)n))
            return &st->tensor[i];
    return NULL;
}

static bool two_of_e2m1(const assay_st_tensor *t)
{
    return !strcmp(t->type->name, "U8");
}
static bool of_floats(const assay_st_tensor *t)
{
    return t->type->type == ASSAY_e4m3 || t->type->type == ASSAY_e5m2 || two_of_e2m1(t);
}

bool assay_scaled_codes(const assay_safetensors *st, size_t i, bool *other)
{
    const char *name = st->tensor[i].name;
    const char *const *const parts[] = { scales, seconds, unused };
    const int n = prefix_of(name, codes);
    *other = false;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        const int at = prefix_of(name, parts[k]);
        const assay_st_tensor *of = at < 0 ? NULL : beside(st, name, at, codes);
        *other = *other || (of && of_floats(of) && beside(st, name, at, scales));
    }
    return n >= 0 && of_floats(&st->tensor[i]) && beside(st, name, n, scales);
}

static int64_t blocks(int64_t n, int64_t size)
{
    return n > 0 ? (n - 1) / size + 1 : 0;
}
static bool is(const assay_st_tensor *t, int64_t rows, int64_t columns)
{
    return t->rank == 2 && t->dim[0] == rows && t->dim[1] == columns;
}
static int64_t count(const assay_st_tensor *t)
{
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++)
        n *= t->dim[k];
    return n;
}

static assay_status shape(const assay_st_tensor *w, const assay_st_tensor *s, const char *label, assay_scaled *p,
                          assay_why *why)
{
    const bool floats = s->type->type == ASSAY_f32 || s->type->type == ASSAY_f16 || s->type->type == ASSAY_bf16;
    if (p->code == ASSAY_e2m1 && s->type->type == ASSAY_e4m3 && p->in % GROUP == 0 && is(s, p->out, p->in / GROUP))
        p->rows = 1, p->group = GROUP;
    else if (p->code != ASSAY_e2m1 && floats && count(s) == 1)
        p->rows = p->out, p->group = p->in;
    else if (p->code != ASSAY_e2m1 && floats && ((s->rank == 1 && s->dim[0] == p->out) || is(s, p->out, 1)))
        p->rows = 1, p->group = p->in;
    else if (p->code != ASSAY_e2m1 && floats && is(s, blocks(p->out, SIDE), blocks(p->in, SIDE)))
        p->rows = p->group = SIDE;
    else
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: tensor '%.80s' is %s of %d dimensions, %" PRId64 " numbers; '%.80s' (%" PRId64
                          " x %" PRId64 " of %s) needs %s",
                          label, s->name, s->type->name, s->rank, count(s), w->name, p->out, p->in,
                          assay_dtype_of(p->code)->name,
                          p->code == ASSAY_e2m1 ? "F8_E4M3, one for each 16 of a row"
                                                : "F32, F16 or BF16: one, one a row, or one for each 128 x 128");
    return ASSAY_OK;
}

/* NVFP4's scale of the tensor */
static assay_status second(const assay_safetensors *st, const assay_st_tensor *w, int n, const char *label,
                           assay_scaled *p, assay_why *why)
{
    const assay_st_tensor *t = beside(st, w->name, n, seconds);
    p->tensor = 1;
    if (p->code != ASSAY_e2m1)
        return t ? assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s': a second scale of '%.80s', which is %s",
                              label, t->name, w->name, w->type->name)
                 : ASSAY_OK;
    if (!t)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.80s' has no weight_scale_2 or weight_global_scale beside it", label, w->name);
    if (t->type->type != ASSAY_f32 || count(t) != 1)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s' is %" PRId64 " of %s, not one F32", label,
                          t->name, count(t), t->type->name);
    assay_dtype_of(ASSAY_f32)->decode(&p->tensor, t->data, 1);
    if (!(p->tensor > 0 && p->tensor < INFINITY))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s' is %g", label, t->name, p->tensor);
    if (prefix_of(t->name, (const char *const[]){ seconds[1], seconds[1] }) >= 0)
        p->tensor = 1 / p->tensor;
    return ASSAY_OK;
}

assay_status assay_scaled_take(const assay_safetensors *st, size_t i, const char *label, assay_scaled *p, char *name,
                               size_t room, assay_why *why)
{
    const assay_st_tensor *w = &st->tensor[i];
    const int n = prefix_of(w->name, codes);
    const assay_st_tensor *s = beside(st, w->name, n, scales);
    const bool four = two_of_e2m1(w);
    if (w->rank != 2 || w->dim[0] < 1 || w->dim[1] < 1 || w->dim[1] > INT64_MAX / 2)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s' has scales, and is no matrix (rank %d)", label,
                          w->name, w->rank);
    *p = (assay_scaled){ .code = four ? ASSAY_e2m1 : w->type->type, .scale_type = s->type->type, .out = w->dim[0] };
    p->in = four ? 2 * w->dim[1] : w->dim[1];
    p->codes = w->data, p->scales = s->data;
    assay_status status = shape(w, s, label, p, why);
    if (!status)
        status = second(st, w, n, label, p, why);
    snprintf(name, room, "%.*s.weight", n, w->name);
    if (!status && strcmp(name, w->name) != 0 && assay_safetensors_find(st, name))
        status = assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%.80s' stands there beside '%.80s'", label, name, w->name);
    return status;
}

void assay_scaled_decode(const assay_scaled *p, double *w, int threads)
{
    const assay_dtype_info *code = assay_dtype_of(p->code), *scale = assay_dtype_of(p->scale_type);
    const int64_t across = blocks(p->in, p->group), row = assay_dtype_bytes(p->code, p->in);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t o = 0; o < p->out; o++) {
        double *to = w + o * p->in, s = 0;
        code->decode(to, p->codes + o * row, p->in);
        for (int64_t k = 0; k < p->in; k++) {
            if (k % p->group == 0)
                scale->decode(&s, p->scales + (o / p->rows * across + k / p->group) * scale->bytes, 1);
            to[k] *= s * p->tensor;
        }
    }
}
