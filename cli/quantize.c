/* SPDX-License-Identifier: MIT
 * assay quantize IN OUT --type T: a model file with its matrices in another element type. */
#include "../conformance/results/terminal.h"
#include "../reference/core/dtype.h"
#include "../reference/core/near.h"
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/models/requant.h"
#include "commands.h"
#include "stop.h"
#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_IMATRIX = 256,
    KEY_FALLBACK,
    KEY_TENSOR,
    KEY_THREADS,
    KEY_DRY,
    KEY_JSON,
    KEY_METHOD,
    KEY_INPUTS,
    KEY_LAYOUT
};

typedef struct options {
    assay_requant r;
    const char *type, *json, *layout;
    char pattern[ASSAY_REQUANT_RULES][128];
    bool dry, each;
} options;

static const struct argp_option option_table[] = {
    { "type", 't', "TYPE", 0, "Element type of matrices (assay list types; a wrong one prints those that files hold)",
      0 },
    { "imatrix", KEY_IMATRIX, "FILE", 0,
      "How much each column matters, as llama-imatrix writes it (GGUF): errors in "
      "those that matter more weigh more in the search of blocks",
      0 },
    { "method", KEY_METHOD, "METHOD", 0,
      "awq, gptq or smoothquant, with settings behind (gptq,act_order,damping=0.02; a wrong one prints them): what "
      "matrices are multiplied with decides how they are rounded",
      0 },
    { "activations", KEY_INPUTS, "FILE", 0,
      "Of --method: what matrices are multiplied with, as safetensors (assay run --activations-out)", 0 },
    { "layout", KEY_LAYOUT, "LAYOUT", 0,
      "Of awq gemm or gemv, of gptq gptq or gptq_v2, instead of --type: OUT is a safetensors file of that layout", 0 },
    { "tensor", KEY_TENSOR, "PATTERN=TYPE", ASSAY_OPTION_REPEATS,
      "Another type for tensors whose name matches (*, ?, "
      "[...]); TYPE keep: as they are. The last that matches counts",
      0 },
    { "fallback", KEY_FALLBACK, "TYPE", 0,
      "For matrices whose rows are no whole blocks of --type (default: the "
      "narrowest that fits and is no narrower)",
      0 },
    { "dry-run", KEY_DRY, NULL, 0, "Say what would become of each tensor, write nothing", 1 },
    { "verbose", 'v', NULL, 0, "A line per tensor instead of one per kind", 1 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1); the file is the same", 1 },
    { "json", KEY_JSON, "FILE", 0, "Write the same as JSON; -: standard output", 1 },
    { 0 },
};

static bool step(void *ctx, int64_t weights, const char *tensor)
{
    (void)ctx;
    return assay_stop_step(weights / 1000, tensor);
}

assay_dtype assay_requant_type(struct argp_state *state, const char *option, const char *text)
{
    char all[400] = "", best[64], lower[32];
    assay_near near = { .word = lower };
    assay_dtype t;
    snprintf(lower, sizeof lower, "%s", text);
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c); /* llama.cpp writes Q4_K */
    if (assay_dtype_find(lower, &t) && assay_requant_writes(t))
        return t;
    for (int i = 0; i < ASSAY_DTYPE_END; i++)
        if (assay_requant_writes((assay_dtype)i)) {
            const char *name = assay_dtype_of((assay_dtype)i)->name;
            assay_near_try(&near, name);
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all ? " " : "", name);
        }
    argp_error(state, "%s %.40s: no type that a model file's matrices are written in%s (%s)", option, text,
               assay_near_text(&near, best, sizeof best), all);
    return ASSAY_f32;
}

static void take_rule(struct argp_state *state, options *o, const char *arg)
{
    const char *equal = strrchr(arg, '=');
    const size_t n = equal ? (size_t)(equal - arg) : 0;
    if (!n || !equal[1] || n >= sizeof *o->pattern)
        argp_error(state, "--tensor %.60s: PATTERN=TYPE is needed", arg);
    if (o->r.n_rules == ASSAY_REQUANT_RULES)
        argp_error(state, "--tensor: %d times at most", ASSAY_REQUANT_RULES);
    char *pattern = o->pattern[o->r.n_rules];
    snprintf(pattern, sizeof *o->pattern, "%.*s", (int)n, arg);
    const assay_dtype type =
        strcmp(equal + 1, "keep") ? assay_requant_type(state, "--tensor", equal + 1) : ASSAY_DTYPE_END;
    o->r.rule[o->r.n_rules++] = (assay_requant_rule){ pattern, type };
}

