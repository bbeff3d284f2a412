/* SPDX-License-Identifier: MIT */
#include "pool.h"
#include "abi.h"
#include "../../reference/core/file.h"
#include "../../reference/core/registry.h"
#include "../../reference/core/save.h"
#include "../../reference/core/status.h"
#include "settle.h"
#include "starts.h"
#include "watch.h"
#include "wire.h"
#include "zygote.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_LIMIT_S = 10, PREFIX = 24 };
assay_limits assay_pool_limits = { 60, 4096 };

struct assay_pool {
    pid_t zygote, runner;
    assay_watch watch; /* over the runner */
    assay_settle settle;
    int zygote_socket, socket, arena_fd, said; /* socket: of the living runner, -1: none */
    unsigned char *arena;
    char *note;
    size_t arena_bytes, page, n_kernels;
    uint32_t jobs;
    bool stranger, adopted; /* runs a plug-in; its kernels are known */
    bool here;              /* in this process */
    char plugin_name[128];
    char shown[ASSAY_PLUGIN_KERNELS][PREFIX + 1 + 64]; /* the kernels' names as everyone but the plug-in sees them */
    assay_kernel kernel[ASSAY_PLUGIN_KERNELS];
    assay_contract contract[ASSAY_PLUGIN_KERNELS];
    assay_described *described, heard; /* heard: what the present runner says */
    assay_greeting greeting;
};

static int bury_runner(assay_pool *pool)
{
    const int status = pool->runner > 0 ? assay_zygote_bury(pool->zygote_socket, pool->runner) : 0;
    if (pool->socket >= 0)
        close(pool->socket);
    pool->socket = -1;
    pool->runner = 0;
    return status;
}

/* ---- starting a runner ----------------------------------------------------------------------------------------- */

/* A runner that does not come up (a constructor that never ends; a fork that an emulator loses) is replaced. */
static assay_status fork_runner(assay_pool *pool, assay_why *why)
{
    const double limit = assay_pool_limits.seconds < START_LIMIT_S ? assay_pool_limits.seconds : START_LIMIT_S;
    for (int attempt = 0; attempt < 3; attempt++) {
        struct pollfd p = { pool->zygote_socket, POLLIN, 0 };
        pid_t pid = -1;
        pool->note[0] = 0;
        pool->socket = assay_zygote_ask(pool->zygote_socket) && poll(&p, 1, 1000 * START_LIMIT_S) > 0
                           ? assay_zygote_receive(pool->zygote_socket, &pid)
                           : -1;
        pool->runner = pid;
        if (pool->socket < 0 || pid < 0)
            return assay_fail(why, ASSAY_ERR_IO, "cannot start a runner process: %s", strerror(errno));
        assay_watch_open(&pool->watch, pid, pool->zygote);
        assay_watch_call(&pool->watch, limit, limit, assay_pool_limits.mebibytes);
        const assay_watched w = assay_watch_wait(&pool->watch, pool->socket);
        assay_settle_born(&pool->settle);
        if (w == ASSAY_SPOKE)
            return ASSAY_OK;
        bury_runner(pool);
        if (w != ASSAY_ASLEEP)
            return assay_fail(why, ASSAY_ERR_ABI, "the plug-in %s while it was loaded",
                              w == ASSAY_BUSY      ? "used all the CPU time it may"
                              : w == ASSAY_SWOLLEN ? "took more memory than it may"
                              : w == ASSAY_CROWDED ? "started more threads than it may"
                                                   : "stopped its process");
        fprintf(stderr, "a runner process said nothing within %g s and is replaced\n", limit);
    }
    return assay_fail(why, ASSAY_ERR_IO, "three runner processes said nothing within %g s each", limit);
}

