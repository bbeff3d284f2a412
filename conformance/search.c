/* SPDX-License-Identifier: MIT
 * `assay check --for TIME`: cases drawn at random from all that the specs leave open (rules/space.h), beyond the pairs
 * and triples that the cases made by rule hold.  What fails is shrunk, kept in a file, and judged first the next time.
 */
#include "../reference/core/clock.h"
#include "../reference/core/options.h"
#include "../reference/core/rng.h"
#include "../reference/core/save.h"
#include "../reference/core/secret.h"
#include "../reference/core/status.h"
#include "check.h"
#include "results/kept.h"
#include "results/terminal.h"
#include "rules/cases.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAWS = 4000, SAID = 5 }; /* draws for a case that a kernel takes; how many cases are said not to be judged */

typedef struct turn { /* of an op */
    const assay_op *op;
    assay_space space;
    assay_rng rng;
    double seconds;
    int64_t cases;
    bool over;
} turn;

typedef struct count { /* of an entry, before a case */
    int64_t passed, failed;
} count;

typedef struct search {
    assay_session *s;
    assay_kept kept;
    turn *turn;
    size_t n;
    count *before;
    double begin, end;
    int64_t replayed, failing, dropped, others, unmade;
} search;

/* ---- signals: blocked, so that none cuts a call of the judge short, and looked for between two cases ------------- */

