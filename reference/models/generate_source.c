/* SPDX-License-Identifier: MIT
 * A run of a model with an encoder: the prompt is what the encoder reads, and a decoder behind it begins a text of its
 * own. */
#include "../core/clock.h"
#include "../core/status.h"
#include "generate_parts.h"
#include "model_parts.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool frames(const assay_graph *g)
{
    for (int v = 0; v < g->n_values; v++)
        if (g->value[v].kind == ASSAY_VALUE_FRAMES)
            return true;
    return false;
}

assay_status assay_generate_fits(const run *r, assay_why *why)
{
    const assay_generate *o = r->o;
    const assay_graph *g = &r->l.graph;
    if (!g->steps)
        return assay_fail(why, ASSAY_UNSUPPORTED, "family %s has no decoder: %s", g->family,
                          frames(g) ? "assay logits" : "assay embed, assay fill");
    if (!g->encodes)
        return o->translates || o->begin || o->source_path
                   ? assay_fail(why, ASSAY_UNSUPPORTED, "family %s has no encoder before its decoder: %s", g->family,
                                o->translates ? "assay run" : "give a prompt alone, -p or --ids")
                   : ASSAY_OK;
    const char *const alone = o->draft          ? "--draft"
                              : o->imatrix_path ? "--imatrix-out"
                              : o->inputs_path  ? "--activations-out"
                              : o->chat         ? "--chat"
                                                : NULL;
    if (alone)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s is of decoders alone; family %s has an encoder", alone,
                          g->family);
    if (frames(g) != (o->source_path != NULL))
        return assay_fail(why, ASSAY_UNSUPPORTED, "the encoder of family %s reads %s", g->family,
                          frames(g) ? "numbers, not text: --inputs FILE.safetensors" : "tokens: -p TEXT or --ids IDS");
    return ASSAY_OK;
}

/* A token that config.json names, or generation_config.json beside it; -1: neither does. */
static assay_status named(assay_model *m, const char *key, int32_t *id, assay_why *why)
{
    const assay_model_key *k = assay_model_find(m, key);
    double x = k && k->kind == ASSAY_KEY_NUMBER ? k->number : -1;
    cJSON *j = NULL;
    const assay_status s = x < 0 && m->hf ? assay_model_beside(m, "", "generation_config.json", &j, why) : ASSAY_OK;
    const cJSON *also = cJSON_GetObjectItemCaseSensitive(j, key);
    if (cJSON_IsNumber(also))
        x = also->valuedouble;
    cJSON_Delete(j);
    *id = x >= 0 && x <= INT32_MAX ? (int32_t)x : -1;
    return s;
}

/* decoder_start_token_id, else bos, else pad (T5), and behind it the token that is to be the first of the text. */
static assay_status begin(run *r, int32_t **ids, size_t *n, assay_why *why)
{
    static const char *const keys[] = { "decoder_start_token_id", "bos_token_id", "pad_token_id" };
    int32_t first = -1, forced = -1;
    assay_status s = ASSAY_OK;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && first < 0 && !s; i++)
        s = named(&r->l.model, keys[i], &first, why);
    if (!s)
        s = named(&r->l.model, "forced_bos_token_id", &forced, why);
    if (!s && first < 0)
        s = assay_fail(why, ASSAY_ERR_ARG,
                       "%s: no decoder_start_token_id says what the decoder begins with: --decoder-ids IDS",
                       r->o->model);
    *ids = assay_room(2, sizeof **ids);
    (*ids)[0] = first, (*ids)[1] = forced;
    *n = forced < 0 ? 1 : 2;
    return s;
}

assay_status assay_generate_source(run *r, const int32_t *ids, size_t n, int32_t **begins, size_t *n_begins,
                                   assay_why *why)
{
    const assay_generate *o = r->o;
    assay_status s = named(&r->l.model, "eos_token_id", &r->eos, why);
    if (!s && o->source_path)
        s = assay_inputs_open(o->source_path, &r->source.in, why);
    if (!s && o->source_path)
        s = assay_inputs_rows(&r->source.in, &r->l.graph, &r->source.T, why);
    if (!s && !o->source_path) {
        if (n == 0)
            return assay_fail(why, ASSAY_ERR_ARG, "the prompt has no tokens");
        r->source.id = assay_room(n, sizeof *r->source.id);
        memcpy(r->source.id, ids, n * sizeof *ids);
        r->source.n = r->source.T = (int64_t)n;
        if (o->prompt && !r->l.tokens.behind && r->eos >= 0 && ids[n - 1] != r->eos) /* of a spiece.model */
            fprintf(
                stderr,
                "assay %s: note: the tokenizer's file puts no token behind a text, and the model ends texts by %" PRId32
                ": an encoder trained with it there reads it with --special, or by --ids\n",
                o->translates ? "translate" : "run", r->eos);
    }
    if (!s && !o->begin)
        s = begin(r, begins, n_begins, why);
    if (!s && o->begin) {
        *n_begins = o->n_begin;
        *begins = assay_room(o->n_begin, sizeof **begins);
        memcpy(*begins, o->begin, o->n_begin * sizeof **begins);
    }
    return s;
}

assay_status assay_generate_encode(run *r, assay_why *why)
{
    if (!r->l.graph.encodes)
        return ASSAY_OK;
    const double start = assay_seconds();
    const assay_status s = assay_session_encode(
        r->session, &(assay_source){ .ids = r->source.id, .frames = r->source.in.narrow, .T = r->source.T }, why);
    r->encode.seconds = assay_seconds() - start;
    r->encode.tokens = r->source.T;
    r->encode.n_shares = assay_session_shares(r->session, r->encode.share, SHARES);
    assay_session_reset_times(r->session);
    return s;
}

void assay_generate_source_free(run *r)
{
    free(r->source.id);
    if (r->source.in.label)
        assay_inputs_free(&r->source.in);
}

bool assay_generate_ends(const run *r, int32_t id)
{
    return !r->o->ignore_eos && (id == r->eos || (id < r->l.tokens.n && r->l.tokens.ends[id]));
}
