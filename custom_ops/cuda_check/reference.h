// The samplers and their gradients in double, one tap after the other as the formulas have them: k x k bilinear samples
// of four taps each, or a Gaussian over its pixels. Independent of cc/lib and of the kernels.

#ifndef POSEWARP_CUDA_CHECK_REFERENCE_H_
#define POSEWARP_CUDA_CHECK_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <vector>

#include "custom_ops/cc/lib/sampler.h"

namespace posewarp {

struct Arrays {
  std::vector<double> source, coords, weights, upstream;
  std::vector<double> out, source_gradient, coords_gradient, weights_gradient;
};

// One read of the source: its share of the output is weight * coefficient * source.
struct Read {
  int64_t row, column;
  double coefficient, along_x, along_y;  // The coefficient and its derivatives to the point.
  int weight;                            // Index of the attention weight, or -1 for none.
};

inline int64_t ClampTo(double position, int64_t size) {
  return static_cast<int64_t>(std::min(std::max(position, 0.0), size - 1.0));
}

inline void AddBilinearReads(const Problem& problem, double x, double y, int kernel, bool has_weights,
                             std::vector<Read>* reads) {
  const double fx = x - std::floor(x), fy = y - std::floor(y);
  for (int tap = 0; tap < kernel * kernel; ++tap) {
    const double left = std::floor(x) + tap % kernel - kernel / 2, top = std::floor(y) + tap / kernel - kernel / 2;
    for (int corner = 0; corner < 4; ++corner) {
      const int right = corner % 2, below = corner / 2;
      const double part_x = right ? fx : 1 - fx, part_y = below ? fy : 1 - fy;
      reads->push_back({ClampTo(top + below, problem.source_height), ClampTo(left + right, problem.source_width),
                        part_x * part_y, (right ? 1 : -1) * part_y, (below ? 1 : -1) * part_x,
                        has_weights ? tap : -1});
    }
  }
}

inline void AddGaussianReads(const Problem& problem, double x, double y, std::vector<Read>* reads) {
  const int size = problem.window.size;
  const double variance = problem.window.sigma * problem.window.sigma;
  double total = 0, mean_x = 0, mean_y = 0;
  for (int tap = 0; tap < size * size; ++tap) {
    const double column = std::floor(x) + 1 - size / 2 + tap % size, row = std::floor(y) + 1 - size / 2 + tap / size;
    const double weight = std::exp(-((column - x) * (column - x) + (row - y) * (row - y)) / (2 * variance));
    total += weight;
    mean_x += weight * (column - x) / variance;
    mean_y += weight * (row - y) / variance;
    reads->push_back({ClampTo(row, problem.source_height), ClampTo(column, problem.source_width), weight,
                      (column - x) / variance, (row - y) / variance, -1});
  }
  for (Read& read : *reads) {
    read.coefficient /= total;
    read.along_x = read.coefficient * (read.along_x - mean_x / total);
    read.along_y = read.coefficient * (read.along_y - mean_y / total);
  }
}

inline void ComputeReference(const Problem& problem, Arrays* arrays) {
  const int num_weights =
      problem.window.kind == WindowKind::kAttention ? problem.window.size * problem.window.size : 0;
  const int64_t pixels = problem.NumPixels(), channels = problem.channels;
  arrays->out.assign(pixels * channels, 0);
  arrays->source_gradient.assign(problem.SourceSize(), 0);
  arrays->coords_gradient.assign(2 * pixels, 0);
  arrays->weights_gradient.assign(num_weights * pixels, 0);
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    const double x = arrays->coords[2 * pixel], y = arrays->coords[2 * pixel + 1];
    std::vector<Read> reads;
    if (problem.window.kind == WindowKind::kGaussian) {
      AddGaussianReads(problem, x, y, &reads);
    } else {
      AddBilinearReads(problem, x, y, num_weights ? problem.window.size : 1, num_weights > 0, &reads);
    }
    const int64_t image = pixel / (problem.height * problem.width);
    for (const Read& read : reads) {
      const double weight = read.weight < 0 ? 1 : arrays->weights[pixel * num_weights + read.weight];
      const int64_t from =
          ((image * problem.source_height + read.row) * problem.source_width + read.column) * channels;
      double product = 0;
      for (int64_t channel = 0; channel < channels; ++channel) {
        const double upstream = arrays->upstream[pixel * channels + channel];
        arrays->out[pixel * channels + channel] += weight * read.coefficient * arrays->source[from + channel];
        arrays->source_gradient[from + channel] += weight * read.coefficient * upstream;
        product += arrays->source[from + channel] * upstream;
      }
      arrays->coords_gradient[2 * pixel] += weight * read.along_x * product;
      arrays->coords_gradient[2 * pixel + 1] += weight * read.along_y * product;
      if (read.weight >= 0) arrays->weights_gradient[pixel * num_weights + read.weight] += read.coefficient * product;
    }
  }
}

}  // namespace posewarp

#endif  // POSEWARP_CUDA_CHECK_REFERENCE_H_
