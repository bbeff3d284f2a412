/* SPDX-License-Identifier: MIT */
#include "lab.h"
#include "abi.h"
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "runner.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPU_LIMIT_S = 60, IDLE_LIMIT_S = 30, START_LIMIT_S = 10, POLL_MS = 100 };

struct assay_lab {
    pid_t zygote, runner;
    int zygote_socket, socket, arena_fd; /* socket: of the living runner, -1: none */
    unsigned char *arena;
    char *note;
    size_t arena_bytes, page, n_kernels;
    char plugin_name[128];
    assay_kernel kernel[ASSAY_PLUGIN_KERNELS];
    assay_described *described;
    assay_greeting greeting;
};

/* ---- the zygote: forks runners, waits for them ------------------------------------------------------------ */

typedef struct birth {
    pid_t pid;
} birth;

static void send_fd(int over, const birth *b, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    birth copy = *b;
    struct iovec io = { &copy, sizeof copy };
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
    };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    sendmsg(over, &m, MSG_NOSIGNAL);
}

static int receive_fd(int over, birth *b)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec io = { b, sizeof *b };
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
    };
    int fd = -1;
    if (recvmsg(over, &m, 0) <= 0)
        return -1;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* Requests: 0: a new runner; else: wait for that pid and answer with its status. */
static _Noreturn void zygote_main(int socket, int arena, size_t bytes, char *note, const char *plugin)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t request;
    while (recv(socket, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        if (request) {
            int status = 0;
            waitpid(request, &status, 0);
            send(socket, &status, sizeof status, MSG_NOSIGNAL);
            continue;
        }
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
            _exit(1);
        const birth b = { fork() };
        if (b.pid == 0) {
            close(socket);
            close(pair[0]);
            assay_runner_main(pair[1], arena, bytes, note, plugin);
        }
        close(pair[1]);
        send_fd(socket, &b, pair[0]);
        close(pair[0]);
    }
    _exit(0);
}

/* ---- the judge's side ------------------------------------------------------------------------------------- */

static int bury_runner(assay_lab *lab)
{
    int status = 0;
    if (lab->runner > 0) {
        kill(lab->runner, SIGKILL);
        send(lab->zygote_socket, &lab->runner, sizeof lab->runner, MSG_NOSIGNAL);
        recv(lab->zygote_socket, &status, sizeof status, 0);
    }
    close(lab->socket);
    lab->socket = -1;
    lab->runner = 0;
    return status;
}

static bool readable(int fd, int seconds)
{
    struct pollfd p = { fd, POLLIN, 0 };
    return poll(&p, 1, 1000 * seconds) > 0;
}

/* A runner that does not come up (a constructor that never ends; a fork that an emulator loses) is replaced. */
static assay_status fork_runner(assay_lab *lab, assay_why *why)
{
    const pid_t request = 0;
    for (int attempt = 0; attempt < 3; attempt++) {
        birth b = { -1 };
        send(lab->zygote_socket, &request, sizeof request, MSG_NOSIGNAL);
        lab->socket = readable(lab->zygote_socket, START_LIMIT_S) ? receive_fd(lab->zygote_socket, &b) : -1;
        lab->runner = b.pid;
        lab->note[0] = 0;
        if (lab->socket < 0 || b.pid < 0)
            return assay_fail(why, ASSAY_ERR_IO, "cannot start a runner process: %s", strerror(errno));
        if (readable(lab->socket, START_LIMIT_S))
            return ASSAY_OK;
        fprintf(stderr, "a runner process said nothing within %d s and is replaced\n", START_LIMIT_S);
        bury_runner(lab);
    }
    return assay_fail(why, ASSAY_ERR_IO, "three runner processes said nothing within %d s each", START_LIMIT_S);
}

