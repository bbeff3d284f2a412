/* SPDX-License-Identifier: MIT
 * passport.c - the machine, the build and the tools as JSON (docs/results.md). */
#include "../reference/core/plain.h"
#include "../reference/core/registry.h"
#include "../reference/core/tool.h"
#include "assay_build.h"
#include "machine.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#ifdef HAVE_PAPI
#include <papi.h>
#endif
#ifdef HAVE_HWLOC
#include <hwloc.h>
#endif
#ifndef ASSAY_BENCHMARK_VERSION
#define ASSAY_BENCHMARK_VERSION "unknown"
#endif
const char *bench_tool(const char *name, char *line, int n)
{
    const char *const argv[] = { name, "--version", NULL };
    FILE *f = tmpfile();
    const int status = f ? assay_tool(argv, NULL, f, NULL) : -1, error = errno;
    if (f)
        rewind(f);
    if (status > 0)
        snprintf(line, (size_t)n, "n/a: --version ended with %d", status);
    else if (status < 0 || !fgets(line, n, f))
        snprintf(line, (size_t)n, "n/a: %s", status && error != ENOENT ? strerror(error) : "not installed");
    if (f)
        fclose(f);
    line[strcspn(line, "\n")] = 0;
    return assay_plain(line);
}

static void cpu(const bench_machine *m, assay_json *j)
{
    assay_json_open(j, "cpu", '{');
    assay_json_str(j, "model", m->model);
    assay_json_str(j, "vendor", m->vendor);
    assay_json_int(j, "family", m->family);
    assay_json_int(j, "number", m->number);
    assay_json_int(j, "stepping", m->stepping);
    assay_json_int(j, "cores", m->cores);
    assay_json_int(j, "threads", m->threads);
    assay_json_num(j, "mhz", m->mhz);
    assay_json_str(j, "governor", m->governor);
    for (int missing = 0; missing < 2; missing++) {
        assay_json_open(j, missing ? "isa_missing" : "isa", '[');
        for (size_t i = 0; assay_isa_at(i); i++)
            if (((assay_isa_at(i)->bits & ~assay_cpu()) != 0) == missing)
                assay_json_str(j, NULL, assay_isa_at(i)->name);
        assay_json_close(j);
    }
    assay_json_open(j, "features", '[');
    for (unsigned bit = 0; bit < ASSAY_CPU_END; bit++)
        if (assay_cpu() >> bit & 1)
            assay_json_str(j, NULL, assay_cpu_feature(bit));
    assay_json_close(j);
    assay_json_close(j);
}

static void tools(assay_json *j)
{
    char line[160];
    assay_json_open(j, "tools", '{');
    assay_json_str(j, "google_benchmark", ASSAY_BENCHMARK_VERSION);
#ifdef HAVE_PAPI
    snprintf(line, sizeof line, "%d.%d.%d", PAPI_VERSION_MAJOR(PAPI_VERSION), PAPI_VERSION_MINOR(PAPI_VERSION),
             PAPI_VERSION_REVISION(PAPI_VERSION));
    assay_json_str(j, "papi", line);
#else
    assay_json_str(j, "papi", "n/a: built without libpapi-dev");
#endif
#ifdef HAVE_HWLOC
    const unsigned v = hwloc_get_api_version();
    snprintf(line, sizeof line, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255);
    assay_json_str(j, "hwloc", line);
#else
    assay_json_str(j, "hwloc", "n/a: built without libhwloc-dev");
#endif
    assay_json_str(j, "valgrind", bench_tool("valgrind", line, sizeof line));
    assay_json_str(j, "gnuplot", bench_tool("gnuplot", line, sizeof line));
    assay_json_close(j);
}

void bench_passport_open(const bench_machine *m, assay_json *j, const char *key)
{
    char date[32];
    const time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    assay_json_open(j, key, '{');
    assay_json_int(j, "schema", 1);
    assay_json_str(j, "version", ASSAY_VERSION);
    assay_json_str(j, "commit", ASSAY_COMMIT);
    assay_json_str(j, "compiler", ASSAY_COMPILER);
    assay_json_str(j, "flags", ASSAY_FLAGS);
    assay_json_str(j, "date", date);
    cpu(m, j);
    assay_json_open(j, "caches", '[');
    for (int i = 0; i < m->n_caches; i++) {
        const bench_cache *c = &m->cache[i];
        assay_json_open(j, NULL, '{');
        assay_json_int(j, "level", c->level);
        assay_json_str(j, "type", c->type);
        assay_json_int(j, "bytes", c->bytes);
        assay_json_int(j, "line", c->line);
        assay_json_int(j, "ways", c->ways);
        assay_json_int(j, "shared_by", c->shared_by);
        assay_json_close(j);
    }
    assay_json_close(j);
    assay_json_str(j, "caches_from", m->caches_from);
    assay_json_open(j, "memory", '{');
    assay_json_int(j, "total", m->memory);
    assay_json_int(j, "available", m->available);
    assay_json_int(j, "page", m->page);
    assay_json_str(j, "huge_pages", m->huge_pages);
    assay_json_close(j);
    assay_json_open(j, "system", '{');
    assay_json_str(j, "os", m->os);
    assay_json_str(j, "kernel", m->kernel);
    assay_json_str(j, "virtual", m->virtual);
    char quota[64];
    bench_quota_words(&m->quota, quota, sizeof quota);
    assay_json_str(j, "cpu_quota", quota);
    assay_json_open(j, "load", '[');
    for (int i = 0; i < 3; i++)
        assay_json_num(j, NULL, m->load[i]);
    assay_json_close(j);
    assay_json_close(j);
    tools(j);
}
