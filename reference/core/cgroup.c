/* SPDX-License-Identifier: MIT
 * The process's group stands in /proc/self/cgroup, where its hierarchy is mounted in /proc/self/mountinfo. */
#include "cgroup.h"
#include <stdio.h>
#include <string.h>

bool assay_cgroup_find(const char *root, bool v2, const char *controller, char *folder, size_t *mount)
{
    enum { PATH = ASSAY_CGROUP_PATH };
    char want[64], path[PATH], line[2 * PATH], group[PATH] = "", top[PATH], at[PATH];
    bool found = false;
    snprintf(want, sizeof want, ",%.60s,", controller);
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "r");
    while (f && !group[0] && fgets(line, sizeof line, f)) { /* 0::/user.slice, or 4:cpu,cpuacct:/docker/... */
        char *names = strchr(line, ':'), *place = names ? strchr(names + 1, ':') : NULL;
        if (!place)
            continue;
        *place++ = 0;
        place[strcspn(place, "\n")] = 0;
        char list[256];
        snprintf(list, sizeof list, ",%.250s,", names + 1);
        if (v2 ? !strncmp(line, "0:", 2) && !names[1] : strstr(list, want) != NULL)
            snprintf(group, sizeof group, "%s", place);
    }
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
    f = group[0] ? fopen(path, "r") : NULL;
    while (f && !found && fgets(line, sizeof line, f)) { /* 32 31 0:29 ROOT MOUNT rw - cgroup cgroup rw,cpu */
        char type[32], options[512];
        const char *dash = strstr(line, " - ");
        if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", top, at) != 2 ||
            sscanf(dash, " - %31s %*s %511s", type, options) != 2)
            continue;
        char list[520];
        snprintf(list, sizeof list, ",%s,", options);
        found = v2 ? !strcmp(type, "cgroup2") : !strcmp(type, "cgroup") && strstr(list, want);
    }
    if (f)
        fclose(f);
    if (!found)
        return false;
    const size_t n = strcmp(top, "/") ? strlen(top) : 0; /* a container sees a part of the hierarchy */
    const char *rest = strncmp(group, top, n) || (group[n] && group[n] != '/') ? "" : group + n;
    *mount = (size_t)snprintf(folder, ASSAY_CGROUP_PATH, "%.1000s%.1000s", root, at);
    snprintf(folder + *mount, ASSAY_CGROUP_PATH - *mount, "%.2000s", strcmp(rest, "/") ? rest : "");
    return true;
}

bool assay_cgroup_line(const char *folder, const char *file, char *text, size_t n)
{
    char path[ASSAY_CGROUP_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "r");
    const bool ok = f && fgets(text, (int)n, f);
    if (f)
        fclose(f);
    return ok;
}
