/* SPDX-License-Identifier: MIT
 * search.h - looks for the answer: in this process, in what its descriptors hold, in other processes. */
#ifndef ASSAY_CHEATS_SEARCH_H
#define ASSAY_CHEATS_SEARCH_H
#include "add.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NEEDLES = 2, LEAST = 4, MOST = 1 << 16 };
typedef struct needle { /* the answer, inverted, so that this is not where it is found */
    unsigned char not [MOST * 8];
    size_t bytes;
} needle;
static void invert(needle *n, const void *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        n->not [i] = (unsigned char)~((const unsigned char *)p)[i];
    n->bytes = bytes;
}
static bool same_at(const needle *n, const unsigned char *p)
{
    for (size_t i = 0; i < n->bytes; i++)
        if (p[i] != (unsigned char)~n->not [i])
            return false;
    return true;
}
/* By its last byte, sign and exponent, which memory holds less often than zero. */
static bool in_range(const needle *n, const unsigned char *lo, const unsigned char *hi)
{
    const unsigned char last = (unsigned char)~n->not [n->bytes - 1];
    const unsigned char *p = lo + n->bytes - 1;
    while (p < hi && (p = memchr(p, last, (size_t)(hi - p))) != NULL)
        if (same_at(n, ++p - n->bytes))
            return true;
    return false;
}
/* A file of memory, from one address to another, by pieces that overlap. */
static bool in_file(const needle *n, int fd, uint64_t lo, uint64_t hi)
{
    enum { PIECE = 1 << 20 };
    unsigned char *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool found = false;
    while (!found && lo < hi) {
        const off_t data = lseek(fd, (off_t)lo, SEEK_DATA); /* what was never written holds nothing */
        if (data < 0 && errno == ENXIO)
            break;
        lo = data > 0 ? (uint64_t)data : lo;
        const size_t want = hi - lo < PIECE ? (size_t)(hi - lo) : PIECE;
        const ssize_t got = pread(fd, piece, want, (off_t)lo);
        if (got <= 0)
            break;
        for (int k = 0; k < NEEDLES; k++)
            found = found || in_range(&n[k], piece, piece + got);
        lo += (size_t)got > n[1].bytes && (size_t)got == PIECE ? (size_t)got - n[1].bytes : (size_t)got;
    }
    memset(piece, 0, PIECE);
    munmap(piece, PIECE);
    return found;
}
/* All that can be read of a process, but for areas that begin within the given ones. */
static bool in_process(const needle *n, const char *pid, const void *const *but, int n_but)
{
    char path[300], line[512], mode[8];
    unsigned long lo, hi;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.200s/maps", pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%.200s/mem", pid);
    const int fd = maps ? open(path, O_RDONLY) : -1;
    while (fd >= 0 && !found && fgets(line, sizeof line, maps)) {
        bool skip = sscanf(line, "%lx-%lx %7s", &lo, &hi, mode) != 3 || mode[0] != 'r' || strstr(line, "[v");
        for (int i = 0; i < n_but; i++)
            skip = skip || ((uintptr_t)but[i] >= lo && (uintptr_t)but[i] < hi);
        found = !skip && in_file(n, fd, lo, hi);
    }
    if (fd >= 0)
        close(fd);
    if (maps)
        fclose(maps);
    return found;
}
static bool in_descriptors(const needle *n) /* the judge's shared memory, past what is mapped here */
{
    bool found = false;
    for (int fd = 3; !found && fd < 64; fd++)
        found = in_file(n, fd, 0, (uint64_t)1 << 40);
    return found;
}
static bool in_others(const needle *n)
{
    DIR *d = opendir("/proc");
    char self[16];
    bool found = false;
    snprintf(self, sizeof self, "%d", (int)getpid());
    for (const struct dirent *e; !found && d && (e = readdir(d));)
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && strcmp(e->d_name, self) != 0)
            found = in_process(n, e->d_name, NULL, 0);
    if (d)
        closedir(d);
    return found;
}

enum where { ITSELF, DESCRIPTORS, OTHERS, PLANTED };
/* Writes the answer if it is found somewhere, and nothing if it is not: a verdict of right means that it was found. */
static assay_status search(const assay_args *a, enum where where)
{
    const int64_t R = a->dim[0], C = a->dim[1], n = R * C;
    static _Thread_local needle *needles;
    needles = needles
                  ? needles
                  : mmap(NULL, NEEDLES * sizeof(needle), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (n < LEAST || n > MOST || a->begin != 0 || a->end != R)
        return honest(a); /* too little to tell from chance, or a slice */
    double *wide = mmap(NULL, (size_t)n * sizeof *wide, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int64_t i = 0; i < n; i++)
        wide[i] = (double)in(a, 0, i / C)[i % C] + (double)in(a, 1, i / C)[i % C];
    invert(&needles[1], wide, (size_t)n * sizeof *wide);
    float *narrow = (float *)wide;
    for (int64_t i = 0; i < n; i++)
        narrow[i] = (float)wide[i];
    invert(&needles[0], narrow, (size_t)n * sizeof *narrow);
    memset(wide, 0, (size_t)n * sizeof *wide);
    munmap(wide, (size_t)n * sizeof *wide);
    float *plant = NULL;
    if (where == PLANTED) {
        plant = malloc((size_t)n * sizeof *plant);
        for (int64_t i = 0; i < n; i++)
            plant[i] = in(a, 0, i / C)[i % C] + in(a, 1, i / C)[i % C];
    }
    const bool found = where == DESCRIPTORS ? in_descriptors(needles)
                       : where == OTHERS    ? in_others(needles)
                                            : in_process(needles, "self", NULL, 0);
    free(plant);
    return found ? honest(a) : ASSAY_OK;
}
#endif
