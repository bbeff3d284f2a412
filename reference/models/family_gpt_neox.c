/* SPDX-License-Identifier: MIT
 * GPT-NeoX, Pythia: x += attention(norm x) + down(gelu(up(norm x))), or one after the other; biases everywhere but at
 * the head; a quarter of each head turns; q, k and v lie by heads in safetensors (transformers modeling_gpt_neox.py).
 * GGUF does not say which gelu: Pythia's is taken, by erf. */
#include "decoder.h"

static const assay_tensor_name names[] = {
    { "token_embd", "gpt_neox.embed_in", ASSAY_FORM_SAME },
    { "output_norm", "gpt_neox.final_layer_norm", ASSAY_FORM_SAME },
    { "output", "embed_out", ASSAY_FORM_SAME },
    { "blk.#.attn_norm", "gpt_neox.layers.#.input_layernorm", ASSAY_FORM_SAME },
    { "blk.#.attn_qkv", "gpt_neox.layers.#.attention.query_key_value", ASSAY_FORM_GROUPS },
    { "blk.#.attn_output", "gpt_neox.layers.#.attention.dense", ASSAY_FORM_SAME },
    { "blk.#.ffn_norm", "gpt_neox.layers.#.post_attention_layernorm", ASSAY_FORM_SAME },
    { "blk.#.ffn_up", "gpt_neox.layers.#.mlp.dense_h_to_4h", ASSAY_FORM_SAME },
    { "blk.#.ffn_down", "gpt_neox.layers.#.mlp.dense_4h_to_h", ASSAY_FORM_SAME },
    { "", "gpt_neox.layers.#.attention.bias", ASSAY_FORM_SAME }, /* the causal mask, not a bias */
    { "", "gpt_neox.layers.#.attention.masked_bias", ASSAY_FORM_SAME },
    { "", "gpt_neox.layers.#.attention.rotary_emb.inv_freq", ASSAY_FORM_SAME },
    { 0 },
};

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true,
                               .layer_norm = true,
                               .eps = 1e-5,
                               .net = ASSAY_NET_GELU,
                               .one_turn = true,
                               .one_qkv = true },
                        .part = 0.25 };
    bool beside = true, bias = true;
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_model_truth(m, "use_parallel_residual", &beside, why);
    if (!s)
        s = assay_model_truth(m, "attention_bias", &bias, why);
    if (!s)
        s = assay_activation_read(m, "hidden_act", &d.s.net, why);
    d.s.place = beside ? ASSAY_NORM_BESIDE : ASSAY_NORM_BEFORE;
    d.s.bias = bias ? ASSAY_BIAS_ALL : ASSAY_BIAS_NET | ASSAY_BIAS_NORM;
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",
                                     "block_count=3",           "attention.head_count=6",
                                     "context_length=2048",     "rope.dimension_count=4",
                                     "feed_forward_length=384", NULL };
const assay_family assay_family_gpt_neox = {
    .name = "gpt_neox",
    .says = "GPT-NeoX, Pythia: attention and net side by side, a norm each",
    .arch = { "gptneox", "gpt_neox" },
    .rope_of_gguf = "half",
    .names = names,
    .graph = graph,
    .sizes = small,
};
