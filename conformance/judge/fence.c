/* SPDX-License-Identifier: MIT */
#include "fence.h"
#include "../../reference/core/status.h"
#include "filter.h"
#include "fault.h"
#include "pool.h"
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { AREAS = ASSAY_MAX_OPND + 8 + 1024, DESK_PAGES = 3, MOST_LOG2 = 40 };

typedef struct area {
    const char *what;
    int worker;                  /* -1: the call's */
    char *lo, *hi, *first, *end; /* pages, and the bytes that are meant */
    bool operand;
    char *base; /* of the mapping that holds it; NULL: not ours to free */
    size_t mapped;
} area;

static area areas[AREAS];
static int n_areas, n_static; /* the first n_static stay */
static size_t page;
static char *note;
static unsigned char poison;
static char split;                   /* the dimension that begin .. end count; 0: the kernel has units of its own */
static char *desk_write, *desk_read; /* the same three pages, twice */

size_t assay_fence_page(void)
{
    return page;
}

/* ---- a wild access: say what it touched, then die ------------------------------------------------------------- */

static const area *around(const char *at)
{
    for (int i = 0; i < n_areas; i++) {
        const ptrdiff_t guard = i < n_static ? 0 : (ptrdiff_t)page; /* others than ours may lie around those */
        if (at >= areas[i].lo - guard && at < areas[i].hi + guard)
            return &areas[i];
    }
    return NULL;
}

/* "the first byte behind x", "byte 12 before x" */
static const char *beside(const area *r, const char *at, char *text, size_t n)
{
    const bool before = at < r->first;
    const ptrdiff_t nth = before ? r->first - at : at - r->end + 1;
    if (at >= r->first && at < r->end)
        snprintf(text, n, "the read-only memory, byte %td of", at - r->first);
    else if (nth == 1)
        snprintf(text, n, "the %s byte %s", before ? "last" : "first", before ? "before" : "behind");
    else
        snprintf(text, n, "byte %td %s", nth, before ? "before" : "behind");
    return text;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const char *at = info->si_addr;
    const area *r = (signal == SIGSEGV || signal == SIGBUS) && info->si_code > 0 && at ? around(at) : NULL;
    char of[24] = "", place[160], byte[64], hint[64] = "";
    if (r && r->worker >= 0)
        snprintf(of, sizeof of, " of worker %d", r->worker);
    if (r && r->operand && split && at >= r->end)
        snprintf(hint, sizeof hint, "; begin .. end are indices of %c", split);
    if (signal == SIGSYS)
        snprintf(note, ASSAY_NOTE_BYTES, "Cmakes the system call %s, which a kernel may not make",
                 assay_filter_name(info->si_syscall));
    else if (r)
        snprintf(note, ASSAY_NOTE_BYTES, "M%s %s %s%s (%td bytes long)%s%s", assay_fault_verb(context),
                 beside(r, at, byte, sizeof byte), r->what, of, r->end - r->first,
                 assay_fault_place(context, place, sizeof place), hint);
    else {
        note[0] = 'C';
        assay_fault_words(info, context, note + 1, ASSAY_NOTE_BYTES - 1);
    }
    _exit(128 + signal);
}

void assay_fence_open(char *shared_note, bool catch)
{
    static char stack[64 * 1024];
    const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS };
    note = shared_note;
    page = (size_t)sysconf(_SC_PAGESIZE);
    if (!catch)
        return;
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &act, NULL);
}

/* ---- areas --------------------------------------------------------------------------------------------------- */

void assay_fence_name(const char *what, int worker, char *lo, char *hi, char *first, char *end)
{
    if (n_areas < AREAS)
        areas[n_areas++] = (area){ what, worker, lo, hi, first, end, false, NULL, 0 };
}

void assay_fence_operand(const char *what, char *lo, char *hi, char *first, char *end)
{
    assay_fence_name(what, -1, lo, hi, first, end);
    areas[n_areas - 1].operand = true;
}

void assay_fence_units(char dimension)
{
    split = dimension;
}

void assay_fence_static(const char *what, char *lo, char *hi)
{
    assay_fence_name(what, -1, lo, hi, lo, hi);
    n_static = n_areas;
}

void assay_fence_forget(void)
{
    n_areas = n_static;
}

