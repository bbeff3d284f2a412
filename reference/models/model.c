/* SPDX-License-Identifier: MIT
 * Opening: which files a path means, and their tensors in one list. */
#include "model.h"
#include "../core/execute.h"
#include "../core/status.h"
#include "family.h"
#include "keys.h"
#include "model_parts.h"
#include <cjson/cJSON.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const assay_model_tensor *)a)->name, ((const assay_model_tensor *)b)->name);
}

static int of_name(const void *name, const void *tensor)
{
    return strcmp(name, ((const assay_model_tensor *)tensor)->name);
}

/* One more tensor of the list. */
static assay_status add(assay_model *m, assay_span name, const assay_tensor *t, assay_why *why)
{
    m->tensor = assay_grown(m->tensor, m->n_tensors, sizeof *m->tensor);
    assay_model_tensor *x = &m->tensor[m->n_tensors++];
    *x = (assay_model_tensor){ .t = *t };
    if (name.n >= sizeof x->name || memchr(name.at, 0, name.n))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: a tensor's name of %zu bytes, '%.60s...'", m->label, name.n,
                          name.at);
    memcpy(x->name, name.at, name.n);
    return ASSAY_OK;
}

static assay_status sort(assay_model *m, assay_why *why)
{
    if (m->n_tensors)
        qsort(m->tensor, m->n_tensors, sizeof *m->tensor, by_name);
    for (size_t i = 1; i < m->n_tensors; i++)
        if (!by_name(&m->tensor[i - 1], &m->tensor[i]))
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tensor '%s' is in two of its files", m->label,
                              m->tensor[i].name);
    return ASSAY_OK;
}

/* Number i of a split file's name "stem-00001-of-00003.gguf"; at: where the digits stand; NULL: it is no such name. */
static const char *digits_of(const char *path)
{
    static const char shape[] = "-00000-of-00000.gguf";
    const size_t n = strlen(path), k = sizeof shape - 1;
    for (size_t i = 0; i < k; i++)
        if (n < k || (shape[i] == '0' ? path[n - k + i] < '0' || path[n - k + i] > '9' : path[n - k + i] != shape[i]))
            return NULL;
    return path + n - k + 1;
}

/* Only the first part need say it. */
static assay_status same_architecture(const assay_gguf *first, const assay_gguf *part, const char *name, assay_why *why)
{
    assay_span a = { "", 0 }, b = { NULL, 0 };
    assay_status s = assay_gguf_text(first, "general.architecture", false, &a, why);
    if (!s)
        s = assay_gguf_text(part, "general.architecture", false, &b, why);
    if (!s && b.at && (a.n != b.n || memcmp(a.at, b.at, a.n)))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: general.architecture is '%.*s', of the first part '%.*s'", name,
                       b.n < 40 ? (int)b.n : 40, b.at, a.n < 40 ? (int)a.n : 40, a.at);
    return s;
}

/* The parts of a split file: each says its number, how many there are, and all together as many tensors as it says. */
static assay_status open_split(assay_model *m, const char *path, int64_t parts, assay_why *why)
{
    const char *digits = digits_of(path);
    int64_t tensors = 0;
    size_t have = 0;
    if (!digits)
        return assay_fail(why, ASSAY_ERR_FORMAT,
                          "%s: one of %" PRId64 " parts of a model, whose name does not end with -00001-of-%05" PRId64
                          ".gguf: the others cannot be found",
                          path, parts, parts);
    assay_gguf_close(&m->gguf[0]);
    free(m->gguf);
    m->n_gguf = 0;
    m->gguf = assay_zeros((size_t)parts, sizeof *m->gguf);
    for (int64_t i = 0; i < parts; i++) {
        char *name = assay_room(strlen(path) + 1, 1);
        int64_t no = -1, count = 0;
        strcpy(name, path);
        char number[64];
        snprintf(number, sizeof number, "%05" PRId64 "-of-%05" PRId64, i + 1, parts);
        memcpy(name + (digits - path), number, 14);
        assay_model_keep(m, name);
        assay_status s = assay_gguf_open(name, &m->gguf[i], why);
        m->n_gguf += !s;
        if (!s)
            s = assay_gguf_int(&m->gguf[i], "split.no", true, 0, UINT16_MAX, &no, why);
        if (!s)
            s = assay_gguf_int(&m->gguf[i], "split.count", true, 0, UINT16_MAX, &count, why);
        if (!s)
            s = assay_gguf_int(&m->gguf[i], "split.tensors.count", false, 0, INT32_MAX, &tensors, why);
        if (!s && (no != i || count != parts))
            s = assay_fail(why, ASSAY_ERR_FORMAT,
                           "%s: says it is part %" PRId64 " of %" PRId64 "; its name says %" PRId64 " of %" PRId64,
                           name, no + 1, count, i + 1, parts);
        if (!s)
            s = same_architecture(&m->gguf[0], &m->gguf[i], name, why);
        if (s)
            return s;
        have += m->gguf[i].n_tensors;
    }
    if (tensors && have != (size_t)tensors)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: its %" PRId64 " parts hold %zu tensors, not %" PRId64, path,
                          parts, have, tensors);
    return ASSAY_OK;
}

