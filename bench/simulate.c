/* SPDX-License-Identifier: MIT
 * simulate.c - instructions and misses of one call under callgrind, for machines whose counters are n/a: one thread,
 * after one call that warms the simulated caches, collection on around that one call alone.  The simulator knows two
 * levels: L2 comes from a second run in which its last level is as large as L2.  Inputs go to the child through a file
 * in memory, so that nothing is generated under simulation. */
#include "../reference/core/status.h"
#include "../reference/core/tensor.h"
#include "bench.h"
#include "child.h"
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PLACE = 4096 }; /* operands start at multiples of this in the file */

/* A cache that the simulator accepts: the number of sets a power of two (rounded down), 64-byte lines as they are. */
static bool cache_option(const bench_cache *c, char *text, size_t n)
{
    if (!c || c->bytes <= 0 || c->line <= 0)
        return false;
    const int64_t ways = c->ways > 0 ? c->ways : 8, sets = c->bytes / c->line / ways;
    int64_t power = 1;
    while (power * 2 <= sets)
        power *= 2;
    snprintf(text, n, "%lld,%lld,%lld", (long long)(power * c->line * ways), (long long)ways, (long long)c->line);
    return true;
}

static const bench_cache *last_level(const bench_machine *m)
{
    return bench_machine_cache(m, 3) ? bench_machine_cache(m, 3) : bench_machine_cache(m, 2);
}

void bench_simulator_json(const bench_machine *m, assay_json *j)
{
    static const char *const names[] = { "D1", "L2", "LL" };
    const bench_cache *c[] = { bench_machine_cache(m, 1), bench_machine_cache(m, 2), last_level(m) };
    bool rounded = false;
    assay_json_open(j, "simulator", '{');
    for (int i = 0; i < 3; i++) {
        char text[64];
        if (!cache_option(c[i], text, sizeof text))
            continue;
        assay_json_str(j, names[i], text);
        rounded |= strtoll(text, NULL, 10) != c[i]->bytes;
    }
    assay_json_str(j, "notes",
                   rounded ? "bytes, ways, line; rounded down to a power of two of sets"
                           : "bytes, ways, line; as they are");
    assay_json_close(j);
}

/* ---- under valgrind ---------------------------------------------------------------------------------------------- */

void bench_simulated_call(bench_stage *s); /* collection is on inside this function: --toggle-collect */
__attribute__((noinline)) void bench_simulated_call(bench_stage *s)
{
    bench_stage_call(s);
    __asm__ volatile("" : : : "memory");
}

/* On a stack that begins at one place within a page, however long arguments and environment above it are. */
__attribute__((noinline)) static void call_on_page(bench_stage *s)
{
    /* cppcheck-suppress allocaCalled */
    volatile char *const pad = alloca((uintptr_t)__builtin_frame_address(0) % 4096 + 16);
    pad[0] = 0;
    bench_simulated_call(s);
}

int bench_simulate_child(const char *line, const char *kernel, const char *plugin, int nth, int fd)
{
    static assay_problem p;
    static bench_stage stage;
    static bench_machine machine;
    assay_why why = { "" };
    size_t at = 0;
    if (assay_case_parse(line, &p.c, &why))
        return 1;
    assay_case_tensors(&p.c, p.t);
    for (int i = 0; i < p.c.op->n_operands; i++) {
        if (!(p.c.present >> i & 1) || p.c.op->operands[i].access == ASSAY_OUT)
            continue;
        const size_t bytes = assay_tensor_bytes(&p.t[i]) + 64;
        void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)at);
        if (data == MAP_FAILED)
            return 1;
        p.t[i].data = data;
        at += (bytes + PLACE - 1) / PLACE * PLACE;
    }
    if (assay_check(p.c.op, &(assay_args){ .operand = p.t, .dim = p.c.dim, .params = p.c.params }, p.c.params, &why))
        return 1;
    bench_task t = { .machine = &machine,
                     .p = &p,
                     .k = assay_kernel_find(p.c.op->name, kernel),
                     .plugin = plugin,
                     .nth = nth,
                     .simulated = true,
                     .threads = 1 };
    if ((!plugin && !t.k) || !bench_outputs_make(&t) || bench_stage_open(&stage, &t, &why))
        return 1;
    bench_stage_call(&stage);
    stage.calls = 0; /* the same set again */
    call_on_page(&stage);
    return stage.status ? 1 : 0;
}

/* ---- outside ------------------------------------------------------------------------------------------------- */

typedef struct simulation { /* one run: what it is told, what it found */
    char d1[80], ll[80], out[64], fd[16], nth[16];
    const bench_task *task;
    char line[ASSAY_CASE_LINE];
    bench_child child;
    double events[BENCH_EVENTS];
    bool ok;
} simulation;

static int exec_body(void *ctx, int from, int to)
{
    simulation *s = ctx;
    char self[4096], out[128], child[64];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const int quiet = open("/dev/null", O_RDWR);
    (void)from, (void)to;
    if (n <= 0)
        return 1;
    self[n] = 0;
    snprintf(out, sizeof out, "--callgrind-out-file=%s", s->out);
    snprintf(child, sizeof child, "--simulate-child=%s,%s", s->fd, s->nth);
    dup2(quiet, STDIN_FILENO), dup2(quiet, STDOUT_FILENO), dup2(quiet, STDERR_FILENO);
    char *argv[24] = { "valgrind",
                       "--tool=callgrind",
                       "--cache-sim=yes",
                       "--branch-sim=yes",
                       "--collect-atstart=no",
                       "--toggle-collect=bench_simulated_call",
                       out,
                       s->d1,
                       s->ll,
                       self,
                       "bench",
                       child,
                       "--case",
                       s->line,
                       "-k",
                       (char *)(uintptr_t)s->task->k->name,
                       NULL };
    if (s->task->plugin)
        argv[16] = "--plugin", argv[17] = (char *)(uintptr_t)s->task->plugin;
    execvp("valgrind", argv);
    return 127;
}

