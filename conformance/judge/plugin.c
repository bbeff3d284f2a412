/* SPDX-License-Identifier: MIT */
#include "plugin.h"
#include "../../reference/core/status.h"
#include "fence.h"
#include "runner.h"
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

assay_status assay_plugin_load(const char *path, assay_loaded_plugin *to, assay_why *why)
{
    *to = (assay_loaded_plugin){ 0 };
    void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return assay_fail(why, ASSAY_ERR_IO, "%s", dlerror());
    assay_plugin_fn entry = NULL;
    *(void **)&entry = dlsym(so, "assay_plugin_v1");
    if (!entry)
        return assay_fail(why, ASSAY_ERR_ABI, "%s: exports no assay_plugin_v1", path);
    const assay_plugin *plugin = entry();
    if (!plugin || plugin->abi != ASSAY_ABI)
        return assay_fail(why, ASSAY_ERR_ABI, "%s: built against ABI %u, this is ABI %u", path,
                          plugin ? plugin->abi : 0, ASSAY_ABI);
    if (plugin->kernel_size > sizeof(assay_kernel) || plugin->kernel_size < offsetof(assay_kernel, accepts))
        return assay_fail(why, ASSAY_ERR_ABI, "%s: its assay_kernel has %u bytes, this one reads %zu to %zu", path,
                          plugin->kernel_size, offsetof(assay_kernel, accepts), sizeof(assay_kernel));
    if (plugin->n_kernels > ASSAY_PLUGIN_KERNELS)
        return assay_fail(why, ASSAY_ERR_ABI, "%s: %zu kernels, at most %d", path, plugin->n_kernels,
                          ASSAY_PLUGIN_KERNELS);
    if (plugin->n_kernels && !plugin->kernels)
        return assay_fail(why, ASSAY_ERR_ABI, "%s: has no table of kernels", path);
    if (plugin->n_ops)
        return assay_fail(why, ASSAY_UNSUPPORTED, "%s: brings %zu ops of its own; only kernels of known ops are judged",
                          path, plugin->n_ops);
    to->plugin = plugin;
    to->entry = *(void **)&entry;
    return ASSAY_OK;
}

assay_kernel assay_plugin_kernel(const assay_loaded_plugin *p, size_t i)
{
    assay_kernel k = { 0 };
    memcpy(&k, (const char *)p->plugin->kernels + i * p->plugin->kernel_size, p->plugin->kernel_size);
    return k;
}

static int lock_segments(struct dl_phdr_info *info, size_t size, void *entry)
{
    const uintptr_t at = (uintptr_t)entry, page = assay_fence_page();
    bool ours = false;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        ours = ours || (h->p_type == PT_LOAD && at - info->dlpi_addr - h->p_vaddr < h->p_memsz);
    }
    for (int i = 0; ours && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        const uintptr_t lo = (info->dlpi_addr + h->p_vaddr) / page * page,
                        hi = (info->dlpi_addr + h->p_vaddr + h->p_memsz + page - 1) / page * page;
        if (h->p_type == PT_LOAD && (h->p_flags & PF_W) && !mprotect((void *)lo, hi - lo, PROT_READ))
            assay_fence_static("the plug-in's static memory", (char *)lo, (char *)hi);
    }
    return ours;
}

void assay_plugin_lock(const assay_loaded_plugin *p)
{
    for (size_t i = 0; i < p->plugin->n_kernels; i++)
        if (assay_plugin_kernel(p, i).flags & ASSAY_OWN_THREADS)
            return;
    if (p->plugin->n_kernels)
        dl_iterate_phdr(lock_segments, p->entry);
}
