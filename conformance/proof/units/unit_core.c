/* SPDX-License-Identifier: MIT
 * The core: lines that reproduce themselves, the random generator's known answers, the CPU against the kernel's word.
 */
#include "../../../reference/core/execute.h"
#include "../../../reference/core/problem.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/core/rng.h"
#include "../../../reference/core/status.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Random123's known answers for philox4x32-10 (kat_vectors: zeros, ones, digits of pi). */
START_TEST(test_philox)
{
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } kat[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < ASSAY_COUNT_OF(kat); i++) {
        uint32_t out[4];
        assay_philox4x32(kat[i].counter, kat[i].key, out);
        ck_assert(!memcmp(out, kat[i].want, sizeof out));
    }
}
END_TEST

static assay_status same_again(const char *line, void *ctx, assay_why *why)
{
    assay_case a, b;
    char once[ASSAY_CASE_LINE], twice[ASSAY_CASE_LINE];
    const assay_status s = assay_case_parse(line, &a, why);
    if (s)
        return s;
    assay_case_print(&a, once, sizeof once);
    ck_assert_msg(assay_case_parse(once, &b, why) == ASSAY_OK, "%s: %s", once, why->text);
    assay_case_print(&b, twice, sizeof twice);
    ck_assert_str_eq(once, twice);
    ck_assert(!memcmp(a.params, b.params, sizeof a.params) && !memcmp(a.dim, b.dim, sizeof a.dim) && a.seed == b.seed);
    ++*(int *)ctx;
    return ASSAY_OK;
}

/* Every case of every op: its printed line parses to the same case. */
START_TEST(test_lines)
{
    int n = 0;
    assay_why why = { "" };
    for (size_t i = 0; assay_op_at(i); i++) {
        const assay_suite *s = assay_suite_of(assay_op_at(i));
        for (size_t r = 0; r < s->n_rows; r++)
            ck_assert_msg(assay_case_expand(assay_op_at(i), s->rows[r].pattern, same_again, &n, &why) == ASSAY_OK,
                          "%s: %s", assay_op_at(i)->name, why.text);
    }
    ck_assert(n > 100);
}
END_TEST

/* A broken feature test must not turn a tier into "skipped": what /proc/cpuinfo names, assay_cpu() has. */
START_TEST(test_cpu)
{
    char line[8192] = "";
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (!f)
        return;
    while (fgets(line, sizeof line, f) && strncmp(line, "flags", 5) != 0 && strncmp(line, "Features", 8) != 0)
        ;
    fclose(f);
    const uint64_t have = assay_cpu();
    for (unsigned bit = 0; bit < ASSAY_CPU_END; bit++) {
        char word[40];
        snprintf(word, sizeof word, " %s", assay_cpu_feature(bit));
        const char *at = strstr(line, word);
        const bool named = at && strchr(" \n", at[strlen(word)]);
        ck_assert_msg(named == (have >> bit & 1), "%s: /proc/cpuinfo says %d, we %d", word, named,
                      (int)(have >> bit & 1));
    }
}
END_TEST

/* Every dtype, op and kernel can be found by its name; kernel types are within what the op takes. */
START_TEST(test_registry)
{
    const assay_kernel *k;
    for (size_t i = 0; (k = assay_kernel_at(i)); i++) {
        const assay_op *op = assay_op_find(k->op);
        ck_assert_msg(op != NULL, "%s/%s: no such op", k->op, k->name);
        ck_assert_msg(assay_kernel_find(k->op, k->name) == k, "%s/%s: two of that name", k->op, k->name);
        for (int o = 0; o < op->n_operands; o++)
            for (int w = 0; w < 2; w++)
                ck_assert_msg(!(k->types[o].bits[w] & ~op->operands[o].types.bits[w]),
                              "%s/%s: %s takes more than the op", k->op, k->name, op->operands[o].name);
        ck_assert(assay_isa_of(k->isa) != NULL);
    }
}
END_TEST

#ifndef __SANITIZE_ADDRESS__ /* which ends a process that asks for so much by itself */
/* The process that finds no memory says so and ends. */
START_TEST(test_no_memory)
{
    char said[128] = "";
    int status = 0, pair[2];
    ck_assert_int_eq(pipe(pair), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(pair[1], STDERR_FILENO);
        free(assay_room(SIZE_MAX / 16, sizeof(double)));
        _exit(0);
    }
    close(pair[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(read(pair[0], said, sizeof said - 1) > 0);
    close(pair[0]);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2);
    ck_assert_ptr_nonnull(strstr(said, "out of memory: 1152921504606846975 elements of 8 bytes"));
}
END_TEST
#endif

static struct {
    int64_t units, ends, grain, calls, sum; /* what was asked for, and met */
    bool cut;                               /* a slice is empty, beyond the units or, at an end, wider than asked for */
} slices;

static assay_status slice(const assay_args *a)
{
    const bool end = a->end <= slices.ends || a->begin >= slices.units - slices.ends;
    slices.calls++;
    slices.sum += a->end * (a->end - 1) / 2 - a->begin * (a->begin - 1) / 2;
    slices.cut |= a->begin >= a->end || a->end > slices.units || (end && a->end - a->begin > slices.grain);
    return ASSAY_OK;
}

/* Slices are of the grain that was asked for, of thousands at both ends; whatever it is, each unit falls to one slice.
 */
START_TEST(test_slices)
{
    static const int64_t units[] = { 0, 1, 2, 7, 1023, 1087, 1088, 1089, 1090, 3263, 3264, 3265, 70001 };
    const assay_kernel k = { .op = "silu", .name = "slices", .run = slice };
    for (size_t i = 0; i < ASSAY_COUNT_OF(units); i++)
        for (int64_t grain = 1; grain <= 4; grain++)
            for (int reverse = 0; reverse < 2; reverse++) {
                const int64_t n = units[i], dim[] = { n, 1 };
                assay_call c = { .op = assay_op_find("silu"), .kernel = &k, .threads = 1, .reverse = reverse };
                c.grain = grain < 4 ? grain : INT64_MAX / 4;
                c.args.dim = dim;
                memset(&slices, 0, sizeof slices);
                slices.units = n, slices.grain = c.grain, slices.ends = grain < 4 ? 512 * grain : n;
                ck_assert_int_eq(assay_call_run(&c), ASSAY_OK);
                ck_assert(!slices.cut);
                ck_assert_int_eq(slices.sum, n * (n - 1) / 2);
                ck_assert(slices.calls <= 2200 && (n > 1088 || grain > 3 || slices.calls == (n + grain - 1) / grain));
            }
}
END_TEST

Suite *assay_unit_core(void)
{
    Suite *s = suite_create("core");
    TCase *t = tcase_create("core");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_philox);
    tcase_add_test(t, test_lines);
    tcase_add_test(t, test_cpu);
    tcase_add_test(t, test_registry);
    if (assay_op_find("silu"))
        tcase_add_test(t, test_slices);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(t, test_no_memory);
#endif
    suite_add_tcase(s, t);
    return s;
}
