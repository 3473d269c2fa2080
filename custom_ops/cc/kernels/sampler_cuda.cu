// sampler_cuda.h for NVIDIA's compiler.

#include "custom_ops/cc/kernels/cuda_language.h"

#include "custom_ops/cc/kernels/cuda_launch.h"