static assay_status open_gguf(assay_model *m, const char *path, assay_why *why)
{
    int64_t parts = 0;
    m->gguf = assay_zeros(1, sizeof *m->gguf);
    assay_status s = assay_gguf_open(path, m->gguf, why);
    m->n_gguf = !s;
    if (!s)
        s = assay_keys_whole(m->gguf, why);
    if (!s)
        s = assay_gguf_int(m->gguf, "split.count", false, 0, UINT16_MAX, &parts, why);
    if (!s && parts > 1)
        s = open_split(m, path, parts, why);
    if (!s)
        s = assay_model_keys_gguf(m, why);
    for (size_t p = 0; p < m->n_gguf && !s; p++)
        for (size_t i = 0; i < m->gguf[p].n_tensors && !s; i++)
            s = add(m, m->gguf[p].tensor[i].name, &m->gguf[p].tensor[i].t, why);
    return s;
}

/* A tensor of safetensors as a dense view.  Its data may lie at any byte: where that is no multiple of the element's
 * size, a copy is made. */
static assay_status add_part(assay_model *m, const assay_st_tensor *x, assay_why *why)
{
    const bool raw = x->type->type == ASSAY_DTYPE_END; /* blocks of bytes: i8, for whoever knows what they are */
    if (raw && x->type->bytes != 1)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tensor '%s' has element type %s, which Assay does not have",
                          m->label, x->name, x->type->name);
    assay_tensor t = assay_tensor_dense(raw ? ASSAY_i8 : x->type->type, 0, x->rank, x->dim);
    t.data = (void *)(uintptr_t)x->data;
    if ((uintptr_t)x->data % (size_t)x->type->bytes) {
        void *copy = assay_aligned(x->bytes + 1);
        if (!copy)
            return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRIu64 " bytes", x->name, x->bytes);
        memcpy(copy, x->data, x->bytes);
        assay_model_keep(m, copy);
        t.data = copy;
    }
    return add(m, (assay_span){ x->name, strlen(x->name) }, &t, why);
}

static assay_status open_part(assay_model *m, const char *file, assay_why *why)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", m->folder, file);
    m->part = assay_grown(m->part, m->n_parts, sizeof *m->part);
    assay_status s = assay_safetensors_open(path, &m->part[m->n_parts], why);
    if (s)
        return s;
    const assay_safetensors *p = &m->part[m->n_parts++];
    for (size_t i = 0; i < p->n_tensors && !s; i++)
        s = add_part(m, &p->tensor[i], why);
    return s;
}

/* model.safetensors.index.json: { weight_map: tensor -> file }.  Each file is opened once; a tensor that is in no file,
 * or in none of the list, is refused. */
static assay_status open_index(assay_model *m, const char *path, assay_why *why)
{
    char *text = NULL;
    assay_status s = assay_model_slurp(path, &text, why);
    cJSON *j = s ? NULL : cJSON_Parse(text);
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(j, "weight_map"), *x;
    if (!s && !cJSON_IsObject(map))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: it has no weight_map, a file for each tensor", path);
    enum { MOST = 4096 };
    const char *seen[MOST];
    size_t listed = 0;
    cJSON_ArrayForEach(x, map)
    {
        if (s)
            break;
        const char *file = cJSON_GetStringValue(x);
        listed++;
        if (!file || !*file || strchr(file, '/') || strlen(file) > 255) {
            s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: the file of tensor '%.60s' is no name in this folder", path,
                           x->string);
            break;
        }
        size_t k = 0;
        while (k < m->n_parts && strcmp(seen[k], file))
            k++;
        if (k == MOST)
            s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: more than %d files", path, MOST);
        else if (k == m->n_parts && !(s = open_part(m, file, why)))
            seen[k] = file;
    }
    if (!s && listed != m->n_tensors)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: it lists %zu tensors, its files hold %zu", path, listed,
                       m->n_tensors);
    if (!s)
        s = sort(m, why);
    for (x = s ? NULL : map->child; x && !s; x = x->next)
        if (!bsearch(x->string, m->tensor, m->n_tensors, sizeof *m->tensor, of_name))
            s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: it lists '%.80s', which none of its files holds", path,
                           x->string);
    cJSON_Delete(j);
    free(text);
    return s;
}

