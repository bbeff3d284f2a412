/* SPDX-License-Identifier: MIT
 * The tensors of a quantized model, put together by their names. */
#include "checkpoint.h"
#include "scaled.h"
#include "../core/dtype.h"
#include "../core/status.h"
#include <inttypes.h>
#include <string.h>

static const char codes[] = "qweight"; /* behind a dot, or the whole name: a file of one layer */
static const char *const others[] = { "qzeros", "scales", "g_idx" };
enum { SCALES = 1 };

/* What weights of packings that are not read have beside them. */
static const struct {
    const char *tail, *what;
} foreign[] = {
    { "weight_scale_inv", "scales of blocks whose weights are no floats of 8 bits" },
    { "weight_scale", "scales of weights that are no floats of 4 or 8 bits" },
    { "weight_packed", "compressed-tensors" },
    { "absmax", "bitsandbytes" },
    { "quant_map", "bitsandbytes" },
    { "SCB", "bitsandbytes" },
    { "W_q", "HQQ" },
};

/* How much of a name stands before a tail, the dot with it; -1: it ends otherwise. */
static int before(const char *name, const char *tail)
{
    const size_t n = strlen(name), m = strlen(tail);
    return n >= m && !strcmp(name + n - m, tail) && (n == m || name[n - m - 1] == '.') ? (int)(n - m) : -1;
}

/* The tensor beside `name` that has another tail: "a.qweight" -> "a.scales". */
static const assay_st_tensor *beside(const assay_safetensors *st, const char *name, const char *tail, const char *other)
{
    const int n = before(name, tail);
    for (size_t i = 0; i < st->n_tensors; i++)
        if (before(st->tensor[i].name, other) == n && !strncmp(st->tensor[i].name, name, (size_t)n))
            return &st->tensor[i];
    return NULL;
}

assay_status assay_packed_part_of(const assay_safetensors *st, size_t i, const char *label, assay_packed_part *part,
                                  assay_why *why)
{
    const char *name = st->tensor[i].name;
    bool any = false, other;
    *part = assay_scaled_codes(st, i, &other) ? ASSAY_PACKED_FLOATS : ASSAY_PACKED_OTHER;
    if (*part == ASSAY_PACKED_FLOATS || other)
        return ASSAY_OK;
    for (size_t k = 0; k < st->n_tensors && !any; k++)
        any = before(st->tensor[k].name, codes) >= 0;
    *part = before(name, codes) >= 0 ? ASSAY_PACKED_CODES : ASSAY_PACKED_NONE;
    for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++)
        if (before(name, foreign[k].tail) > 0)
            return assay_fail(why, ASSAY_UNSUPPORTED,
                              "%s: tensor '%.80s' belongs to weights packed in a way that is not read (%s)", label,
                              name, foreign[k].what);
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (before(name, others[k]) >= 0 && (any || k != SCALES)) { /* a model may call something of its own so */
            if (!beside(st, name, others[k], codes))
                return assay_fail(why, ASSAY_ERR_FORMAT,
                                  "%s: tensor '%.80s' belongs to a qweight that is not there (in another shard?)",
                                  label, name);
            *part = ASSAY_PACKED_OTHER;
        }
    return ASSAY_OK;
}

typedef struct parts {
    const assay_st_tensor *qweight, *qzeros, *scales, *g_idx;
    const char *label;
    assay_why *why;
} parts;

static bool is(const assay_st_tensor *t, assay_dtype type, int rank)
{
    return t->type->type == type && t->rank == rank;
}

static assay_status find(const assay_safetensors *st, parts *x)
{
    const char *name = x->qweight->name;
    const assay_st_tensor **const at[] = { &x->qzeros, &x->scales, &x->g_idx };
    for (int k = 0; k < 3; k++) {
        *at[k] = beside(st, name, codes, others[k]);
        if (!*at[k] && k < 2)
            return assay_fail(x->why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s' has no %s beside it (in another shard?)",
                              x->label, name, others[k]);
    }
    const struct {
        const assay_st_tensor *t;
        bool right;
        const char *want;
    } form[] = {
        { x->qweight, is(x->qweight, ASSAY_i32, 2), "I32 of two dimensions" },
        { x->qzeros, is(x->qzeros, ASSAY_i32, 2), "I32 of two dimensions" },
        { x->scales, is(x->scales, ASSAY_f16, 2) || is(x->scales, ASSAY_bf16, 2) || is(x->scales, ASSAY_f32, 2),
          "F16, BF16 or F32 of two dimensions" },
        { x->g_idx, !x->g_idx || is(x->g_idx, ASSAY_i32, 1), "I32 of one dimension" },
    };
    for (int k = 0; k < 4; k++)
        if (!form[k].right)
            return assay_fail(x->why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s' is %s of %d dimensions, not %s", x->label,
                              form[k].t->name, form[k].t->type->name, form[k].t->rank, form[k].want);
    return ASSAY_OK;
}

/* A shape that must be (a, b). */
static assay_status shaped(const parts *x, const assay_st_tensor *t, uint64_t count, int64_t rows)
{
    const int64_t columns = rows > 0 ? (int64_t)(count / (uint64_t)rows) : 0;
    return t->dim[0] == rows && t->dim[1] == columns
               ? ASSAY_OK
               : assay_fail(x->why, ASSAY_ERR_SHAPE,
                            "%s: tensor '%.80s' is %" PRId64 " x %" PRId64 "; '%.80s' (%" PRId64 " x %" PRId64
                            ") needs %" PRId64 " x %" PRId64,
                            x->label, t->name, t->dim[0], t->dim[1], x->qweight->name, x->qweight->dim[0],
                            x->qweight->dim[1], rows, columns);
}

