/* SPDX-License-Identifier: MIT */
#include "run_plugin.h"
#include "../bench/child.h"
#include "../conformance/judge/abi.h"
#include "../conformance/judge/confine.h"
#include "../conformance/judge/fence.h"
#include "../conformance/judge/plugin.h"
#include "../conformance/judge/pool.h"
#include "../conformance/select.h"
#include "../reference/core/memory.h"
#include "../reference/core/save.h"
#include "../reference/core/status.h"
#include "../reference/core/strangers.h"
#include <fcntl.h>
#include <inttypes.h>
#include <omp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct record {             /* from the child */
    enum { PART, WHOLE, END } kind; /* of a file, the last of it; the run is over */
    int which;                      /* of the paths; END: the exit status */
    size_t n;
    char bytes[1 << 16];
} record;

typedef struct apart {
    const assay_run_apart *a;
    assay_pool *pool[ASSAY_RUN_PLUGINS]; /* as the judge's runner described them */
    size_t memory;                       /* bytes that the child may take; 0: nobody knows how many are free */
    int *now;                            /* shared: strangers.h */
} apart;

/* ---- the child's side ------------------------------------------------------------------------------------------- */

static const apart *self;
static int to_parent;

static bool send_record(record *r, size_t n)
{
    r->n = n;
    return !bench_send(to_parent, r, offsetof(record, bytes) + n);
}

static bool send_file(const char *path, const char *bytes, size_t n)
{
    static record r;
    const assay_run_apart *a = self->a;
    r.which = 0;
    while (r.which < a->n_out && (!a->out[r.which] || strcmp(a->out[r.which], path) != 0))
        r.which++;
    bool good = r.which < a->n_out;
    for (size_t at = 0, part; good && r.kind != WHOLE; at += part) {
        part = n - at < sizeof r.bytes ? n - at : sizeof r.bytes;
        memcpy(r.bytes, bytes + at, part);
        r.kind = at + part == n ? WHOLE : PART;
        good = send_record(&r, part);
    }
    r.kind = PART;
    return good;
}

/* Its functions, and what the judge's runner has said of it: checked, and of this program's memory. */
static assay_status adopt(const assay_loaded_plugin *p, const assay_pool *pool, const char *path, assay_why *why)
{
    if (p->plugin->n_kernels != assay_pool_plugin_count(pool))
        return assay_fail(why, ASSAY_ERR_ABI, "%.200s: it has other kernels than when it was first loaded", path);
    for (size_t i = 0; i < p->plugin->n_kernels; i++) {
        const assay_kernel *d = assay_pool_plugin_kernel(pool, i);
        assay_kernel k = assay_plugin_kernel(p, i);
        if (!k.op || strcmp(k.op, d->op) != 0 || !k.run)
            return assay_fail(why, ASSAY_ERR_ABI, "%.200s: its kernel %s is another than when it was first loaded",
                              path, d->name);
        k.op = d->op, k.name = d->name, k.packing = d->packing, k.types = d->types, k.layouts = d->layouts;
        k.contract = d->contract, k.flags = d->flags, k.isa = d->isa, k.op_version = d->op_version;
        const assay_status s = assay_stranger_add(&k, why);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static assay_status load(const apart *x, assay_why *why)
{
    assay_why changed = { "" };
    assay_status s = ASSAY_OK;
    for (int i = 0; i < x->a->n_plugins && !s; i++) {
        assay_loaded_plugin p;
        s = assay_plugin_load(x->a->plugin[i], &p, why);
        if (!s && !assay_abi_environment(&changed))
            s = assay_fail(why, ASSAY_ERR_ABI, "loading %.80s changed the floating-point environment: %.150s",
                           x->a->plugin[i], changed.text);
        if (!s)
            s = adopt(&p, x->pool[i], x->a->plugin[i], why);
        if (!s)
            assay_plugin_lock(&p);
    }
    return s;
}

/* Who computed what, op by op. */
static void report(FILE *f)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_stranger_at(i)); i++) {
        const int64_t fell = assay_stranger_passed_by(k->op);
        bool first = true, any = false;
        for (size_t n = 0; n < i; n++)
            first = first && strcmp(assay_stranger_at(n)->op, k->op) != 0;
        if (!first)
            continue;
        fprintf(f, "plug-in: %s:", k->op);
        const assay_kernel *of;
        for (size_t n = i; (of = assay_stranger_at(n)); n++) {
            if (strcmp(of->op, k->op) != 0 || (!assay_stranger_ran(n) && !fell))
                continue;
            fprintf(f, "%s %" PRId64 " calls by %s", any ? "," : "", assay_stranger_ran(n), of->name);
            any = true;
        }
        if (!any)
            fprintf(f, " no call of this run\n");
        else if (fell)
            fprintf(f, "; %" PRId64 " fell back to others: not accepted\n", fell);
        else
            fprintf(f, "; none fell back\n");
    }
}

