/* SPDX-License-Identifier: MIT
 * plugin.c - a stranger's kernel, in the child that will run it.  The judge's runner has described it before (pool.h).
 */
#include "../conformance/judge/abi.h"
#include "../reference/core/status.h"
#include "bench.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Loading may run constructors: what check refuses then (gcc -ffast-math's flush to zero) is refused here. */
const assay_kernel *bench_plugin_kernel(const char *path, int nth, assay_why *why)
{
    static assay_kernel kernel;
    assay_why changed = { "" };
    const int quiet = open("/dev/null", O_WRONLY);
    if (quiet >= 0) /* it may print what it likes */
        dup2(quiet, STDOUT_FILENO);
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    assay_plugin_fn entry = NULL;
    if (so)
        *(void **)&entry = dlsym(so, "assay_plugin_v1");
    const assay_plugin *p = entry ? entry() : NULL;
    if (!p || p->abi != ASSAY_ABI || p->kernel_size > sizeof kernel ||
        p->kernel_size < offsetof(assay_kernel, accepts) || nth < 0 || (size_t)nth >= p->n_kernels) {
        assay_fail(why, ASSAY_ERR_ABI, "%.120s: cannot be loaded as the judge loaded it", path);
        return NULL;
    }
    if (!assay_abi_environment(&changed)) {
        assay_fail(why, ASSAY_OK, "loading the plug-in changed the floating-point environment: %.150s", changed.text);
        return NULL;
    }
    /* built against an older, shorter header: zeros for what it does not know */
    memcpy(&kernel, (const char *)p->kernels + (size_t)nth * p->kernel_size, p->kernel_size);
    return &kernel;
}
