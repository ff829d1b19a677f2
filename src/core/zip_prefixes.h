#pragma once
// The three-digit ZIP prefixes under which few people live, which must be shown as 000.

#include <bitset>
#include <cstdint>

namespace phisync {

// Bit i: the ZIP codes that begin with the three digits of i are shown as 000.
using ZipPrefixes = std::bitset<1000>;

struct RestrictedZip {
  std::int16_t census;
  std::int16_t zip3;
};

// 20,000 people or fewer: the 17 of the census of 2000, as the guidance of the Department of Health
// and Human Services on 45 CFR 164.514 lists them, and the 18 in common use for that of 2010. All
// of both are in force until phisync.zip3_restricted says otherwise: too many is the safe mistake.
inline constexpr RestrictedZip kRestrictedZips[] = {
    {2000, 36},  {2000, 59},  {2000, 63},  {2000, 102}, {2000, 203}, {2000, 556}, {2000, 692},
    {2000, 790}, {2000, 821}, {2000, 823}, {2000, 830}, {2000, 831}, {2000, 878}, {2000, 879},
    {2000, 884}, {2000, 890}, {2000, 893}, {2010, 36},  {2010, 59},  {2010, 102}, {2010, 202},
    {2010, 203}, {2010, 204}, {2010, 205}, {2010, 369}, {2010, 556}, {2010, 692}, {2010, 753},
    {2010, 772}, {2010, 821}, {2010, 823}, {2010, 878}, {2010, 879}, {2010, 884}, {2010, 893},
};

inline ZipPrefixes BuiltInRestrictedZips() {
  ZipPrefixes prefixes;
  for (const RestrictedZip& zip : kRestrictedZips) {
    prefixes.set(static_cast<std::size_t>(zip.zip3));
  }
  return prefixes;
}

}  // namespace phisync
