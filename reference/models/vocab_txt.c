/* SPDX-License-Identifier: MIT
 * A vocabulary from BERT's vocab.txt: a token a line, its id the line's number from 0.  Words and rests are rewritten
 * as words.c has them. */
#include "../core/status.h"
#include "encoding.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    int role; /* -1: none */
} control[] = {
    { "[CLS]", ASSAY_NAMED_BOS },
    { "[SEP]", ASSAY_NAMED_EOS },
    { "[UNK]", ASSAY_NAMED_UNKNOWN },
    { "[PAD]", -1 },
    { "[MASK]", -1 },
};

enum { CONTROLS = sizeof control / sizeof *control };

typedef struct state {
    const char *label;
    char *room;             /* for the next rewritten token */
    int32_t seen[CONTROLS]; /* the ids; -1: not yet */
} state;

static bool begins(assay_span text, const char *with)
{
    const size_t n = strlen(with);
    return text.n >= n && !memcmp(text.at, with, n);
}

/* [unused0], [unused1], ... */
static bool is_unused(assay_span text)
{
    size_t i = 7;
    if (!begins(text, "[unused") || text.at[text.n - 1] != ']')
        return false;
    while (i < text.n && text.at[i] >= '0' && text.at[i] <= '9')
        i++;
    return i > 7 && i == text.n - 1;
}

static assay_status check(const state *b, assay_span line, int32_t id, assay_why *why)
{
    for (size_t i = 0; i < line.n;) {
        const int length = assay_utf8_length((const unsigned char *)line.at + i, line.n - i);
        if (!length || !line.at[i])
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: line %lld, byte %zu: %s", b->label, (long long)id + 1, i + 1,
                              length ? "a NUL in a token" : "this is no UTF-8");
        i += (size_t)length;
    }
    return ASSAY_OK;
}

/* Whether the line is a control token: its number in the table, CONTROLS if not. */
static size_t control_of(assay_span line)
{
    size_t k = 0;
    while (k < CONTROLS && !assay_span_is(line, control[k].text))
        k++;
    return k;
}

static assay_status read_control(state *b, assay_vocab *v, size_t k, int32_t id, assay_why *why)
{
    if (b->seen[k] >= 0)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s stands in line %lld and again in line %lld", b->label,
                          control[k].text, (long long)b->seen[k] + 1, (long long)id + 1);
    b->seen[k] = id;
    v->type[id] = ASSAY_TOKEN_CONTROL;
    if (control[k].role >= 0)
        v->named[control[k].role] = id;
    return ASSAY_OK;
}

size_t assay_words_spell(assay_span text, char *out)
{
    static const char mark[] = "\xE2\x96\x81";
    const bool rest = begins(text, "##"),
               kept = !text.n || (rest && begins((assay_span){ text.at + 2, text.n - 2 }, mark));
    const size_t n = kept || rest ? 0 : 3, skip = rest && !kept ? 2 : 0;
    memcpy(out, mark, n);
    memcpy(out + n, text.at + skip, text.n - skip);
    return n + text.n - skip;
}

static assay_status read_line(state *b, assay_vocab *v, assay_span line, int32_t id, assay_why *why)
{
    const size_t k = control_of(line);
    const assay_status s = check(b, line, id, why);
    if (s)
        return s;
    v->text[id] = line;
    v->type[id] = ASSAY_TOKEN_NORMAL;
    if (k < CONTROLS)
        return read_control(b, v, k, id, why);
    if (!line.n || is_unused(line))
        v->type[id] = ASSAY_TOKEN_UNUSED;
    else {
        v->text[id] = (assay_span){ b->room, assay_words_spell(line, b->room) };
        b->room += v->text[id].n;
    }
    return ASSAY_OK;
}

static assay_status read_lines(assay_vocab *v, const char *text, size_t n, assay_why *why)
{
    state b = { .label = v->label, .room = v->own };
    memset(b.seen, 0xff, sizeof b.seen);
    assay_status s = ASSAY_OK;
    size_t at = 0;
    for (int32_t id = 0; id < v->n && !s; id++) {
        const char *end = memchr(text + at, '\n', n - at);
        assay_span line = { text + at, end ? (size_t)(end - text) - at : n - at };
        at += line.n + 1;
        if (end && line.n && line.at[line.n - 1] == '\r')
            line.n--;
        s = read_line(&b, v, line, id, why);
    }
    if (!s && v->named[ASSAY_NAMED_UNKNOWN] < 0)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no line of %d is [UNK]: this is no vocabulary of BERT's", v->label,
                       (int)v->n);
    return s;
}

static size_t count_lines(const char *text, size_t n)
{
    size_t lines = 0;
    for (size_t at = 0; at < n; lines++) {
        const char *end = memchr(text + at, '\n', n - at);
        at = end ? (size_t)(end - text) + 1 : n;
    }
    return lines;
}

assay_status assay_vocab_txt(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why)
{
    *v = (assay_vocab){
        .label = label, .kind = &assay_kind_words, .add_bos = -1, .add_eos = -1, .lower = true, .strip_accents = true
    };
    memset(v->named, 0xff, sizeof v->named);
    const size_t lines = count_lines(bytes, n);
    if (!lines || lines > INT32_MAX)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s: a vocabulary of %zu lines", label, lines);
    v->n = (int32_t)lines;
    v->text = calloc(lines, sizeof *v->text);
    v->type = calloc(lines, 1);
    v->own = malloc(n + 3 * lines);
    const assay_status s = v->text && v->type && v->own
                               ? read_lines(v, bytes, n, why)
                               : assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", label, lines);
    if (s)
        assay_vocab_free(v);
    return s;
}
