// Chooses among the instruction sets at run time.

#include <initializer_list>

#include "custom_ops/cc/lib/sampler.h"

namespace posewarp {

template <typename T, typename Real>
const Sampler<T, Real>& SamplerBaseline();
#ifdef __x86_64__
template <typename T, typename Real>
const Sampler<T, Real>& SamplerAvx2();
template <typename T, typename Real>
const Sampler<T, Real>& SamplerAvx512();
#endif

bool IsSupported(InstructionSet instruction_set) {
#ifdef __x86_64__
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (instruction_set == InstructionSet::kAvx2) return avx2;
  if (instruction_set == InstructionSet::kAvx512) {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  }
#endif
  return instruction_set == InstructionSet::kBaseline;
}

InstructionSet BestInstructionSet() {
  for (InstructionSet instruction_set : {InstructionSet::kAvx512, InstructionSet::kAvx2}) {
    if (IsSupported(instruction_set)) return instruction_set;
  }
  return InstructionSet::kBaseline;
}

template <typename T, typename Real>
const Sampler<T, Real>& SamplerFor(InstructionSet instruction_set) {
#ifdef __x86_64__
  if (instruction_set == InstructionSet::kAvx512) return SamplerAvx512<T, Real>();
  if (instruction_set == InstructionSet::kAvx2) return SamplerAvx2<T, Real>();
#endif
  return SamplerBaseline<T, Real>();
}

template const Sampler<float, float>& SamplerFor(InstructionSet);
template const Sampler<Half, float>& SamplerFor(InstructionSet);
template const Sampler<BFloat16, float>& SamplerFor(InstructionSet);
template const Sampler<double, double>& SamplerFor(InstructionSet);

}  // namespace posewarp
