/* SPDX-License-Identifier: MIT */
#include "warden.h"
#include "descriptors.h"
#include "filter.h"
#include "pool.h"
#include "zygote.h"
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SECCOMP_IOCTL_NOTIF_RECV
enum { LOOK_MS = 1000 };

static _Noreturn void guard(int socket, pid_t runner, char *note)
{
    union { /* the system's may be larger than the header's */
        struct seccomp_notif it;
        char room[1024];
    } call;
    pid_t nobody;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* until Landlock stands */
    const int keep[2] = { socket, socket };
    assay_descriptors_close(keep);
    const int listener = getppid() == runner ? assay_zygote_receive(socket, &nobody) : -1;
    close(socket);
    /* No signal says that the process is gone: it has left us, by Landlock, where its signals end.  Linux before 5.9
     * says nothing over the descriptor, too. */
    for (struct pollfd p = { listener, POLLIN, 0 }; listener >= 0 && getppid() == runner;) {
        memset(&call, 0, sizeof call);
        if (poll(&p, 1, LOOK_MS) <= 0)
            continue;
        if (!(p.revents & POLLIN))
            break;
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) /* it was killed between the two */
            continue;
        if (note)
            snprintf(note, ASSAY_NOTE_BYTES, "Cmakes the system call %s, which a kernel may not make",
                     assay_filter_name(call.it.data.nr));
        kill(runner, SIGKILL);
        break;
    }
    _exit(0);
}

static bool notifies(void)
{
    const uint32_t action = SECCOMP_RET_USER_NOTIF;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int assay_warden_start(char *note)
{
    int pair[2];
    const pid_t runner = getpid();
    if (!notifies() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return -1;
    const pid_t pid = fork();
    if (pid == 0)
        guard(pair[0], runner, note);
    close(pair[0]);
    if (pid < 0)
        close(pair[1]);
    return pid < 0 ? -1 : pair[1];
}
#else
int assay_warden_start(char *note)
{
    (void)note;
    return -1;
}
#endif
