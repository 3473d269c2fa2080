// An array on a CUDA device, and what ends the program on an error of CUDA.

#ifndef POSEWARP_CUDA_CHECK_GPU_ARRAY_H_
#define POSEWARP_CUDA_CHECK_GPU_ARRAY_H_

#include <cuda_runtime.h>

#include <algorithm>
#include <vector>

#include "custom_ops/cuda_check/check.h"

namespace posewarp {

inline void RequireCuda(cudaError_t error, const char* what) {
  Require(error == cudaSuccess ? nullptr : cudaGetErrorString(error), what);
}

template <typename T>
class GpuArray {
 public:
  // Holds anything.
  explicit GpuArray(size_t size) : size_(size) {
    RequireCuda(cudaMalloc(reinterpret_cast<void**>(&data_), std::max<size_t>(size_, 1) * sizeof(T)), "memory");
  }
  explicit GpuArray(const std::vector<T>& numbers) : GpuArray(numbers.size()) {
    RequireCuda(cudaMemcpy(data_, numbers.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "copy to the GPU");
  }
  GpuArray(const GpuArray&) = delete;
  ~GpuArray() { cudaFree(data_); }
  T* data() { return data_; }
  std::vector<T> ToVector() const {
    std::vector<T> numbers(size_);
    // Waits for the kernels, and shows their errors.
    RequireCuda(cudaMemcpy(numbers.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), "kernels");
    return numbers;
  }

 private:
  T* data_;
  size_t size_;
};

}  // namespace posewarp

#endif  // POSEWARP_CUDA_CHECK_GPU_ARRAY_H_