/* The lengths from qweight's shape, and every other shape from them. */
static assay_status size(const parts *x, const assay_packed_config *c, assay_packed *p)
{
    const int64_t a = x->qweight->dim[0], b = x->qweight->dim[1];
    const bool gptq = assay_packed_is_gptq(p->layout), gemv = p->layout == ASSAY_PACKED_GEMV;
    char label[200];
    snprintf(label, sizeof label, "%.80s: tensor '%.80s'", x->label, x->qweight->name);
    p->bits = c->bits;
    p->in = gptq ? a * 32 / p->bits : gemv ? b * 8 : a; /* a remainder is no whole word: assay_packed_size */
    p->out = gptq ? b : gemv ? a : b * 8;
    p->group = c->group < 0 ? p->in : c->group;
    assay_status s = assay_packed_size(p, label, x->why);
    if (!s)
        s = shaped(x, x->qzeros, assay_packed_zero_words(p), gemv ? p->out : p->groups);
    if (!s)
        s = shaped(x, x->scales, assay_packed_scale_count(p), gemv ? p->out : p->groups);
    return s;
}

static assay_status indices(const parts *x, const assay_packed_config *c, const assay_packed *p)
{
    if (!x->g_idx)
        return c->act_order ? assay_fail(x->why, ASSAY_ERR_FORMAT,
                                         "%s: tensor '%.80s' has no .g_idx beside it, and %s says desc_act", x->label,
                                         x->qweight->name, c->source)
                            : ASSAY_OK;
    if (!assay_packed_is_gptq(p->layout))
        return assay_fail(x->why, ASSAY_UNSUPPORTED, "%s: tensor '%.80s': awq's weights have no order of their own",
                          x->label, x->g_idx->name);
    if (x->g_idx->dim[0] != p->in)
        return assay_fail(x->why, ASSAY_ERR_SHAPE,
                          "%s: tensor '%.80s' has %" PRId64 " entries; '%.80s' has %" PRId64 " inputs", x->label,
                          x->g_idx->name, x->g_idx->dim[0], x->qweight->name, p->in);
    for (int64_t k = 0; k < p->in; k++) {
        const int64_t g = assay_packed_group(p, k);
        if (g < 0 || g >= p->groups)
            return assay_fail(x->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.80s': entry %" PRId64 " is group %" PRId64 " of %" PRId64, x->label,
                              x->g_idx->name, k, g, p->groups);
    }
    return ASSAY_OK;
}

/* On a symmetric grid every zero point is 2^(bits-1): whether it is stored less 1 is seen, whatever the config says. */
static assay_status convention(const parts *x, const assay_packed_config *c, assay_packed *p, bool *lies)
{
    const int middle = 1 << (p->bits - 1);
    p->layout = ASSAY_PACKED_GPTQ_V2; /* fields as they stand */
    const int first = assay_packed_zero(p, 0, 0);
    for (int64_t g = 0; g < p->groups; g++)
        for (int64_t o = 0; o < p->out; o++) {
            const int z = assay_packed_zero(p, o, g);
            if (z != first || (z != middle && z != middle - 1))
                return assay_fail(x->why, ASSAY_ERR_FORMAT,
                                  "%s: tensor '%.80s': group %" PRId64 ", output %" PRId64
                                  " stores zero point %d%s; %s says sym, so that all are %d (gptq) or all %d (gptq_v2)",
                                  x->label, x->qzeros->name, g, o, z, z != first ? ", and the first another" : "",
                                  c->source, middle - 1, middle);
        }
    p->layout = first == middle ? ASSAY_PACKED_GPTQ_V2 : ASSAY_PACKED_GPTQ;
    *lies = p->layout != c->layout;
    return ASSAY_OK;
}

assay_status assay_packed_take(const assay_safetensors *st, size_t i, const assay_packed_config *c, const char *label,
                               assay_packed *p, char *name, size_t room, bool *lies, assay_why *why)
{
    parts x = { .qweight = &st->tensor[i], .label = label, .why = why };
    const int prefix = before(x.qweight->name, codes);
    *lies = false;
    if (!c->found)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.80s' is packed, and neither quantize_config.json, quant_config.json nor "
                          "config.json beside the file says how",
                          label, x.qweight->name);
    assay_status s = find(st, &x);
    if (s)
        return s;
    *p = (assay_packed){ .layout = c->layout, .scale_type = x.scales->type->type };
    p->qweight = (unsigned char *)x.qweight->data; /* read alone */
    p->qzeros = (unsigned char *)x.qzeros->data;
    p->scales = (unsigned char *)x.scales->data;
    p->g_idx = x.g_idx ? x.g_idx->data : NULL;
    s = size(&x, c, p);
    if (!s)
        s = indices(&x, c, p);
    if (!s && c->sym)
        s = convention(&x, c, p, lies);
    snprintf(name, room, "%.*sweight", prefix, x.qweight->name);
    if (!s && assay_safetensors_find(st, name))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%.80s' stands there beside '%.80s'", label, name, x.qweight->name);
    return s;
}
