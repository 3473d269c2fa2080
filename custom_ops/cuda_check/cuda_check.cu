// The CUDA kernels on a GPU against the reference in double, on fresh random inputs, and their times (measure.h).
//
//   cuda_check [--quick] [--seed=N] [--json=FILE]
//
// --quick measures fewer sizes; FILE gets the times as lines of JSON. Exits with 0 if everything agrees, 1 if not, 2 on
// an error of CUDA or of a flag, 3 without a GPU.

#include "custom_ops/cc/kernels/cuda_language.h"

#include "custom_ops/cuda_check/check.h"
#include "custom_ops/cuda_check/gpu_array.h"
#include "custom_ops/cuda_check/measure.h"
#include "custom_ops/cuda_check/rival.h"

namespace posewarp {
namespace {

struct Options {
  bool is_quick = false;
  uint32_t seed = std::random_device()();
  const char* json_path = nullptr;

  Options(int argc, char** argv) {
    for (int index = 1; index < argc; ++index) {
      const char* argument = argv[index];
      if (!std::strcmp(argument, "--quick")) {
        is_quick = true;
      } else if (!std::strncmp(argument, "--seed=", 7)) {
        seed = static_cast<uint32_t>(std::strtoul(argument + 7, nullptr, 10));
      } else if (!std::strncmp(argument, "--json=", 7)) {
        json_path = argument + 7;
      } else {
        Require("expected --quick, --seed=N or --json=FILE", argument);
      }
    }
  }
};

int CountDisagreements(std::mt19937* random) {
  const std::vector<std::vector<int64_t>> sizes = {{2, 17, 23, 64, 19, 13}, {1, 1, 1, 3, 2, 2}, {3, 9, 8, 37, 16, 16},
                                                   {0, 4, 4, 4, 3, 3},      {1, 3, 3, 4, 0, 2}, {1, 2, 3, 0, 2, 2},
                                                   {1, 12, 10, 520, 7, 6}};
  // As large as those that are timed.
  int failures = 0;
  for (const Problem& problem : {MakeProblem(WindowKind::kAttention, 5, {8, 64, 64, 128, 64, 64}),
                                 MakeProblem(WindowKind::kAttention, 3, {8, 32, 32, 256, 32, 32}),
                                 MakeProblem(WindowKind::kBilinear, 1, {8, 64, 64, 128, 63, 61})}) {
    failures += !Agrees<float, float, GpuArray>(problem, 4, random);
    failures += !Agrees<Half, float, GpuArray>(problem, 4, random);
  }
  return failures + CheckAll<float, float, GpuArray>(sizes, random) + CheckAll<Half, float, GpuArray>(sizes, random) +
         CheckAll<BFloat16, float, GpuArray>(sizes, random) + CheckAll<double, double, GpuArray>(sizes, random) +
         !rival::RivalAgrees<GpuArray>(MakeProblem(WindowKind::kAttention, 5, {2, 17, 23, 64, 19, 13}), random);
}

int Main(const Options& options) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    std::fprintf(stderr, "no GPU that CUDA can use: %s\n", cudaGetErrorString(error));
    return 3;
  }
  cudaDeviceProp properties;
  RequireCuda(cudaGetDeviceProperties(&properties, 0), "device");
  std::printf("%s, seed %u\n", properties.name, options.seed);
  std::mt19937 random(options.seed);
  const int failures = CountDisagreements(&random);
  std::printf("%d disagreements\n", failures);
  Report report(options.json_path);
  MeasureAll(options.is_quick, &random, &report);
  return failures ? 1 : 0;
}

}  // namespace
}  // namespace posewarp

int main(int argc, char** argv) { return posewarp::Main(posewarp::Options(argc, argv)); }
