/* SPDX-License-Identifier: MIT */
#include "synthetic.h"
#include "../core/dtype.h"
#include "../core/gguf.h"
#include "../core/rng.h"
#include "../core/save.h"
#include "../core/status.h"
#include "tokenizer.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 32, BYTES = 256, MERGES = 64, SPECIAL = 3, VOCAB = 352 };

assay_synthetic assay_synthetic_small(uint64_t seed)
{
    return (assay_synthetic){ seed, 96, 3, 6, 2, 32, 160, ASSAY_q4_1, ASSAY_q8_0 };
}

typedef struct writer {
    FILE *f;
    uint64_t at;
} writer;

static void put(writer *w, const void *p, size_t n)
{
    fwrite(p, 1, n, w->f);
    w->at += n;
}

static void put_int(writer *w, uint64_t x, int bytes)
{
    unsigned char b[8];
    for (int i = 0; i < bytes; i++)
        b[i] = (unsigned char)(x >> 8 * i);
    put(w, b, (size_t)bytes);
}

static void put_text(writer *w, const char *text)
{
    put_int(w, strlen(text), 8);
    put(w, text, strlen(text));
}

static void key_u32(writer *w, const char *key, uint32_t x)
{
    put_text(w, key);
    put_int(w, ASSAY_GGUF_U32, 4);
    put_int(w, x, 4);
}

static void key_f32(writer *w, const char *key, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_text(w, key);
    put_int(w, ASSAY_GGUF_F32, 4);
    put_int(w, bits, 4);
}

static void key_text(writer *w, const char *key, const char *text)
{
    put_text(w, key);
    put_int(w, ASSAY_GGUF_STRING, 4);
    put_text(w, text);
}

static void key_array(writer *w, const char *key, assay_gguf_kind item, uint64_t n)
{
    put_text(w, key);
    put_int(w, ASSAY_GGUF_ARRAY, 4);
    put_int(w, item, 4);
    put_int(w, n, 8);
}

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

static void put_vocabulary(writer *w)
{
    char text[24];
    int left, right;
    key_array(w, "tokenizer.ggml.tokens", ASSAY_GGUF_STRING, VOCAB);
    for (int i = 0; i < VOCAB; i++) {
        token(i, text, &left, &right);
        put_text(w, text);
    }
    key_array(w, "tokenizer.ggml.token_type", ASSAY_GGUF_I32, VOCAB);
    for (int i = 0; i < VOCAB; i++)
        put_int(w,
                i < SPECIAL                    ? ASSAY_TOKEN_CONTROL
                : i < SPECIAL + BYTES + MERGES ? ASSAY_TOKEN_NORMAL
                                               : ASSAY_TOKEN_UNUSED,
                4);
    key_array(w, "tokenizer.ggml.merges", ASSAY_GGUF_STRING, MERGES);
    for (int i = 0; i < MERGES; i++) {
        char line[24], half[8];
        token(SPECIAL + BYTES + i, text, &left, &right);
        mapped(left, line);
        mapped(right, half);
        strcat(strcat(line, " "), half);
        put_text(w, line);
    }
}

static uint32_t put_keys(writer *w, const assay_synthetic *m)
{
    key_text(w, "general.architecture", "llama");
    key_text(w, "general.name", "synthetic");
    key_u32(w, "llama.block_count", (uint32_t)m->layers);
    key_u32(w, "llama.context_length", 2048);
    key_u32(w, "llama.embedding_length", (uint32_t)m->d);
    key_u32(w, "llama.feed_forward_length", (uint32_t)m->F);
    key_u32(w, "llama.attention.head_count", (uint32_t)m->H);
    key_u32(w, "llama.attention.head_count_kv", (uint32_t)m->G);
    key_u32(w, "llama.attention.key_length", (uint32_t)m->D);
    key_u32(w, "llama.rope.dimension_count", (uint32_t)m->D);
    key_f32(w, "llama.rope.freq_base", 1e4f);
    key_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    key_text(w, "tokenizer.ggml.model", "gpt2");
    key_text(w, "tokenizer.ggml.pre", "smollm");
    key_u32(w, "tokenizer.ggml.bos_token_id", 1);
    key_u32(w, "tokenizer.ggml.eos_token_id", 2);
    key_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    put_vocabulary(w);
    return 20;
}

