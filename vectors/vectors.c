/* SPDX-License-Identifier: MIT
 * assay vectors: generate writes the committed files, verify compares the reference with files, check judges kernels
 * by them through the same judge as assay check. */
#include "../reference/core/secret.h"
#include "../reference/core/options.h"
#include "../conformance/check.h"
#include "../conformance/results/output.h"
#include "../conformance/results/terminal.h"
#include "../reference/core/contract.h"
#include "../reference/core/registry.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "assay_build.h"
#include "vector.h"
#include <argp.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct options {
    assay_filter filter;
    const char *dir, *verb, *contract;
    char **file;
    size_t n_files;
    bool verbose;
} options;

typedef struct session {
    const options *o;
    assay_pool *pool; /* check only */
    assay_ledger ledger;
    size_t files, bad, broken, bytes; /* bad: the reference disagrees; broken: could not be read */
    bool committed;                   /* the project's own files: sizes are limited */
} session;

typedef struct many { /* cases of the patterns on the command line */
    const char *dir;
    int n;
} many;

static assay_status generate_line(const char *line, void *ctx, assay_why *why)
{
    many *m = ctx;
    char path[4096];
    const int op = (int)strcspn(line, " ");
    mkdir(m->dir, 0777);
    snprintf(path, sizeof path, "%s/%.*s", m->dir, op, line);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%.*s/%05d.safetensors", m->dir, op, line, m->n++);
    return assay_vector_generate(line, path, why);
}

/* Patterns as the suites have them: "OP DIMS.. gen=.. seed={1..9}". */
static assay_status generate_lines(const options *o, assay_why *why)
{
    many m = { o->dir, 0 };
    assay_status s = ASSAY_OK;
    for (size_t i = 0; !s && i < o->n_files; i++) {
        char name[64];
        const char *line = o->file[i];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line, " "), line);
        const assay_op *op = assay_op_find(name);
        s = op ? assay_case_expand(op, line + strlen(name), generate_line, &m, why)
               : assay_fail(why, ASSAY_ERR_ARG, "%s: no such op", name);
    }
    if (!s)
        printf("%d vectors written under %s\n", m.n, o->dir);
    return s;
}

