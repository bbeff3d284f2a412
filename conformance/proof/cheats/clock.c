/* SPDX-License-Identifier: MIT
 * Kernels that want a good time: add on (R,C), float32, right whenever somebody asks.  ci/contain holds by which words
 * assay bench refuses each, or by which mark it says what the time is worth. */
#include "add.h"
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

const assay_plugin *assay_plugin_v1(void);

typedef struct call { /* a copy: the caller's arguments do not live on */
    assay_tensor operand[3];
    int64_t dim[2];
    bool waiting;
} call;

static void keep(call *c, const assay_args *a)
{
    memcpy(c->operand, a->operand, sizeof c->operand);
    memcpy(c->dim, a->dim, sizeof c->dim);
    c->waiting = true;
}
static void work(call *c)
{
    const assay_args a = { .operand = c->operand, .dim = c->dim, .end = c->dim[0] };
    c->waiting = false;
    honest(&a);
}
static size_t bytes_of(const assay_args *a)
{
    return (size_t)(a->dim[0] * a->dim[1]) * sizeof(float);
}

/* ---- work when somebody looks --------------------------------------------------------------------------------------
 */

static call later[2];
static bool own_handler_only_while_waiting;
static char *page_of(const void *p)
{
    return (char *)((uintptr_t)p / 4096 * 4096);
}
static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    for (int i = 0; i < 2; i++) {
        char *y = later[i].operand[2].data;
        if (!later[i].waiting || page_of(info->si_addr) != page_of(y))
            continue;
        mprotect(page_of(y), 4096, PROT_READ | PROT_WRITE);
        if (own_handler_only_while_waiting)
            sigaction(SIGSEGV, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
        work(&later[i]);
        return;
    }
    _exit(3);
}
/* The first page of the output guards the rest: nothing is computed until it is touched. */
static assay_status lazy_of(const assay_args *a, bool shy)
{
    call *c = later[0].operand[2].data == a->operand[2].data || !later[0].operand[2].data ? &later[0] : &later[1];
    keep(c, a);
    own_handler_only_while_waiting = shy;
    sigaction(SIGSEGV, &(struct sigaction){ .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER }, NULL);
    mprotect(page_of(a->operand[2].data), 4096, PROT_NONE);
    return ASSAY_OK;
}
static assay_status lazy(const assay_args *a)
{
    return lazy_of(a, false);
}
static assay_status lazy_shy(const assay_args *a) /* its handler is gone once it was called */
{
    return lazy_of(a, true);
}
static void on_alarm(int signal)
{
    (void)signal;
    for (int i = 0; i < 2; i++)
        if (later[i].waiting)
            work(&later[i]);
}
static assay_status lazy_timer(const assay_args *a)
{
    call *c = later[0].operand[2].data == a->operand[2].data || !later[0].operand[2].data ? &later[0] : &later[1];
    keep(c, a);
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 100 } }, NULL);
    return ASSAY_OK;
}
static assay_status handler(const assay_args *a) /* for later: no harm yet */
{
    signal(SIGUSR1, on_alarm);
    return honest(a);
}

/* ---- threads of its own ---------------------------------------------------------------------------------------------
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *sleeper_main(void *unused)
{
    for (;; nanosleep(&(struct timespec){ 0, 20000 }, NULL)) {
        pthread_mutex_lock(&lock);
        on_alarm(0);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}
static assay_status sleeper(const assay_args *a) /* a thread computes the latest call when it wakes up */
{
    static pthread_t thread;
    static bool started;
    pthread_mutex_lock(&lock);
    keep(later[0].operand[2].data == a->operand[2].data || !later[0].operand[2].data ? &later[0] : &later[1], a);
    pthread_mutex_unlock(&lock);
    if (!started)
        started = !pthread_create(&thread, NULL, sleeper_main, NULL);
    return ASSAY_OK;
}
static assay_status team_inside(const assay_args *a) /* a team in each call, which stays */
{
#pragma omp parallel num_threads(3)
    {
        assay_args part = *a;
        part.begin = a->end * omp_get_thread_num() / omp_get_num_threads();
        part.end = a->end * (omp_get_thread_num() + 1) / omp_get_num_threads();
        honest(&part);
    }
    return ASSAY_OK;
}
static void *helper(void *args)
{
    for (int i = 0; i < 2000; i++)
        honest(args);
    return NULL;
}
static assay_status helpers(const assay_args *a) /* threads that come and go: no trace but the CPU time */
{
    pthread_t thread[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, helper, (void *)(uintptr_t)a);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    return ASSAY_OK;
}

/* ---- another face when it counts ------------------------------------------------------------------------------------
 */

