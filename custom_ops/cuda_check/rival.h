// The rival: the published order of operations for the attention sampler, in float. Patches of k x k bilinear samples
// are stored, multiplied by the attention, and pooled; backwards the same way, with atomics into the source.

#ifndef POSEWARP_CUDA_CHECK_RIVAL_H_
#define POSEWARP_CUDA_CHECK_RIVAL_H_

#include "custom_ops/cc/lib/sampler.h"

namespace posewarp {
namespace rival {

using namespace cuda;  // The language, where the CPU stands for it.

constexpr int kBlock = 256;

// The four taps of one sample of a patch.
struct Sample {
  int64_t offsets[4];
  float coefficients[4], along_x[4], along_y[4];
};

__device__ inline Sample FindSample(const Problem& problem, const float* coords, int64_t pixel, int tap) {
  const int size = problem.window.size;
  const float whole_x = floorf(coords[2 * pixel]), whole_y = floorf(coords[2 * pixel + 1]);
  const float fx = coords[2 * pixel] - whole_x, fy = coords[2 * pixel + 1] - whole_y;
  const int64_t image = pixel / (problem.height * problem.width);
  Sample sample;
  for (int corner = 0; corner < 4; ++corner) {
    const int right = corner % 2, below = corner / 2;
    const int x = Clamp(static_cast<int>(whole_x) + tap % size - size / 2 + right, problem.source_width);
    const int y = Clamp(static_cast<int>(whole_y) + tap / size - size / 2 + below, problem.source_height);
    const float part_x = right ? fx : 1 - fx, part_y = below ? fy : 1 - fy;
    sample.offsets[corner] = ((image * problem.source_height + y) * problem.source_width + x) * problem.channels;
    sample.coefficients[corner] = part_x * part_y;
    sample.along_x[corner] = right ? part_y : -part_y;
    sample.along_y[corner] = below ? part_x : -part_x;
  }
  return sample;
}

// One thread for each number of the patches [pixels, k * k, channels].
__global__ void ExtractPatches(Problem problem, int64_t total, const float* source, const float* coords,
                               float* patches) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= total) return;
  const int num_taps = problem.window.size * problem.window.size;
  const int64_t channel = index % problem.channels, place = index / problem.channels;
  const Sample sample = FindSample(problem, coords, place / num_taps, static_cast<int>(place % num_taps));
  float sum = 0;
  for (int corner = 0; corner < 4; ++corner) {
    sum += sample.coefficients[corner] * source[sample.offsets[corner] + channel];
  }
  patches[index] = sum;
}

__global__ void MultiplyPatches(Problem problem, int64_t total, const float* patches, const float* weights,
                                float* products) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index < total) products[index] = patches[index] * weights[index / problem.channels];
}

__global__ void PoolPatches(Problem problem, int64_t total, const float* products, float* out) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= total) return;
  const int num_taps = problem.window.size * problem.window.size;
  const int64_t channel = index % problem.channels, pixel = index / problem.channels;
  float sum = 0;
  for (int tap = 0; tap < num_taps; ++tap) sum += products[(pixel * num_taps + tap) * problem.channels + channel];
  out[index] = sum;
}

// Gradient of the patches, stored again: the pool and the product backwards.
__global__ void UnpoolPatches(Problem problem, int64_t total, const float* weights, const float* upstream,
                              float* patch_gradients) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= total) return;
  const int num_taps = problem.window.size * problem.window.size;
  const int64_t channel = index % problem.channels, place = index / problem.channels;
  patch_gradients[index] = weights[place] * upstream[place / num_taps * problem.channels + channel];
}

// One thread for each weight.
__global__ void WeightsGradient(Problem problem, int64_t total, const float* patches, const float* upstream,
                                float* weights_gradient) {
  const int64_t place = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (place >= total) return;
  const int64_t pixel = place / (problem.window.size * problem.window.size);
  float sum = 0;
  for (int64_t channel = 0; channel < problem.channels; ++channel) {
    sum += patches[place * problem.channels + channel] * upstream[pixel * problem.channels + channel];
  }
  weights_gradient[place] = sum;
}

