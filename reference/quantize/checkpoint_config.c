/* SPDX-License-Identifier: MIT
 * What the JSON beside a quantized model says. */
#include "../core/plain.h"
#include "../core/status.h"
#include "checkpoint.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MOST_BYTES = 16 << 20 };

static const cJSON *member(const cJSON *j, const char *a, const char *b)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(j, a);
    return x || !b ? x : cJSON_GetObjectItemCaseSensitive(j, b);
}

static bool says(const cJSON *j, const char *text)
{
    return cJSON_IsString(j) && !strcasecmp(j->valuestring, text);
}

/* Text that names a choice; `usual` where it is left out or null. */
static assay_status word(const cJSON *j, const char *key, const char *usual, const char *label, const char **out,
                         assay_why *why)
{
    const cJSON *x = member(j, key, NULL);
    *out = !x || cJSON_IsNull(x) ? usual : cJSON_GetStringValue(x);
    return *out ? ASSAY_OK : assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' is no text", label, key);
}

static assay_status number(const cJSON *j, const char *key, const char *other, const char *label, int64_t low,
                           int64_t *out, assay_why *why)
{
    const cJSON *x = member(j, key, other);
    if (!x || cJSON_IsNull(x))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: it says no %s", label, key);
    if (!cJSON_IsNumber(x))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' is no number", label, key);
    const double v = x->valuedouble;
    if (!(v >= (double)low && v <= 0x1p31) || (double)(int64_t)v != v || v == 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s is %g", label, key, v);
    *out = (int64_t)v;
    return ASSAY_OK;
}

static assay_status truth(const cJSON *j, const char *key, bool usual, const char *label, bool *out, assay_why *why)
{
    const cJSON *x = member(j, key, NULL);
    *out = !x || cJSON_IsNull(x) ? usual : cJSON_IsTrue(x);
    return !x || cJSON_IsNull(x) || cJSON_IsBool(x)
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' is neither true nor false", label, key);
}

/* A key twice: whoever reads the last of them sees another file. */
static assay_status once(const cJSON *j, const char *label, assay_why *why)
{
    static const char *const keys[] = {
        "quantization_config", "quant_method", "bits",       "w_bit",      "group_size",
        "q_group_size",        "desc_act",     "sym",        "version",    "backend",
        "checkpoint_format",   "dynamic",      "pack_dtype", "model_type", "is_marlin_format"
    };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        int n = 0;
        for (const cJSON *x = j->child; x; x = x->next)
            n += !strcmp(x->string, keys[k]);
        if (n > 1)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: '%s' stands there %d times", label, keys[k], n);
    }
    return ASSAY_OK;
}

static assay_status unknown(const char *label, const char *key, const char *value, const char *known, assay_why *why)
{
    return assay_fail(why, ASSAY_UNSUPPORTED, "%s: %s is '%.60s'; %s read", label, key, value, known);
}

/* Which of the four layouts; *gptq: of GPTQ's. */
static assay_status layout_of(const cJSON *j, const char *label, assay_packed_config *c, bool *gptq, assay_why *why)
{
    const char *method, *format, *version, *backend;
    bool marlin;
    /* the two files of one method alone do not name it: AWQ's has a version, or its own name for the bits */
    const bool awq = member(j, "version", "w_bit");
    assay_status s = word(j, "quant_method", awq ? "awq" : "gptq", label, &method, why);
    if (!s)
        s = word(j, "checkpoint_format", "gptq", label, &format, why);
    if (!s)
        s = word(j, "version", "gemm", label, &version, why);
    if (!s)
        s = word(j, "backend", "autoawq", label, &backend, why);
    if (s)
        return s;
    *gptq = !strcasecmp(method, "gptq");
    if (!*gptq && strcasecmp(method, "awq") != 0)
        return unknown(label, "quant_method", method, "awq and gptq are", why);
    if (*gptq) {
        c->layout = strcasecmp(format, "gptq_v2") ? ASSAY_PACKED_GPTQ : ASSAY_PACKED_GPTQ_V2;
        if (strcasecmp(format, "gptq") != 0 && strcasecmp(format, "gptq_v2") != 0)
            return unknown(label, "checkpoint_format", format, "gptq and gptq_v2 are", why);
        s = truth(j, "is_marlin_format", false, label, &marlin, why);
        return !s && marlin ? unknown(label, "is_marlin_format", "true", "gptq's own layout is", why) : s;
    }
    if (strcasecmp(backend, "autoawq") != 0)
        return unknown(label, "backend", backend, "autoawq's files are", why);
    c->layout = strcasecmp(version, "gemv") ? ASSAY_PACKED_GEMM : ASSAY_PACKED_GEMV;
    return strcasecmp(version, "gemm") != 0 && strcasecmp(version, "gemv") != 0
               ? unknown(label, "version", version, "gemm and gemv are", why)
               : ASSAY_OK;
}

