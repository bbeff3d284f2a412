/* SPDX-License-Identifier: MIT
 * machine.c - CPU, caches (hwloc, else sysfs), memory, system. */
#include "machine.h"
#include "cpus.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#ifdef HAVE_HWLOC
#include <hwloc.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* First line of a file without its newline; false if it cannot be read. */
static bool line_of(const char *path, char *line, size_t n)
{
    FILE *f = fopen(path, "r");
    const bool ok = f && fgets(line, (int)n, f);
    if (f)
        fclose(f);
    if (ok)
        line[strcspn(line, "\n")] = 0;
    return ok;
}

/* The value after "key :" (or key=) of the first line of a file that starts with key. */
static bool value_of(const char *path, const char *key, char *value, size_t n)
{
    char line[512];
    FILE *f = fopen(path, "r");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        const size_t k = strlen(key);
        const char *v = line + k;
        if (strncmp(line, key, k) != 0 || !strchr(" \t:=", *v))
            continue;
        v += strspn(v, " \t:=\"");
        snprintf(value, n, "%.*s", (int)strcspn(v, "\n\""), v);
        found = true;
    }
    if (f)
        fclose(f);
    return found;
}

static double number_of(const char *path, const char *key)
{
    char text[64];
    return value_of(path, key, text, sizeof text) ? strtod(text, NULL) : 0;
}

static void caches_sysfs(bench_machine *m)
{
    char path[128], text[4096];
    for (int i = 0; i < 16; i++) {
        static const char base[] = "/sys/devices/system/cpu/cpu0/cache/index";
        bench_cache c = { 0 };
        snprintf(path, sizeof path, "%s%d/level", base, i);
        if (!line_of(path, text, sizeof text))
            break;
        c.level = atoi(text);
        snprintf(path, sizeof path, "%s%d/type", base, i);
        if (line_of(path, text, sizeof text))
            snprintf(c.type, sizeof c.type, "%.15s", text);
        c.type[0] = (char)tolower((unsigned char)c.type[0]);
        snprintf(path, sizeof path, "%s%d/size", base, i);
        if (line_of(path, text, sizeof text))
            c.bytes = atoll(text) << (strchr(text, 'K') ? 10 : strchr(text, 'M') ? 20 : 0);
        snprintf(path, sizeof path, "%s%d/coherency_line_size", base, i);
        if (line_of(path, text, sizeof text))
            c.line = atoll(text);
        snprintf(path, sizeof path, "%s%d/ways_of_associativity", base, i);
        if (line_of(path, text, sizeof text))
            c.ways = atoi(text);
        snprintf(path, sizeof path, "%s%d/shared_cpu_list", base, i);
        if (line_of(path, text, sizeof text) && bench_cpus_listed(text) > 0)
            c.shared_by = bench_cpus_listed(text);
        if (c.bytes > 0)
            m->cache[m->n_caches++] = c;
    }
    snprintf(m->caches_from, sizeof m->caches_from, m->n_caches ? "sysfs" : "n/a");
}

#ifdef HAVE_HWLOC
static bool caches_hwloc(bench_machine *m)
{
    static const hwloc_obj_type_t types[] = { HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE };
    hwloc_topology_t t;
    if (hwloc_topology_init(&t))
        return false;
    if (!hwloc_topology_load(t)) {
        for (int i = 0; i < 3; i++) {
            const hwloc_obj_t o = hwloc_get_obj_by_type(t, types[i], 0);
            if (!o || o->attr->cache.size == 0)
                continue;
            bench_cache c = { .level = i + 1, .bytes = (int64_t)o->attr->cache.size, .line = o->attr->cache.linesize };
            c.ways = o->attr->cache.associativity;
            c.shared_by = o->cpuset ? hwloc_bitmap_weight(o->cpuset) : 1;
            snprintf(c.type, sizeof c.type, o->attr->cache.type == HWLOC_OBJ_CACHE_UNIFIED ? "unified" : "data");
            m->cache[m->n_caches++] = c;
        }
        const int cores = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_CORE);
        m->cores = cores > 0 ? cores : m->cores;
    }
    hwloc_topology_destroy(t);
    if (m->n_caches)
        snprintf(m->caches_from, sizeof m->caches_from, "hwloc");
    return m->n_caches > 0;
}
#endif

