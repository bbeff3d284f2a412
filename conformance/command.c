/* SPDX-License-Identifier: MIT
 * The command line of `assay check`. */
#include "../reference/core/secret.h"
#include "../reference/core/near.h"
#include "../reference/core/options.h"
#include "../reference/core/plain.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "builds.h"
#include "judge/absent.h"
#include "judge/placement.h"
#include "model.h"
#include "modes.h"
#include "results/expected.h"
#include "rules/cases.h"
#include "proof/scores/contracts.h"
#include "results/faults_print.h"
#include "relations/metamorphic.h"
#include "results/record.h"
#include "results/terminal.h"
#include "proof/scores/tightness.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool mutant_caught(const assay_ledger *l, size_t i)
{
    return l->entry[i].failed > 0;
}

static int print_mutants(const assay_ledger *l)
{
    size_t caught = 0;
    assay_progress_clear();
    for (size_t i = 0; i < l->n; i++) {
        const assay_entry *e = &l->entry[i];
        caught += e->failed > 0;
        printf("  %s %s/%s", e->failed ? "caught  " : "SURVIVED", e->kernel->op, e->kernel->name);
        if (e->failed)
            printf(": by %s: %s\n      %s\n", assay_by_words(e->finding[0].by), e->finding[0].why.text, e->line[0]);
        else
            printf(": %lld case%s passed\n", (long long)e->passed, assay_s(e->passed));
    }
    printf("%zu mutants, %zu caught, %zu survived\n", l->n, caught, l->n - caught);
    return caught == l->n ? 0 : 1;
}

/* ---- command line ------------------------------------------------------------------------------------------ */

enum {
    KEY_MODE = 256,
    KEY_REPRO = 300,
    KEY_CASE,
    KEY_SHRINK,
    KEY_NO_SHRINK,
    KEY_ROOM,
    KEY_RESUME,
    KEY_MAX_FAILURES,
    KEY_PART,
    KEY_PARTS,
    KEY_WITHOUT,
    KEY_IN_PROCESS,
    KEY_ROWS,
    KEY_PICTURE,
    KEY_KNOWN,
    KEY_CLAIMS
};

