/* SPDX-License-Identifier: MIT
 * Templates are programs (Jinja).  Those that are known are known by a hash of their text, and what they write for one
 * turn of a user is a row of data, held to Jinja by vectors/independent/chat.py. */
#include "chat_form.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define CHATML_USER        "<|im_start|>user\n%u<|im_end|>\n<|im_start|>assistant\n"
#define CHATML             "<|im_start|>system\n%s<|im_end|>\n" CHATML_USER
#define LLAMA3(role, said) "<|start_header_id|>" role "<|end_header_id|>\n\n" said "<|eot_id|>"
#define LLAMA3_USER        LLAMA3("user", "%U") "<|start_header_id|>assistant<|end_header_id|>\n\n"
#define LLAMA31(said)                                                                                                  \
    "%b" LLAMA3("system", "Cutting Knowledge Date: December 2023\nToday Date: %d\n\n" said) LLAMA3_USER
#define GEMMA               "<start_of_turn>user\n%U<end_of_turn>\n<start_of_turn>model\n"
#define PHI3(role, said)    "<|" role "|>\n" said "<|end|>\n"
#define PHI3_USER           PHI3("user", "%u") "<|assistant|>\n"
#define PHI4(role, said)    "<|im_start|>" role "<|im_sep|>" said "<|im_end|>"
#define PHI4_USER           PHI4("user", "%u") "<|im_start|>assistant<|im_sep|>"
#define GLM(role, said)     "<|" role "|>\n" said
#define ZEPHYR(role, said)  "<|" role "|>\n" said "%e\n"
#define BAR                 "\uFF5C"
#define DEEPSEEK(behind)    "<" BAR "User" BAR ">%u<" BAR "Assistant" BAR ">" behind
#define GRANITE(role, said) "<|start_of_role|>" role "<|end_of_role|>" said "<|end_of_text|>\n"
#define GRANITE_USER        GRANITE("user", "%u") "<|start_of_role|>assistant<|end_of_role|>"

enum form {
    FORM_CHATML,
    FORM_CHATML_BOS,
    FORM_CHATML_BOS_NONE,
    FORM_CHATML_THINK,
    FORM_LLAMA3,
    FORM_LLAMA31,
    FORM_GEMMA,
    FORM_GEMMA2,
    FORM_MISTRAL1,
    FORM_MISTRAL1_SYSTEM,
    FORM_MISTRAL3,
    FORM_TEKKEN,
    FORM_MISTRAL7,
    FORM_MISTRAL_OWN,
    FORM_ZEPHYR,
    FORM_PHI3_MINI,
    FORM_PHI3_MEDIUM,
    FORM_PHI3_SMALL,
    FORM_PHI3,
    FORM_PHI35,
    FORM_PHI4,
    FORM_GLM3,
    FORM_GLM4,
    FORM_GLM46,
    FORM_GLM_EDGE,
    FORM_DEEPSEEK2,
    FORM_R1,
    FORM_GRANITE,
    FORM_GRANITE4
};

