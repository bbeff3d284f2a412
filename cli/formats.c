/* SPDX-License-Identifier: MIT
 * assay formats [MODEL.gguf]: error against bits per weight, in two parts. */
#include "../conformance/results/terminal.h"
#include "../reference/core/dtype.h"
#include "../reference/core/options.h"
#include "../reference/core/registry.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/models/formats.h"
#include "commands.h"
#include "stop.h"
#include <stdlib.h>
#include <string.h>

enum { KEY_THREADS = 256, KEY_ISA, KEY_JSON };

typedef struct options {
    assay_formats f;
    const char *json;
    bool chosen;
} options;

static const struct argp_option option_table[] = {
    { "type", 't', "TYPE", ASSAY_OPTION_REPEATS,
      "Only this type (default: all that model files are written in; of a MODEL without iq1, iq2, iq3)", 0 },
    { "prompt", 'p', "TEXT", 0, "The text whose continuations are compared (default: some sentences)", 0 },
    { "isa", KEY_ISA, "TIER", 0, "Use kernels up to this tier (assay list isa)", 1 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1)", 1 },
    { "json", KEY_JSON, "FILE", 0, "Write the same as JSON; -: standard output", 1 },
    { 0 },
};

static bool step(void *ctx, int64_t done, const char *what)
{
    (void)ctx;
    return assay_stop_step(done, what);
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    const assay_isa *tier;
    switch (key) {
    case 't':
        o->f.want[assay_requant_type(state, "--type", arg)] = true;
        o->chosen = true;
        return 0;
    case 'p':
        o->f.prompt = arg;
        return 0;
    case KEY_ISA:
        tier = assay_isa_find(arg);
        if (!tier)
            argp_error(state, "--isa %.40s: no such tier (assay list isa)", arg);
        else
            o->f.isa &= tier->bits;
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &o->f.threads, 1);
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one MODEL; '%s' is too much", arg);
        o->f.model = arg;
        assay_save_spare(arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static assay_status work(options *o, assay_why *why)
{
    assay_stop_on_signals();
    int n = 0;
    for (int t = 0; t < ASSAY_DTYPE_END; t++) {
        /* the search of a grid takes milliseconds a block: of a model only if asked for */
        const bool usual =
            assay_requant_writes((assay_dtype)t) && !(o->f.model && assay_dtype_of((assay_dtype)t)->grid);
        o->f.want[t] |= !o->chosen && usual;
        n += o->f.want[t];
    }
    assay_progress_begin(n, "types");
    o->f.step = step;
    assay_status s = assay_formats_run(&o->f, why);
    assay_progress_clear();
    if (s)
        return s;
    assay_formats_print(&o->f);
    char *json = o->json ? assay_formats_json(&o->f) : NULL;
    if (o->json)
        s = json ? assay_save_text(o->json, json, why) : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the JSON");
    free(json);
    return s;
}

int assay_cmd_formats(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "[MODEL.gguf]",
        "Prints what each element type of weights costs and is worth: bits per weight, and its error in two parts, the "
        "format's (decoded weights against the true ones, in double) and the kernel's (against the product with "
        "decoded "
        "weights); on seeded weights and, where MODEL is given, by the divergence of its output with its matrices in "
        "each "
        "type that fits their rows: a file at a time is written into TMPDIR.\vExit status: 0 done, 2 wrong use, "
        "unreadable input, or lost output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .f = { .isa = assay_cpu(), .threads = 1 } };
    assay_why why = { "" };
    o.f.prompt =
        "The lighthouse keeper had counted ships for thirty years. Every evening he wrote the names of those that "
        "passed into a book with a green cover, the hour beside them, and what the weather was like. On the last "
        "page he found, in his own hand, a ship that he did not remember.";
    assay_options_parse(&argp, argc, argv, &o);
    static const char *const option[] = { "--json" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.json }, 1, &why);
    if (!s)
        s = work(&o, &why);
    assay_formats_free(&o.f);
    if (s) {
        fflush(stdout);
        fprintf(stderr, "assay formats: %s\n", why.text);
    }
    return s ? 2 : 0;
}
