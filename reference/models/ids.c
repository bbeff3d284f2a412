/* SPDX-License-Identifier: MIT */
#include "ids.h"
#include "../core/status.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

assay_status assay_ids_parse(const char *text, int32_t limit, int32_t **ids, size_t *n, assay_why *why)
{
    static const char between[] = ", \t\r\n";
    int32_t *list = malloc((strlen(text) / 2 + 1) * sizeof *list);
    size_t k = 0;
    if (!list)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for ids");
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        char *end = NULL;
        errno = 0;
        const long long id = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : -1;
        if (!end || errno || id >= limit || (*end && !strchr(between, *end))) {
            assay_fail(why, ASSAY_ERR_ARG, "'%.30s' is no token id (0 to %d, with commas or blanks between)", text,
                       limit - 1);
            free(list);
            return ASSAY_ERR_ARG;
        }
        list[k++] = (int32_t)id;
        text = end;
    }
    *ids = list;
    *n = k;
    return ASSAY_OK;
}

assay_status assay_read_all(FILE *f, char **text, size_t *n, assay_why *why)
{
    size_t room = 65536, k = 0;
    char *buffer = malloc(room);
    while (buffer && (k += fread(buffer + k, 1, room - k, f)) == room) {
        char *more = realloc(buffer, room *= 2);
        if (!more)
            free(buffer);
        buffer = more;
    }
    if (!buffer)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for %zu bytes of input", room);
    if (ferror(f)) {
        free(buffer);
        return assay_fail(why, ASSAY_ERR_IO, "cannot read the input: %s", strerror(errno));
    }
    *text = buffer;
    *n = k;
    return ASSAY_OK;
}
