/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "file.h"
#include "status.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool assay_span_is(assay_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.at, text, s.n) == 0;
}

assay_status assay_map_open(const char *path, assay_map *m, assay_why *why)
{
    struct stat st;
    *m = (assay_map){ NULL, 0 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return assay_fail(why, ASSAY_ERR_IO, "%s: %s", path, strerror(errno));
    assay_status s = ASSAY_OK;
    if (fstat(fd, &st) != 0)
        s = assay_fail(why, ASSAY_ERR_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        s = assay_fail(why, ASSAY_ERR_IO, "%s: not a regular file", path);
    else if ((uintmax_t)st.st_size > SIZE_MAX / 2)
        s = assay_fail(why, ASSAY_ERR_IO, "%s: %jd bytes are more than this machine can map", path,
                       (intmax_t)st.st_size);
    else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            s = assay_fail(why, ASSAY_ERR_IO, "%s: cannot map %jd bytes: %s", path, (intmax_t)st.st_size,
                           strerror(errno));
        else
            *m = (assay_map){ p, (size_t)st.st_size };
    }
    close(fd);
    return s;
}

void assay_map_close(assay_map *m)
{
    if (m->data)
        munmap((void *)(uintptr_t)m->data, m->n);
    *m = (assay_map){ NULL, 0 };
}

static assay_status save_end(assay_save *s, assay_status status)
{
    if (status != ASSAY_OK && s->aside)
        unlink(s->aside);
    free(s->path);
    free(s->aside);
    *s = (assay_save){ 0 };
    return status;
}

assay_status assay_save_open(assay_save *s, const char *path, assay_why *why)
{
    static const char suffix[] = ".XXXXXX";
    struct stat st;
    *s = (assay_save){ 0 };
    s->path = strdup(path);
    const bool direct = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    if (!direct)
        s->aside = malloc(strlen(path) + sizeof suffix);
    if (!s->path || (!direct && !s->aside))
        return save_end(s, assay_fail(why, ASSAY_ERR_NOMEM, "%s: out of memory", path));
    if (direct) {
        s->f = fopen(path, "wb");
    } else {
        strcpy(s->aside, path);
        strcat(s->aside, suffix);
        const int fd = mkstemp(s->aside);
        if (fd >= 0) {
            const mode_t mask = umask(0);
            umask(mask);
            fchmod(fd, 0666 & ~mask);
            s->f = fdopen(fd, "wb");
            if (!s->f)
                close(fd);
        } else {
            free(s->aside);
            s->aside = NULL;
        }
    }
    if (!s->f)
        return save_end(s, assay_fail(why, ASSAY_ERR_IO, "%s: cannot write: %s", path, strerror(errno)));
    return ASSAY_OK;
}

assay_status assay_save_commit(assay_save *s, assay_why *why)
{
    bool good = !ferror(s->f);
    errno = 0;
    if (!good) { /* the reason of that failure is gone: one more write asks for it again */
        clearerr(s->f);
        fputc(0, s->f);
    }
    good = fflush(s->f) == 0 && good;
    int reason = errno;
    if (fclose(s->f) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && s->aside && rename(s->aside, s->path) != 0) {
        good = false;
        reason = errno;
    }
    if (good)
        return save_end(s, ASSAY_OK);
    assay_fail(why, ASSAY_ERR_IO, "%s: cannot write: %s", s->path,
               reason ? strerror(reason) : "an earlier write failed");
    return save_end(s, ASSAY_ERR_IO);
}

void assay_save_cancel(assay_save *s)
{
    if (s->f)
        fclose(s->f);
    save_end(s, ASSAY_ERR_IO);
}
