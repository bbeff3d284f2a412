/* SPDX-License-Identifier: MIT */
#include "select.h"
#include "../reference/core/near.h"
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "judge/pool.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *isa_name(const assay_filter *f)
{
    return f->isa && f->isa[0] == '=' ? f->isa + 1 : f->isa;
}

assay_status assay_filter_check(const assay_filter *f, assay_why *why)
{
    char best[80];
    assay_near isa = { .word = isa_name(f) };
    for (size_t i = 0; f->isa && assay_isa_at(i); i++)
        assay_near_try(&isa, assay_isa_at(i)->name);
    if (f->op && !assay_op_find(f->op))
        return assay_no_op(f->op, why);
    if (f->isa && !assay_isa_find(isa_name(f)))
        return assay_fail(why, ASSAY_ERR_ARG, "--isa %.60s: no such tier%s (assay list isa)", f->isa,
                          assay_near_text(&isa, best, sizeof best));
    return ASSAY_OK;
}

const char *assay_kernel_bare(const char *name)
{
    const char *colon = strchr(name, ':'); /* no plug-in's name has one */
    return colon ? colon + 1 : name;
}

bool assay_kernel_matches(const char *glob, const char *name)
{
    return !fnmatch(glob, assay_kernel_bare(name), 0) || (strchr(glob, ':') && !fnmatch(glob, name, 0));
}

static bool named(const assay_filter *f, const char *kernel)
{
    bool any = !f->kernel || assay_kernel_matches(f->kernel, kernel);
    for (int i = 0; i < f->n_also; i++)
        any |= assay_kernel_matches(f->also[i], kernel);
    return any;
}

assay_state assay_filter_kernel(const assay_filter *f, const assay_kernel *k)
{
    if (f->op && strcmp(f->op, k->op))
        return ASSAY_FILTERED;
    if (!named(f, k->name))
        return ASSAY_FILTERED;
    if (f->isa) {
        const assay_isa *cap = assay_isa_find(isa_name(f));
        if (f->isa[0] == '=' ? assay_isa_of(k->isa) != cap : (k->isa & ~cap->bits) != 0)
            return ASSAY_FILTERED;
    }
    return k->isa & ~assay_cpu() ? ASSAY_NOT_ON_CPU : ASSAY_RUNS;
}

/* The op is the longest that the stem begins with, the tier its last word: matmul_q4_0_dotprod. */
assay_kernel assay_kernel_of_file(const char *file)
{
    const char *stem = strrchr(file, '/') ? strrchr(file, '/') + 1 : file, *tier = strrchr(stem, '_');
    const assay_isa *isa = tier ? assay_isa_find(tier + 1) : NULL;
    assay_kernel k = { .op = "?", .name = file, .isa = isa ? isa->bits : 0 };
    size_t best = 0;
    for (size_t i = 0; assay_op_at(i); i++) {
        const char *op = assay_op_at(i)->name;
        const size_t n = strlen(op);
        if (n > best && !strncmp(stem, op, n) && stem[n] == '_')
            best = n, k.op = op, k.name = stem + n + 1;
    }
    return k;
}

bool assay_filter_absent(const assay_filter *f, const char *file)
{
    const assay_kernel k = assay_kernel_of_file(file);
    return !f || (!f->plugin && (assay_filter_kernel(f, &k) != ASSAY_FILTERED ||
                                 (f->kernel_b && assay_kernel_matches(f->kernel_b, k.name))));
}

/* "2/4" */
static assay_status parse_shard(assay_filter *f, const char *text, assay_why *why)
{
    uint64_t i, n = 0;
    const char *end = assay_digits(text, &i);
    end = end && *end == '/' ? assay_digits(end + 1, &n) : NULL;
    if (!end || *end || i < 1 || i > n || n > ASSAY_MAX_SHARDS)
        return assay_fail(why, ASSAY_ERR_ARG, "--shard %s: I/N is needed, I from 1 to N, N at most %d", text,
                          ASSAY_MAX_SHARDS);
    f->shard = (int)i, f->shards = (int)n;
    return ASSAY_OK;
}

/* ---- options --------------------------------------------------------------------------------------------- */

enum {
    KEY_ISA = 0x1000,
    KEY_THREADS,
    KEY_PLUGIN,
    KEY_JSON,
    KEY_SEED,
    KEY_QUICK,
    KEY_FULL,
    KEY_EXHAUSTIVE,
    KEY_TIME,
    KEY_MEMORY,
    KEY_SHARD
};

const char *assay_plugin_path(const char *file)
{
    static char path[4096];
    if (strchr(file, '/') || snprintf(path, sizeof path, "./%s", file) >= (int)sizeof path)
        return file;
    return path;
}

