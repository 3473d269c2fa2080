// Vectors of POSEWARP_VECTOR_BYTES bytes, loaded from and stored to every storage type.
//
// Written with the vector extensions of GCC and Clang, so that one source serves all instruction sets. Everything is
// static: see window.h.

#ifndef POSEWARP_CC_LIB_VECTORS_H_
#define POSEWARP_CC_LIB_VECTORS_H_

#include <stdint.h>
#include <string.h>

#include "custom_ops/cc/lib/sampler.h"

#define POSEWARP_INLINE static inline __attribute__((always_inline))

namespace posewarp {
namespace {

template <typename Real>
struct Lanes {
  static constexpr int kCount = POSEWARP_VECTOR_BYTES / sizeof(Real);
  typedef Real Vector __attribute__((vector_size(POSEWARP_VECTOR_BYTES)));
};

typedef Lanes<float>::Vector Floats;
typedef Lanes<double>::Vector Doubles;
typedef uint32_t Words __attribute__((vector_size(POSEWARP_VECTOR_BYTES)));
typedef uint16_t Halves __attribute__((vector_size(POSEWARP_VECTOR_BYTES / 2)));

template <typename To, typename From>
POSEWARP_INLINE To As(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits are copied");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

POSEWARP_INLINE Words Select(Words mask, Words yes, Words no) { return (mask & yes) | (~mask & no); }

POSEWARP_INLINE Words LoadWords(const void* from) {
  Halves halves;
  memcpy(&halves, from, sizeof halves);
  return __builtin_convertvector(halves, Words);
}

POSEWARP_INLINE Floats Load(const float* from) {
  Floats vector;
  memcpy(&vector, from, sizeof vector);
  return vector;
}

POSEWARP_INLINE Doubles Load(const double* from) {
  Doubles vector;
  memcpy(&vector, from, sizeof vector);
  return vector;
}

POSEWARP_INLINE Floats Load(const BFloat16* from) { return As<Floats>(LoadWords(from) << 16); }

// Denormal halves become normal floats by way of a subtraction, since denormal floats may be flushed to zero.
POSEWARP_INLINE Floats Load(const Half* from) {
  const Words bits = LoadWords(from), magnitude = bits & 0x7fff, sign = (bits & 0x8000) << 16;
  const Words normal = (magnitude << 13) + (112u << 23);
  const Words special = (magnitude << 13) | (255u << 23);
  // 0.5 with `magnitude` as its last bits is 0.5 + magnitude / 2^24.
  const Words denormal = As<Words>(As<Floats>(magnitude | (126u << 23)) - 0.5f);
  const Words is_denormal = As<Words>(magnitude < 0x400), is_special = As<Words>(magnitude >= 0x7c00);
  return As<Floats>(sign | Select(is_special, special, Select(is_denormal, denormal, normal)));
}

POSEWARP_INLINE void StoreWords(Words words, void* to) {
  const Halves halves = __builtin_convertvector(words, Halves);
  memcpy(to, &halves, sizeof halves);
}

POSEWARP_INLINE void Store(Floats vector, float* to) { memcpy(to, &vector, sizeof vector); }
POSEWARP_INLINE void Store(Doubles vector, double* to) { memcpy(to, &vector, sizeof vector); }

// To nearest, ties to even, here and below.
POSEWARP_INLINE void Store(Floats vector, BFloat16* to) {
  const Words bits = As<Words>(vector), is_nan = As<Words>(vector != vector);
  const Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  StoreWords(Select(is_nan, (bits >> 16) | 0x40, rounded), to);
}

POSEWARP_INLINE void Store(Floats vector, Half* to) {
  const Words bits = As<Words>(vector), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  const Words normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  // Adding 0.5 puts the last bit of a denormal half at the last bit of a float, and rounds.
  const Words denormal = As<Words>(As<Floats>(magnitude) + 0.5f) - (126u << 23);
  const Words is_nan = As<Words>(vector != vector), is_denormal = As<Words>(magnitude < (113u << 23));
  const Words is_infinite = As<Words>(magnitude >= 0x477ff000);  // 65520 and more.
  const Words finite = Select(is_denormal, denormal, normal);
  const Words infinite = (Words){} + 0x7c00, not_a_number = (Words){} + 0x7e00;
  StoreWords(sign | Select(is_nan, not_a_number, Select(is_infinite, infinite, finite)), to);
}

// The first `count` lanes only; nothing behind them is touched.
template <typename T>
POSEWARP_INLINE auto LoadPart(const T* from, int count) -> decltype(Load(from)) {
  T lanes[Lanes<float>::kCount] = {};
  for (int lane = 0; lane < count; ++lane) lanes[lane] = from[lane];
  return Load(lanes);
}

template <typename T, typename Vector>
POSEWARP_INLINE void StorePart(Vector vector, T* to, int count) {
  T lanes[Lanes<float>::kCount];
  Store(vector, lanes);
  for (int lane = 0; lane < count; ++lane) to[lane] = lanes[lane];
}

// Sums the lanes in a fixed order, halves onto halves.
template <typename Real, int kBytes = POSEWARP_VECTOR_BYTES, typename Vector>
POSEWARP_INLINE Real SumLanes(Vector vector) {
  if constexpr (kBytes == sizeof(Real)) {
    return vector[0];
  } else {
    typedef Real HalfVector __attribute__((vector_size(kBytes / 2)));
    HalfVector low, high;
    memcpy(&low, &vector, sizeof low);
    memcpy(&high, reinterpret_cast<const char*>(&vector) + sizeof low, sizeof high);
    return SumLanes<Real, kBytes / 2>(low + high);
  }
}

}  // namespace
}  // namespace posewarp

#endif  // POSEWARP_CC_LIB_VECTORS_H_
