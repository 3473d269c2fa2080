// Device code for the gradient of the source: target pixels are put into cells by their window's corner and sorted,
// then every source pixel gathers from the cells whose windows cover it. The CUDA language is the including file's, as in
// cuda_kernels.h.

#ifndef POSEWARP_CC_KERNELS_CUDA_SOURCE_GRADIENT_H_
#define POSEWARP_CC_KERNELS_CUDA_SOURCE_GRADIENT_H_

#include "custom_ops/cc/kernels/cuda_kernels.h"

namespace posewarp {
namespace cuda {

// Where a window begins, as one number. Corners further out than side - 1 pixels read the same border as those there,
// so an image of height x width has (height + side - 1) x (width + side - 1) cells.
struct Cells {
  int side, source_height, source_width;

  __host__ __device__ explicit Cells(const Problem& problem)
      : side(Side(problem.window)),
        source_height(static_cast<int>(problem.source_height)),
        source_width(static_cast<int>(problem.source_width)) {}

  __host__ __device__ int Rows() const { return source_height + side - 1; }
  __host__ __device__ int Columns() const { return source_width + side - 1; }

  // y and x from 1 - side on.
  __host__ __device__ int64_t Index(int64_t image, int y, int x) const {
    return (image * Rows() + y + side - 1) * Columns() + x + side - 1;
  }

  __host__ __device__ static int Limit(int corner, int side, int size) {
    return corner < 1 - side ? 1 - side : (corner < size ? corner : size - 1);
  }
};

// The taps [first, last] of a window beginning at `corner` that are clamped to `position`, on one axis.
struct TapRange {
  int first, last;

  __host__ __device__ TapRange(int corner, int side, int position, int size)
      : first(position == 0 ? 0 : position - corner), last(position == size - 1 ? side - 1 : position - corner) {}
};

// Coefficients, cell and index of each target pixel.
template <typename Real>
__global__ void PlaceKernel(Problem problem, Layout layout, const Real* __restrict__ coords,
                            const Real* __restrict__ weights, Real* __restrict__ coefficients, int* __restrict__ cells,
                            int* __restrict__ pixels) {
  POSEWARP_SHARED(memory);
  const SharedWindows<Real> windows(memory, Side(problem.window), layout.pixels);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * layout.pixels;
  const int count = CountOf(problem, first, layout.pixels);
  FindWindows(problem, coords, first, count, windows);
  FindCoefficients(problem, weights, first, count, windows);
  const int num_taps = windows.side * windows.side;
  for (int index = threadIdx.x; index < count * num_taps; index += blockDim.x) {
    coefficients[first * num_taps + index] = windows.taps[index];
  }
  const Cells grid(problem);
  for (int pixel = threadIdx.x; pixel < count; pixel += blockDim.x) {
    const int64_t target = first + pixel;
    const int y = windows.points[pixel].y + First(problem.window), x = windows.points[pixel].x + First(problem.window);
    cells[target] = static_cast<int>(grid.Index(target / (problem.height * problem.width),
                                                Cells::Limit(y, grid.side, grid.source_height),
                                                Cells::Limit(x, grid.side, grid.source_width)));
    pixels[target] = static_cast<int>(target);
  }
}

// starts[cell] is the first of the sorted pixels whose cell is not before `cell`, for cells [0, num_cells].
__global__ void StartsKernel(const int* __restrict__ sorted_cells, int num_pixels, int num_cells,
                             int* __restrict__ starts) {
  const int64_t cell = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (cell > num_cells) return;
  int begin = 0, end = num_pixels;
  while (begin < end) {
    const int middle = begin + (end - begin) / 2;
    if (sorted_cells[middle] < cell) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  starts[cell] = begin;
}

// What the source gradient gathers from.
template <typename Real>
struct SortedPixels {
  const Real* coefficients;  // [num_pixels, side, side]
  const int* cells;          // [num_pixels], ascending
  const int* pixels;         // [num_pixels], ascending within a cell
  const int* starts;         // [num_cells + 1]
};

// Sums of upstream gradients at the channels from `channel` on, over all windows that cover source pixel (y, x).
template <typename T, typename Real, int kLanes>
__device__ inline void GatherPixel(const Problem& problem, const SortedPixels<Real>& sorted, int64_t image, int y,
                                   int x, int64_t channel, const T* upstream, Real* sums) {
  const Cells grid(problem);
  const int side = grid.side;
  for (int corner_y = y - side + 1; corner_y <= y; ++corner_y) {
    const TapRange rows(corner_y, side, y, grid.source_height);
    const int64_t first_cell = grid.Index(image, corner_y, x - side + 1);
    // The cells of corners x - side + 1 to x lie next to each other.
    const int end = sorted.starts[first_cell + side];
    for (int index = sorted.starts[first_cell]; index < end; ++index) {
      const int64_t pixel = sorted.pixels[index];
      const int corner_x = x - side + 1 + static_cast<int>(sorted.cells[index] - first_cell);
      const TapRange columns(corner_x, side, x, grid.source_width);
      Real coefficient = 0;
      for (int j = rows.first; j <= rows.last; ++j) {
        for (int i = columns.first; i <= columns.last; ++i) {
          coefficient += sorted.coefficients[(pixel * side + j) * side + i];
        }
      }
      const auto read = LoadPack<T, kLanes>(upstream + pixel * problem.channels + channel);
#pragma unroll
      for (int lane = 0; lane < kLanes; ++lane) sums[lane] += coefficient * ToReal(read.lanes[lane]);
    }
  }
}

template <typename T, typename Real, int kLanes>
__global__ void SourceGradientKernel(Problem problem, Layout layout, SortedPixels<Real> sorted,
                                     const T* __restrict__ upstream, T* __restrict__ source_gradient) {
  const int64_t position = static_cast<int64_t>(blockIdx.x) * layout.pixels + threadIdx.x / layout.lanes;
  const int64_t size = problem.source_height * problem.source_width;
  if (threadIdx.x / layout.lanes >= layout.pixels || position >= problem.batch * size) return;
  const int y = static_cast<int>(position % size / problem.source_width);
  const int x = static_cast<int>(position % problem.source_width);
  for (int64_t channel = threadIdx.x % layout.lanes * kLanes; channel < problem.channels;
       channel += layout.lanes * kLanes) {
    Real sums[kLanes] = {};
    GatherPixel<T, Real, kLanes>(problem, sorted, position / size, y, x, channel, upstream, sums);
    Pack<T, kLanes> result;
#pragma unroll
    for (int lane = 0; lane < kLanes; ++lane) result.lanes[lane] = FromReal<T>(sums[lane]);
    *reinterpret_cast<Pack<T, kLanes>*>(source_gradient + position * problem.channels + channel) = result;
  }
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_SOURCE_GRADIENT_H_
