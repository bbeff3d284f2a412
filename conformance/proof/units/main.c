/* SPDX-License-Identifier: MIT
 * assay-units [NAME]...: the Check binary.  Each unit_NAME.c brings one suite, whose test cases carry as tags the ops
 * and tiers that they are about.  Check's own variables choose and log: CK_INCLUDE_TAGS="attention avx2",
 * CK_EXCLUDE_TAGS, CK_RUN_CASE, CK_TAP_LOG_FILE_NAME=FILE, CK_FORK=no for a debugger. */
#include "unit.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct unit {
    const char *name;
    Suite *(*suite)(void);
} units[] = {
#define UNIT(name) { #name, assay_##name },
#include "units.def"
#undef UNIT
};

/* Suites whose judges fork runners of their own, or whose tests do; each test of the others is a process. */
static bool forks_itself(const char *name)
{
    static const char *const which[] = { "unit_core", "unit_errors", "unit_files", "unit_shrink", "unit_words" };
    bool does = false;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++)
        does |= !strcmp(which[i], name);
    return does;
}

static bool asked(const char *name, int argc, char **argv)
{
    bool is = argc < 2;
    for (int i = 1; i < argc; i++)
        is |= !strcmp(argv[i], name);
    return is;
}

/* Suites that are asked for and fork themselves, or do not; NULL: there is none. */
static SRunner *runner(bool themselves, int argc, char **argv)
{
    SRunner *r = NULL;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!asked(units[i].name, argc, argv) || forks_itself(units[i].name) != themselves)
            continue;
        Suite *s = units[i].suite();
        if (r)
            srunner_add_suite(r, s);
        else
            r = srunner_create(s);
    }
    return r;
}

static void run(SRunner *r, bool themselves, int *failed, int *ran)
{
    if (!r)
        return;
    srunner_set_fork_status(r, themselves ? CK_NOFORK : CK_FORK_GETENV);
    srunner_run_all(r, CK_NORMAL);
    *failed += srunner_ntests_failed(r), *ran += srunner_ntests_run(r);
    srunner_free(r);
}

int main(int argc, char **argv)
{
    int failed = 0, ran = 0;
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < sizeof units / sizeof *units && strcmp(units[k].name, argv[i]) != 0)
            k++;
        if (k == sizeof units / sizeof *units) {
            fprintf(stderr, "assay-units: %s: no such unit\n", argv[i]);
            return 2;
        }
    }
    setenv("CK_DEFAULT_TIMEOUT", "300",
           0); /* seconds: sanitizers and emulators are slow, and ctest has its own limit */
    SRunner *apart = runner(false, argc, argv), *here = runner(true, argc, argv);
    run(apart, false, &failed, &ran);
    if (apart && here)
        unsetenv("CK_TAP_LOG_FILE_NAME"); /* it would be written anew: name one unit to log one that forks itself */
    run(here, true, &failed, &ran);
    return failed || !ran ? EXIT_FAILURE : EXIT_SUCCESS;
}
