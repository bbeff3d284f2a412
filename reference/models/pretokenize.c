/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "pretokenize.h"
#include "../core/status.h"
#include "utf8.h"
#include <pcre2.h>
#include <string.h>

/* Unicode White_Space, which PCRE2's own \s is not (it has U+180E) */
#define WS   "\\p{Z}\\x{09}-\\x{0D}\\x{85}"
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" WS "\\p{L}\\p{N}]+|[" WS "]+(?![^" WS "])|[" WS "]+"
#define LLAMA3(digits)                                                                                                 \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?[^" WS "\\p{L}\\p{N}]+[\\r\\n]*|[" WS     \
    "]*[\\r\\n]+|[" WS "]+(?![^" WS "])|[" WS "]+"

static const struct {
    const char *name, *expression[2];
    bool ignore_merges, add_bos;
} table[] = {
    { "gpt-2", { GPT2 }, false, false },
    { "smollm", { "\\p{N}", GPT2 }, false, false },
    { "llama-bpe", { LLAMA3("\\p{N}{1,3}") }, true, true },
    { "qwen2", { LLAMA3("\\p{N}") }, false, false },
};

assay_status assay_pretokenizer_make(assay_span name, const char *label, assay_pretokenizer *p, assay_why *why)
{
    *p = (assay_pretokenizer){ 0 };
    size_t row = 0;
    while (row < sizeof table / sizeof *table && !assay_span_is(name, table[row].name))
        row++;
    if (row == sizeof table / sizeof *table)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: tokenizer.ggml.pre is '%.*s'; known are gpt-2, smollm, llama-bpe and qwen2", label,
                          name.n < 40 ? (int)name.n : 40, name.at);
    p->name = table[row].name;
    p->ignore_merges = table[row].ignore_merges;
    p->add_bos = table[row].add_bos;
    for (int i = 0; i < 2 && table[row].expression[i]; i++) {
        int error;
        PCRE2_SIZE at;
        p->code[i] = pcre2_compile((PCRE2_SPTR)table[row].expression[i], PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                                   &error, &at, NULL);
        if (p->code[i])
            p->match[i] = pcre2_match_data_create(1, NULL);
        if (!p->match[i]) {
            assay_pretokenizer_free(p);
            return assay_fail(why, ASSAY_ERR_NOMEM, "pre-tokenizer %s: PCRE2 error %d at %zu", table[row].name, error,
                              (size_t)at);
        }
    }
    return ASSAY_OK;
}

void assay_pretokenizer_free(assay_pretokenizer *p)
{
    for (int i = 0; i < 2; i++) {
        pcre2_match_data_free(p->match[i]);
        pcre2_code_free(p->code[i]);
    }
    *p = (assay_pretokenizer){ 0 };
}

typedef struct sink {
    assay_piece piece;
    void *ctx;
    assay_why *why;
} sink;

/* Cuts well-formed text by expression i: matches, and what lies between them, are parts for expression i + 1. */
static assay_status cut(const assay_pretokenizer *p, int i, const char *text, size_t n, const sink *to)
{
    if (n == 0)
        return ASSAY_OK;
    if (i == 2 || !p->code[i])
        return to->piece(to->ctx, text, n, to->why);
    assay_status s = ASSAY_OK;
    size_t at = 0, begin, end;
    while (at < n && !s) {
        const int found = pcre2_match(p->code[i], (PCRE2_SPTR)text, n, at, PCRE2_NO_UTF_CHECK, p->match[i], NULL);
        if (found < 0 && found != PCRE2_ERROR_NOMATCH)
            return assay_fail(to->why, ASSAY_UNSUPPORTED, "pre-tokenizer %s: PCRE2 error %d at byte %zu of %zu",
                              p->name, found, at, n);
        begin = end = n;
        if (found > 0) {
            const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(p->match[i]);
            begin = ends[0];
            end = ends[1];
        }
        s = cut(p, i + 1, text + at, begin - at, to);
        if (!s)
            s = cut(p, i + 1, text + begin, end - begin, to);
        at = end;
    }
    return s;
}

assay_status assay_pretokenize(const assay_pretokenizer *p, const char *text, size_t n, assay_piece piece, void *ctx,
                               assay_why *why)
{
    const unsigned char *t = (const unsigned char *)text;
    const sink to = { piece, ctx, why };
    assay_status s = ASSAY_OK;
    for (size_t at = 0, next; at < n && !s; at = next) {
        int length = assay_utf8_length(t + at, n - at);
        const bool good = length > 0;
        for (next = at; next < n; next += good ? (size_t)length : 1) {
            length = assay_utf8_length(t + next, n - next);
            if ((length > 0) != good)
                break;
        }
        s = good ? cut(p, 0, text + at, next - at, &to) : piece(ctx, text + at, next - at, why);
    }
    return s;
}
