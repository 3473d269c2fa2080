// sampler_cuda.h on top of cuda_kernels.h: how threads are laid out, and what lies where in the workspace. The
// including file provides the CUDA language and, with it, Launch, SortPairs and SetZero.

#ifndef POSEWARP_CC_KERNELS_CUDA_LAUNCH_H_
#define POSEWARP_CC_KERNELS_CUDA_LAUNCH_H_

#include "custom_ops/cc/kernels/cuda_kernels.h"
#include "custom_ops/cc/kernels/cuda_source_gradient.h"
#include "custom_ops/cc/kernels/sampler_cuda.h"

namespace posewarp {
namespace cuda {

// 16 bytes of channels where every pixel begins at a multiple of 16 bytes, else one channel.
template <typename T>
bool CanLoadWide(int64_t channels, std::initializer_list<const void*> arrays) {
  for (const void* array : arrays) {
    if (reinterpret_cast<uintptr_t>(array) % 16) return false;
  }
  return channels * sizeof(T) % 16 == 0;
}

inline int64_t CeilDivide(int64_t numerator, int64_t denominator) {
  return (numerator + denominator - 1) / denominator;
}

// As many pixels as the threads and the shared memory of a block hold; at least one.
inline int PixelsPerBlock(int lanes, size_t bytes_per_pixel) {
  const int by_threads = kThreads / lanes;
  const int by_memory = bytes_per_pixel ? static_cast<int>(kSharedBytes / bytes_per_pixel) : by_threads;
  return by_memory < by_threads ? by_memory : by_threads;
}

inline Layout ChannelLayout(int64_t channels, int lanes_per_thread, size_t bytes_per_pixel) {
  const int64_t wanted = CeilDivide(channels, lanes_per_thread);
  const int lanes = static_cast<int>(wanted < kThreads ? wanted : kThreads);
  return {lanes, PixelsPerBlock(lanes, bytes_per_pixel)};
}

inline Layout WarpLayout(int64_t channels, int lanes_per_thread, size_t bytes_per_pixel) {
  int lanes = 1;
  while (lanes < kWarp && lanes * lanes_per_thread < channels) lanes *= 2;
  return {lanes, PixelsPerBlock(lanes, bytes_per_pixel)};
}

template <typename Kernel, typename... Args>
const char* LaunchBlocks(Kernel kernel, const Layout& layout, size_t bytes_per_pixel, int64_t num_pixels,
                         void* stream, const Args&... args) {
  const int64_t blocks = CeilDivide(num_pixels, layout.pixels);
  if (blocks > INT32_MAX) return "too many pixels for one launch";
  return Launch(kernel, static_cast<int>(blocks), kThreads, layout.pixels * bytes_per_pixel, stream, args...);
}

// What PlaceKernel, the sort and StartsKernel leave for SourceGradientKernel. With `base` null only `size` is of use.
template <typename Real>
struct Workspace {
  Real* coefficients;
  int *cells, *sorted_cells, *pixels, *sorted_pixels, *starts;
  void* sort_memory;
  size_t sort_size, size;
  int num_pixels, num_cells, sort_bits;

  const char* Divide(const Problem& problem, void* base) {
    const Cells grid(problem);
    const int64_t all_cells = problem.batch * grid.Rows() * grid.Columns();
    if (all_cells >= INT32_MAX || problem.NumPixels() >= INT32_MAX) return "too many pixels for the source gradient";
    num_pixels = static_cast<int>(problem.NumPixels());
    num_cells = static_cast<int>(all_cells);
    for (sort_bits = 1; sort_bits < 31 && num_cells >> sort_bits; ++sort_bits) {
    }
    size = 0;
    coefficients = Take<Real>(base, static_cast<int64_t>(num_pixels) * grid.side * grid.side);
    for (int** array : {&cells, &sorted_cells, &pixels, &sorted_pixels}) *array = Take<int>(base, num_pixels);
    starts = Take<int>(base, static_cast<int64_t>(num_cells) + 1);
    sort_size = 0;
    const char* error = SortPairs(nullptr, &sort_size, cells, sorted_cells, pixels, sorted_pixels, num_pixels,
                                  sort_bits, nullptr);
    sort_memory = Take<unsigned char>(base, static_cast<int64_t>(sort_size));
    return error;
  }

