/* SPDX-License-Identifier: MIT
 * A vocabulary from a tokenizer.json of Hugging Face's tokenizers.  Each section of the file is one of the forms that
 * are known, or refused by name.  Truncation and padding are for batches: a text is taken whole. */
#include "../core/status.h"
#include "encoding.h"
#include "vocab_json.h"
#include <stdlib.h>
#include <string.h>

const cJSON *assay_vocab_member(const cJSON *j, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(j, key);
}

bool assay_vocab_null(const cJSON *j)
{
    return !j || cJSON_IsNull(j);
}

const char *assay_vocab_type(const cJSON *j)
{
    const char *type = cJSON_GetStringValue(assay_vocab_member(j, "type"));
    return type ? type : "";
}

assay_status assay_vocab_refuse(const assay_vocab_reading *r, const char *section, const cJSON *j, const char *known)
{
    char *text = j ? cJSON_PrintUnformatted(j) : NULL;
    const assay_status s = assay_fail(r->why, ASSAY_UNSUPPORTED, "%s: its %s is %.120s; %s", r->label, section,
                                      text ? text : "not there", known);
    cJSON_free(text);
    return s;
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

static bool id_in(const cJSON *j, int32_t *id)
{
    const double x = cJSON_IsNumber(j) ? j->valuedouble : -1;
    *id = x >= 0 && x < INT32_MAX / 2 ? (int32_t)x : -1;
    return *id >= 0 && *id == x;
}

/* The highest id, and the bytes of all texts. */
static assay_status measure(const assay_vocab_reading *r, const cJSON *vocab, const cJSON *added, size_t *bytes)
{
    int32_t id, most = -1;
    for (const cJSON *x = vocab->child; x; x = x->next) {
        if (!id_in(x, &id))
            return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: token '%.60s' has no id", r->label, x->string);
        most = id > most ? id : most;
        *bytes += strlen(x->string) + 4; /* U+2581 before a word */
    }
    for (const cJSON *x = added ? added->child : NULL; x; x = x->next) {
        const char *text = cJSON_GetStringValue(assay_vocab_member(x, "content"));
        if (!text || !*text || !id_in(assay_vocab_member(x, "id"), &id))
            return assay_fail(r->why, ASSAY_ERR_FORMAT,
                              "%s: an added token without content, or without an id that is a number of 31 bits",
                              r->label);
        most = id > most ? id : most;
        *bytes += strlen(text) + 1;
    }
    if (most < 0)
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: a vocabulary of 0 tokens", r->label);
    const int tokens = cJSON_GetArraySize(vocab) + cJSON_GetArraySize(added);
    if (most / 4 > tokens + 1024)
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: an id of %d in a vocabulary of %d tokens", r->label, (int)most,
                          tokens);
    r->v->n = most + 1;
    return ASSAY_OK;
}

static char *put(assay_vocab *v, int32_t id, const char *text, uint8_t type, char *own)
{
    const bool spelled = v->kind == &assay_kind_words && type == ASSAY_TOKEN_NORMAL;
    const size_t n = strlen(text), room = spelled ? assay_words_spell((assay_span){ text, n }, own) : n;
    if (!spelled)
        memcpy(own, text, n);
    v->text[id] = (assay_span){ own, room };
    v->type[id] = type;
    own[room] = 0;
    return own + room + 1;
}

/* Added tokens are looked for in the text as it is given; what would find them otherwise is refused. */
static assay_status check_added(const assay_vocab_reading *r, const cJSON *vocab, const cJSON *x)
{
    const char *text = cJSON_GetStringValue(assay_vocab_member(x, "content"));
    const cJSON *same = assay_vocab_member(vocab, text);
    const bool changes = r->v->kind == &assay_kind_words || r->v->compose;
    int32_t id, other;
    id_in(assay_vocab_member(x, "id"), &id);
    if (cJSON_IsTrue(assay_vocab_member(x, "lstrip")) || cJSON_IsTrue(assay_vocab_member(x, "rstrip")) ||
        cJSON_IsTrue(assay_vocab_member(x, "single_word")))
        return assay_vocab_refuse(r, "added token", x,
                                  "one that takes blanks with it, or is a word alone, is not read");
    if (changes && cJSON_IsTrue(assay_vocab_member(x, "normalized")))
        return assay_vocab_refuse(r, "added token", x, "one that is looked for in normalized text is not read");
    if (r->v->kind == &assay_kind_words && !cJSON_IsTrue(assay_vocab_member(x, "special")))
        return assay_vocab_refuse(r, "added token", x, "beside words only special ones are read");
    if (same && (!id_in(same, &other) || other != id))
        return assay_vocab_refuse(r, "added token", x, "its id in the vocabulary is another");
    return ASSAY_OK;
}

