// Compares the instance norm and its gradients with plain loops in double, for every instruction set of this machine;
// exits with the number of failures. Built with -fsanitize=address,undefined as well, as sampler_test.cc is.

#include "custom_ops/cc/lib/instance_norm.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

namespace posewarp {
namespace {

int failures = 0;

void Expect(double error, double tolerance, const char* claim, const char* place) {
  if (error <= tolerance) return;
  ++failures;
  std::printf("FAILED: %s: %s: error %g\n", place, claim, error);
}

float ToFloat(float number) { return number; }
float ToFloat(BFloat16 number) {
  const uint32_t bits = static_cast<uint32_t>(number.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <typename T>
std::vector<T> Rounded(const std::vector<float>& numbers, InstructionSet instruction_set) {
  std::vector<T> rounded(numbers.size());
  SamplerFor<T, float>(instruction_set).round(numbers.data(), rounded.data(), numbers.size());
  return rounded;
}

template <typename T>
void TestAgreesWithPlainLoops(const NormProblem& problem, float offset, InstructionSet instruction_set, double tolerance,
                              const char* place) {
  const int64_t channels = problem.channels, size = problem.batch * problem.pixels * channels;
  std::mt19937 random(static_cast<unsigned>(size));
  std::normal_distribution<float> normal;
  auto fill = [&](int64_t count, float mean) {
    std::vector<float> numbers(count);
    for (float& number : numbers) number = mean + normal(random);
    return numbers;
  };
  const std::vector<T> image = Rounded<T>(fill(size, offset), instruction_set);
  const std::vector<T> upstream = Rounded<T>(fill(size, 0), instruction_set);
  const std::vector<float> gamma = fill(channels, 0), beta = fill(channels, 0);
  std::vector<T> out(size), gradient(size);
  std::vector<float> mean(problem.batch * channels), rstd(mean), tilt_and_shift(2 * mean.size());
  std::vector<float> gamma_gradient(channels), beta_gradient(channels);
  std::vector<double> sums(2 * problem.NumBlocks() * channels);
  const NormParameters parameters = {mean.data(), rstd.data(), gamma.data(), beta.data()};
  const InstanceNorm<T>& norm = InstanceNormFor<T>(instruction_set);
  const int64_t blocks = problem.NumBlocks();
  for (int64_t i = 0; i < blocks; ++i) norm.moment_sums(problem, image.data(), i, sums.data());
  norm.finish_moments(problem, image.data(), sums.data(), mean.data(), rstd.data());
  for (int64_t i = 0; i < blocks; ++i) norm.normalize(problem, parameters, image.data(), i, out.data());
  for (int64_t i = 0; i < blocks; ++i) {
    norm.gradient_sums(problem, parameters, upstream.data(), image.data(), i, sums.data());
  }
  FinishGradients(problem, parameters, sums.data(), gamma_gradient.data(), beta_gradient.data(), tilt_and_shift.data());
  for (int64_t i = 0; i < blocks; ++i) {
    norm.image_gradient(problem, parameters, upstream.data(), image.data(), tilt_and_shift.data(), i, gradient.data());
  }

  double out_error = 0, gradient_error = 0, parameter_error = 0;
  for (int64_t channel = 0; channel < channels; ++channel) {
    double gamma_sum = 0, beta_sum = 0;
    for (int64_t index = 0; index < problem.batch; ++index) {
      auto at = [&](int64_t pixel) { return (index * problem.pixels + pixel) * channels + channel; };
      double average = 0, variance = 0, plain = 0, weighted = 0;
      for (int64_t i = 0; i < problem.pixels; ++i) average += ToFloat(image[at(i)]) / static_cast<double>(problem.pixels);
      for (int64_t i = 0; i < problem.pixels; ++i) variance += std::pow(ToFloat(image[at(i)]) - average, 2);
      const double scale = 1 / std::sqrt(variance / problem.pixels + 1e-5);
      std::vector<double> x(problem.pixels), dy(problem.pixels);
      for (int64_t i = 0; i < problem.pixels; ++i) {
        x[i] = (ToFloat(image[at(i)]) - average) * scale;
        const double y = x[i] * gamma[channel] + beta[channel], slope = y > 0 ? 1 : problem.slope;
        dy[i] = slope * ToFloat(upstream[at(i)]);
        plain += dy[i];
        weighted += dy[i] * x[i];
        out_error = std::max(out_error, std::abs(ToFloat(out[at(i)]) - slope * y));
      }
      for (int64_t i = 0; i < problem.pixels; ++i) {
        const double expected = gamma[channel] * scale * (dy[i] - (plain + x[i] * weighted) / problem.pixels);
        // Of two signs at the ReLU's corner either is right.
        const double y = x[i] * gamma[channel] + beta[channel];
        if (std::abs(y) < 1e-4) continue;
        gradient_error = std::max(gradient_error, std::abs(ToFloat(gradient[at(i)]) - expected));
      }
      gamma_sum += weighted;
      beta_sum += plain;
    }
    parameter_error = std::max({parameter_error, std::abs(gamma_gradient[channel] - gamma_sum),
                                std::abs(beta_gradient[channel] - beta_sum)});
  }
  Expect(out_error, tolerance, "the norm is that of plain loops", place);
  Expect(gradient_error, 4 * tolerance, "the image's gradient is that of plain loops", place);
  Expect(parameter_error, 2e-3, "the gradients of gamma and beta are those of plain loops", place);
}

void TestAll(InstructionSet instruction_set, const char* name) {
  const int64_t shapes[][3] = {{2, 35, 1}, {1, 256, 19}, {2, 600, 67}, {1, 33, 200}, {0, 4, 4}, {1, 4, 0}};
  for (const auto& shape : shapes) {
    for (float slope : {1.0f, 0.1f}) {
      const NormProblem problem = {shape[0], shape[1], shape[2], slope};
      TestAgreesWithPlainLoops<float>(problem, 0, instruction_set, 2e-5, name);
      TestAgreesWithPlainLoops<float>(problem, 100, instruction_set, 2e-4, name);
      TestAgreesWithPlainLoops<BFloat16>(problem, 0, instruction_set, 4e-2, name);
    }
  }
}

}  // namespace
}  // namespace posewarp

int main() {
  using posewarp::InstructionSet;
  const char* names[] = {"baseline", "avx2", "avx512"};
  for (int set = 0; set < 3; ++set) {
    if (!posewarp::IsSupported(static_cast<InstructionSet>(set))) continue;
    posewarp::TestAll(static_cast<InstructionSet>(set), names[set]);
    std::printf("%s: done\n", names[set]);
  }
  std::printf("%d failures\n", posewarp::failures);
  return posewarp::failures > 0;
}