static assay_status start_runner(assay_lab *lab, assay_why *why)
{
    const assay_status s = fork_runner(lab, why);
    if (s)
        return s;
    if (recv(lab->socket, &lab->greeting, sizeof lab->greeting, 0) != (ssize_t)sizeof lab->greeting)
        return assay_fail(why, ASSAY_ERR_ABI, "the runner died while it loaded the plug-in");
    if (lab->greeting.status) {
        *(why ? why : &(assay_why){ "" }) = lab->greeting.why;
        return lab->greeting.status;
    }
    for (uint32_t i = 0; i < lab->greeting.n_kernels; i++) {
        if (recv(lab->socket, &lab->described[i], sizeof *lab->described, 0) != (ssize_t)sizeof *lab->described)
            return assay_fail(why, ASSAY_ERR_ABI, "the runner died while it described kernel %u", i);
        if (!assay_op_find(lab->described[i].op))
            return assay_fail(why, ASSAY_ERR_ARG,
                              "the plug-in's kernel %s computes %s, which is no op (assay list ops)",
                              lab->described[i].name, lab->described[i].op);
    }
    return ASSAY_OK;
}

static void adopt_kernels(assay_lab *lab)
{
    lab->n_kernels = lab->greeting.n_kernels;
    snprintf(lab->plugin_name, sizeof lab->plugin_name, "%s", lab->greeting.plugin);
    for (size_t i = 0; i < lab->n_kernels; i++) {
        assay_described *d = &lab->described[i];
        for (int r = 0; r < 4; r++)
            d->contract.round[r].operand = d->round[r][0] ? d->round[r] : NULL;
        lab->kernel[i] = (assay_kernel){ .op = d->op,
                                         .name = d->name,
                                         .op_version = d->op_version,
                                         .flags = d->flags,
                                         .isa = d->isa,
                                         .types = d->types,
                                         .layouts = d->layouts,
                                         .packing = d->packing[0] ? d->packing : NULL,
                                         .contract = d->has_contract ? &d->contract : NULL };
    }
}

static assay_lab *abandon(assay_lab *lab)
{
    assay_lab_close(lab);
    return NULL;
}

