/* SPDX-License-Identifier: MIT
 * assay logits MODEL INPUTS: what a model answers to inputs in a file, held against answers in it. */
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/models/outputs.h"
#include "commands.h"
#include <argp.h>
#include <float.h>
#include <inttypes.h>
#include <stdlib.h>

enum { KEY_IMPL = 256, KEY_ISA, KEY_CHUNK, KEY_THREADS, KEY_TOLERANCE };

typedef struct options {
    assay_outputs o;
    const char *isa, *threads;
    double tolerance; /* below 0: none */
} options;

static const struct argp_option option_table[] = {
    { "output", 'o', "FILE", 0, "Write the answers there, in F64, as safetensors; -: standard output", 0 },
    { "impl", KEY_IMPL, "IMPL", 0, "oracle (default), scalar, best, or op=kernel[,op=kernel...] with best for the rest",
      0 },
    { "isa", KEY_ISA, "TIER", 0, "Use kernels up to this tier (assay list isa)", 0 },
    { "chunk", KEY_CHUNK, "N", 0, "Feed so many tokens a step (default: all at once)", 0 },
    { "tolerance", KEY_TOLERANCE, "X", 0,
      "Fail where an answer differs from the logits in INPUTS by more than X times the largest of them", 0 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1)", 0 },
    { 0 },
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'o':
        o->o.path = arg;
        return 0;
    case KEY_IMPL:
        o->o.impl_text = arg;
        return 0;
    case KEY_ISA:
        o->isa = arg;
        return 0;
    case KEY_CHUNK:
        o->o.chunk = (int64_t)assay_option_whole(state, "--chunk", arg, 1, INT32_MAX);
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &o->o.threads, 1);
        return 0;
    case KEY_TOLERANCE:
        o->tolerance = assay_option_real(state, "--tolerance", arg, 0, DBL_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (o->o.inputs)
            argp_error(state, "%.60s: one MODEL and one file of INPUTS are read", arg);
        *(o->o.model ? &o->o.inputs : &o->o.model) = arg;
        assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->o.inputs)
            argp_error(state, o->o.model ? "INPUTS are missing" : "MODEL and INPUTS are missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool say(const options *o)
{
    const assay_outputs *r = &o->o;
    printf("family %s, implementation %s: %" PRId64 " rows of %" PRId64 " logits, %.3f s\n", r->family, r->impl_text,
           r->rows, r->width, r->seconds);
    if (!r->compared) {
        printf("the inputs hold no logits: nothing to compare with\n");
        return o->tolerance < 0;
    }
    const double relative = r->largest > 0 ? r->difference / r->largest : r->difference;
    printf("largest difference from the logits in the inputs: %.3g, %.3g of the largest of them (%.6g)\n",
           r->difference, relative, r->largest);
    if (o->tolerance >= 0 && !(relative <= o->tolerance)) {
        printf("more than %.3g of it\n", o->tolerance);
        return false;
    }
    return true;
}

int assay_cmd_logits(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL INPUTS.safetensors",
        "Runs a model once on inputs as numbers and writes all its answers: golden logits by the oracle, or those of "
        "kernels, of any family (assay list models). MODEL is a GGUF file, or a folder with config.json and "
        "safetensors. INPUTS holds ids; of an encoder and decoder ids and decoder_ids; types (of a pair of texts); mel "
        "or pixels. If it holds logits, too, answers are compared with them.\vExit status: 0 done, 1 a difference "
        "above "
        "--tolerance, or nothing to compare with, 2 wrong use, unreadable input, or lost output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .o = { .impl_text = "oracle", .threads = 1 }, .tolerance = -1 };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    static const char *const option[] = { "-o" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.o.path }, 1, &why);
    if (!s)
        s = assay_impl_option(o.o.impl_text, o.isa, &o.o.impl, &why);
    if (!s)
        s = assay_outputs_run(&o.o, &why);
    if (s) {
        fprintf(stderr, "assay logits: %s\n", why.text);
        return 2;
    }
    return say(&o) ? 0 : 1;
}
