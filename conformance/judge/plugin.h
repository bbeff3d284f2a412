/* SPDX-License-Identifier: MIT
 * plugin.h - a stranger's shared object, loaded into a process that is to run its kernels, and that has given up before
 * what confine.h says: loading runs code of it. */
#ifndef ASSAY_JUDGE_PLUGIN_H
#define ASSAY_JUDGE_PLUGIN_H
#include "assay/assay.h"

typedef struct assay_loaded_plugin {
    const assay_plugin *plugin;
    void *entry; /* its assay_plugin_v1 */
} assay_loaded_plugin;

/* ERR_IO: no shared object; ERR_ABI: none of ours, or of another ABI; UNSUPPORTED: it brings ops. */
assay_status assay_plugin_load(const char *path, assay_loaded_plugin *p, assay_why *why);
/* One that was built against an older, shorter header gets zeros for what it does not know. */
assay_kernel assay_plugin_kernel(const assay_loaded_plugin *p, size_t i);
/* A kernel has no state: what the plug-in keeps in its own static memory is read-only from here on, and named by the
 * fence.  One that brings threads of its own (a peer's library behind it) may keep what it likes. */
void assay_plugin_lock(const assay_loaded_plugin *p);
#endif
