/* SPDX-License-Identifier: MIT
 * assay-units [NAME]: the Check binary.  Each unit_NAME.c brings one suite; CK_NOFORK, since judges fork
 * runners of their own. */
#include "unit.h"
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

int main(int argc, char **argv)
{
    SRunner *r = NULL;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (argc > 1 && strcmp(argv[1], units[i].name) != 0)
            continue;
        Suite *s = units[i].suite();
        if (r)
            srunner_add_suite(r, s);
        else
            r = srunner_create(s);
    }
    if (!r) {
        fprintf(stderr, "assay-units: %s: no such unit\n", argv[1]);
        return 2;
    }
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r), ran = srunner_ntests_run(r);
    srunner_free(r);
    return failed || !ran ? EXIT_FAILURE : EXIT_SUCCESS;
}
