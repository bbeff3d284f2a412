/* SPDX-License-Identifier: MIT
 * roof.c - runs the probes over threads and cache levels.  A roof is the best of its samples: noise only lowers it. */
#include "roof.h"
#include "../reference/core/clock.h"
#include "../reference/core/execute.h"
#include "assay_build.h"
#include "child.h"
#include "cpus.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* What 128-bit multiply and add (no fused form) can do: plain C compiled for the baseline of the architecture, which is
 * what the scalar reference may become when its compiler vectorizes it. */
typedef float v4 __attribute__((vector_size(16)));
static double base_peak(const void *buffer, size_t bytes, int64_t n)
{
    v4 s[6] = { { 0 } }, p[6], a = { 1, 1, 1, 1 };
    (void)buffer, (void)bytes;
#if defined(__x86_64__)
#define BASE    "sse2"
#define KEEP(v) __asm__ volatile("" : "+x"(v))
#else
#define BASE    "asimd"
#define KEEP(v) __asm__ volatile("" : "+w"(v))
#endif
#define SIX(X) X(0) X(1) X(2) X(3) X(4) X(5)
    KEEP(a);
    for (int i = 0; i < 6; i++)
        p[i] = a;
    for (int64_t i = 0; i < n; i++) { /* half of the operations multiply, half add: 12 independent chains */
#define STEP(k) s[k] += a, p[k] *= a;
#define HOLD(k)                                                                                                        \
    KEEP(s[k]);                                                                                                        \
    KEEP(p[k]);
        SIX(STEP)
        SIX(HOLD)
    }
    return (double)n * 12 * 4;
}

/* Each addition waits for the one before it. */
static double base_chain(const void *buffer, size_t bytes, int64_t n)
{
    v4 s = { 0 }, a = { 1, 1, 1, 1 };
    (void)buffer, (void)bytes;
    KEEP(a);
    for (int64_t i = 0; i < n; i++) {
#define LINK(k)                                                                                                        \
    s += a;                                                                                                            \
    KEEP(s);
        SIX(LINK)
#undef LINK
    }
    return (double)n * 6;
}

const bench_probe bench_probes_scalar[] = {
    { "mul+add", "scalar", ASSAY_ISA_scalar, base_peak },
    { "chain", "scalar", ASSAY_ISA_scalar, base_chain },
    { NULL, NULL, 0, NULL },
};

/* clang-format off */
static const bench_probe *const tables[] = {
    bench_probes_scalar,
#if !defined(ASSAY_EMULATE) && defined(IF_avx2) /* this build's roof_<isa>.c */
    IF_avx2(bench_probes_avx2,)
    IF_avx512(bench_probes_avx512,)
    IF_avx512vnni(bench_probes_avx512vnni,)
    IF_neon(bench_probes_neon,)
    IF_dotprod(bench_probes_dotprod,)
#endif
};
/* clang-format on */

/* One sample: all threads start together, each does n rounds over bytes of its own buffer at `offset`, after one at
 * `wake` (the units are awake then, and the caches hold that part); amount per second in G. */
static double sample(const bench_probe *p, char *const *buffer, size_t wake, size_t offset, size_t bytes, int64_t n,
                     int threads)
{
    double amount = 0, first = 1e300, last = 0;
    (void)threads; /* a build without OpenMP has one */
#pragma omp parallel num_threads(threads) reduction(+ : amount) reduction(min : first) reduction(max : last)
    {
        const char *b = buffer[omp_get_thread_num()];
        p->run(b ? b + wake : NULL, bytes, 1);
#pragma omp barrier
        first = assay_seconds();
        amount = p->run(b ? b + offset : NULL, bytes, n);
        last = assay_seconds();
    }
    return amount / (last - first) * 1e-9;
}

/* Many short samples: other work on the machine then leaves some of them alone.  Out of memory (windows > 1) each
 * sample reads the next part of a large buffer, and wakes on the part before it: none finds its lines in a cache. */
