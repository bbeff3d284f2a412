/* SPDX-License-Identifier: MIT */
#include "mapping.h"
#include "../../reference/core/tensor.h"
#include "fence.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct layout { /* and where it is mapped */
    char *base;
    size_t used; /* bytes; 0: nothing is mapped */
    size_t page_at[ASSAY_MAX_OPND], page_bytes[ASSAY_MAX_OPND];
    bool writable[ASSAY_MAX_OPND];
    size_t page_cut;
    uint8_t cut, lock;
    uint8_t parts[ASSAY_MAX_OPND];
} layout;

enum { KEPT = 4 };
static layout kept[KEPT];
static unsigned turn;      /* the next to be replaced */
static size_t place_bytes; /* of each */

bool assay_mapping_reserve(size_t arena_bytes)
{
    place_bytes = 2 * arena_bytes; /* guard pages, too */
    char *base = mmap(NULL, KEPT * place_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; base != MAP_FAILED && i < KEPT; i++)
        kept[i].base = base + i * place_bytes;
    return base != MAP_FAILED;
}

/* ---- parts, far apart -------------------------------------------------------------------------------------------- */

/* From one part to the next: so far that no offset fits in 32 bits, in bytes or elements, whose low ones lead beside
 * every part, nor in a float's 24.  They lie where nothing else does, above what AddressSanitizer keeps and below
 * programs and libraries, so that the gigabytes between need not be reserved. */
static size_t step_of(size_t part)
{
    return ((size_t)1 << 36) + 2 * part + (size_t)sysconf(_SC_PAGESIZE);
}

static char *part_at(const layout *m, int i, size_t part, int k)
{
    const size_t operand = (size_t)(m - kept) * ASSAY_MAX_OPND + (size_t)i;
    const uintptr_t at = ((uintptr_t)3 << 44) + (operand << 39) + (uintptr_t)k * step_of(part);
    char *p;
    memcpy(&p, &at, sizeof p);
    return p;
}

static bool map_at(char *at, size_t bytes, int prot, int flags, int file, size_t from)
{
    char *got = mmap(at, bytes, prot, flags | MAP_FIXED_NOREPLACE, file, (off_t)from);
    if (got != MAP_FAILED && got != at)
        munmap(got, bytes);
    return got == at;
}

/* ThreadSanitizer has its own use for these addresses, and ends a process that asks for them. */
#if defined(__has_feature) /* clang */
#if __has_feature(thread_sanitizer)
#define ADDRESSES_TAKEN true
#endif
#elif defined(__SANITIZE_THREAD__)
#define ADDRESSES_TAKEN true
#endif
#ifndef ADDRESSES_TAKEN
#define ADDRESSES_TAKEN false
#endif

