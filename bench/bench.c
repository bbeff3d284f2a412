/* SPDX-License-Identifier: MIT
 * assay bench: the command line, what stands before the first row (machine, counters, roofs), and the total. */
#include "../conformance/results/terminal.h"
#include "../reference/core/secret.h"
#include "../reference/core/options.h"
#include "bench.h"
#include "../conformance/builds.h"
#include "../conformance/model.h"
#include "../conformance/results/hash.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include <argp.h>
#include <cjson/cJSON.h>
#include <fnmatch.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int interrupted;
static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* ---- the rows --------------------------------------------------------------------------------------------------- */

typedef struct visitor {
    bench_session *s;
    const char *workload;
    double tokens;
    int64_t lines; /* of --case: more than one need names of their own */
} visitor;

static assay_status count_line(const char *line, void *ctx, assay_why *why)
{
    assay_case c;
    ++*(int64_t *)ctx;
    return assay_case_parse(line, &c, why);
}

/* The op of --case, and how many lines it means; each is one that can be read. */
static assay_status read_line(const char *line, const assay_op **op, int64_t *lines, assay_why *why)
{
    char name[64] = "";
    sscanf(line, "%63s", name);
    *op = assay_op_find(name);
    *lines = 0;
    return *op ? assay_case_expand(*op, line + strcspn(line, " "), count_line, lines, why) : assay_no_op(name, why);
}

void bench_name_case(const char *workload, bool several, const char *line, char *name, size_t n)
{
    const char *rest = line + strcspn(line, " ");
    rest += strspn(rest, " ");
    const bool is_long = strlen(rest) > 90;
    snprintf(name, n, "%s%s%.90s", workload, several ? ":" : "", several ? rest : "");
    for (char *c = name; *c; c++)
        *c = *c == ' ' ? ',' : *c == '/' ? '_' : *c;
    const size_t at = strlen(name);
    if (several && is_long)
        snprintf(name + at, n - at, "..%08x", (unsigned)assay_hash(line, strlen(line)));
}

static assay_status visit(const char *line, void *ctx, assay_why *why)
{
    const visitor *v = ctx;
    char name[128];
    bench_name_case(v->workload, v->lines > 1, line, name, sizeof name);
    const assay_status st = v->s->o->filter.kernel_b || v->s->build_b ? bench_pairs(v->s, line, name)
                                                                      : bench_rows(v->s, line, name, v->tokens);
    if (st)
        *why = v->s->why;
    return st;
}

static bool means(const bench_options *o, const assay_op *op, const assay_workload *w)
{
    return (!o->filter.op || !strcmp(o->filter.op, op->name)) && (!o->workload || !fnmatch(o->workload, w->name, 0));
}

/* Before anything is measured: is there a row to come? */
static assay_status any_workload(const bench_options *o, assay_why *why)
{
    bool any = o->line || o->calls.model || o->n_vectors;
    for (size_t i = 0; assay_op_at(i); i++) {
        const assay_workload *w;
        for (size_t k = 0; (w = assay_workload_of(assay_op_at(i), k)); k++)
            any |= means(o, assay_op_at(i), w);
    }
    return any ? ASSAY_OK : assay_fail(why, ASSAY_ERR_ARG, "no workload matches the filter (assay list workloads)");
}

static assay_status all_rows(bench_session *s)
{
    const bench_options *o = s->o;
    visitor v = { s, "case", 0, 0 };
    if (s->model)
        return bench_model_rows(s);
    if (o->n_vectors)
        return bench_vector_rows(s);
    if (o->line) {
        const assay_op *op;
        const assay_status st = read_line(o->line, &op, &v.lines, &s->why);
        return st ? st : assay_case_expand(op, o->line + strcspn(o->line, " "), visit, &v, &s->why);
    }
    if (o->budget > 0)
        return bench_budget_rows(s, means);
    for (size_t i = 0; assay_op_at(i); i++) {
        const assay_op *op = assay_op_at(i);
        const assay_workload *w;
        for (size_t k = 0; (w = assay_workload_of(op, k)); k++) {
            if (!means(o, op, w))
                continue;
            v = (visitor){ s, w->name, w->tokens, 0 };
            const assay_status st = assay_case_expand(op, w->line, visit, &v, &s->why);
            if (st)
                return st;
        }
    }
    return ASSAY_OK;
}