/* Which of --type, --method, --activations, --layout go together. */
static void end_method(struct argp_state *state, options *o)
{
    assay_requant_how *h = &o->r.how;
    const bool gptq = h->method == ASSAY_METHOD_GPTQ;
    if (!o->type && !o->layout)
        argp_error(state, h->method && h->method != ASSAY_METHOD_SMOOTH ? "--type TYPE or --layout LAYOUT is missing"
                                                                        : "--type TYPE is missing");
    if (o->type && o->layout)
        argp_error(state, "--type and --layout: one of them");
    if (!h->method != !h->activations)
        argp_error(state, h->method ? "--method: --activations FILE is missing" : "--activations: of --method alone");
    if (h->method && o->r.imatrix)
        argp_error(state, "--method and --imatrix: one of them");
    if (!o->layout && h->of_grid)
        argp_error(state, "--method: %s is of --layout; with --type %s the grid is that type's own", h->of_grid,
                   o->type);
    if (!o->layout)
        return;
    for (int l = ASSAY_PACKED_GEMM; l <= ASSAY_PACKED_GPTQ_V2; l++)
        if (!strcmp(o->layout, assay_packed_name((assay_packed_layout)l)) &&
            assay_packed_is_gptq((assay_packed_layout)l) == gptq && h->method && h->method != ASSAY_METHOD_SMOOTH)
            h->layout = (assay_packed_layout)l, h->packs = true;
    if (!h->packs)
        argp_error(state, "--layout %.40s: awq has gemm and gemv, gptq gptq and gptq_v2", o->layout);
    if (o->json || o->dry)
        argp_error(state, "%s: of --type alone", o->dry ? "--dry-run" : "--json");
    if (o->r.fallback != ASSAY_DTYPE_END)
        argp_error(state, "--fallback: of --type alone");
    for (int i = 0; i < o->r.n_rules; i++)
        if (o->r.rule[i].type != ASSAY_DTYPE_END)
            argp_error(state, "--tensor '%.40s=%s': with --layout matrices are packed, or stay as they are (=keep)",
                       o->r.rule[i].pattern, assay_dtype_of(o->r.rule[i].type)->name);
    o->r.type = ASSAY_f16; /* decides which tensors are matrices; nothing is written in it */
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 't':
        o->type = arg;
        o->r.type = assay_requant_type(state, "--type", arg);
        return 0;
    case KEY_IMATRIX:
        o->r.imatrix = arg;
        return 0;
    case KEY_FALLBACK:
        o->r.fallback = assay_requant_type(state, "--fallback", arg);
        return 0;
    case KEY_TENSOR:
        take_rule(state, o, arg);
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &o->r.threads, 1);
        return 0;
    case KEY_METHOD: {
        assay_why why = { "" };
        if (assay_method_parse(arg, &o->r.how, &why))
            argp_error(state, "--method: %s", why.text);
        return 0;
    }
    case KEY_INPUTS:
        o->r.how.activations = arg;
        return 0;
    case KEY_LAYOUT:
        o->layout = arg;
        return 0;
    case KEY_DRY:
        o->dry = true;
        return 0;
    case 'v':
        o->each = true;
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "one IN and one OUT; '%s' is too much", arg);
        if (state->arg_num)
            o->r.out = arg;
        else
            o->r.in = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->r.in || (!o->r.out && !o->dry))
            argp_error(state, o->r.in ? "OUT is missing" : "IN and OUT are missing");
        end_method(state, o);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static assay_status work(options *o, assay_why *why)
{
    assay_status s = assay_requant_plan(&o->r, why);
    if (!s && !o->dry) {
        assay_stop_on_signals();
        assay_progress_begin(o->r.weights / 1000, "thousand weights");
        o->r.step = step;
        o->r.pulse.go_on = assay_stop_goes_on;
        s = o->r.how.packs ? assay_method_pack(&o->r, why) : assay_requant_write(&o->r, why);
        assay_progress_clear();
    }
    if (s)
        return s;
    if (!o->r.how.packs)
        assay_requant_print(&o->r, o->each, !o->dry);
    if (o->r.how.method && !o->dry)
        assay_method_print(&o->r, o->each);
    if (o->r.how.packs)
        printf("%s: written\n", o->r.out);
    else if (!o->dry)
        printf("%s: written, read back and found the same\n", o->r.out);
    char *json = o->json ? assay_requant_json(&o->r, !o->dry) : NULL;
    if (o->json)
        s = json ? assay_save_text(o->json, json, why) : assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the JSON");
    free(json);
    return s;
}

int assay_cmd_quantize(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "IN OUT --type TYPE\nIN --dry-run --type TYPE\nIN OUT --method METHOD --activations FILE (--type TYPE | "
        "--layout "
        "LAYOUT)",
        "Writes the model file IN (GGUF or safetensors) anew as OUT (GGUF), with its matrices in TYPE, by the "
        "reference's "
        "encoders. Vectors stay floats, norms, routers and position tables stay as they are, a matrix whose rows are "
        "no "
        "whole blocks gets a fall-back; all is said, with the errors. Keys are copied. A safetensors file holds "
        "neither "
        "keys nor a tokenizer: its tensors keep their names, and assay run does not take what comes out. Weights "
        "packed "
        "by AWQ or GPTQ are decoded first.\v"
        "OUT is put in place when it is whole, of --type when it has been read back; until then, and after an "
        "interrupt, it is as it was. Exit status: 0 done, 2 wrong use, unreadable input, numbers that are not finite, "
        "or lost output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .r = { .fallback = ASSAY_DTYPE_END, .threads = 1 } };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    assay_save_spare(o.r.in);
    if (o.r.imatrix)
        assay_save_spare(o.r.imatrix);
    if (o.r.how.activations)
        assay_save_spare(o.r.how.activations);
    static const char *const option[] = { "OUT", "--json" };
    assay_status s = assay_save_begin(option, (const char *const[]){ o.dry ? NULL : o.r.out, o.json }, 2, &why);
    if (!s)
        s = work(&o, &why);
    assay_requant_free(&o.r);
    if (s) {
        fflush(stdout);
        fprintf(stderr, "assay quantize: %s\n", why.text);
    }
    return s ? 2 : 0;
}
