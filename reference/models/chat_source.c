/* SPDX-License-Identifier: MIT
 * Where a model's chat template stands: a key of a GGUF file; of a folder chat_template.jinja, else a member of
 * tokenizer_config.json, as Hugging Face's transformers look for it. */
#include "chat.h"
#include "../core/status.h"
#include "model_parts.h"
#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static assay_status copy(const char *at, size_t n, char **text, assay_why *why)
{
    *text = malloc(n + 1);
    if (!*text)
        return assay_fail(why, ASSAY_ERR_NOMEM, "no memory for a chat template of %zu bytes", n);
    for (size_t i = 0; i < n; i++)
        (*text)[i] = at[i] ? at[i] : ' '; /* no template that is known has one */
    (*text)[n] = 0;
    return ASSAY_OK;
}

static assay_status of_gguf(const assay_gguf *g, char **text, assay_why *why)
{
    assay_span source = { 0 };
    const assay_status s = assay_gguf_text(g, "tokenizer.chat_template", true, &source, why);
    return s ? s : copy(source.at, source.n, text, why);
}

/* chat_template: a text, or a list of { name, template }, of which the one named default counts. */
static assay_status of_config(const char *path, char **text, assay_why *why)
{
    char *bytes = NULL;
    assay_status s = assay_model_slurp(path, &bytes, why);
    if (s)
        return s;
    cJSON *root = cJSON_Parse(bytes);
    const cJSON *t = cJSON_GetObjectItemCaseSensitive(root, "chat_template"), *x, *named = NULL;
    if (cJSON_IsArray(t))
        cJSON_ArrayForEach(x, t)
        {
            const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(x, "name"));
            if (!named && name && !strcmp(name, "default"))
                named = cJSON_GetObjectItemCaseSensitive(x, "template");
        }
    const char *found = cJSON_GetStringValue(cJSON_IsArray(t) ? named : t);
    if (!root)
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: it is no JSON", path);
    else if (found)
        s = copy(found, strlen(found), text, why);
    else
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s: %s", path,
                       !t || cJSON_IsNull(t) ? "it has no chat_template: give text without --chat"
                       : cJSON_IsArray(t)    ? "its chat_template is a list with none named default"
                                             : "its chat_template is neither a text nor a list");
    cJSON_Delete(root);
    free(bytes);
    return s;
}

static assay_status of_folder(const char *folder, int n, char **text, assay_why *why)
{
    char jinja[PATH_MAX], config[PATH_MAX];
    *text = NULL;
    if (snprintf(jinja, sizeof jinja, "%.*schat_template.jinja", n, folder) >= (int)sizeof jinja ||
        snprintf(config, sizeof config, "%.*stokenizer_config.json", n, folder) >= (int)sizeof config)
        return assay_fail(why, ASSAY_ERR_ARG, "the folder's path is longer than a path may be");
    if (!access(jinja, F_OK))
        return assay_model_slurp(jinja, text, why);
    if (!access(config, F_OK))
        return of_config(config, text, why);
    return assay_fail(why, ASSAY_ERR_IO,
                      "%.*s: neither chat_template.jinja nor tokenizer_config.json there: give text without --chat",
                      n > 1 ? n - 1 : n, folder);
}

assay_status assay_chat_template(const assay_model *m, char **text, assay_why *why)
{
    char folder[sizeof m->folder + 1];
    *text = NULL;
    if (!m->hf)
        return of_gguf(m->gguf, text, why);
    const int n = snprintf(folder, sizeof folder, "%s/", m->folder);
    return of_folder(folder, n, text, why);
}

assay_status assay_chat_template_beside(const char *path, char **text, assay_why *why)
{
    char begin[4] = "";
    FILE *f = fopen(path, "rb");
    const bool gguf = f && fread(begin, 1, sizeof begin, f) == sizeof begin && !memcmp(begin, "GGUF", sizeof begin);
    assay_gguf g;
    *text = NULL;
    if (f)
        fclose(f);
    if (!gguf) {
        const char *slash = strrchr(path, '/');
        return slash ? of_folder(path, (int)(slash - path) + 1, text, why) : of_folder("./", 2, text, why);
    }
    assay_status s = assay_gguf_open(path, &g, why);
    if (s)
        return s;
    s = of_gguf(&g, text, why);
    assay_gguf_close(&g);
    return s;
}
