/* SPDX-License-Identifier: MIT
 * T5 1.0 and 1.1: no biases and no positions but a table of biases of scores by distance, one for each side; scores are
 * not scaled; x += o(attention(RMS x)), of the decoder x += o(attention(RMS x, memory)), x += net(RMS x); RMS; logits =
 * W x, where W is the tokens' table of x d^-1/2 (transformers modeling_t5.py; llama.cpp leaves d^-1/2 out).  1.0: relu;
 * 1.1: a gate. */
#include "../core/status.h"
#include "decoder.h"
#include "seq2seq.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LAYERS(side, hf, net)                                                                                          \
    { side ".blk.#.attn_norm", hf ".block.#.layer.0.layer_norm", ASSAY_FORM_SAME },                                    \
        { side ".blk.#.attn_q", hf ".block.#.layer.0.SelfAttention.q", ASSAY_FORM_SAME },                              \
        { side ".blk.#.attn_k", hf ".block.#.layer.0.SelfAttention.k", ASSAY_FORM_SAME },                              \
        { side ".blk.#.attn_v", hf ".block.#.layer.0.SelfAttention.v", ASSAY_FORM_SAME },                              \
        { side ".blk.#.attn_o", hf ".block.#.layer.0.SelfAttention.o", ASSAY_FORM_SAME },                              \
        { side ".blk.#.attn_rel_b", hf ".block.#.layer.0.SelfAttention.relative_attention_bias", ASSAY_FORM_SAME },    \
        { side ".blk.#.ffn_norm", hf ".block.#.layer." net ".layer_norm", ASSAY_FORM_SAME },                           \
        { side ".blk.#.ffn_gate", hf ".block.#.layer." net ".DenseReluDense.wi_0", ASSAY_FORM_SAME },                  \
        { side ".blk.#.ffn_up",                                                                                        \
          hf ".block.#.layer." net ".DenseReluDense.wi_1|" hf ".block.#.layer." net ".DenseReluDense.wi",              \
          ASSAY_FORM_SAME },                                                                                           \
        { side ".blk.#.ffn_down", hf ".block.#.layer." net ".DenseReluDense.wo", ASSAY_FORM_SAME },                    \
    {                                                                                                                  \
        side ".output_norm", hf ".final_layer_norm", ASSAY_FORM_SAME                                                   \
    }

static const assay_tensor_name names[] = {
    { "token_embd", "shared|encoder.embed_tokens|decoder.embed_tokens", ASSAY_FORM_SAME },
    { "output", "lm_head", ASSAY_FORM_SAME },
    LAYERS("enc", "encoder", "1"),
    LAYERS("dec", "decoder", "2"),
    { "dec.blk.#.cross_attn_norm", "decoder.block.#.layer.1.layer_norm", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_q", "decoder.block.#.layer.1.EncDecAttention.q", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_k", "decoder.block.#.layer.1.EncDecAttention.k", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_v", "decoder.block.#.layer.1.EncDecAttention.v", ASSAY_FORM_SAME },
    { "dec.blk.#.cross_attn_o", "decoder.block.#.layer.1.EncDecAttention.o", ASSAY_FORM_SAME },
    { "", "encoder.embed_tokens", ASSAY_FORM_SAME }, /* shared once more */
    { "", "decoder.embed_tokens", ASSAY_FORM_SAME },
    { "", "decoder.block.#.layer.1.EncDecAttention.relative_attention_bias", ASSAY_FORM_SAME }, /* old files: unused */
    { "", "dec.blk.#.cross_attn_rel_b", ASSAY_FORM_SAME },
    { 0 },
};
static const assay_key_rule keys[] = {
    { "is_encoder_decoder", true, { 0, 0 }, "the tensors say it" },
    { "n_positions", true, { 0, 0 }, "distances have no end" },
    { "context_length", true, { 0, 0 }, "distances have no end" },
    { "is_gated_act", true, { 0, 0 }, "feed_forward_proj says it" },
    { "dense_act_fn", true, { 0, 0 }, "feed_forward_proj says it" },
    { 0 },
};

/* config.json's feed_forward_proj; GGUF says it by holding a gate (llama.cpp: relu without, gelu by tanh with one). */
static assay_status read_net(assay_model *m, assay_net *net, assay_why *why)
{
    static const struct {
        const char *name;
        assay_net net;
    } known[] = { { "relu", ASSAY_NET_RELU },
                  { "gated-gelu", ASSAY_NET_GEGLU_TANH },
                  { "gated-silu", ASSAY_NET_SWIGLU },
                  { "gated-relu", ASSAY_NET_REGLU } };
    assay_span is = { "relu", 4 };
    if (!m->hf && assay_model_has(m, "enc.blk.0.ffn_gate.weight"))
        is = (assay_span){ "gated-gelu", 10 };
    const assay_status s = assay_model_text(m, "feed_forward_proj", &is, why);
    for (size_t i = 0; i < sizeof known / sizeof *known && !s; i++)
        if (assay_span_is(is, known[i].name)) {
            *net = known[i].net;
            return ASSAY_OK;
        }
    return s ? s : assay_activation_unknown(m, is, "relu, gated-gelu, gated-silu or gated-relu", why);
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_seq2seq t5 = { .side = { { .eps = 1e-6 } }, .last_norm = true };
    int64_t buckets = 32, distance = 128, value_length = 0;
    assay_net net = ASSAY_NET_RELU;
    assay_status s = assay_seq2seq_read(m, &t5, false, why);
    if (!s)
        s = assay_model_int(m, "attention.relative_buckets_count|relative_attention_num_buckets", false, 4, 1 << 15,
                            &buckets, why);
    if (!s)
        s = assay_model_int(m, "relative_attention_max_distance", false, 2, 1 << 24, &distance, why);
    if (!s)
        s = assay_model_int(m, "attention.value_length", false, 1, 65536, &value_length, why);
    if (!s && value_length && value_length != t5.side[0].D)
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "%s: values of %" PRId64 " elements per head beside keys of %" PRId64 " are not known", m->label,
                       value_length, t5.side[0].D);
    if (!s)
        s = read_net(m, &net, why);
    if (s)
        return s;
    for (int k = 0; k < 2; k++) {
        t5.side[k].scale = 1;
        t5.side[k].buckets = buckets, t5.side[k].distance = distance;
        t5.side[k].net = net;
    }
    t5.context = 0;
    t5.tied_scale = 1 / sqrt((double)t5.side[0].d);
    return assay_seq2seq_graph(m, &t5, kv, g, why);
}

static const char *const small[] = { "vocab_size=352",
                                     "embedding_length=96",
                                     "block_count=3",
                                     "decoder_block_count=2",
                                     "attention.head_count=6",
                                     "attention.key_length=32",
                                     "feed_forward_length=160",
                                     "attention.relative_buckets_count=32",
                                     NULL };
const assay_family assay_family_t5 = {
    .name = "t5",
    .says = "T5 1.0 and 1.1: encoder and decoder with biases of scores by distance",
    .arch = { "t5", "t5encoder" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
