// Device code of the samplers: windows, the samples, the gradients of points and weights. The including file provides
// the CUDA language: nvcc (cuda_language.h), or threads of the CPU that stand for CUDA's (cuda_check/cuda_on_cpu.h), so
// that every line here also runs where there is no GPU.

#ifndef POSEWARP_CC_KERNELS_CUDA_KERNELS_H_
#define POSEWARP_CC_KERNELS_CUDA_KERNELS_H_

#include "custom_ops/cc/lib/sampler.h"
#include "custom_ops/cc/lib/window.h"

namespace posewarp {
namespace cuda {

constexpr int kThreads = 128;           // Of a block.
constexpr int kWarp = 32;
constexpr int kSharedBytes = 32 << 10;  // At most, of a block.
constexpr int kTapGroup = 8;            // Taps whose products are summed over channels together.

// Neighbouring channels that a thread loads at once.
template <typename T, int kLanes>
struct alignas(sizeof(T) * kLanes) Pack {
  T lanes[kLanes];
};

template <typename T, int kLanes>
__device__ inline Pack<T, kLanes> LoadPack(const T* from) {
  return *reinterpret_cast<const Pack<T, kLanes>*>(from);
}

// Threads [0, lanes) of a group share the channels of one pixel; a block has `pixels` groups.
struct Layout {
  int lanes, pixels;
};

// The windows of a block's target pixels, in shared memory.
template <typename Real>
struct SharedWindows {
  int side, pixels;
  long long *rows, *columns;  // [pixels, side], in elements of the source.
  Point<Real>* points;        // [pixels]
  Real* taps;                 // [pixels, side * side]: coefficients, or their gradients.

  __host__ __device__ static size_t BytesPerPixel(int side) {
    return 2 * side * sizeof(long long) + sizeof(Point<Real>) + side * side * sizeof(Real);
  }

