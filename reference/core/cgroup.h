/* SPDX-License-Identifier: MIT
 * cgroup.h - the control groups of this process, v1 and v2.  A limit binds all groups below the one that has it, so a
 * reader walks from the process's own folder up to the mount. */
#ifndef ASSAY_CORE_CGROUP_H
#define ASSAY_CORE_CGROUP_H
#include <stdbool.h>
#include <stddef.h>

enum { ASSAY_CGROUP_PATH = 4096 };

/* The folder (of that size) of the process's group, and how much of it is the mount; false: this hierarchy does not
 * have the controller.  root: "" for this system; a test gives the folder that stands for "/". */
bool assay_cgroup_find(const char *root, bool v2, const char *controller, char *folder, size_t *mount);
/* The first line of a file in it. */
bool assay_cgroup_line(const char *folder, const char *file, char *text, size_t n);
#endif
