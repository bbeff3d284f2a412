/* SPDX-License-Identifier: MIT */
#include "zygote.h"
#include "confine.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
} control;

void assay_zygote_send(int over, pid_t pid, int fd)
{
    control c;
    memset(&c, 0, sizeof c);
    struct iovec io = { &pid, sizeof pid };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes };
    struct cmsghdr *head = CMSG_FIRSTHDR(&m);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    sendmsg(over, &m, MSG_NOSIGNAL);
}

bool assay_zygote_ask(int socket)
{
    const pid_t none = 0;
    return send(socket, &none, sizeof none, MSG_NOSIGNAL) == (ssize_t)sizeof none;
}

int assay_zygote_receive(int socket, pid_t *runner)
{
    control c;
    struct iovec io = { runner, sizeof *runner };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes };
    int fd = -1;
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof *runner)
        return -1;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&m);
    if (head && head->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

int assay_zygote_bury(int socket, pid_t runner)
{
    int status = 0;
    if (send(socket, &runner, sizeof runner, MSG_NOSIGNAL) == (ssize_t)sizeof runner)
        recv(socket, &status, sizeof status, 0);
    return status;
}

/* The new runner, or -1. */
static pid_t give_birth(const assay_zygote *z)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        _exit(1);
    const pid_t pid = fork();
    if (pid == 0) {
        assay_runner_setup r = z->runner;
        close(z->socket);
        close(pair[0]);
        r.socket = pair[1];
        assay_runner_main(&r);
    }
    close(pair[1]);
    assay_zygote_send(z->socket, pid, pair[0]);
    close(pair[0]);
    return pid;
}

static int bury(pid_t pid)
{
    int status = 0;
    kill(pid, SIGKILL); /* no effect on one that is dead already: its status stands */
    waitpid(pid, &status, 0);
    assay_confine_reap();
    return status;
}

_Noreturn void assay_zygote_main(const assay_zygote *z)
{
    pid_t request, born = -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    while (recv(z->socket, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        if (request) { /* nobody but its own child, whoever asks */
            const int status = request == born && born > 0 ? bury(request) : 0;
            born = -1; /* its number may be another's by now */
            send(z->socket, &status, sizeof status, MSG_NOSIGNAL);
        } else {
            born = give_birth(z);
        }
    }
    assay_confine_reap();
    _exit(0);
}