static int run(const apart *x)
{
    assay_why why = { "" };
    int code = 2;
    if (load(x, &why)) {
        fprintf(stderr, "assay %s: %s\n", x->a->command, why.text);
        return code;
    }
    code = x->a->body(x->a->ctx);
    if (code < 2)
        report(stdout);
    if (code < 2 && !assay_abi_environment(&why)) {
        fprintf(stderr, "assay %s: a kernel changed the floating-point environment and left it so: %s\n", x->a->command,
                why.text);
        code = 1;
    }
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "assay %s: standard output cannot be written\n", x->a->command);
        code = 2;
    }
    return code;
}

static int inside(void *ctx, int from, int to)
{
    const apart *x = ctx;
    static record end = { .kind = END };
    const int nothing = open("/dev/null", O_RDONLY);
    signal(SIGPIPE, SIG_DFL);
    dup2(nothing, STDIN_FILENO);
    close(nothing);
    assay_fence_open(bench_child_note, bench_child_note != NULL);
    omp_get_max_threads(); /* an OpenMP library may want to set itself up while files can still be made */
    const assay_confinement c = { .memory = x->memory, .keep = { from, to }, .note = bench_child_note, .prints = true };
    assay_confine(&c);
    assay_confine_calls(&c);
    self = x;
    to_parent = to;
    assay_save_through(send_file);
    assay_stranger_watch(x->now);
    end.which = run(x);
    return send_record(&end, 0) ? 0 : 2;
}

/* ---- the parent's ------------------------------------------------------------------------------------------------ */

static volatile pid_t child;

/* The child is in a session of its own, where no terminal stops it. */
static void on_stop(int signal)
{
    (void)signal;
    kill(-child, SIGSTOP);
    raise(SIGSTOP);
    kill(-child, SIGCONT);
}

/* A part of a file; what cannot be saved is said at its end. */
static bool take_part(const apart *x, const record *r, assay_save *save, int *part_of, assay_why *why)
{
    if (r->which < 0 || r->which >= x->a->n_out || !x->a->out[r->which] || (*part_of >= 0 && *part_of != r->which))
        return false;
    if (*part_of < 0 && assay_save_open(save, x->a->out[r->which], why))
        return false;
    *part_of = r->which;
    fwrite(r->bytes, 1, r->n, save->f);
    if (r->kind != WHOLE)
        return true;
    *part_of = -1;
    return !assay_save_commit(save, why);
}

/* The exit status; -1: the child ended without one. */
static int hear(const apart *x, bench_child *c)
{
    static record r;
    assay_save save;
    assay_why why = { "" };
    int part_of = -1, code = -1;
    bool good = true;
    for (size_t n; (n = bench_child_get(c, &r, sizeof r));) {
        if (n < offsetof(record, bytes) || n - offsetof(record, bytes) != r.n)
            good = false;
        else if (r.kind == END)
            code = r.which == 0 || r.which == 1 ? r.which : 2;
        else if (good && !take_part(x, &r, &save, &part_of, &why))
            good = false;
    }
    if (part_of >= 0)
        assay_save_cancel(&save);
    if (code < 0 || c->why[0])
        return -1;
    if (!good)
        fprintf(stderr, "assay %s: %s\n", x->a->command,
                why.text[0] ? why.text : "a plug-in wrote into what the run hands over");
    return good ? code : 2;
}

