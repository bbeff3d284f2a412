/* SPDX-License-Identifier: MIT */
#include "prompt.h"
#include "../core/status.h"
#include "encoding.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3))) note(assay_prompt *p, const char *format, ...)
{
    size_t at = strlen(p->note);
    va_list args;
    if (at)
        at += (size_t)snprintf(p->note + at, sizeof p->note - at, "; ");
    va_start(args, format);
    if (at < sizeof p->note)
        vsnprintf(p->note + at, sizeof p->note - at, format, args);
    va_end(args);
}

void assay_prompt_take(const assay_encoding *e, assay_prompt *p)
{
    *p = (assay_prompt){ .id = e->ids, .n = e->n };
    if (e->left_out)
        note(p, "%zu byte%s of the text ha%s no token and %s left out (the first is 0x%02x)", e->left_out,
             e->left_out == 1 ? "" : "s", e->left_out == 1 ? "s" : "ve", e->left_out == 1 ? "was" : "were",
             e->first_left_out);
}

assay_status assay_prompt_make(const assay_tokenizer *t, const char *text, size_t n, bool special, assay_prompt *p,
                               assay_why *why)
{
    assay_encoding e = { .t = t };
    *p = (assay_prompt){ 0 };
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < t->before && !s; i++)
        s = assay_encode_id(&e, t->frame[i], why);
    if (!s)
        s = assay_encode_text(&e, text, n, special, why);
    for (size_t i = 0; i < t->behind && !s; i++)
        s = assay_encode_id(&e, t->frame[t->before + i], why);
    if (!s && !e.ids && !(e.ids = calloc(1, sizeof *e.ids)))
        s = assay_fail(why, ASSAY_ERR_NOMEM, "no memory for ids");
    if (s) {
        free(e.ids);
        return s;
    }
    assay_prompt_take(&e, p);
    const bool words = t->kind == &assay_kind_words;
    for (int end = 0; end < 2; end++)
        if (end ? t->lacks_eos : t->lacks_bos)
            note(p, "this kind of tokenizer %s a text with a token that the file does not name (%s): none was added",
                 end ? "ends" : "begins",
                 words && end ? "[SEP]"
                 : words      ? "[CLS]"
                 : end        ? "eos_token_id"
                              : "bos_token_id");
    if (t->add_bos && t->before == 1 && e.n > 1 && e.ids[1] == t->bos)
        note(p, "the text begins with the begin token %" PRId32 " itself, so it stands there twice", t->bos);
    return ASSAY_OK;
}
