/* SPDX-License-Identifier: MIT
 * gate.c - assay gate: counts the chosen rows and holds them against a baseline, a text file with a line each. */
#include "gate.h"
#include "../conformance/results/terminal.h"
#include "../reference/core/document.h"
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "assay_build.h"
#include <argp.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

/* What a miss weighs in instructions: callgrind's own estimate of cycles. */
static const int64_t weight[GATE_COUNTS] = { 1, 10 };
/* What a difference must exceed besides the share: what the harness around the kernel and the place of its tables in
 * the program may change when other files do (measured: 4 and 68). */
static const double slack[GATE_COUNTS] = { 32, 128 };
static const char *const counted[GATE_COUNTS] = { "instructions", "D1 misses" };
static const char *const members[GATE_COUNTS] = { "instructions", "d1_misses" };

/* Counts of two builds can be compared where these are the same.  Valgrind is named, not asked: it counts what the
 * program executes. */
enum { COMPILER, TARGET, FLAGS, LIBC, VALGRIND, KEYS, ASKED = VALGRIND };
static const char *const key_name[KEYS] = { "compiler", "target", "flags", "libc", "valgrind" };
typedef char gate_key[KEYS][160];

typedef struct gate {
    assay_filter filter;
    const char *baseline;
    bool renew, serve;
    double more; /* share */
    gate_rows rows;
    gate_key ours, theirs;
    int same, within, fewer, over, failed, fresh, gone;
} gate;

/* ---- the baseline --------------------------------------------------------------------------------------------------
 */

static void own_key(gate_key k)
{
    snprintf(k[COMPILER], sizeof *k, "%s", ASSAY_COMPILER);
    snprintf(k[TARGET], sizeof *k, "%s", ASSAY_TARGET);
    snprintf(k[FLAGS], sizeof *k, "%s", ASSAY_FLAGS);
    snprintf(k[LIBC], sizeof *k, "glibc %s", gnu_get_libc_version());
    bench_tool("valgrind", k[VALGRIND], sizeof *k);
}

static gate_row *find(gate_rows *rows, const char *name)
{
    for (int i = 0; i < rows->n; i++)
        if (!strcmp(rows->row[i].name, name))
            return &rows->row[i];
    return NULL;
}

/* "12 3 op/kernel/workload/types": false where it is anything else. */
static bool parse_row(const char *line, int64_t count[GATE_COUNTS], char name[BENCH_NAME])
{
    for (int i = 0; i < GATE_COUNTS; i++) {
        uint64_t x;
        line = assay_digits(line + strspn(line, " "), &x);
        if (!line || *line != ' ' || x > INT64_MAX / 1000)
            return false;
        count[i] = (int64_t)x;
    }
    line += strspn(line, " ");
    const size_t n = strlen(line);
    if (n == 0 || n >= BENCH_NAME || strpbrk(line, " \t\r"))
        return false;
    memcpy(name, line, n + 1);
    return true;
}

/* The keys alone, or the rows too: they are added where this build has none of that name. */
static assay_status read_baseline(gate *g, bool with_rows, assay_why *why)
{
    char line[512], name[BENCH_NAME];
    FILE *f = fopen(g->baseline, "r");
    assay_status st = ASSAY_OK;
    if (!f)
        return assay_fail(why, ASSAY_ERR_IO, "%.200s: %s (--renew writes it)", g->baseline, strerror(errno));
    for (int nth = 1; !st && fgets(line, sizeof line, f); nth++) {
        int64_t count[GATE_COUNTS];
        const size_t n = strcspn(line, "\n");
        int key = 0;
        if (!line[n] && !feof(f)) {
            st = assay_fail(why, ASSAY_ERR_FORMAT, "%.200s:%d: the line is too long", g->baseline, nth);
            break;
        }
        line[n] = 0;
        if (!n || line[0] == '#')
            continue;
        const size_t word = strcspn(line, " ");
        while (key < KEYS && (strlen(key_name[key]) != word || strncmp(line, key_name[key], word) != 0))
            key++;
        if (key < KEYS)
            snprintf(g->theirs[key], sizeof *g->theirs, "%.150s", line + word + strspn(line + word, " "));
        else if (!parse_row(line, count, name))
            st = assay_fail(why, ASSAY_ERR_FORMAT, "%.200s:%d: neither a key nor two counts and a row's name",
                            g->baseline, nth);
        else if (with_rows) {
            gate_row *r = find(&g->rows, name);
            if (r && r->based)
                st = assay_fail(why, ASSAY_ERR_FORMAT, "%.200s:%d: %.100s a second time", g->baseline, nth, name);
            else if (!r && !(r = gate_rows_add(&g->rows)))
                st = assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the baseline");
            else {
                snprintf(r->name, sizeof r->name, "%s", name);
                r->based = true;
                memcpy(r->base, count, sizeof count);
            }
        }
    }
    fclose(f);
    return st;
}

