// Random problems, run through the functions of sampler_cuda.h and compared with reference.h. A Device says where the
// arrays lie: `DeviceArray<T>` copies from and to vectors. For cuda_check.cu and for check_on_cpu.cc.

#ifndef POSEWARP_CUDA_CHECK_CHECK_H_
#define POSEWARP_CUDA_CHECK_CHECK_H_

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "custom_ops/cc/kernels/sampler_cuda.h"
#include "custom_ops/cuda_check/reference.h"

namespace posewarp {

// Bits of a storage type, for tolerances: float sums of up to 100 taps and some hundred channels.
template <typename T>
struct Format;
template <>
struct Format<float> {
  static constexpr const char* kName = "float32";
  static constexpr double kTolerance = 2e-5;
};
template <>
struct Format<Half> {
  static constexpr const char* kName = "float16";
  static constexpr double kTolerance = 1e-3;
};
template <>
struct Format<BFloat16> {
  static constexpr const char* kName = "bfloat16";
  static constexpr double kTolerance = 8e-3;
};
template <>
struct Format<double> {
  static constexpr const char* kName = "float64";
  static constexpr double kTolerance = 1e-12;
};

inline double ToDouble(float number) { return number; }
inline double ToDouble(double number) { return number; }
inline double ToDouble(BFloat16 number) {
  const uint32_t bits = static_cast<uint32_t>(number.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline double ToDouble(Half number) {
  const int exponent = number.bits >> 10 & 31, mantissa = number.bits & 1023;
  double magnitude = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
  if (exponent == 31) magnitude = mantissa ? NAN : INFINITY;
  return number.bits >> 15 ? -magnitude : magnitude;
}

// A number in [-1, 1] that T holds exactly, so that the reference starts from the same inputs.
template <typename T>
T Draw(std::mt19937* random) {
  return static_cast<T>(std::uniform_real_distribution<float>(-1, 1)(*random));
}
template <>
inline Half Draw<Half>(std::mt19937* random) {
  // Exponents of 2^-7 to 2^-1.
  return {static_cast<uint16_t>((*random)() % (15 * 1024 - 8 * 1024) + 8 * 1024 + ((*random)() & 1 ? 0x8000 : 0))};
}
template <>
inline BFloat16 Draw<BFloat16>(std::mt19937* random) {
  return {static_cast<uint16_t>((*random)() % (8 * 128) + 119 * 128 + ((*random)() & 1 ? 0x8000 : 0))};
}

inline void Require(const char* error, const char* what) {
  if (!error) return;
  std::fprintf(stderr, "error: %s: %s\n", what, error);
  std::exit(2);
}

// The inputs of one problem. Points lie up to `reach` pixels away from their own pixel.
template <typename T, typename Real>
struct Inputs {
  std::vector<T> source, upstream;
  std::vector<Real> coords, weights;

  Inputs(const Problem& problem, double reach, std::mt19937* random) {
    const int num_weights =
        problem.window.kind == WindowKind::kAttention ? problem.window.size * problem.window.size : 0;
    for (int64_t index = 0; index < problem.SourceSize(); ++index) source.push_back(Draw<T>(random));
    for (int64_t index = 0; index < problem.NumPixels() * problem.channels; ++index) {
      upstream.push_back(Draw<T>(random));
    }
    for (int64_t index = 0; index < problem.NumPixels() * num_weights; ++index) {
      weights.push_back(Draw<Real>(random));
    }
    for (int64_t index = 0; index < 2 * problem.NumPixels(); ++index) {
      const int64_t pixel = index / 2, column = pixel % problem.width, row = pixel / problem.width % problem.height;
      coords.push_back(static_cast<Real>((index % 2 ? row : column) + reach * Draw<float>(random)));
    }
  }

  Arrays InDouble() const {
    Arrays arrays;
    for (T number : source) arrays.source.push_back(ToDouble(number));
    for (T number : upstream) arrays.upstream.push_back(ToDouble(number));
    arrays.coords.assign(coords.begin(), coords.end());
    arrays.weights.assign(weights.begin(), weights.end());
    return arrays;
  }
};

// Numbers that are none, in every format, so that what a kernel does not write is seen.
template <typename T>
std::vector<T> Poison(size_t size) {
  std::vector<T> numbers(size);
  if (size) std::memset(static_cast<void*>(numbers.data()), 0xff, size * sizeof(T));
  return numbers;
}

// Everything of one problem on the device.
template <typename T, typename Real, template <typename> class DeviceArray>
struct OnDevice {
  Problem problem;
  DeviceArray<T> source, upstream, out, source_gradient;
  DeviceArray<Real> coords, weights, coords_gradient, weights_gradient;
  DeviceArray<unsigned char> workspace;

  OnDevice(const Problem& problem, const Inputs<T, Real>& inputs)
      : problem(problem),
        source(inputs.source),
        upstream(inputs.upstream),
        out(Poison<T>(inputs.upstream.size())),
        source_gradient(Poison<T>(inputs.source.size())),
        coords(inputs.coords),
        weights(inputs.weights),
        coords_gradient(Poison<Real>(inputs.coords.size())),
        weights_gradient(Poison<Real>(inputs.weights.size())),
        workspace(WorkspaceSize(problem)) {}

  static size_t WorkspaceSize(const Problem& problem) {
    size_t size;
    Require(CudaWorkspaceSize<Real>(problem, &size), "workspace");
    return size;
  }

  void Forward() {
    Require(CudaForward<T, Real>(problem, source.data(), coords.data(), weights.data(), out.data(), nullptr),
            "forward");
  }
  void PointGradients() {
    Require(CudaPointGradients<T, Real>(problem, source.data(), coords.data(), weights.data(), upstream.data(),
                                        coords_gradient.data(), weights_gradient.data(), nullptr),
            "gradients of coords and weights");
  }
  void SourceGradient() {
    Require(CudaSourceGradient<T, Real>(problem, coords.data(), weights.data(), upstream.data(),
                                        source_gradient.data(), workspace.data(), nullptr),
            "gradient of the source");
  }
};

// The largest difference relative to the largest entry, or to 1 where entries cancel out (inputs are of the order of
// 1); infinite for a number that is not finite.
template <typename T>
double RelativeError(const std::vector<T>& got, const std::vector<double>& expected) {
  double largest = 1, difference = 0;
  for (size_t index = 0; index < expected.size(); ++index) {
    const double off = std::fabs(ToDouble(got[index]) - expected[index]);
    if (!(off < INFINITY)) return INFINITY;
    difference = std::max(difference, off);
    largest = std::max(largest, std::fabs(expected[index]));
  }
  return difference / largest;
}

inline std::string Describe(const Problem& problem) {
  const char* kinds[] = {"attention", "bilinear", "gaussian"};
  return std::string(kinds[static_cast<int>(problem.window.kind)]) + " size " + std::to_string(problem.window.size) +
         ", source " + std::to_string(problem.batch) + "x" + std::to_string(problem.source_height) + "x" +
         std::to_string(problem.source_width) + "x" + std::to_string(problem.channels) + ", points " +
         std::to_string(problem.height) + "x" + std::to_string(problem.width);
}

// Prints the errors of what lies on the device; whether all are small.
template <typename T, typename Real, template <typename> class DeviceArray>
bool PrintErrors(const char* name, const Problem& problem, const OnDevice<T, Real, DeviceArray>& device,
                 const Arrays& expected) {
  const double errors[] = {RelativeError(device.out.ToVector(), expected.out),
                           RelativeError(device.source_gradient.ToVector(), expected.source_gradient),
                           RelativeError(device.coords_gradient.ToVector(), expected.coords_gradient),
                           RelativeError(device.weights_gradient.ToVector(), expected.weights_gradient)};
  bool agrees = true;
  for (double error : errors) agrees = agrees && error <= Format<T>::kTolerance;
  std::printf("%s %-8s %-64s out %.0e, gradients: source %.0e, coords %.0e, weights %.0e\n", agrees ? "ok  " : "FAIL",
              name, Describe(problem).c_str(), errors[0], errors[1], errors[2], errors[3]);
  return agrees;
}

// Whether the kernels agree with the reference, and a second gradient of the source has the same bits.
template <typename T, typename Real, template <typename> class DeviceArray>
bool Agrees(const Problem& problem, double reach, std::mt19937* random) {
  const Inputs<T, Real> inputs(problem, reach, random);
  Arrays expected = inputs.InDouble();
  ComputeReference(problem, &expected);
  OnDevice<T, Real, DeviceArray> device(problem, inputs);
  device.Forward();
  device.PointGradients();
  device.SourceGradient();
  const bool agrees = PrintErrors(Format<T>::kName, problem, device, expected);
  const std::vector<T> once = device.source_gradient.ToVector();
  device.SourceGradient();
  const std::vector<T> twice = device.source_gradient.ToVector();
  const bool is_same = once.empty() || !std::memcmp(once.data(), twice.data(), once.size() * sizeof(T));
  if (!is_same) std::printf("FAIL a second run gives another gradient of the source\n");
  return agrees && is_same;
}

// NaN, infinite and huge coordinates: no tap outside of the source may be read, and such a point is not finite.
template <typename T, typename Real, template <typename> class DeviceArray>
bool SurvivesWildPoints(const Problem& problem, std::mt19937* random) {
  Inputs<T, Real> inputs(problem, 2, random);
  const Real wild[] = {NAN, INFINITY, -INFINITY, Real(1e30), Real(-1e30)};
  for (size_t index = 0; index < inputs.coords.size(); ++index) inputs.coords[index] = wild[(*random)() % 5];
  OnDevice<T, Real, DeviceArray> device(problem, inputs);
  device.Forward();
  device.PointGradients();
  device.SourceGradient();
  const std::vector<T> out = device.out.ToVector();
  bool agrees = true;
  for (size_t index = 0; index < out.size(); ++index) {
    const size_t pixel = index / problem.channels;
    const bool is_point_finite =
        std::isfinite(inputs.coords[2 * pixel]) && std::isfinite(inputs.coords[2 * pixel + 1]);
    agrees = agrees && (std::isfinite(ToDouble(out[index])) == is_point_finite);
  }
  std::printf("%s %-8s %-64s wild points\n", agrees ? "ok  " : "FAIL", Format<T>::kName, Describe(problem).c_str());
  return agrees;
}

// Problem {kind, size} with sizes {batch, source height, source width, channels, height, width}.
inline Problem MakeProblem(WindowKind kind, int size, std::vector<int64_t> sizes) {
  return {{kind, size, 1.7}, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]};
}

// All kinds and kernel sizes over a list of sizes: the number of disagreements.
template <typename T, typename Real, template <typename> class DeviceArray>
int CheckAll(const std::vector<std::vector<int64_t>>& all_sizes, std::mt19937* random) {
  int failures = 0;
  for (const std::vector<int64_t>& sizes : all_sizes) {
    for (int kernel : {1, 3, 5, 7, 9}) {
      failures += !Agrees<T, Real, DeviceArray>(MakeProblem(WindowKind::kAttention, kernel, sizes), 4, random);
    }
    failures += !Agrees<T, Real, DeviceArray>(MakeProblem(WindowKind::kBilinear, 1, sizes), 4, random);
    for (int size : {2, 4, 10}) {
      failures += !Agrees<T, Real, DeviceArray>(MakeProblem(WindowKind::kGaussian, size, sizes), 4, random);
    }
  }
  for (WindowKind kind : {WindowKind::kAttention, WindowKind::kBilinear}) {
    failures += !SurvivesWildPoints<T, Real, DeviceArray>(
        MakeProblem(kind, kind == WindowKind::kAttention ? 3 : 1, all_sizes[0]), random);
  }
  return failures;
}

}  // namespace posewarp

#endif  // POSEWARP_CUDA_CHECK_CHECK_H_
