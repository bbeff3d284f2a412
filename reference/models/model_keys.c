/* SPDX-License-Identifier: MIT
 * What a model says: keys of GGUF and members of config.json in one list, read by names that mean the same. */
#include "../core/status.h"
#include "family.h"
#include "model_parts.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

assay_status assay_model_slurp(const char *path, char **text, assay_why *why)
{
    enum { MOST = 64 << 20 };
    assay_map map;
    *text = NULL;
    const assay_status s = assay_map_open(path, &map, why);
    if (s)
        return s;
    const bool good = map.n <= MOST && (!map.n || !memchr(map.data, 0, map.n));
    if (good) {
        *text = assay_room(map.n + 1, 1);
        if (map.n)
            memcpy(*text, map.data, map.n);
        (*text)[map.n] = 0;
    }
    const size_t n = map.n;
    assay_map_close(&map);
    return good ? ASSAY_OK : assay_fail(why, ASSAY_ERR_FORMAT, "%s: %zu bytes: too long, or no text", path, n);
}

static assay_model_key *add(assay_model *m, const char *name, size_t n)
{
    m->key = assay_grown(m->key, m->n_keys, sizeof *m->key);
    assay_model_key *k = &m->key[m->n_keys++];
    *k = (assay_model_key){ 0 };
    memcpy(k->name, name,
           n < sizeof k->name ? n
                              : sizeof k->name - 1); /* a longer one is no known key, unless a rule with * knows it */
    return k;
}

/* The keys of the architecture: what stands behind "<architecture>.". */
assay_status assay_model_keys_gguf(assay_model *m, assay_why *why)
{
    const assay_gguf *g = m->gguf;
    assay_span arch;
    const assay_status s = assay_gguf_text(g, "general.architecture", true, &arch, why);
    if (s)
        return s;
    snprintf(m->arch, sizeof m->arch, "%.*s", arch.n < 60 ? (int)arch.n : 60, arch.at);
    const size_t skip = strlen(m->arch);
    for (size_t i = 0; i < g->n_values; i++) {
        const assay_gguf_value *v = &g->value[i];
        if (v->key.n <= skip || memcmp(v->key.at, m->arch, skip) || v->key.at[skip] != '.')
            continue;
        assay_model_key *k = add(m, v->key.at + skip + 1, v->key.n - skip - 1);
        k->value = v;
        k->kind = v->kind == ASSAY_GGUF_STRING  ? ASSAY_KEY_TEXT
                  : v->kind == ASSAY_GGUF_ARRAY ? ASSAY_KEY_LIST
                  : v->kind == ASSAY_GGUF_BOOL  ? ASSAY_KEY_TRUTH
                                                : ASSAY_KEY_NUMBER;
        if (k->kind == ASSAY_KEY_TEXT)
            k->text = (assay_span){ (const char *)v->data, v->bytes };
        else if (k->kind == ASSAY_KEY_LIST)
            k->number = (double)v->count;
        else if (!assay_gguf_number(v, &k->number))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s.%s' is no number", m->label, m->arch, k->name);
    }
    return ASSAY_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* A member whose name another one has; NULL: none. */
static const cJSON *twice(const cJSON *object)
{
    size_t n = 0;
    const cJSON *x, *found = NULL, **all = assay_room((size_t)cJSON_GetArraySize(object), sizeof *all);
    cJSON_ArrayForEach(x, object) all[n++] = x;
    qsort(all, n, sizeof *all, by_name);
    for (size_t i = 1; i < n && !found; i++)
        found = by_name(&all[i - 1], &all[i]) ? NULL : all[i];
    free(all);
    return found;
}

/* The members of an object, those of an object in it by "its name.their name"; null says nothing. */
static assay_status add_members(assay_model *m, const cJSON *object, const char *prefix, assay_why *why)
{
    const cJSON *x, *again = twice(object);
    if (again)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: config.json has '%s%s%.80s' twice", m->label, prefix,
                          *prefix ? "." : "", again->string);
    cJSON_ArrayForEach(x, object)
    {
        char name[256];
        const int n = snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", x->string);
        if (!*prefix && strchr(x->string, '.')) /* it would be a member of a member */
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: config.json has '%.80s', a name with a dot", m->label,
                              x->string);
        if (cJSON_IsNull(x))
            continue;
        if (cJSON_IsObject(x) && !*prefix) {
            const assay_status s = add_members(m, x, name, why);
            if (s)
                return s;
            continue;
        }
        assay_model_key *k = add(m, name, (size_t)n);
        k->json = x;
        k->kind = cJSON_IsNumber(x)   ? ASSAY_KEY_NUMBER
                  : cJSON_IsBool(x)   ? ASSAY_KEY_TRUTH
                  : cJSON_IsString(x) ? ASSAY_KEY_TEXT
                                      : ASSAY_KEY_LIST;
        k->number = k->kind == ASSAY_KEY_NUMBER  ? x->valuedouble
                    : k->kind == ASSAY_KEY_TRUTH ? cJSON_IsTrue(x)
                                                 : cJSON_GetArraySize(x);
        if (k->kind == ASSAY_KEY_TEXT)
            k->text = (assay_span){ x->valuestring, strlen(x->valuestring) };
    }
    return ASSAY_OK;
}

