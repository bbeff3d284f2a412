/* SPDX-License-Identifier: MIT */
#include "descriptors.h"
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST = 65536 }; /* that are closed one by one, where the system cannot close a range */

static void close_from_to(int lo, int hi)
{
#ifdef SYS_close_range
    if (lo > hi || syscall(SYS_close_range, (unsigned)lo, (unsigned)hi, 0u) == 0)
        return;
#endif
    for (int fd = lo; fd <= hi && fd < MOST; fd++)
        close(fd);
}

void assay_descriptors_close(const int keep[2])
{
    const int low = keep[0] < keep[1] ? keep[0] : keep[1], high = keep[0] < keep[1] ? keep[1] : keep[0];
    close_from_to(STDERR_FILENO + 1, low - 1);
    close_from_to(low + 1, high - 1);
    close_from_to(high + 1, INT_MAX);
}