/* Of the first or the second plug-in, to the end of the program. */
static const char *keep_path(int nth, const char *path)
{
    static char *kept[2];
    free(kept[nth]);
    return kept[nth] = strdup(path);
}

static error_t parse_filter(int key, char *arg, struct argp_state *state)
{
    assay_filter *f = state->input;
    assay_why why = { "" };
    switch (key) {
    case 'o':
        f->op = arg;
        break;
    case 'k':
        if (f->n_also == ASSAY_MAX_GLOBS)
            argp_error(state, "-k %s: given more than %d times", arg, ASSAY_MAX_GLOBS + 1);
        if (!f->kernel)
            f->kernel = arg;
        else
            f->also[f->n_also++] = arg;
        f->kernel_b = f->pairs && f->n_also == 1 ? arg : NULL;
        break;
    case KEY_ISA:
        f->isa = arg;
        break;
    case KEY_THREADS:
        f->n_threads = assay_option_threads(state, arg, f->threads, ASSAY_MAX_TEAMS);
        break;
    case KEY_PLUGIN:
        if (f->plugin && (!f->builds || f->plugin_b))
            argp_error(state, "--plugin is given %s, as %s and as %s: only %s can count",
                       f->builds ? "three times" : "twice", f->plugin, arg, f->builds ? "two" : "one");
        *(f->plugin ? &f->plugin_b : &f->plugin) = keep_path(f->plugin != NULL, assay_plugin_path(arg));
        assay_save_spare(assay_plugin_path(arg));
        break;
    case KEY_JSON:
        f->json = arg;
        break;
    case KEY_TIME: /* without a limit a call may never end */
        assay_pool_limits.seconds = (int)assay_option_whole(state, "--time-limit", arg, 1, 1 << 30);
        break;
    case KEY_MEMORY:
        assay_pool_limits.mebibytes = (int)assay_option_whole(state, "--memory-limit", arg, 0, 1 << 30);
        break;
    case KEY_SHARD:
        if (parse_shard(f, arg, &why))
            argp_error(state, "%s", why.text);
        break;
    case KEY_SEED:
        f->seed = assay_option_whole(state, "--seed", arg, 0, UINT64_MAX);
        f->has_seed = true;
        break;
    case KEY_QUICK:
        f->level = ASSAY_QUICK;
        break;
    case KEY_FULL:
        f->level = ASSAY_FULL;
        break;
    case KEY_EXHAUSTIVE:
        f->level = ASSAY_EXHAUSTIVE;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option filter_options[] = {
    { "op", 'o', "OP", 0, "only this op", 0 },
    { "kernel", 'k', "GLOB", ASSAY_OPTION_REPEATS, "only kernels whose name matches; may be given up to 16 times", 0 },
    { "isa", KEY_ISA, "TIER", 0, "kernels up to this tier; =TIER: exactly this tier", 0 },
    { "threads", KEY_THREADS, "N,N", 0, "team sizes", 0 },
    { "time-limit", KEY_TIME, "S", 0,
      "CPU seconds that one call may use (default 60); half as long it may sleep; bench: of all calls of a row, per "
      "thread",
      0 },
    { "memory-limit", KEY_MEMORY, "MIB", 0, "memory that a plug-in's process may take (default 4096; 0: no limit)", 0 },
    { "plugin", KEY_PLUGIN, "FILE.so", ASSAY_OPTION_REPEATS,
      "the kernels of this shared object; check and bench: given twice, two builds of one, old and new", 0 },
    { "json", KEY_JSON, "FILE", 0, "write results there as JSON; -: standard output", 0 },
    { 0 },
};
static const struct argp_option effort_options[] = {
    { "seed", KEY_SEED, "N", 0, "seed of the inputs, also of cases that name one (default: one of its own per case)",
      0 },
    { "quick", KEY_QUICK, NULL, 0, "what a short run holds (default)", 0 },
    { "full", KEY_FULL, NULL, 0, "large shapes too", 0 },
    { "exhaustive", KEY_EXHAUSTIVE, NULL, 0, "no time limit: several seeds of every case", 0 },
    { 0 },
};
static const struct argp_option shard_options[] = {
    { "shard", KEY_SHARD, "I/N", 0, "only the I-th of N parts of the cases, by a hash of their lines", 0 },
    { 0 },
};
const struct argp assay_shard_argp = { shard_options, parse_filter, NULL, NULL, NULL, NULL, NULL };
const struct argp assay_filter_argp = { filter_options, parse_filter, NULL, NULL, NULL, NULL, NULL };
const struct argp assay_effort_argp = { effort_options, parse_filter, NULL, NULL, NULL, NULL, NULL };
