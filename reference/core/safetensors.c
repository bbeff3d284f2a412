/* SPDX-License-Identifier: MIT */
#include "safetensors.h"
#include "status.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEADER = 100000000 }; /* the limit of the format's own reader */

static const assay_st_type types[] = {
    { "F64", 8, ASSAY_f64 },        { "I64", 8, ASSAY_i64 },      { "U64", 8, ASSAY_DTYPE_END },
    { "F32", 4, ASSAY_f32 },        { "I32", 4, ASSAY_i32 },      { "U32", 4, ASSAY_DTYPE_END },
    { "F16", 2, ASSAY_f16 },        { "BF16", 2, ASSAY_bf16 },    { "I16", 2, ASSAY_DTYPE_END },
    { "U16", 2, ASSAY_DTYPE_END },  { "I8", 1, ASSAY_i8 },        { "U8", 1, ASSAY_DTYPE_END },
    { "BOOL", 1, ASSAY_DTYPE_END }, { "F8_E4M3", 1, ASSAY_e4m3 }, { "F8_E5M2", 1, ASSAY_e5m2 },
};

const assay_st_type *assay_st_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

const assay_st_type *assay_st_type_of(assay_dtype t)
{
    for (size_t i = 0; t != ASSAY_DTYPE_END && i < sizeof types / sizeof *types; i++)
        if (types[i].type == t)
            return &types[i];
    return NULL;
}

typedef struct place {
    const char *label;
    const unsigned char *data; /* of the data section */
    uint64_t room;
    assay_why *why;
} place;

/* A JSON number that is an integer of 0 .. 2^53. */
static bool whole(const cJSON *j, uint64_t *out)
{
    if (!cJSON_IsNumber(j) || !(j->valuedouble >= 0 && j->valuedouble <= 0x1p53))
        return false;
    *out = (uint64_t)j->valuedouble;
    return (double)*out == j->valuedouble;
}

static assay_status read_shape(const place *p, const cJSON *shape, assay_st_tensor *t, uint64_t *bytes)
{
    const int rank = cJSON_IsArray(shape) ? cJSON_GetArraySize(shape) : -1;
    if (rank < 0 || rank > ASSAY_MAX_RANK)
        return assay_fail(p->why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.80s': shape must be a list of up to %d lengths, not %d", p->label, t->name,
                          ASSAY_MAX_RANK, rank);
    uint64_t count = 1, n; /* without lengths of 0: strides are products of the others */
    bool empty = false;
    const cJSON *item;
    cJSON_ArrayForEach(item, shape)
    {
        if (!whole(item, &n))
            return assay_fail(p->why, ASSAY_ERR_FORMAT,
                              "%s: tensor '%.80s': length %d of its shape is no integer of 0 .. 2^53", p->label,
                              t->name, t->rank);
        empty |= n == 0;
        if (n && count > (UINT64_C(1) << 53) / n)
            return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s': its shape overflows at length %" PRIu64,
                              p->label, t->name, n);
        count *= n ? n : 1;
        t->dim[t->rank++] = (int64_t)n;
    }
    *bytes = empty ? 0 : count * (uint64_t)t->type->bytes;
    return ASSAY_OK;
}

static assay_status read_tensor(const place *p, const cJSON *j, assay_st_tensor *t)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(j, "dtype");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(j, "data_offsets");
    uint64_t begin, end, bytes = 0;
    t->name = j->string;
    if (!cJSON_IsObject(j) || !cJSON_IsString(dtype))
        return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s' has no dtype", p->label, t->name);
    t->type = assay_st_type_find(dtype->valuestring);
    if (!t->type)
        return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s' has unknown dtype '%.20s'", p->label, t->name,
                          dtype->valuestring);
    const assay_status s = read_shape(p, cJSON_GetObjectItemCaseSensitive(j, "shape"), t, &bytes);
    if (s)
        return s;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 || !whole(cJSON_GetArrayItem(offsets, 0), &begin) ||
        !whole(cJSON_GetArrayItem(offsets, 1), &end))
        return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s': data_offsets must be two integers", p->label,
                          t->name);
    if (begin > end || end > p->room)
        return assay_fail(p->why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.80s': data_offsets %" PRIu64 " .. %" PRIu64 " do not lie in the %" PRIu64
                          " bytes of data",
                          p->label, t->name, begin, end, p->room);
    if (end - begin != bytes)
        return assay_fail(p->why, ASSAY_ERR_FORMAT,
                          "%s: tensor '%.80s': its shape needs %" PRIu64 " bytes of %s, its data_offsets hold %" PRIu64,
                          p->label, t->name, bytes, t->type->name, end - begin);
    t->data = p->data + begin;
    t->bytes = bytes;
    return ASSAY_OK;
}

