/* SPDX-License-Identifier: MIT
 * assay merge: the results of several hosts and shards as one. */
#include "../reference/core/options.h"
#include "../conformance/results/output.h"
#include "../reference/core/status.h"
#include "commands.h"
#include "merge.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_REQUIRE = 256, KEY_FORCE };

typedef struct options {
    assay_outputs outputs;
    const char *require;
    bool force, verbose;
    char **file;
    int n_files;
} options;

static const struct argp_option option_table[] = {
    { "output", 'o', "FILE", 0, "write the joined results there as JSON, to be merged again; -: standard output", 0 },
    { "require", KEY_REQUIRE, "TIER,TIER", 0, "fail unless all kernels of these tiers were judged on all cases", 0 },
    { "force", KEY_FORCE, NULL, 0, "join results of different builds, and of one run that came out differently", 0 },
    { "verbose", 'v', NULL, 0, "print every kernel", 0 },
    { 0 },
};
static const struct argp_child children[] = { { &assay_outputs_argp, 0, "Results:", 3 }, { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->outputs;
        break;
    case 'o':
        o->outputs.path[0] = arg;
        break;
    case 'v':
        o->verbose = true;
        break;
    case KEY_REQUIRE:
        o->require = arg;
        break;
    case KEY_FORCE:
        o->force = true;
        break;
    case ARGP_KEY_ARGS:
        o->file = state->argv + state->next;
        o->n_files = state->argc - state->next;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which results? (what assay check --json or assay bench --json wrote)");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* 0, 1 or 2: all there, something missing, no such tier */
static int required(const assay_summary *s, const char *list)
{
    int code = 0;
    for (const char *t = list; t && *t;) {
        char tier[64];
        const size_t n = strcspn(t, ",");
        snprintf(tier, sizeof tier, "%.*s", (int)n, t);
        code |= assay_summary_missing(s, tier) != 0;
        t += n + (t[n] == ',');
    }
    return code;
}

static assay_status read_all(const options *o, assay_results *r, assay_why *why)
{
    int64_t twice;
    for (int i = 0; i < o->n_files; i++) {
        const assay_status s = assay_results_read(r, o->file[i], why);
        if (s)
            return s;
    }
    const assay_status s = assay_results_join(r, o->force, &twice, why);
    if (!s && twice)
        printf("  %lld parts came twice, each is counted once\n", (long long)twice);
    return s;
}

int assay_cmd_merge(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "FILE...",
        "Join what assay check --json, or what assay bench --json, wrote on several hosts and in several shards; say "
        "what "
        "no host has covered.\v"
        "The order of the files does not matter, results may be merged step by step, and a file that is given twice "
        "counts once (docs/scale.md).\n"
        "Exit status: 0 all right; 1 a kernel failed, coverage has a hole, a shard has not come, or a required tier "
        "was "
        "not judged; 2 wrong use, a file that cannot be read, or results that do not belong together.",
        children,
        NULL,
        NULL
    };
    options o = { 0 };
    assay_results r = { 0 };
    assay_summary s;
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    int code = 2;
    if (assay_is_bench(o.file[0])) {
        const assay_outputs *out = &o.outputs;
        if (!o.require && !out->path[1] && !out->path[2] && !out->path[3])
            return assay_merge_bench(o.file, o.n_files, out, o.force);
        fprintf(stderr, "assay merge: --require, --junit, --tap and --markdown are for results of assay check\n");
        return 2;
    }
    if (assay_outputs_begin(&o.outputs, &why) || read_all(&o, &r, &why)) {
        fprintf(stderr, "assay merge: %s\n", why.text);
    } else {
        assay_summarize(&r, &s);
        assay_summary_print(&s, o.verbose);
        code = assay_summary_code(&s) | required(&s, o.require);
        if (assay_outputs_write(&o.outputs, &s, &why)) {
            fprintf(stderr, "assay merge: %s\n", why.text);
            code = 2;
        }
        assay_summary_free(&s);
    }
    assay_results_free(&r);
    return code;
}
