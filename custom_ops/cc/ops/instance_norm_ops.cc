// What TensorFlow must know about the instance norm: names, types, shapes, documentation.

#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tensorflow {
namespace {

using shape_inference::DimensionHandle;
using shape_inference::InferenceContext;
using shape_inference::ShapeHandle;

// Checks [B, H, W, C] and, `first` and the next, [C] and [C].
absl::Status CheckNormInputs(InferenceContext* context, int image_index, int first, ShapeHandle* image,
                             DimensionHandle* channels) {
  TF_RETURN_IF_ERROR(context->WithRank(context->input(image_index), 4, image));
  *channels = context->Dim(*image, 3);
  for (int index = first; index < first + 2; ++index) {
    ShapeHandle vector;
    TF_RETURN_IF_ERROR(context->WithRank(context->input(index), 1, &vector));
    TF_RETURN_IF_ERROR(context->Merge(*channels, context->Dim(vector, 0), channels));
  }
  return context->ReplaceDim(*image, 3, *channels, image);
}

absl::Status NormShape(InferenceContext* context) {
  ShapeHandle image;
  DimensionHandle channels;
  TF_RETURN_IF_ERROR(CheckNormInputs(context, 0, 1, &image, &channels));
  context->set_output(0, image);
  for (int index : {1, 2}) context->set_output(index, context->MakeShape({context->Dim(image, 0), channels}));
  return absl::OkStatus();
}

absl::Status NormGradientShape(InferenceContext* context) {
  ShapeHandle image;
  DimensionHandle channels;
  TF_RETURN_IF_ERROR(CheckNormInputs(context, 1, 4, &image, &channels));
  TF_RETURN_IF_ERROR(context->Merge(context->input(0), image, &image));
  context->set_output(0, image);
  for (int index : {1, 2}) context->set_output(index, context->MakeShape({channels}));
  return absl::OkStatus();
}

}  // namespace

REGISTER_OP("PosewarpInstanceNorm")
    .Attr("T: {half, bfloat16, float}")
    .Attr("slope: float")
    .Input("image: T")
    .Input("gamma: float")
    .Input("beta: float")
    .Output("out: T")
    .Output("mean: float")
    .Output("rstd: float")
    .SetShapeFn(NormShape)
    .Doc(R"doc(
y = gamma * rstd * (x - mean) + beta over the pixels of each image and channel, then y > 0 ? y : slope * y.

image: [B, H, W, C].
gamma: [C].
beta: [C].
mean: [B, C].
rstd: [B, C], 1 / sqrt(variance + 1e-5).
slope: of the leaky ReLU; 1: none.
)doc");

REGISTER_OP("PosewarpInstanceNormGrad")
    .Attr("T: {half, bfloat16, float}")
    .Attr("slope: float")
    .Input("upstream: T")
    .Input("image: T")
    .Input("mean: float")
    .Input("rstd: float")
    .Input("gamma: float")
    .Input("beta: float")
    .Output("image_gradient: T")
    .Output("gamma_gradient: float")
    .Output("beta_gradient: float")
    .SetShapeFn(NormGradientShape);

}  // namespace tensorflow
