// Times of the samplers' kernels beside the time of copying as many bytes, and beside the published order of operations
// (rival.h). For cuda_check.cu.
//
// Every time is that of a row of calls on different arrays, which together are larger than the device's cache, so that
// each call finds its inputs in the memory. Points follow a smooth flow of some pixels, as a network's do.

#ifndef POSEWARP_CUDA_CHECK_MEASURE_H_
#define POSEWARP_CUDA_CHECK_MEASURE_H_

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "custom_ops/cuda_check/check.h"
#include "custom_ops/cuda_check/gpu_array.h"
#include "custom_ops/cuda_check/rival.h"

namespace posewarp {

constexpr size_t kRotatedBytes = 256 << 20;  // Several times the cache of an H100 or H200.
constexpr double kGoal = 0.7;                // Of the rate of a copy.

// Median milliseconds of one of `calls` calls in a row, function(0) to function(calls - 1).
template <typename Function>
double MedianTime(int calls, Function function) {
  constexpr int kRuns = 20, kWarmUps = 3;
  cudaEvent_t start, stop;
  RequireCuda(cudaEventCreate(&start), "event");
  RequireCuda(cudaEventCreate(&stop), "event");
  std::vector<float> times;
  for (int run = 0; run < kRuns + kWarmUps; ++run) {
    RequireCuda(cudaEventRecord(start), "event");
    for (int call = 0; call < calls; ++call) function(call);
    RequireCuda(cudaEventRecord(stop), "event");
    RequireCuda(cudaEventSynchronize(stop), "kernels");
    float time;
    RequireCuda(cudaEventElapsedTime(&time, start, stop), "event");
    if (run >= kWarmUps) times.push_back(time / calls);
  }
  RequireCuda(cudaEventDestroy(start), "event");
  RequireCuda(cudaEventDestroy(stop), "event");
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

// How many arrays of `bytes` bytes are larger than the cache together.
inline int CallsFor(size_t bytes) {
  return static_cast<int>(std::min<size_t>(std::max<size_t>(kRotatedBytes / std::max<size_t>(bytes, 1), 2), 64));
}

// Milliseconds of copies that read and write `bytes` bytes together.
inline double CopyTime(size_t bytes) {
  const int calls = CallsFor(bytes);
  const size_t half = bytes / 2;
  GpuArray<unsigned char> from(half * calls), to(half * calls);
  return MedianTime(calls, [&](int call) {
    RequireCuda(cudaMemcpyAsync(to.data() + call * half, from.data() + call * half, half, cudaMemcpyDeviceToDevice),
                "copy");
  });
}

// Replaces the points by those of a smooth flow of up to 4 pixels with a little noise.
template <typename T, typename Real>
void FollowSmoothFlow(const Problem& problem, std::mt19937* random, Inputs<T, Real>* inputs) {
  for (size_t index = 0; index < inputs->coords.size(); ++index) {
    const int64_t pixel = index / 2, column = pixel % problem.width, row = pixel / problem.width % problem.height;
    const double across = 6.2832 * column / problem.width, down = 6.2832 * row / problem.height;
    const double flow = index % 2 ? 4 * std::sin(across + pixel / (problem.width * problem.height))
                                  : 4 * std::cos(down) * std::sin(across);
    inputs->coords[index] = static_cast<Real>((index % 2 ? row : column) + flow + 0.05 * Draw<float>(random));
  }
}

// Writes a table and, if there is a file for it, the same as lines of JSON.
class Report {
 public:
  explicit Report(const char* json_path) : json_(json_path ? std::fopen(json_path, "w") : nullptr) {
    if (json_path) Require(json_ ? nullptr : "cannot be written", json_path);
    constexpr size_t kLarge = size_t{1} << 30;
    large_rate_ = kLarge / CopyTime(kLarge);
    std::printf("a copy of %zu MB: %.0f GB/s, read and written\n", kLarge >> 21, large_rate_ / 1e6);
  }
  ~Report() {
    if (json_) std::fclose(json_);
  }

  // `rival` is the published order's time, or 0.
  void Add(const char* format, const Problem& problem, const char* what, double time, size_t bytes, double rival) {
    const double copy = CopyTime(bytes), part = copy / time, large_part = bytes / time / large_rate_;
    std::printf("  %-22s %8.4f ms, %6.1f MB, %6.0f GB/s: %3.0f%% of a copy as large, %3.0f%% of a large one%s", what,
                time, bytes / 1e6, bytes / time / 1e6, 100 * part, 100 * large_part, part < kGoal ? " (goal 70%)" : "");
    if (rival > 0) std::printf("; published order %.4f ms: %.1fx", rival, rival / time);
    std::printf("\n");
    if (!json_) return;
    std::fprintf(json_,
                 "{\"format\": \"%s\", \"problem\": \"%s\", \"what\": \"%s\", \"milliseconds\": %.5f, "
                 "\"bytes\": %zu, \"copy_milliseconds\": %.5f, \"large_copy_gb_per_s\": %.1f, "
                 "\"published_order_milliseconds\": %.5f}\n",
                 format, Describe(problem).c_str(), what, time, bytes, copy, large_rate_ / 1e6, rival);
    std::fflush(json_);
  }

 private:
  std::FILE* json_;
  double large_rate_;  // Bytes in a millisecond.
};

// `rival_forward` and `rival_gradients` are milliseconds, or 0.
template <typename T, typename Real>
void Measure(const Problem& problem, std::mt19937* random, double rival_forward, double rival_gradients,
             Report* report) {
  using Device = OnDevice<T, Real, GpuArray>;
  Inputs<T, Real> inputs(problem, 0, random);
  FollowSmoothFlow(problem, random, &inputs);
  const size_t source = inputs.source.size() * sizeof(T), target = inputs.upstream.size() * sizeof(T);
  const size_t points = (inputs.coords.size() + inputs.weights.size()) * sizeof(Real);
  std::vector<std::unique_ptr<Device>> devices;
  for (int call = CallsFor(source + target); call > 0; --call) devices.emplace_back(new Device(problem, inputs));
  const int calls = static_cast<int>(devices.size());
  std::printf("%s %s\n", Format<T>::kName, Describe(problem).c_str());
  const auto add = [&](const char* what, double time, size_t bytes, double rival) {
    report->Add(Format<T>::kName, problem, what, time, bytes, rival);
  };
  add("forward", MedianTime(calls, [&](int call) { devices[call]->Forward(); }), source + target + points,
      rival_forward);
  add("gradients of points", MedianTime(calls, [&](int call) { devices[call]->PointGradients(); }),
      source + target + 2 * points, 0);
  add("gradient of the source", MedianTime(calls, [&](int call) { devices[call]->SourceGradient(); }),
      source + target + points, 0);
  const double all = MedianTime(calls, [&](int call) {
    devices[call]->PointGradients();
    devices[call]->SourceGradient();
  });
  add("all gradients", all, 2 * source + target + 2 * points, rival_gradients);
}

// The published network's attentions at a batch of 8, what reads their convolved sources, and a larger batch.
inline void MeasureAll(bool is_quick, std::mt19937* random, Report* report) {
  std::vector<Problem> problems = {MakeProblem(WindowKind::kAttention, 5, {8, 64, 64, 128, 64, 64}),
                                   MakeProblem(WindowKind::kAttention, 3, {8, 32, 32, 256, 32, 32}),
                                   MakeProblem(WindowKind::kBilinear, 1, {8, 64, 64, 128, 64, 64}),
                                   MakeProblem(WindowKind::kBilinear, 1, {8, 32, 32, 256, 32, 32})};
  if (!is_quick) {
    problems.push_back(MakeProblem(WindowKind::kAttention, 5, {1, 64, 64, 128, 64, 64}));
    problems.push_back(MakeProblem(WindowKind::kAttention, 5, {32, 64, 64, 128, 64, 64}));
    problems.push_back(MakeProblem(WindowKind::kBilinear, 1, {8, 256, 256, 64, 256, 256}));
  }
  for (const Problem& problem : problems) {
    double forward = 0, gradients = 0;
    if (problem.window.kind == WindowKind::kAttention) {
      Inputs<float, float> inputs(problem, 0, random);
      FollowSmoothFlow(problem, random, &inputs);
      OnDevice<float, float, GpuArray> device(problem, inputs);
      rival::Rival<GpuArray> rival(&device);
      forward = MedianTime(1, [&](int) { rival.Forward(); });
      gradients = MedianTime(1, [&](int) { rival.Gradients(); });
    }
    Measure<float, float>(problem, random, forward, gradients, report);
    Measure<Half, float>(problem, random, 0, 0, report);
  }
}

}  // namespace posewarp

#endif  // POSEWARP_CUDA_CHECK_MEASURE_H_