static const struct argp_option option_table[] = {
    { "repro", KEY_REPRO, "LINE", 0,
      "run the one case that LINE describes, as a failure prints it, and show the elements around the first wrong one",
      0 },
    { "case", KEY_CASE, "PATTERN", 0,
      "run cases of your own: a line, or a pattern of lines: 'matmul T={1,7} N=64 K=64 w=* bias={f32,none}'", 0 },
    { "in-process", KEY_IN_PROCESS, NULL, 0,
      "with --repro or --case: call the kernels in this very process, for a debugger, a sanitizer or valgrind; nothing "
      "is "
      "confined, and it is no verdict",
      0 },
    { "no-shrink", KEY_NO_SHRINK, NULL, 0, "do not look for the smallest case that fails like a kernel's first failure",
      0 },
    { "shrink", KEY_SHRINK, NULL, 0, "with --faults: look for it there too", 0 },
    { "room", KEY_ROOM, "BYTES", 0,
      "keep operands that far from their guard pages: for emulators that read masked-out lanes (default 0)", 0 },
    { "rows", KEY_ROWS, NULL, 0,
      "only the cases that were written by hand, none that is made by rule from the op's spec (docs/cases.md): for "
      "slow machines and builds; results name their level \"rows\"",
      0 },
    { "resume", KEY_RESUME, NULL, 0, "go on where the journal of --json FILE stopped", 0 },
    { "max-failures", KEY_MAX_FAILURES, "N", 0,
      "run nothing more after the case with the N-th failure; what is left out is counted as not run", 0 },
    { "known", KEY_KNOWN, "FILE", 0,
      "failures that you know of, a line each: DATE | KERNEL | VERDICTS | CASE | REASON (docs/results.md); they are "
      "counted apart, and a case that passes all the same fails",
      0 },
    { "claims", KEY_CLAIMS, "FILE", 0,
      "what kernels are said to support, a line each: KERNEL | CASE; a claim of which no case was run fails", 0 },
    { "verbose", 'v', NULL, 0, "print each kernel's worst case", 0 },
    { NULL, 0, NULL, 0, "What else can be judged, or how:", 1 },
    { "faults", KEY_MODE + FAULTS, NULL, 0, "the seeded faults (must fail) and legal variants (must pass)", 0 },
    { "tightness", KEY_MODE + TIGHTNESS, NULL, 0,
      "the legal variants and the kernels; print per op and contract how much of its bound was used at worst", 0 },
    { "mutants", KEY_MODE + MUTANTS, NULL, 0,
      "every kernel of the plug-in is wrong on purpose: leave it at its first failure, name those that survive; the "
      "hand-written cases only: judge survivors without this option",
      0 },
    { "contracts", KEY_MODE + CONTRACTS, "all", OPTION_ARG_OPTIONAL,
      "declare the seeded faults again under each contract that a kernel declares (all: also under looser ones): how "
      "many are caught then",
      0 },
    { "certificate", KEY_MODE + CERTIFICATE, "GLOB", 0,
      "measure what these kernels hold to beyond being right (determinism, batch invariance, ...): a page each", 0 },
    { "picture", KEY_PICTURE, "TO", 0,
      "with --certificate: draw the order of the largest sum into TO.svg, or of all sums into the folder TO", 0 },
    { "metamorphic", KEY_MODE + METAMORPHIC, NULL, 0,
      "the seeded faults and legal variants by relations between two results alone, without a golden", 0 },
    { "self", KEY_MODE + SELF, NULL, 0,
      "the judge, judged: faults, legal variants, and what other projects' rules say of the same outputs", 0 },
    { "legal", KEY_MODE + LEGAL, NULL, 0,
      "the legal variants in the cases that are made by rule, one of an op's in turn in each cheap one: all must pass",
      0 },
    { "coverage", KEY_MODE + COVERAGE, NULL, 0,
      "run nothing: how many cases each op has, which pairs of choices (lengths, types, fields, generators) they "
      "cover; "
      "-v: which they do not, and why",
      0 },
    { "part", KEY_PART, "FILE", 0,
      "with --self: leave all that was found in FILE, for --parts; with --faults and --tightness it does their work "
      "too",
      0 },
    { "parts", KEY_PARTS, "DIR", 0,
      "with --self: run nothing, join DIR/OP.part of each op that the filter means; each was written by this very "
      "program",
      0 },
    { "without", KEY_WITHOUT, "OPS", 0,
      "with --parts: no part of these ops is read (names with commas between); the results name them as not judged",
      0 },
    { 0 },
};

/* Modes that do all themselves, once the pool is open; the others are a choice of what the ledger holds. */
static int run_contracts(assay_session *s, const assay_asked *o)
{
    (void)o;
    return assay_contracts_main(s);
}
static int run_certificates(assay_session *s, const assay_asked *o)
{
    return assay_check_certificates(s->pool, &o->filter, o->picture);
}
static int run_relations(assay_session *s, const assay_asked *o)
{
    return assay_check_relations(s->pool, &o->filter);
}
static int run_self(assay_session *s, const assay_asked *o)
{
    return assay_self_main(s->pool, &o->filter, &o->how);
}
static int run_legal(assay_session *s, const assay_asked *o)
{
    return assay_legal_main(s->pool, &o->filter);
}
static int run_coverage(assay_session *s, const assay_asked *o)
{
    const assay_op *op;
    (void)s;
    for (size_t i = 0; (op = assay_op_at(i)); i++)
        if ((!o->filter.op || !strcmp(o->filter.op, op->name)) && assay_suite_of(op))
            assay_cases_print(assay_cases_of(op, o->filter.level), o->verbose);
    return 0;
}
static int (*const instead[MODES])(assay_session *s, const assay_asked *o) = {
    [CONTRACTS] = run_contracts, [CERTIFICATE] = run_certificates, [METAMORPHIC] = run_relations, [SELF] = run_self,
    [LEGAL] = run_legal,         [COVERAGE] = run_coverage,
};