bool assay_mapping_far(void)
{
    static bool asked = ADDRESSES_TAKEN, can;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *end[] = { part_at(kept, 0, page, 0), part_at(kept + KEPT - 1, ASSAY_MAX_OPND - 1, page, ASSAY_PARTS - 1) };
    for (int i = 0; i < 2 && !asked; i++) {
        can = (can || !i) && map_at(end[i], page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (can)
            munmap(end[i], page);
    }
    asked = true;
    return can;
}

/* Of a layout whose parts are not all mapped only those that are count. */
static bool map_parts(layout *m, const assay_job *j, int i, int prot, int arena)
{
    const size_t part = j->page_bytes[i] / j->parts[i];
    for (int k = 0; k < j->parts[i]; k++, m->parts[i]++)
        if (!map_at(part_at(m, i, part, k), part, prot, MAP_SHARED, arena, j->page_at[i] + (size_t)k * part))
            break;
    m->page_bytes[i] = m->parts[i] * part;
    return m->parts[i] == j->parts[i];
}

/* The arena's strides, in parts, become those of the mapping.  The last part is named first: what is behind the first
 * is all that lies between. */
static void stretch(const layout *m, assay_job *j, int i)
{
    const size_t part = j->page_bytes[i] / j->parts[i], head = j->offset[i] - j->page_at[i];
    const int last = j->parts[i] - 1;
    assay_tensor *t = &j->t[i];
    for (int r = 0; r < t->rank; r++)
        if (t->stride[r] >= (int64_t)part)
            t->stride[r] = t->stride[r] / (int64_t)part * (int64_t)step_of(part);
    for (int k = last; k >= 0; k--) {
        char *lo = part_at(m, i, part, k);
        assay_fence_operand(j->op->operands[i].name, lo, (k ? lo : part_at(m, i, part, last)) + part, lo + head,
                            lo + part - j->room);
    }
    t->data = part_at(m, i, part, 0) + head;
}

/* ---- layouts ----------------------------------------------------------------------------------------------------- */

static void unmap(layout *m)
{
    for (int i = 0; i < ASSAY_MAX_OPND && m->used; i++)
        for (int k = 0; k < m->parts[i]; k++)
            munmap(part_at(m, i, m->page_bytes[i] / m->parts[i], k), m->page_bytes[i] / m->parts[i]);
    if (m->used)
        mmap(m->base, m->used, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    m->used = 0;
}

void assay_mapping_forget(void)
{
    for (layout *m = kept; m < kept + KEPT; m++)
        unmap(m);
    turn = 0; /* so that each call finds its operands where the last one had them */
}

static bool map(layout *m, const assay_job *j, int arena)
{
    const size_t page = assay_fence_page();
    memcpy(m->page_at, j->page_at, sizeof m->page_at);
    memcpy(m->page_bytes, j->page_bytes, sizeof m->page_bytes);
    memcpy(m->writable, j->writable, sizeof m->writable);
    m->page_cut = j->page_cut, m->cut = j->cut, m->lock = j->lock;
    memset(m->parts, 0, sizeof m->parts);
    m->used = page;
    for (int i = 0; i < j->op->n_operands; i++) {
        const size_t bytes = j->page_bytes[i];
        if (!bytes)
            continue;
        const int prot = j->writable[i] ? PROT_READ | PROT_WRITE : PROT_READ;
        if (j->parts[i]) {
            if (!map_parts(m, j, i, prot, arena))
                return false;
            continue;
        }
        if (m->used + bytes + page > place_bytes ||
            mmap(m->base + m->used, bytes, prot, MAP_SHARED | MAP_FIXED, arena, (off_t)j->page_at[i]) == MAP_FAILED)
            return false;
        const bool before = j->lock == ASSAY_LOCK_BEFORE;
        if (j->cut == i + 1 && mprotect(m->base + m->used + (before ? 0 : j->page_cut),
                                        before ? j->page_cut : bytes - j->page_cut, PROT_READ))
            return false;
        m->used += bytes + page;
    }
    return true;
}

static bool is(const layout *m, const assay_job *j)
{
    return m->used && !memcmp(m->page_at, j->page_at, sizeof m->page_at) &&
           !memcmp(m->page_bytes, j->page_bytes, sizeof m->page_bytes) &&
           !memcmp(m->writable, j->writable, sizeof m->writable) && m->page_cut == j->page_cut && m->cut == j->cut &&
           m->lock == j->lock && !memcmp(m->parts, j->parts, sizeof m->parts);
}

static layout *layout_of(const assay_job *j, int arena)
{
    for (layout *m = kept; m < kept + KEPT; m++)
        if (is(m, j))
            return m;
    layout *m = &kept[turn++ % KEPT];
    unmap(m);
    if (map(m, j, arena))
        return m;
    unmap(m);
    return NULL;
}

bool assay_mapping_make(assay_job *j, int arena)
{
    const layout *m = layout_of(j, arena);
    if (!m)
        return false;
    char *lo = m->base + assay_fence_page();
    for (int i = 0; i < j->op->n_operands; i++) {
        j->t[i].data = NULL;
        if (!j->page_bytes[i])
            continue;
        if (j->parts[i]) {
            stretch(m, j, i);
            continue;
        }
        char *first = lo + (j->offset[i] - j->page_at[i]);
        j->t[i].data = first;
        assay_fence_operand(j->op->operands[i].name, lo, lo + j->page_bytes[i], first,
                            first + assay_tensor_bytes(&j->t[i]));
        lo += j->page_bytes[i] + assay_fence_page();
    }
    for (int i = 0; i < j->op->n_operands; i++)
        if (j->over[i])
            j->t[i].data = j->t[j->over[i] - 1].data;
    return true;
}
