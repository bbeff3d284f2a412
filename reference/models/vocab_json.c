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
            return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: an added token without content or id", r->label);
        most = id > most ? id : most;
        *bytes += strlen(text) + 1;
    }
    if (most < 0)
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: a vocabulary of 0 tokens", r->label);
    if (most > 4 * (cJSON_GetArraySize(vocab) + 1024))
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: an id of %d in a vocabulary of %d tokens", r->label, (int)most,
                          cJSON_GetArraySize(vocab));
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
    for (const cJSON *x = vocab->child; x; x = x->next) {
        id_in(x, &id);
        if (v->text[id].at)
            return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: '%.60s' and '%.60s' have the id %d both", r->label,
                              v->text[id].at, x->string, (int)id);
        own = put(v, id, x->string, ASSAY_TOKEN_NORMAL, own);
    }
    for (const cJSON *x = added ? added->child : NULL; x; x = x->next) {
        if (cJSON_IsTrue(assay_vocab_member(x, "lstrip")) || cJSON_IsTrue(assay_vocab_member(x, "rstrip")) ||
            cJSON_IsTrue(assay_vocab_member(x, "single_word")))
            return assay_vocab_refuse(r, "added token", x,
                                      "one that takes blanks with it, or is a word alone, is not read");
        id_in(assay_vocab_member(x, "id"), &id);
        own = put(v, id, cJSON_GetStringValue(assay_vocab_member(x, "content")),
                  cJSON_IsTrue(assay_vocab_member(x, "special")) ? ASSAY_TOKEN_CONTROL : ASSAY_TOKEN_USER, own);
    }
    return ASSAY_OK;
}

/* ---- what stands before and behind a text -------------------------------------------------------------------------
 */

static int32_t id_of_text(const assay_vocab *v, const char *text)
{
    int32_t id = v->n - 1;
    while (id >= 0 && !(text && assay_span_is(v->text[id], text)))
        id--;
    return id;
}

static assay_status read_template(const assay_vocab_reading *r, const cJSON *j)
{
    const cJSON *single = assay_vocab_member(j, "single");
    bool text = false;
    for (const cJSON *x = single ? single->child : NULL; x; x = x->next) {
        const cJSON *token = assay_vocab_member(x, "SpecialToken");
        const int role = text ? ASSAY_NAMED_EOS : ASSAY_NAMED_BOS;
        const int32_t id = id_of_text(r->v, cJSON_GetStringValue(assay_vocab_member(token, "id")));
        if (!token && !text) {
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
        const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(assay_vocab_member(j, ends[i].key), 0));
        const int32_t id = id_of_text(r->v, text);
        if (id < 0)
            return assay_vocab_refuse(r, "post_processor", j, "its tokens are not in the vocabulary");
        r->v->named[ends[i].role] = id;
    }
    r->v->add_bos = r->v->add_eos = 1;
    return ASSAY_OK;
}

/* What no token stands for: only WordPiece needs it named. */
static assay_status read_unknown(const assay_vocab_reading *r)
{
    const char *text = cJSON_GetStringValue(assay_vocab_member(r->model, "unk_token"));
    r->v->named[ASSAY_NAMED_UNKNOWN] = text ? id_of_text(r->v, text) : -1;
    return ASSAY_OK;
}

static assay_status read_frame(const assay_vocab_reading *r, const cJSON *j)
{
    const char *type = assay_vocab_type(j);
    assay_status s = ASSAY_OK;
    if (assay_vocab_null(j) || !strcmp(type, "ByteLevel")) /* of offsets */
        return ASSAY_OK;
    if (!strcmp(type, "TemplateProcessing"))
        return read_template(r, j);
    if (!strcmp(type, "BertProcessing"))
        return read_bert(r, j);
    if (strcmp(type, "Sequence") != 0)
        return assay_vocab_refuse(r, "post_processor", j, "TemplateProcessing, BertProcessing and ByteLevel are known");
    const cJSON *all = assay_vocab_member(j, "processors");
    for (const cJSON *x = all ? all->child : NULL; x && !s; x = x->next)
        s = read_frame(r, x);
    return s;
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
    else if (!vocab)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: no tokenizer.json: it has no model.vocab", label);
    if (!s)
        s = assay_vocab_json_kind(&r);
    if (!s && !cJSON_IsObject(vocab))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: model.vocab is no object of tokens and ids", label);
    if (!s)
        s = read_tokens(&r, vocab);
    if (!s)
        s = read_unknown(&r);
    if (!s)
        s = read_frame(&r, assay_vocab_member(root, "post_processor"));
    cJSON_Delete(root);
    if (s)
        assay_vocab_free(v);
    return s;
}
