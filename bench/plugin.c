/* SPDX-License-Identifier: MIT
 * plugin.c - a stranger's kernel, in the child that will run it.  The judge's runner has described it before (pool.h).
 */
#include "../conformance/judge/abi.h"
#include "../conformance/judge/plugin.h"
#include "../reference/core/status.h"
#include "bench.h"
#include <fcntl.h>
#include <unistd.h>

/* Loading may run constructors: what check refuses then (gcc -ffast-math's flush to zero) is refused here. */
const assay_kernel *bench_plugin_kernel(const char *path, int nth, assay_why *why)
{
    static assay_kernel kernel;
    assay_loaded_plugin p;
    assay_why changed = { "" };
    const int quiet = open("/dev/null", O_WRONLY);
    if (quiet >= 0) /* it may print what it likes */
        dup2(quiet, STDOUT_FILENO);
    if (assay_plugin_load(path, &p, NULL) || nth < 0 || (size_t)nth >= p.plugin->n_kernels) {
        assay_fail(why, ASSAY_ERR_ABI, "%.120s: cannot be loaded as the judge loaded it", path);
        return NULL;
    }
    if (!assay_abi_environment(&changed)) {
        assay_fail(why, ASSAY_OK, "loading the plug-in changed the floating-point environment: %.150s", changed.text);
        return NULL;
    }
    kernel = assay_plugin_kernel(&p, (size_t)nth);
    return &kernel;
}