static assay_status write_baseline(const gate *g, assay_why *why)
{
    assay_save s;
    const assay_status st = assay_save_open(&s, g->baseline, why);
    if (st)
        return st;
    fputs("# SPDX-License-Identifier: MIT\n# Instructions and D1 misses of one call under callgrind "
          "(docs/ci.md).\n# Written by assay gate --renew; read by assay gate.\n",
          s.f);
    for (int i = 0; i < KEYS; i++)
        fprintf(s.f, "%s %s\n", key_name[i], g->ours[i]);
    for (int i = 0; i < g->rows.n; i++) {
        const gate_row *r = &g->rows.row[i];
        fprintf(s.f, "%10lld %8lld %s\n", (long long)r->count[0], (long long)r->count[1], r->name);
    }
    return assay_save_commit(&s, why);
}

/* ---- the comparison ------------------------------------------------------------------------------------------------
 */

/* Is the difference more than the share of this count, and, weighed, of the instructions? */
static int beyond(const gate *g, const gate_row *r, int i)
{
    const double d = (double)(r->count[i] - r->base[i]), size = d < 0 ? -d : d;
    if (size <= slack[i] || size <= g->more * (double)r->base[i] ||
        size * (double)weight[i] <= g->more * (double)r->base[0])
        return 0;
    return d > 0 ? 1 : -1;
}

/* What became of a row: its word, and how many of them there are. */
static const char *settle(gate *g, const gate_row *r, int **n)
{
    int up = 0, down = 0;
    for (int i = 0; i < GATE_COUNTS && r->counted && r->based; i++)
        up += beyond(g, r, i) > 0, down += beyond(g, r, i) < 0;
    const bool same = r->counted && r->based && !memcmp(r->count, r->base, sizeof r->count);
    *n = !r->k         ? &g->gone
         : !r->counted ? &g->failed
         : !r->based   ? &g->fresh
         : up          ? &g->over
         : down        ? &g->fewer
         : same        ? &g->same
                       : &g->within;
    return !r->k         ? "gone"
           : !r->counted ? "not counted"
           : !r->based   ? "new"
           : up          ? "more"
           : down        ? "fewer"
           : same        ? "same"
                         : "within";
}

static void say(const gate *g, const gate_row *r, const char *word)
{
    printf("%-11s %s", word, r->name);
    if (r->why[0])
        printf(": %s", r->why);
    for (int i = 0, n = 0; i < GATE_COUNTS && r->counted && r->based; i++)
        if (beyond(g, r, i)) {
            printf("%s %s %lld, %lld in the baseline", n++ ? ";" : ":", counted[i], (long long)r->count[i],
                   (long long)r->base[i]);
            if (r->base[i])
                printf(" (%+.1f %%)", 100 * ((double)r->count[i] / (double)r->base[i] - 1));
        }
    putchar('\n');
}

/* A row of the baseline that these options mean: only then it can be gone. */
static bool meant(const gate *g, const gate_row *r)
{
    char op[BENCH_NAME], kernel[BENCH_NAME] = "";
    snprintf(op, sizeof op, "%s", r->name);
    char *slash = strchr(op, '/');
    if (slash) {
        *slash = 0;
        snprintf(kernel, sizeof kernel, "%s", slash + 1);
        kernel[strcspn(kernel, "/")] = 0;
    }
    bool any = !g->filter.kernel || assay_kernel_matches(g->filter.kernel, kernel);
    for (int i = 0; i < g->filter.n_also; i++)
        any |= assay_kernel_matches(g->filter.also[i], kernel);
    return r->k || (any && !g->filter.isa && (!g->filter.op || !strcmp(g->filter.op, op)));
}

