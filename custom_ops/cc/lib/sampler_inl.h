// The loops of sampler.h, compiled once per instruction set: the including file defines POSEWARP_VECTOR_BYTES.

#ifndef POSEWARP_CC_LIB_SAMPLER_INL_H_
#define POSEWARP_CC_LIB_SAMPLER_INL_H_

#include "custom_ops/cc/lib/sampler.h"
#include "custom_ops/cc/lib/vectors.h"

namespace posewarp {
namespace {

constexpr int kMaxBlock = 8;  // Vectors of channels that are held in registers at a time.

// The window of one target pixel: where its taps begin in the source, and their coefficients.
template <typename Real>
struct Taps {
  int side;
  Point<Real> point;
  int64_t rows[kMaxSide], columns[kMaxSide];  // In elements.
  Real coefficients[kMaxTaps];
};

template <typename Real>
POSEWARP_INLINE Point<Real> PointOf(const Problem& problem, const Real* coords, int64_t pixel) {
  return SplitPoint(coords[2 * pixel], coords[2 * pixel + 1], static_cast<int>(problem.source_width),
                    static_cast<int>(problem.source_height), Margin(problem.window));
}

template <typename Real>
static void FindTaps(const Problem& problem, const Real* coords, int64_t pixel, Taps<Real>* taps) {
  const int height = static_cast<int>(problem.source_height), width = static_cast<int>(problem.source_width);
  const int first = First(problem.window);
  const int64_t image = pixel / (problem.height * problem.width);
  taps->side = Side(problem.window);
  taps->point = PointOf(problem, coords, pixel);
  for (int tap = 0; tap < taps->side; ++tap) {
    const int64_t row = Clamp(taps->point.y + first + tap, height), column = Clamp(taps->point.x + first + tap, width);
    taps->rows[tap] = (image * height + row) * width * problem.channels;
    taps->columns[tap] = column * problem.channels;
  }
}

template <typename Real>
POSEWARP_INLINE const Real* WeightsOf(const Problem& problem, const Real* weights, int64_t pixel) {
  return weights + pixel * NumWeights(problem.window);
}

// A vector of channels beginning at `from`; at the end of a pixel's channels only the `count` that are left. Lanes
// behind them are read where `readable` elements lie there anyway, and are never used.
template <typename T>
POSEWARP_INLINE auto LoadTail(const T* from, int count, int64_t readable) -> decltype(Load(from)) {
  constexpr int kLanes = sizeof(T) == 8 ? Lanes<double>::kCount : Lanes<float>::kCount;
  return readable >= kLanes ? Load(from) : LoadPart(from, count);
}

// The same pointer, of which the compiler knows nothing: so the loads of a block become one address and constants behind
// it, where an address would be computed for each.
template <typename T>
POSEWARP_INLINE T* Opaque(T* pointer) {
  asm("" : "+r"(pointer));
  return pointer;
}

// Channels [channel, channel + kBlock vectors) of one pixel.
template <typename T, typename Real, int kBlock>
POSEWARP_INLINE void SumBlock(const Taps<Real>& taps, const T* source, T* out) {
  typename Lanes<Real>::Vector sums[kBlock] = {};
  for (int j = 0; j < taps.side; ++j) {
    for (int i = 0; i < taps.side; ++i) {
      const T* tap = Opaque(source + taps.rows[j] + taps.columns[i]);
      const Real coefficient = taps.coefficients[j * taps.side + i];
#pragma GCC unroll 8
      for (int v = 0; v < kBlock; ++v) sums[v] += coefficient * Load(tap + v * Lanes<Real>::kCount);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < kBlock; ++v) Store(sums[v], out + v * Lanes<Real>::kCount);
}

template <typename T, typename Real>
static void SumTail(const Problem& problem, const Taps<Real>& taps, const T* source, int64_t channel, T* out) {
  const int count = static_cast<int>(problem.channels - channel);
  const int64_t size = problem.SourceSize();
  typename Lanes<Real>::Vector sum = {};
  for (int j = 0; j < taps.side; ++j) {
    for (int i = 0; i < taps.side; ++i) {
      const int64_t offset = taps.rows[j] + taps.columns[i] + channel;
      sum += taps.coefficients[j * taps.side + i] * LoadTail(source + offset, count, size - offset);
    }
  }
  StorePart(sum, out + channel, count);
}

template <typename T, typename Real>
static void Forward(const Problem& problem, const T* source, const Real* coords, const Real* weights, T* out,
                    int64_t first, int64_t last) {
  constexpr int kLanes = Lanes<Real>::kCount;
  Taps<Real> taps;
  for (int64_t pixel = first; pixel < last; ++pixel) {
    FindTaps(problem, coords, pixel, &taps);
    Coefficients(problem.window, taps.point, WeightsOf(problem, weights, pixel), taps.coefficients);
    T* pixel_out = out + pixel * problem.channels;
    int64_t channel = 0;
    for (; channel + kMaxBlock * kLanes <= problem.channels; channel += kMaxBlock * kLanes) {
      SumBlock<T, Real, kMaxBlock>(taps, source + channel, pixel_out + channel);
    }
    if (channel + 4 * kLanes <= problem.channels) {
      SumBlock<T, Real, 4>(taps, source + channel, pixel_out + channel);
      channel += 4 * kLanes;
    }
    for (; channel + kLanes <= problem.channels; channel += kLanes) {
      SumBlock<T, Real, 1>(taps, source + channel, pixel_out + channel);
    }
    if (channel < problem.channels) SumTail(problem, taps, source, channel, pixel_out);
  }
}

// Adds the products of the upstream gradient with each tap, lane by lane, for a block of channels.
template <typename T, typename Real, int kBlock>
POSEWARP_INLINE void MultiplyBlock(const Taps<Real>& taps, const T* source, const T* upstream,
                                   typename Lanes<Real>::Vector* products) {
  typename Lanes<Real>::Vector held[kBlock];
#pragma GCC unroll 8
  for (int v = 0; v < kBlock; ++v) held[v] = Load(upstream + v * Lanes<Real>::kCount);
  for (int j = 0; j < taps.side; ++j) {
    for (int i = 0; i < taps.side; ++i) {
      const T* tap = source + taps.rows[j] + taps.columns[i];
      typename Lanes<Real>::Vector sum = held[0] * Load(tap);
#pragma GCC unroll 8
      for (int v = 1; v < kBlock; ++v) sum += held[v] * Load(tap + v * Lanes<Real>::kCount);
      products[j * taps.side + i] += sum;
    }
  }
}

template <typename T, typename Real>
static void MultiplyTail(const Problem& problem, const Taps<Real>& taps, const T* source, int64_t channel,
                         const T* upstream, typename Lanes<Real>::Vector* products) {
  const int count = static_cast<int>(problem.channels - channel);
  // Zero in the lanes behind the last channel; a tap's lanes there are loaded exactly, since 0 * inf is not 0.
  const auto held = LoadPart(upstream + channel, count);
  for (int j = 0; j < taps.side; ++j) {
    for (int i = 0; i < taps.side; ++i) {
      products[j * taps.side + i] += held * LoadPart(source + taps.rows[j] + taps.columns[i] + channel, count);
    }
  }
}

template <typename T, typename Real>
static void PointGradients(const Problem& problem, const T* source, const Real* coords, const Real* weights,
                           const T* upstream, Real* coords_gradient, Real* weights_gradient, int64_t first,
                           int64_t last) {
  constexpr int kLanes = Lanes<Real>::kCount;
  Taps<Real> taps;
  typename Lanes<Real>::Vector products[kMaxTaps];
  Real gradient[kMaxTaps];
  for (int64_t pixel = first; pixel < last; ++pixel) {
    FindTaps(problem, coords, pixel, &taps);
    const int num_taps = taps.side * taps.side;
    for (int tap = 0; tap < num_taps; ++tap) products[tap] = typename Lanes<Real>::Vector{};
    const T* pixel_upstream = upstream + pixel * problem.channels;
    int64_t channel = 0;
    for (; channel + kMaxBlock * kLanes <= problem.channels; channel += kMaxBlock * kLanes) {
      MultiplyBlock<T, Real, kMaxBlock>(taps, source + channel, pixel_upstream + channel, products);
    }
    for (; channel + kLanes <= problem.channels; channel += kLanes) {
      MultiplyBlock<T, Real, 1>(taps, source + channel, pixel_upstream + channel, products);
    }
    if (channel < problem.channels) MultiplyTail(problem, taps, source, channel, pixel_upstream, products);
    for (int tap = 0; tap < num_taps; ++tap) gradient[tap] = SumLanes<Real>(products[tap]);
    const int64_t weight = pixel * NumWeights(problem.window);
    CoefficientGradient(problem.window, taps.point, weights + weight, gradient, coords_gradient + 2 * pixel,
                        weights_gradient + weight);
  }
}

template <typename T, typename Real, int kBlock>
POSEWARP_INLINE void AddBlock(const Real* coefficients, int side, const int64_t* columns, const T* upstream,
                              Real* row) {
  typename Lanes<Real>::Vector held[kBlock];
#pragma GCC unroll 8
  for (int v = 0; v < kBlock; ++v) held[v] = Load(upstream + v * Lanes<Real>::kCount);
  for (int i = 0; i < side; ++i) {
    Real* cell = row + columns[i];
#pragma GCC unroll 8
    for (int v = 0; v < kBlock; ++v) {
      Real* lanes = cell + v * Lanes<Real>::kCount;
      Store(Load(lanes) + coefficients[i] * held[v], lanes);
    }
  }
}

template <typename T, typename Real>
static void AddTail(const Real* coefficients, int side, const int64_t* columns, const T* upstream, int count,
                    Real* row) {
  const auto held = LoadPart(upstream, count);
  for (int i = 0; i < side; ++i) {
    Real* cell = row + columns[i];
    StorePart(LoadPart(cell, count) + coefficients[i] * held, cell, count);
  }
}

// Adds a pixel's share to one row of the source.
template <typename T, typename Real>
static void AddRow(const Problem& problem, const Taps<Real>& taps, int j, const T* upstream, Real* row) {
  constexpr int kLanes = Lanes<Real>::kCount;
  const Real* coefficients = taps.coefficients + j * taps.side;
  int64_t channel = 0;
  for (; channel + kMaxBlock * kLanes <= problem.channels; channel += kMaxBlock * kLanes) {
    AddBlock<T, Real, kMaxBlock>(coefficients, taps.side, taps.columns, upstream + channel, row + channel);
  }
  for (; channel + kLanes <= problem.channels; channel += kLanes) {
    AddBlock<T, Real, 1>(coefficients, taps.side, taps.columns, upstream + channel, row + channel);
  }
  if (channel < problem.channels) {
    AddTail(coefficients, taps.side, taps.columns, upstream + channel, static_cast<int>(problem.channels - channel),
            row + channel);
  }
}

template <typename T, typename Real>
static void SourceGradient(const Problem& problem, const Real* coords, const Real* weights, const T* upstream,
                           Real* source_gradient, int64_t image, int64_t first, int64_t last) {
  const int64_t row_size = problem.source_width * problem.channels;
  const int64_t begin = (image * problem.source_height + first) * row_size;
  const int64_t end = begin + (last - first) * row_size;
  if (begin == end) return;
  memset(source_gradient + begin, 0, (end - begin) * sizeof(Real));
  const int64_t num_pixels = problem.height * problem.width;
  Taps<Real> taps;
  for (int64_t pixel = image * num_pixels; pixel < (image + 1) * num_pixels; ++pixel) {
    const int height = static_cast<int>(problem.source_height);
    const int top = PointOf(problem, coords, pixel).y + First(problem.window);
    if (Clamp(top, height) >= last || Clamp(top + Side(problem.window) - 1, height) < first) continue;
    FindTaps(problem, coords, pixel, &taps);
    Coefficients(problem.window, taps.point, WeightsOf(problem, weights, pixel), taps.coefficients);
    for (int j = 0; j < taps.side; ++j) {
      if (taps.rows[j] < begin || taps.rows[j] >= end) continue;
      AddRow(problem, taps, j, upstream + pixel * problem.channels, source_gradient + taps.rows[j]);
    }
  }
}

template <typename T, typename Real>
static void Round(const Real* numbers, T* rounded, int64_t size) {
  constexpr int kLanes = Lanes<Real>::kCount;
  int64_t index = 0;
  for (; index + kLanes <= size; index += kLanes) Store(Load(numbers + index), rounded + index);
  const int count = static_cast<int>(size - index);
  if (count > 0) StorePart(LoadPart(numbers + index, count), rounded + index, count);
}

template <typename T, typename Real>
constexpr Sampler<T, Real> MakeSampler() {
  return {Forward<T, Real>, PointGradients<T, Real>, SourceGradient<T, Real>, Round<T, Real>};
}

}  // namespace
}  // namespace posewarp

// Defines `name<T, Real>` for all storage types.
#define POSEWARP_DEFINE_SAMPLERS(name)                                                                            \
  namespace posewarp {                                                                                            \
  template <typename T, typename Real>                                                                            \
  const Sampler<T, Real>& name();                                                                                 \
  POSEWARP_DEFINE_SAMPLER(name, float, float)                                                                     \
  POSEWARP_DEFINE_SAMPLER(name, Half, float)                                                                      \
  POSEWARP_DEFINE_SAMPLER(name, BFloat16, float)                                                                  \
  POSEWARP_DEFINE_SAMPLER(name, double, double)                                                                   \
  }

#define POSEWARP_DEFINE_SAMPLER(name, T, Real)             \
  template <>                                              \
  const Sampler<T, Real>& name<T, Real>() {                \
    static const Sampler<T, Real> sampler = MakeSampler<T, Real>(); \
    return sampler;                                        \
  }

#endif  // POSEWARP_CC_LIB_SAMPLER_INL_H_