static const struct argp_child children[] = { { &assay_filter_argp, 0, "Which:", 2 },
                                              { &assay_effort_argp, 0, "How much:", 3 },
                                              { &assay_shard_argp, 0, NULL, 3 },
                                              { &assay_outputs_argp, 0, "Results:", 4 },
                                              { &assay_search_argp, 0, "Random search:", 5 },
                                              { &assay_calls_model_argp, 0, "The calls of a model (assay ops):", 6 },
                                              { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    assay_asked *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->child_inputs[1] = state->child_inputs[2] = &o->filter;
        state->child_inputs[3] = &o->outputs;
        state->child_inputs[4] = &o->search;
        o->filter.builds = true;
        state->child_inputs[5] = &o->calls;
        break;
    case 'v':
        o->verbose = true;
        break;
    case KEY_REPRO:
        o->detail = true;
        o->line = arg;
        break;
    case KEY_CASE:
        o->line = arg;
        break;
    case KEY_RESUME:
        o->resume = true;
        break;
    case KEY_ROWS:
        o->filter.rows_only = true;
        break;
    case KEY_IN_PROCESS:
        o->in_process = true;
        break;
    case KEY_MAX_FAILURES:
        o->max_failures = (int64_t)assay_option_whole(state, "--max-failures", arg, 1, INT64_MAX);
        break;
    case KEY_PICTURE:
        o->picture = arg;
        break;
    case KEY_SHRINK:
        o->shrink = true;
        break;
    case KEY_NO_SHRINK:
        o->no_shrink = true;
        break;
    case KEY_KNOWN:
    case KEY_CLAIMS:
        *(key == KEY_KNOWN ? &o->known : &o->claims) = arg;
        assay_save_spare(arg);
        break;
    case KEY_ROOM:
        assay_place_room(assay_option_whole(state, "--room", arg, 0, 1 << 20));
        break;
    case KEY_PART:
        o->how.part = arg;
        break;
    case KEY_PARTS:
        o->how.parts = arg;
        break;
    case KEY_WITHOUT:
        o->how.without = arg;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        break;
    case ARGP_KEY_END:
        assay_modes_check(o, state);
        if (o->picture && !o->mode[CERTIFICATE])
            argp_error(state, "--picture goes with --certificate");
        if (o->mode[CERTIFICATE])
            o->filter.kernel = o->arg[CERTIFICATE];
        o->how.faults = o->mode[FAULTS];
        o->how.tightness = o->mode[TIGHTNESS];
        break;
    default:
        if (key < KEY_MODE || key >= KEY_MODE + MODES)
            return ARGP_ERR_UNKNOWN;
        o->mode[key - KEY_MODE] = true;
        o->arg[key - KEY_MODE] = arg;
    }
    return 0;
}

static int write_results(const assay_ledger *l, const assay_asked *o, int code)
{
    assay_results r = { 0 };
    assay_summary s;
    assay_why why = { "" };
    assay_ledger_results(l, &r);
    assay_summarize(&r, &s);
    if (o->mode[TIGHTNESS] && assay_tightness_print(&s) && !assay_ledger_shard(l))
        code = 1;
    if (assay_outputs_write(&o->outputs, &s, &why)) {
        fprintf(stderr, "assay check: %s\n", why.text);
        code = 2;
    }
    assay_summary_free(&s);
    assay_results_free(&r);
    return code;
}

/* The -k that no kernel here bears; NULL: each has one. */
static const char *unmatched(const assay_session *s)
{
    const assay_filter *f = s->filter;
    for (int g = -1; f->kernel && g < f->n_also; g++) {
        const char *glob = g < 0 ? f->kernel : f->also[g];
        bool any = false;
        for (size_t i = 0; i < s->ledger.n; i++)
            any |= assay_kernel_matches(glob, s->ledger.entry[i].kernel->name);
        if (!any)
            return glob;
    }
    return NULL;
}

