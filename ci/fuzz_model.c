/* SPDX-License-Identifier: MIT
 * libFuzzer target: a small model of any family, as a folder (config.json, model.safetensors) or as GGUF, whose keys
 * and tensors the input changes: none may make the readers or the graph read beyond them, overflow or leak.  A graph
 * that stands takes three tokens or one image by the oracle.  Weights are holes of the file: zeros. */
#include "../reference/core/dtype.h"
#include "../reference/core/gguf_write.h"
#include "../reference/core/safetensors.h"
#include "../reference/models/family.h"
#include "../reference/models/session.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fuzz_model_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 64, TENSORS = 512, TOKENS = 3, FAMILIES = 64, MOST = 1 << 22 };

typedef struct key {
    char name[96], value[160]; /* as JSON */
} key;

typedef struct tensor {
    char name[96];
    int type, rank; /* type: of safetensors; number in stored[] */
    int64_t dim[ASSAY_MAX_RANK + 1];
} tensor;

typedef struct file {
    char arch[64];
    key key[KEYS];
    tensor tensor[TENSORS];
    int n_keys, n_tensors;
} file;

typedef struct bytes {
    const uint8_t *at;
    size_t n;
} bytes;

static unsigned take(bytes *b, unsigned below)
{
    if (!b->n || !below)
        return 0;
    b->n--;
    return *b->at++ % below;
}

static char folder[64], config_path[96], safetensors_path[96], gguf_path[96];

static const char *const stored[] = { "F32", "F16", "BF16", "F64", "I8", "U8", "BOOL", "I64", "I32", "F8_E4M3" };
static const assay_dtype gguf_types[] = { ASSAY_f32, ASSAY_f16, ASSAY_bf16, ASSAY_f64,  ASSAY_q8_0,
                                          ASSAY_i8,  ASSAY_i32, ASSAY_i64,  ASSAY_q4_0, ASSAY_q6_k };
enum { N_TYPES = sizeof stored / sizeof *stored };

/* ---- a good model -------------------------------------------------------------------------------------------------
 */

/* Is name this pattern of GGUF, with a number for #, and perhaps .weight or .bias behind it? */
static bool is_of(const char *pattern, const char *name, int *number, const char **rest)
{
    for (; *pattern; pattern++)
        if (*pattern == '#')
            *number = (int)strtol(name, (char **)(uintptr_t)&name, 10);
        else if (*pattern != *name++)
            return false;
    *rest = name;
    return !*name || !strcmp(name, ".weight") || !strcmp(name, ".bias");
}

static void add_tensor(file *f, const char *hf, int number, int expert, const char *rest, int rank, const int64_t *dim)
{
    if (f->n_tensors == TENSORS)
        return;
    tensor *t = &f->tensor[f->n_tensors];
    size_t k = 0;
    *t = (tensor){ .rank = rank };
    for (; *hf && *hf != '|' && k < 70; hf++)
        k += (size_t)snprintf(t->name + k, sizeof t->name - k, *hf == '#' || *hf == '*' ? "%d" : "%c",
                              *hf == '#'   ? number
                              : *hf == '*' ? expert
                                           : *hf);
    snprintf(t->name + k, sizeof t->name - k, "%s", rest);
    memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    for (int i = 0; i < f->n_tensors; i++)
        if (!strcmp(f->tensor[i].name, t->name))
            return; /* columns of two in turn */
    f->n_tensors++;
}

/* A tensor as safetensors hold it. */
static void as_hf(file *f, const assay_family *family, const assay_wanted *w, bool packed)
{
    int number = 0;
    const char *rest;
    const assay_tensor_name *row = NULL;
    for (const assay_tensor_name *r = family->names; r->gguf; r++)
        if (*r->gguf && is_of(r->gguf, w->name, &number, &rest) && (!row || packed))
            row = r;
    for (const assay_tensor_name *r = family->also; r && r->gguf && !row; r++)
        if (*r->gguf && is_of(r->gguf, w->name, &number, &rest))
            row = r;
    if (!row) {
        add_tensor(f, w->name, 0, 0, "", w->rank, w->dim);
        return;
    }
    is_of(row->gguf, w->name, &number, &rest);
    int64_t d[ASSAY_MAX_RANK + 1];
    int rank = w->rank;
    memcpy(d, w->dim, sizeof w->dim);
    const bool half = row->form == ASSAY_FORM_EVEN || row->form == ASSAY_FORM_ODD, flat = strstr(w->name, ".bias");
    if ((row->form == ASSAY_FORM_TURNED || half) && !flat && rank > 1) {
        const int64_t swap = d[rank - 1];
        d[rank - 1] = d[rank - 2], d[rank - 2] = swap;
    }
    if (half)
        d[rank - 1] *= 2;
    if (row->form >= ASSAY_FORM_FOUR && rank == 3) {
        d[1] *= row->form == ASSAY_FORM_FOUR ? 1 : 2;
        d[2] /= 32, d[3] = 16;
        add_tensor(f, row->hf, number, 0, rest, 4, d);
        f->tensor[f->n_tensors - 1].type = 5;
        char *end = strstr(f->tensor[f->n_tensors - 1].name, "_blocks"), name[96];
        snprintf(name, sizeof name, "%.*s_scales", (int)(end ? end - f->tensor[f->n_tensors - 1].name : 0),
                 f->tensor[f->n_tensors - 1].name);
        add_tensor(f, name, 0, 0, "", 3, d);
        f->tensor[f->n_tensors - 1].type = 5;
    } else if (strchr(row->hf, '*')) {
        for (int e = 0; e < d[0]; e++)
            add_tensor(f, row->hf, number, e, rest, rank - 1, d + 1);
    } else {
        add_tensor(f, row->hf, number, 0, rest, rank, d);
    }
}

