/* SPDX-License-Identifier: MIT
 * Qwen1.5-MoE, Qwen2-MoE, Qwen3-MoE: the attention of Qwen2 and Qwen3; the net is a choice of experts, weighed by the
 * softmax of the router's logits, divided by the sum of the chosen only with norm_topk_prob.  In Qwen2-MoE all tokens
 * go through one more besides, times the sigmoid of its gate (transformers modeling_qwen2_moe.py,
 * modeling_qwen3_moe.py; llama.cpp src/models/qwen2moe.cpp, qwen3moe.cpp, where the sum is a matter of the
 * architecture). */
#include "../core/status.h"
#include "decoder.h"
#include <inttypes.h>

static const assay_tensor_name names[] = {
    { "blk.#.ffn_gate_inp", "model.layers.#.mlp.gate", ASSAY_FORM_SAME },
    { "blk.#.ffn_gate_exps", "model.layers.#.mlp.experts.*.gate_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_up_exps", "model.layers.#.mlp.experts.*.up_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_down_exps", "model.layers.#.mlp.experts.*.down_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_gate_inp_shexp", "model.layers.#.mlp.shared_expert_gate", ASSAY_FORM_FLAT },
    { "blk.#.ffn_gate_shexp", "model.layers.#.mlp.shared_expert.gate_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_up_shexp", "model.layers.#.mlp.shared_expert.up_proj", ASSAY_FORM_SAME },
    { "blk.#.ffn_down_shexp", "model.layers.#.mlp.shared_expert.down_proj", ASSAY_FORM_SAME },
    { 0 },
};

/* Layers whose net is as wide as intermediate_size and no choice: those of a list, and all that are no multiple of a
 * step, counted from 1. */
static assay_status plain_layers(assay_model *m, assay_stack *s, assay_why *why)
{
    double list[ASSAY_MOST_LAYERS];
    size_t n = 0;
    int64_t step = 1;
    assay_status st = assay_model_int(m, "decoder_sparse_step", false, 1, ASSAY_MOST_LAYERS, &step, why);
    if (!st)
        st = assay_model_reals(m, "mlp_only_layers", list, ASSAY_MOST_LAYERS, &n, why);
    for (int64_t i = 0; i < s->layers; i++)
        s->plain[i] = (i + 1) % step != 0;
    for (size_t k = 0; k < n && !st; k++) {
        const int64_t i = list[k] >= 0 && list[k] < (double)s->layers ? (int64_t)list[k] : -1;
        if (i < 0 || (double)i != list[k])
            return assay_fail(why, ASSAY_ERR_FORMAT, "%s: mlp_only_layers[%zu] is %.9g, none of %" PRId64 " layers",
                              m->label, k, list[k], s->layers);
        s->plain[i] = 1;
    }
    return st;
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why, assay_decoder d)
{
    assay_stack *s = &d.s;
    bool bias = s->bias != 0, by_list;
    s->half = s->one_turn = true;
    s->eps = 1e-6;
    assay_status st = assay_decoder_read(m, &d, why);
    if (!st)
        st = assay_layers_read(m, s, &by_list, why);
    if (!st)
        st = assay_model_truth(m, s->bias ? "qkv_bias" : "attention_bias", &bias, why);
    if (s->bias)
        s->bias = bias ? s->bias : 0;
    else if (bias)
        s->bias = ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V | ASSAY_BIAS_O;
    if (!st)
        st = assay_experts_read(m, s, true, why);
    if (!st && s->shared_gate) /* what files without the keys mean */
        s->expert_F = s->F / s->chosen, s->shared_F = s->F;
    if (!st)
        st = assay_model_int(m, "expert_feed_forward_length|moe_intermediate_size", m->hf, 1, 1 << 24, &s->expert_F,
                             why);
    if (!st && s->shared_gate)
        st = assay_model_int(m, "expert_shared_feed_forward_length|shared_expert_intermediate_size", m->hf, 1, 1 << 24,
                             &s->shared_F, why);
    if (!st)
        st = assay_model_truth(m, "norm_topk_prob", &s->gate_sums, why);
    if (!st)
        st = plain_layers(m, s, why);
    if (!st)
        st = assay_silu_read(m, why);
    if (!st)
        st = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return st;
}

static assay_status qwen2_moe(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    const unsigned bias = ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V;
    return graph(m, kv, g, why, (assay_decoder){ .s = { .bias = bias, .shared_gate = true } });
}

static assay_status qwen3_moe(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    return graph(m, kv, g, why, (assay_decoder){ .s = { .head_norm = true, .gate_sums = !m->hf } });
}

static const assay_key_rule keys[] = {
    { "max_window_layers", true, { 0, 0 }, "no layer sees a window of keys" },
    { 0 },
};

static const char *const shared[] = { "vocab_size=352",
                                      "embedding_length=96",
                                      "block_count=2",
                                      "attention.head_count=6",
                                      "attention.head_count_kv=2",
                                      "attention.key_length=32",
                                      "feed_forward_length=160",
                                      "context_length=2048",
                                      "expert_count=8",
                                      "expert_used_count=3",
                                      "expert_feed_forward_length=32",
                                      "expert_shared_feed_forward_length=64",
                                      NULL };
const assay_family assay_family_qwen2_moe = {
    .name = "qwen2_moe",
    .says = "Qwen1.5-MoE, Qwen2-MoE: a choice of experts, and one that all tokens go through",
    .arch = { "qwen2moe", "qwen2_moe" },
    .rope_of_gguf = "half",
    .names = names,
    .also = assay_llama_names,
    .keys = keys,
    .graph = qwen2_moe,
    .sizes = shared,
};

static const char *const chosen[] = {
    "vocab_size=352",          "embedding_length=96",           "block_count=2",
    "attention.head_count=6",  "attention.head_count_kv=2",     "attention.key_length=32",
    "feed_forward_length=160", "context_length=2048",           "expert_count=8",
    "expert_used_count=3",     "expert_feed_forward_length=32", NULL
};
const assay_family assay_family_qwen3_moe = {
    .name = "qwen3_moe",
    .says = "Qwen3-MoE: Qwen3 with a choice of experts",
    .arch = { "qwen3moe", "qwen3_moe" },
    .rope_of_gguf = "half",
    .names = names,
    .also = assay_llama_names,
    .keys = keys,
    .graph = qwen3_moe,
    .sizes = chosen,
};