/* Added tokens stand in the vocabulary, too, or behind it; ids that no token has are empty and unused. */
static assay_status read_tokens(const assay_vocab_reading *r, const cJSON *vocab)
{
    const cJSON *added = assay_vocab_member(r->root, "added_tokens");
    assay_vocab *v = r->v;
    size_t bytes = 0;
    int32_t id;
    assay_status s = measure(r, vocab, added, &bytes);
    if (s)
        return s;
    const size_t n = (size_t)v->n;
    v->text = calloc(n, sizeof *v->text);
    v->type = malloc(n);
    char *own = v->own = malloc(bytes);
    if (!v->text || !v->type || !own)
        return assay_fail(r->why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", r->label, n);
    memset(v->type, ASSAY_TOKEN_UNUSED, n);
    for (size_t i = 0; i < n; i++)
        v->text[i].at = ""; /* an id that no token has */
    for (const cJSON *x = vocab->child; x; x = x->next) {
        id_in(x, &id);
        if (v->text[id].n)
            return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: '%.60s' and '%.60s' have the id %d both", r->label,
                              v->text[id].at, x->string, (int)id);
        own = put(v, id, x->string, ASSAY_TOKEN_NORMAL, own);
    }
    for (const cJSON *x = added ? added->child : NULL; x && !s; x = x->next) {
        s = check_added(r, vocab, x);
        id_in(assay_vocab_member(x, "id"), &id);
        if (!s)
            own = put(v, id, cJSON_GetStringValue(assay_vocab_member(x, "content")),
                      cJSON_IsTrue(assay_vocab_member(x, "special")) ? ASSAY_TOKEN_CONTROL : ASSAY_TOKEN_USER, own);
    }
    return s;
}

/* ---- what stands before and behind a text -------------------------------------------------------------------------
 */

/* The id that a text has in the file, or that a number names; -1: none. */
static int32_t id_of(const assay_vocab_reading *r, const cJSON *text, const cJSON *number)
{
    const char *want = cJSON_GetStringValue(text);
    const cJSON *added = assay_vocab_member(r->root, "added_tokens");
    int32_t id = -1;
    if (number)
        return id_in(number, &id) && id < r->v->n ? id : -1;
    if (want && id_in(assay_vocab_member(assay_vocab_member(r->model, "vocab"), want), &id))
        return id;
    for (const cJSON *x = added ? added->child : NULL; want && x; x = x->next)
        if (!strcmp(cJSON_GetStringValue(assay_vocab_member(x, "content")), want) &&
            id_in(assay_vocab_member(x, "id"), &id))
            return id;
    return -1;
}

/* "single" is a list of {"SpecialToken":{"id":NAME}} and {"Sequence":{"id":"A"}}; special_tokens has the names' ids. */
static assay_status read_template(const assay_vocab_reading *r, const cJSON *j)
{
    const cJSON *single = assay_vocab_member(j, "single"), *named = assay_vocab_member(j, "special_tokens");
    bool text = false;
    for (const cJSON *x = single ? single->child : NULL; x; x = x->next) {
        const cJSON *token = assay_vocab_member(x, "SpecialToken");
        const char *name = cJSON_GetStringValue(assay_vocab_member(token, "id")),
                   *part = cJSON_GetStringValue(assay_vocab_member(assay_vocab_member(x, "Sequence"), "id"));
        const cJSON *ids = name ? assay_vocab_member(assay_vocab_member(named, name), "ids") : NULL;
        const int role = text ? ASSAY_NAMED_EOS : ASSAY_NAMED_BOS;
        const int32_t id = cJSON_GetArraySize(ids) == 1 ? id_of(r, NULL, cJSON_GetArrayItem(ids, 0)) : -1;
        if (part && !strcmp(part, "A") && !text) {
            text = true;
            continue;
        }
        if (id < 0 || r->v->named[role] >= 0)
            return assay_vocab_refuse(r, "post_processor", j, "one token before the text and one behind it are known");
        r->v->named[role] = id;
        *(text ? &r->v->add_eos : &r->v->add_bos) = 1;
    }
    return text ? ASSAY_OK : assay_vocab_refuse(r, "post_processor", j, "it has no text");
}

