/* SPDX-License-Identifier: MIT */
#include "machine_name.h"
#include "../../reference/core/registry.h"
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* The value of the first line of /proc/cpuinfo that starts with key. */
static bool cpuinfo(const char *key, char *value, size_t n)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "r");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        const size_t k = strlen(key);
        if (strncmp(line, key, k) != 0 || !strchr(line, ':'))
            continue;
        const char *v = strchr(line, ':') + 1;
        v += strspn(v, " \t");
        snprintf(value, n, "%.*s", (int)strcspn(v, "\n"), v);
        found = true;
    }
    if (f)
        fclose(f);
    return found;
}

static void name_of(char *text, size_t n)
{
    char a[128];
#if defined(__x86_64__)
    /* CPUID leaves 0x80000002 to 4, Intel SDM vol. 2A and AMD APM vol. 3: under an emulator the emulated CPU's. */
    unsigned brand[13] = { 0 }, max = __get_cpuid_max(0x80000000u, NULL);
    for (unsigned i = 0; max >= 0x80000004u && i < 3; i++)
        __cpuid(0x80000002u + i, brand[4 * i], brand[4 * i + 1], brand[4 * i + 2], brand[4 * i + 3]);
    const char *s = (const char *)brand;
    snprintf(text, n, "%s", s + strspn(s, " "));
    for (size_t end = strlen(text); end && text[end - 1] == ' ';)
        text[--end] = 0;
    if (!*text && cpuinfo("model name", a, sizeof a))
        snprintf(text, n, "%s", a);
#else
    char b[64];
    /* Arm's kernels write implementer and part; a model name there is of the machine that emulates. */
    if (cpuinfo("model name", a, sizeof a) && cpuinfo("vendor_id", b, sizeof b))
        snprintf(text, n, "qemu-user on %s", a);
    else if (cpuinfo("CPU implementer", a, sizeof a) && cpuinfo("CPU part", b, sizeof b))
        snprintf(text, n, "implementer %s, part %s", a, b);
    else if (cpuinfo("model name", a, sizeof a))
        snprintf(text, n, "%s", a);
#endif
    if (!*text)
        snprintf(text, n, "unknown");
}

const char *assay_machine_name(void)
{
    static char text[256];
    if (!*text)
        name_of(text, sizeof text);
    return text;
}

const char *assay_machine_features(void)
{
    static char text[512];
    size_t at = 0;
    text[0] = 0;
    for (unsigned bit = 0; bit < ASSAY_CPU_END; bit++)
        if (assay_cpu() >> bit & 1)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "", assay_cpu_feature(bit));
    return text;
}
