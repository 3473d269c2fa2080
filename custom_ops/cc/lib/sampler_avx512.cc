// The samplers for AVX-512.

#define POSEWARP_VECTOR_BYTES 64
#include "custom_ops/cc/lib/instance_norm_inl.h"
#include "custom_ops/cc/lib/sampler_inl.h"

POSEWARP_DEFINE_SAMPLERS(SamplerAvx512)
POSEWARP_DEFINE_INSTANCE_NORMS(InstanceNormAvx512)
