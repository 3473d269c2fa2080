// The samplers for AVX2 and FMA.

#define POSEWARP_VECTOR_BYTES 32
#include "custom_ops/cc/lib/instance_norm_inl.h"
#include "custom_ops/cc/lib/sampler_inl.h"

POSEWARP_DEFINE_SAMPLERS(SamplerAvx2)
POSEWARP_DEFINE_INSTANCE_NORMS(InstanceNormAvx2)
