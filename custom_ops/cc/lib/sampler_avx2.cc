// The samplers for AVX2 and FMA.

#define POSEWARP_VECTOR_BYTES 32
#include "custom_ops/cc/lib/sampler_inl.h"

POSEWARP_DEFINE_SAMPLERS(SamplerAvx2)
