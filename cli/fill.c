/* SPDX-License-Identifier: MIT
 * assay fill MODEL TEXT: what an encoder expects in place of [MASK]. */
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/models/fill.h"
#include "commands.h"

enum { KEY_IMPL = 256, KEY_ISA, KEY_THREADS, KEY_JSON, MOST = 10000 };

typedef struct options {
    assay_fill f;
    const char *isa;
} options;

static const struct argp_option option_table[] = {
    { NULL, 'k', "N", 0, "Tokens for each mask (default 5)", 0 },
    { "impl", KEY_IMPL, "IMPL", 0, "oracle, scalar, best (default), or op=kernel[,op=kernel...] with best for the rest",
      1 },
    { "isa", KEY_ISA, "TIER", 0, "Use kernels up to this tier (assay list isa)", 1 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1)", 1 },
    { "json", KEY_JSON, "FILE", 0, "Write the same as JSON; -: standard output", 1 },
    { 0 },
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'k':
        o->f.k = (int64_t)assay_option_whole(state, "-k", arg, 1, MOST);
        return 0;
    case KEY_IMPL:
        o->f.impl_text = arg;
        return 0;
    case KEY_ISA:
        o->isa = arg;
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &o->f.threads, 1);
        return 0;
    case KEY_JSON:
        o->f.json_path = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "one MODEL and one TEXT; '%.60s' is too much", arg);
        *(state->arg_num ? &o->f.text : &o->f.model) = arg;
        if (!state->arg_num)
            assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->f.text)
            argp_error(state, o->f.model ? "TEXT is missing" : "MODEL and TEXT are missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int assay_cmd_fill(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL TEXT",
        "Prints the tokens that an encoder with a head for masked tokens (BERT, RoBERTa) thinks the likeliest in place "
        "of "
        "each [MASK] (<mask>) in TEXT, with their probabilities. MODEL is a folder with config.json, safetensors and a "
        "tokenizer, or a GGUF file.\vExit status: 0 done, 2 wrong use, a TEXT without a mask, unreadable input, or "
        "lost "
        "output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .f = { .k = 5, .impl_text = "best", .threads = 1 } };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    static const char *const option[] = { "--json" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.f.json_path }, 1, &why);
    if (!s)
        s = assay_impl_option(o.f.impl_text, o.isa, &o.f.impl, &why);
    if (!s)
        s = assay_fill_run(&o.f, &why);
    if (!s)
        assay_fill_print(&o.f);
    assay_fill_free(&o.f);
    if (s)
        fprintf(stderr, "assay fill: %s\n", why.text);
    return s ? 2 : 0;
}