assay_status assay_model_keys_json(assay_model *m, assay_why *why)
{
    char path[8192], *text = NULL;
    snprintf(path, sizeof path, "%s/config.json", m->folder);
    assay_status s = assay_map_open(path, &m->config_map, why);
    if (!s)
        s = assay_model_slurp(path, &text, why);
    if (s)
        return s;
    m->config = cJSON_Parse(text);
    free(text);
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(m->config, "model_type"));
    if (!cJSON_IsObject(m->config) || !type)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: no JSON object with a model_type", path);
    snprintf(m->arch, sizeof m->arch, "%s", type);
    return add_members(m, m->config, "", why);
}

assay_status assay_model_beside(const assay_model *m, const char *folder, const char *name, cJSON **out, assay_why *why)
{
    char path[8192], *text = NULL;
    *out = NULL;
    snprintf(path, sizeof path, "%s/%s%s%s", m->folder, folder, *folder ? "/" : "", name);
    if (access(path, F_OK))
        return ASSAY_OK;
    const assay_status s = assay_model_slurp(path, &text, why);
    if (!s)
        *out = cJSON_Parse(text);
    free(text);
    return s || *out ? s : assay_fail(why, ASSAY_ERR_FORMAT, "%s: this is no JSON", path);
}

assay_model_key *assay_model_find(assay_model *m, const char *key)
{
    for (size_t i = 0; i < m->n_keys; i++)
        if (!strcmp(m->key[i].name, key)) {
            m->key[i].used = true;
            return &m->key[i];
        }
    return NULL;
}

static const char *is(const assay_model_key *k, char text[64])
{
    static const char *const kinds[] = { "a number", "true or false", "a text", "a list" };
    if (k->kind == ASSAY_KEY_NUMBER || k->kind == ASSAY_KEY_TRUTH)
        snprintf(text, 64, "%.9g", k->number);
    else
        snprintf(text, 64, "%s", kinds[k->kind]);
    return text;
}

/* The key that one of the names has; of two that say the same the first.  *out NULL: none. */
static assay_status find_any(assay_model *m, const char *names, assay_model_key **out, assay_why *why)
{
    char name[96], a[64], b[64];
    *out = NULL;
    for (const char *p = names; *p;) {
        const size_t n = strcspn(p, "|");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        p += n + (p[n] == '|');
        assay_model_key *k = assay_model_find(m, name);
        if (k && *out && (k->kind != (*out)->kind || k->number != (*out)->number || k->text.n != (*out)->text.n))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s is %s, %s is %s: which is it?", m->label, (*out)->name,
                              is(*out, a), k->name, is(k, b));
        *out = *out ? *out : k;
    }
    return ASSAY_OK;
}

/* What a message calls a key: as the file has it. */
static const char *called(const assay_model *m, const char *names, const assay_model_key *k, char text[192])
{
    const char *first = k ? k->name : names;
    const char *bar = strchr(names, '|');
    if (!k && m->hf && bar)
        first = bar + 1;
    snprintf(text, 192, "%s%s%.*s", m->hf || m->blank ? "" : m->arch, m->hf || m->blank ? "" : ".",
             (int)strcspn(first, "|"), first);
    return text;
}

static assay_status absent(const assay_model *m, const char *names, assay_why *why)
{
    char text[192];
    return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is missing", m->label, called(m, names, NULL, text));
}

/* The key, if it is there, as a number; *out NULL: it is absent. */
static assay_status number(assay_model *m, const char *key, bool required, assay_model_key **out, assay_why *why)
{
    char text[192], value[64];
    const assay_status s = find_any(m, key, out, why);
    if (s || !*out)
        return s ? s : required ? absent(m, key, why) : ASSAY_OK;
    if ((*out)->kind != ASSAY_KEY_NUMBER)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %s, not a number", m->label,
                          called(m, key, *out, text), is(*out, value));
    return ASSAY_OK;
}

