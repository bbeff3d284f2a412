/* SPDX-License-Identifier: MIT */
#include "rewrite.h"
#include "../core/status.h"
#include "compose.h"
#include "normalize.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const char lower_block[] = "\xE2\x96\x81";
enum { BLOCK = 3 };

typedef struct growing {
    char *at; /* NULL: no memory */
    size_t n, room;
} growing;

static void append(growing *g, const char *text, size_t n)
{
    if (g->at && g->room - g->n < n) {
        char *more = realloc(g->at, g->room = 2 * g->room + n);
        if (!more)
            free(g->at);
        g->at = more;
    }
    if (g->at) {
        memcpy(g->at + g->n, text, n);
        g->n += n;
    }
}

/* ---- steps: each appends to an empty text what it makes of another, which is well-formed --------------------------
 */

static void prepend(const assay_change *s, assay_span text, growing *to)
{
    if (text.n)
        append(to, s->to, strlen(s->to));
    append(to, text.at, text.n);
}

static void replace(const assay_change *s, assay_span text, growing *to)
{
    const size_t n = strlen(s->from);
    for (size_t i = 0, taken; i < text.n; i += taken) {
        const bool found = text.n - i >= n && !memcmp(text.at + i, s->from, n);
        taken = found ? n : 1;
        append(to, found ? s->to : text.at + i, found ? strlen(s->to) : 1);
    }
}

static void replace_runs(const assay_change *s, assay_span text, growing *to)
{
    for (size_t i = 0, run; i < text.n; i += run ? run : 1) {
        for (run = 0; i + run < text.n && text.at[i + run] == ' ';)
            run++;
        append(to, run > 1 ? s->to : text.at + i, run > 1 ? strlen(s->to) : 1);
    }
}

static void strip(const assay_change *s, assay_span text, growing *to)
{
    const unsigned char *bytes = (const unsigned char *)text.at;
    size_t begin = 0, end = 0;
    bool any = false;
    for (size_t i = 0, length; i < text.n; i += length) {
        length = (size_t)assay_utf8_length(bytes + i, text.n - i);
        if (assay_utf8_white(assay_utf8_code(bytes + i, (int)length)))
            continue;
        begin = any ? begin : i;
        end = i + length;
        any = true;
    }
    if (!any) /* all of it goes, on either side */
        begin = end = text.n;
    begin = s->left ? begin : 0;
    end = s->right && any ? end : s->right && !s->left ? 0 : text.n;
    append(to, text.at + begin, end - begin);
}

/* Bytes of the grapheme cluster at text (n > 0 bytes). */
static size_t cluster(const unsigned char *text, size_t n)
{
    utf8proc_int32_t state = 0;
    size_t at = (size_t)assay_utf8_length(text, n);
    unsigned before = assay_utf8_code(text, (int)at);
    while (at < n) {
        const int length = assay_utf8_length(text + at, n - at);
        const unsigned code = assay_utf8_code(text + at, length);
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)code, &state))
            break;
        before = code;
        at += (size_t)length;
    }
    return at;
}

/* A cluster of at most 5 bytes is what the shortest rule writes that begins it; else each character by itself. */
static void map(const assay_normalizer *z, assay_span text, growing *to)
{
    enum { SHORT = 6 };
    for (size_t i = 0, size; i < text.n; i += size) {
        size = cluster((const unsigned char *)text.at + i, text.n - i);
        const char *rule = size < SHORT ? assay_normalizer_rule(z, text.at + i, size) : NULL;
        if (rule) {
            append(to, rule, strlen(rule));
            continue;
        }
        for (size_t k = i, length; k < i + size; k += length) {
            length = (size_t)assay_utf8_length((const unsigned char *)text.at + k, i + size - k);
            rule = assay_normalizer_rule(z, text.at + k, length);
            append(to, rule ? rule : text.at + k, rule ? strlen(rule) : length);
        }
    }
}

static void repair(assay_span text, growing *to)
{
    for (size_t i = 0; i < text.n;) {
        const int length = assay_utf8_length((const unsigned char *)text.at + i, text.n - i);
        append(to, length ? text.at + i : "\xEF\xBF\xBD", length ? (size_t)length : 3);
        i += length ? (size_t)length : 1;
    }
}

