/* SPDX-License-Identifier: MIT
 * tiers.h - a list of tiers in a line of kernels.def or primitives.def, for C: EACH_TIER(f, avx2 neon, a, b) is
 * f(avx2, a, b) f(neon, a, b).  Whoever uses it includes assay_build.h: HEAD_##list is the list's first word, a comma
 * and the rest; of an empty list it is "none". */
#ifndef ASSAY_TIERS_H
#define ASSAY_TIERS_H

#define EACH_TIER(f, tiers, a, b) TIER_1(f, a, b, HEAD_##tiers)
#define TIER_1(...)               TIER_1_(__VA_ARGS__)
#define TIER_2(...)               TIER_2_(__VA_ARGS__)
#define TIER_3(...)               TIER_3_(__VA_ARGS__)
#define TIER_4(...)               TIER_4_(__VA_ARGS__)
#define TIER_5(...)               TIER_5_(__VA_ARGS__)

#define TIER_1_(f, a, b, tier, rest) f(tier, a, b) TIER_2(f, a, b, HEAD_##rest)
#define TIER_2_(f, a, b, tier, rest) f(tier, a, b) TIER_3(f, a, b, HEAD_##rest)
#define TIER_3_(f, a, b, tier, rest) f(tier, a, b) TIER_4(f, a, b, HEAD_##rest)
#define TIER_4_(f, a, b, tier, rest) f(tier, a, b) TIER_5(f, a, b, HEAD_##rest)
#define TIER_5_(f, a, b, tier, rest) f(tier, a, b) MORE_THAN_FIVE_TIERS_##rest
#define MORE_THAN_FIVE_TIERS_
#endif
