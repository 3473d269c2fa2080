// The samplers on a CUDA device: raw device pointers, sizes and a stream; neither TensorFlow nor CUDA in the interface.
//
// Arrays are laid out as in cc/lib/sampler.h. Every function only puts work into the stream (a cudaStream_t) and
// returns nullptr, or CUDA's message when that failed. For (float, float), (Half, float), (BFloat16, float) and
// (double, double).

#ifndef POSEWARP_CC_KERNELS_SAMPLER_CUDA_H_
#define POSEWARP_CC_KERNELS_SAMPLER_CUDA_H_

#include <stddef.h>

#include "custom_ops/cc/lib/sampler.h"

namespace posewarp {

// out = sum over each window's taps of coefficient * source. Sources need at least one pixel.
template <typename T, typename Real>
const char* CudaForward(const Problem& problem, const T* source, const Real* coords, const Real* weights, T* out,
                        void* stream);

// Gradients of coords and, where the window has weights, of the weights.
template <typename T, typename Real>
const char* CudaPointGradients(const Problem& problem, const T* source, const Real* coords, const Real* weights,
                               const T* upstream, Real* coords_gradient, Real* weights_gradient, void* stream);

// Gradient of the source, overwritten. The target pixels are sorted by their window's corner; then every source pixel
// gathers from those whose window covers it, in a fixed order: no atomics, the same bits every time. `workspace` has
// CudaWorkspaceSize bytes: a coefficient for each tap and a few integers for each target pixel.
template <typename T, typename Real>
const char* CudaSourceGradient(const Problem& problem, const Real* coords, const Real* weights, const T* upstream,
                               T* source_gradient, void* workspace, void* stream);

template <typename Real>
const char* CudaWorkspaceSize(const Problem& problem, size_t* size);

}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_SAMPLER_CUDA_H_
