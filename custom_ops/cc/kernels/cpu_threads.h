// Work split over TensorFlow's threads.

#ifndef POSEWARP_CC_KERNELS_CPU_THREADS_H_
#define POSEWARP_CC_KERNELS_CPU_THREADS_H_

#include <algorithm>
#include <functional>

#include "tensorflow/core/framework/op_kernel.h"

namespace posewarp {

// Calls work(first, last) for pieces of [0, total), of which one costs about `cycles`.
inline void InParallel(tensorflow::OpKernelContext* context, int64_t total, double cycles,
                       const std::function<void(int64_t, int64_t)>& work) {
  if (total == 0) return;
  tensorflow::thread::ThreadPool* threads = context->device()->tensorflow_cpu_worker_threads()->workers;
  threads->ParallelFor(total, static_cast<int64_t>(std::max(cycles, 1.0)), work);
}

}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_CPU_THREADS_H_