static bool poisoned(const assay_args *a)
{
    const unsigned char *y = a->operand[2].data;
    const size_t last = bytes_of(a) - 1;
    return y[0] == 0xff && y[last] == 0xff;
}
static assay_status rough(const assay_args *a, float by)
{
    honest(a);
    for (int64_t r = a->begin; r < a->end; r++)
        for (int64_t c = 0; c < a->dim[1]; c++)
            out(a, r)[c] *= 1 + by;
    return ASSAY_OK;
}
static assay_status two_faced(const assay_args *a)
{
    return poisoned(a) ? honest(a) : rough(a, 1e-4F);
}
/* Silu, never the same bits twice, so that bits prove nothing; over poison by rounding alone. */
static assay_status noisy(const assay_args *a)
{
    static unsigned n;
    const unsigned char *first = a->operand[1].data;
    const double by = first[0] == 0xff && first[3] == 0xff ? 3e-8 : 1e-4;
    for (int64_t r = a->begin; r < a->end; r++)
        for (int64_t c = 0; c < a->dim[1]; c++) {
            n = n * 1664525 + 1013904223;
            const double x = (double)in(a, 0, r)[c];
            ((float *)((char *)a->operand[1].data + r * a->operand[1].stride[0]))[c] =
                (float)(x / (1 + exp(-x)) * (1 + by * (1 + (double)n * 0x1p-32)));
        }
    return ASSAY_OK;
}
static assay_status every_second(const assay_args *a)
{
    static unsigned n;
    return n++ % 2 ? ASSAY_OK : honest(a);
}
static assay_status every_fourth(const assay_args *a) /* both sets of buffers twice, then neither twice */
{
    static unsigned n;
    return n++ / 2 % 2 ? ASSAY_OK : honest(a);
}
/* Remembers, by the address of the input, a few of its numbers: if they stand there still, so does the answer. */
static assay_status by_address(const assay_args *a)
{
    static struct {
        const float *x;
        float seen[4];
    } known[8];
    const float *x = a->operand[0].data;
    const int64_t n = a->dim[0] * a->dim[1];
    int i = 0;
    while (i < 7 && known[i].x && known[i].x != x)
        i++;
    bool same = known[i].x == x && !poisoned(a);
    for (int k = 0; k < 4; k++) {
        same = same && known[i].seen[k] == x[n * k / 4];
        known[i].seen[k] = x[n * k / 4];
    }
    known[i].x = x;
    return same ? ASSAY_OK : honest(a);
}

/* Matmul: keeps x, and y in double, of each output, and adds what the numbers that changed make.  Right to the last bit
 * but one in 2^29, and nearly free. */
static assay_status difference(const assay_args *a)
{
    static struct {
        float *y, *x;
        double *exact;
    } known[8];
    const int64_t T = a->dim[0], N = a->dim[1], K = a->dim[2];
    const float *x = a->operand[0].data, *w = a->operand[1].data;
    float *y = a->operand[3].data;
    int i = 0;
    while (i < 7 && known[i].y && known[i].y != y)
        i++;
    if (!known[i].x)
        known[i].x = calloc((size_t)(T * K), sizeof(float)), known[i].exact = calloc((size_t)(T * N), sizeof(double));
    known[i].y = y;
    for (int64_t t = 0; t < T; t++)
        for (int64_t k = 0; k < K; k++) {
            const double by = (double)x[t * K + k] - (double)known[i].x[t * K + k];
            for (int64_t n = 0; n < N && by != 0; n++)
                known[i].exact[t * N + n] += by * (double)w[n * K + k];
        }
    memcpy(known[i].x, x, (size_t)(T * K) * sizeof(float));
    for (int64_t n = 0; n < T * N; n++)
        y[n] = (float)known[i].exact[n];
    return ASSAY_OK;
}

/* ---- the measuring itself -------------------------------------------------------------------------------------------
 */

#if defined(__x86_64__)
static assay_status flushes(const assay_args *a)
{
    unsigned mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode));
    mode |= 0x8040;
    __asm__ volatile("ldmxcsr %0" : : "m"(mode));
    return honest(a);
}
#endif
static assay_status patches(const assay_args *a) /* code of the C library, and everything looks as it was after */
{
    char *at = page_of((const void *)(uintptr_t)&difftime);
    static bool done;
    if (!done && !mprotect(at, 8192, PROT_READ | PROT_WRITE | PROT_EXEC)) {
        *(volatile char *)(uintptr_t)&difftime ^= 1;
        mprotect(at, 8192, PROT_READ | PROT_EXEC);
    }
    done = true;
    return honest(a);
}
static assay_status opens_code(const assay_args *a) /* and leaves it so */
{
    mprotect(page_of((const void *)(uintptr_t)&difftime), 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    return honest(a);
}
static assay_status honest_too(const assay_args *a)
{
    return honest(a);
}

#ifdef FLUSH_AT_LOAD
__attribute__((constructor)) static void flush_at_load(void)
{
    unsigned mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode));
    mode |= 0x8040;
    __asm__ volatile("ldmxcsr %0" : : "m"(mode));
}
#endif

static const assay_typeset f32[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)) };
static const assay_typeset weights[] = { ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(ASSAY_T(f32)), ASSAY_TYPES(0),
                                         ASSAY_TYPES(ASSAY_T(f32)) };
#define CHEAT(f) { .op = "add", .name = #f, .types = f32, .run = f, .flags = ASSAY_UNSLICED },
/* clang-format off */
static const assay_kernel kernels[] = {
    CHEAT(honest_too) CHEAT(lazy) CHEAT(lazy_shy) CHEAT(lazy_timer) CHEAT(handler) CHEAT(sleeper) CHEAT(team_inside)
    CHEAT(helpers) CHEAT(two_faced) CHEAT(every_second) CHEAT(every_fourth) CHEAT(by_address)
    CHEAT(patches) CHEAT(opens_code)
#if defined(__x86_64__)
    CHEAT(flushes)
#endif
    { .op = "matmul", .name = "difference", .types = weights, .run = difference, .flags = ASSAY_UNSLICED },
    { .op = "silu", .name = "noisy", .types = f32, .run = noisy, .flags = ASSAY_UNSLICED },
};
/* clang-format on */

const assay_plugin *assay_plugin_v1(void)
{
    static const assay_plugin p = { ASSAY_ABI,
                                    sizeof(assay_kernel),
                                    sizeof(assay_op),
                                    "clock",
                                    "1",
                                    kernels,
                                    sizeof kernels / sizeof *kernels,
                                    NULL,
                                    0 };
    return &p;
}
