/* SPDX-License-Identifier: MIT
 * gate_count.c - counts rows under callgrind.  Starting a program there takes a second, so one process (gate_serve)
 * serves many rows, and forks for each: a row begins in the same state whatever came before it.  What would make counts
 * differ between two runs or two machines is held still: the simulated caches, options and environment of valgrind,
 * the stack's place in its page (bench_simulate_child), and that of every buffer (each is mapped).
 * Misses of the last level are not counted: they varied by 256 lines between two folders, for a reason not yet found.
 */
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "child.h"
#include "gate.h"
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUEST = ASSAY_CASE_LINE + 160, INPUTS = 3, REPLIES = 4 /* descriptors */ };

/* ---- under valgrind ---------------------------------------------------------------------------------------------- */

/* From here on each buffer is mapped by itself, and so begins at the same place within a page: what the heap holds
 * already is taken first. */
static void map_every_buffer(void)
{
    static const size_t sizes[] = { 4096, 1024, 256, 64, 16 };
    static void **kept;
    mallopt(M_MMAP_THRESHOLD, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (const size_t mapped = mallinfo2().hblks; mallinfo2().hblks == mapped;) {
            void **more = malloc(sizes[i]);
            if (!more)
                break;
            *more = kept, kept = more;
        }
}

int gate_serve(const char *plugin)
{
    static char request[REQUEST];
    bool warm = false; /* the first row is run here, so that its children inherit what is translated; its counts are no
                          row's */
    map_every_buffer();
    while (fgets(request, sizeof request, stdin)) {
        char kernel[128] = "";
        int nth, at = 0, status = 0;
        if (sscanf(request, "%d %127s %n", &nth, kernel, &at) != 2 || !at)
            return 1;
        request[strcspn(request, "\n")] = 0;
        const pid_t pid = warm ? fork() : 0;
        if (pid == 0 && !warm)
            status = bench_simulate_child(request + at, kernel, plugin, nth, INPUTS) << 8;
        else if (pid == 0)
            exit(bench_simulate_child(request + at, kernel, plugin, nth, INPUTS));
        if (pid < 0 || (pid > 0 && waitpid(pid, &status, 0) < 0))
            return 1;
        warm = true;
        dprintf(REPLIES, "%d\n", WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status));
    }
    return 0;
}

/* ---- outside ----------------------------------------------------------------------------------------------------- */

typedef struct server { /* what a worker talks to */
    pid_t pid;
    FILE *to, *from; /* requests; an exit status for each */
    int inputs;      /* a file in memory */
    char out[64];    /* of callgrind */
} server;

typedef struct worker {
    const bench_session *s;
    const gate_rows *rows;
    int first, step; /* its rows */
    bench_child child;
} worker;

typedef struct answer { /* of a worker, for each of its rows */
    int row;
    int64_t count[GATE_COUNTS];
    char why[160];
} answer;

static int start(server *v, const char *plugin)
{
    static const char *const kept[] = { "PATH", "HOME", "LD_LIBRARY_PATH", "VALGRIND_LIB" };
    int down[2], up[2];
    *v = (server){ .inputs = memfd_create("assay-inputs", 0) };
    snprintf(v->out, sizeof v->out, "/tmp/assay-callgrind.XXXXXX");
    const int out = mkstemp(v->out);
    if (out < 0 || v->inputs < 0 || pipe(down) || pipe(up))
        return -1;
    close(out);
    v->pid = fork();
    if (v->pid < 0)
        return -1;
    if (v->pid == 0) {
        char *environment[sizeof kept / sizeof *kept + 1] = { NULL }, self[4096], file[100];
        int n = 0;
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (getenv(kept[i]) && asprintf(&environment[n], "%s=%s", kept[i], getenv(kept[i])) > 0)
                n++;
        const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
        if (length <= 0)
            _exit(127);
        self[length] = 0;
        personality(ADDR_NO_RANDOMIZE);
        snprintf(file, sizeof file, "--callgrind-out-file=%s", v->out);
        char *argv[] = { "valgrind",
                         "--command-line-only=yes",
                         "--tool=callgrind",
                         "--cache-sim=yes",
                         "--I1=32768,8,64",
                         "--D1=32768,8,64",
                         "--LL=1048576,16,64",
                         "--collect-atstart=no",
                         "-q",
                         "--zero-before=bench_simulated_call",
                         "--toggle-collect=bench_simulated_call",
                         file,
                         self,
                         "gate",
                         "--serve",
                         plugin ? "--plugin" : NULL,
                         (char *)(uintptr_t)plugin,
                         NULL };
        const int inputs = fcntl(v->inputs, F_DUPFD, 10), replies = fcntl(up[1], F_DUPFD, 10),
                  quiet = open("/dev/null", O_RDWR);
        dup2(down[0], STDIN_FILENO), dup2(quiet, STDOUT_FILENO), dup2(quiet, STDERR_FILENO);
        dup2(inputs, INPUTS), dup2(replies, REPLIES);
        for (int fd = REPLIES + 1; fd < 256; fd++)
            close(fd);
        execvpe("valgrind", argv, environment);
        _exit(127);
    }
    close(down[0]), close(up[1]);
    v->to = fdopen(down[1], "w"), v->from = fdopen(up[0], "r");
    return v->to && v->from ? 0 : -1;
}

