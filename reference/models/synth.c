/* SPDX-License-Identifier: MIT */
#include "synth.h"
#include "../core/dtype.h"
#include "../core/gguf_write.h"
#include "../core/rng.h"
#include "../core/save.h"
#include "../core/status.h"
#include "../core/tensor.h"
#include "utf8.h"
#include "vocab.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { ALIGN = 32, BYTES = 256, MERGES = 64, SPECIAL = 3, TOKENS = SPECIAL + BYTES + MERGES, TOKENIZER_KEYS = 8 };

/* The printable character that stands for a byte in a vocabulary. */
static void mapped(int byte, char out[8])
{
    unsigned code = (unsigned)byte, next = 0x100;
    for (int b = 0; b <= byte; b++) {
        const bool self = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        if (b == byte)
            code = self ? (unsigned)b : next;
        next += !self;
    }
    out[assay_utf8_write(code, out)] = 0;
}

/* Token i: a byte, a pair of bytes (a merge), a special token or padding. */
static void token(int i, char out[24], int *left, int *right)
{
    static const char frequent[] = "etaoinsh";
    static const char *const special[SPECIAL] = { "<|endoftext|>", "<|im_start|>", "<|im_end|>" };
    *left = *right = -1;
    if (i < SPECIAL) {
        strcpy(out, special[i]);
    } else if (i < SPECIAL + BYTES) {
        mapped(i - SPECIAL, out);
    } else if (i < SPECIAL + BYTES + MERGES) {
        const int k = i - SPECIAL - BYTES;
        *left = frequent[k / 8];
        *right = k % 8 == 7 ? ' ' : frequent[k % 8]; /* "e " and so on: never merged across pieces */
        mapped(*left, out);
        mapped(*right, out + strlen(out));
    } else {
        snprintf(out, 24, "<pad%d>", i);
    }
}

static void put_vocabulary(assay_gguf_writer *w, int n)
{
    char text[24];
    int left, right;
    assay_gguf_put_array(w, "tokenizer.ggml.tokens", ASSAY_GGUF_STRING, n);
    for (int i = 0; i < n; i++) {
        token(i, text, &left, &right);
        assay_gguf_put_string(w, (assay_span){ text, strlen(text) });
    }
    assay_gguf_put_array(w, "tokenizer.ggml.token_type", ASSAY_GGUF_I32, n);
    for (int i = 0; i < n; i++)
        assay_gguf_put_int(w,
                           i < SPECIAL                    ? ASSAY_TOKEN_CONTROL
                           : i < SPECIAL + BYTES + MERGES ? ASSAY_TOKEN_NORMAL
                                                          : ASSAY_TOKEN_UNUSED,
                           4);
    assay_gguf_put_array(w, "tokenizer.ggml.merges", ASSAY_GGUF_STRING, MERGES);
    for (int i = 0; i < MERGES; i++) {
        char line[24], half[8];
        token(SPECIAL + BYTES + i, text, &left, &right);
        mapped(left, line);
        mapped(right, half);
        strcat(strcat(line, " "), half);
        assay_gguf_put_string(w, (assay_span){ line, strlen(line) });
    }
}

/* A vocabulary of n tokens. */
static void put_tokenizer(assay_gguf_writer *w, int n)
{
    assay_gguf_put_text(w, "tokenizer.ggml.model", "gpt2");
    assay_gguf_put_text(w, "tokenizer.ggml.pre", "smollm");
    assay_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", 1);
    assay_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", 2);
    assay_gguf_put_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    put_vocabulary(w, n);
}

/* "key=value" becomes a key of the model. */
static assay_status set(assay_model *m, const char *line, assay_why *why)
{
    char key[96], *end;
    const char *equals = strchr(line, '=');
    const size_t n = equals ? (size_t)(equals - line) : 0;
    const double x = equals ? strtod(equals + 1, &end) : 0;
    if (n == 0 || n >= sizeof key || end == equals + 1 || *end || !isfinite(x))
        return assay_fail(why, ASSAY_ERR_ARG, "'%.80s' is no KEY=NUMBER", line);
    snprintf(key, sizeof key, "%.*s", (int)n, line);
    return assay_model_set(m, key, x, why);
}

/* The graph of these sizes, which asks for every tensor: m->wanted. */
static assay_status plan(const assay_synth *s, assay_model *m, assay_why *why)
{
    assay_graph g;
    assay_status st = assay_model_blank(s->family, m, why);
    for (const char *const *line = s->family->sizes; *line && !st; line++)
        st = set(m, *line, why);
    for (const char *const *line = s->set; line && *line && !st; line++)
        st = set(m, *line, why);
    if (!st)
        st = assay_family_graph(m, ASSAY_f32, &g, why);
    if (!st && g.encodes && g.steps && !assay_model_find(m, "decoder_start_token_id")) /* a text begins with it */
        st = assay_model_set(m, "decoder_start_token_id", 0, why);
    if (!st)
        assay_graph_free(&g);
    bool understood;
    for (size_t i = 0; i < m->n_keys && !st; i++)
        if (!assay_model_key_use(m, &m->key[i], &understood))
            st = assay_fail(why, ASSAY_ERR_ARG, "%s reads no key '%s'", s->family->name, m->key[i].name);
    return st;
}

static bool whole_blocks(const assay_wanted *t, assay_dtype type)
{
    return t->dim[t->rank - 1] % assay_dtype_of(type)->block == 0;
}

