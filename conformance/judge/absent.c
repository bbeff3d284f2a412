/* SPDX-License-Identifier: MIT */
#include "absent.h"
#include "confine.h"
#include "watch.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *assay_not_checked(void)
{
    static char text[800];
    struct stat st;
    static const char mark[] = "absent here: ";
    const char *confined = strstr(assay_confine_words(), mark);
    const char *part[] = { assay_watch_absent(),
                           stat("/proc/self/task", &st) ? "threads that stay behind: not counted (no /proc)" : "",
                           confined ? confined + sizeof mark - 1 : "" };
    size_t at = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part && at < sizeof text; i++)
        if (part[i][0])
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s", at ? "; " : "",
                                   part[i] == part[2] ? "not confined by " : "", part[i]);
    return text;
}
