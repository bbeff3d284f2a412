/* SPDX-License-Identifier: MIT
 * Byte-level BPE (GPT-2, SmolLM, Llama-3, Qwen2).  A token's text is in "mapped characters": each byte is written as
 * one printable character.  Text is cut into pieces, and the bytes of each are merged by rank (merges.h). */
#include "../core/status.h"
#include "compose.h"
#include "encoding.h"
#include "merges.h"
#include "pretokenize.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

typedef struct bpe {
    assay_pretokenizer pre;
    bool compose, ignore_merges;
    assay_merges merges;
} bpe;

/* The byte that a mapped character stands for; -1: none.  33..126, 161..172, 174..255 are themselves, the other 68
 * bytes follow in ascending order from U+0100. */
static int byte_of(unsigned code)
{
    if ((code >= 33 && code <= 126) || (code >= 161 && code <= 172) || (code >= 174 && code <= 255))
        return (int)code;
    if (code < 0x100 || code >= 0x100 + 68)
        return -1;
    const int k = (int)code - 0x100;
    return k < 33 ? k : k < 33 + 34 ? 127 + k - 33 : 173;
}

/* Whether all characters are mapped ones. */
static bool writes(assay_span text)
{
    for (size_t i = 0; i < text.n;) {
        const unsigned char *s = (const unsigned char *)text.at + i;
        const int length = assay_utf8_length(s, text.n - i);
        if (!length || byte_of(assay_utf8_code(s, length)) < 0)
            return false;
        i += (size_t)length;
    }
    return true;
}

/* A text that has others, too, stands for itself, as Hugging Face has it.  Never longer than the text. */
static size_t print(assay_span text, char *out)
{
    size_t n = 0;
    if (!writes(text)) {
        memcpy(out, text.at, text.n);
        return text.n;
    }
    for (size_t i = 0; i < text.n;) {
        const unsigned char *s = (const unsigned char *)text.at + i;
        const int length = assay_utf8_length(s, text.n - i);
        out[n++] = (char)byte_of(assay_utf8_code(s, length));
        i += (size_t)length;
    }
    return n;
}

static void destroy(void *state)
{
    bpe *b = state;
    assay_pretokenizer_free(&b->pre);
    assay_merges_free(&b->merges);
    free(b);
}

static assay_status make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    bpe *b = t->state = calloc(1, sizeof *b);
    if (!b)
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a tokenizer", v->label);
    const assay_status s = assay_pretokenizer_make(v->pre, v->label, &b->pre, why);
    if (s)
        return s;
    t->add_bos = b->pre.add_bos;
    b->compose = v->compose;
    b->ignore_merges = v->added ? v->ignore_merges : b->pre.ignore_merges;
    for (int c = 0; v->named[ASSAY_NAMED_UNKNOWN] >= 0 && c < 256; c++)
        if (t->lookup->byte[c] < 0)
            return assay_fail(why, ASSAY_UNSUPPORTED,
                              "%s: byte 0x%02x has no token, and an unknown token for it is not read", v->label, c);
    return assay_merges_make(v, t, &b->merges, why);
}

static assay_status piece(void *encoding, const char *text, size_t n, assay_why *why)
{
    assay_encoding *e = encoding;
    const bpe *b = e->t->state;
    const int32_t *byte = e->t->lookup->byte, whole = b->ignore_merges ? assay_lookup_find(e->t, text, n) : -1;
    if (whole >= 0)
        return assay_encode_id(e, whole, why);
    assay_symbol *symbol = assay_merges_room(e, n, why);
    if (!symbol)
        return ASSAY_ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)text[i];
        symbol[i].id = byte[c] >= 0 ? byte[c] : -2 - c;
    }
    assay_merges_run(&b->merges, e, n);
    assay_status s = ASSAY_OK;
    for (int32_t i = 0; i >= 0 && !s; i = symbol[i].next) {
        const int32_t id = symbol[i].id;
        if (id >= 0)
            s = assay_encode_id(e, id, why);
        else /* as the reference tokenizers do: no token, no id */
            assay_encode_left_out(e, (unsigned char)(-2 - id));
    }
    return s;
}

static assay_status normalize(const assay_tokenizer *t, const char *part, size_t n, bool first, char **out,
                              size_t *n_out, assay_why *why)
{
    const bpe *b = t->state;
    (void)first;
    *n_out = n;
    return b->compose ? assay_compose(part, n, out, n_out, why) : ASSAY_OK;
}

static assay_status encode(assay_encoding *e, const char *part, size_t n, bool first, assay_why *why)
{
    const bpe *b = e->t->state;
    (void)first;
    return assay_pretokenize(&b->pre, part, n, piece, e, why);
}

const assay_tokenizer_kind assay_kind_bytes = { .name = "byte-level BPE",
                                                .gguf = "gpt2",
                                                .print = print,
                                                .make = make,
                                                .free = destroy,
                                                .encode = encode,
                                                .done = assay_merges_done,
                                                .normalize = normalize,
                                                .writes = writes };
