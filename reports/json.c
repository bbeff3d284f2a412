/* SPDX-License-Identifier: MIT */
#include "../reference/core/plain.h"
#include "report.h"
#include <stdlib.h>
#include <string.h>

const cJSON *member(const cJSON *o, const char *path)
{
    char name[64];
    while (o && *path) {
        const size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        o = cJSON_GetObjectItemCaseSensitive(o, name);
        path += n + (path[n] == '.');
    }
    return o;
}

const char *member_text(const cJSON *o, const char *name, const char *otherwise)
{
    const cJSON *m = member(o, name);
    return cJSON_IsString(m) ? m->valuestring : otherwise;
}

double member_number(const cJSON *o, const char *name, double otherwise)
{
    const cJSON *m = member(o, name);
    return cJSON_IsNumber(m) ? m->valuedouble : otherwise;
}

double item_number(const cJSON *list, int i)
{
    const cJSON *n = cJSON_GetArrayItem(list, i);
    return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

bool row_is(const cJSON *o, const char *name, const char *value)
{
    return !strcmp(member_text(o, name, ""), value);
}

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Names and sentences may be a stranger's: what sets cells apart (page.c), and what terminals act on, is no part of
 * them. */
static void defuse(cJSON *o)
{
    for (; o; o = o->next) {
        for (char *c = cJSON_IsString(o) ? o->valuestring : NULL; c && *c; c++)
            *c = *c == '|' ? '/' : (unsigned char)*c < ' ' ? ' ' : *c;
        if (cJSON_IsString(o))
            assay_plain(o->valuestring);
        defuse(o->child);
    }
}

cJSON *json_load(const char *path, char *why, size_t n)
{
    FILE *f = fopen(path, "rb");
    char *text = NULL;
    size_t room = 0, have = 0;
    if (!f) {
        snprintf(why, n, "%s: cannot be opened", path);
        return NULL;
    }
    do {
        room = room ? 2 * room : 65536;
        char *more = realloc(text, room + 1);
        if (!more)
            break;
        text = more;
        have += fread(text + have, 1, room - have, f);
    } while (have == room && room < (size_t)1 << 28);
    fclose(f);
    if (!text)
        return NULL;
    text[have] = 0;
    cJSON *j = cJSON_ParseWithLength(text, have);
    if (!j) {
        const char *at = cJSON_GetErrorPtr();
        snprintf(why, n, "%s: is not JSON, wrong at byte %td", path,
                 at && at >= text && at <= text + have ? at - text : (ptrdiff_t)0);
        return free(text), (cJSON *)NULL;
    }
    const int schema = !strcmp(member_text(j, "kind", ""), "check") ? 2 : 1;
    if (!cJSON_IsObject(j) || member_number(j, "schema", 0) != schema) {
        snprintf(why, n, "%s: schema %g, this build reads %d", path, member_number(j, "schema", 0), schema);
        cJSON_Delete(j);
        j = NULL;
    }
    free(text);
    defuse(j);
    return j;
}
