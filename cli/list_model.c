/* SPDX-License-Identifier: MIT
 * assay list model MODEL: its family, and what is done with each key that its files say. */
#include "commands.h"
#include <stdio.h>
#ifdef ASSAY_WITH_RUN
#include "../reference/models/family.h"
#include <inttypes.h>

static void print_key(const assay_model *m, const assay_model_key *k)
{
    char is[64];
    bool understood;
    const char *means = assay_model_key_use(m, k, &understood);
    if (k->kind == ASSAY_KEY_TEXT)
        snprintf(is, sizeof is, "'%.*s'", k->text.n < 40 ? (int)k->text.n : 40, k->text.at);
    else
        snprintf(is, sizeof is, k->kind == ASSAY_KEY_LIST ? "%.0f items" : "%.9g", k->number);
    const bool refused = !understood && (means || m->whole);
    printf("  %-40s %-24s %s%s\n", k->name, is, refused ? "REFUSED: " : "",
           means      ? means
           : m->whole ? "not understood"
                      : "not reached");
}

int assay_list_model(const char *path)
{
    assay_model m;
    assay_graph g = { 0 };
    assay_why why = { "" };
    if (assay_model_open(path, &m, &why)) {
        fprintf(stderr, "assay list: %s\n", why.text);
        return 2;
    }
    const assay_status s = assay_family_graph(&m, ASSAY_f32, &g, &why);
    printf("%s: family %s (%s), %s, %zu file%s, %zu tensors\n", path, m.family->name, m.family->says,
           m.hf ? "safetensors with config.json" : "GGUF", m.hf ? m.n_parts : m.n_gguf,
           (m.hf ? m.n_parts : m.n_gguf) == 1 ? "" : "s", m.n_tensors);
    if (!s)
        printf("%.0f parameters, %d calls of ops, vocabulary %" PRId64 ", context %" PRId64 "%s\n", g.parameters,
               g.n_nodes, g.vocab, g.context, g.context ? "" : " (no limit)");
    for (size_t i = 0; i < m.n_keys; i++)
        print_key(&m, &m.key[i]);
    if (s)
        fprintf(stderr, "assay list: %s\n", why.text);
    assay_graph_free(&g);
    assay_model_close(&m);
    return s ? 2 : 0;
}
#else
int assay_list_model(const char *path)
{
    fprintf(stderr, "assay list: %s: this build runs no models\n", path);
    return 2;
}
#endif
