// The CUDA language on the CPU, for the kernels of cc/kernels/cuda_kernels.h: one thread of the CPU for each thread of
// a block, barriers where CUDA has them. Slow, but every index, barrier and shuffle is the kernels' own, and the
// sanitizers for addresses and threads see all of it.

#ifndef POSEWARP_CUDA_CHECK_CUDA_ON_CPU_H_
#define POSEWARP_CUDA_CHECK_CUDA_ON_CPU_H_

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "custom_ops/cc/lib/sampler.h"

#define __global__ static
#define __device__
#define __host__
#define POSEWARP_SHARED(name) unsigned char* name = ::posewarp::cuda::current.block->shared.data()

namespace posewarp {
namespace cuda {

class Barrier {
 public:
  explicit Barrier(int threads) { pthread_barrier_init(&barrier_, nullptr, threads); }
  ~Barrier() { pthread_barrier_destroy(&barrier_); }
  void Wait() { pthread_barrier_wait(&barrier_); }

 private:
  pthread_barrier_t barrier_;
};

struct Warp {
  Barrier barrier{32};
  double slots[32];
};

struct Block {
  explicit Block(int threads, size_t shared_bytes) : barrier(threads), shared(shared_bytes), warps(threads / 32) {
    for (auto& warp : warps) warp.reset(new Warp);
  }
  Barrier barrier;
  std::vector<unsigned char> shared;
  std::vector<std::unique_ptr<Warp>> warps;
};

struct Index {
  int x;
};

struct Thread {
  Block* block;
};

inline thread_local Thread current;
inline thread_local Index threadIdx, blockIdx, blockDim;

inline void __syncthreads() { current.block->barrier.Wait(); }
inline void __syncwarp() { current.block->warps[threadIdx.x / 32]->barrier.Wait(); }

// What lane `from` of the warp has as `value`.
template <typename Real>
Real ReadLane(Real value, int from) {
  Warp& warp = *current.block->warps[threadIdx.x / 32];
  warp.slots[threadIdx.x % 32] = value;
  warp.barrier.Wait();
  const Real read = static_cast<Real>(warp.slots[from]);
  warp.barrier.Wait();
  return read;
}

template <typename Real>
Real __shfl_down_sync(unsigned, Real value, int distance, int width) {
  const int lane = threadIdx.x % 32;
  return ReadLane(value, lane % width + distance < width ? lane + distance : lane);
}

template <typename Real>
Real __shfl_xor_sync(unsigned, Real value, int distance) {
  return ReadLane(value, threadIdx.x % 32 ^ distance);
}

inline bool __any_sync(unsigned, bool value) {
  Warp& warp = *current.block->warps[threadIdx.x / 32];
  warp.slots[threadIdx.x % 32] = value;
  warp.barrier.Wait();
  const bool any = std::any_of(warp.slots, warp.slots + 32, [](double slot) { return slot != 0; });
  warp.barrier.Wait();
  return any;
}

inline float atomicAdd(float* to, float value) {
  uint32_t *bits = reinterpret_cast<uint32_t*>(to), expected = __atomic_load_n(bits, __ATOMIC_RELAXED), desired;
  float sum;
  do {
    memcpy(&sum, &expected, sizeof sum);
    sum += value;
    memcpy(&desired, &sum, sizeof sum);
  } while (!__atomic_compare_exchange_n(bits, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return sum - value;
}

inline float ToReal(float value) { return value; }
inline double ToReal(double value) { return value; }
inline float ToReal(BFloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float real;
  memcpy(&real, &bits, sizeof real);
  return real;
}
inline float ToReal(Half value) {
  const int exponent = value.bits >> 10 & 31, mantissa = value.bits & 1023;
  float magnitude = exponent ? std::ldexp(1024.0f + mantissa, exponent - 25) : std::ldexp(1.0f * mantissa, -24);
  if (exponent == 31) magnitude = mantissa ? NAN : INFINITY;
  return value.bits >> 15 ? -magnitude : magnitude;
}

// To nearest, ties to even.
template <typename T, typename Real>
T FromReal(Real value) {
  return value;
}
template <>
inline BFloat16 FromReal<BFloat16, float>(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) return {0x7fc0};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}
template <>
inline Half FromReal<Half, float>(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float magnitude = std::fabs(value);
  if (value != value) return {0x7e00};
  if (magnitude >= 65520) return {static_cast<uint16_t>(sign | 0x7c00)};
  if (magnitude == 0) return {sign};
  int exponent;
  std::frexp(magnitude, &exponent);
  exponent = std::max(exponent, -13);  // Below, halves are equally spaced.
  const int steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 11 - exponent)));
  return {static_cast<uint16_t>(sign | (((exponent + 13) << 10) + steps))};
}

template <typename... Parameters, typename... Args>
const char* Launch(void (*kernel)(Parameters...), int blocks, int threads, size_t shared_bytes, void*,
                   const Args&... args) {
  Block block(threads, shared_bytes);
  auto run = [&](int thread) {
    current.block = &block;
    threadIdx.x = thread;
    blockDim.x = threads;
    for (int index = 0; index < blocks; ++index) {
      blockIdx.x = index;
      kernel(args...);
      block.barrier.Wait();
      // What one block left in shared memory is nothing that the next may use.
      if (thread == 0) std::fill(block.shared.begin(), block.shared.end(), 0xcd);
      block.barrier.Wait();
    }
  };
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) running.emplace_back(run, thread);
  for (std::thread& thread : running) thread.join();
  return nullptr;
}

inline const char* SortPairs(void* memory, size_t* size, const int* keys, int* sorted_keys, const int* values,
                             int* sorted_values, int count, int bits, void*) {
  *size = 1;
  if (!memory) return nullptr;
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (int index = 0; index < count; ++index) {
    if (keys[index] < 0 || keys[index] >> bits) return "a key has more bits than are sorted";
  }
  std::stable_sort(order.begin(), order.end(), [&](int one, int other) { return keys[one] < keys[other]; });
  for (int index = 0; index < count; ++index) {
    sorted_keys[index] = keys[order[index]];
    sorted_values[index] = values[order[index]];
  }
  return nullptr;
}

inline const char* SetZero(void* array, size_t size, void*) {
  if (size) memset(array, 0, size);
  return nullptr;
}

}  // namespace cuda
}  // namespace posewarp

#endif  // POSEWARP_CUDA_CHECK_CUDA_ON_CPU_H_
