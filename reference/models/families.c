/* SPDX-License-Identifier: MIT */
#include "family.h"
#include <string.h>

#define FAMILY(name) extern const assay_family assay_family_##name;
#include "families.def"
#undef FAMILY

static const assay_family *const all[] = {
#define FAMILY(name) &assay_family_##name,
#include "families.def"
#undef FAMILY
};

const assay_family *assay_family_at(size_t i)
{
    return i < sizeof all / sizeof *all ? all[i] : NULL;
}

const assay_family *assay_family_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->name, name))
            return all[i];
    return NULL;
}

const assay_family *assay_family_of(const char *arch)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t k = 0; k < sizeof all[i]->arch / sizeof *all[i]->arch && all[i]->arch[k]; k++)
            if (!strcmp(all[i]->arch[k], arch))
                return all[i];
    return NULL;
}

assay_status assay_family_graph(assay_model *m, assay_dtype kv, assay_graph *g, assay_why *why)
{
    return m->family->graph(m, kv, g, why);
}
