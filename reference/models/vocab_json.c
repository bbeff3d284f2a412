/* SPDX-License-Identifier: MIT
 * A vocabulary from a tokenizer.json of Hugging Face's tokenizers.  Each section of the file is one of the forms that
 * are known, or refused by name.  Truncation and padding are for batches: a text is taken whole. */
#include "../core/status.h"
#include "encoding.h"
#include "vocab_json.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

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

bool assay_vocab_id(const cJSON *j, int32_t *id)
{
    const double x = cJSON_IsNumber(j) ? j->valuedouble : -1;
    *id = x >= 0 && x < INT32_MAX / 2 ? (int32_t)x : -1;
    return *id >= 0 && *id == x;
}

/* A token of the model: of {"token": id, ...}, or of [["piece", score], ...], whose place is its id. */
typedef struct token {
    const char *text;
    int32_t id;
    double score;
} token;

static assay_status read_token(const assay_vocab_reading *r, const cJSON *x, int32_t place, token *to)
{
    const bool piece = cJSON_IsArray(x);
    const cJSON *score = piece ? cJSON_GetArrayItem(x, 1) : NULL;
    *to = (token){ piece ? cJSON_GetStringValue(cJSON_GetArrayItem(x, 0)) : x->string, place, 0 };
    if (piece && (!to->text || !cJSON_IsNumber(score) || cJSON_GetArraySize(x) != 2))
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: piece %d is no text with a score", r->label, (int)place);
    if (piece)
        to->score = score->valuedouble;
    else if (!to->text || !assay_vocab_id(x, &to->id))
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: token '%.60s' has no id", r->label, to->text ? to->text : "");
    return ASSAY_OK;
}

static size_t *slot_of(const assay_vocab_names *names, const char *text)
{
    size_t i = (size_t)XXH3_64bits(text, strlen(text)) & names->mask;
    while (names->slot[i] && strcmp(names->text[names->slot[i] - 1], text) != 0)
        i = (i + 1) & names->mask;
    return &names->slot[i];
}

int32_t assay_vocab_named(const assay_vocab_reading *r, const char *text)
{
    const assay_vocab_names *names = r->names;
    const size_t at = names->slot ? *slot_of(names, text) : 0;
    return at ? names->id[at - 1] : -1;
}

/* All tokens by their text, the model's first, then the added ones; the highest id, and the bytes of all texts. */
static assay_status read_names(const assay_vocab_reading *r, const cJSON *vocab, const cJSON *added, size_t *bytes)
{
    assay_vocab_names *names = r->names;
    const size_t tokens = (size_t)cJSON_GetArraySize(vocab) + (size_t)cJSON_GetArraySize(added);
    size_t slots = 16;
    int32_t most = -1, id;
    while (slots < 2 * tokens)
        slots *= 2;
    names->mask = slots - 1;
    names->slot = calloc(slots, sizeof *names->slot);
    names->text = calloc(tokens + 1, sizeof *names->text);
    names->id = calloc(tokens + 1, sizeof *names->id);
    if (!names->slot || !names->text || !names->id)
        return assay_fail(r->why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", r->label, tokens);
    token t;
    for (const cJSON *x = vocab->child; x; x = x->next) {
        const assay_status s = read_token(r, x, (int32_t)names->n, &t);
        if (s)
            return s;
        names->text[names->n] = t.text;
        names->id[names->n++] = t.id;
        *bytes += strlen(t.text) + 4; /* U+2581 before a word */
    }
    names->model = names->n;
    for (const cJSON *x = added ? added->child : NULL; x; x = x->next) {
        const char *text = cJSON_GetStringValue(assay_vocab_member(x, "content"));
        if (!text || !*text || !assay_vocab_id(assay_vocab_member(x, "id"), &id))
            return assay_fail(r->why, ASSAY_ERR_FORMAT,
                              "%s: an added token without content, or without an id that is a number of 31 bits",
                              r->label);
        names->text[names->n] = text;
        names->id[names->n++] = id;
        *bytes += strlen(text) + 1;
    }
    for (size_t i = 0; i < names->n; i++) {
        size_t *slot = slot_of(names, names->text[i]);
        most = names->id[i] > most ? names->id[i] : most;
        if (*slot && names->id[*slot - 1] != names->id[i])
            return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: '%.60s' has the id %d, and another, %d", r->label,
                              names->text[i], (int)names->id[*slot - 1], (int)names->id[i]);
        *slot = *slot ? *slot : i + 1;
    }
    if (most < 0)
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: a vocabulary of 0 tokens", r->label);
    if ((size_t)most / 4 > tokens + 1024)
        return assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: an id of %d in a vocabulary of %zu tokens", r->label,
                          (int)most, tokens);
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

