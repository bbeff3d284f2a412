/* SPDX-License-Identifier: MIT */
#include "marks.h"
#include "../core/status.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool is_marked(const assay_tokenizer *t, int32_t id)
{
    return t->type[id] == ASSAY_TOKEN_CONTROL || t->type[id] == ASSAY_TOKEN_USER || t->type[id] == ASSAY_TOKEN_UNKNOWN;
}

static int how_of(const assay_vocab *v, int32_t id)
{
    return v->mark ? v->mark[id] : 0;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* What a token is looked for by: of a tokenizer.json its content, which the text is but for words of the model. */
static assay_span key_of(const assay_vocab *v, const assay_tokenizer *t, int32_t id)
{
    const bool word = v->added && t->kind == &assay_kind_words && t->type[id] == ASSAY_TOKEN_NORMAL;
    return word ? (assay_span){ t->bytes[id].at + 1, t->bytes[id].n - 1 } : v->added ? v->text[id] : t->bytes[id];
}

/* A tree of the tokens with these bits among NORMALIZED, of user-defined ones alone if so; text: what each is looked
 * for by; NULL: key_of(). */
static assay_status make_tree(const assay_vocab *v, const assay_tokenizer *t, const assay_span *text, bool users,
                              int normalized, assay_tree *tree, assay_why *why)
{
    assay_status s = ASSAY_OK;
    for (int fill = 0; fill < 2 && !s; fill++) {
        size_t bytes = 0;
        for (int32_t id = 0; id < t->n; id++) {
            if (!(v->added ? how_of(v, id) & ASSAY_MARK_ADDED : is_marked(t, id)) ||
                (users && t->type[id] != ASSAY_TOKEN_USER) || (how_of(v, id) & ASSAY_MARK_NORMALIZED) != normalized)
                continue;
            const assay_span key = text ? text[id] : key_of(v, t, id);
            bytes += key.n;
            if (fill)
                assay_tree_add(tree, key, id);
        }
        if (!bytes)
            return ASSAY_OK;
        if (!fill)
            s = assay_tree_make(tree, bytes, v->label, why);
    }
    return s;
}

/* What the normalizer makes of the texts of tokens that are looked for in normalized text. */
static assay_status make_normalized(const assay_vocab *v, const assay_tokenizer *t, assay_marks *m, assay_why *why)
{
    const size_t n = (size_t)t->n;
    assay_span *text = calloc(n, sizeof *text);
    char **own = calloc(n, sizeof *own);
    assay_status s =
        text && own ? ASSAY_OK : assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", v->label, n);
    for (size_t i = 0; i < n && !s; i++) {
        if (!(how_of(v, (int32_t)i) & ASSAY_MARK_NORMALIZED))
            continue;
        text[i] = v->text[i];
        if (t->kind->normalize)
            s = t->kind->normalize(t, text[i].at, text[i].n, true, &own[i], &text[i].n, why);
        text[i].at = own[i] ? own[i] : text[i].at;
    }
    if (!s)
        s = make_tree(v, t, text, false, ASSAY_MARK_NORMALIZED, &m->normalized, why);
    for (size_t i = 0; own && i < n; i++)
        free(own[i]);
    free(own);
    free(text);
    return s;
}

assay_status assay_marks_make(const assay_vocab *v, assay_tokenizer *t, assay_why *why)
{
    assay_marks *m = t->marks = calloc(1, sizeof *m);
    if (m && v->mark && (m->how = malloc((size_t)t->n)))
        memcpy(m->how, v->mark, (size_t)t->n);
    if (!m || (v->mark && !m->how))
        return assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for marks of %d tokens", v->label, (int)t->n);
    assay_status s = make_tree(v, t, NULL, false, 0, &m->all, why);
    if (!s)
        s = make_tree(v, t, NULL, true, 0, &m->users, why);
    if (!s && v->mark)
        s = make_normalized(v, t, m, why);
    return s;
}

void assay_marks_free(assay_marks *m)
{
    if (m) {
        assay_tree_free(&m->all);
        assay_tree_free(&m->users);
        assay_tree_free(&m->normalized);
        free(m->how);
    }
    free(m);
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* The longest key that begins text; *size: its bytes.  -1: none does. */
static int32_t longest(const assay_tree *tree, const char *text, size_t n, size_t *size)
{
    int32_t found = -1, node = 0;
    for (size_t i = 0; tree->edge && i < n; i++) {
        node = assay_tree_step(tree, node, (uint8_t)text[i]);
        if (!node)
            break;
        if (tree->value[node] >= 0) {
            found = tree->value[node];
            *size = i + 1;
        }
    }
    return found;
}

int32_t assay_marks_special(const assay_tokenizer *t, const char *text, size_t n, bool control)
{
    size_t size;
    return longest(control ? &t->marks->all : &t->marks->users, text, n, &size);
}

size_t assay_marks_kept(const assay_tokenizer *t, const char *text, size_t n)
{
    const assay_tree *tree = &t->marks->users;
    size_t kept = 0;
    int32_t node = 0;
    for (size_t i = 0; tree->edge && i < n && text[i] != ' ';) {
        const bool blank = n - i >= 3 && !memcmp(text + i, "\xE2\x96\x81", 3);
        node = assay_tree_step(tree, node, blank ? ' ' : (uint8_t)text[i]);
        if (!node)
            break;
        i += blank ? 3 : 1;
        kept = tree->value[node] >= 0 ? i : kept;
    }
    return kept;
}

/* ---- added tokens ------------------------------------------------------------------------------------------------ */

/* As \w of Rust's regex: Alphabetic (the category So has letters in circles), marks, decimal digits, connectors and
 * joiners. */
static bool is_word(unsigned code)
{
    const utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)code);
    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_NL) || c == UTF8PROC_CATEGORY_PC || code == 0x200C ||
           code == 0x200D || (code >= 0x24B6 && code <= 0x24E9) || (code >= 0x1F130 && code <= 0x1F149) ||
           (code >= 0x1F150 && code <= 0x1F169) || (code >= 0x1F170 && code <= 0x1F189);
}

