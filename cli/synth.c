/* SPDX-License-Identifier: MIT
 * assay synth FAMILY -o FILE: a seeded model of any family and size. */
#include "../reference/core/dtype.h"
#include "../reference/core/near.h"
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/models/synth.h"
#include "commands.h"
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SEED = 256, KEY_TABLE };

/* Short names of sizes that most families have. */
static const struct {
    const char *option;
    int key;
    const char *gguf, *doc;
} sizes[] = {
    { "layers", 300, "block_count", "Layers (of the encoder, where there are two stacks)" },
    { "decoder-layers", 301, "decoder_block_count", "Layers of the decoder behind an encoder" },
    { "width", 302, "embedding_length", "Width of a row" },
    { "heads", 303, "attention.head_count", "Heads of queries" },
    { "kv-heads", 304, "attention.head_count_kv", "Heads of keys and values" },
    { "head", 305, "attention.key_length", "Length of a head" },
    { "ffn", 306, "feed_forward_length", "Width of the feed-forward net" },
    { "vocab", 307, "vocab_size", "Tokens" },
    { "context", 308, "context_length", "Positions" },
};
enum { SIZES = sizeof sizes / sizeof *sizes };

typedef struct options {
    assay_synth s;
    const char *family, *path;
    const char **set;
    char line[SIZES][128]; /* what short names say */
    size_t n;
} options;

static void unknown(struct argp_state *state, const char *family)
{
    char best[64];
    assay_near near = { .word = family };
    const assay_family *f;
    for (size_t i = 0; (f = assay_family_at(i)); i++)
        assay_near_try(&near, f->name);
    argp_error(state, "'%.40s' is no family that is known%s (assay list models)", family,
               assay_near_text(&near, best, sizeof best));
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    for (size_t i = 0; i < SIZES; i++)
        if (sizes[i].key == key) {
            char *line = o->line[i];
            snprintf(line, sizeof o->line[i], "%s=%" PRId64, sizes[i].gguf,
                     (int64_t)assay_option_whole(state, sizes[i].option, arg, 1, INT32_MAX));
            o->set[o->n++] = line;
            return 0;
        }
    switch (key) {
    case 'o':
        o->path = arg;
        return 0;
    case 't':
        o->s.type = assay_requant_type(state, "-t", arg);
        return 0;
    case KEY_TABLE:
        o->s.table = assay_requant_type(state, "--table", arg);
        return 0;
    case KEY_SEED:
        o->s.seed = (uint64_t)assay_option_whole(state, "--seed", arg, 0, INT64_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (!o->family)
            o->family = arg;
        else if (strchr(arg, '='))
            o->set[o->n++] = arg;
        else
            argp_error(state, "%.60s: after FAMILY only KEY=NUMBER is read", arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->family || !o->path)
            argp_error(state, o->family ? "-o FILE is missing" : "FAMILY is missing (assay list models)");
        o->s.family = assay_family_find(o->family);
        if (!o->s.family)
            unknown(state, o->family);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int assay_cmd_synth(int argc, char **argv)
{
    struct argp_option table[SIZES + 5] = {
        { "output", 'o', "FILE", 0, "Write the model there, as GGUF", 0 },
        { "type", 't', "TYPE", 0, "Element type of matrices (default f32; assay list types)", 0 },
        { "table", KEY_TABLE, "TYPE", 0, "Element type of the tokens' table (default: as --type)", 0 },
        { "seed", KEY_SEED, "N", 0, "Seed of its numbers (default 1)", 0 },
    };
    for (size_t i = 0; i < SIZES; i++)
        table[4 + i] = (struct argp_option){ sizes[i].option, sizes[i].key, "N", 0, sizes[i].doc, 1 };
    const struct argp argp = {
        table,
        take,
        "FAMILY [KEY=NUMBER...]",
        "Writes a model of random numbers, with a tokenizer of bytes: for a family that is known (assay list models), "
        "of "
        "a small size unless options say otherwise. KEY is any other key of GGUF that the family reads, without the "
        "architecture in front: expert_count=4. The same seed and sizes give the same bytes.\vExit status: 0 done, 2 "
        "wrong use, sizes that do not go together, or lost output.",
        NULL,
        NULL,
        NULL
    };
    static options o = { .s = { .seed = 1, .type = ASSAY_f32, .table = ASSAY_DTYPE_END } }; /* lines stay */
    assay_why why = { "" };
    o.set = assay_zeros((size_t)argc + 1, sizeof *o.set);
    assay_options_parse(&argp, argc, argv, &o);
    o.s.set = o.set;
    o.s.table = o.s.table == ASSAY_DTYPE_END ? o.s.type : o.s.table;
    static const char *const option[] = { "-o" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.path }, 1, &why);
    if (!s)
        s = assay_synth_write(&o.s, o.path, &why);
    free(o.set);
    if (s) {
        fprintf(stderr, "assay synth: %s\n", why.text);
        return 2;
    }
    printf("%s: %s, %zu tensors, %.0f parameters, %.1f MB\n", o.path, o.family, o.s.tensors, o.s.parameters,
           o.s.bytes / 1e6);
    return 0;
}
