// The samplers as GPU kernels: adapters from TensorFlow's tensors and stream to sampler_cuda.h. Compiled by the host's
// compiler with GOOGLE_CUDA; the device code is in sampler_cuda.cu.

#define EIGEN_USE_GPU

#include "custom_ops/cc/kernels/sampler_cuda.h"
#include "custom_ops/cc/kernels/sampler_problem.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace posewarp {
namespace {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;

tensorflow::Status StatusOf(const char* error) {
  return error ? tensorflow::errors::Internal("CUDA: ", error) : tensorflow::OkStatus();
}

void* StreamOf(OpKernelContext* context) {
  return const_cast<void*>(static_cast<const void*>(context->eigen_gpu_device().stream()));
}

template <typename TensorType, typename Real, WindowKind kKind>
class GpuSampleKernel : public OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit GpuSampleKernel(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadWindow(context, kKind, &window_));
  }

  void Compute(OpKernelContext* context) override {
    Problem problem;
    problem.window = window_;
    OP_REQUIRES_OK(context, ReadProblem(context, /*is_gradient=*/false, &problem));
    Tensor* out;
    const tensorflow::TensorShape shape({problem.batch, problem.height, problem.width, problem.channels});
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &out));
    OP_REQUIRES_OK(context, StatusOf(CudaForward<T, Real>(
                                problem, Data<T>(context->input(0)), Data<Real>(context->input(1)),
                                Weights<Real>(context, problem), Data<T>(*out), StreamOf(context))));
  }

 private:
  Window window_;
};

template <typename TensorType, typename Real, WindowKind kKind>
class GpuSampleGradientKernel : public OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit GpuSampleGradientKernel(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadWindow(context, kKind, &window_));
  }

  void Compute(OpKernelContext* context) override {
    Problem problem;
    problem.window = window_;
    OP_REQUIRES_OK(context, ReadProblem(context, /*is_gradient=*/true, &problem));
    Tensor* gradients[3] = {};
    for (int index = 0; index < context->num_outputs(); ++index) {
      OP_REQUIRES_OK(context, context->allocate_output(index, context->input(index).shape(), &gradients[index]));
    }
    const Real* coords = Data<Real>(context->input(1));
    const Real* weights = Weights<Real>(context, problem);
    const T* upstream = Data<T>(context->input(context->num_inputs() - 1));
    Real* weights_gradient = gradients[2] ? Data<Real>(*gradients[2]) : nullptr;
    OP_REQUIRES_OK(context, StatusOf(CudaPointGradients<T, Real>(
                                problem, Data<T>(context->input(0)), coords, weights, upstream,
                                Data<Real>(*gradients[1]), weights_gradient, StreamOf(context))));
    size_t size;
    OP_REQUIRES_OK(context, StatusOf(CudaWorkspaceSize<Real>(problem, &size)));
    Tensor workspace;
    OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_INT8, {static_cast<int64_t>(size)}, &workspace));
    OP_REQUIRES_OK(context, StatusOf(CudaSourceGradient<T, Real>(problem, coords, weights, upstream,
                                                                 Data<T>(*gradients[0]), Data<void>(workspace),
                                                                 StreamOf(context))));
  }

 private:
  Window window_;
};

}  // namespace

#define POSEWARP_REGISTER_GPU(name, kind, T, RealType)                                                   \
  REGISTER_KERNEL_BUILDER(                                                                               \
      Name(name).Device(tensorflow::DEVICE_GPU).TypeConstraint<T>("T").TypeConstraint<RealType>("Real"), \
      GpuSampleKernel<T, RealType, kind>);                                                               \
  REGISTER_KERNEL_BUILDER(Name(name "Grad")                                                              \
                              .Device(tensorflow::DEVICE_GPU)                                            \
                              .TypeConstraint<T>("T")                                                    \
                              .TypeConstraint<RealType>("Real"),                                         \
                          GpuSampleGradientKernel<T, RealType, kind>);

#define POSEWARP_REGISTER_ALL_GPU(T, RealType)                                                \
  POSEWARP_REGISTER_GPU("PosewarpLocalAttentionSample", WindowKind::kAttention, T, RealType) \
  POSEWARP_REGISTER_GPU("PosewarpBilinearSample", WindowKind::kBilinear, T, RealType)         \
  POSEWARP_REGISTER_GPU("PosewarpGaussianSample", WindowKind::kGaussian, T, RealType)

POSEWARP_REGISTER_ALL_GPU(float, float)
POSEWARP_REGISTER_ALL_GPU(double, double)
POSEWARP_REGISTER_ALL_GPU(Eigen::half, float)
POSEWARP_REGISTER_ALL_GPU(Eigen::bfloat16, float)

}  // namespace posewarp
