/* SPDX-License-Identifier: MIT
 * zygote.h - the process between judge and runners: forked before any golden exists, it forks runners on request, hands
 * over their sockets, and buries them with all that they have started. */
#ifndef ASSAY_ZYGOTE_H
#define ASSAY_ZYGOTE_H
#include "runner.h"
#include <sys/types.h>

typedef struct assay_zygote { /* what the zygote is told once */
    int socket;
    assay_runner_setup runner; /* but for its socket */
} assay_zygote;

_Noreturn void assay_zygote_main(const assay_zygote *z);

/* A process and a descriptor, over a socket; the other side takes it by assay_zygote_receive. */
void assay_zygote_send(int over, pid_t pid, int fd);

/* The judge's requests over the same socket. */
bool assay_zygote_ask(int socket);                   /* for a new runner; the answer comes by: */
int assay_zygote_receive(int socket, pid_t *runner); /* its socket; -1: none */
int assay_zygote_bury(int socket, pid_t runner);     /* kills and waits; its status, as of waitpid */
#endif