/* The keys and tensors of a family's small model.  A key's name in GGUF is understood in config.json, too. */
static bool begin(file *f, const assay_family *family, bool hf, bool packed)
{
    assay_model m;
    assay_graph g;
    assay_why why;
    *f = (file){ 0 };
    assay_status s = assay_model_blank(family, &m, &why);
    for (const char *const *line = family->sizes; *line && !s; line++) {
        key *k = &f->key[f->n_keys++];
        const char *equals = strchr(*line, '=');
        snprintf(k->name, sizeof k->name, "%.*s", (int)(equals - *line), *line);
        snprintf(k->value, sizeof k->value, "%s", equals + 1);
        s = assay_model_set(&m, k->name, strtod(k->value, NULL), &why);
    }
    if (!s && !(s = assay_family_graph(&m, ASSAY_f32, &g, &why)))
        assay_graph_free(&g);
    for (size_t i = 0; i < m.n_wanted && !s; i++)
        if (hf)
            as_hf(f, family, &m.wanted[i], packed);
        else
            add_tensor(f, m.wanted[i].name, 0, 0, "", m.wanted[i].rank, m.wanted[i].dim);
    for (size_t i = 0; i < m.n_keys && !s && f->n_keys < KEYS; i++) { /* what building said, too: an epsilon */
        bool there = false;
        for (int k = 0; k < f->n_keys; k++)
            there |= !strcmp(f->key[k].name, m.key[i].name);
        if (!there) {
            snprintf(f->key[f->n_keys].name, sizeof f->key->name, "%s", m.key[i].name);
            snprintf(f->key[f->n_keys++].value, sizeof f->key->value, "%.9g", m.key[i].number);
        }
    }
    size_t arch = 0;
    while (hf && arch + 1 < sizeof family->arch / sizeof *family->arch && family->arch[arch + 1])
        arch++;
    snprintf(f->arch, sizeof f->arch, "%s", family->arch[arch]);
    assay_model_close(&m);
    return !s;
}

/* ---- what the input changes ---------------------------------------------------------------------------------------
 */

#define COUNT(list) ((unsigned)(sizeof(list) / sizeof *(list)))

static void set_value(bytes *b, char out[160])
{
    const unsigned how = take(b, 8);
    if (how < 5) {
        snprintf(out, 160, "%s", values[take(b, COUNT(values))]);
    } else if (how == 5) {
        snprintf(out, 160, "%d", (int)take(b, 256));
    } else if (how == 6) {
        snprintf(out, 160, "%d", (int)(take(b, 256) << 16 | take(b, 256) << 8 | take(b, 256)));
    } else { /* any text */
        size_t k = 0;
        for (unsigned n = take(b, 100); k < n; k++)
            out[k] = (char)(take(b, 255) + 1);
        out[k] = 0;
    }
}

static void change_key(file *f, bytes *b)
{
    const unsigned how = take(b, 4);
    key *k = &f->key[take(b, (unsigned)f->n_keys)];
    if (how == 0 && f->n_keys > 1) {
        *k = f->key[--f->n_keys];
    } else if (how < 3 && f->n_keys < KEYS) {
        k = &f->key[f->n_keys++];
        snprintf(k->name, sizeof k->name, "%s", names[take(b, COUNT(names))]);
        set_value(b, k->value);
    } else {
        set_value(b, k->value);
    }
}

