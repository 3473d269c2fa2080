// The loops of instance_norm.h, compiled once per instruction set as those of sampler_inl.h.

#ifndef POSEWARP_CC_LIB_INSTANCE_NORM_INL_H_
#define POSEWARP_CC_LIB_INSTANCE_NORM_INL_H_

#include <math.h>

#include "custom_ops/cc/lib/instance_norm.h"
#include "custom_ops/cc/lib/vectors.h"

namespace posewarp {
namespace {

constexpr int kNormLanes = Lanes<float>::kCount;
// So many numbers are added up in float before their sum goes into a double.
constexpr int64_t kNormPiece = 32;

// Vectors of channels that are held in registers at a time: whole ones, or one of which only `count` lanes are there.
template <int kSize, bool kIsWhole>
struct Strip {
  static constexpr int kVectors = kSize;
  int count;

  template <typename T>
  POSEWARP_MEMBER Floats LoadAt(const T* from, int v) const {
    if constexpr (kIsWhole) {
      return Load(from + v * kNormLanes);
    } else {
      return LoadPart(from, count);
    }
  }

  template <typename T>
  POSEWARP_MEMBER void StoreAt(Floats vector, T* to, int v) const {
    if constexpr (kIsWhole) {
      Store(vector, to + v * kNormLanes);
    } else {
      StorePart(vector, to, count);
    }
  }
};

// Calls work(strip, first pixel, pixels, channel) for all channels of each piece of a block; pixels count over the batch.
template <typename Work>
POSEWARP_INLINE void ForEachStrip(const NormProblem& problem, int64_t block, const Work& work) {
  const int64_t image = block / problem.BlocksPerImage(), start = block % problem.BlocksPerImage() * kNormBlock;
  const int64_t end = start + kNormBlock < problem.pixels ? start + kNormBlock : problem.pixels;
  for (int64_t first = start; first < end; first += kNormPiece) {
    const int64_t pixels = end - first < kNormPiece ? end - first : kNormPiece, pixel = image * problem.pixels + first;
    int64_t channel = 0;
    for (; channel + 4 * kNormLanes <= problem.channels; channel += 4 * kNormLanes) {
      work(Strip<4, true>{0}, pixel, pixels, channel);
    }
    for (; channel + kNormLanes <= problem.channels; channel += kNormLanes) {
      work(Strip<1, true>{0}, pixel, pixels, channel);
    }
    if (channel < problem.channels) {
      work(Strip<1, false>{static_cast<int>(problem.channels - channel)}, pixel, pixels, channel);
    }
  }
}

template <typename T>
static void MomentSums(const NormProblem& problem, const T* image, int64_t block, double* sums) {
  const int64_t channels = problem.channels;
  const T* first = image + block / problem.BlocksPerImage() * problem.pixels * channels;
  double* plain_sums = sums + 2 * block * channels;
  memset(plain_sums, 0, 2 * channels * sizeof(double));
  ForEachStrip(problem, block, [&](auto strip, int64_t pixel, int64_t pixels, int64_t channel)
                                   __attribute__((always_inline)) {
    constexpr int kVectors = decltype(strip)::kVectors;
    const T* from = image + pixel * channels + channel;
    // A pixel in the middle of the piece is near to the others, so that squares of differences lose no bits.
    Floats near[kVectors], plain[kVectors] = {}, squares[kVectors] = {};
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) near[v] = strip.LoadAt(from + pixels / 2 * channels, v);
    for (int64_t i = 0; i < pixels; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Floats difference = strip.LoadAt(from + i * channels, v) - near[v];
        plain[v] += difference;
        squares[v] += difference * difference;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const Floats origin = strip.LoadAt(first + channel, v);
      const int lanes = strip.count ? strip.count : kNormLanes;
      for (int lane = 0; lane < lanes; ++lane) {
        const int64_t index = channel + v * kNormLanes + lane;
        const double distance = static_cast<double>(near[v][lane]) - origin[lane], sum = plain[v][lane];
        plain_sums[index] += sum + pixels * distance;
        plain_sums[channels + index] += squares[v][lane] + distance * (2 * sum + pixels * distance);
      }
    }
  });
}

template <typename T>
static void FinishMoments(const NormProblem& problem, const T* image, const double* sums, float* mean, float* rstd) {
  const int64_t channels = problem.channels, blocks = problem.BlocksPerImage();
  for (int64_t index = 0; index < problem.batch; ++index) {
    const T* first = image + index * problem.pixels * channels;
    for (int64_t channel = 0; channel < channels; ++channel) {
      double sum = 0, squares = 0;
      for (int64_t block = index * blocks; block < (index + 1) * blocks; ++block) {
        sum += sums[2 * block * channels + channel];
        squares += sums[(2 * block + 1) * channels + channel];
      }
      const double difference = sum / problem.pixels, variance = squares / problem.pixels - difference * difference;
      mean[index * channels + channel] = static_cast<float>(LoadPart(first + channel, 1)[0] + difference);
      rstd[index * channels + channel] = static_cast<float>(1 / sqrt((variance > 0 ? variance : 0) + 1e-5));
    }
  }
}

// The parameters of a strip of channels.
template <int kVectors>
struct StripParameters {
  Floats mean[kVectors], factor[kVectors], beta[kVectors];
};

template <typename StripType>
POSEWARP_INLINE StripParameters<StripType::kVectors> ParametersOf(const NormProblem& problem, const NormParameters& all,
                                                                  StripType strip, int64_t pixel, int64_t channel) {
  StripParameters<StripType::kVectors> own;
  const int64_t offset = pixel / problem.pixels * problem.channels + channel;
#pragma GCC unroll 4
  for (int v = 0; v < StripType::kVectors; ++v) {
    own.mean[v] = strip.LoadAt(all.mean + offset, v);
    own.factor[v] = strip.LoadAt(all.rstd + offset, v) * strip.LoadAt(all.gamma + channel, v);
    own.beta[v] = strip.LoadAt(all.beta + channel, v);
  }
  return own;
}

template <typename T>
static void Normalize(const NormProblem& problem, const NormParameters& parameters, const T* image, int64_t block,
                      T* out) {
  ForEachStrip(problem, block, [&](auto strip, int64_t pixel, int64_t pixels, int64_t channel)
                                   __attribute__((always_inline)) {
    constexpr int kVectors = decltype(strip)::kVectors;
    const auto own = ParametersOf(problem, parameters, strip, pixel, channel);
    for (int64_t i = 0; i < pixels; ++i) {
      const int64_t offset = (pixel + i) * problem.channels + channel;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Floats y = (strip.LoadAt(image + offset, v) - own.mean[v]) * own.factor[v] + own.beta[v];
        strip.StoreAt(y > 0 ? y : problem.slope * y, out + offset, v);
      }
    }
  });
}

