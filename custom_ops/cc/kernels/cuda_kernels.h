// Device code of the samplers: windows and the samples. The including file provides the CUDA language: nvcc
// (cuda_language.h), or threads of the CPU that stand for CUDA's (cuda_check/cuda_on_cpu.h), so that every line here
// also runs where there is no GPU.

#ifndef POSEWARP_CC_KERNELS_CUDA_KERNELS_H_
#define POSEWARP_CC_KERNELS_CUDA_KERNELS_H_

#include "custom_ops/cc/lib/sampler.h"
#include "custom_ops/cc/lib/window.h"

namespace posewarp {
namespace cuda {

constexpr int kThreads = 128;           // Of a block.
constexpr int kWarp = 32;
constexpr int kSharedBytes = 32 << 10;  // At most, of a block.

// Neighbouring channels that a thread loads at once.
template <typename T, int kLanes>
struct alignas(sizeof(T) * kLanes) Pack {
  T lanes[kLanes];
};

template <typename T, int kLanes>
__device__ inline Pack<T, kLanes> LoadPack(const T* from) {
  return *reinterpret_cast<const Pack<T, kLanes>*>(from);
}

// Groups of `lanes` threads share the channels of a pixel. A block takes a tile of `pixels` pixels, `tile_width` of
// them in a row: neighbours read the same, which the first cache then fetches once.
struct Layout {
  int lanes, pixels, tile_width;

  __host__ __device__ int Groups() const { return kThreads / lanes; }
};

// The tile of this block in maps of height x width pixels.
struct Tile {
  int64_t image;
  int top, left, tile_width, height, width;

  __device__ Tile(const Layout& layout, int64_t height, int64_t width)
      : tile_width(layout.tile_width), height(static_cast<int>(height)), width(static_cast<int>(width)) {
    const int tile_height = layout.pixels / tile_width;
    const int columns = (this->width + tile_width - 1) / tile_width;
    const int rows = (this->height + tile_height - 1) / tile_height;
    left = blockIdx.x % columns * tile_width;
    top = blockIdx.x / columns % rows * tile_height;
    image = blockIdx.x / columns / rows;
  }

