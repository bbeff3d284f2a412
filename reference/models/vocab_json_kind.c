/* SPDX-License-Identifier: MIT
 * How a tokenizer.json cuts and changes a text, by its kind of model. */
#include "../core/status.h"
#include "encoding.h"
#include "pretokenize.h"
#include "vocab_json.h"
#include <stdlib.h>
#include <string.h>

/* ---- byte-level BPE ---------------------------------------------------------------------------------------------- */

typedef struct cuts { /* expressions, each of which cuts every part of the one before */
    assay_span expression[ASSAY_PRETOKENIZER_STEPS];
    int n;
    bool bytes; /* then nothing more */
} cuts;

/* A part of the section as an expression: all parts isolated, what lies between them stays. */
static assay_status read_cut(const assay_vocab_reading *r, const cJSON *j, cuts *c, int depth)
{
    const char *type = assay_vocab_type(j), *expression = NULL,
               *behavior = cJSON_GetStringValue(assay_vocab_member(j, "behavior"));
    const cJSON *all = assay_vocab_member(j, "pretokenizers");
    assay_status s = ASSAY_OK;
    if (!strcmp(type, "Sequence") && cJSON_IsArray(all) && depth < 4) {
        for (const cJSON *x = all->child; x && !s; x = x->next)
            s = read_cut(r, x, c, depth + 1);
        return s;
    }
    if (!strcmp(type, "Split") && behavior && !strcmp(behavior, "Isolated") &&
        !cJSON_IsTrue(assay_vocab_member(j, "invert")))
        expression = cJSON_GetStringValue(assay_vocab_member(assay_vocab_member(j, "pattern"), "Regex"));
    else if (!strcmp(type, "Digits"))
        expression = cJSON_IsTrue(assay_vocab_member(j, "individual_digits")) ? "\\p{N}" : "\\p{N}+";
    else if (!strcmp(type, "ByteLevel") && cJSON_IsFalse(assay_vocab_member(j, "add_prefix_space")))
        expression =
            cJSON_IsFalse(assay_vocab_member(j, "use_regex")) ? "" : assay_pretokenizer_gpt2; /* older ones lack it */
    if (!expression || c->bytes || (*expression && c->n == ASSAY_PRETOKENIZER_STEPS))
        return assay_vocab_refuse(r, "pre_tokenizer", j,
                                  "before bytes Split by isolated expressions, Digits, and last ByteLevel without a "
                                  "blank in front are known");
    c->bytes = !strcmp(type, "ByteLevel");
    if (*expression)
        c->expression[c->n++] = (assay_span){ expression, strlen(expression) };
    return ASSAY_OK;
}

static assay_status read_pretokenizer(const assay_vocab_reading *r)
{
    const cJSON *section = assay_vocab_member(r->root, "pre_tokenizer");
    cuts c = { .n = 0 };
    const assay_status s = read_cut(r, section, &c, 0);
    if (s)
        return s;
    r->v->pre = assay_pretokenizer_find(c.expression, c.n);
    if (!r->v->pre.n || !c.bytes)
        return assay_vocab_refuse(r, "pre_tokenizer", section,
                                  "its expressions are none of those that docs/tokenizers.md lists");
    return ASSAY_OK;
}

/* "a b", or ["a", "b"] since 2024. */
static assay_status read_merges(const assay_vocab_reading *r)
{
    const cJSON *merges = assay_vocab_member(r->model, "merges");
    assay_vocab *v = r->v;
    size_t bytes = 0, n = 0;
    if (!cJSON_IsArray(merges))
        return assay_vocab_refuse(r, "list of merges", merges, "a list was expected");
    for (const cJSON *x = merges->child; x; x = x->next, n++) {
        const char *a = cJSON_GetStringValue(cJSON_IsArray(x) ? cJSON_GetArrayItem(x, 0) : x),
                   *b = cJSON_IsArray(x) ? cJSON_GetStringValue(cJSON_GetArrayItem(x, 1)) : "";
        if (!a || !b || cJSON_GetArraySize(x) > 2)
            return assay_vocab_refuse(r, "merge", x, "two texts were expected");
        bytes += strlen(a) + strlen(b) + 2;
    }
    v->merge = calloc(n + 1, sizeof *v->merge);
    char *own = v->own_merges = malloc(bytes + 1);
    if (!v->merge || !own)
        return assay_fail(r->why, ASSAY_ERR_NOMEM, "%s: no memory for %zu merges", r->label, n);
    for (const cJSON *x = merges->child; x; x = x->next) {
        const char *a = cJSON_GetStringValue(cJSON_IsArray(x) ? cJSON_GetArrayItem(x, 0) : x),
                   *b = cJSON_IsArray(x) ? cJSON_GetStringValue(cJSON_GetArrayItem(x, 1)) : NULL;
        const size_t before = strlen(a), behind = b ? strlen(b) + 1 : 0;
        memcpy(own, a, before);
        if (b) {
            own[before] = ' ';
            memcpy(own + before + 1, b, behind - 1);
        }
        v->merge[v->n_merges++] = (assay_span){ own, before + behind };
        own += before + behind;
    }
    return ASSAY_OK;
}

/* Whether a pre-tokenizer writes bytes. */
static bool has_bytes(const cJSON *j, int depth)
{
    const cJSON *all = assay_vocab_member(j, "pretokenizers");
    bool has = !strcmp(assay_vocab_type(j), "ByteLevel");
    for (const cJSON *x = all && depth < 4 ? all->child : NULL; x && !has; x = x->next)
        has = has_bytes(x, depth + 1);
    return has;
}

