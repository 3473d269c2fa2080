// A window of integer taps around a sampled point, and the coefficient of each tap.
//
// Every sampler of posewarp_tf is a weighted sum over such a window:
//
//   out = sum_{j, i} c[j, i] * source[clamp(y + first + j), clamp(x + first + i)],   (x, y) = floor(point)
//
// All taps share the fraction (fx, fy) of the point. A sampler is only a choice of coefficients:
//
//   attention  side k + 1: the k x k weights convolved with [[1 - fy], [fy]] [[1 - fx, fx]]
//   bilinear   side 2:     [[1 - fy], [fy]] [[1 - fx, fx]]
//   gaussian   side n:     the outer product of two softmaxes of -(offset - f)^2 / (2 sigma^2)
//
// This header is plain C++ for host and CUDA. Its functions are static: each translation unit is compiled for its own
// instruction set and must keep its own copy.

#ifndef POSEWARP_CC_LIB_WINDOW_H_
#define POSEWARP_CC_LIB_WINDOW_H_

#include <math.h>

#ifdef __CUDACC__
#define POSEWARP_HOST_DEVICE __host__ __device__
#else
#define POSEWARP_HOST_DEVICE
#endif

namespace posewarp {

constexpr int kMaxSide = 10;  // Of a window; attention kernels go up to 9.
constexpr int kMaxTaps = kMaxSide * kMaxSide;

enum class WindowKind { kAttention, kBilinear, kGaussian };

// `size` is the attention's kernel (odd) or the Gaussian's taps per axis (even); `sigma` is the Gaussian's, in pixels.
struct Window {
  WindowKind kind;
  int size;
  double sigma;
};

// A point split into whole pixels and fractions in [0, 1).
template <typename Real>
struct Point {
  int x, y;
  Real fraction_x, fraction_y;
};

// Taps per axis.
POSEWARP_HOST_DEVICE static inline int Side(const Window& window) {
  if (window.kind == WindowKind::kAttention) return window.size + 1;
  return window.kind == WindowKind::kBilinear ? 2 : window.size;
}

// From the whole pixel of a point to its window's first tap, on both axes.
POSEWARP_HOST_DEVICE static inline int First(const Window& window) {
  if (window.kind == WindowKind::kAttention) return -(window.size / 2);
  return window.kind == WindowKind::kBilinear ? 0 : 1 - window.size / 2;
}

// How far outside of the source a point is kept: every tap further out is clamped to the same border pixel anyway.
POSEWARP_HOST_DEVICE static inline int Margin(const Window& window) {
  return window.kind == WindowKind::kBilinear ? 1 : window.size;
}

// Weights that each point brings along.
POSEWARP_HOST_DEVICE static inline int NumWeights(const Window& window) {
  return window.kind == WindowKind::kAttention ? window.size * window.size : 0;
}

POSEWARP_HOST_DEVICE static inline int Clamp(int value, int size) {
  return value < 0 ? 0 : (value < size ? value : size - 1);
}

POSEWARP_HOST_DEVICE static inline float Floor(float value) { return floorf(value); }
POSEWARP_HOST_DEVICE static inline double Floor(double value) { return floor(value); }
POSEWARP_HOST_DEVICE static inline float Exp(float value) { return expf(value); }
POSEWARP_HOST_DEVICE static inline double Exp(double value) { return exp(value); }

// No coordinate, however far, can overflow an index; NaN reads pixel 0 and stays NaN in the fraction.
template <typename Real>
POSEWARP_HOST_DEVICE static inline int WholePixel(Real whole, int size, int margin) {
  const Real last = static_cast<Real>(size + margin - 1);
  if (!(whole == whole)) return 0;
  if (whole < static_cast<Real>(-margin)) return -margin;
  return static_cast<int>(whole > last ? last : whole);
}

template <typename Real>
POSEWARP_HOST_DEVICE static inline Point<Real> SplitPoint(Real x, Real y, int source_width, int source_height,
                                                          int margin) {
  const Real whole_x = Floor(x), whole_y = Floor(y);
  return {WholePixel(whole_x, source_width, margin), WholePixel(whole_y, source_height, margin), x - whole_x,
          y - whole_y};
}

template <typename Real, int K>
POSEWARP_HOST_DEVICE static inline void AttentionCoefficients(Real fx, Real fy, const Real* weights,
                                                              Real* coefficients) {
  Real spread[K][K + 1];  // Along x.
  for (int j = 0; j < K; ++j) {
    const Real* row = weights + j * K;
    spread[j][0] = row[0] * (1 - fx);
    for (int i = 1; i < K; ++i) spread[j][i] = row[i] * (1 - fx) + row[i - 1] * fx;
    spread[j][K] = row[K - 1] * fx;
  }
  for (int i = 0; i <= K; ++i) {
    coefficients[i] = spread[0][i] * (1 - fy);
    for (int j = 1; j < K; ++j) coefficients[j * (K + 1) + i] = spread[j][i] * (1 - fy) + spread[j - 1][i] * fy;
    coefficients[K * (K + 1) + i] = spread[K - 1][i] * fy;
  }
}

// From the gradient of the coefficients to those of the weights (written) and of the point (returned).
template <typename Real, int K>
POSEWARP_HOST_DEVICE static inline void AttentionGradient(Real fx, Real fy, const Real* weights, const Real* gradient,
                                                          Real* point_gradient, Real* weight_gradient) {
  Real gradient_x = 0, gradient_y = 0;
  for (int j = 0; j < K; ++j) {
    for (int i = 0; i < K; ++i) {
      const Real* corner = gradient + j * (K + 1) + i;
      const Real right_above = corner[1] - corner[0], right_below = corner[K + 2] - corner[K + 1];
      const Real above = corner[0] + fx * right_above, below = corner[K + 1] + fx * right_below;
      const Real weight = weights[j * K + i];
      gradient_x += weight * (right_above + fy * (right_below - right_above));
      gradient_y += weight * (below - above);
      weight_gradient[j * K + i] = above + fy * (below - above);
    }
  }
  point_gradient[0] = gradient_x;
  point_gradient[1] = gradient_y;
}

// One axis of the Gaussian: softmax over the taps of -(offset - fraction)^2 / (2 sigma^2).
template <typename Real>
POSEWARP_HOST_DEVICE static inline void GaussianAxis(const Window& window, Real fraction, Real* weights) {
  const Real scale = static_cast<Real>(-0.5 / (window.sigma * window.sigma));
  const int first = First(window);
  Real largest = 0;
  for (int i = 0; i < window.size; ++i) {
    const Real distance = first + i - fraction;
    weights[i] = scale * distance * distance;
    if (i == 0 || weights[i] > largest) largest = weights[i];
  }
  Real total = 0;
  for (int i = 0; i < window.size; ++i) total += weights[i] = Exp(weights[i] - largest);
  for (int i = 0; i < window.size; ++i) weights[i] /= total;
}

// d/d(fraction) of sum_i gradient[i] * weights[i].
template <typename Real>
POSEWARP_HOST_DEVICE static inline Real GaussianAxisGradient(const Window& window, Real fraction, const Real* weights,
                                                             const Real* gradient) {
  const Real scale = static_cast<Real>(1 / (window.sigma * window.sigma));
  Real mean = 0, total = 0;
  for (int i = 0; i < window.size; ++i) mean += weights[i] * gradient[i];
  for (int i = 0; i < window.size; ++i) {
    total += weights[i] * (gradient[i] - mean) * (First(window) + i - fraction) * scale;
  }
  return total;
}

template <typename Real>
POSEWARP_HOST_DEVICE static inline void GaussianGradient(const Window& window, const Point<Real>& point,
                                                         const Real* gradient, Real* point_gradient) {
  Real column[kMaxSide], row[kMaxSide], along_x[kMaxSide], along_y[kMaxSide];
  GaussianAxis(window, point.fraction_x, column);
  GaussianAxis(window, point.fraction_y, row);
  for (int i = 0; i < window.size; ++i) along_x[i] = along_y[i] = 0;
  for (int j = 0; j < window.size; ++j) {
    for (int i = 0; i < window.size; ++i) {
      along_x[i] += gradient[j * window.size + i] * row[j];
      along_y[j] += gradient[j * window.size + i] * column[i];
    }
  }
  point_gradient[0] = GaussianAxisGradient(window, point.fraction_x, column, along_x);
  point_gradient[1] = GaussianAxisGradient(window, point.fraction_y, row, along_y);
}

// The coefficients of a point's taps, [side, side]. `weights` are its NumWeights(window) weights.
template <typename Real>
POSEWARP_HOST_DEVICE static inline void Coefficients(const Window& window, const Point<Real>& point,
                                                     const Real* weights, Real* coefficients) {
  const Real fx = point.fraction_x, fy = point.fraction_y, one = 1;
  if (window.kind == WindowKind::kGaussian) {
    Real column[kMaxSide], row[kMaxSide];
    GaussianAxis(window, fx, column);
    GaussianAxis(window, fy, row);
    for (int j = 0; j < window.size; ++j) {
      for (int i = 0; i < window.size; ++i) coefficients[j * window.size + i] = row[j] * column[i];
    }
    return;
  }
  if (window.kind == WindowKind::kBilinear) return AttentionCoefficients<Real, 1>(fx, fy, &one, coefficients);
  switch (window.size) {
    case 1: return AttentionCoefficients<Real, 1>(fx, fy, weights, coefficients);
    case 3: return AttentionCoefficients<Real, 3>(fx, fy, weights, coefficients);
    case 5: return AttentionCoefficients<Real, 5>(fx, fy, weights, coefficients);
    case 7: return AttentionCoefficients<Real, 7>(fx, fy, weights, coefficients);
    case 9: return AttentionCoefficients<Real, 9>(fx, fy, weights, coefficients);
  }
}

// The gradient of the coefficients, [side, side], carried back to the point (x, y) and to its weights.
template <typename Real>
POSEWARP_HOST_DEVICE static inline void CoefficientGradient(const Window& window, const Point<Real>& point,
                                                            const Real* weights, const Real* gradient,
                                                            Real* point_gradient, Real* weight_gradient) {
  const Real fx = point.fraction_x, fy = point.fraction_y, one = 1;
  Real unused;
  if (window.kind == WindowKind::kGaussian) return GaussianGradient(window, point, gradient, point_gradient);
  if (window.kind == WindowKind::kBilinear) {
    return AttentionGradient<Real, 1>(fx, fy, &one, gradient, point_gradient, &unused);
  }
  switch (window.size) {
    case 1: return AttentionGradient<Real, 1>(fx, fy, weights, gradient, point_gradient, weight_gradient);
    case 3: return AttentionGradient<Real, 3>(fx, fy, weights, gradient, point_gradient, weight_gradient);
    case 5: return AttentionGradient<Real, 5>(fx, fy, weights, gradient, point_gradient, weight_gradient);
    case 7: return AttentionGradient<Real, 7>(fx, fy, weights, gradient, point_gradient, weight_gradient);
    case 9: return AttentionGradient<Real, 9>(fx, fy, weights, gradient, point_gradient, weight_gradient);
  }
}

}  // namespace posewarp

#endif  // POSEWARP_CC_LIB_WINDOW_H_