static int by_place(const void *a, const void *b)
{
    const assay_st_tensor *x = a, *y = b;
    if (x->data != y->data)
        return (x->data > y->data) - (x->data < y->data);
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static assay_status check_names(const place *p, const cJSON *json)
{
    const int n = cJSON_GetArraySize(json);
    const char **name = calloc((size_t)n + 1, sizeof *name);
    if (!name)
        return assay_fail(p->why, ASSAY_ERR_NOMEM, "%s: no memory for %d names", p->label, n);
    size_t i = 0;
    const cJSON *j;
    cJSON_ArrayForEach(j, json) name[i++] = j->string;
    qsort(name, i, sizeof *name, by_name);
    assay_status s = ASSAY_OK;
    for (size_t k = 1; k < i && !s; k++)
        if (strcmp(name[k - 1], name[k]) == 0)
            s = assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: '%.80s' stands there twice", p->label, name[k]);
    free(name);
    return s;
}

static assay_status check_cover(const place *p, const assay_safetensors *s)
{
    uint64_t at = 0;
    for (size_t i = 0; i < s->n_tensors; i++) {
        const assay_st_tensor *t = &s->tensor[i];
        const uint64_t begin = (uint64_t)((const unsigned char *)t->data - p->data);
        if (begin != at)
            return assay_fail(
                p->why, ASSAY_ERR_FORMAT, "%s: tensor '%.80s' begins at byte %" PRIu64 " of the data, %s byte %" PRIu64,
                p->label, t->name, begin, begin < at ? "overlapping its neighbour up to" : "leaving a hole from", at);
        at = begin + t->bytes;
    }
    if (at != p->room)
        return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: the data has %" PRIu64 " bytes, the tensors cover %" PRIu64,
                          p->label, p->room, at);
    return ASSAY_OK;
}

static assay_status read_meta(const place *p, const cJSON *j, assay_safetensors *s)
{
    const cJSON *item;
    if (!cJSON_IsObject(j))
        return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: __metadata__ is no object", p->label);
    s->meta = calloc((size_t)cJSON_GetArraySize(j) + 1, sizeof *s->meta);
    if (!s->meta)
        return assay_fail(p->why, ASSAY_ERR_NOMEM, "%s: no memory for its metadata", p->label);
    cJSON_ArrayForEach(item, j)
    {
        if (!cJSON_IsString(item))
            return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: __metadata__ '%.80s' is no string", p->label,
                              item->string);
        s->meta[s->n_meta++] = (assay_st_pair){ item->string, item->valuestring };
    }
    return check_names(p, j);
}

static assay_status read_header(const place *p, const cJSON *json, assay_safetensors *s)
{
    if (!cJSON_IsObject(json))
        return assay_fail(p->why, ASSAY_ERR_FORMAT, "%s: the header is no JSON object", p->label);
    assay_status status = check_names(p, json);
    s->tensor = calloc((size_t)cJSON_GetArraySize(json) + 1, sizeof *s->tensor);
    if (!status && !s->tensor)
        return assay_fail(p->why, ASSAY_ERR_NOMEM, "%s: no memory for its tensors", p->label);
    for (const cJSON *j = json->child; j && !status; j = j->next)
        if (strcmp(j->string, "__metadata__") == 0)
            status = read_meta(p, j, s);
        else if (!(status = read_tensor(p, j, &s->tensor[s->n_tensors])))
            s->n_tensors++;
    if (status)
        return status;
    qsort(s->tensor, s->n_tensors, sizeof *s->tensor, by_place);
    return check_cover(p, s);
}

assay_status assay_safetensors_parse(const void *data, size_t n, const char *label, assay_safetensors *s,
                                     assay_why *why)
{
    const unsigned char *base = data;
    uint64_t header = 0;
    *s = (assay_safetensors){ 0 };
    if (n < 8)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: not a safetensors file: it has %zu bytes, fewer than the 8 of a length", label, n);
    for (int i = 8; i-- > 0;)
        header = header << 8 | base[i];
    if (header > MAX_HEADER || header > n - 8)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: not a safetensors file: a header of %" PRIu64
                          " bytes, the file has %zu after the length (at most %d)",
                          label, header, n - 8, MAX_HEADER);
    const place p = { label, base + 8 + header, n - 8 - header, why };
    const char *text = (const char *)base + 8, *end = text;
    cJSON *json = header && *text == '{' ? cJSON_ParseWithLengthOpts(text, (size_t)header, &end, 0) : NULL;
    if (!json)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: not a safetensors file: its header of %" PRIu64 " bytes is no JSON object", label,
                          header);
    s->json = json;
    while (end < text + header && strchr(" \t\r\n", *end) && *end)
        end++;
    const assay_status status =
        end < text + header
            ? assay_fail(why, ASSAY_ERR_FORMAT, "%s: the header goes on after its JSON at byte %td", label, end - text)
            : read_header(&p, json, s);
    if (status)
        assay_safetensors_close(s);
    return status;
}

assay_status assay_safetensors_open(const char *path, assay_safetensors *s, assay_why *why)
{
    assay_map map;
    assay_status status = assay_map_open(path, &map, why);
    if (status)
        return status;
    status = assay_safetensors_parse(map.data, map.n, path, s, why);
    if (status)
        assay_map_close(&map);
    else
        s->map = map;
    return status;
}

void assay_safetensors_close(assay_safetensors *s)
{
    free(s->tensor);
    free(s->meta);
    cJSON_Delete(s->json);
    assay_map_close(&s->map);
    *s = (assay_safetensors){ 0 };
}

const assay_st_tensor *assay_safetensors_find(const assay_safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->n_tensors; i++)
        if (strcmp(s->tensor[i].name, name) == 0)
            return &s->tensor[i];
    return NULL;
}

const char *assay_safetensors_meta(const assay_safetensors *s, const char *key)
{
    for (size_t i = 0; i < s->n_meta; i++)
        if (strcmp(s->meta[i].key, key) == 0)
            return s->meta[i].value;
    return NULL;
}
