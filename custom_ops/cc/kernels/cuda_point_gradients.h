// Device code for the gradients of points and weights: the products of each tap with the upstream gradient, summed over
// channels, then carried back to the point and the weights. The CUDA language is the including file's, as in
// cuda_kernels.h.

#ifndef POSEWARP_CC_KERNELS_CUDA_POINT_GRADIENTS_H_
#define POSEWARP_CC_KERNELS_CUDA_POINT_GRADIENTS_H_

#include "custom_ops/cc/kernels/cuda_kernels.h"

namespace posewarp {
namespace cuda {

constexpr int kTapGroup = 8;  // Taps whose products are summed over channels together.

// The sum over a group of `lanes` threads (a power of two) in its first thread; all threads of the warp take part.
template <typename Real>
__device__ inline Real SumGroup(Real value, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    value += __shfl_down_sync(0xffffffffu, value, distance, lanes);
  }
  return value;
}

// The same for kTapGroup values at once, in a group of at least as many threads: thread `lane` gets the sum of value
// lane * kTapGroup / lanes. In each step a thread gives away one half of its values and keeps the other.
template <typename Real>
__device__ inline Real SumValues(Real (&values)[kTapGroup], int lanes) {
  int distance = lanes / 2;
#pragma unroll
  for (int kept = kTapGroup / 2; kept > 0; kept /= 2) {
    const bool keeps_upper = threadIdx.x & distance;
#pragma unroll
    for (int index = 0; index < kept; ++index) {
      const Real given = keeps_upper ? values[index] : values[index + kept];
      const Real own = keeps_upper ? values[index + kept] : values[index];
      values[index] = own + __shfl_xor_sync(0xffffffffu, given, distance);
    }
    distance /= 2;
  }
  for (; distance > 0; distance /= 2) values[0] += __shfl_xor_sync(0xffffffffu, values[0], distance);
  return values[0];
}

// Rows of taps whose products are summed together: at most kTapGroup taps. Of any side (0) it is kTapGroup taps.
template <int kSide>
__host__ __device__ constexpr int TapsTogether() {
  return kSide ? (kSide <= kTapGroup / 2 ? kTapGroup / kSide : 1) * kSide : kTapGroup;
}

// The products of the taps from `begin` on with the upstream gradient, over the channels of this thread.
template <typename T, typename Real, int kLanes, int kSide>
__device__ inline void MultiplyGroup(int64_t channels, int lanes, const SharedWindows<Real>& windows, int pixel,
                                     int begin, const T* source, const T* upstream, Real (&products)[kTapGroup]) {
  const int side = kSide ? kSide : windows.side;
  for (int64_t channel = threadIdx.x % lanes * kLanes; channel < channels; channel += lanes * kLanes) {
    const auto factors = LoadPack<T, kLanes>(upstream + channel);
#pragma unroll
    for (int index = 0; index < TapsTogether<kSide>(); ++index) {
      // A known side begins with a whole row, so that only the row of a tap depends on `begin`.
      const int tap = begin + index, row = kSide ? begin / side + index / side : tap / side;
      const int column = kSide ? index % side : tap % side;
      if (tap >= side * side) break;
      const auto read = LoadPack<T, kLanes>(source + windows.rows[pixel * side + row] +
                                            windows.columns[pixel * side + column] + channel);
#pragma unroll
      for (int v = 0; v < kLanes; ++v) products[index] += ToReal(read.lanes[v]) * ToReal(factors.lanes[v]);
    }
  }
}

// MultiplyGroup of `pixel` and of the next one, kShift columns further: what both read is loaded once.
template <int kSide, int kShift, typename T, typename Real, int kLanes>
__device__ inline void MultiplyTwoGroups(int64_t channels, int lanes, const SharedWindows<Real>& windows, int pixel,
                                         int begin, const T* source, const T* upstream,
                                         Real (&products)[2][kTapGroup]) {
  constexpr int kColumns = kSide + kShift;
  for (int64_t channel = threadIdx.x % lanes * kLanes; channel < channels; channel += lanes * kLanes) {
    const Pack<T, kLanes> factors[2] = {LoadPack<T, kLanes>(upstream + channel),
                                        LoadPack<T, kLanes>(upstream + channels + channel)};
#pragma unroll
    for (int index = 0; index < TapsTogether<kSide>() / kSide * kColumns; ++index) {
      const int row = index / kColumns, column = index % kColumns;
      const long long* columns = windows.columns + pixel * kSide;
      const auto read = LoadPack<T, kLanes>(source + windows.rows[pixel * kSide + begin / kSide + row] +
                                            columns[column < kSide ? column : 2 * kSide - 1] + channel);
#pragma unroll
      for (int v = 0; v < kLanes; ++v) {
        const Real number = ToReal(read.lanes[v]);
        if (column < kSide) products[0][row * kSide + column] += number * ToReal(factors[0].lanes[v]);
        if (column >= kShift) products[1][row * kSide + column - kShift] += number * ToReal(factors[1].lanes[v]);
      }
    }
  }
}

// Of a group's pixels, `count` from `pixel` on, the products of the taps from `begin` on. No thread waits here, so the
// groups of a warp may go different ways.
template <typename T, typename Real, int kLanes, int kSide>
__device__ inline void MultiplyPixels(int64_t channels, int lanes, const SharedWindows<Real>& windows, int pixel,
                                      int count, int shift, int begin, const T* source, const T* upstream,
                                      Real (&products)[2][kTapGroup]) {
  if constexpr (kSide >= kSmallestShared) {
    if (shift == 0) {
      MultiplyTwoGroups<kSide, 0, T, Real, kLanes>(channels, lanes, windows, pixel, begin, source, upstream, products);
      return;
    }
    if (shift == 1) {
      MultiplyTwoGroups<kSide, 1, T, Real, kLanes>(channels, lanes, windows, pixel, begin, source, upstream, products);
      return;
    }
  }
#pragma unroll
  for (int which = 0; which < PixelsPerGroup(kSide); ++which) {
    if (which < count) {
      MultiplyGroup<T, Real, kLanes, kSide>(channels, lanes, windows, pixel + which, begin, source,
                                            upstream + which * channels, products[which]);
    }
  }
}

// Sums products over the threads of a group and stores those of `count` taps at `sums`.
template <typename Real, int kTogether>
__device__ inline void StoreSums(Real (&products)[kTapGroup], int lanes, int count, Real* sums) {
  const int lane = threadIdx.x % lanes;
  if (lanes >= kTapGroup) {
    const int threads = lanes / kTapGroup, index = lane / threads;  // `threads` have the same sum.
    const Real sum = SumValues(products, lanes);
    if (lane % threads == 0 && index < kTogether && index < count) sums[index] = sum;
    return;
  }
#pragma unroll
  for (int index = 0; index < kTogether; ++index) {
    const Real sum = SumGroup(products[index], lanes);
    if (lane == 0 && index < count) sums[index] = sum;
  }
}

// The products of each tap with the upstream gradient, summed over channels, into windows.taps: of `count` pixels from
// `pixel` on, for all threads of a warp. `upstream` is that of `pixel`.
template <typename T, typename Real, int kLanes, int kSide>
__device__ inline void MultiplyTaps(const Problem& problem, int lanes, const SharedWindows<Real>& windows, int pixel,
                                    int count, const T* source, const T* upstream) {
  constexpr int kTogether = TapsTogether<kSide>();
  const int num_taps = kSide ? kSide * kSide : windows.side * windows.side;
  const int shift = count > 1 ? ShiftToNext(windows, pixel) : -1;
  for (int begin = 0; begin < num_taps; begin += kTogether) {
    Real products[2][kTapGroup] = {};
    MultiplyPixels<T, Real, kLanes, kSide>(problem.channels, lanes, windows, pixel, count, shift, begin, source,
                                           upstream, products);
#pragma unroll
    for (int which = 0; which < PixelsPerGroup(kSide); ++which) {
      StoreSums<Real, kTogether>(products[which], lanes, which < count ? num_taps - begin : 0,
                                 windows.taps + (pixel + which) * num_taps + begin);
    }
  }
  __syncwarp();
}

// AttentionGradient() of window.h with the weights spread over the threads of a group.
template <typename Real>
__device__ inline void SpreadAttentionGradient(int size, int lanes, const Point<Real>& point, bool is_pixel,
                                               const Real* weights, const Real* gradient, Real* point_gradient,
                                               Real* weight_gradient) {
  const Real fx = point.fraction_x, fy = point.fraction_y;
  const int lane = threadIdx.x % lanes;
  Real gradient_x = 0, gradient_y = 0;
  for (int index = lane; is_pixel && index < size * size; index += lanes) {
    const Real* corner = gradient + index / size * (size + 1) + index % size;
    const Real right_above = corner[1] - corner[0], right_below = corner[size + 2] - corner[size + 1];
    const Real above = corner[0] + fx * right_above, below = corner[size + 1] + fx * right_below;
    gradient_x += weights[index] * (right_above + fy * (right_below - right_above));
    gradient_y += weights[index] * (below - above);
    weight_gradient[index] = above + fy * (below - above);
  }
  gradient_x = SumGroup(gradient_x, lanes);
  gradient_y = SumGroup(gradient_y, lanes);
  if (!is_pixel || lane != 0) return;
  point_gradient[0] = gradient_x;
  point_gradient[1] = gradient_y;
}

// A group of layout.lanes threads, a power of two up to a warp so that it lies in one warp, takes PixelsPerGroup(kSide)
// pixels at a time. kSide as in ForwardKernel.
template <typename T, typename Real, int kLanes, int kSide>
__global__ void PointGradientsKernel(Problem problem, Layout layout, const T* __restrict__ source,
                                     const Real* __restrict__ coords, const Real* __restrict__ weights,
                                     const T* __restrict__ upstream, Real* __restrict__ coords_gradient,
                                     Real* __restrict__ weights_gradient) {
  POSEWARP_SHARED(memory);
  const SharedWindows<Real> windows(memory, kSide ? kSide : Side(problem.window), layout.pixels);
  const Tile tile(layout, problem.height, problem.width);
  FindWindows(problem, coords, tile, windows);
  constexpr int kPixels = PixelsPerGroup(kSide);
  const int num_weights = NumWeights(problem.window), step = layout.Groups() * kPixels;
  // The same rounds for all threads: those without a pixel take part in the sums of their warp.
  for (int begin = 0; begin < layout.pixels; begin += step) {
    const int first = begin + threadIdx.x / layout.lanes * kPixels;
    const int count = first < layout.pixels ? tile.Count(first, kPixels) : 0;
    MultiplyTaps<T, Real, kLanes, kSide>(problem, layout.lanes, windows, first, count, source,
                                         upstream + tile.Number(first) * problem.channels);
    for (int which = 0; which < kPixels; ++which) {
      const bool is_pixel = which < count;
      const int pixel = is_pixel ? first + which : 0;
      const int64_t target = is_pixel ? tile.Number(pixel) : 0;
      const Real* gradient = windows.taps + pixel * windows.side * windows.side;
      if (problem.window.kind == WindowKind::kAttention) {
        SpreadAttentionGradient(problem.window.size, layout.lanes, windows.points[pixel], is_pixel,
                                weights + target * num_weights, gradient, coords_gradient + 2 * target,
                                weights_gradient + target * num_weights);
      } else if (is_pixel && threadIdx.x % layout.lanes == 0) {
        CoefficientGradient<Real>(problem.window, windows.points[pixel], nullptr, gradient,
                                  coords_gradient + 2 * target, nullptr);
      }
    }
  }
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_POINT_GRADIENTS_H_