/* The runner's last words say more than how its process ended. */
static void quote_said(const assay_pool *pool, assay_why *why)
{
    char text[4096];
    const assay_why end = *why;
    const ssize_t n = pool->said < 0 ? 0 : pread(pool->said, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    const char *line = assay_wire_telling(text);
    if (*line)
        assay_fail(why, ASSAY_OK, "%.170s (%.60s)", line, end.text);
}

/* Of a runner whose socket is closed: how it ended.  It may have closed the socket and be alive: what it does by itself
 * is its end, not the moment at which the judge kills it. */
static void end_unanswered(assay_pool *pool, assay_why *why)
{
    bool more = true;
    const double limit = assay_pool_limits.seconds;
    assay_watch_call(&pool->watch, limit, 0.5 * limit, assay_pool_limits.mebibytes);
    bool alive = assay_watch_alive(pool->runner);
    for (int ms = 0; alive && more; alive = assay_watch_alive(pool->runner)) {
        if (ms++ < 100) /* nearly always it is dead by now, or in a moment */
            poll(NULL, 0, 1);
        else
            assay_watch_look(&pool->watch, -1, &more);
    }
    const int status = bury_runner(pool);
    if (pool->note[0])
        assay_fail(why, ASSAY_OK, "%.200s", pool->note + 1);
    else if (alive)
        assay_fail(why, ASSAY_OK, "closed the judge's socket and went on");
    else if (WIFSIGNALED(status))
        assay_fail(why, ASSAY_OK, "died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        assay_fail(why, ASSAY_OK, "its process ended with exit code %d", WEXITSTATUS(status));
    if (!pool->note[0])
        quote_said(pool, why);
    assay_wire_clean(why->text, sizeof why->text);
}

/* The greeting and the kernels; everything in them was written by a stranger. */
static assay_status hear_greeting(assay_pool *pool, assay_why *why)
{
    assay_greeting *g = &pool->greeting;
    if (recv(pool->socket, g, sizeof *g, 0) != (ssize_t)sizeof *g) {
        assay_why end = { "" };
        end_unanswered(pool, &end);
        return assay_fail(why, ASSAY_ERR_ABI, "the runner died while it loaded the plug-in: %.190s", end.text);
    }
    if (!assay_wire_greeting(g))
        return assay_fail(why, ASSAY_ERR_ABI, "the plug-in's greeting is not one that a runner sends");
    if (g->status) {
        *(why ? why : &(assay_why){ "" }) = g->why;
        return g->status;
    }
    for (uint32_t i = 0; i < g->n_kernels; i++) {
        assay_watch_call(&pool->watch, START_LIMIT_S, START_LIMIT_S, assay_pool_limits.mebibytes);
        if (assay_watch_wait(&pool->watch, pool->socket) != ASSAY_SPOKE ||
            recv(pool->socket, &pool->heard, sizeof pool->heard, 0) != (ssize_t)sizeof pool->heard) {
            assay_why end = { "" };
            end_unanswered(pool, &end);
            return assay_fail(why, ASSAY_ERR_ABI, "the runner died while it described kernel %u: %.160s", i, end.text);
        }
        const assay_status s = assay_wire_described(&pool->heard, why);
        if (s)
            return s;
        if (!pool->adopted)
            pool->described[i] = pool->heard;
        else if (i >= pool->n_kernels || memcmp(&pool->described[i], &pool->heard, sizeof pool->heard) != 0)
            return assay_fail(why, ASSAY_ERR_ABI, "the plug-in describes other kernels than when it was first loaded");
    }
    return ASSAY_OK;
}

static assay_status start_runner(assay_pool *pool, assay_why *why)
{
    const assay_status s = fork_runner(pool, why), t = s ? s : hear_greeting(pool, why);
    if (t)
        bury_runner(pool);
    return t;
}

/* What stands before the colon: the name that the plug-in declares, else its file's; never ours, and without a
 * character that a shell or a pattern reads. */
static void prefix_of(const char *declared, const char *path, char to[PREFIX])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";
    const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path;
    const bool own = declared[strspn(declared, " ")] && strcasecmp(declared, "assay") != 0;
    const size_t n = own ? strlen(declared) : strcspn(stem, ".");
    snprintf(to, PREFIX, "%.*s", (int)n, own ? declared : stem);
    for (char *c = to; *c; c++)
        if (!strchr(plain, *c))
            *c = '_';
    if (!*to || !strcasecmp(to, "assay"))
        snprintf(to, PREFIX, "plugin");
}

static void call_kernels(assay_pool *pool, const char prefix[PREFIX])
{
    for (size_t i = 0; i < pool->n_kernels; i++)
        snprintf(pool->shown[i], sizeof pool->shown[i], "%s:%s", prefix, pool->described[i].name);
}

void assay_pool_call(assay_pool *pool, const char *name)
{
    char prefix[PREFIX];
    prefix_of(name, "", prefix);
    call_kernels(pool, prefix);
}

static void adopt_kernels(assay_pool *pool, const char *path)
{
    char prefix[PREFIX];
    prefix_of(pool->greeting.name, path ? path : "", prefix);
    pool->n_kernels = pool->greeting.n_kernels;
    pool->adopted = true;
    snprintf(pool->plugin_name, sizeof pool->plugin_name, "%s", pool->greeting.plugin);
    call_kernels(pool, prefix);
    for (size_t i = 0; i < pool->n_kernels; i++) {
        assay_described *d = &pool->described[i];
        pool->contract[i] = d->contract;
        for (int r = 0; r < 4; r++)
            pool->contract[i].round[r].operand = d->round[r][0] ? d->round[r] : NULL;
        pool->kernel[i] = (assay_kernel){ .op = d->op,
                                          .name = pool->shown[i],
                                          .op_version = d->op_version,
                                          .flags = d->flags,
                                          .isa = d->isa,
                                          .types = d->types,
                                          .layouts = d->layouts,
                                          .packing = d->packing[0] ? d->packing : NULL,
                                          .contract = d->has_contract ? &pool->contract[i] : NULL };
    }
}

static assay_pool *abandon(assay_pool *pool)
{
    assay_pool_close(pool);
    return NULL;
}

/* The arena can neither shrink under the judge nor be sealed against it. */
static bool shared_memory(assay_pool *pool, assay_why *why)
{
    pool->arena_fd = memfd_create("assay", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    pool->said = pool->stranger ? memfd_create("assay-said", MFD_CLOEXEC) : -1;
    if (pool->arena_fd < 0 || ftruncate(pool->arena_fd, (off_t)pool->arena_bytes) ||
        (pool->stranger && (pool->said < 0 || fcntl(pool->said, F_SETFL, O_APPEND))))
        return assay_fail(why, ASSAY_ERR_IO, "cannot set up the runner's memory: %s", strerror(errno)) == ASSAY_OK;
    fcntl(pool->arena_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    pool->arena = mmap(NULL, pool->arena_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, pool->arena_fd, 0);
    pool->note = mmap(NULL, ASSAY_NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pool->arena == MAP_FAILED || pool->note == MAP_FAILED)
        return assay_fail(why, ASSAY_ERR_NOMEM, "cannot map the runner's memory: %s", strerror(errno)) == ASSAY_OK;
    return true;
}

static assay_pool *new_pool(const char *plugin, assay_why *why)
{
    assay_why changed;
    assay_map so;
    if (plugin && !assay_save_regular(plugin)) /* a FIFO would keep its loader waiting: this names what it is */
        return assay_map_open(plugin, &so, why), (assay_pool *)NULL;
    if (!assay_abi_environment(&changed))
        return assay_fail(why, ASSAY_ERR_ARG,
                          "the judge would start with another floating-point environment than C's: %.120s",
                          changed.text),
               (assay_pool *)NULL;
    if (!assay_starts(why))
        return NULL;
    assay_pool *pool = calloc(1, sizeof *pool);
    if (!pool || !(pool->described = calloc(ASSAY_PLUGIN_KERNELS, sizeof *pool->described)))
        return free(pool), assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the judge"), (assay_pool *)NULL;
    pool->page = (size_t)sysconf(_SC_PAGESIZE);
    pool->arena_bytes = (size_t)1 << ASSAY_POOL_ARENA_LOG2;
    pool->socket = pool->zygote_socket = pool->arena_fd = pool->said = -1;
    return pool;
}

assay_pool *assay_pool_open_here(const char *plugin, assay_why *why)
{
    assay_pool *pool = new_pool(plugin, why);
    if (!pool || !shared_memory(pool, why))
        return abandon(pool);
    pool->here = true;
    const assay_runner_setup r = { .arena_bytes = pool->arena_bytes, .note = pool->note, .plugin = plugin };
    if (!assay_runner_here(&r, &pool->greeting, pool->described))
        return assay_fail(why, ASSAY_ERR_NOMEM, "cannot map the kernels' memory"), abandon(pool);
    assay_status s = pool->greeting.status;
    if (s && why)
        *why = pool->greeting.why;
    for (uint32_t i = 0; !s && i < pool->greeting.n_kernels; i++)
        s = assay_wire_described(&pool->described[i], why);
    if (s)
        return abandon(pool);
    adopt_kernels(pool, plugin);
    return pool;
}

assay_pool *assay_pool_open(const char *plugin, assay_why *why)
{
    assay_pool *pool = new_pool(plugin, why);
    int pair[2];
    if (!pool)
        return NULL;
    pool->stranger = plugin != NULL;
    assay_settle_open(&pool->settle);
    if (pool->stranger)
        assay_starts_measure();
    if (!shared_memory(pool, why) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return why && !why->text[0] ? assay_fail(why, ASSAY_ERR_IO, "no sockets: %s", strerror(errno)) : 0,
               abandon(pool);
    fflush(NULL); /* else what waits in a buffer is printed once more by a kernel that calls exit() */
    pool->zygote = fork();
    if (pool->zygote == 0) {
        close(pair[0]);
        munmap(pool->arena, pool->arena_bytes);
        const assay_runner_setup r = { .arena = pool->arena_fd,
                                       .said = pool->said,
                                       .arena_bytes = pool->arena_bytes,
                                       .memory = (size_t)assay_pool_limits.mebibytes << 20,
                                       .note = pool->note,
                                       .plugin = plugin };
        assay_zygote_main(&(assay_zygote){ pair[1], r });
    }
    if (plugin) /* from now on /proc/PID/mem of the judge is closed to processes without privileges */
        prctl(PR_SET_DUMPABLE, 0);
    close(pair[1]);
    pool->zygote_socket = pair[0];
    if (pool->zygote < 0 || start_runner(pool, why))
        return abandon(pool);
    adopt_kernels(pool, plugin);
    return pool;
}

void assay_pool_close(assay_pool *pool)
{
    if (!pool)
        return;
    if (pool->socket >= 0)
        bury_runner(pool);
    if (pool->zygote_socket >= 0)
        close(pool->zygote_socket);
    if (pool->zygote > 0)
        waitpid(pool->zygote, NULL, 0);
    if (pool->arena && pool->arena != MAP_FAILED)
        munmap(pool->arena, pool->arena_bytes);
    if (pool->note && pool->note != MAP_FAILED)
        munmap(pool->note, ASSAY_NOTE_BYTES);
    if (pool->arena_fd >= 0)
        close(pool->arena_fd);
    if (pool->said >= 0)
        close(pool->said);
    free(pool->described);
    free(pool);
}

unsigned char *assay_pool_arena(assay_pool *pool, size_t *bytes, size_t *page)
{
    *bytes = pool->arena_bytes;
    *page = pool->page;
    return pool->arena;
}

/* What it printed makes a failure of a call that is otherwise good: a kernel writes its outputs and nothing else. */
static void hear_said(assay_pool *pool, assay_answer *a)
{
    struct stat st;
    char text[80] = "";
    if (pool->said < 0 || fstat(pool->said, &st) || !st.st_size)
        return;
    const ssize_t n = pread(pool->said, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    if (ftruncate(pool->said, 0))
        return;
    assay_wire_clean(text, sizeof text);
    if (a && a->by == ASSAY_BY_NONE && !a->status) {
        a->by = ASSAY_BY_ABI;
        assay_fail(&a->why, ASSAY_OK, "prints %lld bytes: %s", (long long)st.st_size, text);
    }
}

/* After a stranger's kernel has answered: does its runner wait for the next job?  A kernel that answers for itself is
 * still running, and the runner's own answer to the same job is the second one. */
static bool answered_once(assay_pool *pool, uint32_t number)
{
    const assay_job question = { .number = number };
    assay_answer a;
    if (send(pool->socket, &question, sizeof question, MSG_NOSIGNAL) != (ssize_t)sizeof question)
        return false;
    assay_watch_call(&pool->watch, assay_pool_limits.seconds, 0.5 * assay_pool_limits.seconds,
                     assay_pool_limits.mebibytes);
    return assay_watch_wait(&pool->watch, pool->socket) == ASSAY_SPOKE &&
           recv(pool->socket, &a, sizeof a, 0) == (ssize_t)sizeof a && a.echo == 1 && a.number == number;
}

static void forged(assay_pool *pool, assay_answer *a)
{
    bury_runner(pool);
    *a = (assay_answer){ .by = ASSAY_BY_CRASH };
    assay_fail(&a->why, ASSAY_OK, "writes to the judge's socket");
}

/* Sends the job and waits. */
static void try_job(assay_pool *pool, assay_job *job, assay_answer *a)
{
    *a = (assay_answer){ .by = ASSAY_BY_CRASH };
    if (pool->socket < 0 && start_runner(pool, &a->why))
        return;
    hear_said(pool, NULL);
    pool->note[0] = 0;
    job->number = ++pool->jobs;
    const assay_kernel *k = job->kernel ? job->kernel : &pool->kernel[job->plugin];
    assay_settle_down(&pool->settle, pool->runner,
                      job->beside == ASSAY_AT_ONCE || k->flags & ASSAY_OWN_THREADS ? 0 : job->threads);
    const bool sent = send(pool->socket, job, sizeof *job, MSG_NOSIGNAL) == (ssize_t)sizeof *job;
    assay_watch_call(&pool->watch, assay_pool_limits.seconds, 0.5 * assay_pool_limits.seconds,
                     assay_pool_limits.mebibytes);
    const assay_watched w = sent ? assay_watch_wait(&pool->watch, pool->socket) : ASSAY_SPOKE;
    assay_settle_up(&pool->settle);
    if (w != ASSAY_SPOKE) {
        bury_runner(pool);
        a->idle = w == ASSAY_ASLEEP;
        a->by = w == ASSAY_BUSY || w == ASSAY_ASLEEP ? ASSAY_BY_TIMEOUT : ASSAY_BY_CRASH;
        assay_watch_words(&pool->watch, w, &a->why);
        return;
    }
    const ssize_t n = sent ? recv(pool->socket, a, sizeof *a, 0) : 0;
    if (n <= 0) {
        *a = (assay_answer){ .by = ASSAY_BY_CRASH };
        end_unanswered(pool, &a->why);
        a->by = pool->note[0] == 'M' ? ASSAY_BY_MEMORY : ASSAY_BY_CRASH;
    } else if (n != (ssize_t)sizeof *a || a->number != job->number || a->echo || !assay_wire_answer(a) ||
               (pool->stranger && a->by == ASSAY_BY_NONE && !answered_once(pool, job->number))) {
        forged(pool, a);
    } else {
        hear_said(pool, a);
        if (a->by != ASSAY_BY_NONE) /* a process in which that happened judges nothing else */
            bury_runner(pool);
    }
}

void assay_pool_run(assay_pool *pool, assay_job *job, assay_answer *a)
{
    if (pool->here) {
        assay_job own = *job; /* whose operands point into the runner's mapping */
        assay_runner_job(&own, pool->arena_fd, a);
        return;
    }
    try_job(pool, job, a);
}

size_t assay_pool_plugin_count(const assay_pool *pool)
{
    return pool->n_kernels;
}

const assay_kernel *assay_pool_plugin_kernel(const assay_pool *pool, size_t i)
{
    return i < pool->n_kernels ? &pool->kernel[i] : NULL;
}

const char *assay_pool_plugin_name(const assay_pool *pool)
{
    return pool->plugin_name;
}
