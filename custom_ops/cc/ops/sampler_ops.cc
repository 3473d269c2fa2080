// What TensorFlow must know about the samplers: names, types, shapes, documentation.

#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

// Headers of newer TensorFlows do not tell their version, so the build says which one they are of; a build into a server,
// where nobody asks, need not.
#ifndef POSEWARP_TENSORFLOW_VERSION
#define POSEWARP_TENSORFLOW_VERSION unknown
#endif
#define POSEWARP_TEXT(x) #x
#define POSEWARP_TEXT_OF(x) POSEWARP_TEXT(x)

// Found by `posewarp_tf/ops/kernel_library.py` in the file, before anything of it is loaded.
extern "C" __attribute__((used)) const char kPosewarpOpsBuild[] =
    "posewarp_ops for TensorFlow " POSEWARP_TEXT_OF(POSEWARP_TENSORFLOW_VERSION)
#ifdef GOOGLE_CUDA
    " with CUDA\n";
#else
    " without CUDA\n";
#endif

namespace tensorflow {
namespace {

using shape_inference::DimensionHandle;
using shape_inference::InferenceContext;
using shape_inference::ShapeHandle;

// Checks [B, Hs, Ws, C], [B, H, W, 2] and, where there is one, attention [B, H, W, k * k]; gives [B, H, W, C].
absl::Status CheckInputs(InferenceContext* context, int attention_index, ShapeHandle* out) {
  ShapeHandle source, coords, attention;
  TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &source));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(1), 4, &coords));
  DimensionHandle batch, height = context->Dim(coords, 1), width = context->Dim(coords, 2), unused;
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(source, 0), context->Dim(coords, 0), &batch));
  TF_RETURN_IF_ERROR(context->WithValue(context->Dim(coords, 3), 2, &unused));
  if (attention_index > 0) {
    TF_RETURN_IF_ERROR(context->WithRank(context->input(attention_index), 4, &attention));
    TF_RETURN_IF_ERROR(context->Merge(batch, context->Dim(attention, 0), &batch));
    TF_RETURN_IF_ERROR(context->Merge(height, context->Dim(attention, 1), &height));
    TF_RETURN_IF_ERROR(context->Merge(width, context->Dim(attention, 2), &width));
  }
  *out = context->MakeShape({batch, height, width, context->Dim(source, 3)});
  return absl::OkStatus();
}

absl::Status AttentionShape(InferenceContext* context) {
  ShapeHandle out;
  TF_RETURN_IF_ERROR(CheckInputs(context, 2, &out));
  context->set_output(0, out);
  return absl::OkStatus();
}

absl::Status PointShape(InferenceContext* context) {
  ShapeHandle out;
  TF_RETURN_IF_ERROR(CheckInputs(context, 0, &out));
  context->set_output(0, out);
  return absl::OkStatus();
}

// Gradients have the shapes of their inputs.
absl::Status GradientShape(InferenceContext* context) {
  ShapeHandle out, upstream;
  const int upstream_index = context->num_inputs() - 1;
  TF_RETURN_IF_ERROR(CheckInputs(context, upstream_index > 2 ? 2 : 0, &out));
  TF_RETURN_IF_ERROR(context->Merge(context->input(upstream_index), out, &upstream));
  for (int index = 0; index < context->num_outputs(); ++index) context->set_output(index, context->input(index));
  return absl::OkStatus();
}

constexpr char kDoc[] = R"doc(
A weighted sum over a window of integer taps around each point, each tap clamped to the border by itself.

source: [B, Hs, Ws, C].
coords: [B, H, W, 2], absolute (x, y) in pixels of the source; in double for a double source, else in float.
)doc";

}  // namespace

REGISTER_OP("PosewarpLocalAttentionSample")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("Real: {float, double}")
    .Input("source: T")
    .Input("coords: Real")
    .Input("attention: Real")
    .Output("out: T")
    .SetShapeFn(AttentionShape)
    .Doc(std::string(kDoc) + "attention: [B, H, W, k * k] weights of the k x k bilinear samples; k is 1, 3, 5, 7 or 9.");

REGISTER_OP("PosewarpLocalAttentionSampleGrad")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("Real: {float, double}")
    .Input("source: T")
    .Input("coords: Real")
    .Input("attention: Real")
    .Input("upstream: T")
    .Output("source_gradient: T")
    .Output("coords_gradient: Real")
    .Output("attention_gradient: Real")
    .SetShapeFn(GradientShape);

REGISTER_OP("PosewarpBilinearSample")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("Real: {float, double}")
    .Input("source: T")
    .Input("coords: Real")
    .Output("out: T")
    .SetShapeFn(PointShape)
    .Doc(kDoc);

REGISTER_OP("PosewarpBilinearSampleGrad")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("Real: {float, double}")
    .Input("source: T")
    .Input("coords: Real")
    .Input("upstream: T")
    .Output("source_gradient: T")
    .Output("coords_gradient: Real")
    .SetShapeFn(GradientShape);

REGISTER_OP("PosewarpGaussianSample")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("Real: {float, double}")
    .Attr("kernel_size: int")
    .Attr("sigma: float")
    .Input("source: T")
    .Input("coords: Real")
    .Output("out: T")
    .SetShapeFn(PointShape)
    .Doc(std::string(kDoc) + "kernel_size: taps per axis, even, 2 to 10.\nsigma: standard deviation in pixels.");

REGISTER_OP("PosewarpGaussianSampleGrad")
    .Attr("T: {half, bfloat16, float, double}")
    .Attr("Real: {float, double}")
    .Attr("kernel_size: int")
    .Attr("sigma: float")
    .Input("source: T")
    .Input("coords: Real")
    .Input("upstream: T")
    .Output("source_gradient: T")
    .Output("coords_gradient: Real")
    .SetShapeFn(GradientShape);

}  // namespace tensorflow
