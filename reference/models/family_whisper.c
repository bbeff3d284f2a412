/* SPDX-License-Identifier: MIT
 * Whisper: of a spectrogram (M, 2 T) gelu(conv1), three frames wide, and gelu(conv2), every second, are (T, d); sines
 * and cosines, all sines first, or the file's table are added; norms stand in front of the layers and behind the last;
 * the decoder has a table of positions and the tokens' table as its head; keys have no bias (transformers
 * modeling_whisper.py).  A convolution is a product with unfolded frames: conv2 reads rows of time, so its matrix is
 * turned from (d, channel, 3) to (d, 3, channel).  GGUF has no arch for it. */
#include "assay/params.h"
#include "decoder.h"
#include "seq2seq.h"

#define LIST ASSAY_LIST
#define OF   ASSAY_OF
enum { T = ASSAY_DIM_T, TWICE = ASSAY_DIM_TIMES(2, T), WIDE = 3 };

static const assay_tensor_name names[] = {
    ASSAY_BART_NAME("token_embd", "decoder.embed_tokens"),
    { "output", "proj_out", ASSAY_FORM_SAME },
    ASSAY_BART_NAME("enc.conv1", "encoder.conv1"),
    { "enc.conv2", "model.encoder.conv2|encoder.conv2", ASSAY_FORM_TURNED },
    ASSAY_BART_LAYERS("enc", "encoder", "attn_norm", "ffn_norm"),
    ASSAY_BART_LAYERS("dec", "decoder", "attn_norm", "ffn_norm"),
    ASSAY_BART_CROSS("cross_attn_norm"),
    ASSAY_BART_NAME("enc.output_norm", "encoder.layer_norm"),
    ASSAY_BART_NAME("dec.output_norm", "decoder.layer_norm"),
    { 0 },
};
static const assay_key_rule keys[] = {
    { "is_encoder_decoder", true, { 0, 0 }, "the tensors say it" },
    { "scale_embedding", true, { 0, 0 }, "transformers reads it and does not use it" },
    { "max_source_positions", true, { 0, 0 }, "the frames that are given count" },
    { "num_hidden_layers", true, { 0, 0 }, "encoder_layers says it" },
    { "apply_spec_augment", true, { 0, 0 }, "for training" },
    { "mask_feature_*", true, { 0, 0 }, "for training" },
    { "mask_time_*", true, { 0, 0 }, "for training" },
    { "median_filter_width", true, { 0, 0 }, "for times of words" },
    { "use_weighted_layer_sum", true, { 0, 0 }, "a head that no graph has" },
    { "classifier_proj_size", true, { 0, 0 }, "a head that no graph has" },
    { 0 },
};

/* gelu(W frames + bias), where cols (rows, K) are the unfolded frames, W (d, K) of any rank. */
static int convolved(const assay_builder *b, int cols, int64_t rows, int w, int64_t K, const char *tensor)
{
    const int64_t d = b->s->d;
    const int bias = assay_graph_vector(b->g, b->m, 1, LIST(d), "%s.bias", tensor);
    const int y = assay_build_product(b, cols, w, bias, rows, d, K, tensor, -1);
    char name[32];
    snprintf(name, sizeof name, "%s.gelu", tensor);
    return assay_build_activation(b, y, rows, d, ASSAY_NET_GELU, name, -1);
}

static int stem(const assay_builder *b)
{
    assay_graph *g = b->g;
    const int64_t d = b->s->d;
    int64_t M = 80;
    if (!g->status)
        g->status = assay_model_int(b->m, "num_mel_bins", false, 1, 1 << 15, &M, &g->why);
    const int mel = assay_graph_value(g, ASSAY_VALUE_FRAMES, ASSAY_f32, 4, LIST(1, M, 1, TWICE), "mel");
    const int one = assay_build_temp(b, TWICE, WIDE * M, "conv1.unfolded", -1);
    assay_node *n =
        assay_graph_call(g, "unfold", "BCHWTK", LIST(1, M, 1, TWICE, TWICE, WIDE * M), "x y", OF(mel, one), -1);
    assay_graph_set(g, n, "kernel_w", WIDE);
    assay_graph_set(g, n, "stride_w", 1);
    assay_graph_set(g, n, "pad_w", 1);
    const int first = assay_graph_weight(g, b->m, 3, LIST(d, M, WIDE), "enc.conv1.weight");
    const int x = convolved(b, one, TWICE, first, WIDE * M, "enc.conv1");
    const int two = assay_build_temp(b, T, WIDE * d, "conv2.unfolded", -1); /* rows of time are rows of an image */
    n = assay_graph_call(g, "unfold", "BCHWTK", LIST(1, 1, TWICE, d, T, WIDE * d), "x y", OF(x, two), -1);
    assay_graph_set(g, n, "kernel_h", WIDE);
    assay_graph_set(g, n, "kernel_w", (double)d);
    assay_graph_set(g, n, "stride_h", 2);
    assay_graph_set(g, n, "pad_h", 1);
    const int second = assay_graph_weight(g, b->m, 3, LIST(d, WIDE, d), "enc.conv2.weight");
    return convolved(b, two, T, second, WIDE * d, "enc.conv2");
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_seq2seq x = { .side = { { .eps = 1e-5 } }, .last_norm = true, .stem = stem };
    assay_net net = ASSAY_NET_GELU;
    assay_status s = assay_seq2seq_read(m, &x, m->hf, why);
    if (!s)
        s = assay_activation_read(m, "activation_function", &net, why);
    if (s)
        return s;
    for (int k = 0; k < 2; k++) {
        x.side[k].layer_norm = true;
        x.side[k].eps = m->hf ? 1e-5 : x.side[k].eps; /* whatever config.json says */
        x.side[k].bias = ASSAY_BIAS_ALL & ~(unsigned)ASSAY_BIAS_K;
        x.side[k].net = net;
    }
    const bool table = assay_model_has(m, "enc.position_embd.weight");
    x.placing[ASSAY_ENCODER] = table ? ASSAY_PLACING_TABLE : ASSAY_PLACING_HALVES;
    x.placing[ASSAY_DECODER] = ASSAY_PLACING_TABLE;
    return assay_seq2seq_graph(m, &x, kv, g, why);
}

static const char *const small[] = { "vocab_size=352",          "embedding_length=96",    "block_count=3",
                                     "decoder_block_count=2",   "attention.head_count=6", "context_length=64",
                                     "feed_forward_length=160", "num_mel_bins=10",        NULL };
const assay_family assay_family_whisper = {
    .name = "whisper",
    .says = "Whisper: a spectrogram's encoder, alone or with its decoder",
    .arch = { "whisper" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