static void no_kernel(const assay_session *s, const char *glob)
{
    const assay_filter *f = s->filter;
    const assay_kernel *k;
    char best[96] = "";
    assay_near near = { .word = glob };
    for (size_t i = 0; glob && !f->plugin && (k = assay_kernel_at(i)); i++)
        if (!f->op || !strcmp(f->op, k->op))
            assay_near_try(&near, k->name);
    for (size_t i = 0; glob && i < assay_pool_plugin_count(s->pool); i++)
        assay_near_try(&near, strchr(glob, ':') ? assay_pool_plugin_kernel(s->pool, i)->name
                                                : assay_kernel_bare(assay_pool_plugin_kernel(s->pool, i)->name));
    char text[4600];
    snprintf(text, sizeof text, "no kernel matches %s%.300s%s (assay list kernels%s%.4096s)",
             glob ? "-k " : "the filter", glob ? glob : "", assay_near_text(&near, best, sizeof best),
             f->plugin ? " --plugin " : "", f->plugin ? f->plugin : "");
    assay_plain(text);
    fprintf(stderr, "assay check: %s\n", text);
}

/* A case takes and gives back as much as the one before it: what the judge gave back to the system each time it had to
 * be given anew, a tenth of all its time.  Runners are forked before. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
}

int assay_cmd_check(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Judge kernels against the double-precision reference.\v"
        "Exit status: 0 all right; 1 a kernel failed, or one could run and no case did; "
        "2 wrong use; 77 no matching kernel has its CPU.\n\n"
        "LINE is OP KEY=VALUE ...: T=3 a dimension; w=q4_0 an operand's type, k=f16:kpanel16 "
        "with its layout, mask=f32/TS broadcast over all dimensions but these; bias=f32 an optional "
        "operand given, bias=none left out; eps=1e-05 a parameter; gen=NAME; seed=N. What is not "
        "said is 1, the first type, left out, 0, gauss, and a seed of the line's own. PATTERN is a "
        "line with {1,7} for each of these, {2..9} for each number, w=* for each type, "
        "bias={f32,none} for given and left out. `assay list op OP` prints its keys; more in "
        "docs/cases.md.",
        children,
        NULL,
        NULL
    };
    assay_asked o = { 0 };
    assay_expected expected = { 0 };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    char named[64] = "";
    if (o.line && !o.filter.op && sscanf(o.line, "%63s", named) == 1 && assay_op_find(named))
        o.filter.op = named;
    assay_session s = { .filter = &o.filter,
                        .line = o.line,
                        .faults = o.mode[FAULTS] || o.mode[TIGHTNESS],
                        .ledger.partial = o.line || o.calls.model };
    s.ledger.mutants = o.mode[MUTANTS];
    s.ledger.skip = o.mode[MUTANTS] ? mutant_caught : s.ledger.skip;
    s.turns = o.mode[MUTANTS] && !o.line ? 31 : 0; /* a case of every kind soon */
    s.ledger.detail = o.detail;
    s.ledger.shrink = o.shrink || !(o.mode[FAULTS] || o.mode[MUTANTS] || o.no_shrink || o.in_process);
    s.ledger.max_failures = o.max_failures;
    s.ledger.live = !o.mode[FAULTS] && !o.mode[MUTANTS] && !o.mode[TIGHTNESS];
    if (o.mode[CONTRACTS] || o.mode[SELF])
        assay_contracts_prepare(&o.filter, o.arg[CONTRACTS] != NULL);
    if (o.mode[SELF] && !o.how.parts)
        assay_slips_prepare(&o.filter);
    o.outputs.path[0] = o.filter.json;
    if (o.in_process)
        fprintf(stderr, "in this process, unconfined: for debuggers and sanitizers, no verdict of the judge\n");
    if (o.search.seconds > 0)
        assay_search_prepare();
    if (assay_filter_check(&o.filter, &why) || assay_outputs_begin(&o.outputs, &why) ||
        assay_expected_read(&expected, o.known, o.claims, &why) ||
        (o.search.seconds > 0 && assay_save_begin((const char *const[]){ "--keep" }, &o.search.keep, 1, &why)) ||
        (!o.filter.plugin_b &&
         !(s.pool = (o.in_process ? assay_pool_open_here : assay_pool_open)(o.filter.plugin, &why)))) {
        fprintf(stderr, "assay check: %s\n", why.text);
        assay_expected_free(&expected);
        return 2;
    }
    if (o.filter.plugin_b)
        return assay_builds_main(&s, &o.outputs, o.verbose);
    keep_memory();
    assay_calls calls = { 0 };
    char named_model[160] = "";
    if (o.calls.model) {
        if (assay_model_calls(&o.calls, &o.filter, s.pool, &calls, &why)) {
            fprintf(stderr, "assay check: %s\n", why.text);
            assay_pool_close(s.pool);
            assay_expected_free(&expected);
            return 2;
        }
        s.calls = &calls;
        snprintf(named_model, sizeof named_model, "model:%s %s %s", calls.name, calls.phase[0].name,
                 calls.phase[1].name);
    }
    for (int i = 0; i < MODES; i++)
        if (o.mode[i] && instead[i]) {
            const int code = instead[i](&s, &o);
            if (assay_secret_name())
                printf("secret %s\n", assay_secret_name());
            assay_pool_close(s.pool);
            return code;
        }
    if (o.mode[FAULTS])
        assay_check_faults(&s.ledger, &o.filter);
    if (o.mode[TIGHTNESS])
        assay_tightness_entries(s.pool, &s.ledger, &o.filter);
    else if (!o.mode[FAULTS])
        assay_check_kernels(s.pool, &s.ledger, &o.filter);
    if (s.calls)
        assay_model_kernels(s.calls, &s.ledger);
    s.ledger.expected = o.known || o.claims ? &expected : NULL;
    s.ledger.filter = &o.filter;
    s.ledger.line = s.calls ? named_model : o.line;
    s.ledger.what = o.mode[TIGHTNESS]  ? "tightness"
                    : o.mode[FAULTS]   ? "faults"
                    : s.ledger.partial ? "cases"
                                       : "kernels";
    s.ledger.plugin = o.filter.plugin ? assay_pool_plugin_name(s.pool) : NULL;
    int code = 2;
    const char *glob = unmatched(&s);
    if (!s.ledger.n || glob)
        no_kernel(&s, glob);
    else if (o.search.seconds > 0)
        code = assay_search_main(&s, &o.search, o.verbose);
    else if (assay_record_open(&s.ledger.record, o.filter.json, o.resume, &s.ledger, &why) || assay_check_run(&s, &why))
        fprintf(stderr, "assay check: %s\n", why.text);
    else
        code = o.mode[FAULTS] || o.mode[TIGHTNESS] ? assay_faults_print(&s.ledger)
               : o.mode[MUTANTS]                   ? print_mutants(&s.ledger)
                                                   : assay_ledger_print(&s.ledger, o.verbose);
    assay_progress_clear();
    if (code != 2)
        assay_model_say(&s);
    if (code != 2 && assay_secret_name())
        printf("secret %s\n", assay_secret_name());
    if (code != 2 && o.filter.plugin && !o.in_process && assay_not_checked()[0])
        printf("not checked here: %s\n", assay_not_checked());
    if (o.in_process && code != 2)
        printf("run in the judge's own process (--in-process): no verdict\n");
    else if (code != 2 && o.search.seconds <= 0)
        code = write_results(&s.ledger, &o, code);
    assay_record_close(s.ledger.record, code != 2, NULL);
    assay_pool_close(s.pool);
    assay_ledger_free(&s.ledger);
    assay_expected_free(&expected);
    assay_calls_free(&calls);
    return code;
}