static sigset_t stops(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void assay_search_prepare(void)
{
    const sigset_t set = stops();
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool interrupted(void)
{
    sigset_t pending;
    return !sigpending(&pending) && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

static bool over(const search *h)
{
    const assay_ledger *l = &h->s->ledger;
    return interrupted() || (l->cases && assay_seconds() >= h->end) ||
           (l->max_failures && l->failures >= l->max_failures);
}

/* ---- one case ---------------------------------------------------------------------------------------------------- */

static bool may_run(const search *h, size_t i, const assay_op *op)
{
    const assay_entry *e = &h->s->ledger.entry[i];
    return e->on_cpu && !strcmp(e->kernel->op, op->name) && !assay_entry_spent(&h->s->ledger, e);
}

static bool any_runs(const search *h, const assay_op *op)
{
    bool any = false;
    for (size_t i = 0; !any && i < h->s->ledger.n; i++)
        any = may_run(h, i, op);
    return any;
}

/* e < 0: any of its op's. */
static bool takes(const search *h, const assay_case *c, int64_t e)
{
    assay_tensor t[ASSAY_MAX_OPND];
    bool any = false;
    assay_case_tensors(c, t);
    for (size_t i = 0; !any && i < h->s->ledger.n; i++)
        any = (e < 0 || e == (int64_t)i) && may_run(h, i, c->op) &&
              assay_kernel_takes(c->op, h->s->ledger.entry[i].kernel, &(assay_args){ .operand = t });
    return any;
}

/* False: it could not be judged, which is said. */
static bool judge(search *h, const char *line, assay_case *c)
{
    assay_ledger *l = &h->s->ledger;
    assay_why why = { "" };
    for (size_t i = 0; i < l->n; i++)
        h->before[i] = (count){ l->entry[i].passed, l->entry[i].failed };
    assay_progress_at(l->cases, line);
    if (!assay_check_case(h->s, c, &why))
        return true;
    if (h->unmade++ < SAID) {
        assay_progress_clear();
        printf("  not judged: %s: %s\n", line, why.text);
    }
    return false;
}

/* The i-th entry failed: makes the case small, and keeps it. */
static assay_status keep(search *h, size_t i, const assay_case *c, const char *line, assay_why *why)
{
    const assay_ledger *l = &h->s->ledger;
    const assay_entry *e = &l->entry[i];
    const assay_finding *f = &e->finding[h->before[i].failed];
    assay_shrunk s = e->shrunk;
    if (l->shrink && h->before[i].failed) { /* the first one is shrunk already */
        assay_shrink(h->s->pool, c, e->kernel, e->plugin, f->threads, f, &s);
        if (s.line[0])
            assay_ledger_say_shrunk(l, e, &s);
    }
    if (e->failed >= ASSAY_LEDGER_FAILURES)
        printf("    %s/%s: %lld failures: the search goes on without it\n", e->kernel->op, e->kernel->name,
               (long long)e->failed);
    fflush(stdout);
    const bool small = l->shrink && s.line[0];
    return assay_kept_add(&h->kept, small ? s.line : line, e->kernel->name, small ? s.finding.threads : f->threads,
                          why);
}

/* ---- what was kept ----------------------------------------------------------------------------------------------- */

/* Does this run do what the line takes to fail? */
static bool meant(const search *h, const assay_kept_line *l, const assay_op *op)
{
    const assay_filter *f = h->s->filter;
    const char *secret = assay_secret_name() ? assay_secret_name() : "";
    bool team = !l->threads || (!f->n_threads && l->threads == 2);
    for (int i = 0; i < f->n_threads; i++)
        team |= f->threads[i] == l->threads;
    return team && !strcmp(l->secret, secret) && any_runs(h, op);
}

/* Has every kernel that the line names passed just now? */
static bool all_passed(const search *h, const assay_kept_line *l, const assay_op *op)
{
    const assay_ledger *g = &h->s->ledger;
    char name[160], own[160];
    bool all = assay_kept_kernel(l, 0, name);
    for (int n = 0; all && assay_kept_kernel(l, n, name); n++) {
        bool passed = false;
        for (size_t i = 0; i < g->n; i++) {
            const assay_entry *e = &g->entry[i];
            if (!strcmp(e->kernel->op, op->name) && !strcmp(assay_kept_name(e->kernel->name, own), name))
                passed |= e->passed > h->before[i].passed && e->failed == h->before[i].failed;
        }
        all = passed;
    }
    return all;
}

static assay_status replay_one(search *h, size_t at, assay_why *why)
{
    const assay_ledger *l = &h->s->ledger;
    char line[ASSAY_CASE_LINE];
    assay_case c;
    bool fails = false;
    memcpy(line, h->kept.line[at].line, sizeof line);
    assay_status st = assay_case_parse(line, &c, why);
    if (st)
        return st;
    if (!meant(h, &h->kept.line[at], c.op) || !takes(h, &c, -1) || !judge(h, line, &c)) {
        h->others++;
        return ASSAY_OK;
    }
    h->replayed++;
    for (size_t i = 0; !st && i < l->n; i++) {
        if (l->entry[i].failed == h->before[i].failed)
            continue;
        fails = true;
        if (!assay_kept_names(&h->kept.line[at], l->entry[i].kernel->name))
            st = keep(h, i, &c, line, why);
    }
    h->failing += fails;
    if (st || fails)
        return st;
    h->kept.line[at].gone = all_passed(h, &h->kept.line[at], c.op);
    h->dropped += h->kept.line[at].gone;
    assay_progress_clear();
    if (h->kept.line[at].gone)
        printf("  passes now, and is dropped: %s\n", line);
    else
        printf("  passes, and is kept, since not all of its kernels were judged (%s): %s\n",
               h->kept.line[at].kernels[0] ? h->kept.line[at].kernels : "it names none", line);
    return ASSAY_OK;
}

/* They are small already. */
static assay_status replay(search *h, assay_why *why)
{
    const bool shrink = h->s->ledger.shrink;
    const size_t n = h->kept.n;
    assay_status st = ASSAY_OK;
    h->s->ledger.shrink = false;
    for (size_t i = 0; !st && i < n; i++)
        if (!h->kept.line[i].text && over(h))
            h->others++;
        else if (!h->kept.line[i].text)
            st = replay_one(h, i, why);
    h->s->ledger.shrink = shrink;
    return !st && h->dropped ? assay_kept_write(&h->kept, why) : st;
}

/* ---- what is drawn ----------------------------------------------------------------------------------------------- */

/* Each op's draws are its own: how far the others get moves none of them. */
static void take_turns(search *h, uint64_t seed)
{
    const assay_op *op;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_suite *suite = assay_suite_of(op);
        if (!suite || suite->rows_only || !any_runs(h, op))
            continue;
        h->turn = assay_grown(h->turn, h->n, sizeof *h->turn);
        turn *t = &h->turn[h->n++];
        *t = (turn){ .op = op, .rng = { .seed = seed } };
        for (const char *c = op->name; *c; c++)
            t->rng.stream = t->rng.stream * 131 + (unsigned char)*c;
        assay_cases_space(op, h->s->filter->level, &t->space);
    }
}

/* The op that had least time; NULL: none has a kernel left. */
static turn *next_turn(search *h)
{
    turn *best = NULL;
    for (size_t i = 0; i < h->n; i++) {
        turn *t = &h->turn[i];
        t->over |= !any_runs(h, t->op);
        if (!t->over && (!best || t->seconds < best->seconds))
            best = t;
    }
    return best;
}

/* One of the op's kernels that go on. */
static int64_t aim(const search *h, turn *t)
{
    int64_t n = 0, at = -1;
    for (size_t i = 0; i < h->s->ledger.n; i++)
        n += may_run(h, i, t->op);
    n = assay_rng_below(&t->rng, n);
    for (size_t i = 0; at < 0 && i < h->s->ledger.n; i++)
        if (may_run(h, i, t->op) && n-- == 0)
            at = (int64_t)i;
    return at;
}

/* A case that one kernel takes, each in turn by chance, else one that any does, since some take a type in hundreds; as
 * its printed line means it. */
static bool draw(const search *h, turn *t, char line[ASSAY_CASE_LINE], assay_case *c)
{
    const int64_t at = aim(h, t);
    assay_case drawn;
    bool hit = false;
    *line = 0;
    for (int n = 0; n < DRAWS && !hit && assay_space_draw(&t->space, &t->rng, &drawn); n++) {
        hit = takes(h, &drawn, at);
        if (hit || (!*line && takes(h, &drawn, -1)))
            assay_case_print(&drawn, line, ASSAY_CASE_LINE);
    }
    return *line && !assay_case_parse(line, c, NULL);
}

static assay_status draw_all(search *h, assay_why *why)
{
    const assay_ledger *l = &h->s->ledger;
    char line[ASSAY_CASE_LINE];
    assay_status st = ASSAY_OK;
    turn *t;
    while (!st && !over(h) && (t = next_turn(h))) {
        assay_case c;
        const double begin = assay_seconds();
        t->over = !draw(h, t, line, &c);
        const bool judged = !t->over && judge(h, line, &c);
        t->cases += judged;
        for (size_t i = 0; judged && !st && i < l->n; i++)
            if (l->entry[i].failed > h->before[i].failed)
                st = keep(h, i, &c, line, why);
        t->seconds += assay_seconds() - begin;
    }
    return st;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void print_ops(const search *h)
{
    int column = 0;
    for (size_t i = 0; h->n > 1 && i < h->n; i++) {
        char text[64];
        const int n = snprintf(text, sizeof text, " %s %lld", h->turn[i].op->name, (long long)h->turn[i].cases);
        const bool next = column + n > 100;
        printf("%s%s", !i ? "  cases drawn:" : next ? ",\n   " : ",", text);
        column = next ? n : column + n;
    }
    if (column)
        putchar('\n');
}

static void print_total(const search *h, uint64_t seed)
{
    int64_t drawn = 0, kept = 0;
    for (size_t i = 0; i < h->n; i++)
        drawn += h->turn[i].cases;
    for (size_t i = 0; i < h->kept.n; i++)
        kept += !h->kept.line[i].text && !h->kept.line[i].gone;
    print_ops(h);
    printf("random search, seed %llu, %.0f s%s: %lld case%s drawn", (unsigned long long)seed,
           assay_seconds() - h->begin, interrupted() ? ", interrupted" : "", (long long)drawn, assay_s(drawn));
    if (h->unmade)
        printf(", %lld not judged", (long long)h->unmade);
    if (h->replayed + h->others)
        printf(
            "; kept ones: %lld judged again, %lld of them fail, %lld dropped, %lld not judged (other op, kernel, team, "
            "secret, or no time)",
            (long long)h->replayed, (long long)h->failing, (long long)h->dropped, (long long)h->others);
    if (kept)
        printf("; %lld in %s", (long long)kept, h->kept.path);
    putchar('\n');
}

static bool any_on_cpu(const assay_ledger *l)
{
    bool any = false;
    for (size_t i = 0; i < l->n; i++)
        any |= l->entry[i].on_cpu;
    return any;
}

int assay_search_main(assay_session *s, const assay_search *how, bool verbose)
{
    search h = { .s = s, .begin = assay_seconds() };
    assay_why why = { "" };
    uint64_t seed = (uint64_t)time(NULL) * 1000003 % 1000000007;
    if (s->filter->has_seed)
        seed = s->filter->seed;
    s->ledger.drawn = s->ledger.partial = true;
    s->ledger.at = -1; /* no list of all cases: how many there are is not known */
    assay_status st = assay_kept_open(&h.kept, how->keep, &why);
    if (!st)
        take_turns(&h, seed);
    if (!st && !h.n && any_on_cpu(&s->ledger))
        st = assay_fail(&why, ASSAY_ERR_ARG, "no op that is meant has cases by rule: there is nothing to search");
    h.before = assay_zeros(s->ledger.n, sizeof *h.before);
    h.end = h.begin + how->seconds;
    if (!st) {
        printf("random search for %.0f s, seed %llu\n", how->seconds, (unsigned long long)seed);
        fflush(stdout);
        assay_progress_for(how->seconds, "cases");
        st = replay(&h, &why);
    }
    if (!st)
        st = draw_all(&h, &why);
    int code = 2;
    assay_progress_clear();
    if (st) {
        fprintf(stderr, "assay check: %s\n", why.text);
    } else {
        code = assay_ledger_print(&s->ledger, verbose);
        print_total(&h, seed);
    }
    assay_kept_free(&h.kept);
    free(h.turn);
    free(h.before);
    return code;
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

enum { KEY_FOR = 0x3001, KEY_KEEP, MOST_HOURS = 10000 };

/* "90s", "10m", "2h" */
static double parse_time(struct argp_state *state, const char *text)
{
    static const struct {
        const char *unit;
        uint64_t seconds;
    } units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 } };
    uint64_t n = 0;
    const char *unit = assay_digits(text, &n);
    for (size_t i = 0; unit && i < sizeof units / sizeof *units; i++)
        if (!strcmp(unit, units[i].unit) && n > 0 && n <= MOST_HOURS * UINT64_C(3600) / units[i].seconds)
            return (double)(n * units[i].seconds);
    argp_error(state, "--for %.60s: a time is needed, more than 0 and at most %d hours, with its unit: 90s, 10m, 2h",
               text, MOST_HOURS);
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    assay_search *how = state->input;
    if (key == ARGP_KEY_INIT)
        how->keep = NULL;
    else if (key == KEY_FOR)
        how->seconds = parse_time(state, arg);
    else if (key == KEY_KEEP)
        how->keep = arg;
    else if (key == ARGP_KEY_END) {
        if (how->keep && how->seconds <= 0)
            argp_error(state, "--keep is where --for TIME keeps what it finds");
        if (how->keep && (!strcmp(how->keep, "-") || (!access(how->keep, F_OK) && !assay_save_regular(how->keep))))
            argp_error(state, "--keep %.100s: a regular file is needed: it is read again the next time", how->keep);
        how->keep = how->keep ? how->keep : "assay-found.txt";
    } else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp_option options[] = {
    { "for", KEY_FOR, "TIME", 0,
      "search at random so long (90s, 10m, 2h), beyond the cases that are made by rule (docs/cases.md); --seed fixes "
      "which; "
      "writes no results",
      0 },
    { "keep", KEY_KEEP, "FILE", 0,
      "with --for: keep cases that fail there, and judge what is there first (default assay-found.txt)", 0 },
    { 0 },
};
const struct argp assay_search_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };
