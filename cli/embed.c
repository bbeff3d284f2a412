/* SPDX-License-Identifier: MIT
 * assay embed MODEL TEXT...: vectors of sentences by an encoder, and their cosines. */
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/models/embed.h"
#include "../reference/models/ids.h"
#include "commands.h"
#include <stdlib.h>
#include <string.h>

enum { KEY_POOLING = 256, KEY_RAW, KEY_TRUNCATE, KEY_IMPL, KEY_ISA, KEY_THREADS, KEY_JSON };

typedef struct options {
    assay_embed e;
    const char *isa;
    assay_span *text;
    char *lines; /* of standard input */
} options;

static const struct argp_option option_table[] = {
    { "output", 'o', "FILE", 0, "Write the vectors as safetensors: embeddings (texts, width), F32, of the oracle F64",
      0 },
    { "pooling", KEY_POOLING, "NAME", 0,
      "How rows become one vector: mean, cls (the first), max, last (default: as the model's files say, else mean)",
      0 },
    { "raw", KEY_RAW, NULL, 0, "Keep the vectors' lengths (default: 1, unless modules.json lacks a Normalize)", 0 },
    { "truncate", KEY_TRUNCATE, NULL, 0, "Cut texts that the model has no place for, instead of refusing them", 0 },
    { "impl", KEY_IMPL, "IMPL", 0, "oracle, scalar, best (default), or op=kernel[,op=kernel...] with best for the rest",
      1 },
    { "isa", KEY_ISA, "TIER", 0, "Use kernels up to this tier (assay list isa)", 1 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1)", 1 },
    { "json", KEY_JSON, "FILE", 0, "Write texts, vectors and cosines as JSON; -: standard output", 1 },
    { 0 },
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'o':
        o->e.vectors_path = arg;
        return 0;
    case KEY_POOLING:
        for (o->e.pooling = 0; assay_pooling_name(o->e.pooling) && strcmp(arg, assay_pooling_name(o->e.pooling));)
            o->e.pooling++;
        if (!assay_pooling_name(o->e.pooling))
            argp_error(state, "--pooling %.40s: mean, cls, max and last are known", arg);
        return 0;
    case KEY_RAW:
        o->e.raw = true;
        return 0;
    case KEY_TRUNCATE:
        o->e.truncate = true;
        return 0;
    case KEY_IMPL:
        o->e.impl_text = arg;
        return 0;
    case KEY_ISA:
        o->isa = arg;
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &o->e.threads, 1);
        return 0;
    case KEY_JSON:
        o->e.json_path = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->e.model) {
            o->text[o->e.n++] = (assay_span){ arg, strlen(arg) };
            return 0;
        }
        o->e.model = arg;
        assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->e.n)
            argp_error(state, o->e.model ? "a TEXT is missing (-: a text a line from standard input)"
                                         : "MODEL and a TEXT are missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Standard input's lines in place of the texts; an empty one is a text, too. */
static assay_status read_lines(options *o, assay_why *why)
{
    size_t n = 0, count = 0;
    const assay_status s = assay_read_all(stdin, &o->lines, &n, why);
    if (s)
        return s;
    for (size_t i = 0; i < n; i++)
        count += o->lines[i] == '\n' || i + 1 == n;
    free(o->text);
    o->text = assay_room(count, sizeof *o->text);
    o->e.n = 0;
    for (size_t at = 0; at < n;) {
        const char *end = memchr(o->lines + at, '\n', n - at);
        const size_t length = end ? (size_t)(end - o->lines) - at : n - at;
        o->text[o->e.n++] = (assay_span){ o->lines + at, length };
        at += length + 1;
    }
    return o->e.n ? ASSAY_OK : assay_fail(why, ASSAY_ERR_ARG, "standard input holds no line, so no text");
}

int assay_cmd_embed(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL TEXT...",
        "Prints the cosines of sentences' vectors, as an encoder (BERT, MiniLM, RoBERTa) makes them: its rows of a "
        "text, "
        "[CLS] and [SEP] among them, pooled into one. MODEL is a GGUF file, or a folder with config.json, safetensors "
        "and "
        "a tokenizer; what modules.json of sentence-transformers says there is heeded. A TEXT of - alone: a text a "
        "line "
        "from standard input.\vExit status: 0 done, 2 wrong use, a text that is too long, unreadable input, or lost "
        "output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .e = { .pooling = -1, .impl_text = "best", .threads = 1 } };
    assay_why why = { "" };
    o.text = assay_room((size_t)argc, sizeof *o.text);
    assay_options_parse(&argp, argc, argv, &o);
    static const char *const option[] = { "-o", "--json" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.e.vectors_path, o.e.json_path }, 2, &why);
    if (!s)
        s = assay_impl_option(o.e.impl_text, o.isa, &o.e.impl, &why);
    if (!s && o.e.n == 1 && o.text[0].n == 1 && *o.text[0].at == '-')
        s = read_lines(&o, &why);
    o.e.text = o.text;
    if (!s)
        s = assay_embed_run(&o.e, &why);
    if (!s)
        assay_embed_print(&o.e);
    assay_embed_free(&o.e);
    free(o.text);
    free(o.lines);
    if (s)
        fprintf(stderr, "assay embed: %s\n", why.text);
    return s ? 2 : 0;
}