assay_status assay_model_real(assay_model *m, const char *key, bool required, double lo, double hi, double *out,
                              assay_why *why)
{
    assay_model_key *k;
    char text[192];
    const assay_status s = number(m, key, required, &k, why);
    if (!s && !k && m->blank && strstr(key, "epsilon") && *out > 0) { /* a reader of the file that comes of it asks */
        k = add(m, key, strcspn(key, "|"));
        k->number = *out;
        k->used = true;
    }
    if (s || !k)
        return s;
    if (!(k->number >= lo && k->number <= hi))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %.9g, not in %.9g .. %.9g", m->label,
                          called(m, key, k, text), k->number, lo, hi);
    *out = k->number;
    return ASSAY_OK;
}

assay_status assay_model_int(assay_model *m, const char *key, bool required, int64_t lo, int64_t hi, int64_t *out,
                             assay_why *why)
{
    assay_model_key *k;
    char text[192];
    const assay_status s = number(m, key, required, &k, why);
    if (s || !k)
        return s;
    if (!(k->number >= (double)lo && k->number <= (double)hi))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %.9g, not in %" PRId64 " .. %" PRId64, m->label,
                          called(m, key, k, text), k->number, lo, hi);
    if (k->number != floor(k->number))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %.9g, not an integer", m->label,
                          called(m, key, k, text), k->number);
    *out = (int64_t)k->number;
    return ASSAY_OK;
}

assay_status assay_model_truth(assay_model *m, const char *key, bool *out, assay_why *why)
{
    assay_model_key *k;
    char text[192], value[64];
    const assay_status s = find_any(m, key, &k, why);
    if (s || !k)
        return s;
    if (k->kind != ASSAY_KEY_TRUTH && (k->kind != ASSAY_KEY_NUMBER || (k->number != 0 && k->number != 1)))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %s, neither true nor false", m->label,
                          called(m, key, k, text), is(k, value));
    *out = k->number != 0;
    return ASSAY_OK;
}

assay_status assay_model_text(assay_model *m, const char *key, assay_span *out, assay_why *why)
{
    assay_model_key *k;
    char text[192], value[64];
    const assay_status s = find_any(m, key, &k, why);
    if (s || !k)
        return s;
    if (k->kind != ASSAY_KEY_TEXT)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is %s, not a text", m->label, called(m, key, k, text),
                          is(k, value));
    *out = k->text;
    return ASSAY_OK;
}

assay_status assay_model_reals(assay_model *m, const char *key, double *out, size_t room, size_t *n, assay_why *why)
{
    assay_model_key *k;
    char text[192];
    const assay_status s = find_any(m, key, &k, why);
    *n = 0;
    if (s || !k)
        return s;
    if (k->kind != ASSAY_KEY_LIST || k->number > (double)room)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' is no list of at most %zu numbers", m->label,
                          called(m, key, k, text), room);
    bool good = true;
    size_t i = 0;
    if (k->json) {
        const cJSON *x;
        cJSON_ArrayForEach(x, k->json)
        {
            good &= cJSON_IsNumber(x) || cJSON_IsBool(x);
            out[i++] = cJSON_IsNumber(x) ? x->valuedouble : cJSON_IsTrue(x);
        }
    } else {
        assay_gguf_value item = { .kind = k->value->item, .count = 1, .data = k->value->data };
        const size_t bytes = k->value->count ? k->value->bytes / (size_t)k->value->count : 0;
        for (; i < k->value->count && good; i++, item.data += bytes) {
            item.bytes = bytes;
            good = assay_gguf_number(&item, &out[i]);
        }
    }
    *n = i;
    return good ? ASSAY_OK
                : assay_fail(why, ASSAY_ERR_FORMAT, "%s: key '%s' has items that are no numbers", m->label,
                             called(m, key, k, text));
}

const char *assay_model_item(assay_model *m, const char *key, size_t i)
{
    const assay_model_key *k = assay_model_find(m, key);
    return k && k->json && k->kind == ASSAY_KEY_LIST && i < 1 << 20
               ? cJSON_GetStringValue(cJSON_GetArrayItem(k->json, (int)i))
               : NULL;
}

assay_status assay_model_set(assay_model *m, const char *key, double number, assay_why *why)
{
    (void)why;
    assay_model_key *k = assay_model_find(m, key);
    if (!k)
        k = add(m, key, strlen(key));
    k->number = number;
    k->used = false;
    return ASSAY_OK;
}
