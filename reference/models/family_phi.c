/* SPDX-License-Identifier: MIT
 * Phi-1.5, Phi-2: h = norm x; x += attention(h) + down(gelu_tanh(up h)); biases everywhere, the head's too; a part of
 * each head turns.  Phi-3, Phi-4: LLaMA's graph with q, k and v, and gate and up, in one matrix each; LongRoPE
 * (transformers modeling_phi.py, modeling_phi3.py). */
#include "decoder.h"
#include <string.h>

static const assay_tensor_name names[] = {
    { "output_norm", "model.final_layernorm", ASSAY_FORM_SAME },
    { "blk.#.attn_output", "model.layers.#.self_attn.dense", ASSAY_FORM_SAME },
    { "blk.#.ffn_up", "model.layers.#.mlp.fc1", ASSAY_FORM_SAME },
    { "blk.#.ffn_down", "model.layers.#.mlp.fc2", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_key_rule keys[] = {
    { "qk_layernorm", false, { 0, 0 }, "each head of q and k is normed" },
    { 0 },
};

static const assay_key_rule third_keys[] = {
    { "full_attn_mod", false, { 1, 1 }, "only some layers see all keys" },
    { "interpolate_factor", false, { 1, 1 }, "positions are divided" },
    { "lm_head_bias", false, { 0, 0 }, "the head gets a bias" },
    { 0 },
};

static assay_status second(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true,
                               .layer_norm = true,
                               .eps = 1e-5,
                               .bias = ASSAY_BIAS_ALL,
                               .net = ASSAY_NET_GELU_TANH,
                               .place = ASSAY_NORM_PARALLEL,
                               .one_turn = true },
                        .part = 0.5,
                        .head_bias = true };
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_activation_read(m, "hidden_act", &d.s.net, why);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static assay_status third(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true, .eps = 1e-5, .one_turn = true, .one_qkv = true, .one_up = true } };
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_silu_read(m, why);
    memset(d.s.local, d.s.window > 0, sizeof d.s.local);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const parallel[] = { "vocab_size=352",          "embedding_length=96",
                                        "block_count=3",           "attention.head_count=6",
                                        "context_length=2048",     "rope.dimension_count=8",
                                        "feed_forward_length=384", NULL };
const assay_family assay_family_phi = {
    .name = "phi",
    .says = "Phi-1.5, Phi-2: attention and net side by side, biases everywhere",
    .arch = { "phi2", "phi" },
    .rope_of_gguf = "half",
    .names = names,
    .also = assay_llama_names,
    .keys = keys,
    .graph = second,
    .sizes = parallel,
};

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=3",
                                     "attention.head_count=6",
                                     "attention.head_count_kv=2",
                                     "feed_forward_length=160",
                                     "context_length=2048",
                                     NULL };
const assay_family assay_family_phi3 = {
    .name = "phi3",
    .says = "Phi-3, Phi-4: LLaMA with fused matrices and LongRoPE",
    .arch = { "phi3" },
    .rope_of_gguf = "half",
    .names = assay_llama_names,
    .keys = third_keys,
    .graph = third,
    .sizes = small,
};
