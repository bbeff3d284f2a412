/* SPDX-License-Identifier: MIT */
#include "sentence.h"
#include "../core/status.h"
#include "model_parts.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *st; /* --pooling; what is true in the settings of a Pooling module */
    int64_t gguf;          /* pooling_type; 0: none */
} poolings[ASSAY_POOLINGS] = {
    [ASSAY_POOL_MEAN] = { "mean", "pooling_mode_mean_tokens", 1 },
    [ASSAY_POOL_CLS] = { "cls", "pooling_mode_cls_token", 2 },
    [ASSAY_POOL_MAX] = { "max", "pooling_mode_max_tokens", 0 },
    [ASSAY_POOL_LAST] = { "last", "pooling_mode_lasttoken", 3 },
};

const char *assay_pooling_name(int pooling)
{
    return pooling >= 0 && pooling < ASSAY_POOLINGS ? poolings[pooling].name : NULL;
}

/* The settings of a Pooling module: one of its modes is true. */
static assay_status read_pooling(const assay_model *m, const char *folder, assay_sentence *out, assay_why *why)
{
    cJSON *j;
    const cJSON *x;
    int found = 0;
    assay_status s = assay_model_beside(m, folder, "config.json", &j, why);
    if (!s && !cJSON_IsObject(j))
        s = assay_fail(why, ASSAY_ERR_FORMAT, "%s/%s/config.json: no settings of a pooling", m->folder, folder);
    if (s)
        cJSON_Delete(j);
    if (s)
        return s;
    cJSON_ArrayForEach(x, j)
    {
        if (!cJSON_IsTrue(x) || strncmp(x->string, "pooling_mode", 12) != 0)
            continue;
        int k = 0;
        while (k < ASSAY_POOLINGS && strcmp(x->string, poolings[k].st))
            k++;
        if (k == ASSAY_POOLINGS || found++) {
            s = assay_fail(why, ASSAY_UNSUPPORTED, "%s/%s/config.json: %.60s %s (--pooling says another)", m->folder,
                           folder, x->string, found ? "beside another pooling is not known" : "is not known");
            break;
        }
        out->pooling = (assay_pooling)k;
    }
    if (!s && !found)
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s/%s/config.json: it names no pooling that is known (--pooling does)",
                       m->folder, folder);
    cJSON_Delete(j);
    return s;
}

/* One module of modules.json. */
static assay_status read_module(const assay_model *m, const cJSON *module, int asked, assay_sentence *out,
                                assay_why *why)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(module, "type"));
    const char *folder = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(module, "path"));
    if (!type || !folder || strchr(folder, '/') || *folder == '.' || strlen(folder) > 255)
        return assay_fail(why, ASSAY_ERR_FORMAT, "%s/modules.json: a module without a type and a folder of its own",
                          m->folder);
    const char *dot = strrchr(type, '.'), *name = dot ? dot + 1 : type;
    if (!strcmp(name, "Transformer"))
        return ASSAY_OK;
    if (!strcmp(name, "Normalize")) {
        out->normalize = true;
        return ASSAY_OK;
    }
    if (!strcmp(name, "Pooling"))
        return asked < 0 ? read_pooling(m, folder, out, why) : ASSAY_OK;
    return assay_fail(why, ASSAY_UNSUPPORTED,
                      "%s/modules.json: the module %.60s is not known; Transformer, Pooling and Normalize are",
                      m->folder, name);
}

static assay_status read_modules(const assay_model *m, int asked, assay_sentence *out, assay_why *why)
{
    cJSON *j;
    const cJSON *x;
    assay_status s = assay_model_beside(m, "", "modules.json", &j, why);
    if (j)
        out->normalize = false;
    cJSON_ArrayForEach(x, j) if (!s) s = read_module(m, x, asked, out, why);
    cJSON_Delete(j);
    return s;
}

/* How long a text may be, and what would be done with it before it is cut into tokens. */
static assay_status read_settings(const assay_model *m, assay_sentence *out, assay_why *why)
{
    cJSON *j;
    assay_status s = assay_model_beside(m, "", "sentence_bert_config.json", &j, why);
    const cJSON *longest = cJSON_GetObjectItemCaseSensitive(j, "max_seq_length");
    if (cJSON_IsNumber(longest) && longest->valuedouble >= 1 && longest->valuedouble < INT32_MAX)
        out->longest = (int64_t)longest->valuedouble;
    if (!s && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(j, "do_lower_case")))
        s = assay_fail(why, ASSAY_UNSUPPORTED, "%s/sentence_bert_config.json: do_lower_case, of texts, is not done",
                       m->folder);
    cJSON_Delete(j);
    if (s)
        return s;
    s = assay_model_beside(m, "", "config_sentence_transformers.json", &j, why);
    const char *prompt = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "default_prompt_name"));
    if (!s && prompt)
        s = assay_fail(why, ASSAY_UNSUPPORTED,
                       "%s/config_sentence_transformers.json: the prompt '%.40s' before every text is not done",
                       m->folder, prompt);
    cJSON_Delete(j);
    return s;
}

static assay_status read_gguf(assay_model *m, int asked, assay_sentence *out, assay_why *why)
{
    int64_t type = 0;
    const assay_status s = assay_model_int(m, "pooling_type", false, 0, 255, &type, why);
    if (s || type == 0 || asked >= 0)
        return s;
    for (int k = 0; k < ASSAY_POOLINGS; k++)
        if (poolings[k].gguf == type) {
            out->pooling = (assay_pooling)k;
            return ASSAY_OK;
        }
    return assay_fail(why, ASSAY_UNSUPPORTED,
                      "%s: pooling_type %" PRId64 " is not known; 1 (mean), 2 (cls) and 3 (last) are (--pooling says "
                      "another)",
                      m->label, type);
}

assay_status assay_sentence_read(assay_loaded *l, int asked, assay_sentence *out, assay_why *why)
{
    assay_model *m = &l->model;
    *out = (assay_sentence){ .pooling = asked < 0 ? ASSAY_POOL_MEAN : (assay_pooling)asked, .normalize = true };
    assay_status s = m->hf ? read_modules(m, asked, out, why) : read_gguf(m, asked, out, why);
    if (!s && m->hf)
        s = read_settings(m, out, why);
    if (l->graph.context && (!out->longest || out->longest > l->graph.context))
        out->longest = l->graph.context;
    return s;
}

void assay_sentence_pool(assay_pooling how, int64_t T, int64_t d, void (*row)(void *ctx, int64_t t, double *x),
                         void *ctx, double *y)
{
    double *x = assay_room((size_t)d, sizeof *x);
    const int64_t begin = how == ASSAY_POOL_LAST ? T - 1 : 0, end = how == ASSAY_POOL_CLS ? 1 : T;
    row(ctx, begin, y);
    for (int64_t t = begin + 1; t < end; t++) {
        row(ctx, t, x);
        for (int64_t i = 0; i < d; i++)
            y[i] = how == ASSAY_POOL_MEAN ? y[i] + x[i] : x[i] > y[i] || isnan(x[i]) ? x[i] : y[i];
    }
    for (int64_t i = 0; i < d && how == ASSAY_POOL_MEAN; i++)
        y[i] /= (double)T;
    free(x);
}

void assay_sentence_normalize(double *y, int64_t d)
{
    double square = 0;
    for (int64_t i = 0; i < d; i++)
        square += y[i] * y[i];
    const double length = fmax(sqrt(square), 1e-12);
    for (int64_t i = 0; i < d; i++)
        y[i] /= length;
}
