/* SPDX-License-Identifier: MIT */
#include "strangers.h"
#include "registry.h"
#include "status.h"
#include <string.h>

enum { OPS = 128 };
static assay_kernel all[ASSAY_STRANGERS];
static int64_t ran[ASSAY_STRANGERS];
static size_t n_all;
static int nowhere, *now = &nowhere;
static struct passed {
    const char *op;
    int64_t calls;
} passed[OPS];

const assay_kernel *assay_stranger_at(size_t i)
{
    return i < n_all ? &all[i] : NULL;
}

assay_status assay_stranger_add(const assay_kernel *k, assay_why *why)
{
    if (assay_kernel_find(k->op, k->name))
        return assay_fail(why, ASSAY_ERR_ARG,
                          "op %s has a kernel %s already: of another plug-in of that name, or of "
                          "this one, which has two",
                          k->op, k->name);
    if (n_all == ASSAY_STRANGERS)
        return assay_fail(why, ASSAY_ERR_ARG, "more than %d kernels of plug-ins", ASSAY_STRANGERS);
    all[n_all++] = *k;
    return ASSAY_OK;
}

int assay_stranger_index(const assay_kernel *k)
{
    const uintptr_t at = (uintptr_t)k - (uintptr_t)all;
    return at < n_all * sizeof *all ? (int)(at / sizeof *all) : -1;
}

bool assay_stranger_of(const char *op)
{
    size_t i = 0;
    while (i < n_all && strcmp(all[i].op, op) != 0)
        i++;
    return i < n_all;
}

const assay_kernel *assay_stranger_find(const char *op, const char *bare)
{
    for (size_t i = 0; i < n_all; i++) {
        const char *colon = strchr(all[i].name, ':');
        if (!strcmp(all[i].op, op) && colon && !strcmp(colon + 1, bare))
            return &all[i];
    }
    return NULL;
}

void assay_stranger_watch(int *seen)
{
    now = seen;
}

void assay_stranger_enters(const assay_kernel *k)
{
    __atomic_store_n(now, 1 + assay_stranger_index(k), __ATOMIC_RELAXED);
}

void assay_stranger_count(const char *op, const assay_kernel *kernel, bool asked)
{
    const int which = assay_stranger_index(kernel);
    if (which >= 0)
        ran[which]++;
    for (int i = 0; i < OPS && which < 0 && asked; i++) {
        if (passed[i].op && strcmp(passed[i].op, op) != 0)
            continue;
        passed[i].op = op;
        passed[i].calls++;
        return;
    }
}

int64_t assay_stranger_ran(size_t i)
{
    return i < n_all ? ran[i] : 0;
}

int64_t assay_stranger_passed_by(const char *op)
{
    for (int i = 0; i < OPS && passed[i].op; i++)
        if (!strcmp(passed[i].op, op))
            return passed[i].calls;
    return 0;
}
