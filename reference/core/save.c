/* SPDX-License-Identifier: MIT */
#include "save.h"
#include "guard.h"
#include "status.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int out = STDOUT_FILENO; /* what "-" means */
static assay_save_put through;  /* NULL: files are written here */

static bool standard(const char *path)
{
    return path && !strcmp(path, "-");
}

static assay_status failed(const char *path, int error, assay_why *why)
{
    return assay_fail(why, ASSAY_ERR_IO, "%.400s: cannot be written: %s", path,
                      error ? strerror(error) : "an earlier write failed");
}

/* ---- where a path leads ---------------------------------------------------------------------------------------------
 */

/* The folder of a path, and what name has in it. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
    char *text = malloc(folder + strlen(name) + 1);
    if (text) {
        memcpy(text, path, folder);
        strcpy(text + folder, name);
    }
    return text;
}

/* /proc/PID/fd/N, by whatever links: N where PID is this process; -2 another's; -1 no descriptor. */
static int descriptor(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *folder = beside(path, "."), real[PATH_MAX];
    int pid, end = 0;
    const bool there = folder && realpath(folder, real) && isdigit((unsigned char)*name) &&
                       sscanf(real, "/proc/%d/%n", &pid, &end) == 1 && end && strlen(real) > 3 &&
                       !strcmp(real + strlen(real) - 3, "/fd");
    free(folder);
    return !there ? -1 : pid == (int)getpid() ? atoi(name) : -2;
}

/* The path behind a chain of links, which need not exist, to be freed; a descriptor's link is not followed: its text
 * is no path.  NULL: errno. */
static char *follow(const char *path)
{
    enum { LINKS = 40 };
    char to[PATH_MAX];
    char *at = strdup(path);
    for (int links = 0; at; links++) {
        const ssize_t n = descriptor(at) == -1 ? readlink(at, to, sizeof to - 1) : -1;
        if (n < 0)
            return at;
        to[n] = 0;
        char *next = links == LINKS ? NULL : to[0] == '/' ? strdup(to) : beside(at, to);
        free(at);
        at = next;
        if (links == LINKS)
            errno = ELOOP;
    }
    return NULL;
}

typedef struct place {
    char *target;
    struct stat st; /* st_mode 0: does not exist yet */
    int fd;         /* what path names is this descriptor of ours; -1: it is not */
    bool into;      /* to be written into */
} place;

/* 0, or what is wrong. */
static int find(const char *path, place *p)
{
    *p = (place){ .fd = standard(path) ? out : -1, .target = follow(path) };
    if (!p->target || !*path)
        return *path ? errno : ENOENT;
    if (p->fd < 0 && (p->fd = descriptor(p->target)) == -2)
        p->into = true;
    if (p->fd >= 0)
        return 0;
    if (stat(p->target, &p->st))
        return errno == ENOENT ? p->st.st_mode = 0, 0 : errno;
    if (S_ISDIR(p->st.st_mode))
        return EISDIR;
    p->into |= !S_ISREG(p->st.st_mode);
    return faccessat(AT_FDCWD, p->target, W_OK, AT_EACCESS) ? errno : 0;
}

bool assay_save_regular(const char *path)
{
    place p;
    const int error = find(path, &p);
    free(p.target);
    return !error && p.fd < 0 && !p.into;
}

/* ---- one file -------------------------------------------------------------------------------------------------------
 */

static assay_status end(assay_save *s, assay_status status)
{
    if (status != ASSAY_OK && s->aside)
        unlink(s->aside);
    free(s->path);
    free(s->target);
    free(s->aside);
    free(s->bytes);
    *s = (assay_save){ 0 };
    return status;
}

