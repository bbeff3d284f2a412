/* SPDX-License-Identifier: MIT
 * How a tokenizer.json of pieces changes a text and cuts it: as T5, XLM-R, Llama 1 and 2, Mistral and Gemma have it.
 * What is known is a list of steps (rewrite.h). */
#include "../core/status.h"
#include "vocab_json.h"
#include <stdlib.h>
#include <string.h>

static const char lower_block[] = "\xE2\x96\x81";

/* ---- the normalizer ---------------------------------------------------------------------------------------------- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Base64 to bytes; out has room for 3/4 of the text.  0: it is none. */
static size_t decode(const char *text, char *out)
{
    size_t n = 0, length = strlen(text);
    unsigned held = 0;
    int bits = 0;
    if (length % 4)
        return 0;
    while (length && text[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++) {
        const int digit = digit_of(text[i]);
        if (digit < 0)
            return 0;
        held = (held << 6 | (unsigned)digit) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (char)(held >> bits & 0xff);
        }
    }
    return n;
}

static assay_status read_charsmap(const assay_vocab_reading *r, const cJSON *j, assay_change *step)
{
    const char *text = cJSON_GetStringValue(assay_vocab_member(j, "precompiled_charsmap"));
    assay_vocab *v = r->v;
    if (v->own_charsmap)
        return assay_vocab_refuse(r, "normalizer", j, "one Precompiled is known");
    v->own_charsmap = text ? malloc(strlen(text) + 1) : NULL;
    if (text && !v->own_charsmap)
        return assay_fail(r->why, ASSAY_ERR_NOMEM, "%s: no memory for a charsmap", r->label);
    const size_t n = text ? decode(text, v->own_charsmap) : 0;
    if (!n)
        return assay_vocab_refuse(r, "normalizer", j, "its charsmap is no base64");
    v->charsmap = (assay_span){ v->own_charsmap, n };
    step->kind = ASSAY_CHANGE_CHARSMAP;
    return ASSAY_OK;
}

/* A text of at most 15 bytes; false: it is none. */
static bool take(char to[ASSAY_CHANGE_TEXT], const cJSON *j)
{
    const char *text = cJSON_GetStringValue(j);
    const bool fits = text && strlen(text) < ASSAY_CHANGE_TEXT;
    if (fits)
        strcpy(to, text);
    return fits;
}

static assay_status read_replace(const assay_vocab_reading *r, const cJSON *j, assay_change *step)
{
    const cJSON *pattern = assay_vocab_member(j, "pattern");
    const char *regex = cJSON_GetStringValue(assay_vocab_member(pattern, "Regex"));
    const bool runs = regex && !strcmp(regex, " {2,}");
    step->kind = runs ? ASSAY_CHANGE_RUNS : ASSAY_CHANGE_REPLACE;
    if (!take(step->to, assay_vocab_member(j, "content")) ||
        (!runs && (!take(step->from, assay_vocab_member(pattern, "String")) || !*step->from)))
        return assay_vocab_refuse(r, "normalizer", j,
                                  "Replace of a text of at most 15 bytes, and of the Regex ' {2,}', are known");
    return ASSAY_OK;
}

static assay_status read_step(const assay_vocab_reading *r, const cJSON *j, int depth)
{
    const char *type = assay_vocab_type(j);
    const cJSON *all = assay_vocab_member(j, "normalizers");
    assay_rewrite *w = &r->v->rewrite;
    assay_status s = ASSAY_OK;
    if (assay_vocab_null(j))
        return ASSAY_OK;
    if (!strcmp(type, "Sequence") && cJSON_IsArray(all) && depth < 4) {
        for (const cJSON *x = all->child; x && !s; x = x->next)
            s = read_step(r, x, depth + 1);
        return s;
    }
    if (w->n == ASSAY_CHANGES)
        return assay_vocab_refuse(r, "normalizer", j, "more than 8 steps are not read");
    assay_change *step = &w->step[w->n++];
    if (!strcmp(type, "Precompiled"))
        return read_charsmap(r, j, step);
    if (!strcmp(type, "Replace"))
        return read_replace(r, j, step);
    if (!strcmp(type, "Prepend") && take(step->to, assay_vocab_member(j, "prepend")))
        step->kind = ASSAY_CHANGE_PREPEND;
    else if (!strcmp(type, "Strip")) {
        step->kind = ASSAY_CHANGE_STRIP;
        step->left = cJSON_IsTrue(assay_vocab_member(j, "strip_left"));
        step->right = cJSON_IsTrue(assay_vocab_member(j, "strip_right"));
    } else if (!strcmp(type, "NFC"))
        step->kind = ASSAY_CHANGE_COMPOSE;
    else
        return assay_vocab_refuse(r, "normalizer", j,
                                  "of pieces Prepend, Replace, Precompiled, Strip and NFC are known");
    return ASSAY_OK;
}

