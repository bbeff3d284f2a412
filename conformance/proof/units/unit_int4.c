/* SPDX-License-Identifier: MIT
 * Weights of few bits in files: words of every layout, what they decode to, their product by the op, what the JSON
 * beside them may say; known
 * answers are of a program that shares no code with this one. */
#include "../../../reference/core/dtype.h"
#include "../../../reference/core/registry.h"
#include "../../../reference/quantize/checkpoint.h"
#include "assay/params/matmul_scaled.h"
#include "unit.h"
#include <math.h>
#include <string.h>

static uint32_t word(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- layouts ---- */

enum { ROOM = 1 << 16, PRODUCT_IN = 96, PRODUCT_OUT = 24 };
static unsigned char words[ROOM], zeros[ROOM], scales[ROOM];

static assay_packed packed(assay_packed_layout l, int bits, int64_t in, int64_t out, int64_t group)
{
    assay_why why = { "" };
    assay_packed p = { .layout = l, .bits = bits, .in = in, .out = out, .group = group, .scale_type = ASSAY_f16 };
    p.qweight = words, p.qzeros = zeros, p.scales = scales;
    ck_assert_msg(assay_packed_size(&p, "p", &why) == ASSAY_OK, "%s", why.text);
    ck_assert(4 * assay_packed_weight_words(&p) < ROOM && 4 * assay_packed_zero_words(&p) < ROOM &&
              2 * assay_packed_scale_count(&p) < ROOM);
    memset(words, 0, ROOM), memset(zeros, 0, ROOM), memset(scales, 0, ROOM);
    return p;
}

/* The eight codes of one word, all of one output or of one input, and the words they must be. */
static const struct {
    uint8_t code[8];
    uint32_t gemm, others;
} eight[] = { { { 0, 1, 2, 3, 4, 5, 6, 7 }, 0x75316420, 0x76543210 },
              { { 3, 8, 13, 2, 7, 12, 1, 6 }, 0x6c2817d3, 0x61c72d83 } };

START_TEST(known_words)
{
    const uint8_t zero[8] = { 8, 8, 8, 8, 8, 8, 8, 8 };
    const double scale[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    static const uint32_t stored[] = { 0x88888888, 0x8, 0x77777777, 0x88888888 };
    for (int l = 0; l <= ASSAY_PACKED_GPTQ_V2; l++)
        for (int i = 0; i < 2; i++) {
            const bool gemm = l == ASSAY_PACKED_GEMM;
            uint8_t code[64] = { 0 };
            const assay_packed p = packed((assay_packed_layout)l, 4, gemm ? 1 : 8, 8, 8 - 7 * gemm);
            memcpy(code, eight[i].code, 8); /* (out, in): of gemm one input of eight outputs */
            ck_assert_int_eq(assay_packed_encode(&p, code, zero, scale, "p", NULL), ASSAY_OK);
            ck_assert_uint_eq(word(words), gemm ? eight[i].gemm : eight[i].others);
            ck_assert_uint_eq(word(zeros), stored[l]);
        }
    const assay_packed p = packed(ASSAY_PACKED_GPTQ, 3, 32, 32, 32);
    uint8_t code[1024] = { 0 }, zero32[32];
    double scale32[32];
    for (int j = 0; j < 32; j++)
        code[j] = (uint8_t)((3 * j + 1) % 8), zero32[j] = 1, scale32[j] = 1;
    ck_assert_int_eq(assay_packed_encode(&p, code, zero32, scale32, "p", NULL), ASSAY_OK);
    static const uint32_t three[] = { 0xe1cc55e1, 0x55e1cc55, 0xcc55e1cc };
    for (int j = 0; j < 3; j++)
        ck_assert_uint_eq(word(words + (size_t)j * 32 * 4), three[j]);
}
END_TEST

/* Codes 0 .. 15 of a group with scale 2c01 (f16) and zero point 7. */
START_TEST(known_values)
{
    static const uint32_t want[16] = { 0xbee03800, 0xbec03000, 0xbea02800, 0xbe802000, 0xbe403000, 0xbe002000,
                                       0xbd802000, 0x00000000, 0x3d802000, 0x3e002000, 0x3e403000, 0x3e802000,
                                       0x3ea02800, 0x3ec03000, 0x3ee03800, 0x3f002000 };
    static const uint16_t half[16] = { 0xb702, 0xb602, 0xb501, 0xb401, 0xb202, 0xb001, 0xac01, 0x0000,
                                       0x2c01, 0x3001, 0x3202, 0x3401, 0x3501, 0x3602, 0x3702, 0x3801 };
    for (int l = 0; l <= ASSAY_PACKED_GPTQ_V2; l++) {
        uint8_t code[128] = { 0 }, zero[8];
        double scale[8], w[128];
        const assay_packed p = packed((assay_packed_layout)l, 4, 16, 8, 16);
        for (int i = 0; i < 16; i++)
            code[i] = (uint8_t)i;
        for (int i = 0; i < 8; i++)
            zero[i] = 7, scale[i] = assay_f16_to_f64(0x2c01);
        ck_assert_int_eq(assay_packed_encode(&p, code, zero, scale, "p", NULL), ASSAY_OK);
        assay_packed_decode(&p, w, 1);
        for (int i = 0; i < 16; i++) {
            const float f = (float)w[i];
            uint32_t bits;
            memcpy(&bits, &f, sizeof bits);
            ck_assert_uint_eq(bits, want[i]);
            ck_assert_uint_eq(assay_f16_from_f64(w[i]), half[i]);
        }
    }
}
END_TEST

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Every layout, width and some lengths: what is written is read back. */
START_TEST(round_trip)
{
    static const struct {
        int bits, in, out, group;
    } shape[] = { { 4, 64, 24, 32 }, { 4, 128, 8, 64 }, { 4, 256, 16, 128 }, { 4, 40, 8, 8 },
                  { 4, 8, 64, 8 },   { 2, 64, 32, 16 }, { 3, 96, 64, 32 },   { 8, 20, 4, 16 } };
    uint64_t state = 1;
    for (int l = 0; l <= ASSAY_PACKED_GPTQ_V2; l++)
        for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
            if (shape[i].bits != 4 && l < ASSAY_PACKED_GPTQ)
                continue;
            const assay_packed p =
                packed((assay_packed_layout)l, shape[i].bits, shape[i].in, shape[i].out, shape[i].group);
            static uint8_t code[ROOM], zero[ROOM];
            static double scale[ROOM];
            const int less = l == ASSAY_PACKED_GPTQ, all = 1 << p.bits;
            for (int64_t k = 0; k < p.in * p.out; k++)
                code[k] = (uint8_t)(draw(&state) % (uint64_t)all);
            for (int64_t k = 0; k < p.groups * p.out; k++) {
                zero[k] = (uint8_t)(draw(&state) % (uint64_t)(all - less) + (uint64_t)less);
                scale[k] = assay_f16_to_f64((uint16_t)(draw(&state) % 0x7c00));
            }
            ck_assert_int_eq(assay_packed_encode(&p, code, zero, scale, "p", NULL), ASSAY_OK);
            for (int64_t o = 0; o < p.out; o++) {
                for (int64_t k = 0; k < p.in; k++)
                    ck_assert_int_eq(assay_packed_code(&p, o, k), code[o * p.in + k]);
                for (int64_t g = 0; g < p.groups; g++) {
                    ck_assert_int_eq(assay_packed_zero(&p, o, g), zero[g * p.out + o]);
                    ck_assert_double_eq(assay_packed_scale(&p, o, g), scale[g * p.out + o]);
                }
            }
        }
}
END_TEST

/* The op's operands, as docs/quantize.md says that they are made of a packed layer: columns in the order of their
 * groups, codes two to a byte, zero points and scales by row. */
typedef struct layer {
    double x[PRODUCT_IN], w[PRODUCT_IN * PRODUCT_OUT], scale[PRODUCT_IN * PRODUCT_OUT], zero[PRODUCT_IN * PRODUCT_OUT];
    double y[PRODUCT_OUT];
} layer;

static void operands_of(const assay_packed *p, const double *x, layer *l)
{
    int64_t n = 0;
    for (int64_t g = 0; g < p->groups; g++)
        for (int64_t k = 0; k < p->in; k++)
            if (assay_packed_group(p, k) == g) {
                for (int64_t o = 0; o < p->out; o++)
                    l->w[o * p->in + n] = assay_packed_code(p, o, k);
                l->x[n++] = x[k];
            }
    for (int64_t o = 0; o < p->out; o++) {
        unsigned char bytes[PRODUCT_IN / 2];
        assay_dtype_of(ASSAY_u4)->encode(bytes, l->w + o * p->in, p->in);
        assay_dtype_of(ASSAY_u4)->decode(l->w + o * p->in, bytes, p->in);
        for (int64_t g = 0; g < p->groups; g++) {
            l->scale[o * p->groups + g] = assay_packed_scale(p, o, g);
            l->zero[o * p->groups + g] = assay_packed_zero(p, o, g);
        }
    }
}

/* matmul_scaled of these operands is the product with the weights that the file is decoded to, by any g_idx. */
START_TEST(product)
{
    uint64_t state = 7;
    for (int i = 0; i < 6; i++) { /* both of gptq's again, with an order of activations */
        const bool ordered = i > ASSAY_PACKED_GPTQ_V2;
        assay_packed p = packed((assay_packed_layout)(ordered ? i - 2 : i), 4, PRODUCT_IN, PRODUCT_OUT, 32);
        static uint8_t code[PRODUCT_IN * PRODUCT_OUT], zero[PRODUCT_IN * PRODUCT_OUT];
        static double scale[PRODUCT_IN * PRODUCT_OUT], x[PRODUCT_IN], w[PRODUCT_IN * PRODUCT_OUT];
        static layer l;
        int32_t g_idx[PRODUCT_IN];
        for (int k = 0; k < PRODUCT_IN; k++) {
            x[k] = (double)(draw(&state) % 2001) / 1000 - 1;
            g_idx[k] = 37 * k % PRODUCT_IN / 32;
        }
        for (int k = 0; k < PRODUCT_IN * PRODUCT_OUT; k++) {
            code[k] = (uint8_t)(draw(&state) % 16);
            zero[k] = (uint8_t)(1 + draw(&state) % 15);
            scale[k] = assay_f16_to_f64((uint16_t)(0x2000 + draw(&state) % 0x800));
        }
        ck_assert_int_eq(assay_packed_encode(&p, code, zero, scale, "p", NULL), ASSAY_OK);
        p.g_idx = ordered ? (const unsigned char *)(const void *)g_idx : NULL;
        assay_packed_decode(&p, w, 1);
        operands_of(&p, x, &l);
        assay_op_find("matmul_scaled")
            ->oracle(&(assay_dense){ .operand = (void *[]){ l.x, l.w, l.scale, l.zero, NULL, l.y },
                                     .dim = (int64_t[]){ 1, p.out, p.in, p.out, p.groups },
                                     .params = &(assay_matmul_scaled_params){ .rows = 1, .group = p.group } });
        for (int64_t o = 0; o < p.out; o++) {
            double want = 0, size = 0;
            for (int64_t k = 0; k < p.in; k++)
                want += x[k] * w[o * p.in + k], size += fabs(x[k] * w[o * p.in + k]);
            ck_assert_double_le(fabs(l.y[o] - want), 0x1p-44 * size);
        }
    }
}
END_TEST

/* A stored field of f is the zero point 16 in gptq; 0 has no form there. */
START_TEST(zero_of_nothing)
{
    const uint8_t code[64] = { 0 }, zero[8] = { 1, 1, 1, 0, 1, 1, 1, 1 };
    const double scale[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    assay_why why = { "" };
    const assay_packed p = packed(ASSAY_PACKED_GPTQ, 4, 8, 8, 8);
    ck_assert_int_ne(assay_packed_encode(&p, code, zero, scale, "p", &why), ASSAY_OK);
    ck_assert_msg(strstr(why.text, "group 0, output 3 is 0") != NULL, "%s", why.text);
    memset(zeros, 0xff, 4);
    ck_assert_int_eq(assay_packed_zero(&p, 7, 0), 16);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        assay_packed_layout l;
        int bits, in, out, group;
        const char *says;
    } bad[] = {
        { ASSAY_PACKED_GEMM, 4, 128, 12, 128, "12 outputs of 4 bits" },
        { ASSAY_PACKED_GEMM, 3, 128, 32, 128, "awq has 4" },
        { ASSAY_PACKED_GEMM, 4, 130, 8, 128, "no whole groups" },
        { ASSAY_PACKED_GEMV, 4, 12, 4, 4, "12 inputs" },
        { ASSAY_PACKED_GPTQ, 3, 32, 8, 32, "8 outputs of 3 bits" },
        { ASSAY_PACKED_GPTQ, 5, 32, 32, 32, "5 bits" },
        { ASSAY_PACKED_GPTQ, 4, 0, 8, 32, "0 inputs" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assay_why why = { "" };
        assay_packed p = { .layout = bad[i].l, .bits = bad[i].bits, .in = bad[i].in, .out = bad[i].out };
        p.group = bad[i].group;
        ck_assert_int_ne(assay_packed_size(&p, "p", &why), ASSAY_OK);
        ck_assert_msg(strstr(why.text, bad[i].says) != NULL, "'%s' does not say '%s'", why.text, bad[i].says);
    }
}
END_TEST

/* ---- what the JSON beside a model says ---- */

static const struct {
    const char *text, *says; /* NULL: taken */
    assay_packed_layout layout;
    int bits, group;
    bool found;
} config[] = {
    { "{\"bits\":4,\"group_size\":128,\"desc_act\":true,\"sym\":false}", NULL, ASSAY_PACKED_GPTQ, 4, 128, true },
    { "{\"bits\":3,\"group_size\":-1,\"checkpoint_format\":\"gptq_v2\",\"dynamic\":{}}", NULL, ASSAY_PACKED_GPTQ_V2, 3,
      -1, true },
    { "{\"w_bit\":4,\"q_group_size\":64,\"version\":\"GEMV\",\"zero_point\":true}", NULL, ASSAY_PACKED_GEMV, 4, 64,
      true },
    { "{\"model_type\":\"llama\",\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32}}",
      NULL, ASSAY_PACKED_GEMM, 4, 32, true },
    { "{\"model_type\":\"llama\"}", NULL, ASSAY_PACKED_GEMM, 0, 0, false },
    { "[4]", "no JSON object", 0, 0, 0, false },
    { "{\"bits\":4", "no JSON object", 0, 0, 0, false },
    { "{\"bits\":4}", "it says no group_size", 0, 0, 0, false },
    { "{\"bits\":4.5,\"group_size\":128}", "bits is 4.5", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":0}", "group_size is 0", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":-2}", "group_size is -2", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":128,\"sym\":1}", "'sym' is neither true nor false", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":128,\"quant_method\":\"bitsandbytes\"}", "quant_method is 'bitsandbytes'", 0, 0, 0,
      false },
    { "{\"bits\":4,\"group_size\":128,\"checkpoint_format\":\"marlin\"}", "checkpoint_format is 'marlin'", 0, 0, 0,
      false },
    { "{\"bits\":4,\"group_size\":128,\"is_marlin_format\":true}", "is_marlin_format is 'true'", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":128,\"version\":\"gemv_fast\"}", "version is 'gemv_fast'", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":128,\"version\":\"gemm\",\"backend\":\"llm-awq\"}", "backend is 'llm-awq'", 0, 0, 0,
      false },
    { "{\"bits\":4,\"group_size\":128,\"pack_dtype\":\"int8\"}", "pack_dtype is 'int8'", 0, 0, 0, false },
    { "{\"bits\":4,\"group_size\":128,\"dynamic\":{\"+:.*\":{\"bits\":8}}}", "'dynamic' gives some layers", 0, 0, 0,
      false },
};

START_TEST(configs)
{
    assay_packed_config c;
    assay_why why = { "" };
    const assay_status s = assay_packed_config_parse(config[_i].text, strlen(config[_i].text), "c", &c, &why);
    if (config[_i].says) {
        ck_assert_int_ne(s, ASSAY_OK);
        ck_assert_msg(strstr(why.text, config[_i].says) != NULL, "'%s' does not say '%s'", why.text, config[_i].says);
        return;
    }
    ck_assert_msg(s == ASSAY_OK, "%s", why.text);
    ck_assert_int_eq(c.found, config[_i].found);
    ck_assert_int_eq(c.bits, config[_i].bits);
    ck_assert_int_eq(c.group, config[_i].group);
    ck_assert(!c.found || c.layout == config[_i].layout);
}
END_TEST

Suite *assay_unit_int4(void)
{
    Suite *s = suite_create("int4");
    TCase *c = tcase_create("int4");
    tcase_set_tags(c, "matmul_scaled quantize");
    tcase_add_test(c, known_words);
    tcase_add_test(c, known_values);
    tcase_add_test(c, round_trip);
    tcase_add_test(c, product);
    tcase_add_test(c, zero_of_nothing);
    tcase_add_test(c, sizes);
    tcase_add_loop_test(c, configs, 0, sizeof config / sizeof *config);
    suite_add_tcase(s, c);
    return s;
}