static const assay_chat_form forms[] = {
    [FORM_CHATML] = { "ChatML", CHATML, CHATML_USER, "<|im_start|> <|im_end|>" },
    [FORM_CHATML_BOS] = { "ChatML behind bos", "%b" CHATML, "%b" CHATML_USER, "<|im_start|> <|im_end|>" },
    [FORM_CHATML_BOS_NONE] = { "ChatML behind bos", "%b" CHATML, "%b" CHATML_USER, "<|im_start|> <|im_end|>",
                               .empty_is_none = true },
    [FORM_CHATML_THINK] = { "Qwen3.5's",
                            "<|im_start|>system\n%S<|im_end|>\n<|im_start|>user\n%U<|im_end|>\n"
                            "<|im_start|>assistant\n<think>\n",
                            "<|im_start|>user\n%U<|im_end|>\n<|im_start|>assistant\n<think>\n",
                            "<|im_start|> <|im_end|>" },
    [FORM_LLAMA3] = { "Llama 3's", "%b" LLAMA3("system", "%S") LLAMA3_USER, "%b" LLAMA3_USER,
                      "<|start_header_id|> <|end_header_id|> <|eot_id|>" },
    [FORM_LLAMA31] = { "Llama 3.1's", LLAMA31("%S"), LLAMA31(""), "<|start_header_id|> <|end_header_id|> <|eot_id|>",
                       "26 Jul 2024" },
    [FORM_GEMMA] = { "Gemma's", NULL, GEMMA, "<start_of_turn> <end_of_turn>" },
    [FORM_GEMMA2] = { "Gemma 2's", NULL, "%b" GEMMA, "<start_of_turn> <end_of_turn>" },
    [FORM_MISTRAL1] = { "Mistral's first", NULL, "%b[INST] %u [/INST]", "" },
    [FORM_MISTRAL1_SYSTEM] = { "Mistral's v1", "%b [INST] %s\n\n%u [/INST]", "%b [INST] %u [/INST]", "" },
    [FORM_MISTRAL3] = { "Mistral's v3", "%b[INST] %s\n\n%u[/INST]", "%b[INST] %u[/INST]", "[INST] [/INST]" },
    [FORM_TEKKEN] = { "Mistral's v3 of tekken", "%b[INST]%s\n\n%u[/INST]", "%b[INST]%u[/INST]", "[INST] [/INST]" },
    [FORM_MISTRAL7] = { "Mistral's v7", "%b[SYSTEM_PROMPT] %s[/SYSTEM_PROMPT][INST] %u[/INST]", "%b[INST] %u[/INST]",
                        "[INST] [/INST] [SYSTEM_PROMPT] [/SYSTEM_PROMPT]" },
    [FORM_MISTRAL_OWN] = { "Mistral's with a system's text of its own",
                           "%b[SYSTEM_PROMPT]%s[/SYSTEM_PROMPT][INST]%u[/INST]", NULL,
                           "[INST] [/INST] [SYSTEM_PROMPT] [/SYSTEM_PROMPT]" },
    [FORM_ZEPHYR] = { "Zephyr's", ZEPHYR("system", "%s") ZEPHYR("user", "%u") "<|assistant|>\n",
                      ZEPHYR("user", "%u") "<|assistant|>\n", "" },
    [FORM_PHI3_MINI] = { "Phi-3-mini's first", NULL, "%b" PHI3_USER, "<|user|> <|end|> <|assistant|>" },
    [FORM_PHI3_MEDIUM] = { "Phi-3-medium's", NULL, PHI3_USER, "<|user|> <|end|> <|assistant|>" },
    [FORM_PHI3_SMALL] = { "Phi-3-small's", "%b" PHI3("system", "%s") PHI3_USER, "%b" PHI3_USER,
                          "<|user|> <|end|> <|assistant|>" },
    [FORM_PHI3] = { "Phi-3's", PHI3("system", "%s") PHI3_USER, PHI3_USER, "<|user|> <|end|> <|assistant|>" },
    [FORM_PHI35] = { "Phi-3.5's", PHI3("system", "%s") PHI3_USER, PHI3_USER, "<|user|> <|end|> <|assistant|>",
                     .empty_is_none = true },
    [FORM_PHI4] = { "Phi-4's", PHI4("system", "%s") PHI4_USER, PHI4_USER, "<|im_start|> <|im_sep|> <|im_end|>" },
    [FORM_GLM3] = { "ChatGLM3's", "[gMASK]sop<|system|>\n %s<|user|>\n %u<|assistant|>",
                    "[gMASK]sop<|user|>\n %u<|assistant|>", "<|user|> <|assistant|>" },
    [FORM_GLM4] = { "GLM-4's", "[gMASK]<sop>" GLM("system", "%s") GLM("user", "%u") "<|assistant|>\n",
                    "[gMASK]<sop>" GLM("user", "%u") "<|assistant|>\n", "[gMASK] <sop> <|user|> <|assistant|>",
                    .empty_is_none = true },
    [FORM_GLM46] = { "GLM-4.6's", "[gMASK]<sop>" GLM("system", "%s") GLM("user", "%u") "<|assistant|>",
                     "[gMASK]<sop>" GLM("user", "%u") "<|assistant|>", "[gMASK] <sop> <|user|> <|assistant|>" },
    [FORM_GLM_EDGE] = { "GLM-Edge's", GLM("system", "%s") GLM("user", "%u") "<|assistant|>",
                        GLM("user", "%u") "<|assistant|>", "<|user|> <|assistant|>" },
    [FORM_DEEPSEEK2] = { "DeepSeek's first and V2's",
                         "%b%s\n\nUser: %u\n\nAssistant:", "%bUser: %u\n\nAssistant:", "" },
    [FORM_R1] = { "DeepSeek-R1's", "%b%s" DEEPSEEK("<think>\n"), "%b" DEEPSEEK("<think>\n"),
                  "<" BAR "User" BAR "> <" BAR "Assistant" BAR ">" },
    [FORM_GRANITE] = { "Granite's", GRANITE("system", "%s") GRANITE_USER, GRANITE_USER,
                       "<|start_of_role|> <|end_of_role|> <|end_of_text|>" },
    [FORM_GRANITE4] = { "Granite 4's", GRANITE("system", "%s") GRANITE_USER, GRANITE_USER,
                        "<|start_of_role|> <|end_of_role|> <|end_of_text|>", .empty_is_none = true },
};

