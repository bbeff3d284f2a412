/* SPDX-License-Identifier: MIT
 * Every family's graph from its shape alone, and the parameters of published models: a graph that counts as many has
 * all shapes right.  The counts are those of the published checkpoints, tied tables once. */
#include "../../../reference/models/family.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static void set(assay_model *m, const char *size)
{
    char key[96];
    const size_t n = strcspn(size, "=");
    assay_why why;
    ck_assert_msg(n < sizeof key && size[n] == '=', "'%s' is no size", size);
    memcpy(key, size, n);
    key[n] = 0;
    ck_assert_int_eq(assay_model_set(m, key, strtod(size + n + 1, NULL), &why), ASSAY_OK);
}

START_TEST(sizes)
{
    const assay_family *f;
    for (size_t i = 0; (f = assay_family_at(i)) != NULL; i++) {
        assay_model m;
        assay_graph g = { 0 };
        assay_why why = { "" };
        ck_assert_ptr_nonnull(f->sizes);
        ck_assert_int_eq(assay_model_blank(f, &m, &why), ASSAY_OK);
        for (const char *const *s = f->sizes; *s; s++)
            set(&m, *s);
        ck_assert_msg(assay_family_graph(&m, ASSAY_f32, &g, &why) == ASSAY_OK, "%s: %s", f->name, why.text);
        ck_assert_msg(g.n_nodes > 0 && g.parameters > 0 && m.n_wanted > 0, "%s: an empty graph", f->name);
        double wanted = 0; /* what a file of it has to hold */
        for (size_t w = 0; w < m.n_wanted; w++) {
            double n = 1;
            for (int r = 0; r < m.wanted[w].rank; r++)
                n *= (double)m.wanted[w].dim[r];
            wanted += n;
        }
        ck_assert_msg(wanted == g.parameters, "%s: %.0f elements in tensors, %.0f parameters", f->name, wanted,
                      g.parameters);
        assay_graph_free(&g);
        assay_model_close(&m);
    }
}
END_TEST