static void measure(const bench_probe *p, bench_roof *r, size_t bytes, int windows, bool quick)
{
    const double target = quick ? 0.003 : 0.006;
    const int want = quick ? 16 : BENCH_ROOF_SAMPLES;
    char **buffer = calloc((size_t)r->threads, sizeof *buffer);
    const size_t window = bytes / (size_t)windows / 4096 * 4096;
    int64_t n = 1;
    double seconds = 0;
    if (!buffer) {
        snprintf(r->why, sizeof r->why, "no memory");
        return;
    }
    if (bytes > 0) {
#pragma omp parallel num_threads(r->threads)
        {
            char *b = assay_aligned(bytes); /* touched first by its own thread */
            if (b)
                memset(b, 1, bytes);
            buffer[omp_get_thread_num()] = b;
        }
    }
    for (int i = 0; bytes > 0 && i < r->threads; i++)
        if (!buffer[i])
            snprintf(r->why, sizeof r->why, "no memory for %zu bytes per thread", bytes);
    while (!r->why[0] && windows == 1) { /* enough rounds that the clock does not matter: found on one thread */
        const double t0 = assay_seconds();
        p->run(buffer[0], bytes, n);
        seconds = assay_seconds() - t0;
        if (seconds > target / 8)
            break;
        n *= 4;
    }
    if (windows == 1)
        n = (int64_t)((double)n * target / (seconds > 0 ? seconds : target)) + 1;
    for (int i = 0; !r->why[0] && i < want; i++) {
        r->sample[r->n++] = sample(p, buffer, (size_t)((i + windows - 1) % windows) * window,
                                   (size_t)(i % windows) * window, windows == 1 ? bytes : window, n, r->threads);
        r->value = r->sample[i] > r->value ? r->sample[i] : r->value;
    }
    for (int i = 0; i < r->threads; i++)
        free(buffer[i]);
    free(buffer);
}

/* Bytes per thread that sit well inside a level and well outside the one below: 7/16 of the thread's share, but no more
 * than four times the level below.  A guest's share of a cache that many share is smaller than what it is told: far
 * beyond that, what is called a cache's bandwidth is memory's, and rows with less data pass it. */
static int64_t level_bytes(const bench_machine *m, int level, int threads)
{
    const bench_cache *c = bench_machine_cache(m, level), *below = bench_machine_cache(m, level - 1);
    if (level ==
        4) { /* memory: four times the last level in all, at least 256 MiB, at most a quarter of what is free */
        const int64_t want =
            bench_machine_last_cache(m) * 4 > (256 << 20) ? bench_machine_last_cache(m) * 4 : 256 << 20;
        return (want < m->available / 4 ? want : m->available / 4) / threads;
    }
    if (!c)
        return 0;
    const int sharers = c->shared_by < threads ? (c->shared_by > 0 ? c->shared_by : 1) : threads;
    const int64_t bytes = c->bytes / sharers / 16 * 7;
    if (!below)
        return bytes;
    const int64_t most = 4 * below->bytes;
    return bytes < 2 * below->bytes ? 0 : bytes < most ? bytes : most;
}

static assay_status nothing(const assay_args *a)
{
    (void)a;
    return ASSAY_OK;
}

/* What one call costs that computes nothing: one operand of one element. */
static void call_cost(bench_roof *r, bool quick)
{
    static const assay_operand operands[] = { { .name = "x", .shape = "N", .types = ASSAY_TYPES(ASSAY_T(f32)) } };
    static const assay_op op = { .name = "nothing", .dims = "N", .split = 'N', .n_operands = 1, .operands = operands };
    static const assay_typeset types[] = { ASSAY_TYPES(ASSAY_T(f32)) };
    static const assay_kernel kernel = { .op = "nothing", .name = "nothing", .types = types, .run = nothing };
    static float x[16];
    const int64_t dim[] = { 1 };
    const assay_tensor t = { .data = x, .type = ASSAY_f32, .rank = 1, .dim = { 1 }, .stride = { 4 } };
    assay_call c = { .op = &op, .kernel = &kernel, .threads = 1, .args = { .operand = &t, .dim = dim, .end = 1 } };
    assay_why why = { "" };
    if (assay_call_prepare(&c, &why) != ASSAY_OK) {
        snprintf(r->why, sizeof r->why, "%.100s", why.text);
        return;
    }
    const int n = 200000;
    r->value = 1e300;
    for (int s = 0; s < (quick ? 5 : 10); s++) {
        const double t0 = assay_seconds();
        for (int i = 0; i < n; i++)
            assay_call_run(&c);
        r->sample[r->n++] = (assay_seconds() - t0) / n * 1e9;
        r->value = r->sample[s] < r->value ? r->sample[s] : r->value;
    }
    assay_call_free(&c);
}

static const bench_probe *reader(uint64_t isa)
{
    const bench_probe *best = NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const bench_probe *p = tables[i]; p->kind; p++)
            if (strcmp(p->kind, "read") == 0 && (p->bits & ~isa) == 0)
                best = p;
    return best;
}

static void small_team(bench_roof *r, int team)
{
    snprintf(r->why, sizeof r->why, "%d threads were asked for, %d ran: %.60s", r->threads, team, bench_team_why());
}

