/* SPDX-License-Identifier: MIT
 * assay similar MODEL.gguf WORD...: the nearest words in a model's own table of embeddings. */
#include "../reference/core/options.h"
#include "../reference/core/registry.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/models/similar.h"
#include "commands.h"
#include "assay/params/similarity.h"
#include <stdlib.h>
#include <string.h>

enum { KEY_METRIC = 256, KEY_IMPL, KEY_JSON, MOST = 10000 };

typedef struct options {
    assay_similar s;
    const char **word, *json, *impl;
} options;

static const struct argp_option option_table[] = {
    { NULL, 'k', "N", 0, "Neighbours of each word (default 10)", 0 },
    { "metric", KEY_METRIC, "NAME", 0, "cosine (default), dot, or l2, of which the least is the nearest", 0 },
    { "impl", KEY_IMPL, "IMPL", 0, "oracle, scalar, best (default), or op=kernel with best for the rest", 1 },
    { "json", KEY_JSON, "FILE", 0, "Write the same as JSON; -: standard output", 1 },
    { 0 },
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'k':
        o->s.k = (int64_t)assay_option_whole(state, "-k", arg, 1, MOST);
        return 0;
    case KEY_METRIC:
        for (o->s.form = 0; assay_similar_form(o->s.form) && strcmp(arg, assay_similar_form(o->s.form));)
            o->s.form++;
        if (!assay_similar_form(o->s.form))
            argp_error(state, "--metric %.40s: cosine, dot and l2 are known", arg);
        return 0;
    case KEY_IMPL:
        o->impl = arg;
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->s.model) {
            o->word[o->s.n++] = arg;
            return 0;
        }
        o->s.model = arg;
        assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->s.n)
            argp_error(state, o->s.model ? "a WORD is missing" : "MODEL.gguf and a WORD are missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static assay_status work(options *o, assay_why *why)
{
    assay_status s = assay_impl_parse(o->impl, assay_cpu(), &o->s.impl, why);
    if (!s)
        s = assay_similar_run(&o->s, why);
    if (s)
        return s;
    assay_similar_print(&o->s);
    char *json = o->json ? assay_similar_json(&o->s) : NULL;
    if (o->json)
        s = json ? assay_save_text(o->json, json, why) : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the JSON");
    free(json);
    return s;
}

int assay_cmd_similar(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL.gguf WORD...",
        "Prints the words nearest to each WORD in the model's own table of embeddings, by the ops similarity and topk. "
        "A WORD is one token of the model, as it stands: most words within a text begin with a blank, ' king', and are "
        "other tokens than those without.\vExit status: 0 done, 2 wrong use, a WORD that is not one token, unreadable "
        "input, or lost output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .s = { .k = 10, .form = ASSAY_SIMILARITY_COSINE }, .impl = "best" };
    assay_why why = { "" };
    o.word = calloc((size_t)argc + 1, sizeof *o.word);
    if (!o.word)
        abort();
    o.s.word = o.word;
    assay_options_parse(&argp, argc, argv, &o);
    static const char *const option[] = { "--json" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.json }, 1, &why);
    if (!s)
        s = work(&o, &why);
    assay_similar_free(&o.s);
    free(o.word);
    if (s) {
        fflush(stdout);
        fprintf(stderr, "assay similar: %s\n", why.text);
    }
    return s ? 2 : 0;
}