static assay_status open_hf(assay_model *m, const char *file, assay_why *why)
{
    m->hf = true;
    assay_status s = assay_model_keys_json(m, why);
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", m->folder, file);
    if (!s)
        s = ends_with(file, ".json") ? open_index(m, path, why) : open_part(m, file, why);
    return s;
}

/* What stands in a folder: an index, model.safetensors, or one GGUF file (the first of a split one). */
static assay_status open_folder(assay_model *m, const char *folder, assay_why *why)
{
    static const char *const known[] = { "model.safetensors.index.json", "model.safetensors" };
    char path[8192], found[512] = "";
    struct stat is;
    snprintf(m->folder, sizeof m->folder, "%s", folder);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, known[i]);
        if (!stat(path, &is))
            return open_hf(m, known[i], why);
    }
    DIR *d = opendir(folder);
    int n = 0;
    for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
        const char *digits = digits_of(e->d_name);
        if (ends_with(e->d_name, ".gguf") && (!digits || !strncmp(digits, "00001", 5)) && strlen(e->d_name) < 500)
            strcpy(found, e->d_name), n++;
    }
    if (d)
        closedir(d);
    if (n != 1)
        return assay_fail(
            why, ASSAY_ERR_FORMAT,
            "%s: a model's folder holds model.safetensors or its index, with config.json, or one GGUF file; "
            "here are none of the former and %d of the latter",
            folder, n);
    snprintf(path, sizeof path, "%s/%s", folder, found);
    m->folder[0] = 0;
    char *whole = assay_room(strlen(path) + 1, 1);
    strcpy(whole, path);
    assay_model_keep(m, whole);
    return open_gguf(m, whole, why);
}

static assay_status open_any(const char *path, assay_model *m, assay_why *why)
{
    struct stat is;
    if (strlen(path) >= sizeof m->folder)
        return assay_fail(why, ASSAY_ERR_ARG, "a path of %zu characters", strlen(path));
    if (!stat(path, &is) && S_ISDIR(is.st_mode))
        return open_folder(m, path, why);
    const bool index = ends_with(path, ".index.json");
    if (!index && ends_with(path, ".json"))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: no file of weights: MODEL is the folder in which it lies", path);
    if (!index && !ends_with(path, ".safetensors"))
        return open_gguf(m, m->label, why);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    snprintf(m->folder, sizeof m->folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (slash == path)
        strcpy(m->folder, "/");
    return open_hf(m, name, why);
}

assay_status assay_model_open(const char *path, assay_model *m, assay_why *why)
{
    *m = (assay_model){ .label = assay_room(strlen(path) + 1, 1) };
    strcpy(m->label, path);
    assay_status s = open_any(path, m, why);
    if (!s)
        s = sort(m, why);
    m->family = s ? NULL : assay_family_of(m->arch);
    if (!s && !m->family)
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: %s is '%s', a family that is not known (assay list models)", path,
                       m->hf ? "model_type" : "general.architecture", m->arch);
    if (s)
        assay_model_close(m);
    return s;
}

assay_status assay_model_blank(const assay_family *f, assay_model *m, assay_why *why)
{
    (void)why;
    *m = (assay_model){ .label = assay_room(strlen(f->name) + 1, 1), .family = f, .blank = true };
    strcpy(m->label, f->name);
    snprintf(m->arch, sizeof m->arch, "%s", f->arch[0]);
    return ASSAY_OK;
}

void assay_model_keep(assay_model *m, void *data)
{
    m->own = assay_grown(m->own, m->n_own, sizeof *m->own);
    m->own[m->n_own++] = data;
}

void assay_model_close(assay_model *m)
{
    for (size_t i = 0; i < m->n_gguf; i++)
        assay_gguf_close(&m->gguf[i]);
    for (size_t i = 0; i < m->n_parts; i++)
        assay_safetensors_close(&m->part[i]);
    for (size_t i = 0; i < m->n_own; i++)
        free(m->own[i]);
    cJSON_Delete(m->config);
    assay_map_close(&m->config_map);
    free(m->gguf);
    free(m->part);
    free(m->own);
    free(m->key);
    free(m->tensor);
    free(m->wanted);
    free(m->label);
    *m = (assay_model){ 0 };
}