/* ---- command line ------------------------------------------------------------------------------------------------ */

enum { KEY_CASE = 256, KEY_RESUME, KEY_BUDGET, KEY_SIMULATE, KEY_ROOFS, KEY_SLOWER, KEY_VECTOR, KEY_CHILD };

static const struct argp_option option_table[] = {
    { "workload", 'w', "GLOB", 0, "only workloads whose name matches (assay list workloads)", 0 },
    { "case", KEY_CASE, "PATTERN", 0, "your own shape: 'matmul T=1 N=4096 K=4096 w={q4_0,q8_0}', or w=*", 0 },
    { "budget", KEY_BUDGET, "TIME", 0,
      "begin no problem after 90s, 6m or 1h: each op's most telling workloads first, by the best tier, then the "
      "others; what was left out is counted and named",
      0 },
    { "vector", KEY_VECTOR, "FILE", ASSAY_OPTION_REPEATS,
      "the operands of a vector file (assay run --capture, docs/vectors.md); may be repeated", 0 },
    { "resume", KEY_RESUME, NULL, 0, "go on where the journal of --json FILE stopped", 0 },
    { "simulate", KEY_SIMULATE, "HOW", 0,
      "counters by callgrind: none (default of --model), some (once per kernel and types; default), all; a plug-in's "
      "only when this is given: it is not confined there",
      0 },
    { "no-roofs", KEY_ROOFS, NULL, 0, "measure no roofs: rows then have no shares", 0 },
    { "fail-if-slower", KEY_SLOWER, "P%", 0,
      "of two kernels (-k -k) or builds (--plugin twice): exit 1 if the second takes more than P % longer, and the "
      "whole interval says so",
      0 },
    { "simulate-child", KEY_CHILD, "FD,N", OPTION_HIDDEN, NULL, 0 },
    { 0 },
};

typedef struct command {
    bench_options o;
    const char *child;
} command;