static const struct {
    uint64_t hash;
    enum form form;
} known[] = {
    { 0x0d6850922b3e41b2, FORM_CHATML }, /* SmolLM2, Qwen2: with a system's text */
    { 0xa04f41d813a07b13, FORM_CHATML }, /* without */
    { 0x9799ad6e2dea0594, FORM_LLAMA3 },
    { 0xb97891b7adc1beb8, FORM_LLAMA3 },          /* which always begins an answer */
    { 0xda206a9e46a4ac01, FORM_CHATML },          /* Dolphin 2.5 */
    { 0x5a33498785c53d45, FORM_CHATML },          /* Qwen3 */
    { 0x5d8fcf357eb372db, FORM_CHATML },          /* Qwen3-Coder */
    { 0x8290f68bff42d15c, FORM_CHATML },          /* Qwen1.5 */
    { 0x4f23568344e21686, FORM_CHATML },          /* Qwen2.5 */
    { 0x4182bd7d89e6e020, FORM_CHATML },          /* MiMo-VL */
    { 0x3907c0c56d05a68f, FORM_CHATML_BOS },      /* HuggingFaceH4 zephyr 7b gemma v0 1 */
    { 0x65728f60e9041359, FORM_CHATML_BOS_NONE }, /* Bielik-11B-v3.0-Instruct */
    { 0x01e17a7c0e54351b, FORM_CHATML_BOS_NONE }, /* LFM2-8B-A1B */
    { 0xa84a563dca4da295, FORM_CHATML_BOS_NONE }, /* LFM2.5-Instruct */
    { 0xa69ea3477483e007, FORM_CHATML_THINK },    /* Qwen3.5-4B */
    { 0xda8ae4616203881a, FORM_LLAMA31 },         /* meta-llama-Llama-3.1-8B-Instruct */
    { 0xba28f0d41aa45594, FORM_LLAMA31 },         /* meta-llama-Llama-3.2-3B-Instruct */
    { 0xfdd35ed9cae1163e, FORM_GEMMA },           /* google gemma 7b it */
    { 0x2c2e86beabccd2a4, FORM_GEMMA2 },          /* google-gemma-2-2b-it */
    { 0xa5d004210ebce758, FORM_MISTRAL1 },        /* mistralai Mistral 7B Instruct v0 2 without a */
    { 0xb7f52373b11c60d7, FORM_MISTRAL1 },        /* TheBloke Mistral 7B Instruct v0 1 GPTQ */
    { 0xfa42ef759a4066ef, FORM_MISTRAL1_SYSTEM }, /* mistralai Mistral 7B Instruct v0 2 mistralai */
    { 0xda83cc145815d4a5, FORM_MISTRAL3 },        /* Mistral Large Instruct 2407 mistralai v3 tem */
    { 0xa5438a4278f4c2ee, FORM_TEKKEN },          /* mistralai-Mistral-Nemo-Instruct-2407 */
    { 0xff84f76a5a88e3d1, FORM_TEKKEN },          /* mistralai Mistral Nemo Instruct 2407 */
    { 0x11381d1c62000f60, FORM_MISTRAL7 },        /* mistralai Mistral Large Instruct 2411 mistra */
    { 0xb5670a888f6a72ec, FORM_MISTRAL_OWN },     /* Mistral-Small-3.2-24B-Instruct-2506 */
    { 0xe27db16608f499c3, FORM_MISTRAL_OWN },     /* mistralai-Ministral-3-14B-Reasoning-2512 */
    { 0x717fee4c8f3942f4, FORM_MISTRAL_OWN },     /* unsloth-mistral-Devstral-Small-2507 */
    { 0x1db34e9fc60441d8, FORM_ZEPHYR },          /* Zephyr 7B beta */
    { 0x551cbfd01fcc4680, FORM_PHI3_MINI },       /* Phi 3 mini */
    { 0x874eeb59684ce46e, FORM_PHI3_MEDIUM },     /* Phi 3 medium */
    { 0x0b89d0be2a99c9d6, FORM_PHI3_SMALL },      /* Phi 3 small */
    { 0xa7a03066f0ed13e9, FORM_PHI3 },            /* Phi 3 vision */
    { 0xcd8aff863abd4554, FORM_PHI35 },           /* microsoft-Phi-3.5-mini-instruct */
    { 0xbc5711ad3f99d670, FORM_PHI4 },            /* phi 4 */
    { 0x8b48f981eb04dc64, FORM_GLM3 },            /* ChatGLM3 */
    { 0x7e9785af36558ee3, FORM_GLM4 },            /* ChatGLM4 */
    { 0x38597819c6416276, FORM_GLM46 },           /* GLM-4.6 */
    { 0x5acce4a74cba31ca, FORM_GLM_EDGE },        /* GLMEdge */
    { 0xf64ecff9c8ef587d, FORM_DEEPSEEK2 },       /* DeepSeek V2 */
    { 0x8e853ad80bfb01dc, FORM_R1 },              /* deepseek-ai-DeepSeek-R1-Distill-Llama-8B */
    { 0xad20145afdf4bf61, FORM_GRANITE },         /* ibm granite granite 3 0 8b instruct */
    { 0xad4e67372f90fef5, FORM_GRANITE4 },        /* ibm-granite-granite-4.1 */
};