static assay_status read_bpe(const assay_vocab_reading *r)
{
    static const char *const absent[] = { "dropout", "continuing_subword_prefix", "end_of_word_suffix",
                                          "byte_fallback" };
    const cJSON *normalizer = assay_vocab_member(r->root, "normalizer");
    const bool bytes = has_bytes(assay_vocab_member(r->root, "pre_tokenizer"), 0);
    r->v->kind = bytes ? &assay_kind_bytes : &assay_kind_characters;
    r->v->ignore_merges = cJSON_IsTrue(assay_vocab_member(r->model, "ignore_merges"));
    r->v->fuse_unknown = cJSON_IsTrue(assay_vocab_member(r->model, "fuse_unk"));
    for (size_t i = 0; i < sizeof absent / sizeof *absent - !bytes; i++) {
        const cJSON *x = assay_vocab_member(r->model, absent[i]);
        const char *text = cJSON_GetStringValue(x);
        if (!assay_vocab_null(x) && !cJSON_IsFalse(x) && !(text && !*text) &&
            !(cJSON_IsNumber(x) && x->valuedouble == 0))
            return assay_vocab_refuse(r, absent[i], x, bytes ? "byte-level BPE has none" : "none is known");
    }
    r->v->compose = bytes && !strcmp(assay_vocab_type(normalizer), "NFC");
    if (bytes && !assay_vocab_null(normalizer) && !r->v->compose)
        return assay_vocab_refuse(r, "normalizer", normalizer, "of byte-level BPE none and NFC are known");
    const assay_status s = bytes ? read_pretokenizer(r) : assay_vocab_json_pieces(r);
    return s ? s : read_merges(r);
}

/* ---- unigram ----------------------------------------------------------------------------------------------------- */

static assay_status read_unigram(const assay_vocab_reading *r)
{
    static const char *const absent[] = { "alpha", "nbest_size" };
    r->v->kind = &assay_kind_unigram;
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        if (!assay_vocab_null(assay_vocab_member(r->model, absent[i])))
            return assay_vocab_refuse(r, absent[i], assay_vocab_member(r->model, absent[i]), "no sampling is known");
    return assay_vocab_json_pieces(r);
}

assay_status assay_vocab_json_unknown(const assay_vocab_reading *r)
{
    const cJSON *number = assay_vocab_member(r->model, "unk_id");
    const char *text = cJSON_GetStringValue(assay_vocab_member(r->model, "unk_token"));
    int32_t id = -1;
    if (r->v->kind == &assay_kind_unigram && !assay_vocab_null(number)) {
        if (!assay_vocab_id(number, &id) || (size_t)id >= r->names->model)
            return assay_vocab_refuse(r, "unk_id", number, "it is no piece's");
    } else if (r->v->kind != &assay_kind_unigram && text && *text)
        id = assay_vocab_named(r, text);
    if (text && *text && id < 0 && r->v->kind == &assay_kind_characters)
        return assay_vocab_refuse(r, "unk_token", assay_vocab_member(r->model, "unk_token"), "no token is that");
    r->v->named[ASSAY_NAMED_UNKNOWN] = id;
    return ASSAY_OK;
}

/* ---- WordPiece --------------------------------------------------------------------------------------------------- */

static assay_status read_words(const assay_vocab_reading *r)
{
    const cJSON *normalizer = assay_vocab_member(r->root, "normalizer"),
                *pre = assay_vocab_member(r->root, "pre_tokenizer"),
                *prefix = assay_vocab_member(r->model, "continuing_subword_prefix"),
                *most = assay_vocab_member(r->model, "max_input_chars_per_word"),
                *accents = assay_vocab_member(normalizer, "strip_accents"),
                *lower = assay_vocab_member(normalizer, "lowercase");
    if (strcmp(assay_vocab_type(normalizer), "BertNormalizer") != 0 ||
        !cJSON_IsTrue(assay_vocab_member(normalizer, "clean_text")) ||
        !cJSON_IsTrue(assay_vocab_member(normalizer, "handle_chinese_chars")))
        return assay_vocab_refuse(r, "normalizer", normalizer,
                                  "BertNormalizer that cleans and sets ideographs apart is known");
    if (strcmp(assay_vocab_type(pre), "BertPreTokenizer") != 0)
        return assay_vocab_refuse(r, "pre_tokenizer", pre, "BertPreTokenizer is known");
    if (!cJSON_IsString(prefix) || strcmp(prefix->valuestring, "##") != 0)
        return assay_vocab_refuse(r, "continuing_subword_prefix", prefix, "## is known");
    if (!cJSON_IsNumber(most) || most->valuedouble != 100)
        return assay_vocab_refuse(r, "max_input_chars_per_word", most, "100 is known");
    if (!cJSON_IsBool(lower) || !(assay_vocab_null(accents) || cJSON_IsBool(accents)))
        return assay_vocab_refuse(r, "normalizer", normalizer,
                                  "lowercase is true or false, strip_accents may be null, too");
    r->v->lower = cJSON_IsTrue(lower);
    r->v->strip_accents = assay_vocab_null(accents) ? r->v->lower : cJSON_IsTrue(accents);
    return ASSAY_OK;
}

assay_status assay_vocab_json_kind(const assay_vocab_reading *r)
{
    const char *type = assay_vocab_type(r->model); /* BPE's was left out once */
    if (!strcmp(type, "BPE") || (!*type && assay_vocab_member(r->model, "merges")))
        return read_bpe(r);
    if (!strcmp(type, "Unigram"))
        return read_unigram(r);
    if (!strcmp(type, "WordPiece")) {
        r->v->kind = &assay_kind_words;
        return read_words(r);
    }
    return assay_vocab_refuse(r, "model's type", assay_vocab_member(r->model, "type"),
                              "BPE, Unigram and WordPiece are known");
}
