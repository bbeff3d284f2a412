/* SPDX-License-Identifier: MIT
 * ViT: an image (C, h, w) in square patches, each a row W p + b; in front of them a row for the class; places are
 * added; norms stand in front of the layers and behind the last; the answer is the class head of the first row, or,
 * of a file without one, all rows (transformers modeling_vit.py).  Images are of the size that the file says: places
 * are not interpolated. */
#include "../core/status.h"
#include "assay/params.h"
#include "decoder.h"
#include <inttypes.h>

#define LIST ASSAY_LIST
#define OF   ASSAY_OF

#define ROW(gguf, hf, form)                                                                                            \
    {                                                                                                                  \
        gguf, hf "|vit." hf, form                                                                                      \
    }

static const assay_tensor_name names[] = {
    ROW("class_embd.weight", "embeddings.cls_token", ASSAY_FORM_FLAT),
    ROW("position_embd.weight", "embeddings.position_embeddings", ASSAY_FORM_FLAT),
    ROW("patch_embd", "embeddings.patch_embeddings.projection", ASSAY_FORM_SAME),
    ROW("blk.#.attn_norm", "encoder.layer.#.layernorm_before", ASSAY_FORM_SAME),
    ROW("blk.#.attn_q", "encoder.layer.#.attention.attention.query", ASSAY_FORM_SAME),
    ROW("blk.#.attn_k", "encoder.layer.#.attention.attention.key", ASSAY_FORM_SAME),
    ROW("blk.#.attn_v", "encoder.layer.#.attention.attention.value", ASSAY_FORM_SAME),
    ROW("blk.#.attn_output", "encoder.layer.#.attention.output.dense", ASSAY_FORM_SAME),
    ROW("blk.#.ffn_norm", "encoder.layer.#.layernorm_after", ASSAY_FORM_SAME),
    ROW("blk.#.ffn_up", "encoder.layer.#.intermediate.dense", ASSAY_FORM_SAME),
    ROW("blk.#.ffn_down", "encoder.layer.#.output.dense", ASSAY_FORM_SAME),
    ROW("output_norm", "layernorm", ASSAY_FORM_SAME),
    { "output", "classifier", ASSAY_FORM_SAME },
    { "", "pooler.dense", ASSAY_FORM_SAME },
    { "", "vit.pooler.dense", ASSAY_FORM_SAME },
    { 0 },
};
static const assay_key_rule keys[] = {
    { "encoder_stride", true, { 0, 0 }, "a head that no graph has" },
    { "pooler_*", true, { 0, 0 }, "a head that no graph has" },
    { 0 },
};

typedef struct image {
    int64_t size, patch, channels;
} image;

static assay_status read(assay_model *m, assay_decoder *d, image *im, assay_why *why)
{
    bool bias = true;
    const struct {
        const char *key;
        bool required;
        int64_t *out;
    } ints[] = { { "image_size", true, &im->size },
                 { "patch_size", true, &im->patch },
                 { "num_channels", false, &im->channels } };
    assay_status s = assay_decoder_read(m, d, why);
    for (size_t i = 0; i < sizeof ints / sizeof *ints && !s; i++)
        s = assay_model_int(m, ints[i].key, ints[i].required, 1, 1 << 14, ints[i].out, why);
    if (!s && im->size % im->patch)
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s: an image of %" PRId64 " in patches of %" PRId64 " leaves a rest",
                       m->label, im->size, im->patch);
    if (!s)
        s = assay_model_truth(m, "qkv_bias", &bias, why);
    if (!s)
        s = assay_activation_read(m, "hidden_act", &d->s.net, why);
    d->s.causal = false;
    if (!bias)
        d->s.bias &= ~(unsigned)(ASSAY_BIAS_Q | ASSAY_BIAS_K | ASSAY_BIAS_V);
    return s;
}

/* (1 + P, d): the class's row, then those of the patches, and the places. */
static int embedded(const assay_builder *b, const image *im, int64_t P)
{
    assay_graph *g = b->g;
    const int64_t d = b->s->d, C = im->channels, n = im->size, p = im->patch, K = C * p * p;
    const int pixels = assay_graph_value(g, ASSAY_VALUE_FRAMES, ASSAY_f32, 4, LIST(1, C, n, n), "pixels");
    const int cut = assay_build_temp(b, P, K, "patches", -1);
    assay_node *u = assay_graph_call(g, "unfold", "BCHWTK", LIST(1, C, n, n, P, K), "x y", OF(pixels, cut), -1);
    assay_graph_set(g, u, "kernel_h", (double)p);
    assay_graph_set(g, u, "kernel_w", (double)p);
    const int w = assay_graph_weight(g, b->m, 4, LIST(d, C, p, p), "patch_embd.weight");
    const int bias = assay_graph_vector(g, b->m, 1, LIST(d), "patch_embd.bias");
    const int patches = assay_build_product(b, cut, w, bias, P, d, K, "patch_embd", -1);
    const int class = assay_graph_weight(g, b->m, 2, LIST(1, d), "class_embd.weight");
    const int places = assay_graph_weight(g, b->m, 2, LIST(1 + P, d), "position_embd.weight");
    const int x = assay_build_temp(b, 1 + P, d, "embedding", -1);
    const int parts[2] = { class, patches };
    for (int k = 0; k < 2; k++) {
        const int64_t rows = k ? P : 1;
        const int place = assay_graph_part(g, places, k, rows, "position_embd.%d", k);
        assay_graph_call(g, "add", "RC", LIST(rows, d), "a b y", OF(parts[k], place, assay_graph_rows(g, x, k, rows)),
                         -1);
    }
    return x;
}

static assay_status graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    assay_decoder d = { .s = { .layer_norm = true, .eps = 1e-12, .bias = ASSAY_BIAS_ALL, .net = ASSAY_NET_GELU } };
    image im = { .channels = 3 };
    const assay_status s = read(m, &d, &im, why);
    if (s)
        return s;
    const int64_t side = im.size / im.patch, P = side * side;
    *g = (assay_graph){ .encodes = true, .pass = ASSAY_PASS_ENCODE };
    snprintf(g->family, sizeof g->family, "%s", m->family->name);
    assay_builder b = assay_stack_begin(g, m, &d.s, kv);
    const int x = assay_stack_layers(&b, embedded(&b, &im, P));
    g->hidden = g->logits = assay_build_norm(&b, x, 1 + P, "output_norm", -1);
    g->width = d.s.d;
    if (m->blank || assay_model_has(m, "output.weight")) {
        g->width = assay_build_rows(g, m, "output.weight", "class_count");
        const int first = assay_graph_rows(g, g->hidden, 0, 1);
        g->logits = assay_build_linear(&b, first, 1, g->width, d.s.d, "output", true, -1);
    }
    return assay_graph_done(m, g, why);
}

static const char *const small[] = { "embedding_length=96",    "block_count=3",
                                     "attention.head_count=6", "feed_forward_length=160",
                                     "image_size=20",          "patch_size=4",
                                     "class_count=7",          NULL };
const assay_family assay_family_vit = {
    .name = "vit",
    .says = "ViT: an encoder of an image's patches with a class head",
    .arch = { "vit" },
    .names = names,
    .keys = keys,
    .graph = graph,
    .sizes = small,
};