static void stop(server *v)
{
    if (v->to)
        fclose(v->to);
    if (v->from)
        fclose(v->from);
    if (v->pid > 0)
        waitpid(v->pid, NULL, 0);
    if (v->out[0])
        unlink(v->out);
    if (v->inputs >= 0)
        close(v->inputs);
}

static void count(server *v, const gate_row *r, answer *a)
{
    static assay_problem p;
    assay_case c;
    assay_why why = { "" };
    char line[64] = "";
    double events[BENCH_EVENTS];
    if (assay_case_parse(r->line, &c, &why) || assay_problem_make(&c, &p, &why))
        snprintf(a->why, sizeof a->why, "%.150s", why.text);
    else if (ftruncate(v->inputs, 0) || !bench_simulate_inputs(&p, v->inputs))
        snprintf(a->why, sizeof a->why, "no memory for its inputs");
    else if (!v->to || fprintf(v->to, "%d %s %s\n", r->nth, r->k->name, r->line) < 0 || fflush(v->to) ||
             !fgets(line, sizeof line, v->from) || line[strspn(line, "0123456789\n")])
        snprintf(a->why, sizeof a->why, "valgrind ended%s%.60s", line[0] ? ": " : "", line);
    else if (atoi(line) > 256)
        snprintf(a->why, sizeof a->why, "killed by signal %d under callgrind", atoi(line) - 256);
    else if (atoi(line))
        snprintf(a->why, sizeof a->why, "did not accept the case or failed under callgrind");
    else if (bench_callgrind_totals(v->out, events)) {
        a->count[GATE_INSTRUCTIONS] = (int64_t)events[0];
        a->count[GATE_D1] = (int64_t)(events[4] + events[5]);
    } else
        snprintf(a->why, sizeof a->why, "callgrind wrote no totals");
    assay_problem_free(&p);
    memset(&p, 0, sizeof p);
}

static int work(void *ctx, int from, int to)
{
    const worker *w = ctx;
    server v;
    (void)from;
    const bool up = start(&v, w->s->o->filter.plugin) == 0;
    answer none = { 0 };
    if (up && w->rows->row[0].k)
        count(&v, &w->rows->row[0], &none); /* the same in all workers: nothing depends on how many there are */
    for (int i = w->first; i < w->rows->n; i += w->step) {
        answer a = { .row = i };
        if (!w->rows->row[i].k)
            continue;
        if (up)
            count(&v, &w->rows->row[i], &a);
        else
            snprintf(a.why, sizeof a.why, "valgrind could not be started");
        if (bench_send(to, &a, sizeof a))
            break;
    }
    stop(&v);
    return 0;
}

void gate_rows_count(const bench_session *s, gate_rows *rows)
{
    enum { MOST = 8 };
    worker w[MOST];
    answer a;
    int n;
    assay_cpu_team(&n);
    n = n < MOST ? n : MOST;
    n = n < rows->n ? n : rows->n;
    for (int i = 0; i < n; i++) {
        w[i] = (worker){ .s = s, .rows = rows, .first = i, .step = n };
        bench_child_start(&w[i].child, work, &w[i], 120);
    }
    for (int i = 0; i < n; i++) {
        while (bench_child_get(&w[i].child, &a, sizeof a) == sizeof a) {
            gate_row *r = a.row >= 0 && a.row < rows->n ? &rows->row[a.row] : NULL;
            if (!r)
                continue;
            memcpy(r->count, a.count, sizeof a.count);
            r->counted = !a.why[0];
            snprintf(r->why, sizeof r->why, "%.159s", a.why);
        }
        for (int k = i; k < rows->n; k += n)
            if (rows->row[k].k && !rows->row[k].counted && !rows->row[k].why[0])
                snprintf(rows->row[k].why, sizeof rows->row[k].why, "%.150s",
                         w[i].child.why[0] ? w[i].child.why : "the process that counts ended before it");
        bench_child_end(&w[i].child);
    }
}