static assay_status step(const assay_change *s, const assay_normalizer *charsmap, assay_span text, growing *to,
                         assay_why *why)
{
    static void (*const simple[])(const assay_change *, assay_span, growing *) = {
        [ASSAY_CHANGE_PREPEND] = prepend, [ASSAY_CHANGE_REPLACE] = replace, [ASSAY_CHANGE_RUNS] = replace_runs,
        [ASSAY_CHANGE_CHARSMAP] = NULL,   [ASSAY_CHANGE_STRIP] = strip,     [ASSAY_CHANGE_COMPOSE] = NULL,
    };
    if (s->kind == ASSAY_CHANGE_COMPOSE) {
        free(to->at);
        to->at = NULL; /* assay_compose() makes another */
        return assay_compose(text.at, text.n, &to->at, &to->n, why);
    }
    if (s->kind == ASSAY_CHANGE_CHARSMAP)
        map(charsmap, text, to);
    else
        simple[s->kind](s, text, to);
    return ASSAY_OK;
}

static growing room_for(size_t n)
{
    return (growing){ malloc(n + n / 2 + 64), 0, n + n / 2 + 64 };
}

assay_status assay_rewrite_text(const assay_rewrite *r, const assay_normalizer *charsmap, const char *text, size_t n,
                                char **out, size_t *n_out, assay_why *why)
{
    growing have = room_for(n);
    assay_status s = ASSAY_OK;
    repair((assay_span){ text, n }, &have);
    for (int i = 0; i < r->n && have.at && !s; i++) {
        growing next = room_for(have.n);
        if (next.at)
            s = step(&r->step[i], charsmap, (assay_span){ have.at, have.n }, &next, why);
        free(have.at);
        have = next;
    }
    if (!s && !have.at)
        s = assay_fail(why, ASSAY_ERR_NOMEM, "no memory to normalize %zu bytes of text", n);
    *out = have.at;
    *n_out = have.n;
    return s;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

typedef struct cutting {
    const assay_rewrite *r;
    assay_piece word;
    void *ctx;
    assay_why *why;
    char *room; /* for a part, and U+2581 in front */
} cutting;

/* A part without the white space that cuts: U+2581 or blanks for it, one in front, and cut before each. */
static assay_status cut_part(const cutting *c, const char *text, size_t n, bool first)
{
    const assay_rewrite *r = c->r;
    const bool begins = n >= BLOCK && !memcmp(text, lower_block, BLOCK);
    const bool prefix = r->blanks && (r->prefix_always || (r->prefix && first));
    size_t made = 0, begin = 0;
    assay_status s = ASSAY_OK;
    if (!n)
        return ASSAY_OK;
    if (prefix && !begins && *text != ' ')
        c->room[made++] = ' ';
    made += assay_print_piece((assay_span){ text, n }, c->room + made);
    for (size_t i = 1; i <= made && !s; i++)
        if (i == made || (r->split && c->room[i] == ' ')) {
            s = c->word(c->ctx, c->room + begin, i - begin, c->why);
            begin = i;
        }
    return s;
}

assay_status assay_rewrite_words(const assay_rewrite *r, const char *text, size_t n, bool first, assay_piece word,
                                 void *ctx, assay_why *why)
{
    const unsigned char *bytes = (const unsigned char *)text;
    const cutting c = { r, word, ctx, why, malloc(n + 1) };
    size_t begin = 0;
    assay_status s = c.room ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "no memory to cut %zu bytes of text", n);
    for (size_t i = 0, length; r->words && i < n && !s; i += length) {
        length = (size_t)assay_utf8_length(bytes + i, n - i);
        if (assay_utf8_white(assay_utf8_code(bytes + i, (int)length))) {
            s = cut_part(&c, text + begin, i - begin, first && !begin);
            begin = i + length;
        }
    }
    if (!s)
        s = cut_part(&c, text + begin, n - begin, first && !begin);
    free(c.room);
    return s;
}
