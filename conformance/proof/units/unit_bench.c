/* SPDX-License-Identifier: MIT
 * What bench believes of the machine and of a row: quotas of both kinds of control groups, lists of CPUs, marks, and
 * the inputs that the judge makes again for what a timed loop left. */
#include "../../../bench/bench.h"
#include "../../../bench/limits.h"
#include "../../../bench/cpus.h"
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/memory.h"
#include "../../../reference/core/tensor.h"
#include "unit.h"
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/assay-unit-XXXXXX";

/* path: with folders that are made on the way. */
static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    ck_assert_msg(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s", full);
}

static void quota_is(double cpus, int64_t throttled, double seconds)
{
    bench_quota q;
    bench_quota_read(&q, root);
    ck_assert_msg(q.known && q.cpus == cpus && q.throttle.throttled == throttled && q.throttle.seconds == seconds,
                  "%d %g CPUs, %lld times, %g s", q.known, q.cpus, (long long)q.throttle.throttled, q.throttle.seconds);
}

START_TEST(quotas)
{
    ck_assert_ptr_nonnull(mkdtemp(root));
    bench_quota q;
    char words[64];
    bench_quota_read(&q, root);
    bench_quota_words(&q, words, sizeof words);
    ck_assert_msg(!q.known && q.cpus == 0 && !strncmp(words, "n/a", 3), "%s", words);
    /* version 2: the group has 2 CPUs, the one above it half a CPU */
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/proc/self/mountinfo",
        "24 1 0:22 / /sys rw - sysfs sysfs rw\n41 24 0:38 / /cg rw,relatime shared:9 - cgroup2 cgroup2 rw\n");
    put("/cg/a/b/cpu.max", "200000 100000\n");
    put("/cg/a/b/cpu.stat", "usage_usec 5\nnr_periods 8\nnr_throttled 1\nthrottled_usec 250000\n");
    put("/cg/a/cpu.max", "50000 100000\n");
    put("/cg/a/cpu.stat", "nr_periods 9\nnr_throttled 4\nthrottled_usec 500000\n");
    quota_is(0.5, 5, 0.75);
    put("/cg/a/cpu.max", "max 100000\n");
    quota_is(2, 1, 0.25);
    put("/cg/a/b/cpu.max", "max 100000\n");
    quota_is(0, 0, 0);
    /* version 1 in a container: the mount shows a part of the hierarchy; cpuset is no cpu */
    put("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/77/job\n0::/\n");
    put("/proc/self/mountinfo", "33 31 0:30 /docker/77 /cg1/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n");
    put("/cg1/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
    put("/cg1/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("/cg1/cpu,cpuacct/cpu.stat", "nr_periods 231\nnr_throttled 119\nthrottled_time 2500000000\n");
    put("/cg1/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
    put("/cg1/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    quota_is(1.5, 119, 2.5);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(memory_left)
{
    strcpy(root, "/tmp/assay-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_uint_eq(assay_memory_free(root), UINT64_MAX);
    put("/proc/meminfo", "MemTotal:  900 kB\nMemFree:  1 kB\nMemAvailable:   500 kB\n");
    ck_assert_uint_eq(assay_memory_free(root), 500 * 1024);
    /* version 2: the group has no limit, the one above it has; pages of files can be dropped */
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/proc/self/mountinfo", "41 24 0:38 / /cg rw,relatime shared:9 - cgroup2 cgroup2 rw\n");
    put("/cg/a/b/memory.max", "max\n");
    put("/cg/a/b/memory.current", "7\n");
    put("/cg/a/memory.max", "400000\n");
    put("/cg/a/memory.current", "300000\n");
    ck_assert_uint_eq(assay_memory_free(root), 100000);
    put("/cg/a/memory.stat", "anon 1\ninactive_file 50000\nactive_file 20000\n");
    ck_assert_uint_eq(assay_memory_free(root), 170000);
    put("/cg/a/memory.current", "900000\n");
    ck_assert_uint_eq(assay_memory_free(root), 0);
    /* version 1 */
    put("/proc/self/cgroup", "4:memory:/job\n");
    put("/proc/self/mountinfo", "33 31 0:30 / /cg1 ro - cgroup cgroup rw,memory\n");
    put("/cg1/job/memory.limit_in_bytes", "250000\n");
    put("/cg1/job/memory.usage_in_bytes", "100000\n");
    put("/cg1/memory.limit_in_bytes", "9223372036854771712\n");
    put("/cg1/memory.usage_in_bytes", "100000\n");
    ck_assert_uint_eq(assay_memory_free(root), 150000);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
    assay_why why = { "" };
    ck_assert_int_eq(assay_memory_need((uint64_t)1 << 60, "a wish", &why), ASSAY_ERR_NOMEM);
    ck_assert_ptr_nonnull(strstr(why.text, "a wish needs 1073741824.00 GiB of memory, "));
    ck_assert_int_eq(assay_memory_need(1, "a byte", &why), ASSAY_OK);
}
END_TEST

START_TEST(lists_of_cpus)
{
    static const struct {
        const char *text;
        int n;
    } rows[] = { { "0", 1 },   { "0-1\n", 2 }, { "0-63,128-191", 128 }, { "0,2,4-2047", 2046 }, { "", -1 },
                 { "0-", -1 }, { "3-1", -1 },  { "0 1", -1 },           { "ffff", -1 } };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++)
        ck_assert_msg(bench_cpus_listed(rows[i].text) == rows[i].n, "%s: %d", rows[i].text,
                      bench_cpus_listed(rows[i].text));
    const int *list, n = bench_cpus_given(&list);
    for (int i = 1; i < n; i++)
        ck_assert_int_lt(list[i - 1], list[i]);
    ck_assert_int_ge(n, 1);
}
END_TEST

/* Every mark is earned by one row of facts that differs from a plain one in what it is about, and by that alone. */
START_TEST(every_mark)
{
    const bench_facts plain = { .team = 2,
                                .cpus = 4,
                                .used = 2,
                                .share = 0.9,
                                .scaling = 1.9,
                                .around = { .wall = 1, .counted = true, .quota = { .known = true } } };
    bench_facts f[11];
    static const char *const names[11] = { "impossible", "scaling", "threads",   "threads",   "cpus",     "quota",
                                           "busy",       "stolen",  "unwatched", "throttled", "remembers" };
    for (int i = 0; i < 11; i++)
        f[i] = plain;
    f[0].share = 1.06, f[1].scaling = 3.31, f[2].used = 2.5, f[3].own_threads = 0.5, f[4].cpus = 1;
    f[5].around.quota.cpus = 1.5, f[6].around.others = 0.5, f[7].around.stolen = 0.2, f[8].around.counted = false;
    f[10].fresh = 5;
    f[9].around.quota = (bench_quota){ true, 2.5, { 23, 12, 0.34 } };
    char words[200];
    for (int i = 0; bench_mark_name(i); i++) {
        ck_assert_msg(!bench_mark(i, &plain, words, sizeof words), "%s: %s", bench_mark_name(i), words);
        for (int k = 0; k < 11; k++)
            ck_assert_msg(bench_mark(i, &f[k], words, sizeof words) == !strcmp(bench_mark_name(i), names[k]),
                          "%s of %d: %s", bench_mark_name(i), k, words);
    }
    bench_facts one = plain;
    one.team = 1, one.used = 0.5, one.scaling = 0;
    for (int i = 0; bench_mark_name(i); i++)
        ck_assert_int_eq(bench_mark(i, &one, words, sizeof words), !strcmp(bench_mark_name(i), "waited"));
}
END_TEST

/* The judge's inputs after n calls are those that n calls made. */
START_TEST(inputs_again)
{
    static const char *const lines[] = { "add R=1 C=2",
                                         "add R=1 C=3",
                                         "add R=3 C=5",
                                         "add R=2 C=10 a=f16",
                                         "matmul T=3 N=2 K=32 w=q8_0",
                                         "argmax R=2 C=7",
                                         "attention T=2 S=3 D=2 E=2 mask=f32/S" };
    for (size_t l = 0; l < ASSAY_COUNT_OF(lines); l++) {
        assay_case c;
        assay_problem p, left;
        assay_why why = { "" };
        static bench_stage s;
        if (assay_case_parse(lines[l], &c, &why)) /* an op may have no such type */
            continue;
        ck_assert_msg(!assay_problem_make(&c, &p, &why), "%s", why.text);
        const int v = bench_inputs_varied(&p);
        ck_assert_int_ge(v, 0);
        const size_t bytes = assay_tensor_bytes(&p.t[v]);
        s = (bench_stage){ .block = (size_t)assay_dtype_of(p.t[v].type)->bytes };
        s.half = bytes / s.block / 2;
        for (int set = 0; set < BENCH_SETS; set++) {
            s.vary[set] = calloc(bytes + 64, 1);
            bench_inputs_fill(&p, v, set, s.vary[set]);
        }
        for (uint64_t calls = 0; calls < 200; calls++) {
            for (int set = 0; set < BENCH_SETS; set++) {
                ck_assert(bench_left_make(&p, set, calls, &left));
                ck_assert_msg(!memcmp(left.t[v].data, s.vary[set], bytes), "%s: set %d after %d calls", lines[l], set,
                              (int)calls);
                bench_left_free(&left);
            }
            bench_stage_vary(&s, (int)(calls % BENCH_SETS));
        }
        for (int set = 0; set < BENCH_SETS; set++)
            free(s.vary[set]);
        assay_problem_free(&p);
    }
}
END_TEST

/* Rows of the weights are judged by themselves, with the scale that each has, but not where a scale is that of some
 * rows together. */
START_TEST(parts)
{
    static const struct {
        const char *line;
        bool parts;
    } said[] = { { "matmul T=1 N=8 K=64", true },
                 { "matmul_scaled T=1 N=8 K=64 R=1 G=1", true },
                 { "matmul_scaled T=2 N=8 K=64 R=8 G=2 w=u4 rows=1 group=32", true },
                 { "matmul_scaled T=2 N=8 K=64 R=8 G=8 zero=i8 w=i8 rows=1 group=8", true },
                 { "matmul_scaled T=2 N=8 K=64 R=2 G=8 w=i8 rows=4 group=8", false } };
    const int64_t index[] = { 1, 5, 6 };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        assay_case c;
        assay_problem p, part;
        ck_assert(!assay_case_parse(said[i].line, &c, NULL) && !assay_problem_make(&c, &p, NULL));
        ck_assert_int_eq(bench_part_dim(&c), said[i].parts ? 1 : -1);
        ck_assert_int_eq(bench_part(&p, 1, index, 3, &part), said[i].parts);
        if (said[i].parts) {
            ck_assert(!assay_problem_solve(&part, NULL, NULL) && !assay_problem_solve(&p, NULL, NULL));
            const int y = c.op->n_operands - 1;
            for (int t = 0; t < c.dim[0]; t++)
                for (int n = 0; n < 3; n++)
                    ck_assert_double_eq(part.value[y][3 * t + n], p.value[y][8 * t + index[n]]);
            assay_problem_free(&part);
        }
        assay_problem_free(&p);
    }
}
END_TEST

static bench_result counted(double ns, double instructions, bench_from from)
{
    bench_result r = { .n = 1, .sample = { ns } };
    r.counter[0] = (bench_counter){ .name = "instructions", .from = from, .value = instructions };
    return r;
}

/* Why the slower one is slower: only of what was counted in the same way, and what can account for the difference. */
START_TEST(why_slower)
{
    static const assay_kernel a = { .op = "matmul", .name = "a" }, b = { .op = "matmul", .name = "b" };
    assay_case c;
    assay_problem p;
    assay_why why = { "" };
    ck_assert(!assay_case_parse("matmul T=1 N=8 K=64", &c, &why) && !assay_problem_make(&c, &p, &why));
    bench_task t[2] = { { .p = &p, .k = &a, .threads = 2 }, { .p = &p, .k = &b, .threads = 2 } };
    bench_work w;
    bench_work_of(&p, "case", 0, &w);
    cJSON *one = cJSON_Parse("{ \"a_ns\": 4000, \"b_ns\": 900 }"),
          *faster = cJSON_Parse("{ \"a_ns\": 9900, \"b_ns\": 1900 }");
    const bench_from hw = BENCH_HARDWARE, sim = BENCH_SIMULATED;
    const struct {
        bench_result r[2];
        double packed; /* by a, over what the weights take */
        const cJSON *one;
        const char *says;
    } rows[] = {
        { { counted(9000, 24000, sim), counted(1000, 100, sim) },
          1,
          NULL,
          "[\"a executes 240 x the instructions (simulated)\"]" },
        { { counted(1000, 100, hw), counted(9000, 24000, hw) }, 1, NULL, "[\"b executes 240 x the instructions\"]" },
        { { counted(9000, 24000, hw), counted(1000, 100, sim) }, 1, NULL, "[]" },
        { { counted(9000, 24000, BENCH_NA), counted(1000, 100, hw) }, 1, NULL, "[]" },
        { { counted(9000, 110, hw), counted(1000, 100, hw) }, 1, NULL, "[]" },
        { { counted(9000000, 240, hw), counted(1000, 100, hw) }, 1, NULL, "[]" }, /* too few to take so long */
        { { counted(9000, 0, BENCH_NA), counted(1000, 0, BENCH_NA) },
          9,
          NULL,
          "[\"a reads 8.01 x the bytes (weights as it packs them)\"]" },
        { { counted(9000, 0, BENCH_NA), counted(1000, 0, BENCH_NA) },
          1,
          one,
          "[\"a is slower on 2 threads than on one: 2.25 x the time\",\"b is slower on 2 threads than on one: 1.11 x "
          "the time\"]" },
        { { counted(9000, 0, BENCH_NA), counted(1000, 0, BENCH_NA) }, 1, faster, "[]" },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++) {
        bench_result r[2] = { rows[i].r[0], rows[i].r[1] };
        r[0].packed_bytes = rows[i].packed > 1 ? (int64_t)(rows[i].packed * 8 * 64 * 4) : 0;
        assay_json j = { 0 };
        assay_json_open(&j, NULL, '{');
        bench_why_json(t, r, &w, rows[i].one, &j);
        assay_json_close(&j);
        cJSON *o = cJSON_Parse(j.text);
        char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "why"));
        ck_assert_msg(text && !strcmp(text, rows[i].says), "%d: %s, not %s", (int)i, text, rows[i].says);
        free(text);
        cJSON_Delete(o);
        assay_json_free(&j);
    }
    cJSON_Delete(one);
    cJSON_Delete(faster);
    assay_problem_free(&p);
}
END_TEST

/* What bounds a row: the largest share that accounts for most of the time, and nothing where none does. */
START_TEST(what_bounds)
{
    const bench_counter hw[2] = { { .name = "instructions", .from = BENCH_HARDWARE, .value = 3000 },
                                  { .name = "cycles", .from = BENCH_HARDWARE, .value = 1000 } },
                        sim[2] = { { .name = "instructions", .from = BENCH_SIMULATED, .value = 3000 },
                                   { .name = "cycles", .why = "no PMU" } };
    static const struct {
        double share[BENCH_LIMITS];
        bool impossible, roofless;
        int bound;
        const char *says;
    } rows[] = {
        { { 0, 0.9, 0.3 }, 0, 0, BENCH_COMPUTE, "compute bounds it: its operations alone take 90 % of" },
        { { 0, 0.3, 0.8 },
          0,
          0,
          BENCH_LEVEL,
          "L2 bounds it: its bytes alone take 80 % of its best time at the roof of L2" },
        { { 0.7, 0.1, 0.1 }, 0, 0, BENCH_CALL, "call cost bounds it: a call that computes nothing takes 70 %" },
        { { 0, 0.1, 0.1, 0.97 }, 0, 0, BENCH_LATENCY, "latency bounds it: its sums one after another" },
        { { 0, 0.2, 0.1, 0, 0.65 }, 0, 0, BENCH_WAITING, "waiting bounds it: waiting for the slowest" },
        { { 0, 0.43, 0.2 },
          0,
          0,
          -1,
          "43 % of its best time at the compute roof; nothing that was measured accounts for the other 57 %" },
        { { 0, 0.2, 0.1, 2.1 },
          0,
          0,
          -1,
          "nothing that was measured accounts for the other 80 %" }, /* no such chains */
        { { 0, 1.2, 0.3 }, 1, 0, -1, "n/a (above its roof" },
        { { 0 }, 0, 1, -1, "n/a (no roofs were measured)" },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++)
        for (int simulated = 0; simulated < 2; simulated++) {
            bench_limits_facts f = { .level = "L2", .isa = "avx2", .flops = 16000, .bytes = 6400, .least = 3200 };
            f.counter = simulated ? sim : hw, f.n = 2, f.impossible = rows[i].impossible;
            f.no_roofs = rows[i].roofless ? "no roofs were measured" : NULL;
            memcpy(f.share, rows[i].share, sizeof f.share);
            assay_json j = { 0 };
            assay_json_open(&j, NULL, '{');
            bench_limits_json(&f, &j);
            assay_json_close(&j);
            ck_assert_msg(strstr(j.text, rows[i].says) != NULL, "%d: %s", (int)i, j.text);
            ck_assert_int_eq(bench_limit_of(&f), rows[i].bound);
            ck_assert_int_eq(strstr(j.text, "\"bound_by\"") != NULL, rows[i].bound >= 0);
            /* 16,000 of 16 an instruction and 3,200 bytes of 32; cycles without a PMU are no cycles */
            ck_assert_ptr_nonnull(strstr(j.text, "\"least_instructions\": 1100"));
            ck_assert_ptr_nonnull(strstr(j.text, "2.73 x the least"));
            ck_assert_int_eq(strstr(j.text, "\"ipc\": 3") != NULL, !simulated);
            ck_assert_int_eq(strstr(j.text, "instructions per cycle n/a (no PMU)") != NULL, simulated);
            ck_assert_ptr_nonnull(strstr(j.text, "L1 misses n/a (not counted in this row)"));
            assay_json_free(&j);
        }
    bench_limits_facts team = { .level = "L2", .threads = 4, .wall = 1000, .busiest = 800, .mean = 200 };
    team.share[BENCH_WAITING] = 0.8;
    assay_json j = { 0 };
    assay_json_open(&j, NULL, '{');
    bench_limits_json(&team, &j);
    assay_json_close(&j);
    ck_assert_ptr_nonnull(strstr(j.text, "\"max_over_mean\": 4"));
    ck_assert_ptr_nonnull(strstr(j.text, "waiting bounds it"));
    ck_assert_ptr_nonnull(
        strstr(j.text, "the busiest works 4.00 x the mean; 80 % of their time is lost, 60 % to imbalance, 20 %"));
    assay_json_free(&j);
    ck_assert_double_eq(bench_least_instructions("avx512vnni", true, 1280, 640), 20);
    ck_assert_double_eq(bench_least_instructions("another", true, 1280, 640), 0);
    ck_assert_double_eq(bench_chain(576, 1), 576);
    ck_assert_double_eq(bench_chain(576, 16), 40);
}
END_TEST

/* Slower by more than a share: the whole interval says so, and where others used the CPUs that of the CPU time too. */
START_TEST(differs)
{
    static const struct {
        bench_ratio x; /* of a over b */
        double most;
        int differs;
    } rows[] = {
        { { 0.90, 0.89, 0.91, 0, 0, 0, false, 60 }, 0.05, 1 },
        { { 0.90, 0.89, 0.96, 0, 0, 0, false, 60 }, 0.05, 0 },
        { { 0.90, 0.89, 0.96, 0, 0, 0, false, 60 }, 0, 1 },
        { { 1.00, 0.98, 1.02, 0, 0, 0, false, 60 }, 0, 0 },
        { { 2.00, 1.90, 2.10, 0, 0, 0, false, 60 }, 0.05, -1 },
        { { 0.50, 0.48, 0.52, 1.00, 0.98, 1.02, true, 60 }, 0.05, 0 }, /* who had to make way */
        { { 0.50, 0.48, 0.52, 0.33, 0.32, 0.34, true, 60 }, 0.05, 1 },
        { { 2.00, 1.90, 2.10, 1.00, 0.98, 1.02, true, 60 }, 0, 0 },
        { { 0.50, 0.48, 0.52, 0, 0, 0, false, 0 }, 0.05, 0 },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(rows); i++)
        ck_assert_msg(bench_differs(&rows[i].x, rows[i].most) == rows[i].differs, "row %d", (int)i);
}
END_TEST

/* The level that holds so much, and what the one before it holds: two threads have two of what is not shared. */
START_TEST(levels)
{
    enum { KIB = 1024 };
    static const bench_machine m = { .n_caches = 4,
                                     .cache = {
                                         { .level = 1, .shared_by = 1, .type = "instruction", .bytes = 32 * KIB },
                                         { .level = 1, .shared_by = 1, .type = "data", .bytes = 48 * KIB },
                                         { .level = 2, .shared_by = 1, .type = "unified", .bytes = 2048 * KIB },
                                         { .level = 3, .shared_by = 2, .type = "unified", .bytes = 8192 * KIB } } };
    static const struct {
        int64_t kib;
        int threads;
        const char *level;
        int64_t below;
    } rows[] = { { 48, 1, "L1", 0 },          { 49, 1, "L2", 48 },     { 2048, 1, "L2", 48 },
                 { 2049, 1, "L3", 2048 },     { 4096, 2, "L2", 96 },   { 4097, 2, "L3", 4096 },
                 { 8193, 2, "memory", 8192 }, { 8193, 3, "L3", 6144 }, { 1 << 20, 1, "memory", 8192 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t below = -1;
        ck_assert_str_eq(bench_machine_level(&m, rows[i].kib * KIB, rows[i].threads, &below), rows[i].level);
        ck_assert_int_eq(below, rows[i].below * KIB);
    }
    const bench_machine none = { .n_caches = 0 };
    int64_t below = -1;
    ck_assert_str_eq(bench_machine_level(&none, KIB, 1, &below), "memory");
    ck_assert_int_eq(below, 0);
}
END_TEST

Suite *assay_unit_bench(void)
{
    Suite *s = suite_create("bench");
    TCase *c = tcase_create("bench");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, quotas);
    tcase_add_test(c, memory_left);
    tcase_add_test(c, parts);
    tcase_add_test(c, lists_of_cpus);
    tcase_add_test(c, every_mark);
    tcase_add_test(c, inputs_again);
    tcase_add_test(c, why_slower);
    tcase_add_test(c, levels);
    tcase_add_test(c, differs);
    tcase_add_test(c, what_bounds);
    suite_add_tcase(s, c);
    return s;
}
