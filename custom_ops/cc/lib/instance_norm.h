// Instance norm with a leaky ReLU behind it on the CPU, forward and backward: every number is read twice, written once.
//
//   y = gamma * rstd * (x - mean) + beta,   out = y > 0 ? y : slope * y,   rstd = 1 / sqrt(variance + 1e-5)
//
// over the pixels of each image and channel. Nothing here knows TensorFlow. A caller splits the work over blocks of
// kNormBlock pixels as it likes; sums of blocks are added in their order, so results are bit-equal for any number of
// threads.

#ifndef POSEWARP_CC_LIB_INSTANCE_NORM_H_
#define POSEWARP_CC_LIB_INSTANCE_NORM_H_

#include <stdint.h>

#include "custom_ops/cc/lib/sampler.h"

namespace posewarp {

constexpr int64_t kNormBlock = 256;

// image [batch, pixels, channels].
struct NormProblem {
  int64_t batch, pixels, channels;
  float slope;

  int64_t BlocksPerImage() const { return (pixels + kNormBlock - 1) / kNormBlock; }
  int64_t NumBlocks() const { return batch * BlocksPerImage(); }
};

// mean and rstd are [batch, channels], gamma and beta [channels].
struct NormParameters {
  const float *mean, *rstd, *gamma, *beta;
};

// A block is a number below NumBlocks(); `sums`, where the sums of each go, is [NumBlocks(), 2, channels].
template <typename T>
struct InstanceNorm {
  // Sums over a block of x - first and (x - first)^2, where `first` is the first pixel of the image.
  void (*moment_sums)(const NormProblem& problem, const T* image, int64_t block, double* sums);
  // `out` of a block; may be `image` itself.
  void (*normalize)(const NormProblem& problem, const NormParameters& parameters, const T* image, int64_t block, T* out);
  // Sums over a block of dy and dy * (x - mean), dy the gradient of y.
  void (*gradient_sums)(const NormProblem& problem, const NormParameters& parameters, const T* upstream, const T* image,
                        int64_t block, double* sums);
  // The image's gradient in a block, factor * dy + tilt * (x - mean) + shift; may be `upstream` itself. `tilt_and_shift`
  // is [batch, 2, channels].
  void (*image_gradient)(const NormProblem& problem, const NormParameters& parameters, const T* upstream,
                         const T* image, const float* tilt_and_shift, int64_t block, T* gradient);
  // From all sums of moments to mean and rstd.
  void (*finish_moments)(const NormProblem& problem, const T* image, const double* sums, float* mean, float* rstd);
};

// From all sums of gradients to the gradients of gamma and beta, and what `image_gradient` needs.
void FinishGradients(const NormProblem& problem, const NormParameters& parameters, const double* sums,
                     float* gamma_gradient, float* beta_gradient, float* tilt_and_shift);

// For float, Half and BFloat16.
template <typename T>
const InstanceNorm<T>& InstanceNormFor(InstructionSet instruction_set);

}  // namespace posewarp

#endif  // POSEWARP_CC_LIB_INSTANCE_NORM_H_
