/* SPDX-License-Identifier: MIT
 * assay fidelity MODEL: how faithful an implementation of a whole model is, and by which op. */
#include "../conformance/results/terminal.h"
#include "../conformance/select.h"
#include "../reference/core/dtype.h"
#include "../reference/core/options.h"
#include "../reference/core/registry.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/models/fidelity.h"
#include "../reference/models/ids.h"
#include "commands.h"
#include "run_plugin.h"
#include <argp.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_IMPL = 256,
    KEY_AGAINST,
    KEY_TEXT,
    KEY_IDS,
    KEY_INPUTS,
    KEY_SPECIAL,
    KEY_WINDOW,
    KEY_BATCH,
    KEY_ISA,
    KEY_KV,
    KEY_THREADS,
    KEY_FLOOR,
    KEY_NO_OPS,
    KEY_JSON,
    KEY_ABOVE_KL,
    KEY_ABOVE_FLOOR,
    KEY_PLUGIN
};

typedef struct options {
    const char *isa, *ids, *kv;
    double most_kl, most_times; /* below 0: none */
    bool floor;                 /* --floor was given */
    assay_impl without;         /* the best of ours */
    assay_run_apart apart;      /* with plug-ins: its process */
    assay_fidelity f;
} options;

static const struct argp_option option_table[] = {
    { "text", KEY_TEXT, "FILE", 0, "Let the model see the text in FILE", 0 },
    { "ids", KEY_IDS, "IDS", 0, "Or these token ids (1,2,3)", 0 },
    { "inputs", KEY_INPUTS, "FILE", 0, "Or what is in this safetensors file, as assay logits takes it", 0 },
    { "special", KEY_SPECIAL, NULL, 0, "Recognise special tokens in the text", 0 },
    { "window", KEY_WINDOW, "N", 0,
      "Of a decoder alone: tokens are seen in windows of N, each of which begins N / 2 behind the one before (default "
      "512; of --inputs: all at once)",
      0 },
    { "impl", KEY_IMPL, "IMPL", 0,
      "oracle, scalar, best (default), plugin (with --plugin: default), or op=kernel[,op=kernel...] with best for the "
      "rest",
      1 },
    { "plugin", KEY_PLUGIN, "FILE.so", ASSAY_OPTION_REPEATS,
      "Take a plug-in's kernels for their ops, as assay run does, and say what the model answers without them, too; "
      "may "
      "be repeated",
      1 },
    { "against", KEY_AGAINST, "oracle|FILE", 0,
      "What it is held against: the oracle (default), or the logits (rows, width) in a safetensors file of another run "
      "or program",
      1 },
    { "isa", KEY_ISA, "TIER", 0, "Use kernels up to this tier (assay list isa)", 1 },
    { "kv", KEY_KV, "TYPE", 0, "Element type of the KV cache: f32 (default), f16, q8_0", 1 },
    { "threads", KEY_THREADS, "N", 0, "Threads (default 1)", 1 },
    { "batch", KEY_BATCH, "N", 0, "Most tokens per step (default 512)", 1 },
    { "floor", KEY_FLOOR, "N", 0, "Find the noise floor by N runs of the oracle (default 3; 0: not at all)", 2 },
    { "no-ops", KEY_NO_OPS, NULL, 0, "Do not run the oracle once for each op", 2 },
    { "output", 'o', "FILE", 0, "Keep the oracle's logits (f32) and the floor there, for a later --against FILE", 3 },
    { "json", KEY_JSON, "FILE", 0, "Write the same as JSON; -: standard output", 3 },
    { "fail-above-kl", KEY_ABOVE_KL, "X", 0, "Fail where the mean KL is above X nats", 3 },
    { "fail-above-floor", KEY_ABOVE_FLOOR, "TIMES", 0,
      "Fail where it is above TIMES the noise floor; of kernels that round by contract: both from the oracle that "
      "rounds alike",
      3 },
    { 0 },
};

