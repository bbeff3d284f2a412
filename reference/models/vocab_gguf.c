/* SPDX-License-Identifier: MIT
 * A vocabulary from the metadata of a GGUF file: keys tokenizer.ggml.* */
#include "../core/status.h"
#include "encoding.h"
#include "keys.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key;
    assay_named_token role;
} roles[] = {
    { "tokenizer.ggml.bos_token_id", ASSAY_NAMED_BOS },
    { "tokenizer.ggml.eos_token_id", ASSAY_NAMED_EOS },
    { "tokenizer.ggml.eot_token_id", ASSAY_NAMED_EOT },
    { "tokenizer.ggml.eom_token_id", ASSAY_NAMED_EOM },
    { "tokenizer.ggml.fim_pad_token_id", ASSAY_NAMED_FIM_PAD },
    { "tokenizer.ggml.fim_rep_token_id", ASSAY_NAMED_FIM_REP },
    { "tokenizer.ggml.fim_sep_token_id", ASSAY_NAMED_FIM_SEP },
    { "tokenizer.ggml.unknown_token_id", ASSAY_NAMED_UNKNOWN },
};

static assay_status read_types(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    const size_t n = (size_t)v->n;
    const assay_gguf_value *x = assay_gguf_find(g, "tokenizer.ggml.token_type");
    v->type = malloc(n);
    if (!v->type)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", g->label, n);
    memset(v->type, ASSAY_TOKEN_NORMAL, n);
    if (!x)
        return ASSAY_OK;
    if (x->kind != ASSAY_GGUF_ARRAY || (x->item != ASSAY_GGUF_I32 && x->item != ASSAY_GGUF_U32) || x->count != n)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tokenizer.ggml.token_type is no array of %zu 32-bit integers",
                          g->label, n);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = x->data + 4 * i;
        if (p[1] || p[2] || p[3] || p[0] > ASSAY_TOKEN_BYTE)
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tokenizer.ggml.token_type: token %zu has a type beyond %d",
                              g->label, i, ASSAY_TOKEN_BYTE);
        v->type[i] = p[0];
    }
    return ASSAY_OK;
}

static assay_status read_scores(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    const size_t n = (size_t)v->n;
    const assay_gguf_value *x = assay_gguf_find(g, "tokenizer.ggml.scores");
    if (!x || x->kind != ASSAY_GGUF_ARRAY || x->item != ASSAY_GGUF_F32 || x->count != n)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tokenizer.ggml.scores is %s array of %zu 32-bit floats", g->label,
                          x ? "no" : "absent: wanted is an", n);
    v->score = malloc(n * sizeof *v->score);
    if (!v->score)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu scores", g->label, n);
    for (size_t i = 0; i < n; i++) {
        float score;
        memcpy(&score, x->data + 4 * i, sizeof score);
        v->score[i] = (double)score;
    }
    return ASSAY_OK;
}

/* Of SentencePiece: scores, and how a text is changed before it is cut. */
static assay_status read_pieces(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    const assay_gguf_value *x = assay_gguf_find(g, "tokenizer.ggml.precompiled_charsmap");
    v->space_prefix = true;
    assay_status s = read_scores(g, v, why);
    if (!s)
        s = assay_gguf_bool(g, "tokenizer.ggml.add_space_prefix", false, &v->space_prefix, why);
    if (!s)
        s = assay_gguf_bool(g, "tokenizer.ggml.remove_extra_whitespaces", false, &v->squeeze, why);
    if (s || !x)
        return s;
    if (x->kind != ASSAY_GGUF_ARRAY || (x->item != ASSAY_GGUF_U8 && x->item != ASSAY_GGUF_I8))
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: tokenizer.ggml.precompiled_charsmap is no array of bytes",
                          g->label);
    v->charsmap = (assay_span){ (const char *)x->data, x->count };
    return ASSAY_OK;
}

/* Only byte-level BPE cuts a text before it merges; pieces may say that they do not.  WordPiece's names are those of
 * models ("bert-bge"), and no text is cut otherwise. */
static assay_status read_pre(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    const bool bytes = v->kind == &assay_kind_bytes;
    const assay_status s = assay_gguf_text(g, "tokenizer.ggml.pre", bytes, &v->pre, why);
    if (!s && !bytes && v->kind != &assay_kind_words && v->pre.n && !assay_span_is(v->pre, "default"))
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tokenizer.ggml.pre is '%.*s', but %s has no pre-tokenizer",
                          g->label, v->pre.n < 40 ? (int)v->pre.n : 40, v->pre.at, v->kind->name);
    return s;
}

static assay_status read_added(const assay_gguf *g, const char *key, int8_t *add, assay_why *why)
{
    bool is = false;
    const assay_status s = assay_gguf_bool(g, key, false, &is, why);
    *add = (int8_t)(assay_gguf_find(g, key) ? is : -1);
    return s;
}

