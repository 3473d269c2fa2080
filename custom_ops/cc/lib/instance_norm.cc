// Chooses among the instruction sets at run time, and does what is done once per channel.

#include "custom_ops/cc/lib/instance_norm.h"

#include <vector>

namespace posewarp {

template <typename T>
const InstanceNorm<T>& InstanceNormBaseline();
#ifdef __x86_64__
template <typename T>
const InstanceNorm<T>& InstanceNormAvx2();
template <typename T>
const InstanceNorm<T>& InstanceNormAvx512();
#endif

template <typename T>
const InstanceNorm<T>& InstanceNormFor(InstructionSet instruction_set) {
#ifdef __x86_64__
  if (instruction_set == InstructionSet::kAvx512) return InstanceNormAvx512<T>();
  if (instruction_set == InstructionSet::kAvx2) return InstanceNormAvx2<T>();
#endif
  return InstanceNormBaseline<T>();
}

template const InstanceNorm<float>& InstanceNormFor(InstructionSet);
template const InstanceNorm<Half>& InstanceNormFor(InstructionSet);
template const InstanceNorm<BFloat16>& InstanceNormFor(InstructionSet);

void FinishGradients(const NormProblem& problem, const NormParameters& parameters, const double* sums,
                     float* gamma_gradient, float* beta_gradient, float* tilt_and_shift) {
  const int64_t channels = problem.channels, blocks = problem.BlocksPerImage();
  std::vector<double> gamma_sums(channels), beta_sums(channels);
  for (int64_t image = 0; image < problem.batch; ++image) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      double plain = 0, weighted = 0;
      for (int64_t block = image * blocks; block < (image + 1) * blocks; ++block) {
        plain += sums[2 * block * channels + channel];
        weighted += sums[(2 * block + 1) * channels + channel];
      }
      const double rstd = parameters.rstd[image * channels + channel];
      const double factor = rstd * parameters.gamma[channel] / problem.pixels;
      gamma_sums[channel] += weighted * rstd;
      beta_sums[channel] += plain;
      tilt_and_shift[2 * image * channels + channel] = static_cast<float>(-factor * rstd * rstd * weighted);
      tilt_and_shift[(2 * image + 1) * channels + channel] = static_cast<float>(-factor * plain);
    }
  }
  for (int64_t channel = 0; channel < channels; ++channel) {
    gamma_gradient[channel] = static_cast<float>(gamma_sums[channel]);
    beta_gradient[channel] = static_cast<float>(beta_sums[channel]);
  }
}

}  // namespace posewarp
