/* SPDX-License-Identifier: MIT
 * Gemma 1, 2, 3: x = sqrt(d) E[id]; LLaMA's layers with gelu_tanh and norms by 1 + w (GGUF holds 1 + w); the head is
 * the token table.  2 norms what each half adds, too, caps scores and logits, and every second layer sees a window.  3
 * has no caps, norms each head of q and k, and five of six layers see a window and turn by a base of their own
 * (transformers modeling_gemma.py, modeling_gemma2.py, modeling_gemma3.py). */
#include "decoder.h"
#include "../core/status.h"
#include <math.h>
#include <string.h>

static const assay_tensor_name names[] = {
    { "blk.#.post_attention_norm", "model.layers.#.post_attention_layernorm", ASSAY_FORM_SAME },
    { "blk.#.ffn_norm", "model.layers.#.pre_feedforward_layernorm", ASSAY_FORM_SAME },
    { "blk.#.post_ffw_norm", "model.layers.#.post_feedforward_layernorm", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_key_rule keys[] = {
    { "cache_implementation", true, { 0, 0 }, "how another program computes it" },
    { "use_bidirectional_attention", false, { 0, 0 }, "queries see later keys" },
    { 0 },
};

/* What the three have in common.  Old files of the first say gelu, and mean tanh's. */
static assay_status common(assay_model *m, assay_decoder *d, assay_why *why)
{
    bool bias = false;
    const bool may_be_old = !strcmp(m->family->name, "gemma");
    assay_span act = { "gelu_pytorch_tanh", 17 }, old = act;
    d->s.half = true, d->s.net = ASSAY_NET_GEGLU_TANH, d->s.eps = 1e-6;
    d->s.plus_one = m->hf;
    if (m->hf)
        d->s.D = 256;
    assay_status s = assay_decoder_read(m, d, why);
    d->embed_scale = sqrt((double)d->s.d);
    if (!s)
        s = assay_model_truth(m, "attention_bias", &bias, why);
    d->s.bias = bias ? ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V | ASSAY_BIAS_O : 0u;
    if (!s)
        s = assay_model_text(m, "hidden_activation", &act, why);
    if (!s)
        s = assay_model_text(m, "hidden_act", &old, why);
    if (!s && !assay_span_is(act, "gelu_pytorch_tanh"))
        s = assay_activation_unknown(m, act, "gelu_pytorch_tanh", why);
    if (!s && !assay_span_is(old, "gelu_pytorch_tanh") && !(may_be_old && assay_span_is(old, "gelu")))
        s = assay_activation_unknown(m, old, "gelu_pytorch_tanh", why);
    return s;
}

static assay_status first(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .one_turn = true } };
    assay_status s = common(m, &d, why);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

/* Scores by what config.json says; GGUF has no key for it, and of the largest model, known by its layers, it is another
 * (llama.cpp's gemma2.cpp and gemma3.cpp).  Windows in all layers but every period-th. */
static assay_status scores_and_windows(assay_model *m, assay_decoder *d, int64_t largest, int64_t period,
                                       assay_why *why)
{
    double by = d->s.layers == largest && !m->hf ? floor((double)d->s.d / (double)d->s.H) : (double)d->s.D;
    bool by_list;
    assay_status s = assay_model_real(m, "query_pre_attn_scalar", m->hf, 1e-6, 1e6, &by, why);
    if (!s && d->s.scale == 0)
        d->s.scale = 1 / sqrt(by);
    if (!s)
        s = assay_model_int(m, "attention.sliding_window_pattern|sliding_window_pattern|_sliding_window_pattern", false,
                            1, ASSAY_MOST_LAYERS, &period, why);
    if (!s)
        s = assay_layers_read(m, &d->s, &by_list, why);
    for (int64_t i = 0; !s && !by_list && i < d->s.layers; i++)
        d->s.local[i] = (i + 1) % period != 0;
    for (int64_t i = 0; !s && i < d->s.layers && d->s.window == 0; i++)
        if (d->s.local[i])
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: no sliding_window is given, and layer %d sees one", m->label,
                              (int)i);
    return s;
}

static assay_status second(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .place = ASSAY_NORM_AROUND, .one_turn = true, .window = 4096 } };
    d.s.cap = m->hf ? 0 : 50, d.logit_cap = m->hf ? 0 : 30;
    assay_status s = common(m, &d, why);
    if (!s)
        s = assay_model_real(m, "attn_logit_softcapping", m->hf, 1e-6, 1e6, &d.s.cap, why);
    if (!s)
        s = assay_model_real(m, "final_logit_softcapping", m->hf, 1e-6, 1e6, &d.logit_cap, why);
    if (!s)
        s = scores_and_windows(m, &d, 46, 2, why);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static assay_status third(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .place = ASSAY_NORM_AROUND, .head_norm = true, .turn = { { .base = 1e6 } } } };
    double base = 1e4;
    assay_status s = common(m, &d, why);
    if (!s)
        s = assay_model_real(m, "rope.freq_base_swa|rope_local_base_freq", false, 1, 1e12, &base, why);
    d.s.turn[1] = (assay_turn){ .rotary = d.s.turn[0].rotary, .base = base };
    if (!s)
        s = assay_model_real(m, "final_logit_softcapping", false, 1e-6, 1e6, &d.logit_cap, why);
    if (!s)
        s = scores_and_windows(m, &d, 62, 6, why);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

#define SIZES                                                                                                          \
    "vocab_size=352", "embedding_length=96", "block_count=3", "attention.head_count=6", "attention.head_count_kv=2",   \
        "attention.key_length=32", "attention.value_length=32", "feed_forward_length=160", "context_length=2048"
static const char *const small[] = { SIZES, NULL };
static const char *const windowed[] = { SIZES, "attention.sliding_window=16", NULL };
const assay_family assay_family_gemma = {
    .name = "gemma",
    .says = "Gemma: norms by 1 + w, embeddings times the root of their length",
    .arch = { "gemma" },
    .rope_of_gguf = "half",
    .names = assay_llama_names,
    .keys = keys,
    .graph = first,
    .sizes = small,
};
const assay_family assay_family_gemma2 = {
    .name = "gemma2",
    .says = "Gemma 2: capped scores and logits, windows in every second layer",
    .arch = { "gemma2" },
    .rope_of_gguf = "half",
    .names = names,
    .also = assay_llama_names,
    .keys = keys,
    .graph = second,
    .sizes = windowed,
};
const assay_family assay_family_gemma3 = {
    .name = "gemma3",
    .says = "Gemma 3, text: windows in five of six layers, with a rope of their own",
    .arch = { "gemma3", "gemma3_text" },
    .rope_of_gguf = "half",
    .names = names,
    .also = assay_llama_names,
    .keys = keys,
    .graph = third,
    .sizes = windowed,
};
