// The samplers as TensorFlow kernels, for any device.
//
// A device's file says how it computes, as a struct `Backend` with two static functions,
//   absl::Status Forward(context, problem, operands, out)
//   absl::Status Gradients(context, problem, operands, source_gradient, coords_gradient, weights_gradient)
// and registers its kernels with POSEWARP_REGISTER_SAMPLERS(that struct, the device's name).

#ifndef POSEWARP_CC_KERNELS_SAMPLER_OP_KERNELS_H_
#define POSEWARP_CC_KERNELS_SAMPLER_OP_KERNELS_H_

#include "custom_ops/cc/kernels/sampler_problem.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace posewarp {

// The inputs of an op. No weights: the window has none; no upstream: not a gradient.
template <typename T, typename Real>
struct Operands {
  const T* source;
  const Real* coords;
  const Real* weights;
  const T* upstream;
};

template <typename T, typename Real>
Operands<T, Real> ReadOperands(tensorflow::OpKernelContext* context, const Problem& problem, bool is_gradient) {
  const bool has_weights = problem.window.kind == WindowKind::kAttention;
  return {Data<T>(context->input(0)), Data<Real>(context->input(1)),
          has_weights ? Data<Real>(context->input(2)) : nullptr,
          is_gradient ? Data<T>(context->input(context->num_inputs() - 1)) : nullptr};
}

template <typename Backend, typename TensorType, typename Real, WindowKind kKind>
class SampleKernel : public tensorflow::OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit SampleKernel(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadWindow(context, kKind, &window_));
  }

  void Compute(tensorflow::OpKernelContext* context) override {
    Problem problem;
    problem.window = window_;
    OP_REQUIRES_OK(context, ReadProblem(context, /*is_gradient=*/false, &problem));
    tensorflow::Tensor* out;
    const tensorflow::TensorShape shape({problem.batch, problem.height, problem.width, problem.channels});
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &out));
    if (out->NumElements() == 0) return;
    const auto operands = ReadOperands<T, Real>(context, problem, /*is_gradient=*/false);
    OP_REQUIRES_OK(context, Backend::Forward(context, problem, operands, Data<T>(*out)));
  }

 private:
  Window window_;
};

template <typename Backend, typename TensorType, typename Real, WindowKind kKind>
class SampleGradientKernel : public tensorflow::OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit SampleGradientKernel(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadWindow(context, kKind, &window_));
  }

  void Compute(tensorflow::OpKernelContext* context) override {
    Problem problem;
    problem.window = window_;
    OP_REQUIRES_OK(context, ReadProblem(context, /*is_gradient=*/true, &problem));
    tensorflow::Tensor* gradients[3] = {};
    for (int index = 0; index < context->num_outputs(); ++index) {
      OP_REQUIRES_OK(context, context->allocate_output(index, context->input(index).shape(), &gradients[index]));
    }
    const auto operands = ReadOperands<T, Real>(context, problem, /*is_gradient=*/true);
    Real* weights_gradient = gradients[2] ? Data<Real>(*gradients[2]) : nullptr;
    OP_REQUIRES_OK(context, Backend::Gradients(context, problem, operands, Data<T>(*gradients[0]),
                                              Data<Real>(*gradients[1]), weights_gradient));
  }

 private:
  Window window_;
};

}  // namespace posewarp

#define POSEWARP_REGISTER_KERNEL(Backend, device_name, Kernel, name, kind, T, RealType)                    \
  REGISTER_KERNEL_BUILDER(                                                                                 \
      Name(name).Device(device_name).TypeConstraint<T>("T").TypeConstraint<RealType>("Real"),              \
      posewarp::Kernel<Backend, T, RealType, posewarp::WindowKind::kind>);

#define POSEWARP_REGISTER_SAMPLER(Backend, device_name, name, kind, T, RealType)                           \
  POSEWARP_REGISTER_KERNEL(Backend, device_name, SampleKernel, name, kind, T, RealType)                    \
  POSEWARP_REGISTER_KERNEL(Backend, device_name, SampleGradientKernel, name "Grad", kind, T, RealType)

#define POSEWARP_REGISTER_TYPES(Backend, device_name, T, RealType)                                         \
  POSEWARP_REGISTER_SAMPLER(Backend, device_name, "PosewarpLocalAttentionSample", kAttention, T, RealType) \
  POSEWARP_REGISTER_SAMPLER(Backend, device_name, "PosewarpBilinearSample", kBilinear, T, RealType)        \
  POSEWARP_REGISTER_SAMPLER(Backend, device_name, "PosewarpGaussianSample", kGaussian, T, RealType)

#define POSEWARP_REGISTER_SAMPLERS(Backend, device_name)                                                   \
  POSEWARP_REGISTER_TYPES(Backend, device_name, float, float)                                              \
  POSEWARP_REGISTER_TYPES(Backend, device_name, double, double)                                            \
  POSEWARP_REGISTER_TYPES(Backend, device_name, Eigen::half, float)                                        \
  POSEWARP_REGISTER_TYPES(Backend, device_name, Eigen::bfloat16, float)

#endif  // POSEWARP_CC_KERNELS_SAMPLER_OP_KERNELS_H_