static void check(struct argp_state *state, options *o)
{
    assay_fidelity *f = &o->f;
    const int given = (f->text_path != NULL) + (o->ids != NULL) + (f->inputs_path != NULL);
    if (!f->model)
        argp_error(state, "MODEL is missing");
    if (given != 1)
        argp_error(state, "give what the model sees: one of --text FILE, --ids IDS and --inputs FILE");
    if (f->special && !f->text_path)
        argp_error(state, "--special is of --text, which is not given");
    if (f->against && (o->floor || f->keep_path))
        argp_error(state, "%s is of --against oracle", o->floor ? "--floor" : "-o");
    if (f->against)
        f->seeds = 0, f->ops = false;
    if (o->most_times >= 0 && !f->seeds && !f->against)
        argp_error(state, "--fail-above-floor needs a floor, not --floor 0");
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    assay_fidelity *f = &o->f;
    const struct {
        int key;
        const char **to;
        bool reads; /* a file */
    } texts[] = { { KEY_TEXT, &f->text_path, true },  { KEY_INPUTS, &f->inputs_path, true },
                  { KEY_IDS, &o->ids, false },        { KEY_IMPL, &f->impl_text, false },
                  { KEY_AGAINST, &f->against, true }, { KEY_ISA, &o->isa, false },
                  { KEY_KV, &o->kv, false },          { 'o', &f->keep_path, false },
                  { KEY_JSON, &f->json_path, false } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (key == texts[i].key) {
            const bool oracle = key == KEY_AGAINST && !strcmp(arg, "oracle");
            *texts[i].to = oracle ? NULL : arg;
            if (texts[i].reads && !oracle)
                assay_save_spare(arg);
            return 0;
        }
    switch (key) {
    case KEY_PLUGIN:
        assay_run_apart_add(&o->apart, state, arg);
        return 0;
    case KEY_SPECIAL:
        f->special = true;
        return 0;
    case KEY_WINDOW:
        f->window = (int64_t)assay_option_whole(state, "--window", arg, 2, 1 << 24);
        return 0;
    case KEY_BATCH:
        f->batch = (int64_t)assay_option_whole(state, "--batch", arg, 1, 1 << 16);
        return 0;
    case KEY_THREADS:
        assay_option_threads(state, arg, &f->threads, 1);
        return 0;
    case KEY_FLOOR:
        f->seeds = (int)assay_option_whole(state, "--floor", arg, 0, 64);
        o->floor = true;
        return 0;
    case KEY_NO_OPS:
        f->ops = false;
        return 0;
    case KEY_ABOVE_KL:
        o->most_kl = assay_option_real(state, "--fail-above-kl", arg, 0, DBL_MAX);
        return 0;
    case KEY_ABOVE_FLOOR:
        o->most_times = assay_option_real(state, "--fail-above-floor", arg, 0, DBL_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one MODEL; '%s' is too much", arg);
        f->model = arg;
        assay_save_spare(arg);
        return 0;
    case ARGP_KEY_END:
        check(state, o);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void progress(int64_t done, int64_t all, const char *what)
{
    if (done == 0)
        assay_progress_begin(all, "rows");
    if (done == all)
        assay_progress_clear();
    else
        assay_progress_at(done, what);
}

static assay_status resolve(options *o, int32_t **ids, assay_why *why)
{
    assay_fidelity *f = &o->f;
    size_t n = 0;
    const assay_isa *tier = o->isa ? assay_isa_find(o->isa) : NULL;
    if (o->isa && !tier)
        return assay_fail(why, ASSAY_ERR_ARG, "--isa %.40s: no such tier (assay list isa)", o->isa);
    if (!assay_dtype_find(o->kv, &f->kv) || (f->kv != ASSAY_f32 && f->kv != ASSAY_f16 && f->kv != ASSAY_q8_0))
        return assay_fail(why, ASSAY_ERR_ARG, "--kv %.40s: f32, f16 and q8_0 are known", o->kv);
    const uint64_t isa = assay_cpu() & (tier ? tier->bits : UINT64_MAX);
    assay_status s = assay_impl_parse(f->impl_text, isa, &f->impl, why);
    if (!s && o->apart.n_plugins)
        s = assay_impl_parse("best", isa, &o->without, why);
    f->without = o->apart.n_plugins ? &o->without : NULL;
    if (!s && o->ids)
        s = assay_ids_parse(o->ids, INT32_MAX, ids, &n, why);
    f->ids = *ids;
    f->n_ids = (int64_t)n;
    return s;
}

/* 0, or 1 with a sentence. */
static int verdict(const options *o)
{
    const assay_fidelity *f = &o->f;
    const double mean = assay_apart_spread(&f->all).mean, times = assay_fidelity_judged(f);
    if (f->all.broken)
        fprintf(stderr, "assay fidelity: %lld of %lld rows have logits that are not finite\n", (long long)f->all.broken,
                (long long)f->rows);
    else if (o->most_kl >= 0 && !(mean <= o->most_kl))
        fprintf(stderr, "assay fidelity: the mean KL of %.6g is above %g\n", mean, o->most_kl);
    else if (o->most_times >= 0 && !(times <= o->most_times))
        fprintf(stderr, "assay fidelity: %.6g times the noise floor, more than %g times\n", times, o->most_times);
    else
        return 0;
    return 1;
}

/* What cannot be judged after the run. */
static assay_status judged(const options *o, assay_why *why)
{
    const assay_fidelity *f = &o->f;
    if ((o->most_kl >= 0 || o->most_times >= 0) && !f->chances)
        return assay_fail(why, ASSAY_ERR_ARG, "the model's answers are no chances: they have no KL to fail by");
    if (o->most_times >= 0 && !f->floor.seeds)
        return assay_fail(why, ASSAY_ERR_ARG, "--fail-above-floor: %s does not say its noise floor", f->against);
    return ASSAY_OK;
}

static int body(void *ctx)
{
    options *o = ctx;
    assay_why why = { "" };
    int32_t *ids = NULL;
    assay_status s = resolve(o, &ids, &why);
    if (!s)
        s = assay_fidelity_run(&o->f, &why);
    assay_progress_clear();
    if (!s)
        assay_fidelity_print(&o->f);
    if (!s && o->f.json_path)
        s = assay_fidelity_json(&o->f, &why);
    if (!s)
        s = judged(o, &why);
    fflush(stdout);
    const int code = s ? 2 : verdict(o);
    if (s)
        fprintf(stderr, "assay fidelity: %s\n", why.text);
    assay_fidelity_free(&o->f);
    free(ids);
    return code;
}

int assay_cmd_fidelity(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        take,
        "MODEL",
        "Says how faithful an implementation of a whole model is: the divergence of its answers from the oracle's "
        "(or from those in a file), its likeliest tokens, chances and perplexity beside the base's; the noise floor, "
        "which is what rounding values to f32 at random does to the oracle; and what each op's kernel does alone. "
        "MODEL is a GGUF file, or a folder with config.json and safetensors.\vExit status: 0 done, 1 above a limit "
        "that was asked for, or logits that are not finite, 2 wrong use, unreadable input, or lost output.",
        NULL,
        NULL,
        NULL
    };
    options o = { .kv = "f32",
                  .most_kl = -1,
                  .most_times = -1,
                  .f = { .threads = 1, .seeds = 3, .ops = true, .batch = 512, .progress = progress } };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    if (!o.f.impl_text)
        o.f.impl_text = o.apart.n_plugins ? "plugin" : "best";
    static const char *const option[] = { "-o", "--json" };
    const char *const out[] = { o.f.keep_path, o.f.json_path };
    if (assay_save_begin(option, out, 2, &why)) {
        fprintf(stderr, "assay fidelity: %s\n", why.text);
        assay_run_apart_free(&o.apart);
        return 2;
    }
    o.apart.command = "fidelity";
    o.apart.out = out, o.apart.n_out = 2, o.apart.body = body, o.apart.ctx = &o;
    const int code = o.apart.n_plugins ? assay_run_apart_main(&o.apart) : body(&o);
    assay_run_apart_free(&o.apart);
    return code;
}
