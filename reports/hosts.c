/* SPDX-License-Identifier: MIT
 * Results of assay bench that assay merge has joined: the page is of one kind of CPU, the first; its shards count as
 * one run, whose roofs are the best that any of them measured. */
#include "report.h"
#include <string.h>

static const char *model_of(const cJSON *bench, const cJSON *item)
{
    const cJSON *p;
    EACH (p, member(bench, "parts"))
        if (!strcmp(member_text(p, "digest", ""), member_text(item, "part", "?")))
            return member_text(p, "context.assay.cpu.model", "?");
    return "?";
}

/* The one before it that has its name. */
static cJSON *earlier(const cJSON *list, const cJSON *item)
{
    cJSON *o;
    EACH (o, list)
        if (o == item || !strcmp(member_text(o, "name", ""), member_text(item, "name", "?")))
            return o == item ? NULL : o;
    return NULL;
}

void hosts_choose(report *r)
{
    static const char *const lists[] = { "benchmarks", "pairs", "roofs", "not_measured" };
    const cJSON *p, *q, *parts = member(r->bench, "parts");
    const char *mine = member_text(r->bench, "context.assay.cpu.model", "?");
    EACH (p, parts) {
        q = parts->child;
        while (strcmp(member_text(q, "context.assay.cpu.model", "?"), member_text(p, "context.assay.cpu.model", "?")))
            q = q->next;
        r->hosts += q == p;
    }
    for (int i = 0; parts && i < 4; i++) {
        cJSON *list = cJSON_GetObjectItemCaseSensitive(r->bench, lists[i]), *item = list ? list->child : NULL;
        while (item) {
            cJSON *next = item->next, *first = i >= 2 ? earlier(list, item) : NULL;
            if (first && !strcmp(model_of(r->bench, item), mine) &&
                member_number(item, "value", 0) > member_number(first, "value", 0))
                cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(first, "value"), member_number(item, "value", 0));
            if (first || strcmp(model_of(r->bench, item), mine) != 0)
                cJSON_Delete(cJSON_DetachItemViaPointer(list, item));
            item = next;
        }
    }
}