static const struct argp_child children[] = { { &assay_filter_argp, 0, "Which:", 1 },
                                              { &assay_effort_argp, 0, "How much:", 2 },
                                              { &assay_shard_argp, 0, NULL, 2 },
                                              { &assay_calls_model_argp, 0, "The calls of a model (assay ops):", 3 },
                                              { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    command *c = state->input;
    bench_options *o = &c->o;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->child_inputs[1] = state->child_inputs[2] = &o->filter;
        state->child_inputs[3] = &o->calls;
        o->filter.pairs = o->filter.builds = true;
        break;
    case 'w':
        o->workload = arg;
        break;
    case KEY_CASE:
        o->line = arg;
        break;
    case KEY_VECTOR:
        if (o->n_vectors == BENCH_VECTORS)
            argp_error(state, "--vector %s: given more than %d times", arg, BENCH_VECTORS);
        o->vector[o->n_vectors++] = arg;
        assay_save_spare(arg);
        break;
    case KEY_RESUME:
        o->resume = true;
        break;
    case KEY_BUDGET:
        if (!bench_budget_read(arg, &o->budget))
            argp_error(state, "--budget %s: a time of a second or more, as 90s, 6m or 1h", arg);
        break;
    case KEY_SIMULATE:
        if (strcmp(arg, "none") && strcmp(arg, "some") && strcmp(arg, "all"))
            argp_error(state, "--simulate %s: none, some or all", arg);
        o->simulate = arg;
        break;
    case KEY_ROOFS:
        o->no_roofs = true;
        break;
    case KEY_SLOWER:
        o->fail_slower = assay_option_percent(state, "--fail-if-slower", arg);
        break;
    case KEY_CHILD:
        c->child = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        break;
    case ARGP_KEY_END:
        if (o->resume && !o->filter.json)
            argp_error(state, "--resume needs the --json FILE that it goes on with");
        if (o->budget > 0 && (o->line || o->n_vectors || o->calls.model || o->filter.kernel_b))
            argp_error(state, "--budget does not go with --case, --model or pairs: all of what they name is measured");
        if (o->calls.model && (o->line || o->workload))
            argp_error(state, "--model does not go with %s: its calls are what is measured", o->line ? "--case" : "-w");
        if (!o->calls.model && (o->calls.prompt || o->calls.context || o->calls.kv))
            argp_error(state, "--prompt, --context and --kv are about --model MODEL");
        if (o->n_vectors && (o->line || o->workload || o->calls.model))
            argp_error(state, "--vector does not go with %s: its problem is what is measured",
                       o->line       ? "--case"
                       : o->workload ? "-w"
                                     : "--model");
        if (o->n_vectors && o->simulate && strcmp(o->simulate, "none") != 0)
            argp_error(state, "--simulate %s: what --vector holds is not simulated", o->simulate);
        if (o->n_vectors)
            o->simulate = "none";
        if (o->calls.model && !o->simulate) /* callgrind takes minutes for a prompt's products */
            o->simulate = "none";
        if (o->filter.plugin_b) /* kernels are paired by their names: every -k says which */
            o->filter.kernel_b = NULL;
        if (o->fail_slower > 0 && !o->filter.plugin_b && !o->filter.kernel_b)
            argp_error(state, "--fail-if-slower compares two: -k A -k B, or --plugin OLD --plugin NEW");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int total(bench_session *s, assay_status st)
{
    assay_why why = { "" };
    char reason[400] = "";
    const cJSON *o;
    cJSON_ArrayForEach(o, s->journal.known)
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(o, "name")),
                   *text = cJSON_GetStringValue(cJSON_GetObjectItem(o, "why"));
        const char *what = cJSON_GetStringValue(cJSON_GetObjectItem(o, "what"));
        if (name && text && what && (!strcmp(what, "workload") || !strcmp(what, "row")))
            snprintf(reason, sizeof reason, "%.150s: %.200s", name, text);
    }
    assay_progress_clear();
    if (bench_journal_close(&s->journal, &why) && !s->why.text[0])
        s->why = why, st = ASSAY_ERR_IO;
    if (st || s->why.text[0]) {
        fprintf(stderr, "assay bench: %s\n", s->why.text);
        return 2;
    }
    const bool shard = s->o->filter.shards > 1;
    printf("%lld row%s measured, %lld of them failed their verdict, %lld known already%s\n", (long long)s->rows,
           assay_s(s->rows), (long long)s->failed, (long long)s->skipped,
           interrupted ? "; interrupted: --resume goes on" : "");
    if (s->left_out)
        printf("%lld problem%s left out by the budget of time: --full measures all, --resume with another budget goes "
               "on\n",
               (long long)s->left_out, assay_s(s->left_out));
    if (assay_secret_name())
        printf("secret %s\n", assay_secret_name());
    if (shard)
        printf("shard %d/%d: assay merge joins them\n", s->o->filter.shard, s->o->filter.shards);
    if (!shard && s->rows == 0 && s->skipped == 0 && !interrupted)
        fprintf(stderr, "assay bench: nothing was measured%s%s\n",
                reason[0] ? "; for one, " : ": no kernel takes any of these cases", reason);
    if (s->o->fail_slower > 0)
        printf("%lld pair%s slower by more than %g %%\n", (long long)s->slower, s->slower == 1 ? " is" : "s are",
               100 * s->o->fail_slower);
    return s->failed || s->slower || interrupted || (!shard && s->rows + s->skipped == 0) ? 1 : 0;
}

static int fail(bench_session *s)
{
    fprintf(stderr, "assay bench: %s\n", s->why.text);
    assay_builds_close((assay_pool *[]){ s->pool, s->build_b });
    return 2;
}

