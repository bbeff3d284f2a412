/* SPDX-License-Identifier: MIT
 * Qwen2 and Qwen3: LLaMA's graph, pairs in halves.  Qwen2 has biases of q, k and v; Qwen3 has none, and norms each head
 * of q and k before they turn (transformers modeling_qwen2.py, modeling_qwen3.py). */
#include "decoder.h"
#include <inttypes.h>

/* A window only where it is asked for, and then from layer max_window_layers on. */
static assay_status windows(assay_model *m, assay_stack *s, assay_why *why)
{
    bool uses = false, by_list;
    int64_t full = m->hf ? 28 : 0; /* what transformers takes where no key says it */
    assay_status st = assay_model_truth(m, "use_sliding_window", &uses, why);
    if (!st)
        st = assay_model_int(m, "max_window_layers", false, 0, ASSAY_MOST_LAYERS, &full, why);
    if (!st)
        st = assay_layers_read(m, s, &by_list, why);
    for (int64_t i = 0; !st && i < s->layers && !by_list; i++)
        s->local[i] = (uses || !m->hf) && s->window > 0 && i >= full;
    return st;
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why, assay_decoder d)
{
    bool bias = false;
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_model_truth(m, "attention_bias", &bias, why);
    if (bias)
        d.s.bias |= ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V | ASSAY_BIAS_O;
    if (!s)
        s = windows(m, &d.s, why);
    if (!s)
        s = assay_silu_read(m, why);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static assay_status qwen2(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    const unsigned bias = ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V;
    return graph(m, kv, g, why, (assay_decoder){ .s = { .half = true, .eps = 1e-6, .one_turn = true, .bias = bias } });
}

static assay_status qwen3(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    return graph(m, kv, g, why,
                 (assay_decoder){ .s = { .half = true, .eps = 1e-6, .one_turn = true, .head_norm = true } });
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",       "block_count=3",
                                     "attention.head_count=6",  "attention.head_count_kv=2", "attention.key_length=32",
                                     "feed_forward_length=160", "context_length=2048",       NULL };
const assay_family assay_family_qwen2 = {
    .name = "qwen2",
    .says = "Qwen2, Qwen2.5: biases of q, k and v",
    .arch = { "qwen2" },
    .rope_of_gguf = "half",
    .names = assay_llama_names,
    .graph = qwen2,
    .sizes = small,
};
const assay_family assay_family_qwen3 = {
    .name = "qwen3",
    .says = "Qwen3: each head of q and k is normed",
    .arch = { "qwen3" },
    .rope_of_gguf = "half",
    .names = assay_llama_names,
    .graph = qwen3,
    .sizes = small,
};