static const assay_chat_form *find(const char *text)
{
    const uint64_t hash = XXH3_64bits(text, strlen(text));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].hash == hash)
            return &forms[known[i].form];
    return NULL;
}

/* What ChatML's templates say as the system stands between its tokens; it goes behind the template's rest. */
static assay_span cut_system(char *text)
{
    static const char before[] = "'<|im_start|>system\n";
    char *at = text;
    while ((at = strstr(at, before)) && at[sizeof before - 1] == '\'')
        at++; /* what others say comes */
    char *end = at ? strstr(at, "<|im_end|>") : NULL;
    if (!end)
        return (assay_span){ 0 };
    at += sizeof before - 1;
    const size_t n = (size_t)(end - at), rest = strlen(end);
    char *said = malloc(n + 1);
    if (!said)
        return (assay_span){ 0 };
    memcpy(said, at, n);
    memmove(at, end, rest + 1);
    memcpy(at + rest + 1, said, n);
    free(said);
    return (assay_span){ at + rest + 1, n };
}

const assay_chat_form *assay_chat_find(char *text, assay_span *system)
{
    size_t n = strlen(text);
    while (n && strchr(" \n\r\t", text[n - 1])) /* files have line ends behind */
        text[--n] = 0;
    *system = (assay_span){ 0 };
    const assay_chat_form *form = find(text);
    if (form)
        return form;
    *system = cut_system(text);
    return system->at ? find(text) : NULL;
}