int assay_cmd_bench(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Measure kernels: against the machine's roofs, the scalar reference and each other.  Every row is "
        "judged.\vExit status: 0 all right; 1 a row failed its verdict, nothing was measured, --fail-if-slower says "
        "so, or the run was interrupted; 2 wrong use; 77 no matching kernel has its CPU.",
        children,
        NULL,
        NULL
    };
    static bench_session s;
    command c = { 0 };
    assay_options_parse(&argp, argc, argv, &c);
    s.o = &c.o;
    s.interrupted = &interrupted;
    if (c.child) {
        int fd = -1, nth = -1;
        sscanf(c.child, "%d,%d", &fd, &nth);
        return c.o.line && c.o.filter.kernel
                   ? bench_simulate_child(c.o.line, c.o.filter.kernel, c.o.filter.plugin, nth, fd)
                   : 2;
    }
    const assay_op *op;
    int64_t lines;
    if (assay_filter_check(&c.o.filter, &s.why) || (c.o.line && read_line(c.o.line, &op, &lines, &s.why)) ||
        any_workload(&c.o, &s.why) || assay_save_begin((const char *const[]){ "--json" }, &c.o.filter.json, 1, &s.why))
        return fail(&s);
#ifdef M_PERTURB
    mallopt(M_PERTURB, 0x5a); /* what is freed is overwritten: a child, which is a copy, finds no old golden */
#endif
    if (c.o.filter.plugin && !c.o.simulate)
        fputs("a plug-in's kernels are not simulated unless --simulate says so: callgrind cannot be confined\n",
              stderr);
    assay_pool *both[2] = { NULL, NULL };
    if (c.o.filter.plugin_b) {
        if (!assay_builds_open(&c.o.filter, both, &s.why))
            return fail(&s);
        s.pool = both[0], s.build_b = both[1];
    } else if (c.o.filter.plugin && !(s.pool = assay_pool_open(c.o.filter.plugin, &s.why)))
        return fail(&s);
    assay_calls calls = { 0 };
    if (c.o.calls.model && assay_model_calls(&c.o.calls, &c.o.filter, s.pool, &calls, &s.why))
        return fail(&s);
    s.model = c.o.calls.model ? &calls : NULL;
    bench_machine_read(&s.machine);
    bench_default_threads(&s);
    if (bench_resume(&s))
        return fail(&s);
    const char *none = bench_unmatched(&s);
    if (none) {
        assay_fail(&s.why, ASSAY_ERR_ARG, "no kernel matches -k %.100s (assay list kernels%s)", none,
                   s.pool ? " --plugin FILE" : "");
        return fail(&s);
    }
    bench_survey(&s);
    if (!c.o.filter.kernel_b && !s.runnable) {
        assay_fail(&s.why, ASSAY_ERR_ARG,
                   s.not_on_cpu ? "no matching kernel has its CPU"
                                : "no kernel matches the filter (assay list kernels)");
        const int code = s.not_on_cpu ? 77 : 2;
        fail(&s);
        return code;
    }
    const struct sigaction stop = { .sa_handler = on_interrupt };
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    assay_progress_begin(0, "rows");
    bench_counters_calibrate(s.counter, &s.machine);
    assay_status st = bench_context(&s, argc, argv);
    uint64_t isa = assay_cpu();
    if (c.o.filter.isa)
        isa &= assay_isa_find(c.o.filter.isa + (c.o.filter.isa[0] == '='))->bits;
    bench_budget_begin(&s);
    if (!st && !c.o.no_roofs && !(c.o.resume && bench_known_roofs(&s)))
        bench_roofs_in_child(&s.machine, isa, s.threads, s.n_threads, c.o.filter.level == ASSAY_QUICK, bench_take_roof,
                             &s);
    if (!st)
        st = all_rows(&s);
    if (c.o.filter.kernel_b && !st && !s.rows && !interrupted && c.o.filter.shards <= 1)
        st = assay_fail(&s.why, ASSAY_ERR_ARG, "-k %s -k %s: no case that two different kernels of these names take",
                        c.o.filter.kernel, c.o.filter.kernel_b);
    if (s.build_b && !st && !s.rows && !interrupted && c.o.filter.shards <= 1)
        st = assay_fail(&s.why, ASSAY_ERR_ARG, "no case that a kernel of one name takes in both builds");
    assay_progress_clear();
    if (!st)
        bench_model_sum(&s);
    const int code = total(&s, st);
    assay_calls_free(&calls);
    assay_builds_close((assay_pool *[]){ s.pool, s.build_b });
    free(s.roofs.roof);
    return code;
}