void assay_fence_poison(unsigned char byte)
{
    poison = byte;
}

void assay_fence_wipe(void *at, size_t bytes)
{
    if (at)
        memset(at, poison, bytes);
}

static size_t behind;

void assay_fence_room(size_t bytes)
{
    behind = bytes;
}

void *assay_fence_alloc(const char *what, size_t bytes, int n, size_t *step)
{
    if (bytes >> MOST_LOG2 || n < 1)
        return NULL;
    const size_t room = (bytes + 63) / 64 * 64 + behind, body = (room + page) / page * page, each = body + page,
                 all = each * (size_t)n + page;
    char *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    for (int i = 0; i < n; i++) {
        char *lo = base + page + (size_t)i * each, *first = lo + body - room;
        if (mprotect(lo, body, PROT_READ | PROT_WRITE)) {
            munmap(base, all);
            return NULL;
        }
        memset(lo, poison, body);
        assay_fence_name(what, n > 1 ? i : -1, lo, lo + body, first, first + bytes);
        if (i == 0)
            areas[n_areas - 1].base = base, areas[n_areas - 1].mapped = all;
    }
    *step = each;
    return base + page + body - room;
}

static area *area_of(const void *first)
{
    for (int i = 0; i < n_areas; i++)
        if (areas[i].base && areas[i].first == first)
            return &areas[i];
    return NULL;
}

void assay_fence_free(void *p)
{
    area *a = area_of(p);
    if (!a)
        return;
    munmap(a->base, a->mapped);
    a->base = NULL;
}

void assay_fence_lock(const void *p)
{
    const area *a = area_of(p);
    if (a)
        mprotect(a->lo, (size_t)(a->hi - a->lo), PROT_READ);
}

static const char *spoilt(const char *from, const char *to)
{
    while (from < to && (unsigned char)*from == poison)
        from++;
    return from < to ? from : NULL;
}

bool assay_fence_intact(assay_why *why)
{
    char byte[64];
    bool ours = false;
    for (int i = 0; i < n_areas; i++) {
        const area *a = &areas[i];
        ours = a->base || (ours && a->worker > 0); /* areas of one mapping follow each other */
        const char *before = ours ? spoilt(a->lo, a->first) : NULL, *after = ours ? spoilt(a->end, a->hi) : NULL;
        if (!before && !after)
            continue;
        assay_fail(why, ASSAY_OK, "writes %s %s (worker %d; %td bytes long)",
                   beside(a, before ? before : after, byte, sizeof byte), a->what, a->worker < 0 ? 0 : a->worker,
                   a->end - a->first);
        return false;
    }
    return true;
}

/* ---- the arguments of a call --------------------------------------------------------------------------------- */

bool assay_fence_desk(void)
{
    const int fd = memfd_create("assay-desk", MFD_CLOEXEC);
    const size_t bytes = DESK_PAGES * page, apart = (2 * DESK_PAGES + 1) * page;
    if (fd < 0 || ftruncate(fd, (off_t)bytes))
        return false;
    desk_write = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    desk_read = mmap(NULL, apart, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool ok = desk_write != MAP_FAILED && desk_read != MAP_FAILED;
    for (size_t i = 0; ok && i < DESK_PAGES; i++)
        ok = mmap(desk_read + (2 * i + 1) * page, page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, (off_t)(i * page)) !=
             MAP_FAILED;
    close(fd);
    return ok;
}

static const void *put_on_desk(int nth, const char *what, const void *data, size_t bytes)
{
    char *lo = desk_read + (size_t)(2 * nth + 1) * page, *end = lo + page;
    memset(desk_write + (size_t)nth * page, 0xa5, page - bytes);
    memcpy(desk_write + (size_t)(nth + 1) * page - bytes, data, bytes);
    assay_fence_name(what, -1, lo, end, end - bytes, end);
    return end - bytes;
}

void assay_fence_arguments(const assay_op *op, const assay_tensor *t, const int64_t *dim, const void *params,
                           assay_args *a)
{
    a->operand = put_on_desk(0, "the operand table", t, op->n_operands * sizeof *t);
    a->dim = put_on_desk(1, "the dimensions", dim, strlen(op->dims) * sizeof *dim);
    a->params = put_on_desk(2, "the parameters", params, op->params_size);
}
