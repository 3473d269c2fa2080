// Device code for the gradient of the source: target pixels are put into cells by their window's corner and sorted,
// then every source pixel gathers from the cells whose windows cover it. The CUDA language is the including file's, as in
// cuda_kernels.h.

#ifndef POSEWARP_CC_KERNELS_CUDA_SOURCE_GRADIENT_H_
#define POSEWARP_CC_KERNELS_CUDA_SOURCE_GRADIENT_H_

#include "custom_ops/cc/kernels/cuda_kernels.h"

namespace posewarp {
namespace cuda {

constexpr int kHeldPacks = 2;  // Of sums, that a thread keeps in registers.

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

// One read of the upstream gradient.
template <typename Real>
struct Share {
  int pixel;
  Real coefficient;
};

// What the threads of one source pixel find out together, in shared memory: of each window row the first of the sorted
// pixels and how many come before it in all rows, and the reads that are added next.
template <typename Real>
struct SharedShares {
  Share<Real>* shares;  // [lanes]
  int *begins, *before;  // [side], [side + 1]

  __host__ __device__ static size_t BytesPerPixel(int side, int lanes) {
    return (lanes * sizeof(Share<Real>) + (2 * side + 1) * sizeof(int) + 15) / 16 * 16;
  }

  __device__ SharedShares(unsigned char* memory, int side, int lanes, int group) {
    shares = reinterpret_cast<Share<Real>*>(memory + group * BytesPerPixel(side, lanes));
    begins = reinterpret_cast<int*>(shares + lanes);
    before = begins + side;
  }
};

// The ranges of sorted pixels whose windows cover source pixel (y, x): for each corner row those of side cells, which
// lie next to each other. For all threads of a warp; without a pixel there is nothing to read.
template <typename Real>
__device__ inline void FindRanges(const Cells& grid, const SortedPixels<Real>& sorted, int64_t image, int y, int x,
                                  bool is_pixel, int lanes, const SharedShares<Real>& shared) {
  const int lane = threadIdx.x % lanes;
  for (int row = lane; row < grid.side; row += lanes) {
    const int64_t cell = is_pixel ? grid.Index(image, y - grid.side + 1 + row, x - grid.side + 1) : 0;
    shared.begins[row] = is_pixel ? sorted.starts[cell] : 0;
    shared.before[row + 1] = is_pixel ? sorted.starts[cell + grid.side] - shared.begins[row] : 0;
  }
  __syncwarp();
  if (lane == 0) {
    shared.before[0] = 0;
    for (int row = 0; row < grid.side; ++row) shared.before[row + 1] += shared.before[row];
  }
  __syncwarp();
}

// Number `index` of the reads of source pixel (y, x): with the sum of the taps that are clamped to it.
template <typename Real>
__device__ inline Share<Real> FindShare(const Cells& grid, const SortedPixels<Real>& sorted, int64_t image, int y,
                                        int x, int index, const SharedShares<Real>& shared) {
  const int side = grid.side;
  int row = 0;
  while (shared.before[row + 1] <= index) ++row;
  const int place = shared.begins[row] + index - shared.before[row], corner_y = y - side + 1 + row;
  const int corner_x = x - side + 1 + static_cast<int>(sorted.cells[place] - grid.Index(image, corner_y, x - side + 1));
  const TapRange rows(corner_y, side, y, grid.source_height), columns(corner_x, side, x, grid.source_width);
  const int pixel = sorted.pixels[place];
  const Real* coefficients = sorted.coefficients + static_cast<int64_t>(pixel) * side * side;
  Real coefficient = 0;
  for (int j = rows.first; j <= rows.last; ++j) {
    for (int i = columns.first; i <= columns.last; ++i) coefficient += coefficients[j * side + i];
  }
  return {pixel, coefficient};
}

// Adds the shares' upstream gradients at the packs of channels of this thread.
template <typename T, typename Real, int kLanes>
__device__ inline void AddShares(int64_t channels, int64_t from, int lanes, const Share<Real>* shares, int count,
                                 const T* upstream, Real (&sums)[kHeldPacks][kLanes]) {
#pragma unroll
  for (int pack = 0; pack < kHeldPacks; ++pack) {
    const int64_t channel = from + pack * lanes * kLanes;
    if (channel >= channels) break;
#pragma unroll 4
    for (int index = 0; index < count; ++index) {
      const auto read = LoadPack<T, kLanes>(upstream + shares[index].pixel * channels + channel);
#pragma unroll
      for (int v = 0; v < kLanes; ++v) sums[pack][v] += shares[index].coefficient * ToReal(read.lanes[v]);
    }
  }
}

template <typename T, typename Real, int kLanes>
__device__ inline void StorePacks(int64_t channels, int64_t from, int lanes, const Real (&sums)[kHeldPacks][kLanes],
                                  T* gradient) {
#pragma unroll
  for (int pack = 0; pack < kHeldPacks; ++pack) {
    const int64_t channel = from + pack * lanes * kLanes;
    if (channel >= channels) break;
    Pack<T, kLanes> result;
#pragma unroll
    for (int v = 0; v < kLanes; ++v) result.lanes[v] = FromReal<T>(sums[pack][v]);
    *reinterpret_cast<Pack<T, kLanes>*>(gradient + channel) = result;
  }
}

// layout.lanes is a power of two up to a warp. The threads of a source pixel first find as many of its reads as they
// are, one each, and then add these, each thread its own channels, in the order of the sorted pixels.
template <typename T, typename Real, int kLanes>
__global__ void SourceGradientKernel(Problem problem, Layout layout, SortedPixels<Real> sorted,
                                     const T* __restrict__ upstream, T* __restrict__ source_gradient) {
  POSEWARP_SHARED(memory);
  const Cells grid(problem);
  const int lanes = layout.lanes, lane = threadIdx.x % lanes, group = threadIdx.x / lanes;
  const SharedShares<Real> shared(memory, grid.side, lanes, group);
  const int64_t position = static_cast<int64_t>(blockIdx.x) * layout.pixels + group;
  const int64_t size = problem.source_height * problem.source_width, image = position / size;
  const bool is_pixel = position < problem.batch * size;
  const int y = static_cast<int>(position % size / problem.source_width);
  const int x = static_cast<int>(position % problem.source_width);
  FindRanges(grid, sorted, image, y, x, is_pixel, lanes, shared);
  const int total = shared.before[grid.side];
  // The same number of rounds for all threads of a warp, which wait for each other.
  for (int64_t begin = 0; begin < problem.channels; begin += lanes * kLanes * kHeldPacks) {
    Real sums[kHeldPacks][kLanes] = {};
    for (int first = 0; __any_sync(0xffffffffu, first < total); first += lanes) {
      if (first + lane < total) shared.shares[lane] = FindShare(grid, sorted, image, y, x, first + lane, shared);
      __syncwarp();
      const int count = total - first < lanes ? total - first : lanes;
      AddShares<T, Real, kLanes>(problem.channels, begin + lane * kLanes, lanes, shared.shares, count, upstream, sums);
      __syncwarp();
    }
    if (is_pixel) {
      StorePacks(problem.channels, begin + lane * kLanes, lanes, sums, source_gradient + position * problem.channels);
    }
  }
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_SOURCE_GRADIENT_H_
