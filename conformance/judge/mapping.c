/* SPDX-License-Identifier: MIT */
#include "mapping.h"
#include "../../reference/core/tensor.h"
#include "fence.h"
#include <string.h>
#include <sys/mman.h>

typedef struct layout { /* and where it is mapped */
    char *base;
    size_t used; /* bytes; 0: nothing is mapped */
    size_t page_at[ASSAY_MAX_OPND], page_bytes[ASSAY_MAX_OPND];
    bool writable[ASSAY_MAX_OPND];
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

static void unmap(layout *m)
{
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
    m->used = page;
    for (int i = 0; i < j->op->n_operands; i++) {
        const size_t bytes = j->page_bytes[i];
        if (!bytes)
            continue;
        const int prot = j->writable[i] ? PROT_READ | PROT_WRITE : PROT_READ;
        if (m->used + bytes + page > place_bytes ||
            mmap(m->base + m->used, bytes, prot, MAP_SHARED | MAP_FIXED, arena, (off_t)j->page_at[i]) == MAP_FAILED)
            return false;
        m->used += bytes + page;
    }
    return true;
}

static bool is(const layout *m, const assay_job *j)
{
    return m->used && !memcmp(m->page_at, j->page_at, sizeof m->page_at) &&
           !memcmp(m->page_bytes, j->page_bytes, sizeof m->page_bytes) &&
           !memcmp(m->writable, j->writable, sizeof m->writable);
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