/* In the order vocabulary, d, layers, heads, key heads, F; 0: the family's own; then other keys. */
static const struct {
    const char *model, *family;
    double size[6];
    const char *more[6];
    double parameters;
} published[] = {
    { "LLaMA 7B", "llama", { 32000, 4096, 32, 32, 0, 11008 }, { "tie_word_embeddings=0" }, 6738415616 },
    { "Llama-3 8B", "llama", { 128256, 4096, 32, 32, 8, 14336 }, { "tie_word_embeddings=0" }, 8030261248 },
    { "Llama-3.2 1B", "llama", { 128256, 2048, 16, 32, 8, 8192 }, { NULL }, 1235814400 },
    { "SmolLM2-135M", "llama", { 49152, 576, 30, 9, 3, 1536 }, { NULL }, 134515008 },
    { "Mistral 7B", "mistral", { 32000, 4096, 32, 32, 8, 14336 }, { "tie_word_embeddings=0" }, 7241732096 },
    { "Qwen2-0.5B", "qwen2", { 151936, 896, 24, 14, 2, 4864 }, { NULL }, 494032768 },
    { "Qwen2-7B", "qwen2", { 152064, 3584, 28, 28, 4, 18944 }, { "tie_word_embeddings=0" }, 7615616512 },
    { "Qwen3-0.6B", "qwen3", { 151936, 1024, 28, 16, 8, 3072 }, { "attention.key_length=128" }, 596049920 },
    { "GPT-2 small", "gpt2", { 50257, 768, 12, 12, 0, 0 }, { "context_length=1024" }, 124439808 },
    { "Gemma-2-2B",
      "gemma2",
      { 256000, 2304, 26, 8, 4, 9216 },
      { "attention.key_length=256", "attention.sliding_window=4096" },
      2614341888 },
    { "ChatGLM3-6B",
      "chatglm",
      { 65024, 4096, 28, 32, 2, 13696 },
      { "add_qkv_bias=1", "rope.dimension_count=64", "tie_word_embeddings=0" },
      6243584000 },
    { "GLM-4-9B",
      "chatglm",
      { 151552, 4096, 40, 32, 2, 13696 },
      { "add_qkv_bias=1", "rope.dimension_count=64", "tie_word_embeddings=0" },
      9399951360 },
    { "GLM-4-9B, in other names",
      "glm",
      { 151552, 4096, 40, 32, 2, 13696 },
      { "rope.dimension_count=64", "tie_word_embeddings=0" },
      9399951360 },
    { "Baichuan-7B", "baichuan", { 64000, 4096, 32, 32, 0, 11008 }, { "tie_word_embeddings=0" }, 7000559616 },
    { "Baichuan-13B", "baichuan", { 64000, 5120, 40, 40, 0, 13696 }, { "tie_word_embeddings=0" }, 13264901120 },
    { "Baichuan2-13B", "baichuan", { 125696, 5120, 40, 40, 0, 13696 }, { "tie_word_embeddings=0" }, 13896668160 },
    { "phi-2",
      "phi",
      { 51200, 2560, 32, 32, 0, 10240 },
      { "rope.dimension_count=32", "tie_word_embeddings=0" },
      2779683840 },
    { "Mixtral-8x7B",
      "mixtral",
      { 32000, 4096, 32, 32, 8, 14336 },
      { "expert_count=8", "expert_used_count=2", "tie_word_embeddings=0" },
      46702792704 },
    { "Qwen1.5-MoE-A2.7B",
      "qwen2_moe",
      { 151936, 2048, 24, 16, 16, 5632 },
      { "expert_count=60", "expert_used_count=4", "expert_feed_forward_length=1408",
        "expert_shared_feed_forward_length=5632", "tie_word_embeddings=0" },
      14315784192 },
    { "gpt-oss-20b",
      "gpt_oss",
      { 201088, 2880, 24, 64, 8, 2880 },
      { "attention.key_length=64", "expert_count=32", "expert_used_count=4", "expert_feed_forward_length=2880",
        "attention.sliding_window=128", "tie_word_embeddings=0" },
      20914757184 },
    { "BERT base, without its pooler",
      "bert",
      { 30522, 768, 12, 12, 0, 3072 },
      { "context_length=512", "type_vocab_size=2" },
      109482240 - 768 * 769 },
    { "MiniLM-L6, without its pooler",
      "bert",
      { 30522, 384, 6, 12, 0, 1536 },
      { "context_length=512", "type_vocab_size=2" },
      22713216 - 384 * 385 },
    { "T5 small",
      "t5",
      { 32128, 512, 6, 8, 0, 2048 },
      { "decoder_block_count=6", "attention.key_length=64", "attention.relative_buckets_count=32" },
      60506624 },
    { "BART base",
      "bart",
      { 50265, 768, 6, 12, 0, 3072 },
      { "decoder_block_count=6", "context_length=1024" },
      139420416 },
    { "ViT-B/16",
      "vit",
      { 0, 768, 12, 12, 0, 3072 },
      { "image_size=224", "patch_size=16", "class_count=1000" },
      86567656 },
    { "phi-3-mini", "phi3", { 32064, 3072, 32, 32, 0, 8192 }, { "tie_word_embeddings=0" }, 3821079552 },
};

START_TEST(counts)
{
    static const char *const keys[] = { "vocab_size",           "embedding_length",        "block_count",
                                        "attention.head_count", "attention.head_count_kv", "feed_forward_length" };
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const assay_family *f = assay_family_find(published[i].family);
        assay_model m;
        assay_graph g = { 0 };
        assay_why why = { "" };
        ck_assert_msg(f != NULL, "%s: no family %s", published[i].model, published[i].family);
        ck_assert_int_eq(assay_model_blank(f, &m, &why), ASSAY_OK);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            if (published[i].size[k] > 0)
                ck_assert_int_eq(assay_model_set(&m, keys[k], published[i].size[k], &why), ASSAY_OK);
        for (size_t k = 0; k < 6 && published[i].more[k]; k++)
            set(&m, published[i].more[k]);
        ck_assert_msg(assay_family_graph(&m, ASSAY_f32, &g, &why) == ASSAY_OK, "%s: %s", published[i].model, why.text);
        ck_assert_msg(g.parameters == published[i].parameters, "%s: %.0f parameters, not %.0f", published[i].model,
                      g.parameters, published[i].parameters);
        assay_graph_free(&g);
        assay_model_close(&m);
    }
}
END_TEST

Suite *assay_unit_families(void)
{
    Suite *s = suite_create("families");
    TCase *c = tcase_create("families");
    tcase_add_test(c, sizes);
    tcase_add_test(c, counts);
    suite_add_tcase(s, c);
    return s;
}