  __device__ SharedWindows(unsigned char* memory, int side, int pixels) : side(side), pixels(pixels) {
    rows = reinterpret_cast<long long*>(memory);
    columns = rows + pixels * side;
    points = reinterpret_cast<Point<Real>*>(columns + pixels * side);
    taps = reinterpret_cast<Real*>(points + pixels);
  }
};

template <typename Real>
__host__ __device__ inline Point<Real> PointOf(const Problem& problem, const Real* coords, int64_t pixel) {
  return SplitPoint(coords[2 * pixel], coords[2 * pixel + 1], static_cast<int>(problem.source_width),
                    static_cast<int>(problem.source_height), Margin(problem.window));
}

// One coefficient of an attention window: what Coefficients() computes for all of them, for one thread per tap.
template <typename Real>
__host__ __device__ inline Real AttentionCoefficient(int size, const Point<Real>& point, const Real* weights, int j,
                                                     int i) {
  const Real fx = point.fraction_x, fy = point.fraction_y;
  Real spread[2] = {0, 0};  // Of the row above and of this one.
  for (int row = 0; row < 2; ++row) {
    const int from = j - 1 + row;
    if (from < 0 || from >= size) continue;
    if (i < size) spread[row] = weights[from * size + i] * (1 - fx);
    if (i > 0) spread[row] += weights[from * size + i - 1] * fx;
  }
  return spread[0] * fy + spread[1] * (1 - fy);
}

// Points, rows and columns of the target pixels [first, first + count), for all threads of the block.
template <typename Real>
__device__ inline void FindWindows(const Problem& problem, const Real* coords, int64_t first, int count,
                                   const SharedWindows<Real>& windows) {
  const int height = static_cast<int>(problem.source_height), width = static_cast<int>(problem.source_width);
  const int side = windows.side;
  for (int index = threadIdx.x; index < count * side; index += blockDim.x) {
    const int pixel = index / side, tap = index % side;
    const Point<Real> point = PointOf(problem, coords, first + pixel);
    const int64_t image = (first + pixel) / (problem.height * problem.width);
    const int64_t row = Clamp(point.y + First(problem.window) + tap, height);
    windows.rows[index] = (image * height + row) * width * problem.channels;
    windows.columns[index] = Clamp(point.x + First(problem.window) + tap, width) * problem.channels;
    if (tap == 0) windows.points[pixel] = point;
  }
  __syncthreads();
}

// The coefficients of the same pixels, after FindWindows.
template <typename Real>
__device__ inline void FindCoefficients(const Problem& problem, const Real* weights, int64_t first, int count,
                                        const SharedWindows<Real>& windows) {
  const int side = windows.side, num_taps = side * side, num_weights = NumWeights(problem.window);
  if (problem.window.kind == WindowKind::kAttention) {
    for (int index = threadIdx.x; index < count * num_taps; index += blockDim.x) {
      const int pixel = index / num_taps, tap = index % num_taps;
      windows.taps[index] = AttentionCoefficient(problem.window.size, windows.points[pixel],
                                                 weights + (first + pixel) * num_weights, tap / side, tap % side);
    }
  } else {
    for (int pixel = threadIdx.x; pixel < count; pixel += blockDim.x) {
      Coefficients<Real>(problem.window, windows.points[pixel], nullptr, windows.taps + pixel * num_taps);
    }
  }
  __syncthreads();
}

// The target pixels of a block, from `first` on: all but the last block have `pixels`.
__device__ inline int CountOf(const Problem& problem, int64_t first, int pixels) {
  const int64_t left = problem.batch * problem.height * problem.width - first;
  return static_cast<int>(left < pixels ? left : pixels);
}

// Two coefficients of a row, read at once: sides are even.
template <typename Real>
struct alignas(8) Pair {
  Real left, right;
};

// Adds the taps' channels from `source` on to `sums`. A side that the compiler knows has a whole row of reads on the way
// at the same time, and its columns in registers.
template <int kSide, typename T, typename Real, int kLanes>
__device__ inline void SumWindow(const SharedWindows<Real>& windows, int pixel, const T* source, Real (&sums)[kLanes]) {
  const long long* rows = windows.rows + pixel * kSide;
  const auto* coefficients = reinterpret_cast<const Pair<Real>*>(windows.taps + pixel * kSide * kSide);
  long long columns[kSide];
#pragma unroll
  for (int i = 0; i < kSide; ++i) columns[i] = windows.columns[pixel * kSide + i];
#pragma unroll 2
  for (int j = 0; j < kSide; ++j) {
    Pack<T, kLanes> taps[kSide];
#pragma unroll
    for (int i = 0; i < kSide; ++i) taps[i] = LoadPack<T, kLanes>(source + rows[j] + columns[i]);
#pragma unroll
    for (int i = 0; i < kSide; i += 2) {
      const Pair<Real> pair = coefficients[(j * kSide + i) / 2];
#pragma unroll
      for (int lane = 0; lane < kLanes; ++lane) {
        sums[lane] += pair.left * ToReal(taps[i].lanes[lane]);
        sums[lane] += pair.right * ToReal(taps[i + 1].lanes[lane]);
      }
    }
  }
}

// The same for any side.
template <typename T, typename Real, int kLanes>
__device__ inline void SumAnyWindow(const SharedWindows<Real>& windows, int pixel, const T* source,
                                    Real (&sums)[kLanes]) {
  const int side = windows.side;
  for (int j = 0; j < side; ++j) {
    const T* row = source + windows.rows[pixel * side + j];
#pragma unroll 2
    for (int i = 0; i < side; ++i) {
      const auto tap = LoadPack<T, kLanes>(row + windows.columns[pixel * side + i]);
      const Real coefficient = windows.taps[(pixel * side + j) * side + i];
#pragma unroll
      for (int lane = 0; lane < kLanes; ++lane) sums[lane] += coefficient * ToReal(tap.lanes[lane]);
    }
  }
}

// kSide is the window's side, or 0 for any.
template <typename T, typename Real, int kLanes, int kSide>
__global__ void ForwardKernel(Problem problem, Layout layout, const T* __restrict__ source,
                              const Real* __restrict__ coords, const Real* __restrict__ weights,
                              T* __restrict__ out) {
  POSEWARP_SHARED(memory);
  const SharedWindows<Real> windows(memory, kSide ? kSide : Side(problem.window), layout.pixels);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * layout.pixels;
  const int count = CountOf(problem, first, layout.pixels);
  FindWindows(problem, coords, first, count, windows);
  FindCoefficients(problem, weights, first, count, windows);
  const int pixel = threadIdx.x / layout.lanes;
  if (pixel >= count) return;
  for (int64_t channel = threadIdx.x % layout.lanes * kLanes; channel < problem.channels;
       channel += layout.lanes * kLanes) {
    Real sums[kLanes] = {};
    if constexpr (kSide > 0) {
      SumWindow<kSide>(windows, pixel, source + channel, sums);
    } else {
      SumAnyWindow(windows, pixel, source + channel, sums);
    }
    Pack<T, kLanes> result;
#pragma unroll
    for (int lane = 0; lane < kLanes; ++lane) result.lanes[lane] = FromReal<T>(sums[lane]);
    *reinterpret_cast<Pack<T, kLanes>*>(out + (first + pixel) * problem.channels + channel) = result;
  }
}

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

// The products of kTapGroup taps, from `begin` on, with the upstream gradient, over the channels of this thread.
template <typename T, typename Real, int kLanes, int kSide>
__device__ inline void MultiplyGroup(int64_t channels, int lanes, const SharedWindows<Real>& windows, int pixel,
                                     int begin, const T* source, const T* upstream, Real (&products)[kTapGroup]) {
  const int side = kSide ? kSide : windows.side;
  for (int64_t channel = threadIdx.x % lanes * kLanes; channel < channels; channel += lanes * kLanes) {
    const auto factors = LoadPack<T, kLanes>(upstream + channel);
#pragma unroll
    for (int index = 0; index < kTapGroup; ++index) {
      const int tap = begin + index;
      if (tap >= side * side) break;
      const auto read = LoadPack<T, kLanes>(source + windows.rows[pixel * side + tap / side] +
                                            windows.columns[pixel * side + tap % side] + channel);
#pragma unroll
      for (int v = 0; v < kLanes; ++v) products[index] += ToReal(read.lanes[v]) * ToReal(factors.lanes[v]);
    }
  }
}

// The products of each tap with the upstream gradient, summed over channels, into windows.taps.
template <typename T, typename Real, int kLanes, int kSide>
__device__ inline void MultiplyTaps(const Problem& problem, int lanes, const SharedWindows<Real>& windows, int pixel,
                                    bool is_pixel, const T* source, const T* upstream) {
  const int num_taps = kSide ? kSide * kSide : windows.side * windows.side, lane = threadIdx.x % lanes;
  Real* sums = windows.taps + pixel * num_taps;
  for (int begin = 0; begin < num_taps; begin += kTapGroup) {
    Real products[kTapGroup] = {};
    MultiplyGroup<T, Real, kLanes, kSide>(is_pixel ? problem.channels : 0, lanes, windows, pixel, begin, source,
                                          upstream, products);
    if (lanes >= kTapGroup) {
      const int threads = lanes / kTapGroup, tap = begin + lane / threads;  // `threads` have the same sum.
      const Real sum = SumValues(products, lanes);
      if (is_pixel && lane % threads == 0 && tap < num_taps) sums[tap] = sum;
    } else {
#pragma unroll
      for (int index = 0; index < kTapGroup; ++index) {
        const Real sum = SumGroup(products[index], lanes);
        if (is_pixel && lane == 0 && begin + index < num_taps) sums[begin + index] = sum;
      }
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

// layout.lanes is a power of two up to a warp, so that a pixel's threads lie in one warp. kSide as in ForwardKernel.
template <typename T, typename Real, int kLanes, int kSide>
__global__ void PointGradientsKernel(Problem problem, Layout layout, const T* __restrict__ source,
                                     const Real* __restrict__ coords, const Real* __restrict__ weights,
                                     const T* __restrict__ upstream, Real* __restrict__ coords_gradient,
                                     Real* __restrict__ weights_gradient) {
  POSEWARP_SHARED(memory);
  const SharedWindows<Real> windows(memory, kSide ? kSide : Side(problem.window), layout.pixels);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * layout.pixels;
  const int count = CountOf(problem, first, layout.pixels);
  FindWindows(problem, coords, first, count, windows);
  const int group = threadIdx.x / layout.lanes;
  const bool is_pixel = group < count;
  // Threads without a pixel only take part in the sums of their warp.
  const int pixel = is_pixel ? group : 0;
  const int64_t target = first + pixel;
  MultiplyTaps<T, Real, kLanes, kSide>(problem, layout.lanes, windows, pixel, is_pixel, source,
                                       upstream + target * problem.channels);
  const Real* gradient = windows.taps + pixel * windows.side * windows.side;
  const int num_weights = NumWeights(problem.window);
  if (problem.window.kind == WindowKind::kAttention) {
    SpreadAttentionGradient(problem.window.size, layout.lanes, windows.points[pixel], is_pixel,
                            weights + target * num_weights, gradient, coords_gradient + 2 * target,
                            weights_gradient + target * num_weights);
  } else if (is_pixel && threadIdx.x % layout.lanes == 0) {
    CoefficientGradient<Real>(problem.window, windows.points[pixel], nullptr, gradient, coords_gradient + 2 * target,
                              nullptr);
  }
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_KERNELS_H_
