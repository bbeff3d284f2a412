/* SPDX-License-Identifier: MIT
 * warden.h - a process beside each one that runs a stranger's kernel.  The filter tells it of a call that may not be
 * made, before it is made; it writes the name into the note that the judge reads, and ends the process.  No signal is
 * needed, which a process may block (the C library's fork() blocks all). */
#ifndef ASSAY_WARDEN_H
#define ASSAY_WARDEN_H

/* Forked by the process that it guards, and gone with it.  note: shared memory; NULL: nobody reads one.  The socket
 * for the listener's descriptor (filter.h), which is to be closed afterwards; -1: no warden. */
int assay_warden_start(char *note);
#endif
