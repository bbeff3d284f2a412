/* SPDX-License-Identifier: MIT
 * The tables: a key, how it is used, its neutral values, and what any other value would ask for. */
#include "keys.h"
#include "../core/status.h"
#include <inttypes.h>
#include <string.h>

typedef enum use {
    READ,     /* by llama.c or vocab_gguf.c, which check its value where it counts */
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

static const rule llama[] = {
    { "embedding_length", READ, { 0 }, "" },
    { "block_count", READ, { 0 }, "" },
    { "context_length", READ, { 0 }, "" },
    { "feed_forward_length", READ, { 0 }, "" },
    { "attention.head_count", READ, { 0 }, "" },
    { "attention.head_count_kv", READ, { 0 }, "" },
    { "attention.key_length", READ, { 0 }, "" },
    { "attention.value_length", READ, { 0 }, "" },
    { "attention.scale", READ, { 0 }, "" },
    { "attention.sliding_window", READ, { 0 }, "" },
    { "attn_logit_softcapping", READ, { 0 }, "" },
    { "attention.layer_norm_rms_epsilon", READ, { 0 }, "" },
    { "rope.dimension_count", READ, { 0 }, "" },
    { "rope.freq_base", READ, { 0 }, "" },
    { "rope.scaling.type", READ, { 0 }, "" },
    { "rope.scaling.factor", READ, { 0 }, "" },
    { "rope.scale_linear", READ, { 0 }, "" },
    { "rope.scaling.original_context_length", READ, { 0 }, "" },
    { "rope.scaling.yarn_beta_fast", READ, { 0 }, "" },
    { "rope.scaling.yarn_beta_slow", READ, { 0 }, "" },
    { "rope.scaling.yarn_ext_factor", READ, { 0 }, "" },
    { "rope.scaling.attn_factor", READ, { 0 }, "" },
    { "vocab_size", HARMLESS, { 0 }, "the rows of the token table count" },
    { "tensor_data_layout", HARMLESS, { 0 }, "where the file came from" },
    { "attention.layer_norm_epsilon", HARMLESS, { 0 }, "no norm of this graph subtracts the mean" },
    { "rope.scaling.finetuned", HARMLESS, { 0 }, "how it was trained" },
    { "rope.scaling.yarn_attn_factor", NEUTRAL, { 1, 1 }, "rotated values are multiplied" },
    { "rope.scaling.yarn_log_multiplier", NEUTRAL, { 0, 0 }, "rotated values are multiplied" },
    { "rope.scaling.alpha", NEUTRAL, { 0, 1 }, "the base of the frequencies changes" },
    { "attention.causal", NEUTRAL, { 1, 1 }, "queries see later keys" },
    { "attention.clamp_kqv", NEUTRAL, { 0, 0 }, "q, k and v are clamped" },
    { "attention.max_alibi_bias", NEUTRAL, { 0, 0 }, "scores get a bias by distance" },
    { "final_logit_softcapping", NEUTRAL, { 0, 0 }, "logits are capped" },
    { "logit_scale", NEUTRAL, { 0, 1 }, "logits are multiplied" },
    { "residual_scale", NEUTRAL, { 0, 1 }, "what a layer adds is multiplied" },
    { "embedding_scale", NEUTRAL, { 0, 1 }, "embeddings are multiplied" },
    { "use_parallel_residual", NEUTRAL, { 0, 0 }, "attention and feed-forward run side by side" },
    { "pooling_type", NEUTRAL, { 0, 0 }, "the output is one vector" },
    { "nextn_predict_layers", NEUTRAL, { 0, 0 }, "the last layers predict further tokens" },
    { "expert_count", NEUTRAL, { 0, 0 }, "the feed-forward net is a choice of experts" },
    { "expert_used_count", NEUTRAL, { 0, 0 }, "the feed-forward net is a choice of experts" },
    { "expert_shared_count", NEUTRAL, { 0, 0 }, "the feed-forward net is a choice of experts" },
};

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

assay_status assay_keys_llama(const assay_gguf *g, assay_why *why)
{
    return check(g, "llama.", llama, sizeof llama / sizeof *llama, READ, why);
}

assay_status assay_keys_tokenizer(const assay_gguf *g, const char *model, assay_why *why)
{
    const use own = !strcmp(model, "gpt2") ? READ : !strcmp(model, "bert") ? WORDS : PIECES;
    return check(g, "tokenizer.", tokenizer, sizeof tokenizer / sizeof *tokenizer, own, why);
}

assay_status assay_keys_whole(const assay_gguf *g, assay_why *why)
{
    int64_t count = 0, no = 0;
    assay_span type = { "model", 5 };
    assay_status s = assay_gguf_int(g, "split.count", false, 0, UINT16_MAX, &count, why);
    if (!s)
        s = assay_gguf_int(g, "split.no", false, 0, UINT16_MAX, &no, why);
    if (!s)
        s = assay_gguf_text(g, "general.type", false, &type, why);
    if (s)
        return s;
    if (count > 1)
        return assay_fail(why, ASSAY_UNSUPPORTED,
                          "%s: this is shard %" PRId64 " of %" PRId64
                          " of a split model, with %zu of its tensors; join the shards into one file first",
                          g->label, no + 1, count, g->n_tensors);
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