assay_lab *assay_lab_open(const char *plugin, assay_why *why)
{
    assay_why changed;
    if (!assay_abi_environment(&changed))
        return assay_fail(why, ASSAY_ERR_ARG,
                          "the judge would start with another floating-point environment than C's: %.120s",
                          changed.text),
               (assay_lab *)NULL;
    assay_lab *lab = calloc(1, sizeof *lab);
    int pair[2];
    if (!lab || !(lab->described = calloc(ASSAY_PLUGIN_KERNELS, sizeof *lab->described)))
        return free(lab), assay_fail(why, ASSAY_ERR_NOMEM, "no memory for the judge"), (assay_lab *)NULL;
    lab->page = (size_t)sysconf(_SC_PAGESIZE);
    lab->arena_bytes = (size_t)1 << ASSAY_LAB_ARENA_LOG2;
    lab->socket = -1;
    lab->zygote_socket = -1;
    lab->arena_fd = memfd_create("assay", MFD_CLOEXEC);
    if (lab->arena_fd < 0 || ftruncate(lab->arena_fd, (off_t)lab->arena_bytes) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return assay_fail(why, ASSAY_ERR_IO, "cannot set up the runner's memory: %s", strerror(errno)), abandon(lab);
    lab->arena = mmap(NULL, lab->arena_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, lab->arena_fd, 0);
    lab->note = mmap(NULL, ASSAY_NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (lab->arena == MAP_FAILED || lab->note == MAP_FAILED)
        return assay_fail(why, ASSAY_ERR_NOMEM, "cannot map the runner's memory: %s", strerror(errno)), abandon(lab);
    lab->zygote = fork();
    if (lab->zygote == 0) {
        close(pair[0]);
        munmap(lab->arena, lab->arena_bytes);
        zygote_main(pair[1], lab->arena_fd, lab->arena_bytes, lab->note, plugin);
    }
    close(pair[1]);
    lab->zygote_socket = pair[0];
    if (lab->zygote < 0 || start_runner(lab, why))
        return abandon(lab);
    adopt_kernels(lab);
    return lab;
}

void assay_lab_close(assay_lab *lab)
{
    if (!lab)
        return;
    if (lab->socket >= 0)
        bury_runner(lab);
    if (lab->zygote_socket >= 0)
        close(lab->zygote_socket);
    if (lab->zygote > 0)
        waitpid(lab->zygote, NULL, 0);
    if (lab->arena && lab->arena != MAP_FAILED)
        munmap(lab->arena, lab->arena_bytes);
    if (lab->note && lab->note != MAP_FAILED)
        munmap(lab->note, ASSAY_NOTE_BYTES);
    if (lab->arena_fd >= 0)
        close(lab->arena_fd);
    free(lab->described);
    free(lab);
}

unsigned char *assay_lab_arena(assay_lab *lab, size_t *bytes, size_t *page)
{
    *bytes = lab->arena_bytes;
    *page = lab->page;
    return lab->arena;
}

/* CPU seconds of a process and its threads: fields 14 and 15 of /proc/PID/stat (proc(5)). */
static double cpu_seconds(pid_t pid)
{
    char path[64], text[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return -1;
    const size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    unsigned long user = 0, sys = 0;
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
        return -1;
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* Waits for the answer; limits are CPU time, and wall time only for a runner that uses no CPU. */
static bool wait_answer(assay_lab *lab, bool *idle)
{
    const double start = cpu_seconds(lab->runner);
    double last = start;
    int idle_ms = 0;
    for (;;) {
        struct pollfd p = { lab->socket, POLLIN, 0 };
        if (poll(&p, 1, POLL_MS) > 0)
            return true;
        const double now = cpu_seconds(lab->runner);
        idle_ms = now > last ? 0 : idle_ms + POLL_MS;
        last = now;
        *idle = idle_ms > 1000 * IDLE_LIMIT_S;
        if (now - start > CPU_LIMIT_S || *idle)
            return false;
    }
}

void assay_lab_run(assay_lab *lab, const assay_job *job, assay_answer *a)
{
    *a = (assay_answer){ .by = ASSAY_BY_CRASH };
    if (lab->socket < 0 && start_runner(lab, &a->why))
        return;
    lab->note[0] = 0;
    if (send(lab->socket, job, sizeof *job, MSG_NOSIGNAL) == (ssize_t)sizeof *job) {
        if (!wait_answer(lab, &a->idle)) {
            bury_runner(lab);
            a->by = ASSAY_BY_TIMEOUT;
            assay_fail(&a->why, ASSAY_OK, "no answer after %d s of CPU time or %d s without any", CPU_LIMIT_S,
                       IDLE_LIMIT_S);
            return;
        }
        if (recv(lab->socket, a, sizeof *a, 0) == (ssize_t)sizeof *a)
            return;
    }
    const int status = bury_runner(lab);
    a->by = lab->note[0] == 'M' ? ASSAY_BY_MEMORY : ASSAY_BY_CRASH;
    a->status = ASSAY_OK;
    if (lab->note[0])
        assay_fail(&a->why, ASSAY_OK, "%.200s", lab->note + 1);
    else if (WIFSIGNALED(status))
        assay_fail(&a->why, ASSAY_OK, "died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        assay_fail(&a->why, ASSAY_OK, "its process ended with exit code %d", WEXITSTATUS(status));
}

size_t assay_lab_plugin_count(const assay_lab *lab)
{
    return lab->n_kernels;
}

const assay_kernel *assay_lab_plugin_kernel(const assay_lab *lab, size_t i)
{
    return i < lab->n_kernels ? &lab->kernel[i] : NULL;
}

const char *assay_lab_plugin_name(const assay_lab *lab)
{
    return lab->plugin_name;
}