/* A new file in the folder of near that has the mode and the owner of the old one; -1: errno. */
static int open_aside(assay_save *s, const char *near, const struct stat *old)
{
    struct stat new;
    s->aside = beside(near, ".assay.XXXXXX");
    const int fd = s->aside ? mkostemp(s->aside, O_CLOEXEC) : -1;
    if (fd < 0) {
        free(s->aside);
        s->aside = NULL;
        return -1;
    }
    mode_t mode = old->st_mode & 07777;
    if (!old->st_mode) {
        const mode_t mask = umask(0);
        umask(mask);
        mode = 0666 & ~mask;
    } else if (fstat(fd, &new) ||
               ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) && fchown(fd, old->st_uid, old->st_gid)))
        s->over = true;
    s->over |= old->st_mode && old->st_nlink > 1;
    fchmod(fd, mode);
    return fd;
}

static int open_place(assay_save *s, const place *p)
{
    if (p->fd >= 0) {
        fflush(stdout);
        return fcntl(p->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
    if (!p->into) {
        const int fd = open_aside(s, s->target, &p->st);
        if (fd >= 0 || !p->st.st_mode || (errno != EACCES && errno != EPERM))
            return fd;
        s->over = true; /* a file that may be written, in a folder that may not */
        return open_aside(s, "/tmp/", &p->st);
    }
    return open(s->target, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
}

void assay_save_through(assay_save_put put)
{
    through = put;
}

static assay_status open_through(assay_save *s, const char *path, assay_why *why)
{
    *s = (assay_save){ .path = strdup(path) };
    s->f = s->path ? open_memstream(&s->bytes, &s->n) : NULL;
    return s->f ? ASSAY_OK : end(s, failed(path, ENOMEM, why));
}

static assay_status commit_through(assay_save *s, assay_why *why)
{
    const bool good = !ferror(s->f) && !fclose(s->f) && through(s->path, s->bytes, s->n);
    return end(s, good ? ASSAY_OK : failed(s->path, 0, why));
}

assay_status assay_save_open(assay_save *s, const char *path, assay_why *why)
{
    if (through)
        return open_through(s, path, why);
    place p;
    const int error = find(path, &p);
    *s = (assay_save){ .path = strdup(path), .target = p.target };
    if (error)
        return end(s, failed(path, error, why));
    if (p.fd < 0 && assay_guard_reads(p.target))
        return end(s, assay_fail(why, ASSAY_ERR_ARG, "%.300s: would be overwritten, and this run reads it", path));
    const int fd = s->path ? open_place(s, &p) : -1;
    s->f = fd < 0 ? NULL : fdopen(fd, s->aside ? "w+b" : "wb");
    if (!s->f) {
        failed(path, errno, why);
        if (fd >= 0)
            close(fd);
        return end(s, ASSAY_ERR_IO);
    }
    return ASSAY_OK;
}

/* What was written aside, into the file that stands there. */
static bool copy_over(const assay_save *s)
{
    char block[1 << 16];
    size_t n;
    FILE *to = fopen(s->target, "r+be"); /* not w: some systems let nobody create what is there in a shared folder */
    bool good = to && !ftruncate(fileno(to), 0);
    rewind(s->f);
    while (good && (n = fread(block, 1, sizeof block, s->f)) > 0)
        good = fwrite(block, 1, n, to) == n;
    good = good && !ferror(s->f) && !fflush(to);
    if (to && fclose(to))
        good = false;
    return good;
}

/* Some files may be written and not be replaced: mounted ones, others' in a folder with the sticky bit. */
static bool in_place(const assay_save *s)
{
    const bool renamed = !s->over && !rename(s->aside, s->target);
    if (!renamed && !s->over && errno != EBUSY && errno != EXDEV && errno != EPERM && errno != EACCES)
        return false;
    const bool good = renamed || copy_over(s);
    const int error = errno;
    if (!renamed)
        unlink(s->aside);
    errno = error;
    return good;
}

/* Whether all that was printed has arrived; the reason of an earlier failure is gone: one more write asks again. */
static bool arrived(FILE *f)
{
    bool good = !ferror(f);
    errno = 0;
    if (!good) {
        clearerr(f);
        fputc(0, f);
    }
    return !fflush(f) && good;
}

assay_status assay_save_commit(assay_save *s, assay_why *why)
{
    if (through)
        return commit_through(s, why);
    bool good = arrived(s->f) && (!s->aside || in_place(s));
    int error = errno;
    if (fclose(s->f) && good) {
        good = false;
        error = errno;
    }
    if (!good)
        failed(s->path, error, why);
    return end(s, good ? ASSAY_OK : ASSAY_ERR_IO);
}

void assay_save_cancel(assay_save *s)
{
    if (s->f)
        fclose(s->f);
    end(s, ASSAY_ERR_IO);
}

assay_status assay_save_text(const char *path, const char *text, assay_why *why)
{
    assay_save s;
    const assay_status st = path ? assay_save_open(&s, path, why) : ASSAY_OK;
    if (!path || st)
        return st;
    fputs(text, s.f);
    fputc('\n', s.f);
    return assay_save_commit(&s, why);
}

/* ---- of the whole process -------------------------------------------------------------------------------------------
 */

/* A folder that takes no new file, before hours of work; pipes are opened when there is something for them. */
static assay_status try(const char *path, assay_why *why)
{
    place p;
    int error = find(path, &p);
    assay_save s = { .target = p.target };
    if (!error && p.fd < 0 && !p.into) {
        const int fd = open_aside(&s, p.target, &p.st);
        if (fd >= 0)
            close(fd);
        else if (!p.st.st_mode)
            error = errno;
    }
    end(&s, ASSAY_ERR_IO);
    return error ? failed(path, error, why) : ASSAY_OK;
}

static const char *spared[12];

void assay_save_spare(const char *path)
{
    for (size_t i = 0; i < sizeof spared / sizeof *spared; i++)
        if (!spared[i]) {
            spared[i] = path;
            return;
        }
}

static const char *input_at(const char *path) /* that lies there, by any name; NULL: none */
{
    struct stat out_st, in_st;
    for (size_t i = 0; i < sizeof spared / sizeof *spared && spared[i] && !stat(path, &out_st); i++)
        if (!stat(spared[i], &in_st) && S_ISREG(in_st.st_mode) && in_st.st_dev == out_st.st_dev &&
            in_st.st_ino == out_st.st_ino)
            return spared[i];
    return NULL;
}

assay_status assay_save_begin(const char *const *option, const char *const *path, int n, assay_why *why)
{
    int first = -1;
    for (int i = 0; i < n; i++) {
        const assay_status s = path[i] ? try(path[i], why) : ASSAY_OK;
        if (s)
            return s;
        if (path[i] && input_at(path[i]))
            return assay_fail(why, ASSAY_ERR_ARG, "%s would overwrite %.300s, which this run reads", option[i],
                              input_at(path[i]));
        for (int k = 0; path[i] && k < i; k++)
            if (path[k] && !strcmp(path[k], path[i]) && assay_save_regular(path[i]))
                return assay_fail(why, ASSAY_ERR_ARG, "%s and %s both write %.300s: one would be lost", option[k],
                                  option[i], path[i]);
        if (!standard(path[i]))
            continue;
        if (first >= 0)
            return assay_fail(why, ASSAY_ERR_ARG, "%s - and %s -: only one can be standard output", option[first],
                              option[i]);
        first = i;
    }
    if (first < 0)
        return ASSAY_OK;
    fflush(stdout);
    out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return failed("standard output", errno, why);
    return ASSAY_OK;
}

static pid_t watched; /* by this process: children that end are not asked */

static void at_exit(void)
{
    if (getpid() != watched || arrived(stdout))
        return;
    fprintf(stderr, "assay: standard output: cannot be written: %s\n",
            errno ? strerror(errno) : "an earlier write failed");
    _exit(2);
}

void assay_stdout_watch(void)
{
    watched = getpid();
    atexit(at_exit);
}