/* Kernel 1, 2, ... of all plug-ins; NULL: none. */
static const assay_kernel *kernel_of(const apart *x, int which, const char **plugin)
{
    for (int i = 0; i < x->a->n_plugins && which > 0; i++) {
        const int n = (int)assay_pool_plugin_count(x->pool[i]);
        *plugin = x->a->plugin[i];
        if (which <= n)
            return assay_pool_plugin_kernel(x->pool[i], (size_t)which - 1);
        which -= n;
    }
    return NULL;
}

static void say_end(const apart *x, const bench_child *c)
{
    const char *plugin = x->a->plugin[0];
    const assay_kernel *k = kernel_of(x, *x->now, &plugin);
    const char *why = c->why[0] ? c->why : "it ended the process as if the run were over";
    if (isatty(STDOUT_FILENO)) /* the text may end anywhere */
        fputc('\n', stderr);
    if (k)
        fprintf(stderr, "assay %s: the plug-in %s ended the run: its kernel %s, of op %s: %s\n", x->a->command, plugin,
                k->name, k->op, why);
    else
        fprintf(stderr, "assay %s: the run with the plug-in%s %s%s ended, outside of its kernels: %s\n", x->a->command,
                x->a->n_plugins > 1 ? "s" : "", x->a->plugin[0], x->a->n_plugins > 1 ? " and others" : "", why);
}

static int start(apart *x)
{
    bench_child c;
    const uint64_t bytes = assay_memory_free("");
    x->memory = bytes < SIZE_MAX ? (size_t)bytes / 4 * 3 : 0; /* the rest is for others on this machine */
    for (int i = 0; i < x->a->n_plugins; i++)
        fprintf(stderr, "assay %s: note: %s is not judged here: judge it first: assay check --plugin %s\n",
                x->a->command, x->a->plugin[i], x->a->plugin[i]);
    if (bench_child_start(&c, inside, x, 0)) {
        fprintf(stderr, "assay %s: %s\n", x->a->command, c.why[0] ? c.why : "no process for the plug-in");
        return 2;
    }
    child = c.pid;
    signal(SIGTSTP, on_stop);
    bench_child_limit(&c, 0, 0, (double)x->memory / 0x1p20);
    const int code = hear(x, &c);
    signal(SIGTSTP, SIG_DFL);
    if (code < 0 && WIFSIGNALED(c.status) && WTERMSIG(c.status) == SIGPIPE) { /* as without a plug-in */
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    if (code < 0)
        say_end(x, &c);
    return code < 0 ? 1 : code;
}

int assay_run_apart_main(const assay_run_apart *a)
{
    apart x = { .a = a };
    assay_why why = { "" };
    int code = 2, n = 0;
    x.now = mmap(NULL, sizeof *x.now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (x.now == MAP_FAILED)
        assay_fail(&why, ASSAY_ERR_NOMEM, "no memory to be shared with its process");
    while (!why.text[0] && n < a->n_plugins && (x.pool[n] = assay_pool_open(a->plugin[n], &why)))
        n++;
    if (n == a->n_plugins)
        code = start(&x);
    else
        fprintf(stderr, "assay %s: --plugin %s: %s\n", a->command, a->plugin[n], why.text);
    while (n > 0)
        assay_pool_close(x.pool[--n]);
    return code;
}

void assay_run_apart_add(assay_run_apart *a, struct argp_state *state, const char *file)
{
    if (a->n_plugins == ASSAY_RUN_PLUGINS)
        argp_error(state, "--plugin %s: given more than %d times", file, ASSAY_RUN_PLUGINS);
    char *path = strdup(assay_plugin_path(file));
    a->plugin[a->n_plugins++] = path;
    assay_save_spare(path);
}

void assay_run_apart_free(assay_run_apart *a)
{
    while (a->n_plugins)
        free(a->plugin[--a->n_plugins]);
}
