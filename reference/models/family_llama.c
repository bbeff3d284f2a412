/* SPDX-License-Identifier: MIT
 * LLaMA 1, 2, 3, SmolLM2, Mistral: x = E[id]; per layer h = RMS x; q, k, v = l h; rope(q, k); x += o(attention);
 * h = RMS x; x += down(silu(gate h) * up h); RMS; logits = l x (transformers modeling_llama.py, modeling_mistral.py).
 * Meta's pairs are neighbours, and those of GGUF, too; Hugging Face permuted the rows of q and k so that they are
 * halves.  Mixtral's GGUF files are of LLaMA's architecture: its net is a choice of experts (family_mixtral.c). */
#include "decoder.h"
#include <string.h>

const assay_tensor_name assay_llama_names[] = {
    { "token_embd", "model.embed_tokens", ASSAY_FORM_SAME },
    { "output_norm", "model.norm", ASSAY_FORM_SAME },
    { "output", "lm_head", ASSAY_FORM_SAME },
    { "blk.#.attn_norm", "model.layers.#.input_layernorm", ASSAY_FORM_SAME },
    { "blk.#.attn_q", "model.layers.#.self_attn.q_proj", ASSAY_FORM_SAME },
    { "blk.#.attn_k", "model.layers.#.self_attn.k_proj", ASSAY_FORM_SAME },
    { "blk.#.attn_v", "model.layers.#.self_attn.v_proj", ASSAY_FORM_SAME },
    { "blk.#.attn_qkv", "model.layers.#.self_attn.qkv_proj|model.layers.#.self_attn.W_pack", ASSAY_FORM_SAME },
    { "blk.#.attn_q_norm", "model.layers.#.self_attn.q_norm", ASSAY_FORM_SAME },
    { "blk.#.attn_k_norm", "model.layers.#.self_attn.k_norm", ASSAY_FORM_SAME },
    { "blk.#.attn_output", "model.layers.#.self_attn.o_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_norm", "model.layers.#.post_attention_layernorm", ASSAY_FORM_SAME },
    { "blk.#.ffn_gate", "model.layers.#.mlp.gate_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_up", "model.layers.#.mlp.up_proj|model.layers.#.mlp.gate_up_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_down", "model.layers.#.mlp.down_proj", ASSAY_FORM_SAME },
    { "", "model.layers.#.self_attn.rotary_emb.inv_freq", ASSAY_FORM_SAME },
    { 0 },
};

assay_status assay_llama_graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true, .eps = 1e-6, .one_turn = true } };
    bool bias = false, net_bias = false;
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_model_truth(m, "attention_bias", &bias, why);
    if (!s)
        s = assay_model_truth(m, "mlp_bias", &net_bias, why);
    if (!s)
        s = assay_silu_read(m, why);
    if (!s)
        s = assay_experts_read(m, &d.s, false, why);
    d.s.gate_sums = true; /* by softmax of all, divided by the sum of the chosen */
    d.s.bias =
        (bias ? ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V | ASSAY_BIAS_O : 0u) | (net_bias ? ASSAY_BIAS_NET : 0u);
    memset(d.s.local, d.s.window > 0, sizeof d.s.local);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",       "block_count=3",
                                     "attention.head_count=6",  "attention.head_count_kv=2", "attention.key_length=32",
                                     "feed_forward_length=160", "context_length=2048",       NULL };
const assay_family assay_family_llama = {
    .name = "llama",
    .says = "LLaMA 1, 2, 3, SmolLM2",
    .arch = { "llama" },
    .rope_of_gguf = "interleaved",
    .names = assay_llama_names,
    .graph = assay_llama_graph,
    .sizes = small,
};

static const char *const windowed[] = { "vocab_size=352",
                                        "embedding_length=96",
                                        "block_count=3",
                                        "attention.head_count=6",
                                        "attention.head_count_kv=2",
                                        "attention.key_length=32",
                                        "feed_forward_length=160",
                                        "context_length=2048",
                                        "attention.sliding_window=16",
                                        NULL };
const assay_family assay_family_mistral = {
    .name = "mistral",
    .says = "Mistral 7B: LLaMA with a window of keys in every layer",
    .arch = { "mistral" },
    .rope_of_gguf = "interleaved",
    .names = assay_llama_names,
    .graph = assay_llama_graph,
    .sizes = windowed,
};
