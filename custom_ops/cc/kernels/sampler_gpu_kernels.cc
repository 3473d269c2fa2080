// The samplers as GPU kernels: from TensorFlow's tensors and stream to sampler_cuda.h. Compiled by the host's compiler
// with GOOGLE_CUDA; the device code is in sampler_cuda.cu.

#define EIGEN_USE_GPU

#include "custom_ops/cc/kernels/sampler_cuda.h"
#include "custom_ops/cc/kernels/sampler_op_kernels.h"

namespace posewarp {
namespace {

using tensorflow::OpKernelContext;

absl::Status StatusOf(const char* error) {
  return error ? tensorflow::errors::Internal("CUDA: ", error) : absl::OkStatus();
}

void* StreamOf(OpKernelContext* context) {
  return const_cast<void*>(static_cast<const void*>(context->eigen_gpu_device().stream()));
}

struct Gpu {
  template <typename T, typename Real>
  static absl::Status Forward(OpKernelContext* context, const Problem& problem, const Operands<T, Real>& from, T* out) {
    return StatusOf(
        CudaForward<T, Real>(problem, from.source, from.coords, from.weights, out, StreamOf(context)));
  }

  template <typename T, typename Real>
  static absl::Status Gradients(OpKernelContext* context, const Problem& problem, const Operands<T, Real>& from,
                          T* source_gradient, Real* coords_gradient, Real* weights_gradient) {
    void* stream = StreamOf(context);
    TF_RETURN_IF_ERROR(StatusOf(CudaPointGradients<T, Real>(problem, from.source, from.coords, from.weights,
                                                            from.upstream, coords_gradient, weights_gradient,
                                                            stream)));
    size_t size;
    TF_RETURN_IF_ERROR(StatusOf(CudaWorkspaceSize<Real>(problem, &size)));
    tensorflow::Tensor workspace;
    TF_RETURN_IF_ERROR(context->allocate_temp(tensorflow::DT_INT8, {static_cast<int64_t>(size)}, &workspace));
    return StatusOf(CudaSourceGradient<T, Real>(problem, from.coords, from.weights, from.upstream, source_gradient,
                                                Data<void>(workspace), stream));
  }
};

POSEWARP_REGISTER_SAMPLERS(Gpu, tensorflow::DEVICE_GPU)

}  // namespace
}  // namespace posewarp
