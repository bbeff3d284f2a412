/* SPDX-License-Identifier: MIT
 * Falcon: x += attention(norm x) + down(gelu(up(norm x))), on one norm (7B) or a norm each (40B), or one after the
 * other; q, k and v lie by groups in safetensors (transformers modeling_falcon.py).  In GGUF the second norm is the
 * attention's (llama.cpp's falcon.cpp). */
#include "decoder.h"
#include "../core/status.h"

static const assay_tensor_name names[] = {
    { "token_embd", "transformer.word_embeddings", ASSAY_FORM_SAME },
    { "output_norm", "transformer.ln_f", ASSAY_FORM_SAME },
    { "output", "lm_head", ASSAY_FORM_SAME },
    { "blk.#.attn_norm", "transformer.h.#.input_layernorm|transformer.h.#.ln_mlp", ASSAY_FORM_SAME },
    { "blk.#.attn_norm_2", "transformer.h.#.ln_attn", ASSAY_FORM_SAME },
    { "blk.#.attn_qkv", "transformer.h.#.self_attention.query_key_value", ASSAY_FORM_GROUPS },
    { "blk.#.attn_output", "transformer.h.#.self_attention.dense", ASSAY_FORM_SAME },
    { "blk.#.ffn_norm", "transformer.h.#.post_attention_layernorm", ASSAY_FORM_SAME },
    { "blk.#.ffn_up", "transformer.h.#.mlp.dense_h_to_4h", ASSAY_FORM_SAME },
    { "blk.#.ffn_down", "transformer.h.#.mlp.dense_4h_to_h", ASSAY_FORM_SAME },
    { "", "transformer.h.#.self_attention.rotary_emb.inv_freq", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_key_rule keys[] = {
    { "alibi", false, { 0, 0 }, "scores get a bias by distance, rounded to bf16" },
    { 0 },
};

/* How many share a key, and how many norms a layer has, as config.json says it.  multi_query is one key for all,
 * whatever num_kv_heads says beside it. */
static assay_status shape(assay_model *m, assay_decoder *d, assay_why *why)
{
    bool newer = false, one_key = true, beside = true, bias = false;
    int64_t keys_of = 0, norms = 0;
    assay_status s = assay_model_truth(m, "new_decoder_architecture", &newer, why);
    if (!s)
        s = assay_model_truth(m, "multi_query", &one_key, why);
    if (!s)
        s = assay_model_truth(m, "parallel_attn", &beside, why);
    if (!s)
        s = assay_model_truth(m, "bias", &bias, why);
    if (!s)
        s = assay_model_int(m, "num_kv_heads", false, 1, 4096, &keys_of, why);
    if (!s)
        s = assay_model_int(m, "num_ln_in_parallel_attn", false, 1, 2, &norms, why);
    const bool two = newer && norms != 1;
    d->s.G = newer ? keys_of : one_key;
    d->s.place = !beside ? ASSAY_NORM_BEFORE : two ? ASSAY_NORM_BESIDE : ASSAY_NORM_PARALLEL;
    d->s.bias |= bias ? ASSAY_BIAS_ALL : 0u;
    return s;
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true,
                               .layer_norm = true,
                               .eps = 1e-5,
                               .bias = ASSAY_BIAS_NORM,
                               .net = ASSAY_NET_GELU,
                               .place = ASSAY_NORM_PARALLEL,
                               .one_turn = true,
                               .one_qkv = true },
                        .wide_net = true };
    assay_status s = m->hf ? shape(m, &d, why) : ASSAY_OK;
    if (!m->hf && assay_model_has(m, "blk.0.attn_norm_2.weight"))
        d.s.place = ASSAY_NORM_BESIDE;
    if (d.s.place == ASSAY_NORM_BESIDE)
        d.s.attention_norm = "attn_norm_2", d.s.net_norm = "attn_norm";
    if (!s)
        s = assay_decoder_read(m, &d, why);
    if (!s)
        s = assay_activation_read(m, "activation", &d.s.net, why);
    if (!s)
        s = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return s;
}

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=3",
                                     "attention.head_count=6",
                                     "attention.head_count_kv=1",
                                     "context_length=2048",
                                     NULL };
const assay_family assay_family_falcon = {
    .name = "falcon",
    .says = "Falcon 7B, 40B: attention and net side by side, few keys",
    .arch = { "falcon" },
    .rope_of_gguf = "half",
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
