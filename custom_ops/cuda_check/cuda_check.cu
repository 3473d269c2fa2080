// The CUDA kernels on a GPU against the reference in double, on fresh random inputs, and their time beside the
// published order of operations (rival.h) and beside a copy of the same number of bytes.
//
//   cuda_check [seed]
//
// Exits with 0 if everything agrees, 1 if not, 2 on an error of CUDA, 3 without a GPU.

#include "custom_ops/cc/kernels/cuda_language.h"

#include "custom_ops/cuda_check/check.h"
#include "custom_ops/cuda_check/rival.h"

namespace posewarp {
namespace {

void RequireCuda(cudaError_t error, const char* what) {
  Require(error == cudaSuccess ? nullptr : cudaGetErrorString(error), what);
}

template <typename T>
class GpuArray {
 public:
  explicit GpuArray(const std::vector<T>& numbers) : size_(numbers.size()) {
    RequireCuda(cudaMalloc(reinterpret_cast<void**>(&data_), std::max<size_t>(size_, 1) * sizeof(T)), "memory");
    RequireCuda(cudaMemcpy(data_, numbers.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "copy to the GPU");
  }
  GpuArray(const GpuArray&) = delete;
  ~GpuArray() { cudaFree(data_); }
  T* data() { return data_; }
  size_t size() const { return size_; }
  std::vector<T> ToVector() const {
    std::vector<T> numbers(size_);
    // Waits for the kernels, and shows their errors.
    RequireCuda(cudaMemcpy(numbers.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), "kernels");
    return numbers;
  }

 private:
  T* data_;
  size_t size_;
};

// Median of 50 runs after 5, in milliseconds.
template <typename Function>
double MedianTime(Function function) {
  cudaEvent_t start, stop;
  RequireCuda(cudaEventCreate(&start), "event");
  RequireCuda(cudaEventCreate(&stop), "event");
  std::vector<float> times;
  for (int run = 0; run < 55; ++run) {
    RequireCuda(cudaEventRecord(start), "event");
    function();
    RequireCuda(cudaEventRecord(stop), "event");
    RequireCuda(cudaEventSynchronize(stop), "kernels");
    float time;
    RequireCuda(cudaEventElapsedTime(&time, start, stop), "event");
    if (run >= 5) times.push_back(time);
  }
  RequireCuda(cudaEventDestroy(start), "event");
  RequireCuda(cudaEventDestroy(stop), "event");
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// Bytes read and written by a copy, per millisecond.
double CopyRate(size_t bytes) {
  GpuArray<unsigned char> from(std::vector<unsigned char>(bytes / 2)), to(std::vector<unsigned char>(bytes / 2));
  return bytes / MedianTime([&] {
    RequireCuda(cudaMemcpyAsync(to.data(), from.data(), bytes / 2, cudaMemcpyDeviceToDevice), "copy");
  });
}

// The floor is every input and output once, at the rate of a copy of as many bytes.
void PrintTime(const char* what, double time, size_t bytes, double rival) {
  const double rate = CopyRate(bytes);
  std::printf("  %-36s %8.4f ms, %6.1f GB/s of %6.1f GB/s of a copy", what, time, bytes / time / 1e6, rate / 1e6);
  if (rival > 0) std::printf(", published order %8.4f ms: %.1fx", rival, rival / time);
  std::printf("\n");
}

template <typename T, typename Real>
void Measure(const Problem& problem, std::mt19937* random, double rival_forward, double rival_gradients) {
  const Inputs<T, Real> inputs(problem, 4, random);
  OnDevice<T, Real, GpuArray> device(problem, inputs);
  const size_t maps = (device.source.size() + device.out.size()) * sizeof(T);
  const size_t points = (device.coords.size() + device.weights.size()) * sizeof(Real);
  std::printf("%s %s\n", Format<T>::kName, Describe(problem).c_str());
  PrintTime("forward", MedianTime([&] { device.Forward(); }), maps + points, rival_forward);
  PrintTime("gradients of coords and attention", MedianTime([&] { device.PointGradients(); }), maps + 2 * points, 0);
  PrintTime("gradient of the source", MedianTime([&] { device.SourceGradient(); }), maps + points, 0);
  const double all = MedianTime([&] {
    device.PointGradients();
    device.SourceGradient();
  });
  PrintTime("all gradients", all, 2 * maps - device.out.size() * sizeof(T) + 2 * points, rival_gradients);
}

void MeasureAll(std::mt19937* random) {
  for (const Problem& problem : {MakeProblem(WindowKind::kAttention, 5, {1, 64, 64, 128, 64, 64}),
                                 MakeProblem(WindowKind::kAttention, 3, {8, 32, 32, 256, 32, 32}),
                                 MakeProblem(WindowKind::kAttention, 5, {8, 64, 64, 128, 64, 64})}) {
    const Inputs<float, float> inputs(problem, 4, random);
    OnDevice<float, float, GpuArray> device(problem, inputs);
    rival::Rival<GpuArray> rival(&device);
    const double forward = MedianTime([&] { rival.Forward(); }), gradients = MedianTime([&] { rival.Gradients(); });
    Measure<float, float>(problem, random, forward, gradients);
    Measure<Half, float>(problem, random, 0, 0);
  }
}

int Main(uint32_t seed) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    std::fprintf(stderr, "no GPU that CUDA can use: %s\n", cudaGetErrorString(error));
    return 3;
  }
  cudaDeviceProp properties;
  RequireCuda(cudaGetDeviceProperties(&properties, 0), "device");
  std::printf("%s, seed %u\n", properties.name, seed);
  std::mt19937 random(seed);
  const std::vector<std::vector<int64_t>> sizes = {{2, 17, 23, 64, 19, 13}, {1, 1, 1, 3, 2, 2}, {3, 9, 8, 37, 16, 16},
                                                   {0, 4, 4, 4, 3, 3},      {1, 3, 3, 4, 0, 2}, {1, 2, 3, 0, 2, 2},
                                                   {1, 12, 10, 520, 7, 6}};
  int failures = CheckAll<float, float, GpuArray>(sizes, &random) + CheckAll<Half, float, GpuArray>(sizes, &random) +
                 CheckAll<BFloat16, float, GpuArray>(sizes, &random) +
                 CheckAll<double, double, GpuArray>(sizes, &random);
  failures += !rival::RivalAgrees<GpuArray>(MakeProblem(WindowKind::kAttention, 5, {2, 17, 23, 64, 19, 13}), &random);
  MeasureAll(&random);
  std::printf("%d disagreements\n", failures);
  return failures ? 1 : 0;
}

}  // namespace
}  // namespace posewarp

int main(int argc, char** argv) {
  return posewarp::Main(argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : std::random_device()());
}
