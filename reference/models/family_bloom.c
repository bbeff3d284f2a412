/* SPDX-License-Identifier: MIT
 * BLOOM: the embedding is normed; x += o(attention(norm x)) with biases by distance (ALiBi); x +=
 * down(gelu_tanh(up(norm x))); norm; the head is the token table; biases everywhere; q, k and v lie by heads in
 * safetensors (transformers modeling_bloom.py). */
#include "decoder.h"

#define BOTH(gguf, hf, form)                                                                                           \
    {                                                                                                                  \
        gguf, hf "|transformer." hf, form                                                                              \
    }

static const assay_tensor_name names[] = {
    BOTH("token_embd", "word_embeddings", ASSAY_FORM_SAME),
    BOTH("token_embd_norm", "word_embeddings_layernorm", ASSAY_FORM_SAME),
    BOTH("output_norm", "ln_f", ASSAY_FORM_SAME),
    { "output", "lm_head", ASSAY_FORM_SAME },
    BOTH("blk.#.attn_norm", "h.#.input_layernorm", ASSAY_FORM_SAME),
    BOTH("blk.#.attn_qkv", "h.#.self_attention.query_key_value", ASSAY_FORM_GROUPS),
    BOTH("blk.#.attn_output", "h.#.self_attention.dense", ASSAY_FORM_SAME),
    BOTH("blk.#.ffn_norm", "h.#.post_attention_layernorm", ASSAY_FORM_SAME),
    BOTH("blk.#.ffn_up", "h.#.mlp.dense_h_to_4h", ASSAY_FORM_SAME),
    BOTH("blk.#.ffn_down", "h.#.mlp.dense_4h_to_h", ASSAY_FORM_SAME),
    { 0 },
};

static const assay_key_rule keys[] = {
    { "attention_softmax_in_fp32", true, { 0, 0 }, "how another program computes it" },
    { "masked_softmax_fusion", true, { 0, 0 }, "how another program computes it" },
    { "bias_dropout_fusion", true, { 0, 0 }, "how another program computes it" },
    { "slow_but_exact", true, { 0, 0 }, "how another program computes it" },
    { "skip_bias_add", true, { 0, 0 }, "where another program adds it" },
    { "skip_bias_add_qkv", true, { 0, 0 }, "where another program adds it" },
    { "offset_alibi", true, { 0, 0 }, "one number for all keys of a query" },
    { "unk_token_id", true, { 0, 0 }, "the tokenizer says it" },
    { 0 },
};

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = {
        .s = { .layer_norm = true, .eps = 1e-5, .bias = ASSAY_BIAS_ALL, .net = ASSAY_NET_GELU_TANH, .one_qkv = true },
        .embed_norm = true,
        .wide_net = true
    };
    assay_status s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_model_truth(m, "apply_residual_connection_post_layernorm", &d.s.from_norm, why);
    if (!s)
        assay_stack_slopes(&d.s);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const small[] = { "vocab_size=352",         "embedding_length=96", "block_count=3",
                                     "attention.head_count=6", "context_length=2048", NULL };
const assay_family assay_family_bloom = {
    .name = "bloom",
    .says = "BLOOM: biases by distance, a normed embedding",
    .arch = { "bloom" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
