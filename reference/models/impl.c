/* SPDX-License-Identifier: MIT */
#include "../core/registry.h"
#include "../core/status.h"
#include "../core/strangers.h"
#include "session.h"
#include <string.h>

static bool parse_how(const char *word, size_t n, assay_how *how)
{
    static const struct {
        const char *name;
        assay_how how;
    } names[] = { { "best", ASSAY_RUN_BEST },
                  { "scalar", ASSAY_RUN_SCALAR },
                  { "oracle", ASSAY_RUN_ORACLE },
                  { "plugin", ASSAY_RUN_PLUGIN } };
    const size_t known = sizeof names / sizeof *names - !assay_stranger_at(0);
    for (size_t i = 0; i < known; i++)
        if (strlen(names[i].name) == n && !strncmp(word, names[i].name, n)) {
            *how = names[i].how;
            return true;
        }
    return false;
}

static assay_status parse_swap(const char *word, size_t n, assay_impl *impl, assay_why *why)
{
    const char *equal = memchr(word, '=', n);
    char name[96]; /* "plugin:kernel" */
    if (!equal || impl->n_swaps == ASSAY_MAX_SWAPS || (size_t)(equal - word) >= sizeof impl->swap[0].op ||
        n - (size_t)(equal - word) > sizeof name)
        return assay_fail(why, ASSAY_ERR_ARG, "'%.*s' is neither oracle, scalar, best nor op=kernel%s",
                          (int)(n < 60 ? n : 60), word,
                          n == 6 && !memcmp(word, "plugin", 6) ? "; plugin asks for --plugin FILE.so" : "");
    assay_swap *w = &impl->swap[impl->n_swaps];
    const size_t op = (size_t)(equal - word), kernel = n - op - 1;
    *w = (assay_swap){ .how = ASSAY_RUN_KERNEL };
    memcpy(w->op, word, op);
    memcpy(name, equal + 1, kernel);
    name[kernel] = 0;
    if (!assay_op_find(w->op))
        return assay_fail(why, ASSAY_ERR_ARG, "unknown op '%s'", w->op);
    if (!parse_how(name, kernel, &w->how)) {
        w->kernel = assay_kernel_find(w->op, name);
        if (!w->kernel)
            w->kernel = assay_stranger_find(w->op, name);
        if (!w->kernel)
            return assay_fail(why, ASSAY_ERR_ARG, "op %s has no kernel '%s' in this build or in a plug-in of this run",
                              w->op, name);
        if (w->kernel->isa & ~impl->isa)
            return assay_fail(why, ASSAY_UNSUPPORTED,
                              "kernel %s of %s needs CPU features that are absent or not allowed", name, w->op);
    }
    impl->n_swaps++;
    return ASSAY_OK;
}

const char *assay_impl_tier(const assay_impl *impl)
{
    const char *name = "scalar";
    const assay_isa *t;
    for (size_t i = 0; (t = assay_isa_at(i)); i++)
        name = t->bits & ~impl->isa ? name : t->name;
    return name;
}

assay_status assay_impl_parse(const char *text, uint64_t isa, assay_impl *impl, assay_why *why)
{
    assay_status s = ASSAY_OK;
    *impl = (assay_impl){ .isa = isa };
    for (const char *p = text; !s && *p;) {
        const size_t n = strcspn(p, ",");
        if (!parse_how(p, n, &impl->how))
            s = parse_swap(p, n, impl, why);
        p += n + (p[n] == ',');
    }
    return s;
}

const assay_swap *assay_impl_swap(const assay_impl *impl, const char *op)
{
    for (int i = 0; i < impl->n_swaps; i++)
        if (!strcmp(impl->swap[i].op, op))
            return &impl->swap[i];
    return NULL;
}