static void row_json(const gate_row *r, const char *word, assay_json *j)
{
    assay_json_open(j, NULL, '{');
    assay_json_str(j, "name", r->name);
    assay_json_str(j, "what", word);
    if (r->k)
        assay_json_str(j, "case", r->line);
    for (int i = 0; i < GATE_COUNTS && r->counted; i++)
        assay_json_int(j, members[i], r->count[i]);
    assay_json_open(j, "baseline", '{');
    for (int i = 0; i < GATE_COUNTS && r->based; i++)
        assay_json_int(j, members[i], r->base[i]);
    assay_json_close(j);
    if (r->why[0])
        assay_json_str(j, "why", r->why);
    assay_json_close(j);
}

/* Prints and writes all rows; returns the exit code. */
static int finish(gate *g, const char *apart, assay_why *why)
{
    assay_json j = { 0 };
    assay_document_open(&j, "gate");
    assay_json_open(&j, "key", '{');
    for (int i = 0; i < KEYS; i++)
        assay_json_str(&j, key_name[i], g->ours[i]);
    assay_json_close(&j);
    if (apart)
        assay_json_str(&j, "not_comparable", apart);
    assay_json_open(&j, "rows", '[');
    for (int i = 0; i < g->rows.n; i++) {
        const gate_row *r = &g->rows.row[i];
        int *n;
        if (!meant(g, r))
            continue;
        const char *word = settle(g, r, &n);
        ++*n;
        row_json(r, word, &j);
        if (n != &g->same && n != &g->within && (!g->renew || n == &g->failed))
            say(g, r, word);
    }
    assay_json_close(&j);
    const int compared = g->same + g->within + g->fewer + g->over;
    const bool bad = g->over || g->failed || (!apart && (g->renew ? !g->rows.n : !compared));
    assay_json_str(&j, "verdict", apart ? "not comparable" : bad ? "failed" : "passed");
    if (assay_document_write(&j, g->filter.json, why))
        return 2;
    if (apart) {
        printf("not comparable (%s): nothing was counted\n", apart);
        return 0;
    }
    if (!g->renew) {
        printf("%d row%s as the baseline says, %d within %g %%, %d need fewer, %d need more, %d not counted, %d new, "
               "%d gone\n",
               g->same, assay_s(g->same), g->within, 100 * g->more, g->fewer, g->over, g->failed, g->fresh, g->gone);
        if (strcmp(g->ours[VALGRIND], g->theirs[VALGRIND]) != 0 && bad)
            printf("counted by valgrind %s, the baseline by %s\n", g->ours[VALGRIND], g->theirs[VALGRIND]);
        if (g->over || g->fewer || g->fresh || g->gone)
            puts("where that is meant, the same command with --renew writes the baseline anew");
        if (!compared && !g->failed)
            puts("no row could be compared");
    }
    if (g->renew && bad)
        puts("the baseline stays as it was");
    if (g->rows.too_large || g->rows.unknown_isa)
        printf("never counted: %d choices of kernel and types without a small workload, %d kernels of AVX-512, which "
               "callgrind does not know\n",
               g->rows.too_large, g->rows.unknown_isa);
    return bad ? 1 : 0;
}

/* ---- command line --------------------------------------------------------------------------------------------------
 */

enum { KEY_BASELINE = 256, KEY_RENEW, KEY_MORE, KEY_SERVE };

