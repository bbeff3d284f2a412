/* SPDX-License-Identifier: MIT
 * What stands before and behind a text: a tokenizer.json's post_processor, for a single text. */
#include "../core/status.h"
#include "vocab_json.h"
#include <stdlib.h>
#include <string.h>

/* Room for n ids more; what stands there is the frame so far. */
static assay_status grow(const assay_vocab_reading *r, size_t n)
{
    assay_vocab *v = r->v;
    int32_t *more = realloc(v->frame, (v->before + v->behind + n + 1) * sizeof *more);
    if (!more)
        return assay_fail(r->why, ASSAY_ERR_NOMEM, "%s: no memory for a frame of %zu ids", r->label, n);
    v->frame = more;
    return ASSAY_OK;
}

/* The ids of a named token, a list. */
static assay_status read_ids(const assay_vocab_reading *r, const cJSON *j, const cJSON *ids, bool behind)
{
    assay_vocab *v = r->v;
    const size_t n = (size_t)cJSON_GetArraySize(ids);
    const assay_status s = grow(r, n);
    if (!s && (!cJSON_IsArray(ids) || !n))
        return assay_vocab_refuse(r, "post_processor", j, "a token of it has no ids");
    for (const cJSON *x = ids->child; x && !s; x = x->next) {
        int32_t id;
        if (!assay_vocab_id(x, &id) || id >= v->n)
            return assay_vocab_refuse(r, "post_processor", j, "an id of it is no token's");
        v->frame[v->before + v->behind] = id;
        ++*(behind ? &v->behind : &v->before);
    }
    return s;
}

/* "single" is a list of {"SpecialToken":{"id":NAME}} and one {"Sequence":{"id":"A"}}; special_tokens has the names'
 * ids. */
static assay_status read_template(const assay_vocab_reading *r, const cJSON *j)
{
    const cJSON *single = assay_vocab_member(j, "single"), *named = assay_vocab_member(j, "special_tokens");
    bool text = false;
    assay_status s = ASSAY_OK;
    for (const cJSON *x = single ? single->child : NULL; x && !s; x = x->next) {
        const char *name = cJSON_GetStringValue(assay_vocab_member(assay_vocab_member(x, "SpecialToken"), "id")),
                   *part = cJSON_GetStringValue(assay_vocab_member(assay_vocab_member(x, "Sequence"), "id"));
        const cJSON *ids = name ? assay_vocab_member(assay_vocab_member(named, name), "ids") : NULL;
        if (name && ids)
            s = read_ids(r, j, ids, text);
        else if (name || !part || strcmp(part, "A") != 0 || text)
            return assay_vocab_refuse(r, "post_processor", j, "named tokens, and the text once, are known");
        else
            text = true;
    }
    return s || text ? s : assay_vocab_refuse(r, "post_processor", j, "it has no text");
}

/* {"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]}, and RobertaProcessing, whose other members are
 * about places in the text. */
static assay_status read_pair(const assay_vocab_reading *r, const cJSON *j)
{
    static const char *const keys[] = { "cls", "sep" };
    assay_status s = grow(r, 2);
    for (int i = 0; i < 2 && !s; i++) {
        int32_t id;
        if (!assay_vocab_id(cJSON_GetArrayItem(assay_vocab_member(j, keys[i]), 1), &id) || id >= r->v->n)
            return assay_vocab_refuse(r, "post_processor", j, "its tokens are not in the vocabulary");
        r->v->frame[i] = id;
    }
    r->v->before = r->v->behind = s ? 0 : 1;
    return s;
}

static assay_status read_section(const assay_vocab_reading *r, const cJSON *j, int depth)
{
    const char *type = assay_vocab_type(j);
    const cJSON *all = assay_vocab_member(j, "processors");
    assay_status s = ASSAY_OK;
    if (assay_vocab_null(j) || !strcmp(type, "ByteLevel")) /* of places in the text */
        return ASSAY_OK;
    if (!strcmp(type, "Sequence") && cJSON_IsArray(all) && depth < 4) {
        for (const cJSON *x = all->child; x && !s; x = x->next)
            s = read_section(r, x, depth + 1);
        return s;
    }
    if (r->v->frame)
        return assay_vocab_refuse(r, "post_processor", j, "a second one is not read");
    if (!strcmp(type, "TemplateProcessing"))
        return read_template(r, j);
    if (!strcmp(type, "BertProcessing") || !strcmp(type, "RobertaProcessing"))
        return read_pair(r, j);
    return assay_vocab_refuse(r, "post_processor", j,
                              "TemplateProcessing, BertProcessing, RobertaProcessing and ByteLevel are known");
}

assay_status assay_vocab_json_frame(const assay_vocab_reading *r)
{
    assay_vocab *v = r->v;
    const assay_status s = read_section(r, assay_vocab_member(r->root, "post_processor"), 0);
    if (s)
        return s;
    v->add_bos = v->before > 0;
    v->add_eos = v->behind > 0;
    v->named[ASSAY_NAMED_BOS] = v->before ? v->frame[0] : -1;
    v->named[ASSAY_NAMED_EOS] = v->behind ? v->frame[v->before + v->behind - 1] : -1;
    return ASSAY_OK;
}