  __device__ int Row(int pixel) const { return top + pixel / tile_width; }
  __device__ int Column(int pixel) const { return left + pixel % tile_width; }
  __device__ bool Has(int pixel) const { return Row(pixel) < height && Column(pixel) < width; }
  // The number of a pixel of the tile among those of all maps.
  __device__ int64_t Number(int pixel) const { return (image * height + Row(pixel)) * width + Column(pixel); }
  // How many of `pixels` neighbours, from `pixel` on, there are.
  __device__ int Count(int pixel, int pixels) const {
    int count = 0;
    while (count < pixels && Has(pixel + count)) ++count;
    return count;
  }
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

// Points, rows and columns of the target pixels of a tile, for all threads of the block.
template <typename Real>
__device__ inline void FindWindows(const Problem& problem, const Real* coords, const Tile& tile,
                                   const SharedWindows<Real>& windows) {
  const int height = static_cast<int>(problem.source_height), width = static_cast<int>(problem.source_width);
  const int side = windows.side;
  for (int index = threadIdx.x; index < windows.pixels * side; index += blockDim.x) {
    const int pixel = index / side, tap = index % side;
    if (!tile.Has(pixel)) continue;
    const Point<Real> point = PointOf(problem, coords, tile.Number(pixel));
    const int64_t row = Clamp(point.y + First(problem.window) + tap, height);
    windows.rows[index] = (tile.image * height + row) * width * problem.channels;
    windows.columns[index] = Clamp(point.x + First(problem.window) + tap, width) * problem.channels;
    if (tap == 0) windows.points[pixel] = point;
  }
  __syncthreads();
}

// The coefficients of the same pixels, after FindWindows.
template <typename Real>
__device__ inline void FindCoefficients(const Problem& problem, const Real* weights, const Tile& tile,
                                        const SharedWindows<Real>& windows) {
  const int side = windows.side, num_taps = side * side, num_weights = NumWeights(problem.window);
  if (problem.window.kind == WindowKind::kAttention) {
    for (int index = threadIdx.x; index < windows.pixels * num_taps; index += blockDim.x) {
      const int pixel = index / num_taps, tap = index % num_taps;
      if (!tile.Has(pixel)) continue;
      windows.taps[index] = AttentionCoefficient(problem.window.size, windows.points[pixel],
                                                 weights + tile.Number(pixel) * num_weights, tap / side, tap % side);
    }
  } else {
    for (int pixel = threadIdx.x; pixel < windows.pixels; pixel += blockDim.x) {
      if (!tile.Has(pixel)) continue;
      Coefficients<Real>(problem.window, windows.points[pixel], nullptr, windows.taps + pixel * num_taps);
    }
  }
  __syncthreads();
}

// Two coefficients of a row, read at once: sides are even.
template <typename Real>
struct alignas(8) Pair {
  Real left, right;
};

// Adds the taps' channels from `source` on to `sums`. A side that the compiler knows has a whole row of reads on the
// way at the same time, and its columns in registers.
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

// From the window of `pixel` to that of the next pixel, if the rows are the same and the columns 0 or 1 apart, else -1.
template <typename Real>
__device__ inline int ShiftToNext(const SharedWindows<Real>& windows, int pixel) {
  const Point<Real>&one = windows.points[pixel], &next = windows.points[pixel + 1];
  const int shift = next.x - one.x;
  return one.y == next.y && (shift == 0 || shift == 1) ? shift : -1;
}

// SumWindow of `pixel` and of the next one, kShift columns further: what both read is loaded once.
template <int kSide, int kShift, typename T, typename Real, int kLanes>
__device__ inline void SumTwoWindows(const SharedWindows<Real>& windows, int pixel, const T* source,
                                     Real (&sums)[2][kLanes]) {
  constexpr int kColumns = kSide + kShift;
  const long long* rows = windows.rows + pixel * kSide;
  const Real* coefficients = windows.taps + pixel * kSide * kSide;
  long long columns[kColumns];
#pragma unroll
  for (int i = 0; i < kColumns; ++i) columns[i] = windows.columns[pixel * kSide + (i < kSide ? i : 2 * kSide - 1)];
#pragma unroll 1
  for (int j = 0; j < kSide; ++j) {
    Pack<T, kLanes> taps[kColumns];
#pragma unroll
    for (int i = 0; i < kColumns; ++i) taps[i] = LoadPack<T, kLanes>(source + rows[j] + columns[i]);
#pragma unroll
    for (int which = 0; which < 2; ++which) {
      const auto* pairs = reinterpret_cast<const Pair<Real>*>(coefficients + (which * kSide + j) * kSide);
#pragma unroll
      for (int i = 0; i < kSide; i += 2) {
        const Pair<Real> pair = pairs[i / 2];
#pragma unroll
        for (int lane = 0; lane < kLanes; ++lane) {
          sums[which][lane] += pair.left * ToReal(taps[i + which * kShift].lanes[lane]);
          sums[which][lane] += pair.right * ToReal(taps[i + 1 + which * kShift].lanes[lane]);
        }
      }
    }
  }
}

// SumWindow for any side.
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

template <typename T, typename Real, int kLanes>
__device__ inline void StorePack(const Real (&sums)[kLanes], T* to) {
  Pack<T, kLanes> result;
#pragma unroll
  for (int lane = 0; lane < kLanes; ++lane) result.lanes[lane] = FromReal<T>(sums[lane]);
  *reinterpret_cast<Pack<T, kLanes>*>(to) = result;
}

// Windows from this side on are added two at a time: smaller ones wait for the memory, not for the cache.
constexpr int kSmallestShared = 4;

// Neighbouring pixels that a group of threads takes in the kernel of a side.
__host__ __device__ constexpr int PixelsPerGroup(int side) { return side >= kSmallestShared ? 2 : 1; }

// Channels from `channel` on of `count` (at most two) pixels, from `pixel` on.
template <typename T, typename Real, int kLanes, int kSide>
__device__ inline void SumPixels(const SharedWindows<Real>& windows, int pixel, int count, int shift, const T* source,
                                 int64_t channels, T* out) {
  Real sums[2][kLanes] = {};
  if constexpr (kSide >= kSmallestShared) {
    if (shift == 0) {
      SumTwoWindows<kSide, 0>(windows, pixel, source, sums);
    } else if (shift == 1) {
      SumTwoWindows<kSide, 1>(windows, pixel, source, sums);
    } else {
      SumWindow<kSide>(windows, pixel, source, sums[0]);
      if (count > 1) SumWindow<kSide>(windows, pixel + 1, source, sums[1]);
    }
    if (count > 1) StorePack(sums[1], out + channels);
  } else if constexpr (kSide > 0) {
    SumWindow<kSide>(windows, pixel, source, sums[0]);
  } else {
    SumAnyWindow(windows, pixel, source, sums[0]);
  }
  StorePack(sums[0], out);
}

// kSide is the window's side, or 0 for any. A group of threads takes PixelsPerGroup(kSide) pixels at a time.
template <typename T, typename Real, int kLanes, int kSide>
__global__ void ForwardKernel(Problem problem, Layout layout, const T* __restrict__ source,
                              const Real* __restrict__ coords, const Real* __restrict__ weights,
                              T* __restrict__ out) {
  POSEWARP_SHARED(memory);
  const SharedWindows<Real> windows(memory, kSide ? kSide : Side(problem.window), layout.pixels);
  const Tile tile(layout, problem.height, problem.width);
  FindWindows(problem, coords, tile, windows);
  FindCoefficients(problem, weights, tile, windows);
  constexpr int kPixels = PixelsPerGroup(kSide);
  const int group = threadIdx.x / layout.lanes;
  if (group >= layout.Groups()) return;
  for (int pixel = group * kPixels; pixel < layout.pixels; pixel += layout.Groups() * kPixels) {
    const int count = tile.Count(pixel, kPixels);
    if (count == 0) continue;
    const int shift = count > 1 ? ShiftToNext(windows, pixel) : -1;
    for (int64_t channel = threadIdx.x % layout.lanes * kLanes; channel < problem.channels;
         channel += layout.lanes * kLanes) {
      SumPixels<T, Real, kLanes, kSide>(windows, pixel, count, shift, source + channel, problem.channels,
                                        out + tile.Number(pixel) * problem.channels + channel);
    }
  }
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_KERNELS_H_