static assay_status generate_op(const options *o, const assay_op *op, int *n, assay_why *why)
{
    const assay_vector_case *c;
    for (size_t i = 0; (c = assay_vector_case_of(op, i)); i++, ++*n) {
        char path[4096], line[ASSAY_CASE_LINE];
        snprintf(path, sizeof path, "%s/%s", o->dir, op->name);
        mkdir(o->dir, 0777);
        mkdir(path, 0777);
        snprintf(path, sizeof path, "%s/%s/%s.safetensors", o->dir, op->name, c->name);
        snprintf(line, sizeof line, "%s %s", op->name, c->line);
        const assay_status s = assay_vector_generate(line, path, why);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status generate(const options *o, assay_why *why)
{
    if (assay_secret_name())
        return assay_fail(why, ASSAY_ERR_ARG, "generate with ASSAY_SECRET: files are public; unset it");
    if (o->n_files)
        return generate_lines(o, why);
    const assay_op *op;
    int n = 0;
    for (size_t i = 0; (op = assay_op_at(i)); i++) {
        const assay_status s =
            !o->filter.op || !strcmp(o->filter.op, op->name) ? generate_op(o, op, &n, why) : ASSAY_OK;
        if (s)
            return s;
    }
    printf("%d vectors written under %s\n", n, o->dir);
    return n ? ASSAY_OK : assay_fail(why, ASSAY_ERR_ARG, "no vector matches -o %s", o->filter.op);
}

/* Kernels that compute the vector's op and take its types. */
static assay_status judge(session *s, assay_vector *v, const char *path, assay_why *why)
{
    const assay_args a = { .operand = v->p.t, .dim = v->p.c.dim, .params = v->p.c.params };
    const assay_filter *f = &s->o->filter;
    for (size_t i = 0; i < s->ledger.n; i++) {
        assay_entry *e = &s->ledger.entry[i];
        if (!e->on_cpu || strcmp(e->kernel->op, v->p.c.op->name) || !assay_kernel_takes(v->p.c.op, e->kernel, &a))
            continue;
        const assay_status st = assay_vector_solve(v, e->kernel->contract, why);
        if (st)
            return st;
        assay_finding finding;
        const assay_outcome out =
            assay_judge(s->pool, &v->p, e->kernel, e->plugin, f->n_threads ? f->threads[0] : 2, &finding);
        assay_ledger_record(e, &v->p.c, out, &finding);
        if (out == ASSAY_FAILED)
            printf("  FAIL %s/%s: %s: %s\n    %s\n", e->kernel->op, e->kernel->name, assay_by_words(finding.by),
                   finding.why.text, path);
    }
    return ASSAY_OK;
}

static bool wanted(const session *s, const assay_op *op)
{
    const char *name = s->o->filter.op;
    return !name || !strcmp(name, op->name);
}

/* One file.  What is wrong with it is counted, the run goes on. */
static assay_status visit(session *s, const char *path, assay_why *why)
{
    assay_vector v;
    assay_why sentence = { "" };
    assay_status st = assay_vector_load(path, s->o->contract, &v, &sentence);
    if (st) {
        printf("  FAIL %s\n", sentence.text);
        s->files++;
        s->broken++;
        return ASSAY_OK;
    }
    if (!wanted(s, v.p.c.op)) {
        assay_vector_free(&v);
        return ASSAY_OK;
    }
    s->files++;
    s->bytes += v.bytes;
    s->ledger.cases++;
    s->ledger.elements += v.elements;
    s->ledger.elements_judged += v.judged;
    s->ledger.outputs_not_judged += v.unjudged;
    if (assay_vector_verify(&v, &sentence) ||
        (s->committed && v.bytes > ASSAY_VECTOR_BYTES &&
         assay_fail(&sentence, ASSAY_ERR_FORMAT, "%zu bytes, at most %d", v.bytes, ASSAY_VECTOR_BYTES))) {
        s->bad++;
        printf("  FAIL %s: %s\n", path, sentence.text);
    } else if (s->o->verbose)
        printf("  ok   %s: the reference agrees\n", path);
    if (s->pool)
        st = judge(s, &v, path, why);
    assay_vector_free(&v);
    return st;
}

static assay_status visit_all(session *s, assay_why *why)
{
    assay_status st = ASSAY_OK;
    glob_t g = { 0 };
    char pattern[4096];
    for (size_t i = 0; !st && i < s->o->n_files; i++)
        st = visit(s, s->o->file[i], why);
    if (s->o->n_files)
        return st;
    s->committed = true;
    snprintf(pattern, sizeof pattern, "%s/%s/*.safetensors", s->o->dir, s->o->filter.op ? s->o->filter.op : "*");
    glob(pattern, 0, NULL, &g);
    for (size_t i = 0; !st && i < g.gl_pathc; i++)
        st = visit(s, g.gl_pathv[i], why);
    globfree(&g);
    if (s->bytes > ASSAY_VECTORS_BYTES) {
        printf("  FAIL the files have %zu bytes, at most %d\n", s->bytes, ASSAY_VECTORS_BYTES);
        s->bad++;
    }
    return st;
}

/* 1,204 */
static const char *grouped(int64_t n, char text[32])
{
    char digits[32];
    const int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    int at = 0;
    for (int i = 0; i < len; i++) {
        text[at++] = digits[i];
        if (i + 1 < len && (len - i - 1) % 3 == 0)
            text[at++] = ',';
    }
    text[at] = 0;
    return text;
}

static void print_marks(const session *s)
{
    char judged[32], all[32];
    if (s->ledger.elements_judged < s->ledger.elements || s->ledger.outputs_not_judged)
        printf("%s of %s elements judged; outputs not judged: %lld\n", grouped(s->ledger.elements_judged, judged),
               grouped(s->ledger.elements, all), (long long)s->ledger.outputs_not_judged);
}

/* "3 files, 5120 bytes: the reference agrees with 1 and disagrees with 1; 1 cannot be read" */
static void print_total(const session *s)
{
    const size_t read = s->files - s->broken, agrees = read - s->bad;
    printf("%zu file%s, %zu bytes: ", s->files, assay_s((int64_t)s->files), s->bytes);
    if (agrees)
        printf("the reference agrees with %zu%s", agrees, s->bad ? " and disagrees" : "");
    else if (s->bad)
        printf("the reference disagrees");
    if (s->bad)
        printf(" with %zu", s->bad);
    if (s->broken)
        printf("%s%zu cannot be read", read ? "; " : "", s->broken);
    putchar('\n');
}

static int run(session *s, const char *name)
{
    const options *o = s->o;
    assay_why why = { "" };
    if (!strcmp(o->verb, "check")) {
        assay_check_kernels(s->pool, &s->ledger, &o->filter);
        s->ledger.plugin = o->filter.plugin ? assay_pool_plugin_name(s->pool) : NULL;
        s->ledger.partial = true;
        s->ledger.filter = &o->filter;
        s->ledger.what = "vectors";
    }
    if (visit_all(s, &why)) {
        fprintf(stderr, "%s: %s\n", name, why.text);
        return 2;
    }
    if (!s->files) {
        fprintf(stderr, "%s: no vector files%s%s under %s\n", name, o->filter.op ? " of " : "",
                o->filter.op ? o->filter.op : "", o->dir);
        return 2;
    }
    print_total(s);
    print_marks(s);
    if (!s->pool || s->broken == s->files)
        return s->broken ? 2 : s->bad ? 1 : 0;
    const int code = assay_ledger_print(&s->ledger, o->verbose);
    if (assay_ledger_write(&s->ledger, &(assay_outputs){ { o->filter.json } }, &why)) {
        fprintf(stderr, "%s: %s\n", name, why.text);
        return 2;
    }
    return s->broken ? 2 : s->bad && code == 0 ? 1 : code;
}

/* ---- command line ------------------------------------------------------------------------------------------ */

enum { KEY_DIR = 256, KEY_CONTRACT };

static const struct argp_option option_table[] = {
    { "dir", KEY_DIR, "DIR", 0, "the files' folder (default: the project's own)", 0 },
    { "contract", KEY_CONTRACT, "PARTS", 0,
      "of who computed the answers, for all files: \"ftz=1 e_exp=8\" (docs/contracts.md); default: what each file says",
      0 },
    { "verbose", 'v', NULL, 0, "name every file", 0 },
    { 0 },
};

static const struct argp_child children[] = { { &assay_filter_argp, 0, "Which:", 1 }, { 0 } };

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->filter;
        break;
    case 'v':
        o->verbose = true;
        break;
    case KEY_CONTRACT:
        o->contract = arg;
        break;
    case KEY_DIR:
        o->dir = arg;
        break;
    case ARGP_KEY_ARGS:
        o->verb = state->argv[state->next];
        o->file = state->argv + state->next + 1;
        o->n_files = (size_t)(state->argc - state->next - 1);
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "generate, check or verify?");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* The folder of the project's own: beside an installed program, or in the source tree. */
static const char *own_files(void)
{
    static const char beside[] = "/../share/assay/vectors";
    static char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof beside);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (slash)
        memcpy(slash, beside, sizeof beside);
    return slash && access(path, R_OK) == 0 ? path : ASSAY_SOURCE_DIR "/vectors/data";
}

