// From TensorFlow's tensors to a checked Problem; the same for every device.

#ifndef POSEWARP_CC_KERNELS_SAMPLER_PROBLEM_H_
#define POSEWARP_CC_KERNELS_SAMPLER_PROBLEM_H_

#include "custom_ops/cc/lib/sampler.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace posewarp {

// The type that cc/lib has for one of TensorFlow's.
template <typename T>
struct Storage {
  using Type = T;
};
template <>
struct Storage<Eigen::half> {
  using Type = Half;
};
template <>
struct Storage<Eigen::bfloat16> {
  using Type = BFloat16;
};

template <typename To>
To* Data(const tensorflow::Tensor& tensor) {
  return const_cast<To*>(reinterpret_cast<const To*>(tensor.tensor_data().data()));
}

// The window that an op asks for, but for the attention's size, which its input tells. Sizes are checked here.
inline absl::Status ReadWindow(tensorflow::OpKernelConstruction* context, WindowKind kind, Window* window) {
  *window = {kind, 1, 1.0};
  if (kind != WindowKind::kGaussian) return absl::OkStatus();
  float sigma;
  TF_RETURN_IF_ERROR(context->GetAttr("kernel_size", &window->size));
  TF_RETURN_IF_ERROR(context->GetAttr("sigma", &sigma));
  window->sigma = sigma;
  if (window->size % 2 || window->size < 2 || window->size > kMaxSide || !(sigma > 0)) {
    return tensorflow::errors::InvalidArgument("gaussian_sample: got kernel_size ", window->size, " and sigma ", sigma,
                                               ", expected an even kernel_size of 2 to ", kMaxSide,
                                               " and a positive sigma");
  }
  return absl::OkStatus();
}

// Inputs of an op: source, coords, for attention windows the attention, and for gradients the upstream gradient last.
inline absl::Status ReadProblem(tensorflow::OpKernelContext* context, bool is_gradient, Problem* problem) {
  const tensorflow::TensorShape& source = context->input(0).shape();
  const tensorflow::TensorShape& coords = context->input(1).shape();
  std::string shapes = "source " + source.DebugString() + ", coords " + coords.DebugString();
  bool fits = source.dims() == 4 && coords.dims() == 4 && coords.dim_size(3) == 2 &&
              source.dim_size(0) == coords.dim_size(0);
  if (problem->window.kind == WindowKind::kAttention) {
    const tensorflow::TensorShape& attention = context->input(2).shape();
    shapes += ", attention " + attention.DebugString();
    int kernel = 1;
    while (attention.dims() == 4 && kernel * kernel < attention.dim_size(3)) kernel += 2;
    fits = fits && attention.dims() == 4 && kernel < kMaxSide && kernel * kernel == attention.dim_size(3);
    for (int axis = 0; fits && axis < 3; ++axis) fits = attention.dim_size(axis) == coords.dim_size(axis);
    problem->window.size = kernel;
  }
  if (!fits) {
    return tensorflow::errors::InvalidArgument(
        "expected source [B, Hs, Ws, C], coords [B, H, W, 2] and, for attention, [B, H, W, k * k] with k = 1, 3, 5, 7 "
        "or 9, got ", shapes);
  }
  problem->batch = source.dim_size(0);
  problem->source_height = source.dim_size(1);
  problem->source_width = source.dim_size(2);
  problem->channels = source.dim_size(3);
  problem->height = coords.dim_size(1);
  problem->width = coords.dim_size(2);
  const tensorflow::TensorShape out({problem->batch, problem->height, problem->width, problem->channels});
  if (is_gradient && context->input(context->num_inputs() - 1).shape() != out) {
    return tensorflow::errors::InvalidArgument("expected an upstream gradient ", out.DebugString(), ", got ",
                                               context->input(context->num_inputs() - 1).shape().DebugString());
  }
  constexpr int64_t kMaxExtent = 1 << 30;
  if (problem->source_height > kMaxExtent || problem->source_width > kMaxExtent) {
    return tensorflow::errors::InvalidArgument("the source is too large: ", shapes);
  }
  if (problem->NumPixels() > 0 && problem->source_height * problem->source_width == 0) {
    return tensorflow::errors::InvalidArgument("there are points, but no pixel in the source: ", shapes);
  }
  return absl::OkStatus();
}

}  // namespace posewarp

#endif  // POSEWARP_CC_KERNELS_SAMPLER_PROBLEM_H_