 private:
  template <typename Element>
  Element* Take(void* base, int64_t count) {
    unsigned char* begin = static_cast<unsigned char*>(base) + size;
    size += CeilDivide(count * sizeof(Element), 256) * 256;
    return reinterpret_cast<Element*>(begin);
  }
};

template <typename T, typename Real, int kLanes>
const char* GatherSource(const Problem& problem, const Workspace<Real>& workspace, const T* upstream,
                         T* source_gradient, void* stream) {
  const SortedPixels<Real> sorted = {workspace.coefficients, workspace.sorted_cells, workspace.sorted_pixels,
                                     workspace.starts};
  const int side = Side(problem.window);
  const int lanes = WarpLayout(problem.channels, kLanes, 0).lanes;
  const size_t bytes = SharedShares<Real>::BytesPerPixel(side, lanes);
  const Layout layout = {lanes, kThreads / lanes};
  return LaunchBlocks(SourceGradientKernel<T, Real, kLanes>, layout, bytes,
                      problem.batch * problem.source_height * problem.source_width, stream, problem, layout, sorted,
                      upstream, source_gradient);
}

// The sides of bilinear sampling and of the published attentions have kernels of their own.
template <typename T, typename Real, int kLanes>
auto ForwardFor(int side) {
  switch (side) {
    case 2: return ForwardKernel<T, Real, kLanes, 2>;
    case 4: return ForwardKernel<T, Real, kLanes, 4>;
    case 6: return ForwardKernel<T, Real, kLanes, 6>;
  }
  return ForwardKernel<T, Real, kLanes, 0>;
}

template <typename T, typename Real, int kLanes>
auto PointGradientsFor(int side) {
  switch (side) {
    case 2: return PointGradientsKernel<T, Real, kLanes, 2>;
    case 4: return PointGradientsKernel<T, Real, kLanes, 4>;
    case 6: return PointGradientsKernel<T, Real, kLanes, 6>;
  }
  return PointGradientsKernel<T, Real, kLanes, 0>;
}

}  // namespace cuda

template <typename T, typename Real>
const char* CudaForward(const Problem& problem, const T* source, const Real* coords, const Real* weights, T* out,
                        void* stream) {
  if (problem.NumPixels() == 0 || problem.channels == 0) return nullptr;
  constexpr int kWide = 16 / sizeof(T);
  const int side = Side(problem.window);
  const size_t bytes = cuda::SharedWindows<Real>::BytesPerPixel(side);
  const bool is_wide = cuda::CanLoadWide<T>(problem.channels, {source, out});
  const cuda::Layout layout = cuda::ChannelLayout(problem.channels, is_wide ? kWide : 1, bytes);
  return cuda::LaunchBlocks(is_wide ? cuda::ForwardFor<T, Real, kWide>(side) : cuda::ForwardFor<T, Real, 1>(side),
                            layout, bytes, problem.NumPixels(), stream, problem, layout, source, coords, weights, out);
}

template <typename T, typename Real>
const char* CudaPointGradients(const Problem& problem, const T* source, const Real* coords, const Real* weights,
                               const T* upstream, Real* coords_gradient, Real* weights_gradient, void* stream) {
  if (problem.NumPixels() == 0) return nullptr;
  if (problem.channels == 0) {
    const size_t size = problem.NumPixels() * sizeof(Real);
    const char* error = cuda::SetZero(weights_gradient, size * NumWeights(problem.window), stream);
    return error ? error : cuda::SetZero(coords_gradient, size * 2, stream);
  }
  constexpr int kWide = 16 / sizeof(T);
  const int side = Side(problem.window);
  const size_t bytes = cuda::SharedWindows<Real>::BytesPerPixel(side);
  const bool is_wide = cuda::CanLoadWide<T>(problem.channels, {source, upstream});
  const cuda::Layout layout = cuda::WarpLayout(problem.channels, is_wide ? kWide : 1, bytes);
  return cuda::LaunchBlocks(
      is_wide ? cuda::PointGradientsFor<T, Real, kWide>(side) : cuda::PointGradientsFor<T, Real, 1>(side), layout,
      bytes, problem.NumPixels(), stream, problem, layout, source, coords, weights, upstream, coords_gradient,
      weights_gradient);
}

template <typename Real>
const char* CudaWorkspaceSize(const Problem& problem, size_t* size) {
  cuda::Workspace<Real> workspace;
  const char* error = workspace.Divide(problem, nullptr);
  *size = workspace.size;
  return error;
}

template <typename T, typename Real>
const char* CudaSourceGradient(const Problem& problem, const Real* coords, const Real* weights, const T* upstream,
                               T* source_gradient, void* workspace_memory, void* stream) {
  if (problem.SourceSize() == 0) return nullptr;
  if (problem.NumPixels() == 0) return cuda::SetZero(source_gradient, problem.SourceSize() * sizeof(T), stream);
  cuda::Workspace<Real> workspace;
  if (const char* error = workspace.Divide(problem, workspace_memory)) return error;
  const size_t bytes = cuda::SharedWindows<Real>::BytesPerPixel(Side(problem.window));
  // Few pixels for each block, so that small maps fill the device.
  const cuda::Layout layout = {1, cuda::PixelsPerBlock(8, bytes)};
  if (const char* error = cuda::LaunchBlocks(cuda::PlaceKernel<Real>, layout, bytes, workspace.num_pixels, stream,
                                             problem, layout, coords, weights, workspace.coefficients,
                                             workspace.cells, workspace.pixels)) {
    return error;
  }
  if (const char* error = cuda::SortPairs(workspace.sort_memory, &workspace.sort_size, workspace.cells,
                                          workspace.sorted_cells, workspace.pixels, workspace.sorted_pixels,
                                          workspace.num_pixels, workspace.sort_bits, stream)) {
    return error;
  }
  const cuda::Layout one_cell = {1, cuda::kThreads};
  if (const char* error = cuda::LaunchBlocks(cuda::StartsKernel, one_cell, 0,
                                             static_cast<int64_t>(workspace.num_cells) + 1, stream,
                                             workspace.sorted_cells, workspace.num_pixels, workspace.num_cells,
                                             workspace.starts)) {
    return error;
  }
  constexpr int kWide = 16 / sizeof(T);
  return cuda::CanLoadWide<T>(problem.channels, {source_gradient, upstream})
             ? cuda::GatherSource<T, Real, kWide>(problem, workspace, upstream, source_gradient, stream)
             : cuda::GatherSource<T, Real, 1>(problem, workspace, upstream, source_gradient, stream);
}

// Defines the functions of sampler_cuda.h.
#define POSEWARP_INSTANTIATE_CUDA(T, Real)                                                                            \
  template const char* CudaForward<T, Real>(const Problem&, const T*, const Real*, const Real*, T*, void*);           \
  template const char* CudaPointGradients<T, Real>(const Problem&, const T*, const Real*, const Real*, const T*,      \
                                                   Real*, Real*, void*);                                              \
  template const char* CudaSourceGradient<T, Real>(const Problem&, const Real*, const Real*, const T*, T*, void*,     \
                                                   void*);

POSEWARP_INSTANTIATE_CUDA(float, float)
POSEWARP_INSTANTIATE_CUDA(Half, float)
POSEWARP_INSTANTIATE_CUDA(BFloat16, float)
POSEWARP_INSTANTIATE_CUDA(double, double)
template const char* CudaWorkspaceSize<float>(const Problem&, size_t*);
template const char* CudaWorkspaceSize<double>(const Problem&, size_t*);

}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_LAUNCH_H_