int assay_cmd_vectors(int argc, char **argv)
{
    static const struct argp argp = {
        option_table,
        parse_option,
        "generate [CASE...]\ncheck [FILE...]\nverify [FILE...]",
        "Golden vectors: safetensors files that hold a problem and its answer (docs/vectors.md).\n"
        "generate writes the project's own, or with --dir those of the CASEs (patterns like \"add R=3 C={1..9} "
        "gen=gauss\"); verify compares the reference with the files; check also judges every "
        "kernel by them.  FILE: yours, written in whatever language.\v"
        "Exit status: 0 all right; 1 a kernel failed or the reference disagrees; 2 wrong use, or a file that cannot be "
        "read; 77 no "
        "matching kernel has its CPU.",
        children,
        NULL,
        NULL
    };
    const char *committed = own_files();
    options o = { .dir = committed };
    assay_why why = { "" };
    assay_options_parse(&argp, argc, argv, &o);
    session s = { .o = &o };
    const bool check = !strcmp(o.verb, "check");
    if (!check && strcmp(o.verb, "verify") && strcmp(o.verb, "generate"))
        assay_fail(&why, ASSAY_ERR_ARG, "%s: generate, check or verify?", o.verb);
    else if (!strcmp(o.verb, "generate") && o.n_files && !strcmp(o.dir, committed))
        assay_fail(&why, ASSAY_ERR_ARG, "%s: give --dir: vectors/data holds the vectors of the ops alone", o.file[0]);
    else if (!check && o.filter.json)
        assay_fail(&why, ASSAY_ERR_ARG, "%s writes no results: --json is of check", o.verb);
    else if (o.contract && assay_contract_parse(o.contract, NULL, &(assay_contract){ 0 }, &why))
        ;
    else if (!assay_filter_check(&o.filter, &why) &&
             !assay_save_begin((const char *const[]){ "--json" }, &o.filter.json, 1, &why) && check)
        s.pool = assay_pool_open(o.filter.plugin, &why); /* before any file is read */
    if (*why.text || (!strcmp(o.verb, "generate") && generate(&o, &why))) {
        fprintf(stderr, "%s: %s\n", argv[0], why.text);
        return 2;
    }
    if (!strcmp(o.verb, "generate"))
        return 0;
    const int code = run(&s, argv[0]);
    if (s.pool)
        assay_pool_close(s.pool);
    assay_ledger_free(&s.ledger);
    return code;
}
