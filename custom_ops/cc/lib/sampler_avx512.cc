// The samplers for AVX-512.

#define POSEWARP_VECTOR_BYTES 64
#include "custom_ops/cc/lib/sampler_inl.h"

POSEWARP_DEFINE_SAMPLERS(SamplerAvx512)