static const struct argp_option option_table[] = {
    { "baseline", KEY_BASELINE, "FILE", 0, "what the rows are held against (docs/ci.md)", 0 },
    { "renew", KEY_RENEW, NULL, 0, "count, and write the baseline", 0 },
    { "more", KEY_MORE, "PERCENT", 0, "fail where a row needs so much more (default: 1)", 0 },
    { "serve", KEY_SERVE, NULL, OPTION_HIDDEN, NULL, 0 },
    { 0 },
};
static const struct argp_child children[] = { { &assay_filter_argp, 0, "Which:", 1 }, { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    gate *g = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &g->filter;
        break;
    case KEY_BASELINE:
        g->baseline = arg;
        break;
    case KEY_RENEW:
        g->renew = true;
        break;
    case KEY_MORE:
        g->more = assay_option_real(state, "--more", arg, 0, 1000) / 100;
        break;
    case KEY_SERVE:
        g->serve = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        break;
    case ARGP_KEY_END:
        if (!g->baseline && !g->serve)
            argp_error(state, "--baseline FILE says what the rows are held against");
        if (g->filter.n_threads)
            argp_error(state, "--threads: one call on one thread is counted");
        if (g->renew && (g->filter.op || g->filter.kernel || g->filter.isa))
            argp_error(state, "--renew writes all rows: without -o, -k and --isa");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int fail(const assay_why *why, bench_session *s)
{
    fprintf(stderr, "assay gate: %s\n", why->text);
    assay_pool_close(s->pool);
    return 2;
}

/* Why the two builds cannot be compared; NULL: they can. */
static const char *apart(const gate *g)
{
    static char text[400];
    for (int i = 0; i < ASKED; i++)
        if (strcmp(g->ours[i], g->theirs[i]) != 0) {
            snprintf(text, sizeof text, "%s %s, baseline %s", key_name[i], g->ours[i],
                     g->theirs[i][0] ? g->theirs[i] : "without one");
            return text;
        }
    return NULL;
}

int assay_cmd_gate(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "",
        "Count instructions and D1 misses of kernels under callgrind, and compare with a baseline.  No clock and "
        "no hardware counter is asked, so the load of the machine changes nothing.\v"
        "Exit status: 0 all right, or another compiler than the baseline's; 1 a row needs more or could not be "
        "counted, or none could be compared; 2 wrong use; 77 no matching kernel has its CPU.",
        children,
        NULL,
        NULL
    };
    static bench_session s;
    static bench_options o;
    static gate g = { .more = 0.01 };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &g);
    if (g.serve)
        return gate_serve(g.filter.plugin);
    const char *outputs[] = { g.filter.json, g.renew ? g.baseline : NULL };
    if (assay_filter_check(&g.filter, &why) ||
        assay_save_begin((const char *const[]){ "--json", "--baseline" }, outputs, 2, &why))
        return fail(&why, &s);
    own_key(g.ours);
    if (!strncmp(g.ours[VALGRIND], "n/a", 3)) {
        assay_fail(&why, ASSAY_ERR_ARG, "valgrind is not installed: nothing can be counted");
        return fail(&why, &s);
    }
    if (!g.renew && read_baseline(&g, false, &why))
        return fail(&why, &s);
    if (!g.renew && apart(&g))
        return finish(&g, apart(&g), &why) ? fail(&why, &s) : 0;
    o.filter = g.filter;
    s.o = &o;
    if (g.filter.plugin && !(s.pool = assay_pool_open(g.filter.plugin, &why)))
        return fail(&why, &s);
    bench_machine_read(&s.machine);
    const char *none = bench_unmatched(&s);
    bench_survey(&s);
    if (none || !s.runnable) {
        assay_fail(&why, ASSAY_ERR_ARG,
                   none ? "no kernel matches -k %.100s (assay list kernels)" : "no matching kernel has its CPU", none);
        fail(&why, &s);
        return !none && s.not_on_cpu ? 77 : 2;
    }
    if (gate_rows_choose(&s, &g.rows, &why) || (!g.renew && read_baseline(&g, true, &why)))
        return fail(&why, &s);
    gate_rows_count(&s, &g.rows);
    const int code = finish(&g, NULL, &why);
    if (!code && g.renew && !write_baseline(&g, &why))
        printf("%d row%s written to %s\n", g.rows.n, assay_s(g.rows.n), g.baseline);
    if (why.text[0])
        return fail(&why, &s);
    assay_pool_close(s.pool);
    free(g.rows.row);
    return code;
}