typedef struct tensor {
    char name[48];
    assay_dtype type;
    int64_t rows, width; /* rows 0: a vector */
} tensor;

static int list_tensors(const assay_synthetic *m, tensor *t)
{
    int n = 0;
    const int64_t q = m->H * m->D, kv = m->G * m->D;
    const struct {
        const char *name;
        int64_t rows, width;
    } layer[] = {
        { "attn_norm", 0, m->d },   { "attn_q", q, m->d },      { "attn_k", kv, m->d },
        { "attn_v", kv, m->d },     { "attn_output", m->d, q }, { "ffn_norm", 0, m->d },
        { "ffn_gate", m->F, m->d }, { "ffn_up", m->F, m->d },   { "ffn_down", m->d, m->F },
    };
    t[n++] = (tensor){ "token_embd.weight", m->table, VOCAB, m->d };
    for (int64_t i = 0; i < m->layers; i++)
        for (size_t k = 0; k < sizeof layer / sizeof *layer; k++) {
            t[n] = (tensor){ "", layer[k].rows ? m->type : ASSAY_f32, layer[k].rows, layer[k].width };
            snprintf(t[n++].name, sizeof t->name, "blk.%" PRId64 ".%s.weight", i, layer[k].name);
        }
    t[n++] = (tensor){ "output_norm.weight", ASSAY_f32, 0, m->d };
    return n;
}

static uint64_t padded(uint64_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static uint64_t bytes_of(const tensor *t)
{
    return (uint64_t)assay_dtype_bytes(t->type, (t->rows ? t->rows : 1) * t->width);
}

static void put_padding(writer *w)
{
    while (w->at % ALIGN)
        put_int(w, 0, 1);
}

/* Matrices ~ N(0, 1/width), the table N(0, 1/64), norms around 1.  One row at a time. */
static bool put_data(writer *w, const tensor *t, uint64_t seed, uint64_t stream)
{
    assay_rng rng = { seed, stream, 0 };
    const double size = t->rows == VOCAB ? 0.125 : t->rows ? 1.6 / sqrt((double)t->width) : 0.2;
    double *x = malloc((size_t)t->width * sizeof *x);
    void *codes = malloc((size_t)assay_dtype_bytes(t->type, t->width));
    if (x && codes)
        for (int64_t r = 0; r < (t->rows ? t->rows : 1); r++) {
            for (int64_t c = 0; c < t->width; c++)
                x[c] = (t->rows ? 0 : 1) + size * assay_rng_normal(&rng);
            assay_dtype_of(t->type)->encode(codes, x, t->width);
            put(w, codes, (size_t)assay_dtype_bytes(t->type, t->width));
        }
    const bool good = x && codes;
    free(x);
    free(codes);
    return good;
}

assay_status assay_synthetic_write(const char *path, const assay_synthetic *m, assay_why *why)
{
    assay_save save;
    tensor *t = malloc((size_t)(2 + 9 * m->layers) * sizeof *t);
    if (!t)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %" PRId64 " layers", path, m->layers);
    const assay_status s = assay_save_open(&save, path, why);
    if (s) {
        free(t);
        return s;
    }
    writer w = { save.f, 0 };
    const int n = list_tensors(m, t);
    uint64_t offset = 0;
    put(&w, "GGUF", 4);
    put_int(&w, 3, 4);
    put_int(&w, (uint64_t)n, 8);
    put_int(&w, 20, 8);
    const uint32_t keys = put_keys(&w, m);
    for (int i = 0; i < n; i++) {
        put_text(&w, t[i].name);
        put_int(&w, t[i].rows ? 2 : 1, 4);
        put_int(&w, (uint64_t)t[i].width, 8);
        if (t[i].rows)
            put_int(&w, (uint64_t)t[i].rows, 8);
        put_int(&w, t[i].type, 4);
        put_int(&w, offset, 8);
        offset += padded(bytes_of(&t[i]));
    }
    bool good = keys == 20;
    for (int i = 0; i < n && good; i++) {
        put_padding(&w);
        good = put_data(&w, &t[i], m->seed, (uint64_t)i);
    }
    put_padding(&w);
    free(t);
    if (good)
        return assay_save_commit(&save, why);
    assay_save_cancel(&save);
    return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a row", path);
}
