/* SPDX-License-Identifier: MIT
 * The tables: a key, how it is used, its neutral values, and what any other value would ask for. */
#include "keys.h"
#include "../core/status.h"
#include <inttypes.h>
#include <string.h>

typedef enum use {
    READ,     /* by vocab_gguf.c, which check its value where it counts */
    HARMLESS, /* whatever it says, the answer is the same */
    NEUTRAL,  /* the answer is the same with these values, or when it is empty; else refused */
    PIECES,   /* READ where the model is llama or t5, else NEUTRAL */
    WORDS     /* READ where it is bert, else NEUTRAL; add_sep_token: between the two texts of a pair */
} use;

typedef struct rule {
    const char *key; /* without its prefix; a * at the end stands for any rest */
    use use;
    double neutral[2];
    const char *means;
} rule;

static const rule tokenizer[] = {
    { "ggml.model", READ, { 0 }, "" },
    { "ggml.pre", READ, { 0 }, "" },
    { "ggml.tokens", READ, { 0 }, "" },
    { "ggml.token_type", READ, { 0 }, "" },
    { "ggml.merges", READ, { 0 }, "" },
    { "ggml.bos_token_id", READ, { 0 }, "" },
    { "ggml.eos_token_id", READ, { 0 }, "" },
    { "ggml.eot_token_id", READ, { 0 }, "" },
    { "ggml.eom_token_id", READ, { 0 }, "" },
    { "ggml.fim_pad_token_id", READ, { 0 }, "" },
    { "ggml.fim_rep_token_id", READ, { 0 }, "" },
    { "ggml.fim_sep_token_id", READ, { 0 }, "" },
    { "ggml.add_bos_token", READ, { 0 }, "" },
    { "ggml.add_eos_token", READ, { 0 }, "" },
    { "ggml.unknown_token_id", READ, { 0 }, "" }, /* by pieces */
    { "ggml.padding_token_id", HARMLESS, { 0 }, "for batches" },
    { "ggml.seperator_token_id", HARMLESS, { 0 }, "for add_sep_token" }, /* the format spells it so */
    { "ggml.separator_token_id", HARMLESS, { 0 }, "for add_sep_token" },
    { "ggml.cls_token_id", HARMLESS, { 0 }, "for encoders" },
    { "ggml.mask_token_id", HARMLESS, { 0 }, "for encoders" },
    { "ggml.fim_pre_token_id", HARMLESS, { 0 }, "for a prompt of infill" },
    { "ggml.fim_suf_token_id", HARMLESS, { 0 }, "for a prompt of infill" },
    { "ggml.fim_mid_token_id", HARMLESS, { 0 }, "for a prompt of infill" },
    { "ggml.prefix_token_id", HARMLESS, { 0 }, "for a prompt of infill" },
    { "ggml.suffix_token_id", HARMLESS, { 0 }, "for a prompt of infill" },
    { "ggml.middle_token_id", HARMLESS, { 0 }, "for a prompt of infill" },
    { "ggml.scores", READ, { 0 }, "" }, /* by pieces */
    { "ggml.token_type_count", HARMLESS, { 0 }, "for encoders" },
    { "chat_template*", HARMLESS, { 0 }, "for --chat" },
    { "huggingface.json", HARMLESS, { 0 }, "the same tokenizer in another form" },
    { "rwkv.world", HARMLESS, { 0 }, "another tokenizer" },
    { "ggml.add_space_prefix", PIECES, { 0, 0 }, "a text gets a blank in front" },
    { "ggml.add_sep_token", WORDS, { 0, 0 }, "a text gets a separator behind" },
    { "ggml.remove_extra_whitespaces", PIECES, { 0, 0 }, "blanks of a text are taken away" },
    { "ggml.normalizer.lowercase", WORDS, { 0, 0 }, "a text is turned into lower case" },
    { "ggml.normalizer.strip_accents", WORDS, { 0, 0 }, "accents of a text are taken away" },
    { "ggml.precompiled_charsmap", PIECES, { 0, 0 }, "characters of a text are replaced" },
    { "ggml.suppress_tokens", NEUTRAL, { 0, 0 }, "some tokens are never picked" },
};

static bool matches(const rule *r, assay_span key)
{
    const size_t n = strlen(r->key);
    return r->key[n - 1] == '*' ? key.n >= n - 1 && !memcmp(key.at, r->key, n - 1) : assay_span_is(key, r->key);
}

static assay_status refuse(const assay_gguf *g, const assay_gguf_value *v, const rule *r, assay_why *why)
{
    const int shown = v->key.n < 80 ? (int)v->key.n : 80;
    double x = 0;
    char is[64];
    if (!r)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: key '%.*s' is not understood; what it says might change the answer", g->label, shown,
                          v->key.at);
    if (assay_gguf_number(v, &x))
        snprintf(is, sizeof is, "is %.9g", x);
    else
        snprintf(is, sizeof is, "has %" PRIu64 " items", v->count);
    return assay_fail(why, ASSAY_UNSUPPORTED, "%s: key '%.*s' %s: %s, which Assay does not do", g->label, shown,
                      v->key.at, is, r->means);
}

static assay_status check(const assay_gguf *g, const char *prefix, const rule *known, size_t n, use own, assay_why *why)
{
    const size_t skip = strlen(prefix);
    for (size_t i = 0; i < g->n_values; i++) {
        const assay_gguf_value *v = &g->value[i];
        double x;
        if (v->key.n <= skip || memcmp(v->key.at, prefix, skip))
            continue;
        const rule *r = known;
        while (r < known + n && !matches(r, (assay_span){ v->key.at + skip, v->key.n - skip }))
            r++;
        if (r == known + n)
            return refuse(g, v, NULL, why);
        const bool neutral =
            assay_gguf_number(v, &x) ? x == r->neutral[0] || x == r->neutral[1] : v->count == 0; /* NaN is not */
        if (r->use >= NEUTRAL && r->use != own && !neutral)
            return refuse(g, v, r, why);
    }
    return ASSAY_OK;
}

assay_status assay_keys_tokenizer(const assay_gguf *g, const char *model, assay_why *why)
{
    const use own = !strcmp(model, "gpt2") ? READ : !strcmp(model, "bert") ? WORDS : PIECES;
    return check(g, "tokenizer.", tokenizer, sizeof tokenizer / sizeof *tokenizer, own, why);
}

assay_status assay_keys_one(const assay_gguf *g, assay_why *why)
{
    int64_t count = 0, no = 0;
    assay_status s = assay_gguf_int(g, "split.count", false, 0, UINT16_MAX, &count, why);
    if (!s)
        s = assay_gguf_int(g, "split.no", false, 0, UINT16_MAX, &no, why);
    if (!s && count > 1)
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "%s: this is shard %" PRId64 " of %" PRId64
                       " of a split model, with %zu of its tensors; join the shards into one file first",
                       g->label, no + 1, count, g->n_tensors);
    return s ? s : assay_keys_whole(g, why);
}

assay_status assay_keys_whole(const assay_gguf *g, assay_why *why)
{
    assay_span type = { "model", 5 };
    const assay_status s = assay_gguf_text(g, "general.type", false, &type, why);
    if (s)
        return s;
    if (assay_span_is(type, "adapter") || assay_gguf_find(g, "adapter.type"))
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: this is an adapter (LoRA), which changes a model's weights, not a model; "
                          "merge it into its model first",
                          g->label);
    if (!assay_span_is(type, "model"))
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: general.type is '%.*s', not model", g->label,
                          type.n < 40 ? (int)type.n : 40, type.at);
    return ASSAY_OK;
}
