// The samplers on the CPU: sums over windows of taps (window.h), forward and backward, without any patch in memory.
//
// Nothing here knows TensorFlow. A caller splits the work as it likes: `Forward` and `PointGradients` over target
// pixels, `SourceGradient` over rows of the source. Each piece writes cells that no other piece writes, in an order that
// does not depend on the split, so results are bit-equal for any number of threads.

#ifndef POSEWARP_CC_LIB_SAMPLER_H_
#define POSEWARP_CC_LIB_SAMPLER_H_

#include <stdint.h>

#include "custom_ops/cc/lib/window.h"

namespace posewarp {

// Bits of the 16-bit formats; arithmetic happens in float.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

// source [batch, source_height, source_width, channels], points [batch, height, width].
struct Problem {
  Window window;
  int64_t batch, source_height, source_width, channels, height, width;

  int64_t NumPixels() const { return batch * height * width; }
  int64_t SourceSize() const { return batch * source_height * source_width * channels; }
};

// Arrays are dense and row-major: coords [batch, height, width, (x, y)] absolute positions in pixels of the source,
// weights [batch, height, width, NumWeights], out and upstream [batch, height, width, channels].
template <typename T, typename Real>
struct Sampler {
  // out of the target pixels [first, last).
  void (*forward)(const Problem& problem, const T* source, const Real* coords, const Real* weights, T* out,
                  int64_t first, int64_t last);
  // Gradients of coords and weights at the target pixels [first, last).
  void (*point_gradients)(const Problem& problem, const T* source, const Real* coords, const Real* weights,
                          const T* upstream, Real* coords_gradient, Real* weights_gradient, int64_t first,
                          int64_t last);
  // Gradient of the source's rows [first, last) of one image, overwritten; in Real, whatever T is.
  void (*source_gradient)(const Problem& problem, const Real* coords, const Real* weights, const T* upstream,
                          Real* source_gradient, int64_t image, int64_t first, int64_t last);
  // Rounds `size` numbers to T.
  void (*round)(const Real* numbers, T* rounded, int64_t size);
};

enum class InstructionSet { kBaseline, kAvx2, kAvx512 };

// Whether this machine can run it.
bool IsSupported(InstructionSet instruction_set);

// For (float, float), (Half, float), (BFloat16, float) and (double, double).
template <typename T, typename Real>
const Sampler<T, Real>& SamplerFor(InstructionSet instruction_set);

// The widest one that this machine can run.
InstructionSet BestInstructionSet();

}  // namespace posewarp

#endif  // POSEWARP_CC_LIB_SAMPLER_H_
