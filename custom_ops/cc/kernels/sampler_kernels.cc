// The samplers as CPU kernels: the work of cc/lib split over TensorFlow's threads.

#include <algorithm>
#include <functional>

#include "custom_ops/cc/kernels/sampler_op_kernels.h"

namespace posewarp {
namespace {

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

struct Cpu {
  template <typename T, typename Real>
  static absl::Status Forward(OpKernelContext* context, const Problem& problem, const Operands<T, Real>& from, T* out) {
    const auto& sampler = SamplerFor<T, Real>(BestInstructionSet());
    InParallel(context, problem.NumPixels(), CyclesPerPixel(problem), [&](int64_t first, int64_t last) {
      sampler.forward(problem, from.source, from.coords, from.weights, out, first, last);
    });
    return absl::OkStatus();
  }

  template <typename T, typename Real>
  static absl::Status Gradients(OpKernelContext* context, const Problem& problem, const Operands<T, Real>& from,
                          T* source_gradient, Real* coords_gradient, Real* weights_gradient) {
    const auto& sampler = SamplerFor<T, Real>(BestInstructionSet());
    InParallel(context, problem.NumPixels(), 2 * CyclesPerPixel(problem), [&](int64_t first, int64_t last) {
      sampler.point_gradients(problem, from.source, from.coords, from.weights, from.upstream, coords_gradient,
                              weights_gradient, first, last);
    });
    return SourceGradient(context, problem, from, source_gradient);
  }

 private:
  // Pieces are bands of rows. A window that lies on an edge of bands is visited by both, so bands are not made smaller
  // than the threads need. Sums of types that are stored short are made in a Real map and rounded once.
  template <typename T, typename Real>
  static absl::Status SourceGradient(OpKernelContext* context, const Problem& problem, const Operands<T, Real>& from,
                               T* gradient) {
    const int64_t row_size = problem.source_width * problem.channels;
    const int64_t size = problem.batch * problem.source_height * row_size;
    if (size == 0) return absl::OkStatus();
    constexpr bool kIsShort = sizeof(T) != sizeof(Real);
    Real* sums = reinterpret_cast<Real*>(gradient);
    Tensor scratch;
    if (kIsShort) {
      TF_RETURN_IF_ERROR(context->allocate_temp(tensorflow::DataTypeToEnum<Real>::v(), {size}, &scratch));
      sums = Data<Real>(scratch);
    }
    const auto& sampler = SamplerFor<T, Real>(BestInstructionSet());
    const int64_t num_threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
    const int64_t bands = std::min(problem.source_height, (2 * num_threads - 1) / problem.batch + 1);
    const double cycles = CyclesPerPixel(problem) * problem.height * problem.width / bands;
    InParallel(context, problem.batch * bands, cycles, [&](int64_t first, int64_t last) {
      for (int64_t piece = first; piece < last; ++piece) {
        const int64_t image = piece / bands, band = piece % bands;
        const int64_t top = problem.source_height * band / bands, bottom = problem.source_height * (band + 1) / bands;
        sampler.source_gradient(problem, from.coords, from.weights, from.upstream, sums, image, top, bottom);
        if (kIsShort) {
          const int64_t begin = (image * problem.source_height + top) * row_size;
          sampler.round(sums + begin, gradient + begin, (bottom - top) * row_size);
        }
      }
    });
    return absl::OkStatus();
  }
};

POSEWARP_REGISTER_SAMPLERS(Cpu, tensorflow::DEVICE_CPU)

}  // namespace
}  // namespace posewarp