template <typename T>
static void GradientSums(const NormProblem& problem, const NormParameters& parameters, const T* upstream,
                         const T* image, int64_t block, double* sums) {
  const int64_t channels = problem.channels;
  double* plain_sums = sums + 2 * block * channels;
  memset(plain_sums, 0, 2 * channels * sizeof(double));
  ForEachStrip(problem, block, [&](auto strip, int64_t pixel, int64_t pixels, int64_t channel)
                                   __attribute__((always_inline)) {
    constexpr int kVectors = decltype(strip)::kVectors;
    const auto own = ParametersOf(problem, parameters, strip, pixel, channel);
    Floats plain[kVectors] = {}, weighted[kVectors] = {};
    for (int64_t i = 0; i < pixels; ++i) {
      const int64_t offset = (pixel + i) * channels + channel;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Floats centered = strip.LoadAt(image + offset, v) - own.mean[v];
        const Floats above = strip.LoadAt(upstream + offset, v);
        const Floats dy = centered * own.factor[v] + own.beta[v] > 0 ? above : problem.slope * above;
        plain[v] += dy;
        weighted[v] += dy * centered;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int lanes = strip.count ? strip.count : kNormLanes;
      for (int lane = 0; lane < lanes; ++lane) {
        const int64_t index = channel + v * kNormLanes + lane;
        plain_sums[index] += plain[v][lane];
        plain_sums[channels + index] += weighted[v][lane];
      }
    }
  });
}

template <typename T>
static void ImageGradient(const NormProblem& problem, const NormParameters& parameters, const T* upstream,
                          const T* image, const float* tilt_and_shift, int64_t block, T* gradient) {
  const int64_t channels = problem.channels;
  const float* tilts = tilt_and_shift + block / problem.BlocksPerImage() * 2 * channels;
  ForEachStrip(problem, block, [&](auto strip, int64_t pixel, int64_t pixels, int64_t channel)
                                   __attribute__((always_inline)) {
    constexpr int kVectors = decltype(strip)::kVectors;
    const auto own = ParametersOf(problem, parameters, strip, pixel, channel);
    Floats tilt[kVectors], shift[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      tilt[v] = strip.LoadAt(tilts + channel, v);
      shift[v] = strip.LoadAt(tilts + channels + channel, v);
    }
    for (int64_t i = 0; i < pixels; ++i) {
      const int64_t offset = (pixel + i) * channels + channel;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const Floats centered = strip.LoadAt(image + offset, v) - own.mean[v];
        const Floats above = strip.LoadAt(upstream + offset, v);
        const Floats dy = centered * own.factor[v] + own.beta[v] > 0 ? above : problem.slope * above;
        strip.StoreAt(own.factor[v] * dy + (tilt[v] * centered + shift[v]), gradient + offset, v);
      }
    }
  });
}

}  // namespace
}  // namespace posewarp

// Defines `name<T>` for all storage types.
#define POSEWARP_DEFINE_INSTANCE_NORMS(name)       \
  namespace posewarp {                             \
  template <typename T>                            \
  const InstanceNorm<T>& name();                   \
  POSEWARP_DEFINE_INSTANCE_NORM(name, float)       \
  POSEWARP_DEFINE_INSTANCE_NORM(name, Half)        \
  POSEWARP_DEFINE_INSTANCE_NORM(name, BFloat16)    \
  }

#define POSEWARP_DEFINE_INSTANCE_NORM(name, T)                                                               \
  template <>                                                                                                \
  const InstanceNorm<T>& name<T>() {                                                                         \
    static const InstanceNorm<T> norm = {MomentSums<T>, Normalize<T>, GradientSums<T>, ImageGradient<T>,     \
                                         FinishMoments<T>};                                                  \
    return norm;                                                                                             \
  }

#endif  // POSEWARP_CC_LIB_INSTANCE_NORM_INL_H_
