// The samplers as CPU kernels: thin adapters that split the work of cc/lib over TensorFlow's threads.

#include <algorithm>
#include <functional>

#include "custom_ops/cc/kernels/sampler_problem.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace posewarp {
namespace {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;

// Calls work(first, last) for pieces of [0, total), of which one costs about `cycles`.
void InParallel(OpKernelContext* context, int64_t total, double cycles, const std::function<void(int64_t, int64_t)>& work) {
  if (total == 0) return;
  tensorflow::thread::ThreadPool* threads = context->device()->tensorflow_cpu_worker_threads()->workers;
  threads->ParallelFor(total, static_cast<int64_t>(std::max(cycles, 1.0)), work);
}

double CyclesPerPixel(const Problem& problem) {
  const double side = Side(problem.window);
  return side * side * (2 + problem.channels / 8.0);
}

template <typename TensorType, typename Real, WindowKind kKind>
class SampleKernel : public OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit SampleKernel(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, ReadWindow(context, kKind, &window_));
  }

  void Compute(OpKernelContext* context) override {
    Problem problem;
    problem.window = window_;
    OP_REQUIRES_OK(context, ReadProblem(context, /*is_gradient=*/false, &problem));
    Tensor* out;
    const tensorflow::TensorShape shape({problem.batch, problem.height, problem.width, problem.channels});
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &out));
    if (out->NumElements() == 0) return;
    const auto& sampler = SamplerFor<T, Real>(BestInstructionSet());
    const T* source = Data<T>(context->input(0));
    const Real* coords = Data<Real>(context->input(1));
    const Real* weights = Weights<Real>(context, problem);
    InParallel(context, problem.NumPixels(), CyclesPerPixel(problem), [&](int64_t first, int64_t last) {
      sampler.forward(problem, source, coords, weights, Data<T>(*out), first, last);
    });
  }

 private:
  Window window_;
};

template <typename TensorType, typename Real, WindowKind kKind>
class SampleGradientKernel : public OpKernel {
 public:
  using T = typename Storage<TensorType>::Type;

  explicit SampleGradientKernel(OpKernelConstruction* context) : OpKernel(context) {
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
    PointGradients(context, problem, gradients[1], gradients[2]);
    SourceGradient(context, problem, gradients[0]);
  }

 private:
  static const Sampler<T, Real>& Cpu() { return SamplerFor<T, Real>(BestInstructionSet()); }

  void PointGradients(OpKernelContext* context, const Problem& problem, Tensor* coords_gradient,
                      Tensor* weights_gradient) {
    const T* source = Data<T>(context->input(0));
    const Real* coords = Data<Real>(context->input(1));
    const Real* weights = Weights<Real>(context, problem);
    const T* upstream = Data<T>(context->input(context->num_inputs() - 1));
    Real* to_weights = weights_gradient ? Data<Real>(*weights_gradient) : nullptr;
    InParallel(context, problem.NumPixels(), 2 * CyclesPerPixel(problem), [&](int64_t first, int64_t last) {
      Cpu().point_gradients(problem, source, coords, weights, upstream, Data<Real>(*coords_gradient), to_weights, first,
                            last);
    });
  }

  // Pieces are bands of rows. A window that lies on an edge of bands is visited by both, so bands are not made smaller
  // than the threads need.
  void SourceGradient(OpKernelContext* context, const Problem& problem, Tensor* gradient) {
    if (gradient->NumElements() == 0) return;
    Real* sums = Data<Real>(*gradient);
    Tensor scratch;
    if (sizeof(T) != sizeof(Real)) {
      OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DataTypeToEnum<Real>::v(), gradient->shape(), &scratch));
      sums = Data<Real>(scratch);
    }
    const Real* coords = Data<Real>(context->input(1));
    const Real* weights = Weights<Real>(context, problem);
    const T* upstream = Data<T>(context->input(context->num_inputs() - 1));
    const int64_t num_threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
    const int64_t bands = std::min(problem.source_height, (2 * num_threads - 1) / problem.batch + 1);
    const int64_t row_size = problem.source_width * problem.channels;
    const double cycles = CyclesPerPixel(problem) * problem.height * problem.width / bands;
    InParallel(context, problem.batch * bands, cycles, [&](int64_t first, int64_t last) {
      for (int64_t piece = first; piece < last; ++piece) {
        const int64_t image = piece / bands, band = piece % bands;
        const int64_t top = problem.source_height * band / bands, bottom = problem.source_height * (band + 1) / bands;
        Cpu().source_gradient(problem, coords, weights, upstream, sums, image, top, bottom);
        if (sizeof(T) != sizeof(Real)) {
          const int64_t begin = (image * problem.source_height + top) * row_size;
          Cpu().round(sums + begin, Data<T>(*gradient) + begin, (bottom - top) * row_size);
        }
      }
    });
  }

  Window window_;
};

}  // namespace

#define POSEWARP_REGISTER(name, kind, T, RealType)                                                       \
  REGISTER_KERNEL_BUILDER(                                                                               \
      Name(name).Device(tensorflow::DEVICE_CPU).TypeConstraint<T>("T").TypeConstraint<RealType>("Real"), \
      SampleKernel<T, RealType, kind>);                                                                  \
  REGISTER_KERNEL_BUILDER(Name(name "Grad")                                                              \
                              .Device(tensorflow::DEVICE_CPU)                                            \
                              .TypeConstraint<T>("T")                                                    \
                              .TypeConstraint<RealType>("Real"),                                         \
                          SampleGradientKernel<T, RealType, kind>);

#define POSEWARP_REGISTER_ALL(T, RealType)                                                              \
  POSEWARP_REGISTER("PosewarpLocalAttentionSample", WindowKind::kAttention, T, RealType) \
  POSEWARP_REGISTER("PosewarpBilinearSample", WindowKind::kBilinear, T, RealType)         \
  POSEWARP_REGISTER("PosewarpGaussianSample", WindowKind::kGaussian, T, RealType)

POSEWARP_REGISTER_ALL(float, float)
POSEWARP_REGISTER_ALL(double, double)
POSEWARP_REGISTER_ALL(Eigen::half, float)
POSEWARP_REGISTER_ALL(Eigen::bfloat16, float)

}  // namespace posewarp
