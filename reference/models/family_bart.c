/* SPDX-License-Identifier: MIT
 * BART: x = norm(E[id] s + place[p + 2]), s = 1 or d^1/2; norms behind the sums; logits = x E^T + bias (transformers
 * modeling_bart.py).  Norms have 1e-5, which no key says.  GGUF has no arch for it. */
#include "decoder.h"
#include "seq2seq.h"
#include <math.h>

static const assay_tensor_name names[] = {
    { "token_embd", "model.shared|shared|model.encoder.embed_tokens|model.decoder.embed_tokens", ASSAY_FORM_SAME },
    { "output", "lm_head", ASSAY_FORM_SAME },
    { "output.bias", "final_logits_bias", ASSAY_FORM_FLAT },
    ASSAY_BART_LAYERS("enc", "encoder", "attn_output_norm", "layer_output_norm"),
    ASSAY_BART_LAYERS("dec", "decoder", "attn_output_norm", "layer_output_norm"),
    ASSAY_BART_CROSS("cross_attn_output_norm"),
    ASSAY_BART_NAME("enc.token_embd_norm", "encoder.layernorm_embedding"),
    ASSAY_BART_NAME("dec.token_embd_norm", "decoder.layernorm_embedding"),
    { "", "model.encoder.embed_tokens", ASSAY_FORM_SAME }, /* shared once more */
    { "", "model.decoder.embed_tokens", ASSAY_FORM_SAME },
    { "", "encoder.embed_tokens", ASSAY_FORM_SAME },
    { "", "decoder.embed_tokens", ASSAY_FORM_SAME },
    { 0 },
};
static const assay_key_rule keys[] = {
    { "is_encoder_decoder", false, { 1, 1 }, "no decoder attends to an encoder" },
    { "num_hidden_layers", true, { 0, 0 }, "encoder_layers says it" },
    { "normalize_before", false, { 0, 0 }, "norms stand in front" },
    { "normalize_embedding", false, { 1, 1 }, "embeddings are not normed" },
    { "add_final_layer_norm", false, { 0, 0 }, "a norm stands behind the layers" },
    { "add_bias_logits", true, { 0, 0 }, "the tensors say it" },
    { "static_position_embeddings", false, { 0, 0 }, "positions are sines and cosines" },
    { "extra_pos_embeddings", false, { 2, 2 }, "position 0 is another row" },
    { 0 },
};

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_seq2seq x = { .side = { { .eps = 1e-5 } },
                        .placing = { ASSAY_PLACING_TABLE, ASSAY_PLACING_TABLE },
                        .shift = 2,
                        .embed_norm = true,
                        .output_biased = 1 };
    bool scaled = false;
    assay_net net = ASSAY_NET_GELU;
    assay_status s = assay_seq2seq_read(m, &x, m->hf, why);
    if (!s)
        s = assay_model_truth(m, "scale_embedding", &scaled, why);
    if (!s)
        s = assay_activation_read(m, "activation_function", &net, why);
    if (s)
        return s;
    for (int k = 0; k < 2; k++) {
        x.side[k].place = ASSAY_NORM_AFTER;
        x.side[k].layer_norm = true;
        x.side[k].eps = m->hf ? 1e-5 : x.side[k].eps; /* whatever config.json says */
        x.side[k].bias = ASSAY_BIAS_ALL;
        x.side[k].net = net;
    }
    x.embed_scale = scaled ? sqrt((double)x.side[0].d) : 0;
    return assay_seq2seq_graph(m, &x, kv, g, why);
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",
                                     "block_count=3",           "decoder_block_count=2",
                                     "attention.head_count=6",  "context_length=64",
                                     "feed_forward_length=160", NULL };
const assay_family assay_family_bart = {
    .name = "bart",
    .says = "BART: encoder and decoder, norms behind the sums",
    .arch = { "bart" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
