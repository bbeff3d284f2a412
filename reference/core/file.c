/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "file.h"
#include "guard.h"
#include "status.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool assay_span_is(assay_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.at, text, s.n) == 0;
}

static const char *other_kind(mode_t mode)
{
    return S_ISDIR(mode)                    ? "a folder"
           : S_ISFIFO(mode)                 ? "a FIFO"
           : S_ISSOCK(mode)                 ? "a socket"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
                                            : "of another kind";
}

assay_status assay_map_open(const char *path, assay_map *m, assay_why *why)
{
    struct stat st;
    *m = (assay_map){ NULL, 0 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a FIFO without a writer would wait */
    if (fd < 0)
        return assay_fail(why, ASSAY_ERR_IO, "%s: %s", path, strerror(errno));
    assay_status s = ASSAY_OK;
    if (fstat(fd, &st) != 0)
        s = assay_fail(why, ASSAY_ERR_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        s = assay_fail(why, ASSAY_ERR_IO, "%s: not a regular file but %s", path, other_kind(st.st_mode));
    else if ((uintmax_t)st.st_size > SIZE_MAX / 2)
        s = assay_fail(why, ASSAY_ERR_IO, "%s: %jd bytes are more than this machine can map", path,
                       (intmax_t)st.st_size);
    else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            s = assay_fail(why, ASSAY_ERR_IO, "%s: cannot map %jd bytes: %s", path, (intmax_t)st.st_size,
                           strerror(errno));
        } else {
            *m = (assay_map){ p, (size_t)st.st_size };
            assay_guard_add(p, m->n, path);
        }
    }
    close(fd);
    return s;
}

void assay_map_close(assay_map *m)
{
    if (m->data) {
        assay_guard_remove(m->data);
        munmap((void *)(uintptr_t)m->data, m->n);
    }
    *m = (assay_map){ NULL, 0 };
}