static assay_status take(const cJSON *j, const char *label, assay_packed_config *c, assay_why *why)
{
    bool gptq = false;
    int64_t bits = 0;
    assay_status s = once(j, label, why);
    if (!s)
        s = layout_of(j, label, c, &gptq, why);
    if (!s)
        s = number(j, "bits", "w_bit", label, 1, &bits, why);
    if (!s)
        s = number(j, "group_size", "q_group_size", label, -1, &c->group, why);
    if (!s)
        s = truth(j, "desc_act", false, label, &c->act_order, why);
    if (!s)
        s = truth(j, "sym", false, label, &c->sym, why);
    if (s)
        return s;
    const cJSON *pack = member(j, "pack_dtype", NULL), *dynamic = member(j, "dynamic", NULL);
    if (pack && !cJSON_IsNull(pack) && !says(pack, "int32"))
        return unknown(label, "pack_dtype", cJSON_IsString(pack) ? pack->valuestring : "no text", "int32 is", why);
    if (dynamic && !cJSON_IsNull(dynamic) && !cJSON_IsFalse(dynamic) &&
        (cJSON_GetArraySize(dynamic) || !(cJSON_IsObject(dynamic) || cJSON_IsArray(dynamic))))
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: 'dynamic' gives some layers a grid of their own ('%.60s'), which is not read", label,
                          dynamic->child && dynamic->child->string ? dynamic->child->string : "?");
    c->bits = bits < 99 ? (int)bits : 99;
    c->sym = c->sym && gptq;
    c->found = true;
    return ASSAY_OK;
}

/* One JSON value and blanks; NULL: something else. */
static cJSON *whole(const char *text, size_t n)
{
    const char *end = NULL;
    cJSON *j = n ? cJSON_ParseWithLengthOpts(text, n, &end, 0) : NULL;
    while (j && end < text + n && strchr(" \t\r\n", *end) && *end)
        end++;
    if (!j || end == text + n)
        return j;
    cJSON_Delete(j);
    return NULL;
}

assay_status assay_packed_config_parse(const char *text, size_t n, const char *label, assay_packed_config *c,
                                       assay_why *why)
{
    cJSON *json = whole(text, n);
    assay_status s = ASSAY_OK;
    *c = (assay_packed_config){ 0 };
    snprintf(c->source, sizeof c->source, "%s", label);
    assay_plain(c->source);
    if (!cJSON_IsObject(json)) {
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no JSON object", label);
    } else {
        const cJSON *part = member(json, "quantization_config", NULL);
        const bool own = member(json, "bits", "w_bit") || member(json, "quant_method", NULL);
        s = once(json, label, why);
        if (!s && part && !cJSON_IsNull(part) && !cJSON_IsObject(part))
            s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: 'quantization_config' is no JSON object", label);
        else if (!s && (cJSON_IsObject(part) || own))
            s = take(cJSON_IsObject(part) ? part : json, label, c, why);
    }
    cJSON_Delete(json);
    return s;
}

/* Maps a file of this name in the folder of path; *found: there is one. */
static assay_status beside(const char *path, const char *name, char label[160], assay_map *map, bool *found,
                           assay_why *why)
{
    char all[4096];
    const char *slash = strrchr(path, '/');
    const int n = snprintf(all, sizeof all, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, name);
    *found = n < (int)sizeof all && (!access(all, F_OK) || errno != ENOENT);
    if (!*found)
        return ASSAY_OK;
    snprintf(label, 160, "%.159s", all);
    const assay_status s = assay_map_open(all, map, why);
    if (s || map->n <= MOST_BYTES)
        return s;
    const size_t bytes = map->n;
    assay_map_close(map);
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu bytes of JSON; %d are read", label, bytes, MOST_BYTES);
}

/* What one of the places says, beside what an earlier one said: that is believed, and the other told of. */
static void compare(assay_packed_config *c, const assay_packed_config *x)
{
    if (*c->other || (x->layout == c->layout && x->bits == c->bits && x->group == c->group && x->sym == c->sym &&
                      x->act_order == c->act_order))
        return;
    snprintf(c->other, sizeof c->other, "%s says %d bits in %s's layout, groups of %" PRId64 "%s%s", x->source, x->bits,
             assay_packed_name(x->layout), x->group, x->sym ? ", sym" : "", x->act_order ? ", desc_act" : "");
}

assay_status assay_packed_config_find(const char *path, const assay_safetensors *st, assay_packed_config *c,
                                      assay_why *why)
{
    static const char *const names[] = { "quantize_config.json", "quant_config.json", "config.json" };
    char label[160];
    const char *meta = assay_safetensors_meta(st, "quantization_config");
    assay_status s = ASSAY_OK;
    *c = (assay_packed_config){ 0 };
    snprintf(label, sizeof label, "%.100s's metadata", path);
    if (meta)
        s = assay_packed_config_parse(meta, strlen(meta), label, c, why);
    for (int i = 0; i < 3 && !s; i++) {
        assay_packed_config x = { 0 };
        assay_map map;
        assay_why not_read = { "" };
        bool found;
        s = beside(path, names[i], label, &map, &found, &not_read);
        if (!s && !found)
            continue;
        if (!s) {
            s = assay_packed_config_parse((const char *)map.data, map.n, label, &x, &not_read);
            assay_map_close(&map);
        }
        if (s && c->found) {
            snprintf(c->other, sizeof c->other, "%.299s", not_read.text);
            s = ASSAY_OK;
        } else if (s) {
            return assay_fail(why, s, "%s", not_read.text);
        } else if (x.found && c->found) {
            compare(c, &x);
        } else if (!c->found) {
            *c = x;
        }
    }
    return s;
}

assay_status assay_packed_model_type(const char *path, char *type, size_t room, assay_why *why)
{
    char label[160];
    assay_map map;
    bool found;
    assay_status s = beside(path, "config.json", label, &map, &found, why);
    *type = 0;
    if (s || !found)
        return s;
    cJSON *json = whole((const char *)map.data, map.n);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "model_type"));
    if (!json)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no JSON object", label);
    snprintf(type, room, "%s", text ? text : "");
    assay_plain(type);
    cJSON_Delete(json);
    assay_map_close(&map);
    return s;
}