/* Of pieces: a byte's token, the unknown one, and those with a blank, which a changed text has none of. */
static uint8_t type_of(const assay_vocab_reading *r, const token *t, uint8_t *mark)
{
    const char *hex = "0123456789ABCDEF";
    const bool byte = strlen(t->text) == 6 && !strncmp(t->text, "<0x", 3) && strchr(hex, t->text[3]) &&
                      strchr(hex, t->text[4]) && t->text[5] == '>';
    if (!r->v->rewrite.on)
        return ASSAY_TOKEN_NORMAL;
    if (strchr(t->text, ' '))
        *mark |= ASSAY_MARK_OUTSIDE;
    if (t->id == r->v->named[ASSAY_NAMED_UNKNOWN])
        return ASSAY_TOKEN_UNKNOWN;
    return byte && cJSON_IsTrue(assay_vocab_member(r->model, "byte_fallback")) ? ASSAY_TOKEN_BYTE : ASSAY_TOKEN_NORMAL;
}

/* An added token, which may stand in the vocabulary, too. */
static assay_status read_added(const assay_vocab_reading *r, const cJSON *x, char **own)
{
    static const struct {
        const char *key;
        uint8_t mark;
    } hows[] = { { "lstrip", ASSAY_MARK_LEFT },
                 { "rstrip", ASSAY_MARK_RIGHT },
                 { "single_word", ASSAY_MARK_WORD },
                 { "normalized", ASSAY_MARK_NORMALIZED } };
    assay_vocab *v = r->v;
    const bool words = v->kind == &assay_kind_words, special = cJSON_IsTrue(assay_vocab_member(x, "special"));
    int32_t id;
    assay_vocab_id(assay_vocab_member(x, "id"), &id);
    if (words && cJSON_IsTrue(assay_vocab_member(x, "normalized")))
        return assay_vocab_refuse(r, "added token", x,
                                  "beside words one that is looked for in normalized text is not read");
    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++)
        if (cJSON_IsTrue(assay_vocab_member(x, hows[i].key)))
            v->mark[id] |= hows[i].mark;
    const char *content = cJSON_GetStringValue(assay_vocab_member(x, "content"));
    const bool known = v->text[id].n;
    v->mark[id] |= ASSAY_MARK_ADDED | (known ? 0 : ASSAY_MARK_OUTSIDE);
    if (known && !special && !(words && !strncmp(content, "##", 2)))
        return ASSAY_OK; /* it stays a token of the model, too */
    *own = put(v, id, content, special ? ASSAY_TOKEN_CONTROL : ASSAY_TOKEN_USER, *own);
    return ASSAY_OK;
}

/* Ids that no token has are empty and unused. */
static assay_status read_tokens(const assay_vocab_reading *r, const cJSON *vocab)
{
    const cJSON *added = assay_vocab_member(r->root, "added_tokens");
    assay_vocab *v = r->v;
    size_t bytes = 0;
    assay_status s = read_names(r, vocab, added, &bytes);
    if (!s)
        s = assay_vocab_json_unknown(r);
    if (s)
        return s;
    const size_t n = (size_t)v->n;
    v->text = calloc(n, sizeof *v->text);
    v->type = malloc(n);
    v->mark = calloc(n, 1);
    v->score = cJSON_IsArray(vocab) ? calloc(n, sizeof *v->score) : NULL;
    char *own = v->own = malloc(bytes + 1);
    if (!v->text || !v->type || !own || !v->mark || (cJSON_IsArray(vocab) && !v->score))
        return assay_fail(r->why, ASSAY_ERR_NOMEM, "%s: no memory for %zu tokens", r->label, n);
    memset(v->type, ASSAY_TOKEN_UNUSED, n);
    for (size_t i = 0; i < n; i++)
        v->text[i].at = ""; /* an id that no token has */
    token t;
    int32_t place = 0;
    for (const cJSON *x = vocab->child; x && !s; x = x->next, place++) {
        s = read_token(r, x, place, &t);
        if (!s && v->text[t.id].n)
            s = assay_fail(r->why, ASSAY_ERR_FORMAT, "%s: '%.60s' and '%.60s' have the id %d both", r->label,
                           v->text[t.id].at, t.text, (int)t.id);
        if (s)
            return s;
        own = put(v, t.id, t.text, type_of(r, &t, &v->mark[t.id]), own);
        if (v->score)
            v->score[t.id] = t.score;
    }
    for (const cJSON *x = added ? added->child : NULL; x && !s; x = x->next)
        s = read_added(r, x, &own);
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
    *v = (assay_vocab){ .label = label, .added = true };
    memset(v->named, 0xff, sizeof v->named);
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(bytes, n, &end, false);
    assay_vocab_names names = { 0 };
    const assay_vocab_reading r = { label, root, assay_vocab_member(root, "model"), v, &names, why };
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
    if (!s && !(v->kind == &assay_kind_unigram ? cJSON_IsArray(vocab) : cJSON_IsObject(vocab)))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: model.vocab is no %s", label,
                       v->kind == &assay_kind_unigram ? "list of pieces and scores" : "object of tokens and ids");
    if (!s)
        s = read_tokens(&r, vocab);
    if (!s)
        s = assay_vocab_json_frame(&r);
    cJSON_Delete(root);
    free(names.slot);
    free(names.text);
    free(names.id);
    if (s)
        assay_vocab_free(v);
    return s;
}