void bench_roofs(const bench_machine *m, uint64_t isa, const int *threads, int n_threads, bool quick,
                 bench_roof_visit visit, void *ctx)
{
    static const char *const levels[] = { NULL, "L1", "L2", "L3", "memory" };
    for (int t = 0; t < n_threads; t++) {
        const int team = bench_pin_team(threads[t]);
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            for (const bench_probe *p = tables[i]; p->kind; p++) {
                const bool integer = strcmp(p->kind, "int8") == 0;
                const bool chain = strcmp(p->kind, "chain") == 0; /* a core's: more of them change nothing */
                bench_roof r = { .kind = "compute", .threads = threads[t] };
                if (strcmp(p->kind, "read") == 0 || (chain && threads[t] > 1))
                    continue;
                if (chain)
                    snprintf(r.kind, sizeof r.kind, "latency");
                snprintf(r.name, sizeof r.name, "%s.%s.%dt", p->kind, p->bits ? p->isa : BASE, threads[t]);
                snprintf(r.isa, sizeof r.isa, "%s", p->isa);
                snprintf(r.unit, sizeof r.unit, chain ? "Gstep/s" : integer ? "GOP/s" : "GFLOP/s");
                if (team < threads[t])
                    small_team(&r, team);
                else if (p->bits & ~isa)
                    snprintf(r.why, sizeof r.why, "not on this CPU (or above --isa): %s", p->isa);
                else
                    measure(p, &r, 0, 1, quick);
                visit(ctx, &r);
            }
        for (int level = 1; level <= 4; level++) {
            const bench_probe *p = reader(isa);
            bench_roof r = { .kind = "memory", .threads = threads[t], .bytes = level_bytes(m, level, threads[t]) };
            snprintf(r.name, sizeof r.name, "read.%s.%dt", levels[level], threads[t]);
            snprintf(r.level, sizeof r.level, "%s", levels[level]);
            snprintf(r.unit, sizeof r.unit, "GB/s");
            if (team < threads[t])
                small_team(&r, team);
            else if (!p)
                snprintf(r.why, sizeof r.why, "no vector tier in this build or on this CPU");
            else if (r.bytes < 4096)
                snprintf(r.why, sizeof r.why,
                         "this machine shows no cache of that level, or no bigger than the one below");
            else
                measure(p, &r, (size_t)r.bytes, level == 4 ? 16 : 1, quick);
            if (p)
                snprintf(r.isa, sizeof r.isa, "%s", p->isa);
            visit(ctx, &r);
        }
    }
    bench_roof r = { .kind = "call", .name = "call", .unit = "ns", .threads = 1 };
    call_cost(&r, quick);
    visit(ctx, &r);
}

typedef struct work {
    const bench_machine *m;
    uint64_t isa;
    const int *threads;
    int n_threads;
    bool quick;
    int to;
} work;

static void send_roof(void *ctx, const bench_roof *r)
{
    bench_send(((const work *)ctx)->to, r, sizeof *r);
}

static int body(void *ctx, int from, int to)
{
    work *w = ctx;
    (void)from;
    w->to = to;
    bench_roofs(w->m, w->isa, w->threads, w->n_threads, w->quick, send_roof, w);
    return 0;
}

void bench_roofs_in_child(const bench_machine *m, uint64_t isa, const int *threads, int n_threads, bool quick,
                          bench_roof_visit visit, void *ctx)
{
    work w = { m, isa, threads, n_threads, quick, -1 };
    bench_child c;
    bench_roof r;
    if (bench_child_start(&c, body, &w, quick ? 120 : 600) == 0)
        while (bench_child_get(&c, &r, sizeof r) == sizeof r)
            visit(ctx, &r);
    if (c.why[0]) {
        r = (bench_roof){ .name = "roofs", .kind = "all" };
        snprintf(r.why, sizeof r.why, "the process that measures roofs: %.80s", c.why);
        visit(ctx, &r);
    }
    bench_child_end(&c);
}

void bench_roof_json(const bench_roof *r, assay_json *j, const char *line)
{
    assay_json_open(j, NULL, '{');
    if (line)
        assay_json_str(j, "line", r->why[0] ? "not_measured" : line);
    assay_json_str(j, "name", r->name);
    if (r->why[0]) {
        assay_json_str(j, "what", "roof");
        assay_json_str(j, "why", r->why);
        assay_json_close(j);
        return;
    }
    assay_json_str(j, "kind", r->kind);
    if (r->isa[0])
        assay_json_str(j, "isa", r->isa);
    if (r->level[0])
        assay_json_str(j, "level", r->level);
    assay_json_int(j, "threads", r->threads);
    if (r->bytes)
        assay_json_int(j, "bytes", r->bytes);
    assay_json_num(j, "value", r->value);
    assay_json_str(j, "unit", r->unit);
    assay_json_open(j, "samples", '[');
    for (int i = 0; i < r->n; i++)
        assay_json_num(j, NULL, r->sample[i]);
    assay_json_close(j);
    assay_json_close(j);
}