static void virtual_of(bench_machine *m)
{
    snprintf(m->virtual, sizeof m->virtual, "no");
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) && (c >> 31 & 1)) { /* a hypervisor says so; its name is in leaf 0x40000000 */
        unsigned name[4] = { 0 };
        __cpuid(0x40000000, a, name[0], name[1], name[2]);
        snprintf(m->virtual, sizeof m->virtual, "%.12s", name[0] ? (const char *)name : "yes");
    }
#else
    char text[128];
    if (line_of("/sys/hypervisor/type", text, sizeof text) ||
        line_of("/sys/class/dmi/id/sys_vendor", text, sizeof text))
        snprintf(m->virtual, sizeof m->virtual, "%.31s", text);
    else
        snprintf(m->virtual, sizeof m->virtual, "n/a");
#endif
}

void bench_machine_read(bench_machine *m)
{
    static const char cpuinfo[] = "/proc/cpuinfo", meminfo[] = "/proc/meminfo";
    char text[256];
    struct utsname u;
    *m = (bench_machine){ .threads = bench_cpus_given(NULL) };
    m->cores = m->threads;
    bench_quota_read(&m->quota, "");
    if (!value_of(cpuinfo, "model name", m->model, sizeof m->model) &&
        !value_of("/proc/device-tree/model", "", m->model, sizeof m->model))
        snprintf(m->model, sizeof m->model, "n/a");
    if (!value_of(cpuinfo, "vendor_id", m->vendor, sizeof m->vendor) &&
        !value_of(cpuinfo, "CPU implementer", m->vendor, sizeof m->vendor))
        snprintf(m->vendor, sizeof m->vendor, "n/a");
    m->family = (int)number_of(cpuinfo, "cpu family");
    m->number = (int)number_of(cpuinfo, "model");
    m->stepping = (int)number_of(cpuinfo, "stepping");
    m->mhz = number_of(cpuinfo, "cpu MHz");
    m->memory = (int64_t)number_of(meminfo, "MemTotal") * 1024;
    m->available = (int64_t)number_of(meminfo, "MemAvailable") * 1024;
    m->page = sysconf(_SC_PAGESIZE);
    if (!line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", m->governor, sizeof m->governor))
        snprintf(m->governor, sizeof m->governor, "n/a: the system shows no cpufreq");
    if (line_of("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text)) {
        const char *s = strchr(text, '[');
        snprintf(m->huge_pages, sizeof m->huge_pages, "%.*s", s ? (int)strcspn(s + 1, "]") : 3, s ? s + 1 : "n/a");
    } else
        snprintf(m->huge_pages, sizeof m->huge_pages, "n/a");
    if (!value_of("/etc/os-release", "PRETTY_NAME", m->os, sizeof m->os))
        snprintf(m->os, sizeof m->os, "n/a");
    if (uname(&u) == 0)
        snprintf(m->kernel, sizeof m->kernel, "%.60s %.80s", u.sysname, u.release);
    if (getloadavg(m->load, 3) != 3)
        m->load[0] = m->load[1] = m->load[2] = -1;
    virtual_of(m);
#ifdef HAVE_HWLOC
    if (caches_hwloc(m))
        return;
#endif
    caches_sysfs(m);
}

const bench_cache *bench_machine_cache(const bench_machine *m, int level)
{
    for (int i = 0; i < m->n_caches; i++)
        if (m->cache[i].level == level && strcmp(m->cache[i].type, "instruction") != 0)
            return &m->cache[i];
    return NULL;
}

int64_t bench_machine_last_cache(const bench_machine *m)
{
    for (int level = 3; level > 0; level--)
        if (bench_machine_cache(m, level))
            return bench_machine_cache(m, level)->bytes;
    return 0;
}

static int64_t held(const bench_cache *c, int threads) /* by all caches of one level that those threads have */
{
    const int sharers = c->shared_by > 0 ? c->shared_by : 1;
    return c->bytes * ((threads + sharers - 1) / sharers);
}

const char *bench_machine_level(const bench_machine *m, int64_t bytes, int threads, int64_t *below)
{
    static const char *const names[] = { "L1", "L2", "L3" };
    *below = 0;
    for (int level = 1; level <= 3; level++) {
        const bench_cache *c = bench_machine_cache(m, level);
        if (c && bytes <= held(c, threads))
            return names[level - 1];
        *below = c ? held(c, threads) : *below;
    }
    return "memory";
}
