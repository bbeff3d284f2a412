/* SPDX-License-Identifier: MIT
 * assay doctor: what this machine can measure, and why not. */
#include "../reference/core/options.h"
#include "../reference/core/save.h"
#include "../conformance/judge/confine.h"
#include "../conformance/judge/filter.h"
#include "../conformance/judge/watch.h"
#include "bench.h"
#include <argp.h>
#include <stdlib.h>
#include <string.h>

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case 'j':
        *(const char **)state->input = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_isa(void)
{
    const assay_isa *isa;
    const assay_kernel *k;
    for (size_t i = 0; (isa = assay_isa_at(i)); i++) {
        int kernels = 0;
        char lacks[256] = "";
        for (size_t n = 0; (k = assay_kernel_at(n)); n++)
            kernels += assay_isa_of(k->isa) == isa && strncmp(k->op, "probe_", 6) != 0;
        for (unsigned bit = 0; bit < ASSAY_CPU_END; bit++)
            if ((isa->bits & ~assay_cpu()) >> bit & 1)
                snprintf(lacks + strlen(lacks), sizeof lacks - strlen(lacks), " %s", assay_cpu_feature(bit));
        printf("  %-11s %s%s; %d kernels in this build\n", isa->name, lacks[0] ? "no: this CPU lacks" : "yes", lacks,
               kernels);
    }
    int not_built = 0;
    while (assay_kernel_not_built((size_t)not_built))
        not_built++;
    if (not_built)
        printf("  %d kernels of other targets are not in this build (assay list kernels)\n", not_built);
}

/* What holds rows back, and what they cannot be watched for. */
static void print_limits(const bench_machine *m)
{
    char words[64];
    const char *limit = getenv("OMP_THREAD_LIMIT"), *blind = bench_trust_blind();
    bench_moment now;
    bench_around_begin(&now);
    bench_quota_words(&m->quota, words, sizeof words);
    printf("  CPU quota %s", words);
    if (m->quota.cpus > 0)
        printf("; stopped by it in %lld of %lld periods so far: larger teams, and rows that it stops, are marked",
               (long long)m->quota.throttle.throttled, (long long)m->quota.throttle.periods);
    puts("");
    if (limit)
        printf("  OMP_THREAD_LIMIT=%.20s: rows of larger teams are not measured\n", limit);
    if (!now.counted)
        puts("  whether others use the CPUs: n/a (no /proc/stat); rows are marked unwatched");
    if (blind)
        printf("  %s\n", blind);
}

static void print_tools(const bench_machine *m)
{
    char line[160];
    printf("Tools\n  valgrind    %s\n", bench_tool("valgrind", line, sizeof line));
    if (strncmp(line, "n/a", 3) == 0)
        puts("              without it no counter can be simulated (Debian, Ubuntu: apt install valgrind)");
    printf("  gnuplot     %s\n", bench_tool("gnuplot", line, sizeof line));
    if (strncmp(line, "n/a", 3) == 0)
        puts("              without it reports have tables, no pictures (apt install gnuplot-nox)");
    printf("  topology    from %s\n", m->caches_from);
#ifdef HAVE_PAPI
    puts("  PAPI        built in");
#else
    puts("  PAPI        n/a: built without libpapi-dev; only the system's own counts remain");
#endif
}

static int fail(const assay_why *why)
{
    fprintf(stderr, "assay doctor: %s\n", why->text);
    return 2;
}

int assay_cmd_doctor(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "json", 'j', "FILE", 0, "write the same there as JSON; -: standard output", 0 }, { 0 }
    };
    static const struct argp argp = { options, parse_option, "",  "Say what this machine can measure, and why not.",
                                      NULL,    NULL,         NULL };
    const char *path = NULL;
    bench_machine m;
    bench_counter c[BENCH_COUNTERS];
    assay_json j = { 0 };
    assay_options_parse(&argp, argc, argv, &path);
    assay_why why = { "" };
    if (assay_save_begin((const char *const[]){ "--json" }, &path, 1, &why))
        return fail(&why);
    bench_machine_read(&m);
    printf("Machine\n  %s (%s family %d model %d stepping %d), %d cores, %d threads may be used, hypervisor: %s\n  %s, "
           "%s\n",
           m.model, m.vendor, m.family, m.number, m.stepping, m.cores, m.threads, m.virtual, m.os, m.kernel);
    if (m.memory > 0)
        printf("  memory %.1f GiB, %.1f GiB available", (double)m.memory / 0x1p30, (double)m.available / 0x1p30);
    else
        printf("  memory n/a (no /proc/meminfo)");
    printf("; huge pages %s; governor %s; load %.2f\n", m.huge_pages, m.governor, m.load[0]);
    if (m.load[0] > 0.5)
        puts("  other work is running: times will be noisy (ratios of -k A -k B hold up better)");
    print_limits(&m);
    puts("Caches");
    for (int i = 0; i < m.n_caches; i++)
        printf("  L%d %-11s %8lld KiB, line %lld, %d ways, shared by %d\n", m.cache[i].level, m.cache[i].type,
               (long long)m.cache[i].bytes / 1024, (long long)m.cache[i].line, m.cache[i].ways, m.cache[i].shared_by);
    if (!m.n_caches)
        puts("  n/a: neither hwloc nor the system shows any; rows have no level, cold means flushed lines");
    puts("Tiers");
    print_isa();
    print_tools(&m);
    printf("Plug-ins\n  confined by %s; %d system calls may be made\n", assay_confine_words(),
           assay_filter_allowed(false));
    if (assay_watch_absent()[0])
        printf("  %s\n", assay_watch_absent());
    puts("Counters (added, started, and calibrated on loops of known truth)");
    fflush(stdout);
    bench_counters_calibrate(c, &m);
    for (int i = 0; i < BENCH_COUNTERS; i++)
        if (c[i].from == BENCH_NA)
            printf("  %-17s n/a: %s\n", c[i].name, c[i].why);
        else
            printf("  %-17s %s, %s: %.4f of the truth\n", c[i].name, bench_from_name(c[i].from), c[i].event,
                   c[i].calibration);
    if (!path)
        return 0;
    assay_json_open(&j, NULL, '{');
    assay_json_int(&j, "schema", 1);
    assay_json_str(&j, "kind", "doctor");
    assay_json_open(&j, "context", '{');
    bench_passport_open(&m, &j, "assay");
    bench_counters_json(c, BENCH_COUNTERS, &j, "counters", false);
    bench_simulator_json(&m, &j);
    assay_json_close(&j);
    assay_json_close(&j);
    assay_json_close(&j);
    const assay_status s = assay_save_text(path, j.text, &why);
    assay_json_free(&j);
    return s ? fail(&why) : 0;
}