__global__ void ScatterPatches(Problem problem, int64_t total, const float* coords, const float* patch_gradients,
                               float* source_gradient) {
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (index >= total) return;
  const int num_taps = problem.window.size * problem.window.size;
  const int64_t channel = index % problem.channels, place = index / problem.channels;
  const Sample sample = FindSample(problem, coords, place / num_taps, static_cast<int>(place % num_taps));
  for (int corner = 0; corner < 4; ++corner) {
    atomicAdd(source_gradient + sample.offsets[corner] + channel,
              sample.coefficients[corner] * patch_gradients[index]);
  }
}

// One thread for each sample of a patch.
__global__ void CoordsGradient(Problem problem, int64_t total, const float* source, const float* coords,
                               const float* patch_gradients, float* coords_gradient) {
  const int64_t place = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (place >= total) return;
  const int num_taps = problem.window.size * problem.window.size;
  const int64_t pixel = place / num_taps;
  const Sample sample = FindSample(problem, coords, pixel, static_cast<int>(place % num_taps));
  float sum_x = 0, sum_y = 0;
  for (int64_t channel = 0; channel < problem.channels; ++channel) {
    const float gradient = patch_gradients[place * problem.channels + channel];
    for (int corner = 0; corner < 4; ++corner) {
      const float read = source[sample.offsets[corner] + channel];
      sum_x += sample.along_x[corner] * read * gradient;
      sum_y += sample.along_y[corner] * read * gradient;
    }
  }
  atomicAdd(coords_gradient + 2 * pixel, sum_x);
  atomicAdd(coords_gradient + 2 * pixel + 1, sum_y);
}

template <typename Kernel, typename... Args>
void Run(Kernel kernel, const Problem& problem, int64_t total, const Args&... args) {
  const int blocks = static_cast<int>((total + kBlock - 1) / kBlock);
  Require(cuda::Launch(kernel, blocks, kBlock, 0, nullptr, problem, total, args...), "rival");
}

// On the arrays of an OnDevice<float, float>; patches and their gradients are stored between the steps.
template <template <typename> class DeviceArray>
struct Rival {
  OnDevice<float, float, DeviceArray>* arrays;
  int64_t num_places;
  DeviceArray<float> patches, products;

  explicit Rival(OnDevice<float, float, DeviceArray>* arrays)
      : arrays(arrays),
        num_places(arrays->problem.NumPixels() * NumWeights(arrays->problem.window)),
        patches(std::vector<float>(num_places * arrays->problem.channels)),
        products(std::vector<float>(num_places * arrays->problem.channels)) {}

  void Forward() {
    const Problem& problem = arrays->problem;
    const int64_t total = num_places * problem.channels;
    Run(ExtractPatches, problem, total, arrays->source.data(), arrays->coords.data(), patches.data());
    Run(MultiplyPatches, problem, total, patches.data(), arrays->weights.data(), products.data());
    Run(PoolPatches, problem, problem.NumPixels() * problem.channels, products.data(), arrays->out.data());
  }

  // After Forward, whose patches it reads.
  void Gradients() {
    const Problem& problem = arrays->problem;
    const int64_t total = num_places * problem.channels;
    Require(cuda::SetZero(arrays->source_gradient.data(), problem.SourceSize() * sizeof(float), nullptr), "rival");
    Require(cuda::SetZero(arrays->coords_gradient.data(), problem.NumPixels() * 2 * sizeof(float), nullptr), "rival");
    Run(WeightsGradient, problem, num_places, patches.data(), arrays->upstream.data(),
        arrays->weights_gradient.data());
    Run(UnpoolPatches, problem, total, arrays->weights.data(), arrays->upstream.data(), products.data());
    Run(ScatterPatches, problem, total, arrays->coords.data(), products.data(), arrays->source_gradient.data());
    Run(CoordsGradient, problem, num_places, arrays->source.data(), arrays->coords.data(), products.data(),
        arrays->coords_gradient.data());
  }
};

// The rival against the reference: what is compared with the kernels must be right as well.
template <template <typename> class DeviceArray>
bool RivalAgrees(const Problem& problem, std::mt19937* random) {
  const Inputs<float, float> inputs(problem, 4, random);
  OnDevice<float, float, DeviceArray> device(problem, inputs);
  Rival<DeviceArray> rival(&device);
  rival.Forward();
  rival.Gradients();
  Arrays expected = inputs.InDouble();
  ComputeReference(problem, &expected);
  return PrintErrors("rival", problem, device, expected);
}

}  // namespace rival
}  // namespace posewarp

#endif  // POSEWARP_CUDA_CHECK_RIVAL_H_
