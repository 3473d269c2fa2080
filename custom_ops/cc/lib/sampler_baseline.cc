// The samplers for every machine of its architecture.

#define POSEWARP_VECTOR_BYTES 16
#include "custom_ops/cc/lib/sampler_inl.h"

POSEWARP_DEFINE_SAMPLERS(SamplerBaseline)
