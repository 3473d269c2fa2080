// Compares the samplers with plain loops in double, for every instruction set of this machine; exits with the number
// of failures. Meant to be built with -fsanitize=address,undefined as well: a tap outside of its array ends the program.

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "custom_ops/cc/lib/sampler.h"

namespace posewarp {
namespace {

int failures = 0;

void Expect(bool holds, const char* claim, const char* place) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s: %s\n", place, claim);
}

template <typename T>
bool SameBits(const std::vector<T>& one, const std::vector<T>& other) {
  return one.size() == other.size() && (one.empty() || !std::memcmp(one.data(), other.data(), one.size() * sizeof(T)));
}

double ToDouble(float number) { return number; }
double ToDouble(double number) { return number; }
double ToDouble(BFloat16 number) {
  const uint32_t bits = static_cast<uint32_t>(number.bits) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
double ToDouble(Half number) {
  const int exponent = number.bits >> 10 & 31, mantissa = number.bits & 1023;
  const double magnitude = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
  return number.bits >> 15 ? -magnitude : magnitude;
}

template <typename T, typename Real>
struct Case {
  Problem problem;
  std::vector<T> source, upstream, out;
  std::vector<Real> coords, weights, coords_gradient, weights_gradient, source_gradient;

  Case(const Problem& problem, InstructionSet instruction_set, std::mt19937* random, double reach) : problem(problem) {
    const Sampler<T, Real>& sampler = SamplerFor<T, Real>(instruction_set);
    std::uniform_real_distribution<Real> uniform(-1, 1);
    auto fill = [&](std::vector<T>* rounded, int64_t size) {
      std::vector<Real> numbers(size);
      for (Real& number : numbers) number = uniform(*random);
      rounded->resize(size);
      sampler.round(numbers.data(), rounded->data(), size);
    };
    const int64_t pixels = problem.NumPixels();
    fill(&source, problem.SourceSize());
    fill(&upstream, pixels * problem.channels);
    for (int64_t index = 0; index < 2 * pixels; ++index) {
      const int64_t pixel = index / 2, column = pixel % problem.width, row = pixel / problem.width % problem.height;
      coords.push_back((index % 2 ? row : column) + reach * uniform(*random));
    }
    for (int64_t index = 0; index < pixels * NumWeights(problem.window); ++index) weights.push_back(uniform(*random));
    out.resize(pixels * problem.channels);
    coords_gradient.resize(2 * pixels);
    weights_gradient.resize(weights.size());
    source_gradient.resize(problem.SourceSize());
  }

  // In pieces of `step` target pixels and of one row of the source.
  void Run(InstructionSet instruction_set, int64_t step) {
    const Sampler<T, Real>& sampler = SamplerFor<T, Real>(instruction_set);
    for (int64_t first = 0; first < problem.NumPixels(); first += step) {
      const int64_t last = std::min(first + step, problem.NumPixels());
      sampler.forward(problem, source.data(), coords.data(), weights.data(), out.data(), first, last);
      sampler.point_gradients(problem, source.data(), coords.data(), weights.data(), upstream.data(),
                              coords_gradient.data(), weights_gradient.data(), first, last);
    }
    for (int64_t image = 0; image < problem.batch; ++image) {
      for (int64_t row = 0; row < problem.source_height; row += step) {
        sampler.source_gradient(problem, coords.data(), weights.data(), upstream.data(), source_gradient.data(), image,
                                row, std::min(row + step, problem.source_height));
      }
    }
  }
};

// sum over a k x k window of bilinear samples, each clamped tap by tap; or the Gaussian's sum.
struct Reference {
  std::vector<double> out, source_gradient, weights_gradient;

  template <typename T, typename Real>
  explicit Reference(const Case<T, Real>& given) {
    const Problem& problem = given.problem;
    out.resize(given.out.size());
    source_gradient.resize(given.source.size());
    weights_gradient.resize(given.weights.size());
    for (int64_t pixel = 0; pixel < problem.NumPixels(); ++pixel) AddPixel(given, pixel);
  }

  template <typename T, typename Real>
  void AddPixel(const Case<T, Real>& given, int64_t pixel) {
    const Window& window = given.problem.window;
    const double x = given.coords[2 * pixel], y = given.coords[2 * pixel + 1];
    if (window.kind == WindowKind::kGaussian) return AddGaussian(given, pixel, x, y);
    const int kernel = window.kind == WindowKind::kBilinear ? 1 : window.size;
    for (int j = 0; j < kernel; ++j) {
      for (int i = 0; i < kernel; ++i) {
        const int64_t index = pixel * kernel * kernel + j * kernel + i;
        const double weight = window.kind == WindowKind::kBilinear ? 1 : given.weights[index];
        const double left = std::floor(x), top = std::floor(y), fx = x - left, fy = y - top;
        for (int corner = 0; corner < 4; ++corner) {
          const double share = (corner % 2 ? fx : 1 - fx) * (corner / 2 ? fy : 1 - fy);
          const double tap_x = left + i - kernel / 2 + corner % 2, tap_y = top + j - kernel / 2 + corner / 2;
          AddTap(given, pixel, tap_x, tap_y, weight * share,
                 window.kind == WindowKind::kBilinear ? nullptr : &weights_gradient[index], share);
        }
      }
    }
  }

  template <typename T, typename Real>
  void AddGaussian(const Case<T, Real>& given, int64_t pixel, double x, double y) {
    const Window& window = given.problem.window;
    double total = 0;
    for (int pass = 0; pass < 2; ++pass) {
      for (int tap = 0; tap < window.size * window.size; ++tap) {
        const double tap_x = std::floor(x) + 1 - window.size / 2 + tap % window.size;
        const double tap_y = std::floor(y) + 1 - window.size / 2 + tap / window.size;
        const double distance = (tap_x - x) * (tap_x - x) + (tap_y - y) * (tap_y - y);
        const double bump = std::exp(-distance / (2 * window.sigma * window.sigma));
        if (pass == 0) total += bump;
        if (pass == 1) AddTap(given, pixel, tap_x, tap_y, bump / total, nullptr, 0);
      }
    }
  }

  template <typename T, typename Real>
  void AddTap(const Case<T, Real>& given, int64_t pixel, double x, double y, double coefficient, double* weight_gradient,
              double share) {
    const Problem& problem = given.problem;
    const double column = std::min(std::max(x, 0.0), problem.source_width - 1.0);
    const double row = std::min(std::max(y, 0.0), problem.source_height - 1.0);
    const int64_t image = pixel / (problem.height * problem.width);
    const int64_t cell = ((image * problem.source_height + static_cast<int64_t>(row)) * problem.source_width +
                          static_cast<int64_t>(column)) * problem.channels;
    for (int64_t channel = 0; channel < problem.channels; ++channel) {
      const double tap = ToDouble(given.source[cell + channel]);
      const double upstream = ToDouble(given.upstream[pixel * problem.channels + channel]);
      out[pixel * problem.channels + channel] += coefficient * tap;
      source_gradient[cell + channel] += coefficient * upstream;
      if (weight_gradient) *weight_gradient += share * tap * upstream;
    }
  }
};

template <typename Number>
double LargestError(const std::vector<Number>& actual, const std::vector<double>& expected) {
  double largest = 0, error = 0;
  for (size_t index = 0; index < expected.size(); ++index) {
    largest = std::max(largest, std::abs(expected[index]));
    error = std::max(error, std::abs(ToDouble(actual[index]) - expected[index]));
  }
  return largest > 0 ? error / largest : error;
}

template <typename T, typename Real>
void TestAgreesWithPlainLoops(const Problem& problem, InstructionSet instruction_set, double reach, double tolerance,
                              double gradient_tolerance, const char* place) {
  std::mt19937 random(static_cast<unsigned>(problem.channels * 131 + problem.window.size));
  Case<T, Real> whole(problem, instruction_set, &random, reach);
  whole.Run(instruction_set, std::max<int64_t>(problem.NumPixels(), problem.source_height));
  const Reference reference(whole);
  Expect(LargestError(whole.out, reference.out) < tolerance, "the result is that of plain loops", place);
  Expect(LargestError(whole.source_gradient, reference.source_gradient) < gradient_tolerance,
         "the gradient of the source is that of plain loops", place);
  Expect(LargestError(whole.weights_gradient, reference.weights_gradient) < gradient_tolerance,
         "the gradient of the weights is that of plain loops", place);
  Case<T, Real> pieces = whole;
  pieces.Run(instruction_set, 3);
  Expect(SameBits(pieces.out, whole.out), "pieces give the same bits", place);
  Expect(SameBits(pieces.source_gradient, whole.source_gradient) &&
             SameBits(pieces.weights_gradient, whole.weights_gradient) &&
             SameBits(pieces.coords_gradient, whole.coords_gradient),
         "pieces give the same gradients, bit for bit", place);
}

// The gradient of the points: differences of the sampler itself, in double.
void TestPointGradientIsTheSlope(const Problem& problem, InstructionSet instruction_set, const char* place) {
  std::mt19937 random(5);
  Case<double, double> given(problem, instruction_set, &random, 2.0);
  given.Run(instruction_set, 1000);
  const double step = 1e-6;
  for (size_t index = 0; index < given.coords.size(); ++index) {
    const double fraction = given.coords[index] - std::floor(given.coords[index]);
    if (fraction < 2 * step || fraction > 1 - 2 * step) continue;  // A corner of a bilinear sample.
    double slope = 0;
    for (double sign : {1.0, -1.0}) {
      Case<double, double> moved = given;
      moved.coords[index] += sign * step;
      moved.Run(instruction_set, 1000);
      for (size_t entry = 0; entry < moved.out.size(); ++entry) slope += sign * moved.out[entry] * given.upstream[entry];
    }
    const double error = std::abs(slope / (2 * step) - given.coords_gradient[index]);
    Expect(error < 1e-7 * (1 + std::abs(given.coords_gradient[index])), "the gradient of a point is the slope", place);
  }
}

template <typename T, typename Real>
void TestWildPointsReadNothingOutside(const Problem& problem, InstructionSet instruction_set, const char* place) {
  std::mt19937 random(7);
  Case<T, Real> given(problem, instruction_set, &random, 1.0);
  const Real wild[] = {std::numeric_limits<Real>::quiet_NaN(), std::numeric_limits<Real>::infinity(),
                       -std::numeric_limits<Real>::infinity(), static_cast<Real>(1e30), static_cast<Real>(-1e30)};
  for (size_t index = 0; index < given.coords.size(); ++index) given.coords[index] = wild[index / 2 % 5];
  given.Run(instruction_set, 2);
  for (int64_t pixel = 0; pixel < problem.NumPixels(); ++pixel) {
    if (pixel % 5 >= 3 && problem.channels > 0) {
      Expect(std::isfinite(ToDouble(given.out[pixel * problem.channels])), "a far point samples the border", place);
    }
  }
}

template <typename T>
void TestStorageIsExact(InstructionSet instruction_set, uint16_t last_finite, const char* place) {
  std::vector<T> bits, copied(2 * (last_finite + 1));
  std::vector<float> numbers;
  for (int sign = 0; sign < 2; ++sign) {
    for (int magnitude = 0; magnitude <= last_finite; ++magnitude) {
      bits.push_back({static_cast<uint16_t>(sign << 15 | magnitude)});
      numbers.push_back(static_cast<float>(ToDouble(bits.back())));
    }
  }
  SamplerFor<T, float>(instruction_set).round(numbers.data(), copied.data(), numbers.size());
  Expect(SameBits(bits, copied), "every number rounds to itself", place);
  // A bilinear sample in the middle of one pixel is that pixel.
  const int64_t size = static_cast<int64_t>(bits.size());
  const Problem problem = {{WindowKind::kBilinear, 1, 0}, size, 1, 1, 1, 1, 1};
  const std::vector<float> coords(2 * size, 0);
  SamplerFor<T, float>(instruction_set).forward(problem, bits.data(), coords.data(), nullptr, copied.data(), 0, size);
  bool equal = true;
  for (int64_t index = 0; index < size; ++index) equal &= ToDouble(bits[index]) == ToDouble(copied[index]);
  Expect(equal, "every number is read as what it is", place);
}

void TestAll(InstructionSet instruction_set, const char* name) {
  std::vector<Window> windows = {{WindowKind::kBilinear, 1, 0}, {WindowKind::kGaussian, 4, 2.0},
                                 {WindowKind::kGaussian, 10, 3.0}};
  for (int kernel : {1, 3, 5, 7, 9}) windows.push_back({WindowKind::kAttention, kernel, 0});
  const int64_t shapes[][6] = {{2, 5, 7, 1, 4, 6}, {1, 1, 1, 3, 3, 2}, {1, 6, 4, 37, 6, 4}, {2, 3, 5, 131, 2, 2},
                               {0, 3, 3, 4, 2, 2}, {1, 9, 2, 16, 0, 3}, {1, 12, 12, 0, 2, 2}, {1, 4, 4, 200, 3, 3}};
  for (const Window& window : windows) {
    for (const auto& shape : shapes) {
      const Problem problem = {window, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]};
      for (double reach : {0.4, 20.0}) {
        TestAgreesWithPlainLoops<float, float>(problem, instruction_set, reach, 2e-5, 2e-5, name);
        TestAgreesWithPlainLoops<double, double>(problem, instruction_set, reach, 1e-12, 1e-12, name);
        TestAgreesWithPlainLoops<Half, float>(problem, instruction_set, reach, 1e-3, 2e-5, name);
        TestAgreesWithPlainLoops<BFloat16, float>(problem, instruction_set, reach, 8e-3, 2e-5, name);
      }
      TestWildPointsReadNothingOutside<float, float>(problem, instruction_set, name);
      TestWildPointsReadNothingOutside<double, double>(problem, instruction_set, name);
    }
    TestPointGradientIsTheSlope({window, 1, 4, 5, 3, 3, 3}, instruction_set, name);
  }
  TestStorageIsExact<Half>(instruction_set, 0x7bff, name);
  TestStorageIsExact<BFloat16>(instruction_set, 0x7f7f, name);
}

}  // namespace
}  // namespace posewarp

int main() {
  using posewarp::InstructionSet;
  const char* names[] = {"baseline", "avx2", "avx512"};
  for (int set = 0; set < 3; ++set) {
    if (!posewarp::IsSupported(static_cast<InstructionSet>(set))) {
      std::printf("%s: this machine has it not\n", names[set]);
      continue;
    }
    posewarp::TestAll(static_cast<InstructionSet>(set), names[set]);
    std::printf("%s: done\n", names[set]);
  }
  std::printf("%d failures\n", posewarp::failures);
  return posewarp::failures > 0;
}
