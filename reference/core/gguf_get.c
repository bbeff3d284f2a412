/* SPDX-License-Identifier: MIT
 * Typed reads of a GGUF file's keys. */
#include "gguf_parts.h"
#include "status.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static assay_status absent(const assay_gguf *g, const char *key, bool required, assay_why *why)
{
    return required ? assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is missing", g->label, key) : ASSAY_OK;
}

static assay_status wrong_kind(const assay_gguf *g, const char *key, const char *want, const assay_gguf_value *v,
                               assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is of kind %s, not %s", g->label, key,
                      assay_gguf_kind_name[v->kind], want);
}

/* Any integer kind as int64; false if it is none or does not fit. */
static bool as_int(const assay_gguf_value *v, int64_t *out)
{
    switch (v->kind) {
    case ASSAY_GGUF_U8:
        *out = (int64_t)assay_gguf_little(v->data, 1);
        return true;
    case ASSAY_GGUF_U16:
        *out = (int64_t)assay_gguf_little(v->data, 2);
        return true;
    case ASSAY_GGUF_U32:
        *out = (int64_t)assay_gguf_little(v->data, 4);
        return true;
    case ASSAY_GGUF_I8:
        *out = (int8_t)assay_gguf_little(v->data, 1);
        return true;
    case ASSAY_GGUF_I16:
        *out = (int16_t)assay_gguf_little(v->data, 2);
        return true;
    case ASSAY_GGUF_I32:
        *out = (int32_t)assay_gguf_little(v->data, 4);
        return true;
    case ASSAY_GGUF_I64:
        *out = (int64_t)assay_gguf_little(v->data, 8);
        return true;
    case ASSAY_GGUF_U64: {
        const uint64_t x = assay_gguf_little(v->data, 8);
        *out = x > INT64_MAX ? INT64_MAX : (int64_t)x;
        return true;
    }
    default:
        return false;
    }
}

/* Any real kind as double; false if it is none. */
static bool as_real(const assay_gguf_value *v, double *out)
{
    if (v->kind == ASSAY_GGUF_F32) {
        const uint32_t b = (uint32_t)assay_gguf_little(v->data, 4);
        float f;
        memcpy(&f, &b, sizeof f);
        *out = f;
    } else if (v->kind == ASSAY_GGUF_F64) {
        const uint64_t b = assay_gguf_little(v->data, 8);
        memcpy(out, &b, sizeof *out);
    } else {
        return false;
    }
    return true;
}

bool assay_gguf_number(const assay_gguf_value *v, double *out)
{
    int64_t whole;
    if (v->kind == ASSAY_GGUF_BOOL)
        *out = *v->data;
    else if (as_int(v, &whole))
        *out = (double)whole;
    else
        return as_real(v, out);
    return true;
}

assay_status assay_gguf_int(const assay_gguf *g, const char *key, bool required, int64_t lo, int64_t hi, int64_t *out,
                            assay_why *why)
{
    const assay_gguf_value *v = assay_gguf_find(g, key);
    int64_t x;
    if (!v)
        return absent(g, key, required, why);
    if (!as_int(v, &x))
        return wrong_kind(g, key, "an integer", v, why);
    if (x < lo || x > hi)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %" PRId64 ", not in %" PRId64 " .. %" PRId64,
                          g->label, key, x, lo, hi);
    *out = x;
    return ASSAY_OK;
}

assay_status assay_gguf_real(const assay_gguf *g, const char *key, bool required, double lo, double hi, double *out,
                             assay_why *why)
{
    const assay_gguf_value *v = assay_gguf_find(g, key);
    double x;
    if (!v)
        return absent(g, key, required, why);
    if (!as_real(v, &x))
        return wrong_kind(g, key, "a real number", v, why);
    if (!(x >= lo && x <= hi))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %s, not in %g .. %g", g->label, key,
                          assay_two(x, x < lo ? lo : hi).a, lo, hi);
    *out = x;
    return ASSAY_OK;
}

assay_status assay_gguf_text(const assay_gguf *g, const char *key, bool required, assay_span *out, assay_why *why)
{
    const assay_gguf_value *v = assay_gguf_find(g, key);
    if (!v)
        return absent(g, key, required, why);
    if (v->kind != ASSAY_GGUF_STRING)
        return wrong_kind(g, key, "string", v, why);
    *out = (assay_span){ (const char *)v->data, (size_t)v->count };
    return ASSAY_OK;
}

assay_status assay_gguf_bool(const assay_gguf *g, const char *key, bool required, bool *out, assay_why *why)
{
    const assay_gguf_value *v = assay_gguf_find(g, key);
    if (!v)
        return absent(g, key, required, why);
    if (v->kind != ASSAY_GGUF_BOOL)
        return wrong_kind(g, key, "bool", v, why);
    *out = *v->data;
    return ASSAY_OK;
}

assay_status assay_gguf_texts(const assay_gguf *g, const char *key, assay_span **out, size_t *n, assay_why *why)
{
    const assay_gguf_value *v = assay_gguf_find(g, key);
    if (!v)
        return absent(g, key, true, why);
    if (v->kind != ASSAY_GGUF_ARRAY || v->item != ASSAY_GGUF_STRING)
        return wrong_kind(g, key, "an array of strings", v, why);
    assay_span *text = calloc((size_t)v->count + 1, sizeof *text);
    if (!text)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRIu64 " strings of '%s'", g->label, v->count,
                          key);
    const unsigned char *p =
        v->data; /* lengths were checked when the file was read: somebody may have changed it since */
    for (size_t i = 0; i < v->count; i++) {
        const uint64_t length = g->end - p >= 8 ? assay_gguf_little(p, 8) : UINT64_MAX;
        if (length > (uint64_t)(g->end - p) - 8) {
            free(text);
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: the strings of '%s' changed while they were read", g->label,
                              key);
        }
        text[i] = (assay_span){ (const char *)p + 8, (size_t)length };
        p += 8 + text[i].n;
    }
    *out = text;
    *n = (size_t)v->count;
    return ASSAY_OK;
}
