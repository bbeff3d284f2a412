/* SPDX-License-Identifier: MIT
 * --impl and --isa of commands that run models. */
#include "../reference/core/registry.h"
#include "../reference/core/status.h"
#include "../reference/models/session.h"
#include "commands.h"

assay_status assay_impl_option(const char *impl, const char *isa, assay_impl *out, assay_why *why)
{
    const assay_isa *tier = isa ? assay_isa_find(isa) : NULL;
    if (isa && !tier)
        return assay_fail(why, ASSAY_ERR_ARG, "--isa %.40s: no such tier (assay list isa)", isa);
    return assay_impl_parse(impl, assay_cpu() & (tier ? tier->bits : UINT64_MAX), out, why);
}
