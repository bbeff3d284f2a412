/* SPDX-License-Identifier: MIT */
#include "synthetic.h"
#include "../core/dtype.h"
#include "../core/gguf_write.h"
#include "../core/rng.h"
#include "../core/save.h"
#include "../core/status.h"
#include "tokenizer.h"
#include "utf8.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 32, BYTES = 256, MERGES = 64, SPECIAL = 3, VOCAB = 352, KEYS = 20 };

assay_synthetic assay_synthetic_small(uint64_t seed)
{
    return (assay_synthetic){ seed, 96, 3, 6, 2, 32, 160, ASSAY_q4_1, ASSAY_q8_0 };
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

static void put_vocabulary(assay_gguf_writer *w)
{
    char text[24];
    int left, right;
    assay_gguf_put_array(w, "tokenizer.ggml.tokens", ASSAY_GGUF_STRING, VOCAB);
    for (int i = 0; i < VOCAB; i++) {
        token(i, text, &left, &right);
        assay_gguf_put_string(w, (assay_span){ text, strlen(text) });
    }
    assay_gguf_put_array(w, "tokenizer.ggml.token_type", ASSAY_GGUF_I32, VOCAB);
    for (int i = 0; i < VOCAB; i++)
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

static void put_keys(assay_gguf_writer *w, const assay_synthetic *m)
{
    assay_gguf_put_text(w, "general.architecture", "llama");
    assay_gguf_put_text(w, "general.name", "synthetic");
    assay_gguf_put_u32(w, "llama.block_count", (uint32_t)m->layers);
    assay_gguf_put_u32(w, "llama.context_length", 2048);
    assay_gguf_put_u32(w, "llama.embedding_length", (uint32_t)m->d);
    assay_gguf_put_u32(w, "llama.feed_forward_length", (uint32_t)m->F);
    assay_gguf_put_u32(w, "llama.attention.head_count", (uint32_t)m->H);
    assay_gguf_put_u32(w, "llama.attention.head_count_kv", (uint32_t)m->G);
    assay_gguf_put_u32(w, "llama.attention.key_length", (uint32_t)m->D);
    assay_gguf_put_u32(w, "llama.rope.dimension_count", (uint32_t)m->D);
    assay_gguf_put_f32(w, "llama.rope.freq_base", 1e4f);
    assay_gguf_put_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    assay_gguf_put_text(w, "tokenizer.ggml.model", "gpt2");
    assay_gguf_put_text(w, "tokenizer.ggml.pre", "smollm");
    assay_gguf_put_u32(w, "tokenizer.ggml.bos_token_id", 1);
    assay_gguf_put_u32(w, "tokenizer.ggml.eos_token_id", 2);
    assay_gguf_put_u32(w, "tokenizer.ggml.unknown_token_id", 0);
    put_vocabulary(w);
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

/* Matrices ~ N(0, 1/width), the table N(0, 1/64), norms around 1.  One row at a time. */
static bool put_data(assay_gguf_writer *w, const tensor *t, uint64_t seed, uint64_t stream)
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
            assay_gguf_put_bytes(w, codes, (size_t)assay_dtype_bytes(t->type, t->width));
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
    assay_gguf_writer w = { .f = save.f, .alignment = ALIGN };
    const int n = list_tensors(m, t);
    assay_gguf_put_head(&w, (uint64_t)n, KEYS);
    put_keys(&w, m);
    for (int i = 0; i < n; i++) {
        const int64_t dim[] = { t[i].rows, t[i].width };
        const int rank = t[i].rows ? 2 : 1;
        assay_gguf_put_tensor(&w, (assay_span){ t[i].name, strlen(t[i].name) }, t[i].type, rank, dim + 2 - rank);
    }
    bool good = true;
    for (int i = 0; i < n && good; i++) {
        assay_gguf_pad(&w);
        good = put_data(&w, &t[i], m->seed, (uint64_t)i);
    }
    assay_gguf_pad(&w);
    free(t);
    if (good)
        return assay_save_commit(&save, why);
    assay_save_cancel(&save);
    return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a row", path);
}