/* The character that begins text, or ends it; *length 0: there is none, or it is no UTF-8. */
static unsigned at_begin(const char *text, size_t n, size_t *length)
{
    *length = n ? (size_t)assay_utf8_length((const unsigned char *)text, n) : 0;
    return *length ? assay_utf8_code((const unsigned char *)text, (int)*length) : 0;
}

static unsigned at_end(const char *text, size_t n, size_t *length)
{
    for (size_t k = 1; k <= 4 && k <= n; k++) {
        const unsigned code = at_begin(text + n - k, k, length);
        if (*length == k)
            return code;
    }
    *length = 0;
    return 0;
}

/* A token begins at begin and ends at *end: whether it counts, and how far it reaches for white space; not before done.
 */
static bool reach(const assay_tokenizer *t, int32_t id, const char *text, size_t n, size_t done, size_t *begin,
                  size_t *end)
{
    const int how = t->marks->how ? t->marks->how[id] : 0;
    size_t length;
    if (how & ASSAY_MARK_WORD) {
        unsigned code = at_end(text, *begin, &length);
        if (length && is_word(code))
            return false;
        code = at_begin(text + *end, n - *end, &length);
        if (length && is_word(code))
            return false;
    }
    while (how & ASSAY_MARK_LEFT && *begin > done && assay_utf8_white(at_end(text, *begin, &length)) && length)
        *begin -= length;
    while (how & ASSAY_MARK_RIGHT && assay_utf8_white(at_begin(text + *end, n - *end, &length)) && length)
        *end += length;
    return true;
}

assay_status assay_marks_encode(assay_encoding *e, const assay_tree *tree, const char *text, size_t n, bool first,
                                bool special, assay_between part, assay_why *why)
{
    const assay_tokenizer *t = e->t;
    assay_status s = ASSAY_OK;
    size_t done = 0; /* a token may have reached beyond where the next is looked for, which then stands in it */
    for (size_t at = 0, size; at < n && !s;) {
        const int32_t id = longest(tree, text + at, n - at, &size);
        size_t begin = at, end = at + size;
        at += id < 0 ? 1 : size;
        if (id < 0 || (!special && (t->type[id] == ASSAY_TOKEN_CONTROL || t->type[id] == ASSAY_TOKEN_UNKNOWN)) ||
            !reach(t, id, text, n, done, &begin, &end))
            continue;
        if (done < begin)
            s = part(e, text + done, begin - done, first && !done, special, why);
        if (!s)
            s = assay_encode_id(e, id, why);
        done = end;
    }
    if (!s && done < n)
        s = part(e, text + done, n - done, first && !done, special, why);
    return s;
}
