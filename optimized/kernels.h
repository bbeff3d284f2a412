/* SPDX-License-Identifier: MIT
 * kernels.h - kernels.def for C, once per kernel and tier: the including file defines KERNEL_TIER(dir, tier, stem).
 * A list of tiers is taken apart from its front: HEAD_##tiers (assay_build.h) is the first one, a comma and the rest;
 * of an empty list it is "none".  No guard: it is included once per use. */
#define KERNEL(dir, tiers, stem) TIER_1(dir, stem, HEAD_##tiers)
#define TIER_1(...)              TIER_1_(__VA_ARGS__)
#define TIER_2(...)              TIER_2_(__VA_ARGS__)
#define TIER_3(...)              TIER_3_(__VA_ARGS__)
#define TIER_4(...)              TIER_4_(__VA_ARGS__)
#define TIER_5(...)              TIER_5_(__VA_ARGS__)

#define TIER_1_(dir, stem, tier, rest) KERNEL_TIER(dir, tier, stem) TIER_2(dir, stem, HEAD_##rest)
#define TIER_2_(dir, stem, tier, rest) KERNEL_TIER(dir, tier, stem) TIER_3(dir, stem, HEAD_##rest)
#define TIER_3_(dir, stem, tier, rest) KERNEL_TIER(dir, tier, stem) TIER_4(dir, stem, HEAD_##rest)
#define TIER_4_(dir, stem, tier, rest) KERNEL_TIER(dir, tier, stem) TIER_5(dir, stem, HEAD_##rest)
#define TIER_5_(dir, stem, tier, rest) KERNEL_TIER(dir, tier, stem) MORE_THAN_FIVE_TIERS_##rest
#define MORE_THAN_FIVE_TIERS_
#include "kernels.def"
#undef KERNEL_TIER