/* {"type":"BertProcessing","sep":["[SEP]",102],"cls":["[CLS]",101]} */
static assay_status read_bert(const assay_vocab_reading *r, const cJSON *j)
{
    static const struct {
        const char *key;
        int role;
    } ends[] = { { "cls", ASSAY_NAMED_BOS }, { "sep", ASSAY_NAMED_EOS } };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const cJSON *pair = assay_vocab_member(j, ends[i].key), *number = cJSON_GetArrayItem(pair, 1);
        const int32_t id = number ? id_of(r, NULL, number) : -1;
        if (id < 0)
            return assay_vocab_refuse(r, "post_processor", j, "its tokens are not in the vocabulary");
        r->v->named[ends[i].role] = id;
    }
    r->v->add_bos = r->v->add_eos = 1;
    return ASSAY_OK;
}

static assay_status read_frame(const assay_vocab_reading *r, const cJSON *j)
{
    const char *type = assay_vocab_type(j);
    const cJSON *all = assay_vocab_member(j, "processors");
    assay_status s = ASSAY_OK;
    if (assay_vocab_null(j) || !strcmp(type, "ByteLevel")) /* of offsets */
        return ASSAY_OK;
    if (r->v->add_bos || r->v->add_eos)
        return assay_vocab_refuse(r, "post_processor", j, "a second one is not read");
    if (!strcmp(type, "TemplateProcessing"))
        return read_template(r, j);
    if (!strcmp(type, "BertProcessing"))
        return read_bert(r, j);
    if (strcmp(type, "Sequence") != 0 || !cJSON_IsArray(all))
        return assay_vocab_refuse(r, "post_processor", j, "TemplateProcessing, BertProcessing and ByteLevel are known");
    for (const cJSON *x = all->child; x && !s; x = x->next)
        s = read_frame(r, x);
    return s;
}

/* cJSON's texts end at a NUL, so \\u0000 in one would cut it. */
static bool has_nul(const char *bytes, size_t n)
{
    for (size_t i = 0; i + 5 < n; i++) {
        if (bytes[i] != '\\')
            continue;
        if (!memcmp(bytes + i + 1, "u0000", 5))
            return true;
        i++; /* what is escaped */
    }
    return false;
}

assay_status assay_vocab_json(const void *bytes, size_t n, const char *label, assay_vocab *v, assay_why *why)
{
    *v = (assay_vocab){ .label = label };
    memset(v->named, 0xff, sizeof v->named);
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(bytes, n, &end, false);
    const assay_vocab_reading r = { label, root, assay_vocab_member(root, "model"), v, why };
    const cJSON *vocab = assay_vocab_member(r.model, "vocab");
    assay_status s = ASSAY_OK;
    if (!root)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no JSON from byte %zu on", label,
                       end ? (size_t)(end - (const char *)bytes) : 0);
    else if (has_nul(bytes, n))
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: a text with U+0000 is not read", label);
    else if (!vocab)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no tokenizer.json: it has no model.vocab", label);
    if (!s)
        s = assay_vocab_json_kind(&r);
    if (!s && !cJSON_IsObject(vocab))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: model.vocab is no object of tokens and ids", label);
    if (!s)
        s = read_tokens(&r, vocab);
    if (!s)
        v->named[ASSAY_NAMED_UNKNOWN] = id_of(&r, assay_vocab_member(r.model, "unk_token"), NULL);
    if (!s)
        s = read_frame(&r, assay_vocab_member(root, "post_processor"));
    cJSON_Delete(root);
    if (s)
        assay_vocab_free(v);
    return s;
}
