/* SPDX-License-Identifier: MIT
 * GPT-2: x = wte[id] + wpe[position]; x += o(attention(norm x)); x += down(gelu_tanh(up(norm x))); norm; the head is
 * the token table.  All layers have biases, and lie as (in, out) in safetensors (openai/gpt-2 src/model.py,
 * transformers modeling_gpt2.py). */
#include "decoder.h"

#define BOTH(gguf, hf, form)                                                                                           \
    {                                                                                                                  \
        gguf, hf "|transformer." hf, form                                                                              \
    }

static const assay_tensor_name names[] = {
    BOTH("token_embd", "wte", ASSAY_FORM_SAME),
    BOTH("position_embd", "wpe", ASSAY_FORM_SAME),
    BOTH("output_norm", "ln_f", ASSAY_FORM_SAME),
    { "output", "lm_head", ASSAY_FORM_SAME },
    BOTH("blk.#.attn_norm", "h.#.ln_1", ASSAY_FORM_SAME),
    BOTH("blk.#.attn_qkv", "h.#.attn.c_attn", ASSAY_FORM_TURNED),
    BOTH("blk.#.attn_output", "h.#.attn.c_proj", ASSAY_FORM_TURNED),
    BOTH("blk.#.ffn_norm", "h.#.ln_2", ASSAY_FORM_SAME),
    BOTH("blk.#.ffn_up", "h.#.mlp.c_fc", ASSAY_FORM_TURNED),
    BOTH("blk.#.ffn_down", "h.#.mlp.c_proj", ASSAY_FORM_TURNED),
    { "", "h.#.attn.bias", ASSAY_FORM_SAME }, /* the causal mask, not a bias */
    { "", "transformer.h.#.attn.bias", ASSAY_FORM_SAME },
    { "", "h.#.attn.masked_bias", ASSAY_FORM_SAME },
    { "", "transformer.h.#.attn.masked_bias", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_key_rule keys[] = {
    { "reorder_and_upcast_attn", true, { 0, 0 }, "in which order another program computes it" },
    { 0 },
};

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = {
        .s = { .layer_norm = true, .eps = 1e-5, .bias = ASSAY_BIAS_ALL, .net = ASSAY_NET_GELU_TANH, .one_qkv = true },
        .positions = true,
        .wide_net = true
    };
    bool scaled = true;
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_activation_read(m, "activation_function", &d.s.net, why);
    if (!s)
        s = assay_model_truth(m, "scale_attn_weights", &scaled, why);
    if (!s)
        s = assay_model_truth(m, "scale_attn_by_inverse_layer_idx", &d.s.by_layer, why);
    d.s.scale = scaled ? 0 : 1;
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=3",
                                     "attention.head_count=6",
                                     "feed_forward_length=384",
                                     "context_length=2048",
                                     NULL };
const assay_family assay_family_gpt2 = {
    .name = "gpt2",
    .says = "GPT-2: learned positions, layer norms, biases",
    .arch = { "gpt2" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
