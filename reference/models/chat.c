/* SPDX-License-Identifier: MIT */
#include "chat.h"
#include "../core/status.h"
#include "chat_form.h"
#include "encoding.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

typedef struct writing { /* text is collected between special tokens: that is how it is cut */
    assay_encoding e;
    const assay_chat_form *form;
    char *text;
    size_t n;
    assay_why *why;
} writing;

static void put(writing *w, assay_span text)
{
    memcpy(w->text + w->n, text.at, text.n);
    w->n += text.n;
}

static assay_status flush(writing *w)
{
    const assay_status s = w->n ? assay_encode_text(&w->e, w->text, w->n, false, w->why) : ASSAY_OK;
    w->n = 0;
    return s;
}

/* What was collected, then a token. */
static assay_status put_token(writing *w, int32_t id, const char *what)
{
    assay_status s = flush(w);
    if (!s && id < 0)
        s = assay_fail(w->why, ASSAY_ERR_FORMAT, "the template is %s, but no token %s a text", w->form->name, what);
    return s ? s : assay_encode_id(&w->e, id, w->why);
}

/* What Python's strip() takes away. */
static bool is_blank(unsigned code)
{
    return assay_utf8_white(code) || (code >= 28 && code <= 31);
}

static assay_span trimmed(assay_span text)
{
    const unsigned char *s = (const unsigned char *)text.at;
    size_t begin = text.n, end = 0;
    for (size_t i = 0, length; i < text.n; i += length) {
        const int good = assay_utf8_length(s + i, text.n - i);
        length = good ? (size_t)good : 1;
        if (good && is_blank(assay_utf8_code(s + i, good)))
            continue;
        begin = begin == text.n ? i : begin;
        end = i + length;
    }
    return begin < end ? (assay_span){ text.at + begin, end - begin } : (assay_span){ text.at, 0 };
}

static assay_span span_of(const char *text)
{
    return (assay_span){ text, text ? strlen(text) : 0 };
}

static assay_status put_said(writing *w, char what, assay_span system, const assay_chat_said *said)
{
    const char *date = said->date ? said->date : w->form->date;
    switch (what) {
    case 'b':
        return put_token(w, w->e.t->bos, "begins");
    case 'e':
        return put_token(w, w->e.t->eos, "ends");
    case 's':
    case 'S':
        put(w, what == 's' ? system : trimmed(system));
        return ASSAY_OK;
    case 'd':
        put(w, span_of(date));
        return ASSAY_OK;
    default:
        put(w, what == 'u' ? span_of(said->text) : trimmed(span_of(said->text)));
        return ASSAY_OK;
    }
}

static assay_status write_all(writing *w, assay_span system, const assay_chat_said *said)
{
    const assay_tokenizer *t = w->e.t;
    const char *at = system.at ? w->form->with : w->form->without;
    assay_status s = ASSAY_OK;
    if (t->add_bos && *at != '%')
        s = assay_encode_id(&w->e, t->bos, w->why);
    for (size_t size = 0; *at && !s; at += size) {
        const int32_t id = *at == '%' ? -1 : assay_marks_special(t, at, strlen(at), true);
        size = *at == '%' ? 2 : id >= 0 ? t->bytes[id].n : 1;
        if (*at == '%')
            s = put_said(w, at[1], system, said);
        else if (id >= 0)
            s = put_token(w, id, "");
        else
            put(w, (assay_span){ at, 1 });
    }
    return s ? s : flush(w);
}

/* Whether the tokens are there, and a place for what is said. */
static assay_status check(const writing *w, const char *label, assay_span system, const assay_chat_said *said)
{
    const assay_tokenizer *t = w->e.t;
    const assay_chat_form *form = w->form;
    for (const char *at = form->needs; *at;) {
        const size_t n = strcspn(at, " ");
        const int32_t id = assay_marks_special(t, at, n, true);
        if (id < 0 || t->bytes[id].n != n)
            return assay_fail(w->why, ASSAY_ERR_FORMAT, "%s: the template is %s, but no token is %.*s", label,
                              form->name, (int)n, at);
        at += n + strspn(at + n, " ");
    }
    if (system.at && !form->with)
        return assay_fail(w->why, ASSAY_UNSUPPORTED, "%s: the template is %s, which has no place for a system's text",
                          label, form->name);
    if (!system.at && !form->without)
        return assay_fail(w->why, ASSAY_UNSUPPORTED,
                          "%s: the template is %s, which is not written here: give one (--system)", label, form->name);
    if (said->date && !form->date)
        return assay_fail(w->why, ASSAY_UNSUPPORTED, "%s: the template is %s, which has no place for a date", label,
                          form->name);
    return ASSAY_OK;
}

/* The template's text with line ends for \n, and room behind. */
static char *plain(assay_span source)
{
    char *text = malloc(source.n + 2), *to = text;
    for (size_t i = 0; text && i < source.n; i++) {
        const bool end = source.at[i] == '\\' && i + 1 < source.n && source.at[i + 1] == 'n';
        *to++ = end ? '\n' : source.at[i] ? source.at[i] : ' ';
        i += end;
    }
    if (text)
        *to = 0;
    return text;
}

assay_status assay_chat_prompt(const char *label, const char *source, const assay_tokenizer *t,
                               const assay_chat_said *said, assay_prompt *p, assay_why *why)
{
    assay_span system = { 0 };
    assay_status s = ASSAY_OK;
    *p = (assay_prompt){ 0 };
    char *template = plain(span_of(source));
    writing w = { .e = { .t = t }, .form = template ? assay_chat_find(template, &system) : NULL, .why = why };
    if (said->system)
        system = span_of(said->system);
    if (w.form && w.form->empty_is_none && !system.n)
        system.at = NULL;
    w.text = malloc(system.n + strlen(said->text) + (said->date ? strlen(said->date) : 0) + 512);
    if (!template || !w.text)
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a template of %zu bytes", label, strlen(source));
    else if (!w.form)
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "%s: its chat_template is not known (docs/models.md lists those that are): %.100s%s", label,
                       template, strlen(template) > 100 ? "..." : "");
    if (!s)
        s = check(&w, label, system, said);
    if (!s)
        s = write_all(&w, system, said);
    free(template);
    free(w.text);
    if (s)
        free(w.e.ids);
    else
        assay_prompt_take(&w.e, p);
    return s;
}