static void change_tensor(file *f, bytes *b)
{
    static const int64_t lengths[] = { 0, 1, 2, 3, 16, 32, 96, 255, 65536, INT64_C(1) << 40, INT64_C(1) << 53 };
    if (!f->n_tensors)
        return;
    tensor *t = &f->tensor[(take(b, 256) << 8 | take(b, 256)) % (unsigned)f->n_tensors];
    const unsigned how = take(b, 7);
    if (how == 0)
        *t = f->tensor[--f->n_tensors];
    else if (how == 1)
        t->type = (int)take(b, N_TYPES);
    else if (how == 2 && t->rank)
        t->dim[take(b, (unsigned)t->rank)] = lengths[take(b, COUNT(lengths))];
    else if (how == 3 && t->rank)
        t->dim[take(b, (unsigned)t->rank)] += (int64_t)take(b, 5) - 2;
    else if (how == 4 && t->rank < ASSAY_MAX_RANK)
        t->dim[t->rank++] = lengths[take(b, COUNT(lengths))];
    else if (how == 5 && t->rank)
        t->rank--;
    else if (how == 6)
        t->name[take(b, (unsigned)strlen(t->name))] = (char)(take(b, 90) + 35);
    for (int i = 0; i < t->rank; i++)
        t->dim[i] = t->dim[i] < 0 ? 0 : t->dim[i];
}

/* ---- as files -----------------------------------------------------------------------------------------------------
 */

static uint64_t size_of(const tensor *t, int bytes)
{
    uint64_t n = (uint64_t)bytes;
    for (int i = 0; i < t->rank; i++)
        n = t->dim[i] && n > MOST / (uint64_t)t->dim[i] ? MOST : n * (uint64_t)t->dim[i];
    return n;
}