bool bench_callgrind_totals(const char *path, double events[BENCH_EVENTS])
{
    char line[1024];
    FILE *f = fopen(path, "r");
    int n = 0;
    memset(events, 0, BENCH_EVENTS * sizeof *events); /* zeros at the end of the line are left out */
    while (f && fgets(line, sizeof line, f)) {
        const char *at = strncmp(line, "totals:", 7) == 0 ? line + 7 : NULL;
        char *end;
        for (n = at ? 0 : n; at && n < BENCH_EVENTS; n++, at = end) {
            events[n] = strtod(at, &end);
            if (end == at)
                break;
        }
    }
    if (f)
        fclose(f);
    return n > 0 && events[0] > 0;
}

bool bench_simulate_inputs(const assay_problem *p, int fd)
{
    off_t at = 0;
    bool ok = fd >= 0;
    for (int i = 0; ok && i < p->c.op->n_operands; i++) {
        if (!(p->c.present >> i & 1) || !p->t[i].data)
            continue;
        const size_t bytes = assay_tensor_bytes(&p->t[i]);
        ok = bytes == 0 || pwrite(fd, p->t[i].data, bytes, at) == (ssize_t)bytes;
        at += (off_t)((bytes + 64 + PLACE - 1) / PLACE * PLACE);
        ok = ok && ftruncate(fd, at) == 0;
    }
    return ok;
}

/* Why this call is not simulated; NULL: it can be. */
const char *bench_not_simulated(const bench_task *t)
{
    static char version[80];
    const assay_args a = { .operand = t->p->t, .dim = t->p->c.dim, .params = t->p->c.params };
    const double flops = t->p->c.op->flops ? t->p->c.op->flops(&a) : 0;
    double bytes = 0;
    for (int i = 0; i < t->p->c.op->n_operands; i++)
        bytes += (t->p->c.present >> i & 1) ? (double)assay_tensor_bytes(&t->p->t[i]) : 0;
    if (!version[0])
        bench_tool("valgrind", version, sizeof version);
    if (strncmp(version, "n/a", 3) == 0)
        return "valgrind is not installed";
    if (t->k->isa & ASSAY_CPU_BIT(AVX512F))
        return "callgrind does not know AVX-512";
    if (!bench_machine_cache(t->machine, 1) || !last_level(t->machine))
        return "this machine does not show its caches";
    if (flops > (t->k->isa ? 1e8 : 1e7) || bytes > 8e6)
        return "too large to simulate";
    return NULL;
}

static void fill(bench_counter *c, const char *name, const simulation *s, double value, const char *why)
{
    *c = (bench_counter){ .from = s->ok ? BENCH_SIMULATED : BENCH_NA, .value = value };
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->event, sizeof c->event, "callgrind");
    if (!s->ok)
        snprintf(c->why, sizeof c->why, "callgrind: %.100s", why && why[0] ? why : "no totals");
}

int bench_simulate(const bench_task *t, bench_counter *c, int room)
{
    simulation run[2] = { { .ok = false }, { .ok = false } };
    const bench_cache *level[2] = { last_level(t->machine), bench_machine_cache(t->machine, 2) };
    const int n = level[1] && level[1] != level[0] ? 2 : 1, fd = memfd_create("assay-inputs", 0);
    char text[64], byte;
    if (room < 5 || bench_not_simulated(t) || !bench_simulate_inputs(t->p, fd)) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (int i = 0; i < n; i++) { /* both at once */
        run[i].task = t;
        assay_case_print(&t->p->c, run[i].line, sizeof run[i].line);
        snprintf(run[i].fd, sizeof run[i].fd, "%d", fd);
        snprintf(run[i].nth, sizeof run[i].nth, "%d", t->nth);
        snprintf(run[i].out, sizeof run[i].out, "/tmp/assay-callgrind.XXXXXX");
        const int out = mkstemp(run[i].out);
        if (out >= 0)
            close(out);
        cache_option(bench_machine_cache(t->machine, 1), text, sizeof text);
        snprintf(run[i].d1, sizeof run[i].d1, "--D1=%s", text);
        cache_option(level[i], text, sizeof text);
        snprintf(run[i].ll, sizeof run[i].ll, "--LL=%s", text);
        bench_child_start(&run[i].child, exec_body, &run[i], 180);
    }
    for (int i = 0; i < n; i++) {
        bench_child_get(&run[i].child, &byte, 1); /* says nothing: its end is the answer */
        run[i].ok = !run[i].child.why[0] && bench_callgrind_totals(run[i].out, run[i].events);
        bench_child_end(&run[i].child);
        unlink(run[i].out);
    }
    close(fd);
    const double *e = run[0].events;
    fill(&c[0], "instructions", &run[0], e[0], run[0].child.why);
    fill(&c[1], "l1d_misses", &run[0], e[4] + e[5], run[0].child.why);
    fill(&c[2], "branch_misses", &run[0], e[10] + e[12], run[0].child.why);
    fill(&c[3], level[0]->level == 2 ? "l2_misses" : "l3_misses", &run[0], e[7] + e[8], run[0].child.why);
    if (n == 2)
        fill(&c[4], "l2_misses", &run[1], run[1].events[7] + run[1].events[8], run[1].child.why);
    return n == 2 ? 5 : 4;
}