/* Products take weights of any type, tables that are looked up, too; what else there is stays f32. */
static assay_dtype type_of(const assay_synth *s, const assay_wanted *t)
{
    static const char *const plain[] = { "bias", "norm", "position", "token_types", "rel_b", "class_embd" };
    const bool table = !strcmp(t->name, "token_embd.weight");
    bool is_plain = t->rank < 2;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        is_plain |= strstr(t->name, plain[i]) != NULL;
    const assay_dtype want = table ? s->table : s->type;
    return is_plain || !whole_blocks(t, want) ? ASSAY_f32 : want;
}

/* Matrices ~ N(0, 1.6^2 / width), the table N(0, 1/64), norms around 1, biases N(0, 1/100).  One row at a time. */
static bool put_data(assay_gguf_writer *w, const assay_wanted *t, assay_dtype type, uint64_t seed, uint64_t stream)
{
    assay_rng rng = { seed, stream, 0 };
    const int64_t width = t->dim[t->rank - 1];
    const bool bias = strstr(t->name, "bias"), norm = !bias && t->rank == 1 && strstr(t->name, "norm"),
               table = strstr(t->name, "_embd");
    const double size = table ? 0.125 : bias ? 0.1 : t->rank > 1 ? 1.6 / sqrt((double)width) : 0.2;
    int64_t rows = 1;
    for (int i = 0; i < t->rank - 1; i++)
        rows *= t->dim[i];
    double *x = malloc((size_t)width * sizeof *x);
    void *codes = malloc((size_t)assay_dtype_bytes(type, width));
    for (int64_t r = 0; x && codes && r < rows; r++) {
        for (int64_t c = 0; c < width; c++)
            x[c] = norm + size * assay_rng_normal(&rng);
        assay_dtype_of(type)->encode(codes, x, width);
        assay_gguf_put_bytes(w, codes, (size_t)assay_dtype_bytes(type, width));
    }
    const bool good = x && codes;
    free(x);
    free(codes);
    return good;
}

/* Head and tensors of a plan, into an open stream. */
static bool put_all(assay_synth *s, const assay_model *m, int64_t vocab, FILE *f)
{
    assay_gguf_writer w = { .f = f, .alignment = ALIGN };
    const bool speaks = vocab >= TOKENS;
    assay_gguf_put_head(&w, m->n_wanted, 2 + m->n_keys + (speaks ? TOKENIZER_KEYS : 0));
    assay_gguf_put_text(&w, "general.architecture", m->arch);
    assay_gguf_put_text(&w, "general.name", "synthetic");
    for (size_t i = 0; i < m->n_keys; i++) {
        char key[192];
        const double x = m->key[i].number;
        snprintf(key, sizeof key, "%s.%s", m->arch, m->key[i].name);
        if (x == floor(x) && x >= 0 && x <= UINT32_MAX)
            assay_gguf_put_u32(&w, key, (uint32_t)x);
        else
            assay_gguf_put_f32(&w, key, (float)x);
    }
    if (speaks)
        put_tokenizer(&w, (int)vocab);
    for (size_t i = 0; i < m->n_wanted; i++) {
        const assay_wanted *t = &m->wanted[i];
        assay_gguf_put_tensor(&w, (assay_span){ t->name, strlen(t->name) }, type_of(s, t), t->rank, t->dim);
    }
    bool good = true;
    for (size_t i = 0; i < m->n_wanted && good; i++) {
        assay_gguf_pad(&w);
        good = put_data(&w, &m->wanted[i], type_of(s, &m->wanted[i]), s->seed, i);
    }
    assay_gguf_pad(&w);
    s->bytes = (double)w.at;
    return good;
}

/* Before the work: is there room for it?  A token of the vocabulary takes less than 64 bytes. */
static assay_status room(const assay_synth *s, const assay_model *m, double vocab, const char *path, const char *aside,
                         assay_why *why)
{
    struct statvfs v;
    double need = 64 * vocab;
    for (size_t i = 0; i < m->n_wanted; i++) {
        const assay_wanted *t = &m->wanted[i];
        const assay_dtype_info *type = assay_dtype_of(type_of(s, t));
        double n = (double)type->bytes / type->block;
        for (int k = 0; k < t->rank; k++)
            n *= (double)t->dim[k];
        need += n;
    }
    if (!aside || statvfs(aside, &v)) /* a pipe */
        return ASSAY_OK;
    const double left = (double)v.f_bavail * (double)v.f_frsize;
    return need <= left
               ? ASSAY_OK
               : assay_fail(why, ASSAY_ERR_IO, "%.100s: needs %.0f bytes; %.0f are free there", path, need, left);
}

assay_status assay_synth_write(assay_synth *s, const char *path, assay_why *why)
{
    assay_model m;
    assay_save save;
    double vocab = 0;
    assay_status st = plan(s, &m, why);
    const assay_model_key *v = st ? NULL : assay_model_find(&m, "vocab_size");
    if (v)
        vocab = v->number;
    s->tensors = m.n_wanted, s->parameters = 0;
    for (size_t i = 0; i < m.n_wanted; i++) {
        const assay_tensor t = assay_tensor_dense(ASSAY_f32, 0, m.wanted[i].rank, m.wanted[i].dim);
        s->parameters += (double)assay_tensor_count(&t);
        if (m.wanted[i].rank > 4 && !st)
            st = assay_fail(why, ASSAY_UNSUPPORTED, "%s: rank %d, GGUF has 4", m.wanted[i].name, m.wanted[i].rank);
    }
    if (!st)
        st = assay_save_open(&save, path, why);
    if (!st) {
        st = room(s, &m, vocab, path, save.aside, why);
        if (!st && !put_all(s, &m, (int64_t)vocab, save.f))
            st = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a row", path);
        if (st)
            assay_save_cancel(&save);
        else
            st = assay_save_commit(&save, why);
    }
    if (m.label)
        assay_model_close(&m);
    return st;
}
