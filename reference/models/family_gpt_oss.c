/* SPDX-License-Identifier: MIT
 * gpt-oss: pre-norm RMS; attention with biases and a sink for each head, a window in layers 0, 2, ...; the net is a
 * choice of experts with biases, (u + 1) g sigmoid(1.702 g) of clamped g and u, weighed by the softmax of the chosen
 * logits (transformers modeling_gpt_oss.py; llama.cpp src/models/openai-moe.cpp).
 * Of safetensors the columns of gate and up stand in turn, (E, in, out); or both are packed in four bits, (E, out, in).
 * Yarn's ramp begins and ends at no whole pair: config.json says it (truncate), GGUF has no key for it. */
#include "../core/status.h"
#include "assay/params.h"
#include "decoder.h"

#define EXPERTS "model.layers.#.mlp.experts."
static const assay_tensor_name names[] = {
    { "blk.#.attn_sinks.weight", "model.layers.#.self_attn.sinks", ASSAY_FORM_SAME },
    { "blk.#.post_attention_norm", "model.layers.#.post_attention_layernorm", ASSAY_FORM_SAME },
    { "blk.#.ffn_gate_inp", "model.layers.#.mlp.router", ASSAY_FORM_SAME },
    { "blk.#.ffn_gate_exps.weight", EXPERTS "gate_up_proj", ASSAY_FORM_EVEN },
    { "blk.#.ffn_up_exps.weight", EXPERTS "gate_up_proj", ASSAY_FORM_ODD },
    { "blk.#.ffn_down_exps.weight", EXPERTS "down_proj", ASSAY_FORM_TURNED },
    { "blk.#.ffn_gate_exps.weight", EXPERTS "gate_up_proj_blocks", ASSAY_FORM_FOUR_EVEN },
    { "blk.#.ffn_up_exps.weight", EXPERTS "gate_up_proj_blocks", ASSAY_FORM_FOUR_ODD },
    { "blk.#.ffn_down_exps.weight", EXPERTS "down_proj_blocks", ASSAY_FORM_FOUR },
    { "blk.#.ffn_gate_exps.bias", EXPERTS "gate_up_proj_bias", ASSAY_FORM_EVEN },
    { "blk.#.ffn_up_exps.bias", EXPERTS "gate_up_proj_bias", ASSAY_FORM_ODD },
    { "blk.#.ffn_down_exps.bias", EXPERTS "down_proj_bias", ASSAY_FORM_SAME },
    { 0 },
};

static const assay_key_rule keys[] = {
    { "hidden_act", true, { 0, 0 }, "the experts' function is the family's" },
    { "initial_context_length", true, { 0, 0 }, "rope_scaling says it" },
    { "quantization_config.modules_to_not_convert", true, { 0, 0 }, "the tensors say it" },
    { 0 },
};

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .half = true,
                               .eps = 1e-5,
                               .one_turn = true,
                               .sinks = true,
                               .net = ASSAY_NET_CLAMPED,
                               .net_norm = "post_attention_norm",
                               .limit = 7,
                               .gate = ASSAY_GATE_CHOSEN } };
    assay_stack *s = &d.s;
    bool bias = true, by_list = false;
    assay_span packed = { "mxfp4", 5 };
    assay_status st = assay_decoder_read(m, &d, why);
    if (!st)
        st = assay_layers_read(m, s, &by_list, why);
    for (int64_t i = 0; i < s->layers && !st && !by_list; i++)
        s->local[i] = s->window > 0 && i % 2 == 0;
    if (!m->hf)
        s->turn[0].scaling.whole = false;
    if (!st)
        st = assay_model_truth(m, "attention_bias", &bias, why);
    s->bias = ASSAY_BIAS_NET | (bias ? ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V | ASSAY_BIAS_O : 0u);
    if (!st)
        st = assay_experts_read(m, s, true, why);
    if (!st)
        st = assay_model_int(m, "expert_feed_forward_length", false, 1, 1 << 24, &s->expert_F, why);
    if (!st)
        st = assay_model_real(m, "swiglu_limit", false, 1e-6, 1e6, &s->limit, why);
    if (!st)
        st = assay_model_text(m, "quantization_config.quant_method", &packed, why);
    if (!st && !assay_span_is(packed, "mxfp4"))
        st = assay_fail(why, ASSAY_UNSUPPORTED, "%s: weights packed as '%.*s' are not known; mxfp4 is", m->label,
                        packed.n < 40 ? (int)packed.n : 40, packed.at);
    if (!st)
        st = assay_decoder_graph(m, &d, kv, g, why);
    assay_decoder_free(&d);
    return st;
}

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=2",
                                     "attention.head_count=6",
                                     "attention.head_count_kv=2",
                                     "attention.key_length=32",
                                     "attention.sliding_window=16",
                                     "feed_forward_length=64",
                                     "context_length=2048",
                                     "expert_count=8",
                                     "expert_used_count=4",
                                     NULL };
const assay_family assay_family_gpt_oss = {
    .name = "gpt_oss",
    .says = "gpt-oss: sinks, a window in every second layer, experts with biases",
    .arch = { "gpt-oss", "gpt_oss" },
    .rope_of_gguf = "half",
    .names = names,
    .also = assay_llama_names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
