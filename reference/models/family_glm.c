/* SPDX-License-Identifier: MIT
 * ChatGLM2, ChatGLM3, GLM-4: LLaMA's graph; the first part of each head turns, in neighbouring pairs; queries, keys and
 * values have biases; gate and up are one matrix, the gate first.  ChatGLM is what their own code calls it, GLM the
 * same in transformers' names, and GLM-4-0414 norms what each half adds, too (modeling_chatglm.py beside the files;
 * transformers modeling_glm.py, modeling_glm4.py). */
#include "decoder.h"

static const assay_tensor_name chat_names[] = {
    { "token_embd", "transformer.embedding.word_embeddings", ASSAY_FORM_SAME },
    { "output_norm", "transformer.encoder.final_layernorm", ASSAY_FORM_SAME },
    { "output", "transformer.output_layer", ASSAY_FORM_SAME },
    { "blk.#.attn_norm", "transformer.encoder.layers.#.input_layernorm", ASSAY_FORM_SAME },
    { "blk.#.attn_qkv", "transformer.encoder.layers.#.self_attention.query_key_value", ASSAY_FORM_SAME },
    { "blk.#.attn_output", "transformer.encoder.layers.#.self_attention.dense", ASSAY_FORM_SAME },
    { "blk.#.ffn_norm", "transformer.encoder.layers.#.post_attention_layernorm", ASSAY_FORM_SAME },
    { "blk.#.ffn_up", "transformer.encoder.layers.#.mlp.dense_h_to_4h", ASSAY_FORM_SAME },
    { "blk.#.ffn_down", "transformer.encoder.layers.#.mlp.dense_4h_to_h", ASSAY_FORM_SAME },
    { "", "transformer.rotary_pos_emb.inv_freq", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_tensor_name names[] = {
    { "blk.#.post_attention_norm", "model.layers.#.post_self_attn_layernorm", ASSAY_FORM_SAME },
    { "blk.#.post_ffw_norm", "model.layers.#.post_mlp_layernorm", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_key_rule keys[] = {
    { "padded_vocab_size", true, { 0, 0 }, "the rows of the token table count" },
    { "original_rope", true, { 0, 0 }, "which of two programs for the same computes it" },
    { "apply_query_key_layer_scaling", true, { 0, 0 }, "scores are divided and multiplied by the same" },
    { "attention_softmax_in_fp32", true, { 0, 0 }, "how another program computes it" },
    { "fp32_residual_connection", true, { 0, 0 }, "how another program computes it" },
    { "bias_dropout_fusion", true, { 0, 0 }, "how another program computes it" },
    { "multi_query_attention", false, { 1, 1 }, "each head has a key of its own" },
    { "rmsnorm", false, { 1, 1 }, "norms take the mean off" },
    { "post_layer_norm", false, { 1, 1 }, "there is no norm at the end" },
    { "add_bias_linear", false, { 0, 0 }, "all layers get biases" },
    { "interleaved_qkv", false, { 0, 0 }, "queries, keys and values lie by heads" },
    { "quantization_bit", false, { 0, 0 }, "the weights are packed in another way" },
    { "pre_seq_len", false, { 0, 0 }, "keys and values that no token has stand in front" },
    { "prefix_projection", false, { 0, 0 }, "keys and values that no token has stand in front" },
    { 0 },
};

static assay_status finish(assay_model *m, assay_dtype kv, assay_graph *g, assay_decoder *d, bool bias, assay_why *why)
{
    assay_status s = assay_decoder_read(m, d, why);
    if (!s)
        s = assay_model_truth(m, "attention_bias|add_qkv_bias", &bias, why);
    if (!s)
        s = assay_silu_read(m, why);
    if (bias && (m->hf || m->blank))
        d->s.bias = ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V;
    if (!s)
        s = assay_decoder_graph(m, d, kv, g, why);
    assay_decoder_free(d);
    return s;
}

static assay_status chat(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .eps = 1e-5, .one_turn = true, .one_qkv = true, .one_up = true }, .part = 0.5 };
    double ratio = 1;
    const assay_status s = assay_model_real(m, "rope_ratio", false, 1e-3, 1e6, &ratio, why);
    d.s.turn[0].base = 1e4 * ratio;
    return s ? s : finish(m, kv, g, &d, m->blank, why);
}

static assay_status glm(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .eps = 1.5625e-07, .one_turn = true, .one_up = true }, .part = 0.5 };
    d.s.D = m->hf ? 128 : 0;
    return finish(m, kv, g, &d, true, why);
}

static assay_status glm4(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .eps = 1e-5, .one_turn = true, .one_up = true, .place = ASSAY_NORM_AROUND },
                        .part = 0.5 };
    d.s.D = m->hf ? 128 : 0;
    return finish(m, kv, g, &d, m->hf, why);
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",       "block_count=3",
                                     "attention.head_count=6",  "attention.head_count_kv=2", "rope.dimension_count=8",
                                     "feed_forward_length=160", "context_length=2048",       NULL };
const assay_family assay_family_chatglm = {
    .name = "chatglm",
    .says = "ChatGLM2, ChatGLM3, GLM-4-9B: neighbouring pairs of half a head turn",
    .arch = { "chatglm" },
    .rope_of_gguf = "interleaved",
    .names = chat_names,
    .keys = keys,
    .graph = chat,
    .sizes = small,
};
const assay_family assay_family_glm = {
    .name = "glm",
    .says = "GLM-4-9B in transformers' form; its GGUF files are chatglm",
    .arch = { "glm" },
    .rope_of_gguf = "interleaved",
    .names = names,
    .also = assay_llama_names,
    .graph = glm,
    .sizes = small,
};
const assay_family assay_family_glm4 = {
    .name = "glm4",
    .says = "GLM-4-0414: GLM that norms what each half adds",
    .arch = { "glm4" },
    .rope_of_gguf = "interleaved",
    .names = names,
    .also = assay_llama_names,
    .graph = glm4,
    .sizes = small,
};