static bool put_hf(const file *f)
{
    FILE *c = fopen(config_path, "wb"), *w = fopen(safetensors_path, "wb");
    char *text = NULL;
    size_t n = 0;
    uint64_t at = 0;
    FILE *h = open_memstream(&text, &n);
    if (!c || !w || !h)
        abort();
    fprintf(c, "{\"model_type\":\"%s\"", f->arch);
    for (int i = 0; i < f->n_keys; i++)
        fprintf(c, ",\"%s\":%s", f->key[i].name, f->key[i].value);
    fputs("}", c);
    for (int i = 0; i < f->n_tensors; i++) {
        const tensor *t = &f->tensor[i];
        const uint64_t size = size_of(t, assay_st_type_find(stored[t->type])->bytes);
        fprintf(h, "%c\"%s\":{\"dtype\":\"%s\",\"shape\":[", i ? ',' : '{', t->name, stored[t->type]);
        for (int k = 0; k < t->rank; k++)
            fprintf(h, "%s%" PRId64, k ? "," : "", t->dim[k]);
        fprintf(h, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", at, at + size);
        at += size;
    }
    fputs(f->n_tensors ? "}" : "{}", h);
    fclose(h);
    fwrite(&(uint64_t){ n }, 8, 1, w);
    fwrite(text, 1, n, w);
    free(text);
    const bool closed = !fclose(c);
    return !fclose(w) && closed && at < 16 * MOST && !truncate(safetensors_path, (off_t)(8 + n + at));
}

static void put_key(assay_gguf_writer *w, const char *name, const char *value)
{
    char *end;
    const double x = strtod(value, &end);
    if (*value == '[') {
        const unsigned n = (unsigned)strlen(value) / 2;
        assay_gguf_put_array(w, name, n % 2 ? ASSAY_GGUF_I32 : ASSAY_GGUF_F32, n);
        for (unsigned i = 0; i < n; i++)
            assay_gguf_put_int(w, (unsigned char)value[i], 4);
    } else if (*end || end == value) {
        assay_gguf_put_text(w, name, value);
    } else if (x >= 0 && x <= UINT32_MAX && x == (double)(uint32_t)x) {
        assay_gguf_put_u32(w, name, (uint32_t)x);
    } else {
        assay_gguf_put_f32(w, name, x < -3e38 ? -3e38F : x > 3e38 ? 3e38F : (float)x);
    }
}

/* May the writer be asked for it?  It does not check products. */
static bool writable(const tensor *t)
{
    uint64_t n = 8;
    for (int i = 0; i < t->rank; i++)
        n = t->dim[i] > 1 && n > MOST / (uint64_t)t->dim[i] ? MOST : n * (uint64_t)(t->dim[i] ? t->dim[i] : 1);
    return t->rank >= 1 && t->rank <= 4 && n < MOST;
}

static bool put_gguf(const file *f)
{
    assay_gguf_writer w = { .f = fopen(gguf_path, "wb"), .alignment = 32 };
    uint64_t at = 0;
    int n = 0;
    if (!w.f)
        abort();
    for (int i = 0; i < f->n_tensors; i++) {
        const tensor *t = &f->tensor[i];
        n += writable(t);
    }
    assay_gguf_put_head(&w, (uint64_t)n, 1 + (uint64_t)f->n_keys);
    assay_gguf_put_text(&w, "general.architecture", f->arch);
    for (int i = 0; i < f->n_keys; i++) {
        char name[192];
        snprintf(name, sizeof name, "%s.%s", f->arch, f->key[i].name);
        put_key(&w, name, f->key[i].value);
    }
    for (int i = 0; i < f->n_tensors; i++) {
        const tensor *t = &f->tensor[i];
        if (!writable(t))
            continue;
        const assay_dtype type = gguf_types[t->type];
        const bool whole = t->dim[t->rank - 1] % assay_dtype_of(type)->block == 0;
        assay_gguf_put_tensor(&w, (assay_span){ t->name, strlen(t->name) }, whole ? type : ASSAY_f32, t->rank, t->dim);
        at += size_of(t, 8) + 32;
    }
    assay_gguf_pad(&w);
    return !fclose(w.f) && !truncate(gguf_path, (off_t)(w.at + at));
}

/* ---- read ---------------------------------------------------------------------------------------------------------
 */

/* A step, and before it, where there is an encoder, what it attends to. */
static void run(assay_graph *g)
{
    static const int32_t ids[TOKENS] = { 1, 0, 2 };
    static float frames[1 << 16];
    assay_session *s;
    assay_why why;
    assay_impl impl;
    int64_t room = g->encodes ? TOKENS : 0;
    bool text = true;
    uint64_t numbers = 0;
    for (int i = 0; i < g->n_values; i++) {
        const assay_value *v = &g->value[i];
        uint64_t n = 8;
        for (int k = 0; k < v->rank; k++) {
            const uint64_t each = v->dim[k] < 0 ? (uint64_t)(-v->dim[k] / 16 + 1) * TOKENS : (uint64_t)v->dim[k];
            n = each && n > MOST / each ? MOST : n * each;
        }
        numbers += n;
        text &= v->kind != ASSAY_VALUE_FRAMES;
        if (v->kind == ASSAY_VALUE_FRAMES && n > 8 * COUNT(frames))
            return;
    }
    if (g->encodes && g->hidden >= 0 && g->value[g->hidden].dim[0] > 0)
        room = g->value[g->hidden].dim[0];
    if (numbers > 4 * MOST || room > 1024 || assay_impl_parse("oracle", 0, &impl, &why))
        return;
    if (assay_session_make(g, &impl, g->steps ? TOKENS : 0, g->steps ? TOKENS : 0, g->steps ? TOKENS : 0, room, 1, &s,
                           &why))
        return;
    assay_status status = ASSAY_OK;
    if (g->encodes)
        status =
            assay_session_encode(s, &(assay_source){ .ids = text ? ids : NULL, .frames = frames, .T = room }, &why);
    if (!status && g->steps)
        assay_session_step(s, ids, TOKENS, TOKENS, &why);
    assay_session_free(s);
}

static void prepare(void)
{
    strcpy(folder, "/tmp/fuzz_model_XXXXXX");
    if (!mkdtemp(folder))
        abort();
    snprintf(config_path, sizeof config_path, "%s/config.json", folder);
    snprintf(safetensors_path, sizeof safetensors_path, "%s/model.safetensors", folder);
    snprintf(gguf_path, sizeof gguf_path, "%s/model.gguf", folder);
}

static void clear(void)
{
    unlink(config_path), unlink(safetensors_path), unlink(gguf_path);
    rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static file good[FAMILIES][3], f;
    bytes b = { data, size };
    unsigned families = 0;
    assay_model m;
    assay_graph g;
    assay_why why;
    if (!*folder) {
        prepare();
        atexit(clear);
    }
    while (assay_family_at(families))
        families++;
    const unsigned which = take(&b, families < FAMILIES ? families : FAMILIES);
    const assay_family *family = assay_family_at(which);
    const unsigned form = take(&b, 4); /* 0: GGUF; 3: packed experts, where there are */
    file *const known = &good[which][form ? form == 3 ? 2 : 1 : 0];
    if (!known->n_keys && !begin(known, family, form > 0, form == 3))
        abort(); /* its own small sizes */
    const bool runs = take(&b, 8) == 7;
    memcpy(&f, known, sizeof f);
    while (b.n)
        if (take(&b, 2))
            change_key(&f, &b);
        else
            change_tensor(&f, &b);
    if (!(form ? put_hf(&f) : put_gguf(&f)))
        return 0;
    if (assay_model_open(form ? folder : gguf_path, &m, &why))
        return 0;
    const assay_status s = assay_family_graph(&m, ASSAY_f32, &g, &why);
    if (!s) {
        if (runs)
            run(&g);
        assay_graph_free(&g);
    } else if (size <= 3 && form < 3) {
        fprintf(stderr, "%s, as it is: %s\n", family->name, why.text);
        abort();
    }
    assay_model_close(&m);
    return 0;
}
