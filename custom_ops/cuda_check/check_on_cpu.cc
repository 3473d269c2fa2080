// The CUDA kernels thread by thread on the CPU (cuda_on_cpu.h), against the reference in double: indices, barriers and
// sums are checked where there is no GPU; what only a GPU has (its memory, its compiler's code) is not. Exits with 1 on
// disagreement. Best built with -fsanitize=address,undefined, or thread.

#include "custom_ops/cuda_check/cuda_on_cpu.h"

#include "custom_ops/cc/kernels/cuda_launch.h"
#include "custom_ops/cuda_check/check.h"
#include "custom_ops/cuda_check/rival.h"

namespace posewarp {
namespace {

// Exactly as large as it says, so that the sanitizer sees what lies outside.
template <typename T>
class CpuArray {
 public:
  explicit CpuArray(size_t size) : numbers_(size) {}
  explicit CpuArray(const std::vector<T>& numbers) : numbers_(numbers) {}
  T* data() { return numbers_.data(); }
  const std::vector<T>& ToVector() const { return numbers_; }

 private:
  std::vector<T> numbers_;
};

int Main(uint32_t seed) {
  std::mt19937 random(seed);
  std::printf("seed %u\n", seed);
  // Batch, source height and width, channels (a vector's multiple or not), target height and width.
  const std::vector<std::vector<int64_t>> sizes = {{2, 5, 4, 8, 3, 4}, {1, 1, 1, 3, 2, 2}, {1, 6, 1, 1, 2, 3},
                                                   {0, 4, 4, 4, 3, 3}, {1, 3, 3, 4, 0, 2}, {1, 2, 3, 0, 2, 2}};
  int failures = CheckAll<float, float, CpuArray>(sizes, &random);
  // Groups of half a warp, and more channels than a group of threads takes at a time.
  failures += CheckAll<float, float, CpuArray>({{1, 3, 4, 44, 3, 2}, {1, 3, 4, 516, 2, 2}, {1, 3, 3, 131, 1, 2}},
                                               &random);
  failures += CheckAll<Half, float, CpuArray>({{2, 5, 4, 8, 3, 4}, {1, 4, 4, 5, 3, 2}}, &random);
  failures += CheckAll<BFloat16, float, CpuArray>({{2, 5, 4, 8, 3, 4}, {1, 4, 4, 5, 3, 2}}, &random);
  failures += CheckAll<double, double, CpuArray>({{2, 5, 4, 8, 3, 4}, {1, 4, 4, 5, 3, 2}}, &random);
  failures += !rival::RivalAgrees<CpuArray>(MakeProblem(WindowKind::kAttention, 3, {2, 5, 4, 6, 3, 4}), &random);
  std::printf("%d disagreements\n", failures);
  return failures ? 1 : 0;
}

}  // namespace
}  // namespace posewarp

int main(int argc, char** argv) {
  return posewarp::Main(argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : std::random_device()());
}
