// What cuda_kernels.h and cuda_launch.h need of the CUDA language and its libraries, for nvcc.

#ifndef POSEWARP_CC_KERNELS_CUDA_LANGUAGE_H_
#define POSEWARP_CC_KERNELS_CUDA_LANGUAGE_H_

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <stdint.h>

#include <cub/device/device_radix_sort.cuh>
#include <initializer_list>

#include "custom_ops/cc/lib/sampler.h"

#define POSEWARP_SHARED(name) extern __shared__ __align__(16) unsigned char name[]

namespace posewarp {
namespace cuda {

__device__ inline float ToReal(float value) { return value; }
__device__ inline double ToReal(double value) { return value; }
__device__ inline float ToReal(Half value) { return __half2float(__ushort_as_half(value.bits)); }
__device__ inline float ToReal(BFloat16 value) { return __bfloat162float(__ushort_as_bfloat16(value.bits)); }

template <typename T, typename Real>
__device__ inline T FromReal(Real value) {
  return value;
}
template <>
__device__ inline Half FromReal<Half, float>(float value) {
  return {__half_as_ushort(__float2half_rn(value))};
}
template <>
__device__ inline BFloat16 FromReal<BFloat16, float>(float value) {
  return {__bfloat16_as_ushort(__float2bfloat16_rn(value))};
}

inline const char* MessageOf(cudaError_t error) { return error == cudaSuccess ? nullptr : cudaGetErrorString(error); }

template <typename... Parameters, typename... Args>
inline const char* Launch(void (*kernel)(Parameters...), int blocks, int threads, size_t shared_bytes, void* stream,
                          const Args&... args) {
  kernel<<<blocks, threads, shared_bytes, static_cast<cudaStream_t>(stream)>>>(args...);
  return MessageOf(cudaGetLastError());
}

// Sorts by key, keeping the order of equal keys. With `memory` null it only writes how many bytes it needs.
inline const char* SortPairs(void* memory, size_t* size, const int* keys, int* sorted_keys, const int* values,
                             int* sorted_values, int count, int bits, void* stream) {
  return MessageOf(cub::DeviceRadixSort::SortPairs(memory, *size, keys, sorted_keys, values, sorted_values, count, 0,
                                                   bits, static_cast<cudaStream_t>(stream)));
}

inline const char* SetZero(void* array, size_t size, void* stream) {
  return size ? MessageOf(cudaMemsetAsync(array, 0, size, static_cast<cudaStream_t>(stream))) : nullptr;
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CUDA_LANGUAGE_H_