static assay_status read_roles(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < sizeof roles / sizeof *roles && !s; i++) {
        int64_t id = -1;
        if (roles[i].role == ASSAY_NAMED_UNKNOWN && v->kind == &assay_kind_bytes)
            continue; /* it has no unknown text */
        s = assay_gguf_int(g, roles[i].key, false, 0, v->n - 1, &id, why);
        v->named[roles[i].role] = (int32_t)id;
    }
    if (!s)
        s = read_added(g, "tokenizer.ggml.add_bos_token", &v->add_bos, why);
    if (!s)
        s = read_added(g, "tokenizer.ggml.add_eos_token", &v->add_eos, why);
    return s;
}

static assay_status read_tokens(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    size_t n;
    assay_status s = assay_gguf_texts(g, "tokenizer.ggml.tokens", &v->text, &n, why);
    if (s)
        return s;
    if (n == 0 || n > INT32_MAX)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: a vocabulary of %zu tokens", g->label, n);
    v->n = (int32_t)n;
    return read_types(g, v, why);
}

/* Of WordPiece: a token without a key goes by its text; two keys for one token are as old as the files, the first
 * counts.  Absent flags: lower case, and accents go with it, as llama.cpp has them. */
static assay_status read_words(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    static const struct {
        assay_named_token role;
        const char *key[2], *text;
    } named[] = {
        { ASSAY_NAMED_BOS, { "tokenizer.ggml.cls_token_id" }, "[CLS]" },
        { ASSAY_NAMED_EOS, { "tokenizer.ggml.seperator_token_id", "tokenizer.ggml.separator_token_id" }, "[SEP]" },
        { ASSAY_NAMED_UNKNOWN, { "tokenizer.ggml.unknown_token_id" }, "[UNK]" },
    };
    v->lower = true;
    assay_status s = assay_gguf_bool(g, "tokenizer.ggml.normalizer.lowercase", false, &v->lower, why);
    v->strip_accents = v->lower;
    if (!s)
        s = assay_gguf_bool(g, "tokenizer.ggml.normalizer.strip_accents", false, &v->strip_accents, why);
    for (size_t i = 0; i < sizeof named / sizeof *named && !s; i++) {
        int64_t id[2] = { -1, -1 };
        int32_t *to = &v->named[named[i].role];
        for (int k = 0; k < 2 && named[i].key[k] && !s; k++)
            s = assay_gguf_int(g, named[i].key[k], false, 0, v->n - 1, &id[k], why);
        *to = id[0] >= 0 ? (int32_t)id[0] : id[1] >= 0 ? (int32_t)id[1] : *to;
        for (int32_t k = 0; k < v->n && *to < 0; k++)
            if (assay_span_is(v->text[k], named[i].text))
                *to = k;
    }
    return s;
}

static assay_status read_kind(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    assay_span model = { 0 };
    assay_status s = assay_gguf_find(g, "tokenizer.ggml.model") ? ASSAY_OK : assay_keys_one(g, why); /* or a shard */
    if (!s)
        s = assay_gguf_text(g, "tokenizer.ggml.model", true, &model, why);
    if (s)
        return s;
    char known[160] = "";
    for (size_t k = 0, n = 0; assay_tokenizer_kinds[k] && n < sizeof known; k++) {
        const assay_tokenizer_kind *kind = assay_tokenizer_kinds[k];
        if (assay_span_is(model, kind->gguf))
            v->kind = kind;
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s (%s)", n ? ", " : "", kind->gguf, kind->name);
    }
    if (v->kind)
        return ASSAY_OK;
    return assay_fail(why, ASSAY_UNSUPPORTED, "%s: tokenizer.ggml.model is '%.*s'; known are %s", g->label,
                      model.n < 40 ? (int)model.n : 40, model.at, known);
}

assay_status assay_vocab_gguf(const assay_gguf *g, assay_vocab *v, assay_why *why)
{
    *v = (assay_vocab){ .label = g->label, .add_bos = -1, .add_eos = -1 };
    memset(v->named, 0xff, sizeof v->named);
    assay_status s = read_kind(g, v, why);
    if (!s)
        s = assay_keys_tokenizer(g, v->kind->gguf, why);
    if (!s)
        s = read_pre(g, v, why);
    if (!s)
        s = read_tokens(g, v, why);
    if (!s)
        s = read_roles(g, v, why);
    if (!s && v->kind == &assay_kind_bytes)
        s = assay_gguf_texts(g, "tokenizer.ggml.merges", &v->merge, &v->n_merges, why);
    else if (!s && v->kind == &assay_kind_words)
        s = read_words(g, v, why);
    else if (!s)
        s = read_pieces(g, v, why);
    if (s)
        assay_vocab_free(v);
    return s;
}

void assay_vocab_free(assay_vocab *v)
{
    free(v->text);
    free(v->type);
    free(v->score);
    free(v->merge);
    free(v->own);
    free(v->own_merges);
    free(v->own_charsmap);
    free(v->mark);
    free(v->frame);
    *v = (assay_vocab){ 0 };
}

assay_status assay_tokenizer_gguf(const assay_gguf *g, assay_tokenizer *t, assay_why *why)
{
    assay_vocab v;
    *t = (assay_tokenizer){ .bos = -1, .eos = -1 };
    assay_status s = assay_vocab_gguf(g, &v, why);
    if (s)
        return s;
    s = assay_tokenizer_make(&v, t, why);
    assay_vocab_free(&v);
    return s;
}
