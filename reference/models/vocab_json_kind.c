/* SPDX-License-Identifier: MIT
 * How a tokenizer.json cuts and changes a text, by its kind of model. */
#include "../core/status.h"
#include "encoding.h"
#include "pretokenize.h"
#include "vocab_json.h"
#include <stdlib.h>
#include <string.h>

/* ---- byte-level BPE ---------------------------------------------------------------------------------------------- */

/* In what is compared with a known form: what changes no id, and what older files leave out. */
static void settle(cJSON *j)
{
    cJSON_DeleteItemFromObjectCaseSensitive(j, "trim_offsets");
    if (cJSON_IsObject(j) && !strcmp(assay_vocab_type(j), "ByteLevel") && !assay_vocab_member(j, "use_regex"))
        cJSON_AddBoolToObject(j, "use_regex", true);
    for (cJSON *x = j->child; x; x = x->next)
        settle(x);
}

#define BYTES(regex) "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":" regex "}"
#define SPLIT(regex)                                                                                                   \
    "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"" regex "\"},\"behavior\":\"Isolated\",\"invert\":false}"
#define LLAMA3(digits)                                                                                                 \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|" digits                                     \
    "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
static const struct {
    const char *name, *form; /* pretokenize.h's name; the section */
} pretokenizers[] = {
    { "gpt-2", BYTES("true") },
    { "smollm", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\",\"individual_digits\":true}," BYTES(
                    "true") "]}" },
    { "llama-bpe",
      "{\"type\":\"Sequence\",\"pretokenizers\":[" SPLIT(LLAMA3("\\\\p{N}{1,3}")) "," BYTES("false") "]}" },
    { "qwen2", "{\"type\":\"Sequence\",\"pretokenizers\":[" SPLIT(LLAMA3("\\\\p{N}")) "," BYTES("false") "]}" },
};

static assay_status read_pretokenizer(const assay_vocab_reading *r)
{
    const cJSON *section = assay_vocab_member(r->root, "pre_tokenizer");
    cJSON *ours = cJSON_Duplicate(section, true);
    const bool whole = cJSON_IsTrue(assay_vocab_member(r->model, "ignore_merges"));
    assay_pretokenizer p;
    if (ours)
        settle(ours);
    for (size_t i = 0; i < sizeof pretokenizers / sizeof *pretokenizers && ours && !r->v->pre.n; i++) {
        cJSON *known = cJSON_Parse(pretokenizers[i].form);
        if (cJSON_Compare(known, ours, true))
            r->v->pre = (assay_span){ pretokenizers[i].name, strlen(pretokenizers[i].name) };
        cJSON_Delete(known);
    }
    cJSON_Delete(ours);
    if (!r->v->pre.n)
        return assay_vocab_refuse(r, "pre_tokenizer", section, "those of GPT-2, SmolLM, Llama 3 and Qwen2 are known");
    assay_status s = assay_pretokenizer_make(r->v->pre, r->label, &p, r->why);
    if (!s && p.ignore_merges != whole)
        s = assay_fail(r->why, ASSAY_UNSUPPORTED, "%s: ignore_merges is %s, other than that of its pre_tokenizer, %s",
                       r->label, whole ? "true" : "false", p.name);
    assay_pretokenizer_free(&p);
    return s;
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

static assay_status read_bpe(const assay_vocab_reading *r)
{
    static const char *const absent[] = { "dropout", "continuing_subword_prefix", "end_of_word_suffix",
                                          "byte_fallback" };
    const cJSON *normalizer = assay_vocab_member(r->root, "normalizer");
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        const cJSON *x = assay_vocab_member(r->model, absent[i]);
        const char *text = cJSON_GetStringValue(x);
        if (!assay_vocab_null(x) && !cJSON_IsFalse(x) && !(text && !*text) &&
            !(cJSON_IsNumber(x) && x->valuedouble == 0))
            return assay_vocab_refuse(r, absent[i], x,
                                      "byte-level BPE has none (SentencePiece's: its tokenizer.model is read)");
    }
    r->v->compose = !strcmp(assay_vocab_type(normalizer), "NFC");
    if (!assay_vocab_null(normalizer) && !r->v->compose)
        return assay_vocab_refuse(r, "normalizer", normalizer, "of byte-level BPE none and NFC are known");
    assay_status s = read_pretokenizer(r);
    return s ? s : read_merges(r);
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
    if (!strcmp(type, "BPE") || (!*type && assay_vocab_member(r->model, "merges"))) {
        r->v->kind = &assay_kind_bytes;
        return read_bpe(r);
    }
    if (!strcmp(type, "WordPiece")) {
        r->v->kind = &assay_kind_words;
        return read_words(r);
    }
    return assay_vocab_refuse(r, "model's type", assay_vocab_member(r->model, "type"),
                              "BPE of bytes and WordPiece are known (SentencePiece's: its tokenizer.model is read)");
}
