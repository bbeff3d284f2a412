/* SPDX-License-Identifier: MIT
 * Templates are programs (Jinja); those that are known are known by a hash of their text, without the system's text
 * that some of them hold, and what they do is a row of data. */
#include "chat.h"
#include "../core/status.h"
#include "encoding.h"
#include "utf8.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

typedef struct form {
    const char *name;
    const char *open, *close, *stop; /* before a role; the token behind it, NULL: none; behind what is said */
    const char *between, *behind;    /* text between the role and what is said; behind stop */
    bool trims, bos; /* blanks around what is said go; the text begins with bos, whatever the file says */
} form;

static const form chatml = { "ChatML", "<|im_start|>", NULL, "<|im_end|>", "\n", "\n", false, false };
static const form llama3 = {
    "Llama 3", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "\n\n", "", true, true
};

static const struct {
    uint64_t hash;
    const form *form;
} known[] = {
    { 0x0d6850922b3e41b2, &chatml }, /* SmolLM2, Qwen2: with a system's text */
    { 0xa04f41d813a07b13, &chatml }, /* without */
    { 0x9799ad6e2dea0594, &llama3 },
    { 0xb97891b7adc1beb8, &llama3 }, /* which always begins an answer */
};

/* The template's text with line ends for \n, without what it says as the system, which becomes *system. */
static char *plain(assay_span source, assay_span *system)
{
    static const char before[] = "'<|im_start|>system\n";
    char *text = malloc(source.n + 1), *to = text;
    for (size_t i = 0; text && i < source.n; i++) {
        const bool end = source.at[i] == '\\' && i + 1 < source.n && source.at[i + 1] == 'n';
        *to++ = end ? '\n' : source.at[i] ? source.at[i] : ' ';
        i += end;
    }
    *system = (assay_span){ 0 };
    if (!text)
        return NULL;
    *to = 0;
    char *at = strstr(text, before), *end = at ? strstr(at, "<|im_end|>") : NULL;
    if (!end)
        return text;
    at += sizeof before - 1;
    const size_t n = (size_t)(end - at), rest = strlen(end);
    char *said = malloc(n + 1); /* the text goes behind the template's rest */
    if (said) {
        memcpy(said, at, n);
        memmove(at, end, rest + 1);
        memcpy(at + rest + 1, said, n);
        *system = (assay_span){ at + rest + 1, n };
    }
    free(said);
    return text;
}

static const form *find(const char *text)
{
    const uint64_t hash = XXH3_64bits(text, strlen(text));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].hash == hash)
            return known[i].form;
    return NULL;
}

typedef struct writing { /* text is collected between special tokens: that is how it is cut */
    assay_encoding e;
    const form *form;
    char *text;
    size_t n;
    assay_why *why;
} writing;

static void put(writing *w, const char *text, size_t n)
{
    memcpy(w->text + w->n, text, n);
    w->n += n;
}

/* What was collected, then the special token. */
static assay_status put_token(writing *w, const char *token)
{
    const size_t n = strlen(token);
    const int32_t id = assay_marks_special(w->e.t, token, n, true);
    assay_status s = assay_encode_text(&w->e, w->text, w->n, false, w->why);
    w->n = 0;
    if (!s && (id < 0 || w->e.t->bytes[id].n != n))
        s = assay_fail(w->why, ASSAY_ERR_FORMAT, "the template is %s, but no token is %s", w->form->name, token);
    return s ? s : assay_encode_id(&w->e, id, w->why);
}

static assay_status head(writing *w, const char *role)
{
    assay_status s = put_token(w, w->form->open);
    put(w, role, strlen(role));
    if (!s && w->form->close)
        s = put_token(w, w->form->close);
    put(w, w->form->between, strlen(w->form->between));
    return s;
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

static assay_status turn(writing *w, const char *role, assay_span said)
{
    assay_status s = head(w, role);
    if (w->form->trims)
        said = trimmed(said);
    put(w, said.at, said.n);
    if (!s)
        s = put_token(w, w->form->stop);
    put(w, w->form->behind, strlen(w->form->behind));
    return s;
}

static assay_status write_all(writing *w, assay_span system, const char *text)
{
    const assay_tokenizer *t = w->e.t;
    assay_status s = ASSAY_OK;
    if (w->form->bos && t->bos < 0)
        s = assay_fail(w->why, ASSAY_ERR_FORMAT, "the template is %s, but no token begins a text", w->form->name);
    else if (w->form->bos || t->add_bos)
        s = assay_encode_id(&w->e, t->bos, w->why);
    if (!s && system.at)
        s = turn(w, "system", system);
    if (!s)
        s = turn(w, "user", (assay_span){ text, strlen(text) });
    if (!s)
        s = head(w, "assistant");
    return s ? s : assay_encode_text(&w->e, w->text, w->n, false, w->why);
}

assay_status assay_chat_prompt(const char *label, const char *source, const assay_tokenizer *t, const char *system,
                               const char *text, assay_prompt *p, assay_why *why)
{
    assay_status s = ASSAY_OK;
    assay_span said;
    *p = (assay_prompt){ 0 };
    char *template = plain((assay_span){ source, strlen(source) }, &said);
    writing w = { .e = { .t = t }, .form = template ? find(template) : NULL, .why = why };
    if (system)
        said = (assay_span){ system, strlen(system) };
    w.text = malloc(said.n + strlen(text) + 64);
    if (!template || !w.text)
        s = assay_fail(why, ASSAY_ERR_NOMEM, "%s: no memory for a template of %zu bytes", label, strlen(source));
    else if (!w.form)
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "%s: its chat_template is not known (ChatML as SmolLM2 and Qwen2 have it, and Llama 3's, are): "
                       "%.100s%s",
                       label, template, strlen(template) > 100 ? "..." : "");
    if (!s)
        s = write_all(&w, said, text);
    free(template);
    free(w.text);
    if (s)
        free(w.e.ids);
    else
        assay_prompt_take(&w.e, p);
    return s;
}
