// The instance norm as CPU kernels: the work of cc/lib split over TensorFlow's threads.

#include "custom_ops/cc/kernels/cpu_threads.h"
#include "custom_ops/cc/kernels/sampler_problem.h"
#include "custom_ops/cc/lib/instance_norm.h"

namespace posewarp {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

// Of one block, about, of a pass over `arrays` arrays.
double CyclesPerBlock(const NormProblem& problem, int arrays) {
  return arrays * static_cast<double>(kNormBlock * problem.channels) / 4;
}

// Checks the image's shape and that of [channels] arrays, inputs `first` and the next.
absl::Status ReadNormProblem(OpKernelContext* context, int image_index, int first, NormProblem* problem) {
  const TensorShape& image = context->input(image_index).shape();
  const TensorShape &gamma = context->input(first).shape(), &beta = context->input(first + 1).shape();
  if (image.dims() != 4 || gamma != TensorShape({image.dim_size(3)}) || beta != gamma) {
    return tensorflow::errors::InvalidArgument("expected image [B, H, W, C], gamma [C] and beta [C], got image ",
                                               image.DebugString(), ", gamma ", gamma.DebugString(), ", beta ",
                                               beta.DebugString());
  }
  problem->batch = image.dim_size(0);
  problem->pixels = image.dim_size(1) * image.dim_size(2);
  problem->channels = image.dim_size(3);
  return absl::OkStatus();
}

absl::Status AllocateSums(OpKernelContext* context, const NormProblem& problem, Tensor* sums) {
  return context->allocate_temp(tensorflow::DT_DOUBLE, {problem.NumBlocks(), 2, problem.channels}, sums);
}

template <typename TensorType>
class InstanceNormKernel : public tensorflow::OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit InstanceNormKernel(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("slope", &slope_));
  }

  void Compute(OpKernelContext* context) override {
    NormProblem problem;
    problem.slope = slope_;
    OP_REQUIRES_OK(context, ReadNormProblem(context, 0, 1, &problem));
    Tensor sums, *out, *mean, *rstd;
    OP_REQUIRES_OK(context, AllocateSums(context, problem, &sums));
    const T* image = Data<T>(context->input(0));
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, context->input(0).shape(), &out));
    OP_REQUIRES_OK(context, context->allocate_output(1, {problem.batch, problem.channels}, &mean));
    OP_REQUIRES_OK(context, context->allocate_output(2, {problem.batch, problem.channels}, &rstd));
    const auto& norm = InstanceNormFor<T>(BestInstructionSet());
    const int64_t blocks = problem.NumBlocks();
    InParallel(context, blocks, CyclesPerBlock(problem, 1), [&](int64_t first, int64_t last) {
      for (int64_t block = first; block < last; ++block) norm.moment_sums(problem, image, block, Data<double>(sums));
    });
    norm.finish_moments(problem, image, Data<double>(sums), Data<float>(*mean), Data<float>(*rstd));
    const NormParameters parameters = {Data<float>(*mean), Data<float>(*rstd), Data<float>(context->input(1)),
                                       Data<float>(context->input(2))};
    // From the last block to the first: what was read last is still in the cache.
    InParallel(context, blocks, CyclesPerBlock(problem, 2), [&](int64_t first, int64_t last) {
      for (int64_t index = first; index < last; ++index) {
        norm.normalize(problem, parameters, image, blocks - 1 - index, Data<T>(*out));
      }
    });
  }

 private:
  float slope_;
};

template <typename TensorType>
class InstanceNormGradientKernel : public tensorflow::OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit InstanceNormGradientKernel(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("slope", &slope_));
  }

  void Compute(OpKernelContext* context) override {
    NormProblem problem;
    problem.slope = slope_;
    OP_REQUIRES_OK(context, ReadNormProblem(context, 1, 4, &problem));
    const TensorShape moments({problem.batch, problem.channels});
    OP_REQUIRES(context,
                context->input(0).shape() == context->input(1).shape() && context->input(2).shape() == moments &&
                    context->input(3).shape() == moments,
                tensorflow::errors::InvalidArgument("upstream, mean or rstd do not fit the image ",
                                                    context->input(1).shape().DebugString()));
    Tensor sums, tilt_and_shift, *gradient, *gamma_gradient, *beta_gradient;
    OP_REQUIRES_OK(context, AllocateSums(context, problem, &sums));
    OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, {problem.batch, 2, problem.channels},
                                                   &tilt_and_shift));
    const T *upstream = Data<T>(context->input(0)), *image = Data<T>(context->input(1));
    const NormParameters parameters = {Data<float>(context->input(2)), Data<float>(context->input(3)),
                                       Data<float>(context->input(4)), Data<float>(context->input(5))};
    OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, context->input(0).shape(), &gradient));
    OP_REQUIRES_OK(context, context->allocate_output(1, {problem.channels}, &gamma_gradient));
    OP_REQUIRES_OK(context, context->allocate_output(2, {problem.channels}, &beta_gradient));
    const auto& norm = InstanceNormFor<T>(BestInstructionSet());
    const int64_t blocks = problem.NumBlocks();
    InParallel(context, blocks, CyclesPerBlock(problem, 2), [&](int64_t first, int64_t last) {
      for (int64_t block = first; block < last; ++block) {
        norm.gradient_sums(problem, parameters, upstream, image, block, Data<double>(sums));
      }
    });
    FinishGradients(problem, parameters, Data<double>(sums), Data<float>(*gamma_gradient), Data<float>(*beta_gradient),
                    Data<float>(tilt_and_shift));
    InParallel(context, blocks, CyclesPerBlock(problem, 3), [&](int64_t first, int64_t last) {
      for (int64_t index = first; index < last; ++index) {
        norm.image_gradient(problem, parameters, upstream, image, Data<float>(tilt_and_shift), blocks - 1 - index,
                            Data<T>(*gradient));
      }
    });
  }

 private:
  float slope_;
};

#define POSEWARP_REGISTER_INSTANCE_NORM(T)                                                               \
  REGISTER_KERNEL_BUILDER(                                                                               \
      Name("PosewarpInstanceNorm").Device(tensorflow::DEVICE_CPU).TypeConstraint<T>("T"),                \
      InstanceNormKernel<T>);                                                                            \
  REGISTER_KERNEL_BUILDER(                                                                               \
      Name("PosewarpInstanceNormGrad").Device(tensorflow::DEVICE_CPU).TypeConstraint<T>("T"),            \
      InstanceNormGradientKernel<T>);

POSEWARP_REGISTER_INSTANCE_NORM(float)
POSEWARP_REGISTER_INSTANCE_NORM(Eigen::half)
POSEWARP_REGISTER_INSTANCE_NORM(Eigen::bfloat16)

}  // namespace
}  // namespace posewarp