/* ---- the pre-tokenizer ------------------------------------------------------------------------------------------- */

static assay_status read_metaspace(const assay_vocab_reading *r, const cJSON *j)
{
    const char *block = cJSON_GetStringValue(assay_vocab_member(j, "replacement")),
               *scheme = cJSON_GetStringValue(assay_vocab_member(j, "prepend_scheme"));
    const cJSON *add = assay_vocab_member(j, "add_prefix_space"), *split = assay_vocab_member(j, "split");
    assay_rewrite *w = &r->v->rewrite;
    scheme = scheme ? scheme : cJSON_IsFalse(add) ? "never" : "always";
    const bool never = !strcmp(scheme, "never"), first = !strcmp(scheme, "first"), always = !strcmp(scheme, "always");
    if (!block || strcmp(block, lower_block) != 0 || !(never || first || always) || (cJSON_IsFalse(add) && !never))
        return assay_vocab_refuse(r, "pre_tokenizer", j,
                                  "Metaspace that writes U+2581, with prepend_scheme always, first or never, is known");
    w->blanks = true;
    w->prefix = !never;
    w->prefix_always = always;
    w->split = !cJSON_IsFalse(split);
    return ASSAY_OK;
}

/* {"type":"Split","pattern":{"String":" "},...}, which has nothing to cut where blanks were replaced before. */
static bool is_idle(const assay_rewrite *w, const cJSON *j)
{
    const char *at = cJSON_GetStringValue(assay_vocab_member(assay_vocab_member(j, "pattern"), "String"));
    bool replaced = false;
    for (int i = 0; i < w->n; i++) {
        const assay_change *s = &w->step[i];
        replaced = s->kind == ASSAY_CHANGE_REPLACE && !strcmp(s->from, " ")
                       ? !strchr(s->to, ' ')
                       : replaced && !strchr(s->to, ' ') && s->kind != ASSAY_CHANGE_CHARSMAP;
    }
    return replaced && (assay_vocab_null(j) || (!strcmp(assay_vocab_type(j), "Split") && at && !strcmp(at, " ") &&
                                                !cJSON_IsTrue(assay_vocab_member(j, "invert"))));
}

static assay_status read_pre(const assay_vocab_reading *r, const cJSON *j, bool alone)
{
    const char *type = assay_vocab_type(j);
    const cJSON *all = assay_vocab_member(j, "pretokenizers");
    assay_rewrite *w = &r->v->rewrite;
    assay_status s = ASSAY_OK;
    if (!strcmp(type, "Metaspace") && !w->blanks)
        return read_metaspace(r, j);
    if (!strcmp(type, "WhitespaceSplit") && !w->blanks && !alone) {
        w->words = true;
        return ASSAY_OK;
    }
    if (alone && is_idle(w, j))
        return ASSAY_OK;
    if (!alone || strcmp(type, "Sequence") != 0 || !cJSON_IsArray(all))
        return assay_vocab_refuse(r, "pre_tokenizer", j,
                                  "those of byte-level BPE are known, and of pieces Metaspace, WhitespaceSplit before "
                                  "it, or none where the normalizer replaces blanks");
    for (const cJSON *x = all->child; x && !s; x = x->next)
        s = read_pre(r, x, false);
    if (!s && !w->blanks)
        s = assay_vocab_refuse(r, "pre_tokenizer", j, "of pieces Metaspace is the last");
    return s;
}

assay_status assay_vocab_json_pieces(const assay_vocab_reading *r)
{
    assay_vocab *v = r->v;
    v->rewrite.on = true;
    assay_status s = read_step(r, assay_vocab_member(r->root, "normalizer"), 0);
    if (!s)
        s = read_pre(r, assay_vocab_member(r->root, "pre_tokenizer"), true);
    v->space_prefix = v->rewrite.prefix;
    for (int i = 0; i < v->rewrite.n; i++)
        v->space_prefix = v->space_prefix || (v->rewrite.step[i].kind == ASSAY_CHANGE_PREPEND &&
                                              !strcmp(v->rewrite.step[i].to, lower_block));
    return s;
}
